"""The hold: begins with the level, reaches every account, is confirmed per person, and ends by a person alone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection

from escalation import audit, handling
from escalation.handling import FalseAlarm
from escalation.incident.state import IllegalStep
from escalation.notice import notices
from escalation.voice import hold
from escalation.voice.hold import hold_accounts, hold_confirmations, hold_subjects, holds
from escalation.voice.stood import holds_at
from escalation.voice.subject import Subject
from stream.store import StoreUnavailable
from tests.escalation.office import IN_LEAD, KEEPER, ON_DESK, Office
from tests.stream.said import SCHOOL

PLACE = "canteen|place|2食堂"


def do(office: Office, act: Callable[[Connection], Any]) -> Any:
    with office.store.write() as conn:
        return act(conn)


def opened(office: Office, **changes: Any) -> tuple[int, int]:
    """An incident of level Ⅱ and its hold."""
    incident_id = office.open(**{"keys": ("canteen|thread|weibo:t1", PLACE)} | changes)
    return incident_id, office.rows(holds)[-1].id


def lift(office: Office, hold_id: int, why: str = "检测合格，无需统一口径") -> None:
    do(office, lambda conn: hold.lift(conn, office.head, hold_id, IN_LEAD, office.now, why))


def test_a_grave_incident_holds_every_active_account_and_each_keeper_is_told_once(office: Office) -> None:
    _, hold_id = opened(office)
    (held,) = office.rows(holds)
    assert (held.state, held.basis, held.level) == ("standing", "第十条、第十五条", 2)
    assert {(row.account_id, row.person_id, row.keeps) for row in office.rows(hold_accounts)} == {
        ("canteen", "keeper", 1), ("hall", "leader", 0), ("main", "monitor", 0),
    }  # fmt: skip
    told = office.rows(notices, kind="hold")
    assert sorted(row.addressee for row in told) == ["keeper", "leader", "monitor"]
    assert all(not row.needs_signature and row.view["quote"] == "" and row.view["why"] == [] for row in told)
    assert "2食堂" in office.notice("keeper", "hold").view["title"]
    assert "微博“青禾后勤”" in office.notice("keeper", "hold").view["facts"][-1]
    assert "名册中无账号管理人员" in office.notice("leader", "hold").view["facts"][-1]
    assert do(office, lambda conn: [one.id for one in holds_at(conn, SCHOOL, office.now)]) == [hold_id]


def test_a_light_incident_and_a_cry_for_help_hold_nothing_by_themselves(office: Office) -> None:
    office.open(level=3)
    office.open(level=1, care=True, theme="self_harm", keys=("self_harm|thread|weibo:t2",))
    assert office.rows(holds) == []
    assert "求助事件不自动暂停发声" in office.headings()


def test_a_level_raised_to_one_that_holds_begins_the_hold_once(office: Office) -> None:
    incident_id = office.open(level=3)
    office.add(incident_id, level=2)
    office.add(incident_id, level=1)
    assert len(office.rows(holds)) == 1


def test_a_hold_that_was_lifted_does_not_come_back_by_itself(office: Office) -> None:
    incident_id, hold_id = opened(office)
    lift(office, hold_id)
    office.add(incident_id, level=1)
    assert [row.state for row in office.rows(holds)] == ["lifted"]


def test_no_time_ends_a_hold(office: Office) -> None:
    opened(office)
    office.later(days=60)
    assert [row.state for row in office.rows(holds)] == ["standing"]


def test_a_keeper_confirms_for_all_their_accounts_and_only_once(office: Office) -> None:
    _, hold_id = opened(office)
    assert do(office, lambda conn: hold.confirm(conn, hold_id, "keeper", KEEPER, office.now, "link")) == 1
    with pytest.raises(IllegalStep, match="已经确认过"):
        do(office, lambda conn: hold.confirm(conn, hold_id, "keeper", KEEPER, office.now, "link"))
    with pytest.raises(IllegalStep, match="不能代他人确认"):
        do(office, lambda conn: hold.confirm(conn, hold_id, "school", KEEPER, office.now, "link"))
    assert [(row.account_id, row.person_id, row.n) for row in office.rows(hold_confirmations)] == [
        ("canteen", "keeper", 1)
    ]


def test_who_does_not_confirm_is_reminded_once_and_the_office_gets_the_list(office: Office) -> None:
    _, hold_id = opened(office)
    do(office, lambda conn: hold.confirm(conn, hold_id, "keeper", KEEPER, office.now, "link"))
    office.later(hours=3)
    reminded = [row.addressee for row in office.rows(notices, kind="hold") if row.step.startswith("remind:")]
    assert sorted(reminded) == ["leader", "monitor"]
    (given,) = office.rows(notices, kind="voice")
    assert (given.addressee, given.view["title"]) == ("publicity", "2 个账号未确认暂停发声：“2食堂”")
    assert "青禾后勤公众号" in given.view["facts"][0]
    office.later(days=3)
    assert len(office.rows(notices, kind="voice")) == 1


def test_a_changed_subject_is_a_new_row_and_everybody_confirms_anew(office: Office) -> None:
    _, hold_id = opened(office)
    do(office, lambda conn: hold.confirm(conn, hold_id, "keeper", KEEPER, office.now, "link"))
    wider = Subject(themes=("canteen",), words=("香锅",), places=("2食堂",))
    do(office, lambda conn: hold.change(conn, office.head, hold_id, IN_LEAD, office.now, wider, "涉及窗口名称"))
    assert [(row.n, row.why) for row in office.rows(hold_subjects)] == [(1, "Ⅱ级事件"), (2, "涉及窗口名称")]
    assert len(office.rows(notices, kind="hold", addressee="keeper")) == 2
    do(office, lambda conn: hold.confirm(conn, hold_id, "keeper", KEEPER, office.now, "link"))
    with pytest.raises(IllegalStep, match="没有变化"):
        do(office, lambda conn: hold.change(conn, office.head, hold_id, IN_LEAD, office.now, wider, "同上"))


@pytest.mark.parametrize("actor", [ON_DESK, KEEPER])
def test_only_the_publicity_office_changes_or_lifts_a_hold(office: Office, actor: Any) -> None:
    incident_id, hold_id = opened(office)
    with pytest.raises(IllegalStep, match=r"未作任何更改。$"):
        do(office, lambda conn: hold.lift(conn, office.head, hold_id, actor, office.now, "理由"))
    with pytest.raises(IllegalStep, match=r"未作任何更改。$"):
        do(office, lambda conn: hold.add(
            conn, office.head, incident_id, actor, office.now, Subject(words=("香锅",)), "理由"
        ))  # fmt: skip
    with pytest.raises(IllegalStep, match="解除管控的理由"):
        lift(office, hold_id, " ")


def test_a_lifted_hold_tells_everybody_it_reached_and_stops_its_clock(office: Office) -> None:
    incident_id, hold_id = opened(office)
    assert do(office, lambda conn: hold.open_of(conn, incident_id)) == ["暂停发声 “2食堂” 未解除"]
    lift(office, hold_id)
    assert sorted(office.told("voice")) == ["keeper", "leader", "monitor"]
    assert do(office, lambda conn: hold.open_of(conn, incident_id)) == []
    office.later(hours=5)
    assert not [row for row in office.rows(notices, kind="hold") if row.step.startswith("remind:")]
    with pytest.raises(IllegalStep, match="不能解除管控"):
        lift(office, hold_id)
    with pytest.raises(IllegalStep, match="无需确认"):
        do(office, lambda conn: hold.confirm(conn, hold_id, "keeper", KEEPER, office.now, "link"))


def test_a_false_alarm_ends_the_hold_by_who_recorded_it(office: Office) -> None:
    incident_id, _ = opened(office)
    do(office, lambda conn: handling.dismiss(
        conn, office.head, incident_id, ON_DESK, office.now, FalseAlarm.JOKE
    ))  # fmt: skip
    (held,) = office.rows(holds)
    assert (held.state, held.ended_by, held.ended_why) == ("fallen", "陈屿", "事件记为误报：玩笑或夸张")
    assert office.told("voice") == ["keeper", "leader", "monitor"]
    assert "leader" not in office.told("dismissed"), "an errand is no alarm that must be taken back"


def test_a_person_may_hold_a_further_subject_and_the_chain_of_audit_holds(office: Office) -> None:
    incident_id, _ = opened(office)
    do(office, lambda conn: hold.add(
        conn, office.head, incident_id, IN_LEAD, office.now, Subject(words=("供货商",)), "媒体在问"
    ))  # fmt: skip
    found = do(office, lambda conn: holds_at(conn, SCHOOL, office.now))
    assert [one.subject.words for one in found] == [(), ("供货商",)]
    with office.store.read() as conn:
        assert list(audit.faults(conn)) == []


def test_two_persons_who_lift_at_once_get_one_result_and_one_polite_refusal(office: Office) -> None:
    _, hold_id = opened(office)
    answers: list[str] = []

    def press() -> None:
        try:
            lift(office, hold_id)
            answers.append("done")
        except (IllegalStep, StoreUnavailable) as refused:
            answers.append(str(refused))

    both = [threading.Thread(target=press) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert answers.count("done") == 1
    (refusal,) = [one for one in answers if one != "done"]
    assert refusal.endswith("未作任何更改。")
    assert len(office.rows(notices, kind="voice", addressee="keeper")) == 1
