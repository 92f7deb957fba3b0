"""The relay list: done by a crawled post or by the keeper's word; overdue ones brought up, withdrawn ones undone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from escalation.incident import Actor
from escalation.incident.state import IllegalStep
from escalation.notice import notices
from escalation.people import Role
from escalation.timer import timers
from escalation.voice import posted, reading, relay, release
from escalation.voice.hold import holds
from escalation.voice.relay import relays
from escalation.voice.release import releases
from stream import account
from stream.account import Account
from stream.kept import keep
from stream.post import Kind, Post, Route
from tests.escalation.office import IN_LEAD, KEEPER, UNIT, Office
from tests.escalation.station import Station, open_station
from tests.escalation.voice.course import HEAD, TEXT, URL, approved, do, put_out, released, version
from tests.stream.said import SCHOOL, a_post


def own(office: Office, text: str, who: str, name: str) -> Post:
    """A post of one of the school's accounts, as the crawlers give it."""
    return a_post(text, name, at=office.now, kind=Kind.POST, by_school=True, account=who, thread=name)


def seen(office: Office, text: str, who: str, name: str = "weibo:own") -> int:
    """It is crawled now."""
    return int(do(office, lambda conn: posted.seen(conn, own(office, text, who, name), office.now)))


def states(office: Office) -> dict[str, str]:
    return {row.account_id: row.state for row in office.rows(relays)}


def of(office: Office, who: str) -> int:
    return int(next(row.id for row in office.rows(relays) if row.account_id == who))


def excuse(office: Office, relay_id: int, who: Actor, why: str) -> None:
    with office.store.write() as conn:
        relay.excuse(conn, relay_id, who, office.now, why)


def test_every_other_account_is_asked_by_a_deadline_and_by_the_article(office: Office) -> None:
    released(office, office.open(level=2))
    assert states(office) == {"canteen": "waiting", "hall": "waiting"}
    assert {row.due_at for row in office.rows(relays)} == {office.now + timedelta(hours=2)}
    asked = office.notice("keeper", "relay").view
    assert asked["articles"][0]["article"].endswith("第十六条")
    assert "系统默认，非校规" in asked["deadline_source"]


def test_only_the_accounts_that_were_chosen_are_asked(office: Office) -> None:
    put_out(office, approved(office, office.open(level=2)), relayed_by=frozenset({"hall"}))
    assert states(office) == {"hall": "waiting"}


def test_a_crawled_post_that_carries_the_statement_is_a_relay(office: Office) -> None:
    released(office, office.open(level=2))
    assert seen(office, f"【转发】{TEXT}", "canteen") == 1
    assert seen(office, f"【转发】{TEXT}", "canteen") == 0
    assert seen(office, "食堂照常供餐，欢迎光临", "hall", "weibo:own2") == 0
    assert states(office) == {"canteen": "done", "hall": "waiting"}
    (row,) = [one for one in office.rows(relays) if one.account_id == "canteen"]
    assert (row.how, row.post_id, row.done_by) == ("crawled", "weibo:own", "系统")


def test_a_relay_in_the_very_second_of_the_release_is_one(office: Office) -> None:
    office.later(seconds=0.7)
    released(office, office.open(level=2))
    released_at = office.now
    office.now = released_at.replace(microsecond=0)  # as platforms tell time
    assert seen(office, f"【转发】{TEXT}", "canteen") == 1
    office.now -= timedelta(seconds=1)
    assert seen(office, f"【转发】{TEXT}", "hall", "weibo:leak") == 0
    assert states(office) == {"canteen": "done", "hall": "waiting"}


def test_a_keeper_says_so_with_a_link_and_nobody_else_does(office: Office) -> None:
    released(office, office.open(level=2))
    one = of(office, "canteen")
    with pytest.raises(IllegalStep, match="不能代他人登记"):
        do(office, lambda conn: relay.register(conn, one, "school", KEEPER, office.now, URL, "link"))
    with pytest.raises(IllegalStep, match="http"):
        do(office, lambda conn: relay.register(conn, one, "keeper", KEEPER, office.now, "已转", "link"))
    do(office, lambda conn: relay.register(conn, one, "keeper", KEEPER, office.now, URL, "link"))
    with pytest.raises(IllegalStep, match="不能登记已转发"):
        do(office, lambda conn: relay.register(conn, one, "keeper", KEEPER, office.now, URL, "link"))


