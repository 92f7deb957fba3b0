"""The index role: assessments in, search documents out. Search down stops nothing else; it resumes by itself.

A private message is never indexed: its words are shown one at a time, to who answers it. One that an earlier version
indexed is forgotten when the role starts.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError
from sqlalchemy import Connection, Select, func, select, update

from stream.assessment import Assessment, Polarity
from stream.dead_letter import ANOTHER_SCHOOL, bury_all
from stream.follow import Effects
from stream.kept import GONE, assessments, posts, revisions
from stream.kill_point import reach
from stream.lanes import Lanes
from stream.log import Log, Record
from stream.logbook import each
from stream.position import positions
from stream.post import Kind
from stream.search import Document, Search, SearchDamaged, SearchFull, SearchRefused, SearchUnavailable
from stream.search.metrics import taken_in
from stream.store import Store, StoreUnavailable
from stream.topic import reader_of
from stream.wire import Instant, refusal

_log = logging.getLogger(__name__)
READER = "index"
CHUNK = 2000
SMALL = 500
"""Records of history in one step: a bulk of fewer costs the engine nearly as much."""
LOOK_SECONDS = 30.0
WALK_SECONDS = 600.0
"""Between two looks at the search while nobody asks it, and between two that read all of it."""


@dataclass(slots=True)
class _Words:
    """Of a post."""

    school: str
    id: str
    kind: Kind
    platform: str
    account_id: str
    thread_id: str
    text: str
    published_at: Instant
    fetched_at: Instant


@dataclass(slots=True)
class _Weight:
    """Of a hit."""

    weight: Annotated[int, Field(ge=0, le=100)]


@dataclass(slots=True)
class _Essence:
    """What the search needs of an assessment; the rest of a record is for the watch to read, which buries it whole
    where it is unsound. Reading no more takes a quarter of the time."""

    v: Literal[1, 2, 3]
    type: Literal["assessment"]
    post: _Words
    polarity: Polarity
    hits: tuple[_Weight, ...] = ()


_ESSENCE = TypeAdapter(_Essence)


class Indexing:
    """The index worker of one school."""

    def __init__(
        self,
        log: Log,
        store: Store,
        school: str,
        search: Search,
        clock: Callable[[], datetime],
        *,
        damaged: Callable[[str], None] = lambda _: None,
        full: Callable[[str], None] = lambda _: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Follow the assessments, apart from what raises alarms. `damaged` is told each time what the search has lost
        and the cure, a sentence in Chinese; `full` why it takes nothing in, and an empty string once it does again."""
        self._search, self._school, self._clock, self._damaged = search, school, clock, damaged
        self._monotonic = monotonic
        self._full, self._space = full, "?"
        self._look_at = self._walk_at = monotonic()
        self._unsound = ""
        self._store, self._messages_gone = store, False
        self._follower = Lanes(log, store, READER, clock=clock, small=SMALL, troubles=(SearchUnavailable,))

    @property
    def trouble(self) -> str:
        """Why it cannot work now, or an empty string."""
        return self._follower.trouble or self._unsound

    def step(self, limit: int = CHUNK, wait: float = 0.2) -> int:
        """Index what has come; gives how many records were taken. Looks by the way whether the search is sound."""
        if self._monotonic() >= self._look_at:
            self._look()
        if not self._messages_gone and not self.trouble:
            self._forget_messages()
        return self._follower.step(self._handle, limit, wait)

    def _look(self) -> None:
        """One that is away is looked for with every step, one that is damaged waits for a person."""
        whole = self._monotonic() >= self._walk_at
        try:
            self._search.healthy(whole=whole)
        except SearchUnavailable as error:
            self._unsound = str(error)
            self._tell(error)
            if not isinstance(error, SearchDamaged):
                return
        else:
            self._unsound = ""
            if whole:
                self._walk_at = self._monotonic() + WALK_SECONDS
        self._look_at = self._monotonic() + LOOK_SECONDS

    def _forget_messages(self) -> None:
        """Nothing of a private message is found, whatever indexed it."""
        try:
            with self._store.read() as conn:
                known = conn.execute(select(posts.c.school, posts.c.id).where(posts.c.kind == Kind.MESSAGE)).all()
            for start in range(0, len(known), CHUNK):
                by_school: dict[str, list[str]] = {}
                for row in known[start : start + CHUNK]:
                    by_school.setdefault(row.school, []).append(row.id)
                for school, ids in by_school.items():
                    self._search.delete(school, ids)
        except (SearchUnavailable, StoreUnavailable):
            return  # with the next step
        self._messages_gone = True

    def _tell(self, error: SearchUnavailable) -> None:
        if isinstance(error, SearchDamaged):
            self._damaged(str(error))
        if isinstance(error, SearchFull):
            self._tell_space(str(error))

    def _tell_space(self, words: str) -> None:
        """That there is space again is told once, also of what an earlier process told."""
        if words or words != self._space:
            self._space = words
            self._full(words)

    def _handle(self, records: Sequence[Record]) -> Effects:
        documents: list[Document] = []
        source: dict[str, Record] = {}
        bad: list[tuple[Record, str]] = []
        now = self._clock()
        for record in records:
            if b'"type":"counts"' in record.value[:64]:
                continue
            try:
                found = _ESSENCE.validate_json(record.value)
            except ValidationError as error:
                bad.append((record, str(refusal(error))))
                continue
            if found.post.school != self._school:
                bad.append((record, ANOTHER_SCHOOL.format(theirs=found.post.school, ours=self._school)))
            elif found.post.kind is not Kind.MESSAGE:
                documents.append(document(found, now))
                source[found.post.id] = record
        try:
            with taken_in(documents, self._clock):
                self._search.index(documents)
        except SearchRefused as refused:
            bad += [(source.get(one, records[0]), f"{one}：{why}") for one, why in refused.ids.items()]
        except SearchUnavailable as error:
            self._tell(error)
            raise
        if documents:
            self._tell_space("")
            each(_log, "入检索", [one.id for one in documents])
        reach("index.indexed_before_position")

        def effects(conn: Connection) -> None:
            bury_all(conn, reader_of(READER, records[0].topic), bad, self._clock())

        return effects

    def close(self) -> None:
        """Leave the group."""
        self._follower.close()


