"""The look at all accounts: what differs newly is written down and told, what differs no more is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from escalation import alert, alteration, paper, trial
from escalation.alteration import CAUSE, STANDING, alterations
from escalation.alteration.compare import KIND_WORDS, TRIGGER, Difference, Kind, differences, same_name
from escalation.alteration.state import State
from escalation.alteration.words import (
    ALERT,
    BEFORE,
    BY_DEFAULT,
    BY_RULE,
    COUNTS,
    DEMANDED,
    KIND_OF_LETTER,
    LATE,
    NOT_TOLD,
    OF_KEEPER,
    OF_OTHERS,
    ON_TRIAL,
    SEEN,
    TODO,
)
from escalation.clock_words import moment
from escalation.incident import MACHINE, EntryKind
from escalation.notice import docket
from escalation.notice.addressee import Addressee, address
from escalation.notice.issue import Letterhead
from escalation.notice.letter import Letter, send
from escalation.paper import Noun
from escalation.people import Role
from escalation.procedure import Answer, Deadline, Pack, Source, say_span
from escalation.timer import Timer
from stream.account import Account, book
from stream.appearance import courses
from stream.platform import platform_name

FLICKER = timedelta(days=1)
"""What ended by itself and is shown again within this is the same change."""


def look(conn: Connection, head: Letterhead, pack: Pack, now: datetime) -> None:
    """Compare every account of the book with how the platform showed it, and do what follows; the audit last."""
    known, shown = book(conn, head.school), courses(conn, head.school)
    found = {
        (account.id, one.kind, one.after[: alteration.AFTER_MOST]): (account, one)
        for account in known.values()
        for one in differences(account, shown.get(account.id, ()))
    }
    decided: list[tuple[str, str, str]] = []
    standing = conn.execute(select(alterations).where(alterations.c.school == head.school, STANDING)).all()
    for row in standing:
        if (row.account_id, row.kind, row.after) not in found:
            why = _why_over(row, known.get(row.account_id), shown.get(row.account_id, ()))
            if alteration.agree(conn, row, why, now):
                decided.append((row.number, "over", why))
    told = {(row.account_id, row.kind, row.after) for row in standing}
    for key, (account, one) in found.items():
        if key not in told and (number := _take(conn, head, pack, account, one, now)):
            decided.append((number, "seen", f"{KIND_WORDS[one.kind]}：{one.before} → {one.after}"))
    for number, act, words in decided:
        paper.write_down(conn, Noun.ALTERATION, head.school, number, MACHINE, act, now, words=words)


def _take(conn: Connection, head: Letterhead, pack: Pack, account: Account, one: Difference, now: datetime) -> str:
    """Write it down and tell it, or open it again; gives its number, empty where another worker was quicker."""
    before = _just_ended(conn, account, one, now)
    if before is not None:
        row = alteration.again(conn, before, now)
        _ring(conn, row, account, "", now)
        return str(row.number)
    trigger = TRIGGER.get(one.kind)
    answer = pack.who((trigger,), max(level.number for level in pack.level)) if trigger else None
    basis = "；".join(dict.fromkeys(who.basis for who in answer.named)) if answer and answer.named else ""
    deadline = answer.deadline if answer else Deadline()
    made = alteration.record(conn, account, one, basis or Source.DEFAULT.label, deadline, now)
    if made is None:
        return ""
    told = "、".join(_write(conn, head, pack, made, account, answer, now)) if answer else ""
    if told and trial.on_trial(conn, head.school):
        told += ON_TRIAL
    words = NOT_TOLD if not told else (BY_RULE if basis else BY_DEFAULT).format(basis=basis, told=told)
    _ring(conn, made, account, words, now)
    return str(made.number)


def _just_ended(conn: Connection, account: Account, one: Difference, now: datetime) -> Row[Any] | None:
    """The same change where it ended less than a day ago and the book still says what it said."""
    same = (
        alterations.c.school == account.school, alterations.c.account_id == account.id,
        alterations.c.kind == one.kind, alterations.c.after == one.after[: alteration.AFTER_MOST],
        alterations.c.registered == account.name, alterations.c.ended_at >= now - FLICKER,
    )  # fmt: skip
    return conn.execute(select(alterations).where(*same).order_by(alterations.c.id.desc())).first()


def _write(
    conn: Connection, head: Letterhead, pack: Pack, row: Row[Any], account: Account, answer: Answer, now: datetime
) -> tuple[str, ...]:
    """A letter to everybody whom the pack names or its default, each to sign; gives the offices."""
    told = address(
        conn, account.school, answer.recipients, unit=account.unit, account_id=account.id, trial=False, now=now,
        channels=head.channels,
    )  # fmt: skip
    sign = max(pack.level, key=lambda level: level.number).sign
    for one in told.addressees:
        asked = OF_KEEPER if one.role == Role.KEEPER else OF_OTHERS
        send(conn, head, one.person, Letter(
            matter=paper.matter_of(Noun.ALTERATION, row.id), step="seen", kind=KIND_OF_LETTER,
            heading=f"{account.name}：{KIND_WORDS[Kind(row.kind)]}", lines=_lines(row, one, answer, now),
            path=f"/{paper.PAGE[Noun.ALTERATION]}/{row.number}", basis=one.basis, office=one.office, role=one.role,
            asked=asked[Kind(row.kind)], signs=True, answer_by=now + sign.after,
            source=f"{say_span(sign.after)}内签收：{sign.label}",
        ), now)  # fmt: skip
    return tuple(dict.fromkeys(one.office for one in answer.recipients))


def _lines(row: Row[Any], one: Addressee, answer: Answer, now: datetime) -> tuple[str, ...]:
    lines = [f"编号 {row.number}", alteration.shown(row), SEEN.format(at=moment(row.seen_at, now))]
    if row.before_at is not None:
        lines.append(BEFORE.format(before=row.before, at=moment(row.before_at, now)))
    if row.due_at is not None:
        lines.append(COUNTS.format(rule=_rule(row), until=moment(row.due_at, now)))
    lines += [DEMANDED.format(actor=duty.actor, what=duty.what, cited=duty.cited) for duty in answer.duties]
    return (*lines, one.reason) if one.reason else tuple(lines)


def _rule(row: Row[Any]) -> str:
    return f"{row.deadline['article']} {row.deadline['words']}"


def _ring(conn: Connection, row: Row[Any], account: Account, basis: str, now: datetime, late: bool = False) -> None:
    kind = Kind(row.kind)
    what = KIND_WORDS[kind].removeprefix("账号")
    words = ALERT.format(
        platform=platform_name(row.platform), name=account.name, what=what, shown=alteration.shown(row),
        number=row.number, basis=basis, todo=TODO[kind],
    )  # fmt: skip
    if late:
        words = LATE.format(rule=_rule(row), rest=words)
    alert.ring(conn, row.school, CAUSE + row.number, words, now)


def _why_over(row: Row[Any], account: Account | None, shown: Sequence[Row[Any]]) -> str:
    if account is None or not account.active:
        return "账号已停用，或已不在名册"
    if row.kind == Kind.UNVERIFIED:
        return "平台又显示已认证"
    if row.kind == Kind.GONE:
        return "平台又能看到该账号"
    name = next((one.name for one in reversed(shown) if one.name is not None), None)
    if name is None or not same_name(name, account.name):
        return "平台显示的名称又有变化，另行登记"
    return "平台又显示登记的名称" if same_name(row.registered, account.name) else "名册已改为平台显示的名称"


def lapse(conn: Connection, letterhead: Letterhead, clock: Timer, now: datetime) -> None:
    """The clause's span is over and the change still waits: the desk's alert says so. Its docket is held already."""
    matter = clock.matter or ""
    row = conn.execute(select(alterations).where(alterations.c.id == int(matter.partition(":")[2]))).one()
    account = book(conn, letterhead.school).get(row.account_id)
    if row.state != State.SEEN or account is None:
        return
    docket.line(conn, row.school, matter, now, EntryKind.DEADLINE, "已过备案期限", _rule(row))
    _ring(conn, row, account, "", now, late=True)


__all__ = ["lapse", "look"]
