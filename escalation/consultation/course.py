"""The steps of a consultation, each one transaction with its state, clocks, log and audit; and what persons may do."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, Row, update

from escalation import audit, timer
from escalation.clock_words import moment
from escalation.consultation import consultations, held, matter_of
from escalation.consultation.state import CONSULTATION, STATE_WORDS, WAITING, Event, State
from escalation.deed import must_fit
from escalation.incident import MACHINE, Actor, EntryKind
from escalation.notice import docket
from escalation.procedure import Source
from escalation.retention import COMMENT_TEXT
from escalation.state_table import IllegalStep
from escalation.timer import TimerKind

LONGEST = 500
LINK_LIMIT = 1000
PROMISE_MOST = timedelta(days=30)
"""系统默认，非校规: no document says how long a promised answer may take (JY 11)."""


def step(
    conn: Connection, row: Row[Any], event: Event, actor: Actor, now: datetime, heading: str, text: str = "",
    **values: Any,
) -> State:  # fmt: skip
    """Take one step: state, clocks, docket and log, the audit last where a person took it. Raises IllegalStep."""
    to = CONSULTATION.step(State(row.state), event, actor.roles)
    after = to in WAITING
    ended: dict[str, Any] = {"ended_at": None, "ended_by": None} if after else {"ended_at": now, "ended_by": actor.id}
    moved = conn.execute(
        update(consultations)
        .where(consultations.c.id == row.id, consultations.c.state == row.state)
        .values(**(ended | {"state": to} | values))
    )
    if moved.rowcount != 1:
        raise IllegalStep("这一咨询刚被他人处理，请刷新后再试。未作任何更改。")
    matter = matter_of(row.id)
    if not after:
        docket.end(conn, row.school, matter, now)
    kind = EntryKind.MACHINE if actor is MACHINE else EntryKind.PERSON
    docket.line(conn, row.school, matter, now, kind, heading, text, actor=actor.name, article=row.article)
    if actor is not MACHINE:
        audit.record(
            conn, school=row.school, now=now, actor=actor.id, action=f"consultation.{event}", subject=matter,
            detail={"from": row.state, "to": to}, ip=actor.ip,
        )  # fmt: skip
    return to


def answer(
    conn: Connection, school: str, number: int, actor: Actor, now: datetime, how: str, link: str = "",
) -> None:  # fmt: skip
    """登记答复: a person says that it was answered, how, and where (a link may be empty: by telephone, in person)."""
    row = held(conn, school, number)
    how = must_fit(how, LONGEST, "答复情况")
    if not how:
        raise IllegalStep("请写明怎样答复的，例如“已在评论区回复”“已电话答复”。未作任何更改。")
    link = must_fit(link, LINK_LIMIT, "链接")
    if link and (urlsplit(link).scheme not in ("http", "https") or not urlsplit(link).hostname):
        raise IllegalStep("链接须以 http:// 或 https:// 开头；没有链接的可不填。未作任何更改。")
    late = _late(row, now)
    step(conn, row, Event.ANSWER, actor, now, f"登记答复{late}", how, answer=how, answer_url=link, answered_at=now)


def promise(
    conn: Connection, school: str, number: int, actor: Actor, now: datetime, until: datetime, words: str
) -> None:
    """承诺答复期限: not answered at once, so a time is named to the asker; it has a clock of its own.

    A further promise moves the time; every promise stays in the log.
    """
    row = held(conn, school, number)
    words = must_fit(words, LONGEST, "怎样告知提问人")
    if until <= now:
        raise IllegalStep("承诺的答复时间须在此刻之后。未作任何更改。")
    if until > now + PROMISE_MOST:
        raise IllegalStep(
            f"承诺的答复时间最迟为 {PROMISE_MOST.days} 日后（系统默认，非校规）；需要更久的，请先答复进展。"
            "未作任何更改。"
        )
    if not words:
        raise IllegalStep("请写明怎样告知提问人的，例如“已在评论区回复：周五前答复”。未作任何更改。")
    if State(row.state) is State.PROMISED and (row.promised_for, row.promise) == (until, words):
        raise IllegalStep("已登记同样的承诺。未作任何更改。")
    matter = matter_of(row.id)
    heading = f"承诺 {moment(until, now)} 前答复"
    step(
        conn, row, Event.PROMISE, actor, now, heading, words, promised_at=now, promised_for=until, promise=words,
        overdue_at=None if State(row.state) is State.OPEN else row.overdue_at, late_at=_late_at(row, now),
    )  # fmt: skip
    for begins in ("answer:", "promise:"):
        timer.stop_matter(conn, school, matter, now, begins)
    timer.set_timers(conn, [
        _clock(row, f"promise:{timer.count_matter(conn, school, matter, 'promise:') + 1}", "承诺的答复", until, now)
        | {"source": Source.RULE if row.article else Source.NONE}
    ])  # fmt: skip


def dismiss(conn: Connection, school: str, number: int, actor: Actor, now: datetime, why: str) -> None:
    """不是咨询: the machine was wrong, says a person, and why."""
    row = held(conn, school, number)
    why = must_fit(why, LONGEST, "理由")
    if not why:
        raise IllegalStep("请写明为什么不是咨询。未作任何更改。")
    step(conn, row, Event.DISMISS, actor, now, "记为不是咨询", why)


def reopen(conn: Connection, school: str, number: int, actor: Actor, now: datetime, why: str) -> None:
    """重新列为待答: the reply was none, or it was a consultation after all; a whole new clock."""
    row = held(conn, school, number)
    why = must_fit(why, LONGEST, "理由")
    if not why:
        raise IllegalStep("请写明为什么重新列为待答。未作任何更改。")
    begin_again(conn, row, Event.REOPEN, actor, now, "重新列为待答", why, asked_at=row.asked_at)


def begin_again(
    conn: Connection, row: Row[Any], event: Event, actor: Actor, now: datetime, heading: str, text: str = "", *,
    asked_at: datetime, **values: Any,
) -> None:  # fmt: skip
    """A further round: open again with clocks of its own; what was answered before stays in the log."""
    further = row.round + 1
    step(
        conn, row, event, actor, now, heading, text, round=further, asked_at=asked_at, due_at=due_of(row.span_s, now),
        promised_at=None, promised_for=None, promise="", overdue_at=None, late_at=None, found_at=now, **values,
    )  # fmt: skip
    set_clocks(conn, held(conn, row.school, row.id), now)


def due_of(span_s: int | None, now: datetime) -> datetime | None:
    """By when it is to be answered, counted from when it was found; None where nothing is owed."""
    return now + timedelta(seconds=span_s) if span_s is not None else None


def set_clocks(conn: Connection, row: Row[Any], now: datetime) -> None:
    """The clocks of a round: the answer's, the platform's window, and the day when the text is kept no longer."""
    rows = [_clock(row, f"expire:{row.round}", "原文保存期满", row.asked_at + COMMENT_TEXT, now)]
    if row.due_at is not None:
        rows.append(_clock(row, f"answer:{row.round}", "答复咨询", row.due_at, now) | {"source": row.source})
    if row.window_until is not None:
        rows.append(_clock(row, f"window:{row.window_until.isoformat()}", "私信回复窗口", row.window_until, now))
    timer.set_timers(conn, rows)


def _clock(row: Row[Any], name: str, words: str, due_at: datetime, now: datetime) -> dict[str, Any]:
    return {
        "school": row.school, "matter": matter_of(row.id), "kind": TimerKind.CONSULTATION, "name": name,
        "words": words, "source": Source.DEFAULT, "article": row.article, "set_at": now, "due_at": due_at,
    }  # fmt: skip


def _late(row: Row[Any], now: datetime) -> str:
    due = row.promised_for or row.due_at
    return "（逾期）" if _late_at(row, now) is not None or (due is not None and now > due) else ""


def _late_at(row: Row[Any], now: datetime) -> datetime | None:
    """Since when the answer is late, whatever was promised afterwards; None where it is not."""
    late: datetime | None = row.late_at or row.overdue_at
    if late is None and State(row.state) is State.OPEN and row.due_at is not None and now > row.due_at:
        return now
    return late


def words_of(row: Row[Any]) -> str:
    """The state as pages say it, with the flag."""
    flag = "，已逾期" if row.overdue_at is not None and row.state in WAITING else ""
    return STATE_WORDS[State(row.state)] + flag
