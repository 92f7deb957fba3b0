"""Phone tasks: one at a time for a person, dialled again after nobody answered, and never with a deadline gone by."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row

from escalation import alert, receipt, telephone
from escalation.incident import entries
from escalation.incident.state import IllegalStep
from escalation.notice import calls, notices
from escalation.notice.calling import call_of
from escalation.timer import timers
from tests.escalation.office import IN_LEAD, ON_DESK, Office
from tests.stream.said import SCHOOL


def tasks(office: Office, who: str = "leader") -> list[Row[Any]]:
    return office.rows(calls, person_id=who)


def record(office: Office, one: int, outcome: str, remark: str = "") -> None:
    with office.store.write() as conn:
        telephone.record_call(conn, one, ON_DESK, office.now, outcome, remark)


def rung(office: Office) -> Row[Any]:
    """The phone task of somebody who stayed silent."""
    office.open(level=2)
    office.work()
    office.later(minutes=15)
    (row,) = tasks(office)
    return row


def test_while_a_task_is_open_a_further_cause_adds_none(office: Office) -> None:
    one = office.open(level=2)
    for step in ("level", "danger", "channel:9"):
        with office.store.write() as conn:
            call_of(conn, office.notice("leader").id, step, office.now)
    office.add(one, level=1)
    with office.store.write() as conn:
        call_of(conn, office.notice("leader", "raised").id, "level", office.now)
    assert len(tasks(office)) == 1
    assert len(office.rows(entries, heading="电话通知 罗广平")) == 1


def test_nobody_answered_brings_a_next_try_after_the_packs_first_span(office: Office) -> None:
    first = rung(office)
    record(office, first.id, "无人接听")
    office.later(minutes=7)
    assert len(tasks(office)) == 1
    office.later(minutes=1)
    again = tasks(office)[1]
    assert (again.created_at - office.rows(calls, id=first.id)[0].recorded_at) == timedelta(minutes=7, seconds=30)
    record(office, again.id, "接通并转达")
    assert [row.outcome for row in tasks(office)] == ["无人接听", "接通并转达"]
    office.later(minutes=5)
    assert len(tasks(office)) == 2


def test_who_signed_meanwhile_is_not_dialled_again(office: Office) -> None:
    record(office, rung(office).id, "占线")
    with office.store.write() as conn:
        receipt.sign(conn, office.notice("leader").id, "leader", office.now, via="link")
    office.later(minutes=20)  # after half an hour without a deed the idle clock begins anew
    assert len(tasks(office)) == 1


def test_a_further_call_at_once_by_hand_takes_the_place_of_the_next_try(office: Office) -> None:
    first = rung(office)

    def again(by: Callable[[], None] | None = None) -> None:
        with office.store.write() as conn:
            telephone.call_again(conn, first.id, IN_LEAD, office.now)

    with pytest.raises(IllegalStep, match="已有一个待拨电话"):
        again()
    record(office, first.id, "无人接听")
    again()
    assert len(tasks(office)) == 2
    assert [row.state for row in office.rows(timers, name=f"again:{first.id}")] == ["stopped"]
    office.later(minutes=9)
    assert len(tasks(office)) == 2


def test_the_same_record_sent_twice_counts_once_and_is_not_refused(office: Office) -> None:
    first = rung(office)
    record(office, first.id, "接通并转达", "本人已知")
    record(office, first.id, "接通并转达", "本人已知")
    assert len(office.rows(entries, heading="电话通知 罗广平：接通并转达")) == 1
    with pytest.raises(IllegalStep, match="已有人登记"):
        record(office, first.id, "无人接听")


def test_the_words_to_say_never_ask_for_a_deadline_that_has_passed(office: Office) -> None:
    row = rung(office)
    (notice,) = office.rows(notices, id=row.notice_id)
    assert notice.sign_by <= row.created_at
    assert "已过，请您现在签收" in row.words
    assert "前签收" not in row.words


def test_nobody_is_telephoned_without_a_number_and_the_desk_hears_so(tmp_path: Path) -> None:
    office = Office.at(tmp_path, leader={"mobile": ""})
    office.open(level=2)
    office.work()
    with office.store.write() as conn:
        assert not call_of(conn, office.notice("leader").id, "level", office.now)
        assert call_of(conn, office.notice("keeper").id, "level", office.now)
    assert tasks(office) == []
    with office.store.read() as conn:
        (ring,) = alert.ringing(conn, SCHOOL)
    assert ring.cause == "vacant:单位领导"
    assert "罗广平（单位领导）在名册中没有号码" in ring.words
    assert "请当面转达" in ring.words
