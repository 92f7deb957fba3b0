"""A question and a cry for help under the school's own account: two courses that are no public-opinion incident.

The sandbox, the crawl, SMTP, the webhook and the desk are real; the clock moves only by hand.
"""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from escalation import audit, people, user
from escalation.audit_file import lines, span_of
from escalation.consultation import consultations
from escalation.incident import incidents
from escalation.notice import calls, notices
from escalation.people import Held, Person, Role
from stream.kept import posts
from stream.store import metadata
from tests.stories.town import PASSWORD, PUBLIC, Town, path_of, secret

CRY = "真的活不下去了，活着好累，猫留给室友了"
SAYS_WHAT = ("求助", "心理", "活不下去", "轻生", "自伤", "室友")


def enrol(town: Town, person: str, name: str, *roles: Role) -> TestClient:
    """Somebody of the school signs in."""
    with town.store.write() as conn:
        user.enrol(conn, town.school, name, person, secret(PASSWORD, name), list(roles), town.now())
    client = TestClient(town.desk.app, base_url=PUBLIC, follow_redirects=False)
    client.post("/sign-in", data={"name": name, "password": PASSWORD})
    return client


def csrf(page: str) -> str:
    return str(re.findall(r'name="csrf" value="([^"]+)"', page)[0])


def say(town: Town, text: str, **given: object) -> dict[str, object]:
    """Somebody says something, it is read and passed on."""
    town.sandbox.clock.advance(60)
    said: dict[str, object] = town.sandbox.comment(THREADS[town.school], text, **given)
    town.crawl()
    town.pass_on()
    return said


THREADS: dict[str, str] = {}


@pytest.fixture
def asked(town: Town) -> Town:
    """The town after somebody asked under a post."""
    THREADS[town.school] = str(town.sandbox.post("【通知】图书馆新开自习区")["thread"])
    town.crawl()
    say(town, "请问自习区周末几点关门")
    return town


def the_one(town: Town) -> tuple[str, str]:
    (row,) = town.rows(consultations)
    return row.state, row.answer_url


def test_a_question_waits_is_promised_is_brought_up_and_is_answered_where_it_was_asked(asked: Town) -> None:
    assert the_one(asked)[0] == "open"
    assert asked.rows(incidents) == []
    asked.later(hours=21)
    (morning,) = [one for one in asked.inbox.letters() if one.who == "keeper"]
    assert "待答咨询" in morning.subject
    assert "待答 1 件，其中24 小时内到期 1 件" in morning.text.replace("\n", "")
    assert "几点关门" not in morning.text
    keeper = enrol(asked, "keeper", "xie", Role.KEEPER)
    opened = asked.desk.get(path_of(morning.links[0]))
    assert 'href="/consultations"' in opened.text
    page = keeper.get("/consultations/1").text
    until = (asked.now() + timedelta(hours=8 + 12)).strftime("%Y-%m-%dT%H:%M")  # a local time, twelve hours on
    keeper.post(
        "/consultations/1/promise", data={"csrf": csrf(page), "until": until, "words": "已在评论区回复：明早前答复"}
    )
    assert the_one(asked)[0] == "promised"
    asked.later(hours=12, minutes=1)
    late = [one.subject for one in asked.inbox.letters() if "承诺的期限已过" in one.subject]
    assert len(late) == 1
    asked.sandbox.clock.advance(60)
    (row,) = asked.rows(consultations)
    native = row.post_id.rpartition("c")[2]
    asked.sandbox.comment(THREADS[asked.school], "周末晚上九点半关门。", author=-1, answers=native)
    asked.crawl()
    asked.pass_on()
    assert the_one(asked)[0] == "answered"
    keeper.post("/sign-in", data={"name": "xie", "password": PASSWORD})
    assert "官方已在原处回复（逾期）" in keeper.get("/consultations/1").text
    assert asked.rows(incidents) == []


@pytest.fixture
def cried(town: Town) -> Town:
    """The town after a cry for help, with somebody who holds the care role."""
    helper = Person(
        town.school, "helper", "温暖", "学生处副处长", "学生工作部", "helper@fenglin.example", "13900000000"
    )
    with town.store.write() as conn:
        people.enter(conn, [helper], [Held(Role.CARE, "", "helper")])
    THREADS[town.school] = str(town.sandbox.post("【晚安】今晚的月亮")["thread"])
    town.crawl()
    say(town, CRY)
    return town


