"""/events: what happens, as it happens, over server-sent events. One poller of the store serves every reader.

An event's id is the mark (`escalation.web.news`) up to which its reader has been told. A browser that comes back with
`Last-Event-ID` is told at once what it missed, and nothing that it has heard; a page asks for what came `after` the
mark up to which its own words were read, so that nothing falls between the page and its line. A beat goes out every
BEAT seconds; it carries the server's time and is how the page knows that it is not looking at yesterday. With every
beat, and before news to somebody who does not see everything, the session and what it may see are looked up again.
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
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import StreamingResponse

from escalation.people import Role
from escalation.web.desk import Desk
from escalation.web.gate import NotAllowed, NotSignedIn, Only, Visitor, desk_of, recognised
from escalation.web.news import Change, Mark, News, newest, since
from escalation.web.scope import Scope
from stream.store import StoreUnavailable

router = APIRouter()
POLL = 0.5
BEAT = 15.0
PER_USER = 5
HEARS = (Role.MONITOR, Role.PUBLICITY, Role.SCHOOL_LEADER, Role.UNIT_LEADER, Role.KEEPER)
HEARS_POSTS = frozenset({Role.MONITOR, Role.PUBLICITY})
WAITING = 256


@dataclass(eq=False)
class Reader:
    """One open stream: whose it is, what it may see, how far it was told, and what waits to be written to it."""

    who: str
    token: str
    scope: Scope
    hears_posts: bool
    mark: Mark = field(default_factory=lambda: Mark(0, 0))
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

    def reach_back(self, mark: Mark) -> None:
        """Let the next look begin where a reader was told to stand; what others have heard, `told` leaves out."""
        self._mark = mark if self._mark is None else self._mark.older(mark)

    async def _watch(self) -> None:
        while self._readers:
            with contextlib.suppress(StoreUnavailable):
                start = self._mark
                news = await asyncio.to_thread(self._look, start)
                if news is not None:
                    if self._mark is start:
                        self._mark = news.mark
                    for reader in list(self._readers) if start is not None else ():
                        _offer(reader, news)
            await asyncio.sleep(self.poll)
        self._mark = None

    def _look(self, start: Mark | None) -> News | None:
        with self.desk.store.read() as conn:
            if start is None:
                return News(newest(conn, self.desk.school), (), 0)
            return since(conn, self.desk.school, start)

    def missed(self, mark: Mark | None) -> tuple[Mark, News | None]:
        """Where a reader that comes (back) stands, and what it missed. A mark ahead of the store is none of ours."""
        with self.desk.store.read() as conn:
            stands = newest(conn, self.desk.school)
            if mark is None or mark.entry > stands.entry or mark.post > stands.post:
                return stands, None
            return mark, since(conn, self.desk.school, mark)

    def admit(self, reader: Reader) -> bool:
        """Bring what a reader may hear up to date; False where its session no longer stands or may not listen.

        Raises StoreUnavailable; then nothing is known, and the reader is told nothing until it is.
        """
        with self.desk.store.read() as conn:
            found = recognised(conn, self.desk.school, reader.token, self.desk.clock())
        if found is None or not found[0].roles & set(HEARS):
            return False
        reader.hears_posts, reader.scope = bool(found[0].roles & HEARS_POSTS), found[2]
        return True


def _offer(reader: Reader, news: News) -> None:
    """A reader that does not keep up loses the oldest news; its next event makes it fetch everything anyway."""
    if reader.waiting.full():
        reader.waiting.get_nowait()
    reader.waiting.put_nowait(news)


def event(name: str, data: object, mark: Mark | None = None) -> str:
    """One event as it goes over the wire."""
    head = f"id: {mark}\n" if mark is not None else ""
    return f"{head}event: {name}\ndata: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n"


def _sees(scope: Scope, change: Change) -> bool:
    return scope.sees(
        incident_id=change.incident_id,
        unit=change.unit,
        assignee=change.assignee,
        account_id=change.account_id,
        care=change.care,
    )


def told(reader: Reader, news: News) -> str:
    """News as events for one reader: only what it may see and was not told, and how far it is told with it."""
    before, reader.mark = reader.mark, reader.mark.newer(news.mark)
    seen = [one.said for one in news.changes if _sees(reader.scope, one) and not before.covers(one.entry_id)]
    parts = [event("incidents", seen, reader.mark)] if seen else []
    if news.posts and reader.hears_posts and news.mark.post > before.post:
        parts.append(event("posts", {"new": news.posts}, reader.mark))
    return "".join(parts) or event("mark", {}, reader.mark)


@router.get("/events")
async def events(
    request: Request,
    visitor: Annotated[Visitor, Depends(Only(*HEARS))],
    after: str = "",
) -> StreamingResponse:
    """The stream."""
    lookout: Lookout = request.app.state.lookout
    hears = visitor.has(*HEARS_POSTS)
    reader = Reader(f"{visitor.user.school}/{visitor.user.name}", visitor.token, visitor.scope, hears)
    lookout.enter(reader)
    try:
        mark = Mark.read(request.headers.get("last-event-id", "") or after)
        reader.mark, first = await asyncio.to_thread(lookout.missed, mark)
        lookout.reach_back(first.mark if first else reader.mark)
        if first is not None and not await asyncio.to_thread(lookout.admit, reader):
            raise NotSignedIn
    except BaseException:
        lookout.leave(reader)
        raise
    opening = "retry: 2000\n" + _beat(desk_of(request).clock(), reader.mark) + (told(reader, first) if first else "")
    return StreamingResponse(
        flow(lookout, reader, opening), media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )  # fmt: skip


def _beat(now: datetime, mark: Mark | None = None) -> str:
    return event("beat", {"now": int(now.timestamp() * 1000)}, mark)


async def flow(lookout: Lookout, reader: Reader, opening: str) -> AsyncIterator[str]:
    """Write to one reader until it goes, its session ends or the application stops."""
    loop = asyncio.get_running_loop()
    try:
        yield opening
        beaten, news = loop.time(), None
        while not lookout.closing.is_set():
            news = news or await _next(reader, beaten + lookout.beat - loop.time())
            due = loop.time() - beaten >= lookout.beat
            try:
                looks = due or (news is not None and not reader.scope.everything)
                if looks and not await asyncio.to_thread(lookout.admit, reader):
                    yield event("gone", {})
                    return
            except StoreUnavailable:
                await asyncio.sleep(lookout.poll)
                continue
            if news is not None and not lookout.closing.is_set():
                yield told(reader, news)
            if due:
                yield _beat(lookout.desk.clock())
                beaten = loop.time()
            news = None
    finally:
        lookout.leave(reader)


async def _next(reader: Reader, wait: float) -> News | None:
    """What waits for a reader, or comes within `wait` seconds; None where nothing does."""
    if not reader.waiting.empty():
        return reader.waiting.get_nowait()
    with contextlib.suppress(TimeoutError):
        return await asyncio.wait_for(reader.waiting.get(), wait)
    return None
