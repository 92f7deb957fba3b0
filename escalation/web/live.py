"""/events: what happens, as it happens, over server-sent events. One poller of the store serves every reader.

An event's id is `entry.post`: the newest line of the log and the newest row of posts that it covers. A browser that
comes back with `Last-Event-ID` is told at once what it missed. A beat goes out every BEAT seconds; it carries the
server's time and is how the page knows that it is not looking at yesterday.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import StreamingResponse
from sqlalchemy import Connection, func, select

from escalation import user
from escalation.incident import entries, incidents
from escalation.people import Role
from escalation.web.desk import Desk
from escalation.web.gate import NotAllowed, Only, Visitor, desk_of
from escalation.web.scope import Scope
from stream.kept import posts
from stream.store import StoreUnavailable

router = APIRouter()
POLL = 0.5
BEAT = 15.0
PER_USER = 5
CAUGHT_UP = 200
WAITING = 256


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """How far somebody has read: the newest entry and the newest post row."""

    entry: int
    post: int

    def __str__(self) -> str:
        return f"{self.entry}.{self.post}"

    @staticmethod
    def read(text: str) -> Mark | None:
        """The mark in an event id; None where it is none of ours."""
        entry, _, post = text.partition(".")
        if not (entry.isdecimal() and post.isdecimal() and len(text) < 40):
            return None
        return Mark(int(entry), int(post))


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one incident, as far as a row policy and a page need it."""

    unit: str
    assignee: str | None
    account_id: str
    said: dict[str, Any]


@dataclass(frozen=True, slots=True)
class News:
    """What one look at the store found new."""

    mark: Mark
    changes: tuple[Change, ...]
    posts: int


def newest(conn: Connection, school: str) -> Mark:
    """Where the store stands."""
    entry = conn.execute(select(func.max(entries.c.id))).scalar() or 0
    post = conn.execute(select(func.max(posts.c.row)).where(posts.c.school == school)).scalar() or 0
    return Mark(entry, post)


def since(conn: Connection, school: str, mark: Mark) -> News | None:
    """What came after a mark; None where nothing did. At most CAUGHT_UP lines, the newest ones."""
    now = newest(conn, school)
    if now == mark:
        return None
    rows = conn.execute(
        select(
            entries.c.id, entries.c.kind, incidents.c.number, incidents.c.level, incidents.c.state, incidents.c.care,
            incidents.c.title, incidents.c.unit, incidents.c.assignee, incidents.c.account_id, incidents.c.opened_at,
            entries.c.at,
        )
        .join(incidents, incidents.c.id == entries.c.incident_id)
        .where(incidents.c.school == school, entries.c.id > mark.entry, entries.c.id <= now.entry)
        .order_by(entries.c.id.desc())
        .limit(CAUGHT_UP)
    ).all()  # fmt: skip
    changes = tuple(
        Change(
            row.unit, row.assignee, row.account_id,
            {
                "number": row.number, "level": row.level, "state": row.state, "kind": row.kind,
                "opened": row.at <= row.opened_at, "title": "疑似心理求助" if row.care else row.title,
            },
        )
        for row in reversed(rows)
    )  # fmt: skip
    return News(now, changes, max(0, now.post - mark.post))


@dataclass(eq=False)
class Reader:
    """One open stream: whose it is, what it may see, and what waits to be written to it."""

    who: str
    token: str
    scope: Scope
    hears_posts: bool
    waiting: asyncio.Queue[News] = field(default_factory=lambda: asyncio.Queue(WAITING))


