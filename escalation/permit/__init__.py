"""The permit 授权发布: leave for one account to publish one text on a major, sudden, hot or sensitive matter.

Approved by the office that the pack names, never by the applicant; bound to the text's fingerprint, to the account and
to an end; what was published under it is archived when the crawler sees it. One permit covers one post.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Index, Integer, Row, Table, Text, and_, or_, select, update

from escalation import paper, paper_letter, paper_match, timer
from escalation.deed import must_fit
from escalation.incident import Actor
from escalation.likeness import Likeness
from escalation.notice import docket
from escalation.notice.issue import Letterhead
from escalation.opening import Ground
from escalation.paper import Noun
from escalation.people import Person
from escalation.permit.state import APPLICANT, APPROVER, PERMIT, STATE_WORDS, Event, State
from escalation.procedure import Pack, Source, say_span
from escalation.state_table import IllegalStep
from escalation.timer import Timer, TimerKind
from stream.account import Account
from stream.post import Post
from stream.store import metadata
from stream.store.types import Moment, Serial, Word

PLANNED_MOST = 100

permits = Table(
    "permits",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("school", Word(32), nullable=False),
    Column("number", Word(32), nullable=False),
    Column("account_id", Word(100), nullable=False),
    Column("unit", Word(100), nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("text_hash", Word(64), nullable=False),
    Column("planned", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("asked_by", Word(64), nullable=False),
    Column("asked_at", Moment(), nullable=False),
    Column("office", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("state", Word(16), nullable=False),
    Column("decided_by", Word(64)),
    Column("decided_at", Moment()),
    Column("decided_why", Text),
    Column("expires_at", Moment()),
    Column("ended_at", Moment()),
    Column("used_post_id", Word(200)),
    Column("used_at", Moment()),
    Column("archived_text", Text),
    Column("archived_hash", Word(64)),
    Column("likeness", Integer),
    Index("uq_permits_number", "school", "number", unique=True),
    Index(None, "school", "account_id", "state"),
    Index(None, "school", "state", "expires_at"),
)
NO_CLAUSE = "本校规程没有写授权发布（校规未规定），本系统不受理。未作任何更改。"
AS_GRANTED = "按授权的文字发布；改动数字、增减“不、无、未”等字，改换“属实、停业、开除”一类的词，就不在授权之内。"
NOBODY = (
    "规程写的是“{office}”，名册里还没有填由谁担任。请系统管理员在名册“任职”表为“{office}”填人后再申请。未作任何更改。"
)


def approvers(conn: Connection, school: str, pack: Pack, unit: str, now: datetime) -> list[Person]:
    """Who may approve for this unit, as the school entered it; nobody where the pack or the roster names nobody."""
    return paper.holders_of(conn, school, pack.role_of(pack.permit.office), unit, now)


def approvers_by_unit(
    conn: Connection, school: str, pack: Pack, units: Iterable[str], now: datetime
) -> dict[str, list[Person]]:
    """As `approvers`, for many units at once."""
    return paper.holders_by_unit(conn, school, pack.role_of(pack.permit.office), units, now)


def ask(
    conn: Connection, ground: Ground, account: Account, actor: Actor, now: datetime, *, subject: str, text: str,
    planned: str, why: str,
) -> str:  # fmt: skip
    """Ask for leave to publish a text; gives the number. Raises IllegalStep in words."""
    school, pack = account.school, ground.pack
    if pack.permit.source is Source.NONE:
        raise IllegalStep(NO_CLAUSE)
    if account.id not in {one.id for one in paper.accounts_of(conn, school, actor)}:
        raise IllegalStep("您不管理这个账号，不能代它申请授权。未作任何更改。")
    subject = paper.must_say(subject, paper.SUBJECT_MOST, "事项")
    text = paper.must_say(text, paper.TEXT_MOST, "拟发布原文")
    why = paper.must_say(why, paper.WHY_MOST, "申请理由")
    planned = must_fit(paper.clean(planned), PLANNED_MOST, "拟发布时间")
    paper.must_be_new(conn, Noun.PERMIT, account, text, permits.c.asked_by, permits.c.asked_at, now)
    deciding = [one for one in approvers(conn, school, pack, account.unit, now) if one.id != actor.id]
    if not deciding:
        raise IllegalStep(NOBODY.format(office=pack.permit.office))
    number = paper.next_number(conn, permits, Noun.PERMIT, school, now)
    values = {
        "school": school, "number": number, "account_id": account.id, "unit": account.unit, "subject": subject,
        "text": text, "text_hash": paper.digest(text), "planned": planned, "why": why,
        "asked_by": actor.id, "asked_at": now, "office": pack.permit.office, "basis": pack.permit.basis,
        "state": State.ASKED,
    }  # fmt: skip
    made = conn.execute(permits.insert().values(**values).returning(permits.c.id)).scalar_one()
    paper.enter(conn, Noun.PERMIT, school, made, number, now)
    paper.note(conn, Noun.PERMIT, school, made, now, f"申请授权，报“{pack.permit.office}”", why, actor.name)
    row = conn.execute(select(permits).where(permits.c.id == made)).one()
    paper_letter.to(
        conn, ground.letterhead, row, Noun.PERMIT, "asked", deciding, now, kind="授权申请",
        heading=f"{account.name} 申请授权发布：{subject}", lines=(f"申请人 {actor.name}（{account.unit}）",),
        asked=("登录后看拟发布原文，授权或不予授权。",), basis=pack.permit.basis, office=pack.permit.office,
    )  # fmt: skip
    paper.write_down(
        conn, Noun.PERMIT, school, number, actor, "ask", now, account=account.id, text=values["text_hash"], why=why
    )
    return number


def standing(conn: Connection, pack: Pack, row: Row[Any], actor: Actor, now: datetime) -> frozenset[str] | None:
    """The actor's roles towards this permit, with APPLICANT and APPROVER where they are that; None: the machine."""
    if actor.roles is None:
        return None
    own: set[str] = set(actor.roles)
    if actor.id == row.asked_by:
        own.add(APPLICANT)
    if paper.holds(conn, row.school, pack.role_of(row.office), row.unit, actor.id, now):
        own.add(APPROVER)
    return frozenset(own)


