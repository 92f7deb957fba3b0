"""Attacks A7, A8, A22 (research §6.3), from outside: limits of length and of pace, each said in a sentence.

On the demo as it comes. Who is over a pace comes from an address of their own (127.0.0.9), so that nobody else waits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from parsel import Selector

from tests.acceptance.standing import Person, Standing, eventually, words_of

pytestmark = pytest.mark.long

OFFICE, MONITOR = "ye.chuqing", "zheng.wanzhou"
LONG = "长" * 25_000
PAGES = (
    "/leads", "/permits", "/submissions", "/silences", "/duty", "/consultations", "/incidents/{number}",
    "/statements/{number}", "/incidents/{number}/bulletins/new",
)  # fmt: skip
TIMES = {"starts", "ends", "at", "until", "sent_at", "hours", "embargo", "valid", "posted", "rows"}
"""Fields that are read as a time or a table: what cannot be read is said instead of its length."""
BLANKS = {
    "starts": "2027-01-01T08:00", "ends": "2027-01-01T09:00", "until": "2027-01-01", "day": "2027-01-01",
    "answers": "问｜答", "embargo": "", "valid": "", "hours": "1", "seen_at": "", "published_at": "", "link": "",
}  # fmt: skip
"""What an empty field is filled with so that nothing else is wrong with the form."""
NAMED = re.compile("(?:“([^“”]+)”|^([^“”：]+))：?至多 [0-9,]+ 字")


@pytest.fixture(scope="module")
def number(demo: Standing) -> str:
    """An incident of the main account, typed in."""
    demo.lead("看台的栏杆断了，两名同学摔下来，满头是血，正在等救护车")
    desk = demo.signed_in(MONITOR)

    def opened() -> str:
        rows = [row for row in desk.page("/leads").css("tbody tr") if "看台的栏杆" in words_of(row)]
        return rows[0].css("a[href^='/incidents/FX']::attr(href)").get("").rpartition("/")[2] if rows else ""

    return eventually("the matter of the stand", opened, 60)


@contextmanager
def elsewhere(demo: Standing) -> Iterator[httpx.Client]:
    """A browser at another address, that nobody signed in with."""
    way = httpx.HTTPTransport(local_address="127.0.0.9")
    with httpx.Client(base_url=demo.url, follow_redirects=False, timeout=20, transport=way) as client:
        yield client


def filled(form: Selector) -> dict[str, str]:
    """A form as somebody would send it who chose the first of everything."""
    given: dict[str, str] = {}
    for one in form.css("input[name], select[name], textarea[name]"):
        name, kind = one.attrib["name"], one.attrib.get("type", "")
        if one.root.tag == "select":
            given[name] = next((found for found in one.css("option::attr(value)").getall() if found), "")
        elif kind == "radio":
            given.setdefault(name, one.attrib.get("value", "on"))
        elif kind not in ("checkbox", "file"):
            blank = BLANKS.get(name, "" if kind == "hidden" else "填写")
            given[name] = one.attrib.get("value", "") or words_of(one) or blank
    for one in form.css("button[name]")[:1]:
        given.setdefault(one.attrib["name"], one.attrib.get("value", ""))
    return given


def texts(page: Selector, form: Selector) -> Iterator[tuple[str, str]]:
    """Its fields for words: the name, and what stands above it on the page."""
    for one in form.css("textarea[name], input[name]:not([type]), input[name][type=text], input[name][type=url]"):
        above = page.css(f"label[for='{one.attrib.get('id', '')}']")
        label = words_of(above[0]) if above else one.attrib.get("aria-label", "")
        if one.attrib["name"] not in TIMES and label:
            yield one.attrib["name"], label


def refusals(office: Person, path: str) -> Iterator[tuple[str, str, str]]:
    """Each field of each form of a page, far too long: the form's address, the field's label, what was answered."""
    page = office.page(path)
    for form in page.css("form[method=post]"):
        for name, label in texts(page, form):
            answer = office.client.post(form.attrib["action"], data=filled(form) | {name: LONG})
            said = answer.text.replace(LONG, "") if answer.status_code in (409, 422) else f"{answer.status_code}"
            yield form.attrib["action"], label, said


def written(office: Person, number: str) -> list[str]:
    """What this person wrote into the log of an incident."""
    lines = [words_of(one) for one in office.page(f"/incidents/{number}").css("ol.log li")]
    assert lines
    return [one for one in lines if one.endswith("叶初晴")]


def test_a_field_that_is_far_too_long_is_refused_with_its_name_and_its_limit(demo: Standing, number: str) -> None:
    office, tried, wrong = demo.signed_in(OFFICE), 0, []
    before = written(office, number)
    for path in PAGES:
        for where, label, said in refusals(office, path.replace("{number}", number)):
            tried += 1
            named = [one for part in re.split("[<>]", said) for one in NAMED.findall(part)]
            if not any((a or b) in label for a, b in named) or not re.search("未作任何更改|未录入任何|没有登记", said):
                wrong.append(f"{where} {label}: {named or said[:60]}")
    assert not wrong, "\n".join(wrong)
    assert tried > 25
    assert written(office, number) == before, "nothing of it was written down"


def test_a_body_that_is_far_too_long_is_refused_before_it_is_read(demo: Standing, number: str) -> None:
    office = demo.signed_in(OFFICE)
    token = office.page(f"/incidents/{number}").css("input[name=csrf]::attr(value)").get("")
    for given in (
        office.client.post(f"/incidents/{number}/note", data={"csrf": token, "text": "x" * 300_000}),
        office.client.post("/leads/file", data={"csrf": token}, files={"file": ("大.csv", b"x" * 10_600_000)}),
    ):
        assert given.status_code == 413
        assert "内容过大，已拒绝，未收下任何部分。表单上限 256 KB，文件上限 10 MB" in given.text


def over(answer: httpx.Response, sentence: str) -> None:
    """Refused for its pace, with the seconds to wait in words and for machines."""
    assert answer.status_code == 429, answer.text[:300]
    wait = int(answer.headers["retry-after"])
    assert 1 <= wait <= 60
    assert re.search(sentence.replace("N", r"\d+"), answer.text), answer.text[:600]


def test_who_guesses_passwords_or_links_waits_and_a_good_link_opens_all_the_same(demo: Standing, number: str) -> None:
    leader = demo.signed_in("gu.wenqing")

    def own() -> str:
        rows = [row for row in leader.page("/me").css(".mine") if number in words_of(row)]
        return rows[0].css("a[href^='/r/']::attr(href)").get("") if rows else ""

    good = eventually("a notice", own, 60)
    with elsewhere(demo) as stranger:
        for _ in range(20):
            assert stranger.post("/sign-in", data={"name": "", "password": "wrong"}).status_code == 401
        again = stranger.post("/sign-in", data={"name": MONITOR, "password": "wrong"})
        over(again, "同一地址每分钟至多 20 次，请 N 秒后再试")
        for n in range(30):
            assert stranger.get(f"/{'rktv'[n % 4]}/guess-{n}").status_code == 404
        for place in "rktv":
            over(
                stranger.get(f"/{place}/guess"), "打开无效链接过于频繁：每分钟至多 30 次，请 N 秒后再试。未作任何更改。"
            )
        assert stranger.get(good).status_code == 200
    assert demo.signed_in(OFFICE).client.get("/me").status_code == 200, "nobody at another address waits"


def test_leads_beyond_the_pace_are_refused_with_the_words_kept(demo: Standing) -> None:
    desk = demo.signed_in("fang.jingan")
    for _ in range(30):
        assert desk.send("/leads", "/leads", text="宿舍楼前的路灯亮了").status_code in (200, 422)
    over(desk.send("/leads", "/leads", text="第三十一条线索"), "每分钟至多录入 30 次，未录入任何内容")
    assert "第三十一条线索" in desk.send("/leads", "/leads", text="第三十一条线索").text
    assert demo.signed_in(OFFICE).found("第三十一条线索") == []
