"""Crowd 人数: how many spoke under a post and how many wrote the same words, from one reading for many lines.

What a batch of the watch asks for each of its marked lines differs by the batch's own lines alone: they are counted in
memory as they come, with the answers that the rows would give.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, select

from stream.evidence import LIKED_LEAST, QUICK_HOURS, ThreadFigures
from stream.line import lines
from stream.store import Among, as_driven

DAY = timedelta(hours=24)
QUICK = timedelta(hours=QUICK_HOURS)

_HERE = lines.c.school == bindparam("owner")
_SPOKEN = Among(
    select(lines.c.thread_id, lines.c.voice, lines.c.negative, lines.c.at)
    .where(_HERE, lines.c.outside, lines.c.at >= bindparam("since")),
    lines.c.thread_id,
)  # fmt: skip
_LIKED = Among(
    select(lines.c.thread_id, lines.c.voice, lines.c.likes)
    .where(_HERE, lines.c.outside, lines.c.likes >= LIKED_LEAST, lines.c.post_id != lines.c.thread_id),
    lines.c.thread_id,
)  # fmt: skip
_COPIED = Among(
    select(lines.c.cluster, lines.c.voice, lines.c.at).where(_HERE, lines.c.at >= bindparam("since")), lines.c.cluster
)


class Voices:
    """Distinct voices and when each was heard last; instants are whatever can be compared."""

    def __init__(self) -> None:
        self._last: dict[str, Any] = {}
        self._order: list[Any] = []

    def heard(self, voice: str, at: Any) -> None:
        """One line more."""
        before = self._last.get(voice)
        if before is not None:
            if before >= at:
                return
            del self._order[bisect_left(self._order, before)]
        self._last[voice] = at
        insort(self._order, at)

    def since(self, at: Any) -> int:
        """How many were heard then or later."""
        return len(self._order) - bisect_left(self._order, at)


@dataclass(slots=True)
class _Thread:
    at: list[Any] = field(default_factory=list)
    """When its lines were published, ascending."""
    voices: Voices = field(default_factory=Voices)
    negative: Voices = field(default_factory=Voices)
    liked: list[tuple[int, str]] = field(default_factory=list)
    """Likes and voice of the lines that have enough of them."""


class Crowds:
    """The crowds of one batch and school. `since`: when the first of its lines was published."""

    def __init__(self, conn: Connection, school: str, since: datetime) -> None:
        self._school, self._since, self._moment = school, since, as_driven(conn, lines.c.at.type)
        self._threads: dict[str, _Thread] = {}
        self._copied: dict[str, Voices] = {}

    def ask(self, conn: Connection, threads: Collection[str], clusters: Collection[str]) -> None:
        """Read what the rows say of these, unless it is known. Every line told so far must be written."""
        if new := sorted(set(threads) - self._threads.keys()):
            self._threads |= {one: _Thread() for one in new}
            for thread, voice, negative, at in _SPOKEN.ask(conn, new, owner=self._school, since=self._since - DAY):
                _speak(self._threads[thread], voice, at, negative=negative)
            for thread, voice, likes in _LIKED.ask(conn, new, owner=self._school):
                self._threads[thread].liked.append((likes, voice))
        if new := sorted(set(clusters) - self._copied.keys()):
            self._copied |= {one: Voices() for one in new}
            for cluster, voice, at in _COPIED.ask(conn, new, owner=self._school, since=self._since - QUICK):
                self._copied[cluster].heard(voice, at)

    def knows(self, thread: str, cluster: str, at: datetime) -> bool:
        """Whether a line published then can be told its figures without a further reading."""
        return thread in self._threads and (not cluster or cluster in self._copied) and at >= self._since

    def heard(self, line: Mapping[str, Any]) -> None:
        """One new line, as its row says."""
        thread, copied = self._threads.get(line["thread_id"]), self._copied.get(line["cluster"])
        if thread is None and copied is None:
            return
        at, voice = self._moment(line["at"]), line["voice"]
        if thread is not None and line["outside"]:
            _speak(thread, voice, at, negative=line["negative"])
            if line["likes"] >= LIKED_LEAST and line["post_id"] != line["thread_id"]:
                thread.liked.append((line["likes"], voice))
        if copied is not None:
            copied.heard(voice, at)

    def thread(self, thread: str, at: datetime) -> ThreadFigures:
        """Lines and voices of the 24 hours before this moment, and what came after it."""
        known, day = self._threads[thread], self._moment(at - DAY)
        said = len(known.at) - bisect_left(known.at, day)
        return ThreadFigures(said, known.voices.since(day), known.negative.since(day))

    def outliked(self, thread: str, likes: int) -> int:
        """Distinct voices whose line has so many likes or more, LIKED_LEAST at least; the root itself is none."""
        return len({voice for number, voice in self._threads[thread].liked if number >= likes})

    def copies(self, cluster: str, at: datetime) -> int:
        """Distinct voices that wrote the same words, from QUICK_HOURS before this moment on."""
        return self._copied[cluster].since(self._moment(at - QUICK))


def _speak(thread: _Thread, voice: str, at: Any, *, negative: bool) -> None:
    insort(thread.at, at)
    thread.voices.heard(voice, at)
    if negative:
        thread.negative.heard(voice, at)
