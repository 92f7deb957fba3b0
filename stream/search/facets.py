"""Facets 分布: by what steps and bands the documents that answer a question are counted, the same on every adapter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from stream.search import Facets, Query

RISKS = (0, 1, 30, 60)
"""Where each band of risk begins; the last one ends with 100."""
ALL_RISKS = (0, 100)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SHORT = 2 * DAY
BEIJING = timedelta(hours=8)
"""Days begin at midnight in Beijing."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def step_of(query: Query) -> timedelta:
    """Hours where the question itself names a short span, else days: it never depends on what is found."""
    if query.since is None or query.until is None or query.until - query.since > SHORT:
        return DAY
    return HOUR


def micro_of(span: timedelta) -> int:
    """A span in microseconds."""
    return span // _MICROSECOND


def gathered(cells: Iterable[tuple[Any, ...]], step: timedelta) -> Facets:
    """From how many there are of each combination: beginning in microseconds, platform, account, tone, band, number."""
    total, sides = 0, tuple(Counter[Any]() for _ in range(5))
    for *values, number in cells:
        total += number
        for side, value in zip(sides, values, strict=True):
            side[value] += number
    times, *others = (dict(side) for side in sides)
    return Facets(total, step, {_EPOCH + at * _MICROSECOND: number for at, number in times.items()}, *others)
