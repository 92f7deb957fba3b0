"""Coverage: what we see of each account and what not. Written by the crawlers, read by desk and report.

A blind account is an alert of its own (design §7). Lamps: seen, late (older than twice the promised interval), blind
(older than six times, or the token has ended), off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    Row,
    Table,
    Text,
    bindparam,
    func,
    select,
    update,
)

from stream.account import Account, book
from stream.post import Route
from stream.store import metadata
from stream.store.types import Moment, Serial, Word

SHANGHAI = ZoneInfo("Asia/Shanghai")
LATE_AFTER = 2
BLIND_AFTER = 6
WHOLE_THREAD = frozenset({"show", "comments"})
"""Streams that read one thread to its end. They alone may be over (the post is old or gone): then nothing is unseen."""
UNROUTED = "已登记，未接采集途径"
BY_HAND = "由人工巡查，未接采集接口，请按时补录线索"
SWITCHED_OFF = "账号已停用，自 {at} 起不再采集"
NO_ROUTE = "采集途径已移除，自 {at} 起不再采集；请在设置里补上该账号的采集路线，或在名册里停用该账号"
STOPPED = "采集已停止，请联系维护人员核对该账号的采集接口"
QUOTA, SUSPECT = "quota", "suspect"
"""Values of `last_class` that are told as an alert: the quota is used up; rows vanished by the fifth at once."""
CLOCK_OFF = "本机时钟与平台时间相差"
"""With these words a `note` begins to tell by how many seconds our clock is off."""


class Lamp(StrEnum):
    """Whether the machine sees an account: shown beside a word, never alone."""

    ON = "on"
    LATE = "late"
    BLIND = "blind"
    OFF = "off"


sources = Table(
    "sources",
    metadata,
    Column("school", Word(32), primary_key=True),
    Column("id", Word(200), primary_key=True),
    Column("account_id", Word(100), nullable=False),
    Column("platform", Word(32), nullable=False),
    Column("stream", Word(100), nullable=False),
    Column("promised_s", Integer, nullable=False),
    Column("interval_s", Integer, nullable=False),
    Column("next_due", Moment(), nullable=False),
    Column("quiet_scans", Integer, nullable=False),
    Column("cursor", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("essential", Boolean, nullable=False),
    Column("taken_by", Word(64)),
    Column("taken_until", Moment()),
    Column("breaker", Word(16), nullable=False),
    Column("breaker_until", Moment()),
    Column("failures", Integer, nullable=False),
    Column("last_class", Word(16), nullable=False),
    Column("last_reason", Text, nullable=False),
    Column("last_try", Moment()),
    Column("last_full", Moment()),
    Column("seen", BigInteger, nullable=False),
    Column("shown", BigInteger),
    Column("token_until", Moment()),
    Column("note", Text, nullable=False),
    Column("closely_until", Moment()),
    Column("stopped_at", Moment()),
    Index(None, "school", "account_id"),
    Index(None, "next_due"),
)
"""One row per thing that is polled (a timeline, a comment stream, one post's comments): its plan and its health.

`essential`: its blindness makes the account blind. `shown`: how many the platform says there are; `seen`: how many we
have. `note`: a sentence in Chinese for the desk (for example why an article's comments are not visible yet).
`closely_until`: until then, for a grave incident there, what brings comments is looked at every two minutes or as often
as the day's quota carries, and essential sources may use the reserve.
`stopped_at`: since when it is not polled because its account or route is off, `note` then says which; None where it is
polled, or over. All that have it wake together.
"""

scans = Table(
    "scans",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("school", Word(32), nullable=False),
    Column("source_id", Word(200), nullable=False),
    Column("account_id", Word(100), nullable=False),
    Column("at", Moment(), nullable=False),
    Column("outcome", Word(16), nullable=False),
    Column("full", Boolean, nullable=False),
    Column("requests", Integer, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("new", Integer, nullable=False),
    Index(None, "school", "account_id", "at"),
)
"""Every scan that was made, for the 48 half-hours of the coverage page."""

gaps = Table(
    "gaps",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("school", Word(32), nullable=False),
    Column("account_id", Word(100), nullable=False),
    Column("source_id", Word(200), nullable=False),
    Column("opened_at", Moment(), nullable=False),
    Column("closed_at", Moment()),
    Column("reason", Text, nullable=False),
    Index(None, "school", "account_id"),
)
"""What was not seen, from when to when and why: stored when it happens, never inferred later."""


def promised_of(conn: Connection, school: str, account_id: str) -> timedelta | None:
    """How often an account is looked at, by the slowest of its essential sources; None where nothing looks at it."""
    promised = conn.execute(
        select(func.max(sources.c.promised_s)).where(
            sources.c.school == school, sources.c.account_id == account_id, sources.c.essential, sources.c.active
        )
    ).scalar()
    return None if promised is None else timedelta(seconds=promised)


def watch_closely(conn: Connection, school: str, account_id: str, until: datetime, now: datetime) -> None:
    """Look at every source of an account as often as manners allow, from `now` until `until` (both aware)."""
    mine = (sources.c.school == school) & (sources.c.account_id == account_id) & sources.c.active
    conn.execute(update(sources).where(mine).values(closely_until=until))
    later = sources.c.essential & (sources.c.next_due > now)
    conn.execute(update(sources).where(mine, later).values(next_due=now))


@dataclass(frozen=True, slots=True)
class Sight:
    """How an account stands now: the worst of its essential sources. `age` is None where nothing was ever seen."""

    account_id: str
    lamp: Lamp
    age: timedelta | None
    seen: int
    shown: int | None
    token_until: datetime | None
    reason: str


def lamp(
    now: datetime, *, active: bool, promised: timedelta, last_full: datetime | None, token_until: datetime | None
) -> Lamp:
    """The lamp of one source at `now` (aware)."""
    if not active:
        return Lamp.OFF
    if token_until is not None and token_until <= now:
        return Lamp.BLIND
    if last_full is None or now - last_full > promised * BLIND_AFTER:
        return Lamp.BLIND
    return Lamp.LATE if now - last_full > promised * LATE_AFTER else Lamp.ON


GRAVITY = {Lamp.BLIND: 3, Lamp.LATE: 2, Lamp.ON: 1, Lamp.OFF: 0}


_SOURCES = select(sources).where(sources.c.school == bindparam("house")).order_by(sources.c.id)


def sights(conn: Connection, school: str, now: datetime) -> Sequence[Sight]:
    """Every active account with its worst essential lamp; one that nothing looks at is blind.

    `seen` and `shown` are summed over the sources that know both.
    """
    by_account: dict[str, list[Row[Any]]] = {}
    for row in conn.execute(_SOURCES, {"house": school}):
        by_account.setdefault(row.account_id, []).append(row)
    active = [one for one in book(conn, school).values() if one.active]
    return [_sight(one, by_account.get(one.id, []), now) for one in active]


def _sight(account: Account, polled: Sequence[Row[Any]], now: datetime) -> Sight:
    account_id, (state, worst) = account.id, worst_of(polled, now)
    if worst is None:
        return Sight(
            account_id, state, None, sum(row.seen for row in polled), None, None, why_unpolled(account.route, polled)
        )
    known = [row for row in polled if row.active and row.shown is not None]
    return Sight(
        account_id,
        state,
        now - worst.last_full if worst.last_full else None,
        sum(row.seen for row in (known or polled)),
        sum(row.shown for row in known) if known else None,
        worst.token_until,
        reason_of(worst),
    )


class Polled(Protocol):
    """What the judgement of one source reads: a row of `sources`, or a record made from one.

    `promised_s`: seconds between two reads; `last_full`, `token_until`, `stopped_at`: aware, None where it never was.
    """

    @property
    def stream(self) -> str: ...
    @property
    def essential(self) -> bool: ...
    @property
    def active(self) -> bool: ...
    @property
    def promised_s(self) -> int: ...
    @property
    def last_full(self) -> datetime | None: ...
    @property
    def token_until(self) -> datetime | None: ...
    @property
    def stopped_at(self) -> datetime | None: ...
    @property
    def note(self) -> str: ...
    @property
    def last_reason(self) -> str: ...


Source = TypeVar("Source", Row[Any], Polled)


def standing(polled: Sequence[Source]) -> list[Source]:
    """The sources that decide how an account stands; none where nothing looks at it.

    `polled`: all its rows of `sources`. A thread that is over counts no more; any other essential source that was
    switched off counts, and is blind.
    """
    if not any(row.active for row in polled):
        return []
    return [row for row in polled if row.essential and (row.active or row.stream not in WHOLE_THREAD)]


def worst_of(polled: Sequence[Source], now: datetime) -> tuple[Lamp, Source | None]:
    """The lamp of an active account and the source that decides it; blind and None where nothing looks at it."""
    lamps = [(lamp_of(row, now), row) for row in standing(polled)]
    if not lamps:
        return Lamp.BLIND, None
    return max(
        lamps, key=lambda one: (GRAVITY[one[0]], timedelta.max if not one[1].last_full else now - one[1].last_full)
    )


def lamp_of(row: Source, now: datetime) -> Lamp:
    """The lamp of one source that stands: one that was switched off is blind."""
    if not row.active:
        return Lamp.BLIND
    promised = timedelta(seconds=row.promised_s)
    return lamp(now, active=True, promised=promised, last_full=row.last_full, token_until=row.token_until)


def blind_since(row: Source, now: datetime) -> datetime | None:
    """Since when a source that is blind at `now` is not seen: its last full sight or its token's end; None: ever."""
    if row.last_full is None:
        return None
    ended = row.token_until if row.token_until is not None and row.token_until <= now else None
    promised = timedelta(seconds=row.promised_s)
    stale = not row.active or lamp(
        now, active=True, promised=promised, last_full=row.last_full, token_until=None
    ) is Lamp.BLIND  # fmt: skip
    since: datetime = min(ended, row.last_full) if ended and stale else ended or row.last_full
    return since


def said_since(words: str, at: datetime) -> str:
    """Why and since when nothing is polled: SWITCHED_OFF or NO_ROUTE with the instant in Asia/Shanghai."""
    return words.format(at=f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}")


def reason_of(row: Source) -> str:
    """What a source says for itself: a sentence for the desk, empty where all is well."""
    if not row.active:
        return str(row.note) if row.stopped_at is not None else STOPPED
    return str(row.note or row.last_reason)


def why_unpolled(route: str, polled: Sequence[Source]) -> str:
    """Why nothing looks at an account, as a sentence for the desk."""
    if route == Route.MANUAL:
        return BY_HAND
    stopped = [(row.stopped_at, row.note) for row in polled if row.stopped_at is not None]
    return str(max(stopped, key=lambda one: one[0])[1]) if stopped else UNROUTED
