"""One voice in the demo, driven as its people do: hold, statement, approval by link, release, relay; refusals too."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.acceptance.standing import Mail, Person, Standing, eventually, words_of

pytestmark = pytest.mark.long
KEEPER, OFFICE, LEADER = "zhou.yiming", "ye.chuqing", "lin.zhiyuan"
HAPPENED = "体育馆看台塌了，有同学被压住，满头是血，救护车刚到"
TEXT = "今日体育馆看台局部脱落，有同学受伤，学校已送医救治并封闭场馆，正在排查原因，进展以学校通报为准。"


def plain(answer: httpx.Response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def link(mail: Mail) -> str:
    """The path of the errand's link."""
    found = re.search(r"https?://[^/\s]+(/v/\S+)", mail.text)
    assert found is not None, mail.text
    return found.group(1)


def mail(spare: Standing, who: str, words: str) -> Mail:
    return eventually(f"{who} is written to: {words}", lambda: spare.mails(to=who, words=words), 60)[-1]


def errand(person: Person, words: str) -> str:
    """The same by one's own page: notices that come close together are one mail."""

    def found() -> str:
        rows = [row for row in person.page("/me").css("#errands .mine") if words in words_of(row)]
        return rows[0].css("a::attr(href)").get("") if rows else ""

    return eventually(words, found, 60)


def version_of(office: Person, path: str) -> str:
    found = office.page(path).css("form[action*='/versions/']::attr(action)").get("")
    return re.sub(r"(/versions/\d+).*", r"\1", found)


def mentioned(office: Person) -> int:
    """How often the keeper's account named the school's own, as the quiet list counts."""
    page = office.page("/relays")
    assert "第十六条" in words_of(page.css("main")[0])
    (row,) = [one for one in page.css("tr:has(td[data-k='其中提及'])") if "风林职院团委" in words_of(one)]
    return int(words_of(row.css("td[data-k='其中提及']")[0]))


def test_a_statement_goes_from_the_hold_to_the_relay_through_the_installed_product(spare: Standing) -> None:
    spare.lead(HAPPENED)
    number = eventually("an incident", lambda: spare.incident("体育馆"), 90)
    office, path = spare.signed_in(OFFICE), f"/statements/{number}"
    phone = httpx.Client(base_url=spare.url, follow_redirects=True, timeout=20)

    hold = mail(spare, KEEPER, "暂停就")
    assert "满头是血" not in hold.text
    assert "第十条" in "".join(hold.text.split())
    assert "已于" not in plain(phone.get(link(hold)))
    assert "确认知悉" in plain(phone.post(f"{link(hold)}/confirm"))
    assert "已经确认过" in plain(phone.post(f"{link(hold)}/confirm"))
    assert spare.signed_in(KEEPER).client.get(path).status_code in (403, 404), "an errand opens no incident"

    assert "起草核稿中" in plain(office.send(f"{path}/draft", path, text=TEXT, may_not_say="人数"))
    version = version_of(office, path)
    early = office.send(f"{version}/submit", path)
    assert early.status_code == 409
    assert "未核对" in plain(early)
    for item in ("secrecy", "internal", "personal", "prohibited"):
        office.send(f"{version}/check", path, item=item, passed="yes")
    assert "待审批" in plain(office.send(f"{version}/submit", path))

    asked = link(mail(spare, LEADER, "前审批口径"))
    page = phone.get(asked)
    (seal,) = re.findall(r'name="seal" value="([0-9a-f]{64})"', page.text)
    assert phone.post(f"{asked}/decide", data={"verdict": "return", "seal": seal}).status_code == 409
    assert phone.post(f"{asked}/decide", data={"verdict": "approve", "seal": "0" * 64}).status_code == 409
    assert "已同意" in plain(phone.post(f"{asked}/decide", data={"verdict": "approve", "seal": seal}))

    form = office.page(path).css("form[action$='/release']")[0]
    sent = {
        "account": form.css("select option::attr(value)").get(""), "url": "https://weibo.com/1/abc",
        "text_hash": form.css("input[name=text_hash]::attr(value)").get(""),
    }  # fmt: skip
    other = office.send(f"{version}/release", path, **sent | {"text_hash": "f" * 64})
    assert (other.status_code, "指纹不符" in other.text) == (409, True)
    other = office.send(f"{version}/release", path, **sent | {"account": "weibo:9000000002"})
    assert (other.status_code, "须先由学校账号发布" in other.text) == (409, True), (
        "the school's own account is the first"
    )
    assert "现行口径" in plain(office.send(f"{version}/release", path, **sent))

    relay = errand(spare.signed_in(KEEPER), "请转发学校口径")
    assert TEXT[:20] in plain(phone.get(relay))
    before = mentioned(office)
    spare.sandbox("post", account="wb_tw", key="own-relay", text=f"【转发学校通报】@风林职业技术学院 {TEXT}")

    def relayed() -> str:
        row = next((words_of(one) for one in office.page(path).css("#relays li") if "系统核对" in words_of(one)), "")
        return row if "已转发" in row else ""

    assert "风林职院团委" in eventually("the crawler finds the relay", relayed, 120)
    assert "已发布" in words_of(office.page("/statements").css("main")[0])
    assert mentioned(office) == before + 1, "the quiet list of JY 16 counts who names the school's account"
