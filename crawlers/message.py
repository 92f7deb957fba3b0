"""A private message 私信 that somebody read in an account's own backstage and typed in, as a Post like any other.

This program reads no account's backstage; the keeper copies the words, and nothing of who wrote them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

from crawlers.lead import Problem, Taken, read_instant
from crawlers.redaction import redact
from crawlers.shape import AHEAD, EARLIEST
from stream import account
from stream.account import Account
from stream.log import Log
from stream.post import TEXT_LIMIT, Kind, Post, Route, door
from stream.store import Store
from stream.topic import POSTS

ACCOUNT, TEXT, SENT = "账号", "原文", "来信时间"


def take_message(
    store: Store, log: Log, school: str, form: Mapping[str, str], now: datetime
) -> Taken | tuple[Problem, ...]:
    """Take one message from the form (`account`: its id, `text`, `sent_at`); the same one twice is one post.

    Raises LogUnavailable, StoreUnavailable: nothing is recorded, the same form may be sent again.
    """
    with store.read() as conn:
        book = account.book(conn, school)
    read = read_message(form, school, book, now)
    if not isinstance(read, Post):
        return tuple(read)
    log.append(POSTS, [(read.thread_id, read.wire())])
    return Taken((read.id,))


def read_message(
    form: Mapping[str, str], school: str, book: Mapping[str, Account], now: datetime
) -> Post | list[Problem]:
    """The form as a post, or everything that is wrong with it. Pure."""
    problems: list[Problem] = []
    about = book.get(str(form.get("account", "")).strip())
    if about is None or not about.active:
        problems.append(Problem(0, ACCOUNT, "请选择收到私信的账号"))
    words = str(form.get("text", "")).strip()
    if not words:
        problems.append(Problem(0, TEXT, "请照抄私信原文，不要写来信人的姓名或昵称"))
    elif len(words) > TEXT_LIMIT:
        problems.append(Problem(0, TEXT, f"至多 {TEXT_LIMIT} 字"))
    given = str(form.get("sent_at", "")).strip().replace("T", " ")
    sent = read_instant(given) if given else now
    if sent is None or not EARLIEST <= sent <= now + AHEAD:
        problems.append(Problem(0, SENT, "请选择来信的日期和时间，不晚于现在"))
    if problems or about is None or sent is None:
        return problems
    text, digest, cut = door(redact(words, frozenset(one.name for one in book.values())))
    mark = hashlib.sha256(f"{about.id}|{sent:%Y%m%d%H%M}|{digest}".encode()).hexdigest()[:24]
    name = f"{about.platform}:message:{mark}"
    return Post(
        school=school, id=name, kind=Kind.MESSAGE, platform=about.platform, account_id=about.id, thread_id=name,
        text=text, text_hash=digest, cut=cut, published_at=sent, first_seen_at=now, fetched_at=now,
        revision=digest[:16], route=Route.MANUAL,
    )  # fmt: skip