class Lookout:
    """Looks at the store on behalf of all readers, and only while there are any."""

    def __init__(self, desk: Desk, poll: float = POLL, beat: float = BEAT) -> None:
        """Look every `poll` seconds, beat every `beat`."""
        self.desk, self.poll, self.beat = desk, poll, beat
        self.closing = asyncio.Event()
        self._readers: set[Reader] = set()
        self._count: Counter[str] = Counter()
        self._task: asyncio.Task[None] | None = None
        self._mark: Mark | None = None

    @asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        """Stop looking when the application stops."""
        yield
        self.close()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def close(self) -> None:
        """End every stream, so that a server that waits for its connections can stop. From the server's own thread."""
        self.closing.set()
        for reader in list(self._readers):
            _offer(reader, News(Mark(0, 0), (), 0))

    def enter(self, reader: Reader) -> None:
        """Begin to serve a reader. Raises NotAllowed over PER_USER streams of one user."""
        if self._count[reader.who] >= PER_USER:
            raise NotAllowed(f"同一人最多同时打开 {PER_USER} 个实时页面，请关闭不用的页面。")
        self._count[reader.who] += 1
        self._readers.add(reader)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch())

    def leave(self, reader: Reader) -> None:
        """End serving a reader."""
        if reader in self._readers:
            self._readers.discard(reader)
            self._count[reader.who] -= 1

    async def _watch(self) -> None:
        while self._readers:
            with contextlib.suppress(StoreUnavailable):
                news = await asyncio.to_thread(self._look)
                if news is not None:
                    for reader in list(self._readers):
                        _offer(reader, news)
            await asyncio.sleep(self.poll)
        self._mark = None

    def _look(self) -> News | None:
        with self.desk.store.read() as conn:
            if self._mark is None:
                self._mark = newest(conn, self.desk.school)
                return None
            news = since(conn, self.desk.school, self._mark)
        if news is not None:
            self._mark = news.mark
        return news

    def missed(self, mark: Mark) -> News | None:
        """What a reader that comes back has missed."""
        with self.desk.store.read() as conn:
            return since(conn, self.desk.school, mark)

    def standing(self) -> Mark:
        """Where the store stands now."""
        with self.desk.store.read() as conn:
            return newest(conn, self.desk.school)

    def known(self, token: str, now: datetime) -> bool:
        """Whether a session still stands."""
        with self.desk.store.read() as conn:
            return user.recognise(conn, token, now) is not None


def _offer(reader: Reader, news: News) -> None:
    """A reader that does not keep up loses the oldest news; its next event makes it fetch everything anyway."""
    if reader.waiting.full():
        reader.waiting.get_nowait()
    reader.waiting.put_nowait(news)


def event(name: str, data: object, mark: Mark | None = None) -> str:
    """One event as it goes over the wire."""
    head = f"id: {mark}\n" if mark is not None else ""
    return f"{head}event: {name}\ndata: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n"


def told(reader: Reader, news: News) -> str:
    """News as events for one reader: only what it may see."""
    seen = [change.said for change in news.changes if reader.scope.sees(change)]
    parts = [event("incidents", seen, news.mark)] if seen else []
    if news.posts and reader.hears_posts:
        parts.append(event("posts", {"new": news.posts}, news.mark))
    return "".join(parts) or event("mark", {}, news.mark)


@router.get("/events")
async def events(
    request: Request,
    visitor: Annotated[
        Visitor, Depends(Only(Role.MONITOR, Role.PUBLICITY, Role.SCHOOL_LEADER, Role.UNIT_LEADER, Role.KEEPER))
    ],
) -> StreamingResponse:
    """The stream."""
    lookout: Lookout = request.app.state.lookout
    hears = visitor.has(Role.MONITOR, Role.PUBLICITY)
    reader = Reader(f"{visitor.user.school}/{visitor.user.name}", visitor.token, visitor.scope, hears)
    lookout.enter(reader)
    try:
        mark = Mark.read(request.headers.get("last-event-id", ""))
        first = await asyncio.to_thread(lookout.missed, mark) if mark else None
        standing = first.mark if first else mark or await asyncio.to_thread(lookout.standing)
    except BaseException:
        lookout.leave(reader)
        raise
    opening = "retry: 2000\n" + _beat(desk_of(request).clock(), standing) + (told(reader, first) if first else "")
    return StreamingResponse(
        flow(lookout, reader, opening), media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )  # fmt: skip


def _beat(now: datetime, mark: Mark | None = None) -> str:
    return event("beat", {"now": int(now.timestamp() * 1000)}, mark)


async def flow(lookout: Lookout, reader: Reader, opening: str) -> AsyncIterator[str]:
    """Write to one reader until it goes, its session ends or the application stops."""
    try:
        yield opening
        while not lookout.closing.is_set():
            try:
                news = await asyncio.wait_for(reader.waiting.get(), lookout.beat)
            except TimeoutError:
                now = lookout.desk.clock()
                with contextlib.suppress(StoreUnavailable):
                    if not await asyncio.to_thread(lookout.known, reader.token, now):
                        yield event("gone", {})
                        return
                    yield _beat(now)
                continue
            if not lookout.closing.is_set():
                yield told(reader, news)
    finally:
        lookout.leave(reader)