def writer_of(town: Town) -> tuple[str, ...]:
    """The platform's own name and number of whoever wrote it, and our pseudonym."""
    (comment,) = [one for one in town.sandbox.world.comments.values() if one.text == CRY]
    assert comment.author is not None
    (row,) = [one for one in town.rows(posts) if one.kind == "comment"]
    assert row.author_key
    return comment.author.name, str(comment.author.uid), row.author_key


def test_the_care_role_is_telephoned_at_once_and_no_message_says_what_it_is(cried: Town) -> None:
    (task,) = [one for one in cried.rows(calls) if one.person_id == "helper"]
    assert task.number == "13900000000"
    told = {row.addressee for row in cried.rows(notices) if row.kind == "first"}
    assert told >= {"helper", "keeper", "leader", "publicity"}
    cried.later(hours=2)
    for letter in cried.inbox.letters():
        assert not any(word in letter.subject + letter.text + letter.html for word in SAYS_WHAT), letter
    assert not any(word in said for said in cried.inbox.said() for word in SAYS_WHAT)


def test_nobody_reads_who_wrote_it_on_any_page_mail_export_or_in_the_audit(cried: Town) -> None:
    cried.later(hours=1)
    number = cried.incident().number
    hidden = writer_of(cried)
    clients = [
        enrol(cried, "helper", "wen", Role.CARE), enrol(cried, "publicity", "he", Role.PUBLICITY),
        enrol(cried, "keeper", "xie", Role.KEEPER), enrol(cried, "school", "shen", Role.SCHOOL_LEADER),
        enrol(cried, "monitor", "chen2", Role.MONITOR),
    ]  # fmt: skip
    week = cried.now().strftime("%G-W%V")
    paths = [
        "/desk", "/incidents", f"/incidents/{number}", f"/incidents/{number}?all=1", f"/incidents/{number}/peek", "/me",
        "/search?q=月亮", "/search?q=活着", "/deliveries", "/consultations", "/accounts", "/findings", "/reports",
        f"/reports/{week}", f"/reports/{week}/items/care", f"/reports/{week}/items/opened", "/leads", "/healthz",
    ]  # fmt: skip
    seen = 0
    for client in clients:
        for path in paths:
            page = client.get(path)
            seen += page.status_code == 200
            assert not any(one in page.text for one in hidden), path
            assert CRY not in page.text, path
    assert seen > 40
    page = clients[0].get(f"/incidents/{number}").text
    shown = clients[0].post(f"/incidents/{number}/reveal", data={"csrf": csrf(page), "purpose": "联系本人确认安全"})
    assert CRY in re.sub(r"<[^>]+>", "", shown.text)
    assert not any(one in shown.text for one in hidden)
    said = [*(one.text + one.html for one in cried.inbox.letters()), *cried.inbox.said()]
    with cried.store.read() as conn:
        said += list(lines(conn, span_of(conn, None, None), cried.now()))
        assert list(audit.faults(conn)) == []
        views = conn.execute(select(audit.audit_log.c.detail).where(audit.audit_log.c.action == "text.view")).scalars()
        assert {"purpose": "联系本人确认安全"} in list(views)
        kept = [str(row) for table in metadata.sorted_tables if table.name not in ("posts", "lines", "marks", "authors")
                for row in conn.execute(select(table))]  # fmt: skip
    assert not any(one in text for text in (*said, *kept) for one in hidden)


def test_the_case_has_words_of_its_own_and_counts_in_no_ranking(cried: Town) -> None:
    number = cried.incident().number
    helper = enrol(cried, "helper", "wen", Role.CARE)
    page = helper.get(f"/incidents/{number}").text
    assert "12356" in page
    assert ">转介<" in page
    assert "正在转介，待拨/待签" in helper.get("/incidents").text, (
        "nobody of the care role has signed or answered a call"
    )
    keeper = enrol(cried, "keeper", "xie", Role.KEEPER)
    folded = keeper.get(f"/incidents/{number}").text
    assert "写明事由并查看" not in folded
    assert keeper.post(f"/incidents/{number}/reveal", data={"csrf": csrf(folded), "purpose": "看看"}).status_code == 403
    publicity = enrol(cried, "publicity", "he", Role.PUBLICITY)
    report = publicity.get(f"/reports/{cried.now().strftime('%G-W%V')}").text
    assert "关爱个案" in report
    assert number not in report
    assert "心理求助" not in report
