"""The index role: assessments in, search documents out. Search down stops nothing else; it resumes by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from stream.assessing import ASSESSED, bury_all
from stream.assessment import Assessment
from stream.follow import Effects, Follower
from stream.kept import assessments, posts, revisions
from stream.kill_point import reach
from stream.log import Log, Record
from stream.search import Document, Search, SearchRefused, SearchUnavailable
from stream.store import Store
from stream.wire import WireError

READER = "index"
CHUNK = 2000


class Indexing:
    """One index worker."""

    def __init__(self, log: Log, store: Store, search: Search, clock: Callable[[], datetime]) -> None:
        """Follow the assessments, apart from what raises alarms."""
        self._search, self._clock = search, clock
        self._follower = Follower(log, store, ASSESSED, READER, clock=clock, troubles=(SearchUnavailable,))

    @property
    def trouble(self) -> str:
        """Why it cannot work now, or an empty string."""
        return self._follower.trouble

    def step(self, limit: int = CHUNK, wait: float = 0.2) -> int:
        """Index what has come; gives how many records were taken."""
        return self._follower.step(self._handle, limit, wait)

    def _handle(self, records: Sequence[Record]) -> Effects:
        documents: list[Document] = []
        source: dict[str, Record] = {}
        bad: list[tuple[Record, str]] = []
        for record in records:
            if b'"type":"counts"' in record.value[:64]:
                continue
            try:
                documents.append(document(Assessment.from_wire(record.value)))
                source[documents[-1].id] = record
            except WireError as error:
                bad.append((record, str(error)))
        try:
            self._search.index(documents)
        except SearchRefused as refused:
            bad += [(source.get(one, records[0]), f"{one}：{why}") for one, why in refused.ids.items()]
        reach("index.indexed_before_position")

        def effects(conn: Connection) -> None:
            bury_all(conn, READER, bad, self._clock())

        return effects

    def close(self) -> None:
        """Leave the group."""
        self._follower.close()


def document(assessment: Assessment) -> Document:
    """The search document of an assessment; the risk of the watch is added by a rebuild."""
    post = assessment.post
    risk = max((hit.weight for hit in assessment.hits), default=0)
    return Document(
        post.school, post.id, post.kind, post.platform, post.account_id, post.thread_id, post.text,
        assessment.polarity, risk, post.published_at, post.fetched_at,
    )  # fmt: skip


def kept_documents(store: Store, school: str) -> Iterator[list[Document]]:
    """Everything kept, in chunks, to rebuild the search from."""
    after = 0
    while True:
        with store.read() as conn:
            rows = conn.execute(
                select(posts, revisions.c.text, assessments.c.polarity, assessments.c.risk)
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
                .where(posts.c.school == school, posts.c.row > after)
                .order_by(posts.c.row)
                .limit(CHUNK)
            ).all()
        if not rows:
            return
        after = rows[-1].row
        yield [
            Document(
                row.school, row.id, row.kind, row.platform, row.account_id, row.thread_id, row.text, row.polarity,
                row.risk, row.published_at, row.fetched_at,
            )
            for row in rows
        ]  # fmt: skip