def decide(
    conn: Connection, ground: Ground, school: str, number: str, actor: Actor, now: datetime, *, grant: bool, why: str
) -> None:
    """Approve or refuse; never by who asked. An approval runs from now for the pack's span."""
    row, pack = paper.held(conn, permits, Noun.PERMIT, school, number), ground.pack
    if actor.id == row.asked_by:
        raise IllegalStep("申请人不能批准自己的申请，请由授权人办理。未作任何更改。")
    state = PERMIT.step(State(row.state), Event.GRANT if grant else Event.REFUSE, standing(conn, pack, row, actor, now))
    why = "" if grant and not paper.clean(why) else paper.must_say(why, paper.WHY_MOST, "意见")
    clock = pack.permit.expires
    paper.move(
        conn, permits, row, state=state, decided_by=actor.id, decided_at=now, decided_why=why,
        expires_at=now + clock.after if grant else None,
    )  # fmt: skip
    words = f"授权，{say_span(clock.after)}内有效（{clock.label}）" if grant else "不予授权"
    paper.note(conn, Noun.PERMIT, school, row.id, now, words, why, actor.name)
    if grant:
        timer.set_timers(conn, [{
            "school": school, "matter": paper.matter_of(Noun.PERMIT, row.id), "kind": TimerKind.PERMIT,
            "name": f"expire:{row.id}", "words": "授权有效期", "source": clock.source, "article": clock.article,
            "set_at": now, "due_at": now + clock.after,
        }])  # fmt: skip
    paper_letter.to(
        conn, ground.letterhead, row, Noun.PERMIT, "decided", [paper_letter.person(conn, school, row.asked_by)], now,
        kind="授权结果", heading=f"{'已授权' if grant else '不予授权'}：{row.subject}",
        lines=(words, why) if why else (words,), basis=row.basis,
        asked=(AS_GRANTED,) if grant else (),
    )  # fmt: skip
    paper.write_down(
        conn, Noun.PERMIT, school, number, actor, "grant" if grant else "refuse", now, text=row.text_hash, why=why
    )


