"""Every kind of clock has its handler."""

from __future__ import annotations

from escalation.lapse import HANDLERS
from escalation.timer import TimerKind


def test_every_kind_of_clock_has_a_handler() -> None:
    assert set(HANDLERS) == set(TimerKind)