def document(assessment: Assessment | _Essence, now: datetime) -> Document:
    """The search document of an assessment, taken in at `now`. Its risk is what its own heaviest rule weighs, here as
    in a rebuild: what others add is known to the watch alone, and later."""
    post = assessment.post
    risk = max((hit.weight for hit in assessment.hits), default=0)
    return Document(
        post.school, post.id, post.kind, post.platform, post.account_id, post.thread_id, post.text,
        assessment.polarity, risk, post.published_at, post.fetched_at, now,
    )  # fmt: skip


def _searchable() -> Select[tuple[int]]:
    """Rows of what the search is made from: everything kept but private messages, and words whose time is over."""
    return (
        select(posts.c.row)
        .join(
            revisions,
            (revisions.c.school == posts.c.school)
            & (revisions.c.post_id == posts.c.id)
            & (revisions.c.revision == posts.c.revision),
        )
        .join(
            assessments,
            (assessments.c.school == posts.c.school)
            & (assessments.c.post_id == posts.c.id)
            & (assessments.c.revision == posts.c.revision),
        )
        .where(posts.c.kind != Kind.MESSAGE, revisions.c.text != GONE)
    )


def schools(store: Store) -> list[str]:
    """Whose posts the store keeps."""
    with store.read() as conn:
        return list(conn.execute(select(posts.c.school).distinct().order_by(posts.c.school)).scalars())


def kept_number(store: Store, school: str, after: int = 0) -> int:
    """How many documents `kept_documents` gives."""
    rows = _searchable().where(posts.c.school == school, posts.c.row > after).subquery()
    with store.read() as conn:
        return int(conn.execute(select(func.count()).select_from(rows)).scalar_one())


def kept_documents(store: Store, school: str, after: int = 0) -> Iterator[tuple[int, list[Document]]]:
    """What is kept, in chunks, each with its last row, to rebuild the search from. `after`: only later rows."""
    while True:
        with store.read() as conn:
            rows = conn.execute(
                _searchable()
                .add_columns(posts, revisions.c.text, assessments.c.polarity, assessments.c.hits)
                .where(posts.c.school == school, posts.c.row > after)
                .order_by(posts.c.row)
                .limit(CHUNK)
            ).all()
        if not rows:
            return
        after = rows[-1].row
        yield (
            after,
            [
                Document(
                    row.school, row.id, row.kind, row.platform, row.account_id, row.thread_id, row.text, row.polarity,
                    max((hit["weight"] for hit in row.hits), default=0), row.published_at, row.fetched_at,
                )
                for row in rows
            ],
        )  # fmt: skip


def read_again(conn: Connection, reader: str, behind: Mapping[int, int]) -> None:
    """Let this reader of the index read these partitions again from here: what it took is not in the store yet, so a
    rebuild from the store does not meet it. The role that is running is fenced and goes back."""
    for partition, at in behind.items():
        mine = (positions.c.reader == reader, positions.c.partition == partition, positions.c.next > at)
        conn.execute(update(positions).where(*mine).values(next=at))