def withdraw(conn: Connection, pack: Pack, school: str, number: str, actor: Actor, now: datetime, why: str) -> None:
    """Take an application or an approval back."""
    row = paper.held(conn, permits, Noun.PERMIT, school, number)
    state = PERMIT.step(State(row.state), Event.WITHDRAW, standing(conn, pack, row, actor, now))
    why = paper.must_say(why, paper.WHY_MOST, "撤回原因")
    paper.move(conn, permits, row, state=state, ended_at=now)
    paper.note(conn, Noun.PERMIT, school, row.id, now, "撤回", why, actor.name)
    docket.end(conn, school, paper.matter_of(Noun.PERMIT, row.id), now)
    paper.write_down(conn, Noun.PERMIT, school, number, actor, "withdraw", now, why=why)


def lapse(conn: Connection, letterhead: Letterhead, clock: Timer, now: datetime) -> None:
    """The permit's time is over and nothing was seen that used it; its docket is held already."""
    del letterhead
    row = conn.execute(
        select(permits).where(permits.c.id == int(clock.name.removeprefix("expire:"))).with_for_update()
    ).one()
    if row.state != State.GRANTED:
        return
    paper.move(conn, permits, row, state=PERMIT.step(State.GRANTED, Event.EXPIRE, None))
    paper.note(conn, Noun.PERMIT, row.school, row.id, now, "有效期已过，没有看到按此发布的内容")


def fitting(conn: Connection, post: Post) -> tuple[Row[Any] | None, Likeness | None]:
    """The permit under which this post was published; else None, with the nearest one's likeness where there is one.

    What counts is when it was published, not when it was read: after the approval and before its end or withdrawal.
    """
    by = permits.c
    stood = or_(by.state != State.WITHDRAWN, by.ended_at > post.published_at)
    in_force = and_(by.decided_at < paper_match.approved_by(post), by.expires_at > post.published_at, stood)
    open_in = (State.GRANTED, State.USED, State.EXPIRED, State.WITHDRAWN)
    return paper_match.fitting(conn, permits, Noun.PERMIT, open_in, in_force, by.id.asc(), post)


def use(conn: Connection, row: Row[Any], post: Post, found: Likeness, now: datetime) -> None:
    """This post used the permit: its words are archived as published; so is an edit of it that still fits."""
    state = PERMIT.step(State(row.state), Event.USE, None)
    if row.archived_hash == post.text_hash:
        return
    values = {
        "state": state, "used_post_id": post.id, "used_at": post.published_at, "archived_text": post.text,
        "archived_hash": post.text_hash, "likeness": found.per_cent,
    }  # fmt: skip
    conn.execute(update(permits).where(permits.c.id == row.id).values(**values))
    words = "看到按授权发布的内容，已存档" if row.archived_hash is None else "已发布的内容有改动，仍在授权之内，已存档"
    paper.note(conn, Noun.PERMIT, row.school, row.id, now, words, found.why)
    timer.stop_matter(conn, row.school, paper.matter_of(Noun.PERMIT, row.id), now, "expire:")


def own(conn: Connection, pack: Pack, school: str, actor: Actor, now: datetime) -> ColumnElement[bool]:
    """Which permits this person asked for or decides on, whatever the account."""
    by = permits.c
    asked = conn.execute(select(by.office, by.unit).where(by.school == school).distinct()).all()
    holds = paper.scopes_of(conn, school, actor.id, now)
    decides = [
        and_(by.office == one.office, by.unit == one.unit) for one in asked if holds(pack.role_of(one.office), one.unit)
    ]
    return or_(by.asked_by == actor.id, *decides)


def listed(
    conn: Connection, school: str, accounts: Sequence[str] | None, also: ColumnElement[bool] | None = None,
    limit: int = 200,
) -> Sequence[Row[Any]]:  # fmt: skip
    """Permits, what waits first, then the newest; where accounts are given, of these and those of `also` only."""
    query = select(permits).where(permits.c.school == school)
    if accounts is not None:
        mine = permits.c.account_id.in_(list(accounts))
        query = query.where(mine if also is None else mine | also)
    return conn.execute(query.order_by((permits.c.state != State.ASKED).asc(), permits.c.id.desc()).limit(limit)).all()


__all__ = ["PERMIT", "STATE_WORDS", "Event", "State", "ask", "decide", "fitting", "lapse", "listed", "permits", "use"]
