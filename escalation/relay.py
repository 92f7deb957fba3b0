"""Relay 转发与提及: which registered accounts passed on what the school's own account said; a quiet list, no alarm.

JY 16 and TF 10 ask it every day, NX 16 in major campaigns only and without a share; the others do not. Seen is what
stands in words: a relay keeps the words of what it relays. One that is only a picture or a link is not seen, and an
account without an interface is named as not seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, case, false, func, or_, select

from escalation.procedure import Pack, Source
from sentiment.normalise import normalise
from stream.account import Account, book
from stream.kept import posts, revisions
from stream.novelty import ALIKE, SHORTEST, grams, jaccard, letters
from stream.post import Kind, Route, Visibility

KEPT = 0.6
"""Share of the school's words that a relay keeps; half a sentence is a quotation."""
TITLE_KEPT = 0.9
ITEMS_MOST, POSTS_MOST = 60, 3_000


@dataclass(frozen=True, slots=True)
class Said:
    """One post as it is compared: `words` the grams of the text, `title` those of its first line."""

    id: str
    account_id: str
    at: datetime
    text: str
    url: str
    words: frozenset[str]
    title: frozenset[str]


@dataclass(frozen=True, slots=True)
class Item:
    """One post of the school's main account: who relayed it within the span (account id to when), who did not."""

    said: Said
    relayed: Mapping[str, datetime]
    missing: tuple[Account, ...]
    running: bool
    cut: bool = False
    """More was published within the span than is read: nobody is called missing, and there is no share."""

    @property
    def share(self) -> int | None:
        """Whole per cent of the accounts that are seen; None where there are none, or not all was read."""
        seen = 0 if self.cut else len(self.relayed) + len(self.missing)
        return round(100 * len(self.relayed) / seen) if seen else None


@dataclass(frozen=True, slots=True)
class Mentions:
    """Of one account's own posts in the time: how many there were, and how many mention the school's account."""

    account: Account
    posts: int
    mentioned: int


@dataclass(frozen=True, slots=True)
class Relays:
    """The list. `unseen`: accounts whose posts no machine reads; `cut`: older posts of the school are left out."""

    items: tuple[Item, ...]
    mentions: tuple[Mentions, ...]
    unseen: tuple[Account, ...]
    cut: bool = False

    @property
    def share(self) -> int | None:
        """Over all items whose span is over; None where there is none, or not all was read."""
        if self.cut or any(one.cut for one in self.items):
            return None
        over = [one for one in self.items if not one.running]
        seen = sum(len(one.relayed) + len(one.missing) for one in over)
        return round(100 * sum(len(one.relayed) for one in over) / seen) if seen else None


def is_relay(original: Said, other: Said) -> bool:
    """Whether `other` passes `original` on: its words, or the whole of its title line. Pure."""
    if original.words and other.words:
        kept = len(original.words & other.words) / len(original.words)
        if kept >= KEPT or jaccard(original.words, other.words) >= ALIKE:
            return True
    return bool(original.title) and len(original.title & other.words) / len(original.title) >= TITLE_KEPT


def reckon(
    ours: Sequence[Said], theirs: Sequence[Said], accounts: Sequence[Account], span: timedelta, now: datetime
) -> tuple[Item, ...]:
    """For each post of the school, the accounts that relayed it within the span. Pure."""
    out = []
    for one in ours:
        until = one.at + span
        relayed: dict[str, datetime] = {}
        for other in theirs:
            if one.at <= other.at <= until and other.account_id not in relayed and is_relay(one, other):
                relayed[other.account_id] = other.at
        bound = [account for account in accounts if account.watch_from <= one.at]
        missing = tuple(account for account in bound if account.id not in relayed)
        kept = {account.id: relayed[account.id] for account in bound if account.id in relayed}
        out.append(Item(one, kept, missing, running=until > now))
    return tuple(out)


