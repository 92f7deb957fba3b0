"""Chores 例行事项: what the notify role looks after every half minute beside the clocks and what waits to be sent.

Each is done by itself: one that fails rings (`chore:<name>`) and is tried again at the next look; the other chores, the
clocks and the deliveries go on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from escalation import alert
from stream.store import Store, StoreUnavailable

CAUSE = "chore:"
WORDS = "例行事项“{title}”处理失败（{error}），将每半分钟重试；时限和通知照常。请联系系统管理员。"


@dataclass(frozen=True, slots=True)
class Chore:
    """One chore: its name in the alert's cause, its Chinese title, and what does it at a moment."""

    name: str
    title: str
    do: Callable[[datetime], object]


def do_each(store: Store, school: str, chores: Sequence[Chore], now: datetime) -> None:
    """Do all of them; ring for each that failed and hush for each that did not. Raises StoreUnavailable."""
    failed: dict[str, str] = {}
    for one in chores:
        try:
            one.do(now)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 (one chore must not stop the others, nor the clocks and deliveries)
            kind = type(error).__name__
            logging.getLogger(__name__).error("例行事项“%s”处理失败：%s", one.title, kind)
            failed[CAUSE + one.name] = WORDS.format(title=one.title, error=kind)
    with store.read() as conn:
        over = {one.cause for one in alert.ringing(conn, school) if one.cause.startswith(CAUSE)} - failed.keys()
    if failed or over:
        with store.write() as conn:
            for cause, words in failed.items():
                alert.ring(conn, school, cause, words, now)
            for cause in sorted(over):
                alert.hush(conn, school, cause, now)
