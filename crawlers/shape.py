"""Reading parsed JSON with care: what is missing or of another type is named, never guessed.

A reader takes only the fields it needs, so a new field changes nothing and a changed one is Shape. Of a list, one odd
row is refused by itself and its neighbours are read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

EARLIEST = datetime(2005, 1, 1, tzinfo=UTC)
AHEAD = timedelta(minutes=10)
"""An instant before EARLIEST or more than AHEAD of our clock is no time of publication."""
WHOLE_BELOW = 1 << 63
COUNT_BELOW = 1 << 31
"""What a store's whole numbers hold: an id or a count beyond is no id and no count."""


class Shape(Exception):
    """The answer is not of the known shape; `path` names the field (never its value)."""

    def __init__(self, path: str) -> None:
        super().__init__(f"字段 {path} 缺失或类型有变")
        self.path = path


@dataclass(slots=True)
class Refusals:
    """What of an answer could not be read while the rest was: the place of each, and how many rows were lost whole."""

    places: list[str] = field(default_factory=list)
    rows: int = 0

    @contextmanager
    def sparing(self, place: str, *, row: bool = False) -> Iterator[None]:
        """Read one part: where it is odd, its place is kept and the reading goes on behind the block."""
        try:
            yield
        except Shape as error:
            self.places.append(f"{place}.{error.path}".rstrip("."))
            self.rows += row


def record(raw: Any, path: str) -> dict[str, Any]:
    """A JSON object. Raises Shape."""
    if not isinstance(raw, dict):
        raise Shape(path)
    return raw


def rows(raw: Any, path: str) -> list[Any]:
    """A JSON array. Raises Shape."""
    if not isinstance(raw, list):
        raise Shape(path)
    return raw


def words(row: dict[str, Any], name: str) -> str:
    """A string. Raises Shape."""
    found = row.get(name)
    if not isinstance(found, str):
        raise Shape(name)
    return found


def whole(row: dict[str, Any], name: str) -> int:
    """A whole number within WHOLE_BELOW, also where it is written as a string of digits. Raises Shape."""
    found = row.get(name)
    if isinstance(found, str) and found.isascii() and found.isdigit() and len(found) <= 20:
        found = int(found)
    if isinstance(found, bool) or not isinstance(found, int) or abs(found) >= WHOLE_BELOW:
        raise Shape(name)
    return found


def count(row: dict[str, Any], name: str) -> int | None:
    """A count below COUNT_BELOW that may be absent; anything else is Shape."""
    if row.get(name) is None:
        return None
    found = whole(row, name)
    if not 0 <= found < COUNT_BELOW:
        raise Shape(name)
    return found


def plausible(at: datetime, now: datetime, name: str) -> datetime:
    """The instant itself; Shape where it lies before 2005 or more than ten minutes ahead of `now`."""
    if not EARLIEST <= at <= now + AHEAD:
        raise Shape(name)
    return at


def epoch(row: dict[str, Any], name: str, now: datetime) -> datetime:
    """Seconds since 1970 as aware UTC. Raises Shape."""
    seconds = whole(row, name)
    if not 0 <= seconds < 1 << 33:
        raise Shape(name)
    return plausible(datetime.fromtimestamp(seconds, UTC), now, name)


def fingerprint(answer: Any) -> str:
    """A short hash of the keys and types of an answer, without any value: what developers compare after Shape."""
    found: set[str] = set()
    todo: list[tuple[str, Any]] = [("$", answer)]
    while todo:
        path, value = todo.pop()
        found.add(f"{path}:{type(value).__name__}")
        if isinstance(value, dict):
            todo.extend((f"{path}.{key}", inner) for key, inner in value.items())
        elif isinstance(value, list):
            todo.extend((f"{path}[]", inner) for inner in value)
    return hashlib.sha256("\n".join(sorted(found)).encode("utf-8", "replace")).hexdigest()[:12]
