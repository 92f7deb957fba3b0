"""What many people ask for within the same few seconds is counted once: the band and the ticker's figures."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import TypeVar, cast

T = TypeVar("T")
KEPT = 200


class Recent:
    """Answers by question, each good for a short time. Safe for several threads."""

    def __init__(self) -> None:
        """Nothing was asked yet."""
        self._answers: dict[Hashable, tuple[datetime, object]] = {}
        self._lock = threading.Lock()

    def of(self, question: Hashable, now: datetime, good_for: timedelta, make: Callable[[], T]) -> T:
        """The answer, made anew where it is older than `good_for`. `make` may run twice at once; that does no harm."""
        with self._lock:
            found = self._answers.get(question)
        if found is not None and now - found[0] < good_for:
            return cast(T, found[1])
        made = make()
        with self._lock:
            if len(self._answers) > KEPT:
                self._answers.clear()
            self._answers[question] = (now, made)
        return made
