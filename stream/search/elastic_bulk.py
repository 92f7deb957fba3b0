"""Writing many documents at once: in smaller pieces where the server is short of memory, each judged by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from elasticsearch import ApiError, Elasticsearch

from stream.search.elastic_faults import BLOCKED, told

AT_ONCE = 2000
MOST_PAIRS = 8_000_000
"""Characters of pairs in one request, some 30 MB, whatever the posts' length; the server's own limit is 100 MB."""
PATIENCE = 20.0
"""Seconds for which a server short of memory takes nothing in, asked in ever smaller pieces; then the batch waits."""
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0


@dataclass(frozen=True, slots=True)
class Write:
    """One document to be put or, without `source`, taken out. `how`: which version of it may be replaced."""

    index: str
    key: str
    source: Mapping[str, Any] | None
    how: Mapping[str, Any] = field(default_factory=dict)
    create: bool = False

    def lines(self) -> list[Mapping[str, Any]]:
        """As a bulk request takes it."""
        verb = "delete" if self.source is None else "create" if self.create else "index"
        head = {verb: {"_index": self.index, "_id": self.key, **self.how}}
        return [head] if self.source is None else [head, self.source]


@dataclass(slots=True)
class Outcome:
    """What was not written: because something newer is there, or because it never can be, and why."""

    conflicts: list[Write] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


class Bulk:
    """Sends writes to one server."""

    def __init__(self, client: Elasticsearch, where: object, pause: Callable[[float], None] = time.sleep) -> None:
        self._client, self._where, self._pause = client, where, pause

    def send(self, writes: Sequence[Write]) -> Outcome:
        """Write them all. Raises SearchFull, SearchUnavailable or what the client raises; then send them all again."""
        outcome, waiting, size = Outcome(), list(writes), AT_ONCE
        until, pause = time.monotonic() + PATIENCE, FIRST_PAUSE
        while waiting:
            size = _bounded(waiting, size)
            piece, waiting = waiting[:size], waiting[size:]
            again = self._sent(piece, outcome)
            if len(again) < len(piece):
                until, pause = time.monotonic() + PATIENCE, FIRST_PAUSE
            elif time.monotonic() >= until:
                raise told(self._where, 429, {})
            if again:
                waiting, size = [*again, *waiting], max(1, len(piece) // 2)
                self._pause(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
        return outcome

    def _sent(self, piece: Sequence[Write], outcome: Outcome) -> Sequence[Write]:
        """Send one piece; gives what the server had no memory for."""
        try:
            answer = self._client.bulk(operations=[line for write in piece for line in write.lines()])
        except ApiError as error:
            if error.meta.status == 413 and len(piece) == 1:
                outcome.refused[piece[0].key] = "超过服务器一次能接收的大小"
                return []
            if error.meta.status in (413, 429) and BLOCKED not in str(error.body):
                return piece
            raise
        again = []
        for write, item in zip(piece, answer["items"], strict=True):
            (done,) = item.values()
            status, cause = int(done["status"]), done.get("error") or {}
            if status < 300 or (status == 404 and write.source is None):
                continue
            if status == 409:
                outcome.conflicts.append(write)
            elif status == 429 and cause.get("type") != BLOCKED:
                again.append(write)
            elif status == 400 and cause.get("type") != "index_closed_exception":
                outcome.refused[write.key] = _reason(cause)
            else:
                raise told(self._where, status, cause)
        return again


def _bounded(writes: Sequence[Write], size: int) -> int:
    """How many of the first `size` go into one request; one at least."""
    long = 0
    for number, write in enumerate(writes[:size]):
        long += len(write.source["pairs"]) if write.source else 0
        if long > MOST_PAIRS:
            return max(1, number)
    return size


def _reason(cause: Mapping[str, Any]) -> str:
    behind = cause.get("caused_by") or {}
    return f"{cause.get('type')}：{behind.get('reason') or cause.get('reason')}"[:300]
