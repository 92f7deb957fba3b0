"""责令关闭: its receipt is waited for by a clock, and an order that is carried out or lifted waits for nobody."""

from __future__ import annotations

from datetime import timedelta

import pytest

from escalation.notice import calls, notices
from escalation.notice.docket import dockets
from escalation.notice.letter import Letter
from escalation.procedure import load
from escalation.timer import timers
from tests.escalation.measure.test_measures import LEADER, closing, step
from tests.escalation.office import IN_LEAD, Office


def ordered(office: Office) -> tuple[int, set[int]]:
    """An order that a leader has decided; gives its id and those of its letters."""
    made = closing(office, office.open(level=3))
    step(office, made, "decide", words="同意")
    office.work()
    return made, {row.id for row in office.rows(notices, matter=f"order:{made}")}


def waiting(office: Office, letters: set[int]) -> list[str]:
    """Whom the desk is to telephone because of these letters."""
    return [row.person_id for row in office.rows(calls) if row.notice_id in letters and row.outcome is None]


def test_an_order_that_nobody_signs_is_telephoned_after_its_deadline(office: Office) -> None:
    made, letters = ordered(office)
    sign = load("JY").grade(3).sign
    for row in office.rows(notices, matter=f"order:{made}"):
        assert row.sign_by == row.created_at + sign.after
        assert row.view["deadline"]
        assert sign.label in row.view["deadline_source"]
    office.now += sign.after - timedelta(minutes=1)
    office.work()
    assert waiting(office, letters) == []
    office.later(minutes=2)
    assert sorted(waiting(office, letters)) == ["keeper", "leader"]


@pytest.mark.parametrize(("event", "actor"), [("finish", IN_LEAD), ("lift", LEADER)])
def test_an_order_that_was_carried_out_or_lifted_waits_for_nobody(office: Office, event: str, actor: object) -> None:
    made, letters = ordered(office)
    office.later(days=1)
    assert waiting(office, letters)
    step(office, made, event, actor, "已办")  # type: ignore[arg-type]
    assert waiting(office, letters) == []
    assert not office.rows(timers, matter=f"order:{made}", state="set")
    (docket,) = office.rows(dockets, matter=f"order:{made}")
    assert docket.ended_at == office.now
    office.mail.sent.clear()
    office.later(days=2)
    assert waiting(office, letters) == []
    assert len(office.mail.sent) >= (2 if event == "lift" else 0)


def test_a_letter_asks_for_no_receipt_without_a_deadline() -> None:
    with pytest.raises(ValueError, match="names no deadline"):
        Letter(matter="order:1", step="ordered", kind="责令关闭", heading="", lines=(), path="/", signs=True)
