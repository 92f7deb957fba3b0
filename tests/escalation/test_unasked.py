"""A signature for which nobody asks any more is found, whatever else runs in the incident."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from escalation import standing
from escalation.inspection import What, inspect
from escalation.timer import timers
from tests.escalation.office import Office
from tests.stream.said import SCHOOL


def idle(office: Office) -> list[str]:
    """What the auditor says of a matter without a next step."""
    with office.store.read() as conn:
        facts = standing.facts(conn, SCHOOL, office.head.channels, {}, standing.Frozen(), office.now)
        return [one.words for one in inspect(facts, office.now) if one.what is What.IDLE]


@pytest.mark.parametrize(("lost", "found"), [("rung", False), ("sign", False), ("both", True)])
def test_a_signature_whose_clocks_were_lost_is_found_though_others_run(office: Office, lost: str, found: bool) -> None:
    office.open(level=3)
    office.work()
    one = office.notice("leader")
    mine = timers.c.notice_id == one.id
    with office.store.write() as conn:
        wanted = mine if lost == "both" else mine & (timers.c.kind == lost)
        conn.execute(update(timers).where(wanted).values(state="stopped"))
    office.now += timedelta(minutes=6)
    assert len(office.running()) >= 2
    said = idle(office)
    assert (len(said) == 1 and "还有 1 份通知未签收" in said[0]) if found else not said


def test_a_ladder_that_was_brought_up_is_no_gap_while_somebody_above_is_asked(office: Office) -> None:
    """What follows a silence runs over days; at no moment of it is the auditor to cry, for somebody is asked."""
    office.open(level=3)
    while office.running():
        office.later(minutes=30)
        assert not idle(office) or not office.running()
        if office.told("escalated") and len(office.phoned()) > 3:
            break
    assert office.told("escalated")
