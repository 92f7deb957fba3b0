"""Finding consultations in what the watch takes in, in the watch's own transaction; a replay finds the same.

A question opens one consultation for its thread (a comment and what is said under it; a conversation of private
messages). The school's own reply in the thread answers it, by machine, with the place of the reply; a further question
after an answer opens it again. What was published before the account is watched is nobody's consultation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from escalation import timer
from escalation.consultation import WINDOW, WINDOWED, consultations, digest, held, matter_of
from escalation.consultation.course import begin_again, due_of, set_clocks, step
from escalation.consultation.question import asks, is_consultation, normal_form
from escalation.consultation.state import WAITING, Event, State
from escalation.incident import MACHINE, EntryKind
from escalation.notice import docket
from escalation.procedure import Pack, Source, Trigger
from stream.account import Account
from stream.assessment import Assessment
from stream.kept import posts
from stream.post import Kind, Post, Visibility

_KNOWN = select(consultations).where(
    consultations.c.school == bindparam("owner"), consultations.c.thread == bindparam("about")
)
_OPENED = insert(consultations).returning(consultations.c.id)
DEPTH = 6
"""Replies to replies are followed so far up to the comment that they stand under."""


def take(
    conn: Connection, pack: Pack, accounts: Mapping[str, Account], found: Sequence[Assessment], now: datetime,
    plain: Callable[[str], str] = normal_form,
) -> None:  # fmt: skip
    """Go through what the watch has just kept, in order. `plain`: a text's normal form, from who has it already."""
    owed = cache(lambda: _owed(pack))
    opened = False
    for one in found:
        account = accounts.get(one.post.account_id)
        if account is None or not account.active or one.post.published_at < account.watch_from:
            continue
        if one.post.by_school:
            _answered(conn, one.post, now)
        elif one.post.visibility is Visibility.VANISHED:
            _withdrawn(conn, one.post, now)
        elif is_consultation(one, plain):
            opened |= _asked(conn, owed(), account, one.post, now)
        elif one.post.kind is Kind.REPLY and asks(plain(one.post.text)):
            _asked_below(conn, one.post, now)
    if opened:
        digest.set_next(conn, found[0].post.school, now)


def thread_of(conn: Connection, post: Post) -> str:
    """The question thread that a line belongs to: a conversation, or the comment at its top."""
    if post.kind is Kind.MESSAGE:
        return post.thread_id
    name, parent = post.id, post.parent_id
    for _ in range(DEPTH):
        if parent is None or parent == post.thread_id:
            break
        name = parent
        own = (posts.c.school == post.school) & (posts.c.id == name)
        parent = conn.execute(select(posts.c.parent_id).where(own)).scalar()
    return name


def _known(conn: Connection, school: str, thread: str) -> Row[Any] | None:
    return conn.execute(_KNOWN, {"owner": school, "about": thread}).first()


def _owed(pack: Pack) -> dict[str, Any]:
    """What the document demands of an answer, as a consultation keeps it."""
    answer = pack.who([Trigger.CONSULTATION], 4)
    clause = next((one for one in answer.deadlines if one.source is Source.RULE), None)
    owed = pack.consultation.answer if not answer.silent and pack.consultation is not None else None
    return {
        "article": clause.article if clause is not None else "", "clause": clause.words if clause is not None else "",
        "source": owed.source if owed is not None else Source.NONE,
        "span_s": int(owed.after.total_seconds()) if owed is not None else None,
    }  # fmt: skip


def _asked(conn: Connection, owed: Mapping[str, Any], account: Account, post: Post, now: datetime) -> bool:
    """True where this question opened a consultation."""
    thread = thread_of(conn, post)
    known = _known(conn, post.school, thread)
    if known is not None:
        _again(conn, known, post, now)
        return False
    private = post.kind is Kind.MESSAGE
    ends = post.published_at + WINDOW if private and post.platform in WINDOWED else None
    number = conn.execute(_OPENED, {
        "school": post.school, "thread": thread, "post_id": post.id, "account_id": account.id,
        "platform": post.platform, "unit": account.unit, "private": private, "state": State.OPEN, "round": 1,
        "asked_at": post.published_at, "first_asked_at": post.published_at, "found_at": now, **owed,
        "due_at": due_of(owed["span_s"], now), "window_until": ends, "promise": "", "answer_url": "", "answer": "",
    }).scalar_one()  # fmt: skip
    matter = matter_of(number)
    docket.enter(conn, post.school, matter, now, f"/consultations/{number}")
    what = "私信" if private else "评论区提问"
    docket.line(conn, post.school, matter, now, EntryKind.MACHINE, f"见到{what}", f"账号 {account.name}")
    set_clocks(conn, held(conn, post.school, number), now)
    return True


def _asked_below(conn: Connection, post: Post, now: datetime) -> None:
    known = _known(conn, post.school, thread_of(conn, post))
    if known is not None:
        _again(conn, known, post, now)


def _again(conn: Connection, known: Row[Any], post: Post, now: datetime) -> None:
    """A further question in a thread: after an answer it opens again; before one it moves the platform's window."""
    row = held(conn, known.school, known.id)
    if post.published_at <= row.asked_at or post.id == row.post_id:
        return
    values: dict[str, Any] = {"post_id": post.id, "asked_at": post.published_at}
    if row.window_until is not None:
        values["window_until"] = post.published_at + WINDOW
    if row.state in WAITING:
        conn.execute(update(consultations).where(consultations.c.id == row.id).values(**values))
        if row.window_until is not None:
            _move_window(conn, row.id, row.school, now)
    elif row.state != State.NOT_ONE and (row.answered_at is None or post.published_at > row.answered_at):
        begin_again(conn, row, Event.ASKED_AGAIN, MACHINE, now, "该提问下又有提问", **values)


def _move_window(conn: Connection, number: int, school: str, now: datetime) -> None:
    timer.stop_matter(conn, school, matter_of(number), now, "window:")
    set_clocks(conn, held(conn, school, number), now)


def _answered(conn: Connection, post: Post, now: datetime) -> None:
    """The school's own line in a question thread."""
    if post.kind not in (Kind.COMMENT, Kind.REPLY, Kind.MESSAGE) or post.visibility is Visibility.VANISHED:
        return
    known = _known(conn, post.school, thread_of(conn, post))
    if known is None:
        return
    row = held(conn, known.school, known.id)
    if row.state not in WAITING or post.published_at < row.asked_at or post.id == row.answer_post_id:
        return
    late = row.promised_for or row.due_at
    words = "官方已在原处回复" + ("（逾期）" if late is not None and post.published_at > late else "")
    step(
        conn, row, Event.ANSWER_SEEN, MACHINE, now, words, post.url, answer_post_id=post.id, answer_url=post.url,
        answered_at=post.published_at,
    )  # fmt: skip


def _withdrawn(conn: Connection, post: Post, now: datetime) -> None:
    own = (consultations.c.school == post.school) & (consultations.c.post_id == post.id)
    known = conn.execute(select(consultations).where(own)).first()
    if known is not None and known.state in WAITING:
        row = held(conn, known.school, known.id)
        step(conn, row, Event.LAPSE, MACHINE, now, "提问已不可见", "提问人或平台已撤下提问，不再等待答复")