def test_what_is_overdue_is_reminded_once_and_told_to_the_office_as_a_list(office: Office) -> None:
    incident_id = office.open(level=2)
    released(office, incident_id)
    do(office, lambda conn: relay.register(conn, of(office, "canteen"), "keeper", KEEPER, office.now, URL, "link"))
    office.later(hours=3)
    assert states(office) == {"canteen": "done", "hall": "overdue"}
    reminded = [row.addressee for row in office.rows(notices, kind="relay") if row.step.startswith("remind:")]
    assert reminded == ["leader"]
    (given,) = [row for row in office.rows(notices, kind="voice") if "逾期未转发" in row.view["title"]]
    assert (given.addressee, given.view["facts"][0]) == ("publicity", "微信公众号“青禾后勤公众号”")
    office.later(days=2)
    assert len([row for row in office.rows(notices, kind="relay") if row.step.startswith("remind:")]) == 1
    assert "1 个账号未转发口径" in do(office, lambda conn: release.open_of(conn, incident_id))
    seen(office, TEXT, "hall", "weibo:late")
    assert states(office)["hall"] == "done", "late is late, and done"
    assert do(office, lambda conn: release.open_of(conn, incident_id)) == []


def test_an_account_that_no_machine_reads_is_listed_as_not_recorded_and_not_as_late(office: Office) -> None:
    with office.store.write() as conn:
        known = account.book(conn, SCHOOL)
        account.enter(conn, [replace(known["hall"], route=Route.MANUAL)])
    released(office, office.open(level=2))
    do(office, lambda conn: relay.register(conn, of(office, "canteen"), "keeper", KEEPER, office.now, URL, "link"))
    office.later(hours=3)
    (given,) = [row for row in office.rows(notices, kind="voice") if "人工巡查" in row.view["title"]]
    assert "1 个人工巡查的账号未登记转发，系统看不到" in given.view["title"]
    assert "逾期未转发" not in given.view["title"]
    assert given.view["facts"][0] == "微信公众号“青禾后勤公众号”（人工巡查，系统看不到）"


def test_an_account_may_be_excused_with_a_reason_by_the_office_alone(office: Office) -> None:
    released(office, office.open(level=2))
    one = of(office, "hall")
    for who, why in ((KEEPER, "理由"), (IN_LEAD, " ")):
        with pytest.raises(IllegalStep, match=r"未作任何更改。$"):
            excuse(office, one, who, why)
    excuse(office, one, IN_LEAD, "该号本月停更")
    assert states(office)["hall"] == "excused"


def heard_of_the_end(office: Office, statement_id: int) -> set[str]:
    """Who was told that this version no longer stands."""
    return {row.addressee for row in office.rows(notices, kind="voice") if row.step == f"old:{statement_id}"}


def test_a_withdrawn_statement_is_taken_down_and_its_readers_are_told(office: Office) -> None:
    incident_id = office.open(level=2)
    made = released(office, incident_id)
    reader = Actor("school", "沈澄", frozenset({Role.SCHOOL_LEADER}))
    assert do(office, lambda conn: reading.mark(conn, made, reader, office.now, "link"))
    seen(office, TEXT, "canteen")
    with pytest.raises(IllegalStep, match="撤回的理由"):
        do(office, lambda conn: release.withdraw(conn, office.head, made, IN_LEAD, office.now, ""))
    with pytest.raises(IllegalStep, match="请选择撤回后是否恢复暂停发声"):
        do(office, lambda conn: release.withdraw(conn, office.head, made, IN_LEAD, office.now, "数据有误"))
    do(office, lambda conn: release.withdraw(conn, office.head, made, IN_LEAD, office.now, "数据有误", again=False))
    assert states(office) == {"main": "recalled", "canteen": "recalled", "hall": "called_off"}
    assert heard_of_the_end(office, made) == {"keeper", "leader", "school", "monitor"}, "monitor: for the main account"
    assert office.rows(holds)[-1].state == "released"
    assert office.notice("keeper", "relay").view["title"] == "请撤下学校口径第 1 版"
    do(office, lambda conn: relay.register(conn, of(office, "canteen"), "keeper", KEEPER, office.now, "", "link"))
    assert states(office)["canteen"] == "taken_down"
    with pytest.raises(IllegalStep, match="请看最新一版"):
        do(office, lambda conn: reading.mark(conn, made, reader, office.now, "link"))


