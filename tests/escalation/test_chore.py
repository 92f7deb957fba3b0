"""A chore that fails rings and holds up nobody else: the clocks, the deliveries and the other chores go on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from escalation import alert, silence
from escalation.duty import departing
from escalation.notice import deliveries
from tests.escalation.office import FOUR, Office
from tests.stream.said import SCHOOL


def ringing(office: Office) -> dict[str, str]:
    with office.store.read() as conn:
        return {one.cause: one.words for one in alert.ringing(conn, SCHOOL)}


@pytest.mark.parametrize(
    ("module", "name", "cause", "title"),
    [(departing, "due", "chore:duty", "值守与人员变动"), (silence, "look", "chore:silence", "静默到期")],
)
def test_a_failing_chore_stops_neither_clocks_nor_deliveries_and_rings_until_it_works(
    office: Office, monkeypatch: pytest.MonkeyPatch, module: object, name: str, cause: str, title: str
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ValueError("a row that nobody expected")

    office.open(level=4)
    with monkeypatch.context() as broken:
        broken.setattr(module, name, fails)
        office.work()
        assert {row.state for row in office.rows(deliveries)} == {"accepted"}
        office.now += timedelta(hours=2)
        office.work()
        assert sorted(office.told("reminder")) == sorted(FOUR)
        assert ringing(office)[cause] == (
            f"例行事项“{title}”处理失败（ValueError），将每半分钟重试；时限和通知照常。请联系系统管理员。"
        )
    office.now += timedelta(seconds=31)
    office.work()
    assert cause not in ringing(office)
