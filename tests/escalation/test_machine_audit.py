"""What the machine decides and sends stands in the chain, too."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from escalation import audit
from escalation.channels import Fault, Permanent
from escalation.machine_audit import DECIDED, DELIVERED
from tests.escalation.office import Office
from tests.escalation.station import open_station
from tests.stream.said import POISONED


def rows(office: Office, action: str) -> list[dict[str, object]]:
    with office.store.read() as conn:
        log = audit.audit_log
        found = conn.execute(select(log.c.detail, log.c.object).where(log.c.action == action).order_by(log.c.seq))
        return [{**row.detail, "object": row.object} for row in found]


def test_an_opening_by_the_watch_is_a_decision_of_the_chain(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        station.say(POISONED)
        (number,) = (row.number for row in station.incidents())
        (row,) = rows(station.office, DECIDED)
        assert row["object"] == number
        assert any("通知" in str(one) and "第十三条" in str(one) for one in row["decided"])  # type: ignore[attr-defined]
        assert POISONED[:8] not in str(row)
        with station.office.store.read() as conn:
            assert list(audit.faults(conn)) == []


def test_each_delivery_and_each_step_of_the_ladder_is_a_row_of_the_chain(office: Office) -> None:
    office.mail.answers = [Permanent(Fault.CONTACT, "对方邮箱不存在（550）", answer="550")]
    office.open()
    office.work()
    sent = rows(office, DELIVERED)
    assert len(sent) >= 5
    (lost,) = (row for row in sent if row["end"] == "dead")
    assert (lost["channel"], lost["answer"]) == ("mail", "550")
    assert {row["end"] for row in sent} == {"accepted", "dead"}
    assert "@" not in str(sent)
    before = len(rows(office, DECIDED))
    office.later(hours=2)
    said = str(rows(office, DECIDED)[before:])
    assert "未签收" in said
    with office.store.read() as conn:
        assert list(audit.faults(conn)) == []
