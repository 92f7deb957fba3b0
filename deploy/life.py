"""Signs of life 生命迹象: a role's loop writes a byte to its supervisor every few seconds, store or no store.

The pulse in the store (`stream.pulse`) tells people; it is silent too where the store is away, so it decides nothing.
This one comes from the loop alone: a role whose loop has stood still for HUNG_AFTER hangs, is ended and started again.
The longest step that is in order: a block of the store that ran four times and waited 20 s each time, a batch of 500
lines in a storm (a minute and a half), a connection that TCP gives up after about two minutes.
"""

from __future__ import annotations

import os
import time
from collections import deque
from contextlib import suppress

SIGNS = "FENGXIN_SIGNS"
"""Names the descriptor that a role writes to; set by the supervisor."""
HUNG = "FENGXIN_HUNG"
"""Set for a process that is started in the place of one that hung."""
_given: deque[float] = deque(maxlen=1)
HUNG_AFTER = 900.0
"""Seconds; far above the longest step, since a role that works is never to be ended."""


def give() -> None:
    """Say that this process's loop goes round, to itself and, where one listens, to its supervisor."""
    _given.append(time.monotonic())
    number = os.environ.get(SIGNS, "")
    if number.isdecimal():
        with suppress(OSError):  # full: nobody has read for hours; closed: the supervisor is gone, and so are we soon
            os.write(int(number), b".")


def age() -> float | None:
    """Seconds since the loop's last sign; None before its first."""
    return time.monotonic() - _given[0] if _given else None


def took_over() -> bool:
    """Whether the process before this one hung; said once."""
    return bool(os.environ.pop(HUNG, ""))