def test_the_only_statement_withdrawn_leaves_a_hold_an_open_answer_and_its_first_post_to_take_down(
    office: Office,
) -> None:
    incident_id = office.open(level=2)
    made = released(office, incident_id)
    seen(office, TEXT, "canteen")
    (before,) = office.rows(timers, kind="duty", name="first_answer")
    assert before.state == "stopped"
    do(office, lambda conn: release.withdraw(conn, office.head, made, IN_LEAD, office.now, "数据有误", again=True))
    first, second = office.rows(holds)
    assert (first.state, second.state, second.begun_by) == ("released", "standing", "何岚")
    (clock,) = office.rows(timers, kind="duty", name="first_answer")
    assert (clock.state, clock.due_at - clock.set_at) == ("set", before.due_at - before.set_at)
    assert [row.state for row in office.rows(timers, kind="duty", name="first_answer:1")] == ["stopped"]
    ends = do(office, lambda conn: release.open_of(conn, incident_id))
    assert "2 个账号未撤下口径" in ends, "the first post as well as the relay"
    (own,) = [row for row in office.rows(relays) if row.account_id == "main"]
    keeps = do(office, lambda conn: relay.persons_of(conn, own))
    assert keeps, "somebody answers for the first post"
    assert keeps <= {row.addressee for row in office.rows(notices, kind="relay") if row.step == f"recall:{made}"}
    assert heard_of_the_end(office, made) >= {HEAD.id}, "who approved it is told"


def test_a_newer_version_supersedes_the_old_one_and_is_relayed_anew(office: Office) -> None:
    incident_id = office.open(level=2)
    first = released(office, incident_id)
    seen(office, TEXT, "canteen")
    newer = released(office, incident_id, text="检测结果已出：留样未检出致病菌，相关窗口已恢复供餐，感谢关心。")
    assert [version(office, one).state for one in (first, newer)] == ["superseded", "released"]
    by = {(row.statement_id, row.account_id): row.state for row in office.rows(relays)}
    assert by == {
        (first, "canteen"): "done", (first, "hall"): "called_off",
        (newer, "canteen"): "waiting", (newer, "hall"): "waiting",
    }  # fmt: skip
    assert heard_of_the_end(office, first) == {"keeper", "leader"}
    with pytest.raises(IllegalStep, match="不能撤回"):
        do(office, lambda conn: release.withdraw(conn, office.head, first, IN_LEAD, office.now, "旧版"))


def test_the_release_itself_is_laid_beside_the_words(office: Office) -> None:
    released(office, office.open(level=2))
    assert seen(office, TEXT.replace("停相关窗口供餐", "时关闭整个食堂")[:40], "main", "weibo:out") == 1
    assert office.rows(releases)[0].found == "altered"
    assert any("文字不符" in one for one in office.headings())
    assert seen(office, TEXT, "main", "weibo:out") == 1
    assert office.rows(releases)[0].found == "exact"
    assert seen(office, "另一条日常内容，与此无关", "main", "weibo:next") == 0


def test_what_was_crawled_before_the_release_was_recorded_is_found_as_well(office: Office) -> None:
    incident_id = office.open(level=2)
    with office.store.write() as conn:
        keep(conn, own(office, TEXT, "main", "weibo:out"))
        keep(conn, own(office, f"转发：{TEXT}", "hall", "weibo:quick"))
    office.later(minutes=10)
    released(office, incident_id)
    assert office.rows(releases)[0].found == "exact"
    assert states(office) == {"canteen": "waiting", "hall": "done"}


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with open_station(tmp_path) as made:
        more = Account(SCHOOL, "hall", "weibo", "青禾公寓", "3", UNIT, "api", made.office.now - timedelta(days=30))
        with made.office.store.write() as conn:
            account.enter(conn, [more])
        yield made


def test_the_watch_itself_marks_a_relay_when_the_post_is_crawled(station: Station) -> None:
    office = station.office
    made = released(office, office.open(level=2))
    station.say(TEXT, negative=False, by_school=True, kind=Kind.POST, account="main", post_id="weibo:a")
    station.say(f"转：{TEXT}", negative=False, by_school=True, kind=Kind.POST, account="hall", post_id="weibo:b")
    assert office.rows(releases)[0].found == "exact"
    assert {row.account_id: row.state for row in office.rows(relays, statement_id=made)} == {
        "canteen": "waiting", "hall": "done",
    }  # fmt: skip
