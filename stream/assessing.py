"""The assess role: posts in, assessments out. Stateless: any number of workers, and repeating gives the same.

What came by the lane of history goes on by it."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from sentiment.engine import Engine
from stream import metrics
from stream.assess import Reader, assess
from stream.assessment import Assessment
from stream.dead_letter import bury_all
from stream.follow import Effects
from stream.kill_point import reach
from stream.lanes import Lanes
from stream.log import Log, Record, RecordTooLarge
from stream.logbook import each
from stream.post import Counts, Post
from stream.store import Store
from stream.topic import ONWARD, reader_of
from stream.wire import WireError

_log = logging.getLogger(__name__)
READER = "assess"
Clock = Callable[[], datetime]


@dataclass(slots=True)
class _Batch:
    posts: list[tuple[Record, Post]] = field(default_factory=list)
    onward: list[tuple[Record, str, bytes]] = field(default_factory=list)
    bad: list[tuple[Record, str]] = field(default_factory=list)


class Assessing:
    """One assess worker."""

    def __init__(self, log: Log, store: Store, engine: Engine, reader: Reader, clock: Clock) -> None:
        """Join the groups of assess workers."""
        self._log, self._engine, self._reader, self._clock = log, engine, reader, clock
        self._follower = Lanes(log, store, READER, clock=clock)

    @property
    def trouble(self) -> str:
        """Why it cannot work now, or an empty string."""
        return self._follower.trouble

    def step(self, limit: int = 500, wait: float = 0.2) -> int:
        """Assess what has come; gives how many records were taken."""
        taken = self._follower.step(self._handle, limit, wait)
        if taken:
            reach("assess.position_moved")
        return taken

    def _handle(self, records: Sequence[Record]) -> Effects:
        batch = _sort(records)
        now = self._clock()
        found = self._judged(batch.posts, now)
        for (record, _), one in zip(batch.posts, found, strict=True):
            batch.onward.append((record, one.post.school, one.wire()))
        for polarity, many in Counter(one.polarity for one in found).items():
            metrics.ASSESSED.labels(polarity=polarity).inc(many)
        reach("assess.read_before_append")
        topic = records[0].topic
        self._append(ONWARD[topic], batch)
        each(_log, "研判，有命中", [one.post.id for one in found if one.hits])
        each(_log, "研判，没有命中", [one.post.id for one in found if not one.hits])
        reach("assess.appended_before_position")

        def effects(conn: Connection) -> None:
            bury_all(conn, reader_of(READER, topic), batch.bad, now)

        return effects

    def _judged(self, given: Sequence[tuple[Record, Post]], now: datetime) -> Sequence[Assessment]:
        """By engine and rules, in order."""
        posts, logged = [post for _, post in given], [record.appended_at for record, _ in given]
        return assess(posts, self._engine, self._reader, now, hand_on=True, logged=logged)

    def _append(self, topic: str, batch: _Batch) -> None:
        batch.onward.sort(key=lambda entry: entry[0].offset)
        try:
            self._log.append(topic, [(school, value) for _, school, value in batch.onward])
        except RecordTooLarge:
            for record, school, value in batch.onward:
                try:
                    self._log.append(topic, [(school, value)])
                except RecordTooLarge as error:
                    batch.bad.append((record, str(error)))

    def close(self) -> None:
        """Leave the group."""
        self._follower.close()


def _sort(records: Sequence[Record]) -> _Batch:
    """Posts to assess, counts to pass on as they are, and what nobody can read."""
    batch = _Batch()
    for record in records:
        try:
            if b'"type":"counts"' in record.value[:64]:
                counts = Counts.from_wire(record.value)
                batch.onward.append((record, counts.school, record.value))
            else:
                batch.posts.append((record, Post.from_wire(record.value)))
        except WireError as error:
            batch.bad.append((record, str(error)))
    return batch
