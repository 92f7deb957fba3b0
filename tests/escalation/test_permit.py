"""授权发布: who may give leave, for which words, until when; and what a post under it does and does not do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from escalation import audit, permit
from escalation.duty.absence import absences
from escalation.incident import Actor
from escalation.notice import notices
from escalation.notice.docket import docket_lines
from escalation.state_table import IllegalStep
from tests.escalation.papers import (
    DEPUTY,
    FIRE,
    GIVER,
    KEEPER,
    LEADER,
    PUBLICITY,
    STRANGER,
    act,
    ask,
    found,
    grant,
    permit_row,
    publish,
    school,
)
from tests.escalation.station import Station, open_station
from tests.stream.said import POISONED, SCHOOL


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with open_station(tmp_path) as made:
        yield made


def test_a_post_under_a_permit_is_left_alone_and_its_words_are_archived(station: Station) -> None:
    school(station)
    number = ask(station, FIRE)
    grant(station, number)
    post = publish(station, FIRE, "p1")
    row = permit_row(station, number)
    assert (row.state, row.used_post_id, row.archived_text, row.likeness) == ("used", post.id, FIRE, 100)
    assert station.incidents() == []
    assert found(station) == []
    letters = [(row.addressee, row.step, row.basis) for row in station.office.rows(notices)]
    assert letters == [("giver", "asked", "第十条"), ("keeper", "decided", "第十条")], "and nobody else hears of it"
    numbers = [row.number for row in station.office.rows(notices)]
    assert numbers == [f"{number}-01", f"{number}-02"], "its letters are found under the permit's own number"


def test_without_a_permit_the_same_post_opens_an_incident_and_a_finding_by_the_schools_article(
    station: Station,
) -> None:
    school(station)
    publish(station, FIRE, "p1")
    (one,) = station.incidents()
    assert (one.theme, one.triggers, one.level) == ("unauthorised_post", ["unauthorised_publication"], 3)
    assert found(station) == [("unauthorised", "canteen", "第十条")]
    assert {row.addressee for row in station.office.rows(notices)} == {"keeper", "publicity", "robot"}


@pytest.mark.parametrize(
    ("code", "basis"),
    [("JY", "第十条"), ("LG", "第十条"), ("TF", "第十二条"), ("ZG", "第十二条"), ("neutral", "系统默认，非校规")],
)
def test_every_school_with_a_standing_ban_cites_its_own_article(station: Station, code: str, basis: str) -> None:
    school(station, code)
    publish(station, FIRE, "p1")
    assert found(station) == [("unauthorised", "canteen", basis)]


def test_a_school_without_the_ban_has_no_finding_and_takes_no_application(station: Station) -> None:
    school(station, "NX")
    publish(station, FIRE, "p1")
    assert found(station) == []
    assert station.incidents() == []
    with pytest.raises(IllegalStep, match=r"校规未规定.*未作任何更改。$"):
        ask(station, FIRE)


def test_a_small_edit_still_fits_and_is_shown_while_a_changed_figure_or_denial_does_not(station: Station) -> None:
    school(station)
    number = ask(station, FIRE)
    grant(station, number)
    publish(station, FIRE.replace("正在调查", "正在调查中。请大家放心"), "p1")
    row = permit_row(station, number)
    assert row.state == "used"
    assert 80 <= row.likeness < 100
    second = ask(station, FIRE)
    grant(station, second)
    publish(station, FIRE.replace("无人员受伤", "有人员受伤"), "p2")
    assert permit_row(station, second).state == "granted"
    assert [kind for kind, _, _ in found(station)] == ["unauthorised"]


def test_a_turned_verdict_uses_no_permit_and_is_found(station: Station) -> None:
    school(station)
    station.say(POISONED)
    approved = (
        "关于网传我院食堂学生食物中毒的情况说明：经了解，网传情况属实，涉事窗口已停业三天整改，"
        "学院已安排校医院接诊，相关同学情况稳定，后续将及时公布检测结果，感谢关心。"
    )
    number = ask(station, approved)
    grant(station, number)
    publish(station, approved.replace("属实", "失实").replace("三天", "五天"), "p1")
    assert permit_row(station, number).state == "granted"
    assert [kind for kind, _, _ in found(station)] == ["held"]
    publish(station, approved.replace("感谢关心", "感谢大家关心"), "p2")
    assert permit_row(station, number).state == "used"
    assert len(found(station)) == 1


@pytest.mark.parametrize("added", [" http://t.cn/A6abc123", "\n（2026年11月20日）", "\n编辑：张三 2026-11-20"])
def test_a_link_a_date_or_a_byline_that_the_platform_adds_breaks_no_permit(station: Station, added: str) -> None:
    school(station)
    number = ask(station, FIRE)
    grant(station, number)
    publish(station, FIRE + added, "p1")
    assert (permit_row(station, number).state, found(station)) == ("used", [])
    second = ask(station, FIRE)
    grant(station, second)
    publish(station, f"{FIRE}，15人送医{added}", "p2")
    assert (permit_row(station, second).state, len(found(station))) == ("granted", 1)


def test_what_was_published_under_a_permit_is_under_it_although_it_was_withdrawn_before_anybody_read_it(
    station: Station,
) -> None:
    school(station)
    number = ask(station, FIRE)
    grant(station, number)
    during = station.office.now = station.office.now + timedelta(minutes=10)
    pack = station.office.ground.pack
    act(station, lambda conn: permit.withdraw(conn, pack, SCHOOL, number, GIVER, station.office.now, "不再需要"))
    station.office.now += timedelta(minutes=10)
    publish(station, FIRE, "p2")
    assert permit_row(station, number).state == "withdrawn"
    assert [kind for kind, _, _ in found(station)] == ["unauthorised"], "published after the withdrawal"
    publish(station, FIRE, "p1", at=during, fetched=station.office.now)
    row = permit_row(station, number)
    assert (row.state, row.archived_text, len(found(station))) == ("used", FIRE, 1)


def test_an_application_that_was_withdrawn_before_anybody_granted_it_covers_nothing(station: Station) -> None:
    school(station)
    number = ask(station, FIRE)
    during = station.office.now = station.office.now + timedelta(minutes=10)
    pack = station.office.ground.pack
    act(station, lambda conn: permit.withdraw(conn, pack, SCHOOL, number, KEEPER, station.office.now, "另行报送"))
    publish(station, FIRE, "p1", at=during, fetched=station.office.now)
    assert (permit_row(station, number).state, len(found(station))) == ("withdrawn", 1)


def test_a_permit_is_for_its_account_for_one_post_and_for_its_time(station: Station) -> None:
    school(station)
    number = ask(station, FIRE)
    publish(station, FIRE, "before")
    grant(station, number)
    publish(station, FIRE, "other", account="article")
    publish(station, FIRE, "first")
    publish(station, FIRE, "again")
    station.office.now += timedelta(hours=25)
    late = ask(station, FIRE)
    grant(station, late)
    station.office.now += timedelta(hours=24, minutes=1)
    publish(station, FIRE, "late")
    assert permit_row(station, number).used_post_id == "weibo:first"
    assert [account for _, account, _ in found(station)] == ["canteen", "article", "canteen", "canteen"]


def test_a_post_published_in_time_and_read_late_still_uses_the_expired_permit(station: Station) -> None:
    school(station)
    number = ask(station, FIRE)
    grant(station, number)
    published = station.office.now + timedelta(hours=1)
    station.office.later(hours=30)
    assert permit_row(station, number).state == "expired"
    publish(station, FIRE, "p1", at=published, fetched=station.office.now)
    assert (permit_row(station, number).state, found(station)) == ("used", [])


def test_an_edit_after_publication_is_looked_at_again(station: Station) -> None:
    school(station)
    number = ask(station, FIRE)
    grant(station, number)
    publish(station, FIRE, "p1")
    publish(station, FIRE + "。学校将给予补助", "p1")
    assert permit_row(station, number).archived_text == FIRE + "。学校将给予补助"
    publish(station, "我院实训楼今日起火事件纯属谣言，传播者将追究", "p1")
    assert [kind for kind, _, _ in found(station)] == ["unauthorised"]


def test_nobody_approves_what_they_asked_for_and_nobody_else_does_for_the_office(station: Station) -> None:
    school(station)
    own = ask(station, FIRE, who=PUBLICITY)
    number = ask(station, FIRE)
    for who, wanted in ((KEEPER, number), (PUBLICITY, number), (STRANGER, number), (PUBLICITY, own)):
        with pytest.raises(IllegalStep, match=r"未作任何更改。$"):
            grant(station, wanted, who=who)
    assert permit_row(station, number).state == permit_row(station, own).state == "asked"
    grant(station, own)
    assert permit_row(station, own).decided_by == "giver"


def test_while_who_decides_is_away_the_substitute_is_written_to_and_decides(station: Station) -> None:
    school(station)
    office = station.office
    with office.store.write() as conn:
        conn.execute(
            absences.insert().values(
                school=SCHOOL, person_id="giver", kind="leave", starts_at=office.now, substitute_id="lead", note="",
                ends_at=office.now + timedelta(days=3), entered_by="monitor", entered_at=office.now,
            )
        )  # fmt: skip
    number = ask(station, FIRE)
    assert {row.addressee for row in office.rows(notices)} == {"giver", "lead"}
    grant(station, number, who=Actor("lead", "梁致远", frozenset()))
    assert permit_row(station, number).decided_by == "lead"
    office.now += timedelta(days=4)
    again = ask(station, FIRE)
    with pytest.raises(IllegalStep, match="不能授权"):
        grant(station, again, who=Actor("lead", "梁致远", frozenset()))


def test_where_no_school_document_names_the_office_a_person_must_have_been_entered(station: Station) -> None:
    with pytest.raises(IllegalStep, match=r"“学校相关部门”.*名册.*未作任何更改。$"):
        ask(station, FIRE)


def test_only_who_runs_the_account_asks_for_it(station: Station) -> None:
    school(station)
    with pytest.raises(IllegalStep, match="不管理这个账号"):
        ask(station, FIRE, who=STRANGER)
    assert ask(station, FIRE, who=LEADER).startswith("SQ-2026-")


def test_two_who_decide_at_once_get_one_result_and_one_refusal(station: Station) -> None:
    school(station)
    number = ask(station, FIRE)
    grant(station, number, yes=False, why="由学校统一发布")
    before = station.office.rows(docket_lines)
    with pytest.raises(IllegalStep, match=r"“不予授权”.*未作任何更改。$"):
        grant(station, number)
    assert station.office.rows(docket_lines) == before
    assert permit_row(station, number).state == "refused"


def test_a_withdrawn_permit_covers_nothing_and_every_deed_is_in_the_audit(station: Station) -> None:
    school(station)
    number = ask(station, FIRE)
    grant(station, number)
    office = station.office
    act(station, lambda c: permit.withdraw(c, office.ground.pack, SCHOOL, number, GIVER, office.now, "情况有变"))
    publish(station, FIRE, "p1")
    assert [kind for kind, _, _ in found(station)] == ["unauthorised"]
    kept = [row.action for row in office.rows(audit.audit_log) if row.object == number]
    assert kept == ["permit.ask", "permit.grant", "permit.withdraw"]
    with pytest.raises(IllegalStep):
        act(station, lambda c: permit.withdraw(c, office.ground.pack, SCHOOL, number, DEPUTY, office.now, "再撤"))


def test_a_refusal_without_a_word_names_the_field_as_the_page_calls_it(station: Station) -> None:
    school(station)
    number = ask(station, FIRE)
    with pytest.raises(IllegalStep, match=r"请填写“意见”。未作任何更改。"):
        grant(station, number, yes=False, why=" ")