def relays(
    conn: Connection, pack: Pack, school: str, begins: datetime, ends: datetime, now: datetime, word: str = ""
) -> Relays | None:
    """The list for main posts published from `begins` to `ends` (aware); None where the document asks no relay.

    `word`: only posts with these words (a campaign's name); needed where the duty is in campaigns only.
    """
    if pack.relay.source is Source.NONE:
        return None
    known = [one for one in book(conn, school).values() if one.active]
    bound = [one for one in known if not one.main]
    seen = [one for one in bound if one.route != Route.MANUAL]
    unseen = tuple(one for one in bound if one.route == Route.MANUAL)
    if pack.relay.campaigns_only and not word:
        return Relays((), (), unseen)
    span = pack.relay.span.after
    main = [one.id for one in known if one.main]
    rows = _rows(conn, school, main, begins, ends, POSTS_MOST + 1)
    ours = [_said(row) for row in rows if word in row.text and len(letters(normalise(row.text).text)) >= SHORTEST]
    cut = len(rows) > POSTS_MOST or len(ours) > ITEMS_MOST
    read = {one.id: one for one in ours}
    items = tuple(_item(conn, school, one, seen, span, now, read) for one in ours[:ITEMS_MOST])
    names = [f"@{one.name}" for one in known if one.main] + [f"@{name}" for name in pack.school_names]
    mentions = _mentions(conn, school, seen, begins, ends + span, names) if pack.relay.mention else ()
    return Relays(items, mentions, unseen, cut)


def _item(
    conn: Connection, school: str, one: Said, accounts: Sequence[Account], span: timedelta, now: datetime,
    read: dict[str, Said],
) -> Item:  # fmt: skip
    """One post of the school against what the accounts published within its span; `read` is kept between items."""
    until = one.at + span + timedelta(microseconds=1)
    rows = _rows(conn, school, [account.id for account in accounts], one.at, until, POSTS_MOST + 1)
    theirs = [read[row.id] if row.id in read else read.setdefault(row.id, _said(row)) for row in rows]
    (item,) = reckon([one], sorted(theirs, key=lambda other: other.at), accounts, span, now)
    return replace(item, missing=(), cut=True) if len(rows) > POSTS_MOST else item


def _mentions(
    conn: Connection, school: str, accounts: Sequence[Account], begins: datetime, ends: datetime, names: Sequence[str]
) -> tuple[Mentions, ...]:
    """Counted by the database, so that no bound cuts it."""
    named = or_(false(), *(revisions.c.text.icontains(name, autoescape=True) for name in names))
    query = _published(school, [one.id for one in accounts], begins, ends).with_only_columns(
        posts.c.account_id, func.count().label("posts"), func.sum(case((named, 1), else_=0)).label("mentioned")
    )
    found = {row.account_id: row for row in conn.execute(query.group_by(posts.c.account_id))}
    counted = [(one, found.get(one.id)) for one in accounts]
    return tuple(
        Mentions(one, int(row.posts), int(row.mentioned)) if row else Mentions(one, 0, 0) for one, row in counted
    )


def _published(school: str, accounts: Sequence[str], begins: datetime, ends: datetime) -> Select[Any]:
    return (
        select(posts.c.id, posts.c.account_id, posts.c.published_at, posts.c.url, revisions.c.text)
        .join(revisions, (revisions.c.school == posts.c.school) & (revisions.c.post_id == posts.c.id))
        .where(posts.c.school == school, posts.c.by_school, posts.c.kind == Kind.POST)
        .where(posts.c.account_id.in_(list(accounts)), revisions.c.revision == posts.c.revision)
        .where(posts.c.published_at >= begins, posts.c.published_at < ends)
        .where(posts.c.visibility != Visibility.VANISHED)
    )


def _rows(
    conn: Connection, school: str, accounts: Sequence[str], begins: datetime, ends: datetime, most: int
) -> list[Row[Any]]:
    query = _published(school, accounts, begins, ends)
    return list(conn.execute(query.order_by(posts.c.published_at.desc(), posts.c.id).limit(most)))


def _said(row: Row[Any]) -> Said:
    text = normalise(row.text).text
    return Said(
        row.id, row.account_id, row.published_at, row.text, row.url, grams(text), grams(text.strip().partition("\n")[0])
    )
