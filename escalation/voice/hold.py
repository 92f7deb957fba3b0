"""The hold 暂停发声: while it stands, no registered account speaks of its subject (JY 10, 15; TF 12; ZG 12; NX 16).

It begins with an incident of a level that the pack names, or by a person; it ends by a release or by a person, never by
itself. Its subject is never edited: each change is a new row, and every keeper confirms anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Index, Integer, Row, Table, Text, insert, select, update

from escalation.deed import incident_of, must_fit, write_down
from escalation.incident import MACHINE, Actor, EntryKind, log
from escalation.incident.state import OPEN, IllegalStep, State
from escalation.notice.issue import Letterhead
from escalation.people import Role
from escalation.procedure import basis_words, thaw
from escalation.voice import hold_notice
from escalation.voice.hold_notice import Reached
from escalation.voice.state import HOLD, HoldEvent, HoldState
from escalation.voice.subject import Subject, read, subject_of
from stream.account import book
from stream.store import insert_new, metadata
from stream.store.types import Json, Moment, Serial, Word

WHY_MOST = 300
WORDLESS = "这一管控没有词、地点、主题和事项名称，不能按文字发现各账号另行发文；请宣传部调整范围，填写词或地点"

holds = Table(
    "holds",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("school", Word(32), nullable=False),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False),
    Column("state", Word(16), nullable=False),
    Column("level", Integer, nullable=False),
    Column("basis", Text, nullable=False),
    Column("begun_at", Moment(), nullable=False),
    Column("begun_by", Word(100), nullable=False),
    Column("ended_at", Moment()),
    Column("ended_by", Word(100)),
    Column("ended_why", Text),
    Index(None, "school", "state"),
    Index(None, "incident_id"),
)

hold_subjects = Table(
    "hold_subjects",
    metadata,
    Column("hold_id", ForeignKey("holds.id"), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("subject", Json, nullable=False),
    Column("at", Moment(), nullable=False),
    Column("by", Word(100), nullable=False),
    Column("why", Text, nullable=False),
)

hold_accounts = Table(
    "hold_accounts",
    metadata,
    Column("hold_id", ForeignKey("holds.id"), primary_key=True),
    Column("account_id", Word(100), primary_key=True),
    Column("person_id", Word(64), primary_key=True),
    Column("keeps", Integer, nullable=False),
)
"""Whom a hold reaches for each account. `keeps` 1: a keeper of the account; 0: stands in, for it has none."""

hold_confirmations = Table(
    "hold_confirmations",
    metadata,
    Column("hold_id", ForeignKey("holds.id"), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("account_id", Word(100), primary_key=True),
    Column("person_id", Word(64), primary_key=True),
    Column("at", Moment(), nullable=False),
    Column("via", Word(32), nullable=False),
)


def begin(
    conn: Connection, letterhead: Letterhead, incident: Row[Any], keys: Sequence[str], cues: Sequence[str],
    now: datetime,
) -> int | None:  # fmt: skip
    """The hold that the frozen pack's level demands, once for an incident; None where it demands none.

    One that fell with a false alarm does not count: the matter was none, and is one again.

    A cry for help begins none: it would tell forty people of it. A person may still put one on. Without accounts there
    is nothing to hold.
    """
    pack = thaw(incident.frozen["pack"])
    own = (holds.c.incident_id == incident.id) & (holds.c.state != HoldState.FALLEN)
    had = conn.execute(select(holds.c.id).where(own).limit(1)).first()
    if not pack.grade(incident.level).hold or had is not None:
        return None
    if incident.care:
        log(conn, incident.id, now, EntryKind.MACHINE, "求助事件不自动暂停发声", "是否暂停由宣传部决定")
        return None
    if not any(one.active for one in book(conn, incident.school).values()):
        log(conn, incident.id, now, EntryKind.MACHINE, "没有在册账号，未暂停发声")
        return None
    subject = subject_of(incident.theme, incident.thread_id, keys, cues)
    return _put(conn, letterhead, incident, subject, MACHINE, now, f"{pack.grade(incident.level).mark}级事件")


def add(
    conn: Connection, letterhead: Letterhead, incident_id: int, actor: Actor, now: datetime, subject: Subject, why: str
) -> int:
    """A person of the 宣传部 puts a hold on a subject of this incident."""
    row = _deed(conn, incident_id, actor, "暂停发声")
    why = _reason(why, "暂停发声的理由")
    if subject.empty:
        raise IllegalStep("请写明暂停哪些内容（词、地点或主题）。未作任何更改。")
    if any(read(current(conn, one.id).subject) == subject for one in standing_of(conn, row.id)):
        raise IllegalStep("本事件已就同一内容暂停发声，各账号管理人员已接到通知。未作任何更改。")
    made = _put(conn, letterhead, row, subject, actor, now, why)
    write_down(conn, row, actor, "hold", now, hold=made, subject=subject.kept(), why=why)
    return made


def change(
    conn: Connection, letterhead: Letterhead, hold_id: int, actor: Actor, now: datetime, subject: Subject, why: str
) -> int:
    """Widen or narrow the subject: a further row, with the reason; every keeper is told and confirms anew."""
    held, row = hold_of(conn, hold_id)
    HOLD.step(HoldState(held.state), HoldEvent.CHANGE, actor.roles)
    why = _reason(why, "调整范围的理由")
    before = current(conn, hold_id)
    if subject.empty:
        raise IllegalStep("管控范围不能为空；不再需要管控的，请解除。未作任何更改。")
    if read(before.subject) == subject:
        raise IllegalStep("管控范围没有变化。未作任何更改。")
    n = int(before.n) + 1
    conn.execute(insert(hold_subjects).values(
        hold_id=hold_id, n=n, subject=subject.kept(), at=now, by=actor.name, why=why
    ))  # fmt: skip
    words = f"{read(before.subject).said()} 改为 {subject.said()}"
    log(conn, row.id, now, EntryKind.PERSON, f"管控范围第 {n} 版：{words}", why, actor=actor.name, article=held.basis)
    _tell(conn, letterhead, row, hold_id, n, subject, now)
    write_down(conn, row, actor, "hold_change", now, hold=hold_id, n=n, subject=subject.kept(), why=why)
    return n


def lift(conn: Connection, letterhead: Letterhead, hold_id: int, actor: Actor, now: datetime, why: str) -> None:
    """A person ends the hold, with the reason; every keeper is told so."""
    held, row = hold_of(conn, hold_id)
    HOLD.step(HoldState(held.state), HoldEvent.LIFT, actor.roles)
    why = _reason(why, "解除管控的理由")
    _end(conn, letterhead, held, row, HoldState.LIFTED, actor, now, why)
    write_down(conn, row, actor, "hold_lift", now, hold=hold_id, why=why)


def release(conn: Connection, letterhead: Letterhead, row: Row[Any], actor: Actor, now: datetime, by: str) -> None:
    """The statement is out: every hold of the incident ends by it. `by`: which statement, in words."""
    for held in standing_of(conn, row.id):
        HOLD.step(HoldState(held.state), HoldEvent.RELEASE, None)
        _end(conn, letterhead, held, row, HoldState.RELEASED, actor, now, by)


def fall(conn: Connection, letterhead: Letterhead, row: Row[Any], actor: Actor, now: datetime, why: str) -> None:
    """Whoever records a false alarm ends its holds with it; part of that deed."""
    for held in standing_of(conn, row.id):
        HOLD.step(HoldState(held.state), HoldEvent.FALL, None)
        _end(conn, letterhead, held, row, HoldState.FALLEN, actor, now, why)


def confirm(conn: Connection, hold_id: int, person_id: str, actor: Actor, now: datetime, via: str) -> int:
    """确认知悉: this person confirms the newest subject for all accounts they answer for; gives how many.

    `via`: link, desk, or phone, where somebody of the desk records a call; `actor` is who acts.
    """
    held, row = hold_of(conn, hold_id)
    if HoldState(held.state) is not HoldState.STANDING:
        raise IllegalStep(f"{HOLD.state_words[HoldState(held.state)]}，无需确认。未作任何更改。")
    n = current(conn, hold_id).n
    own = conn.execute(
        select(hold_accounts.c.account_id)
        .where(hold_accounts.c.hold_id == hold_id, hold_accounts.c.person_id == person_id)
    ).scalars().all()  # fmt: skip
    if not own:
        raise IllegalStep("这一暂停发声没有发给您的账号，不能代他人确认。未作任何更改。")
    rows = [
        {"hold_id": hold_id, "n": n, "account_id": one, "person_id": person_id, "at": now, "via": via}
        for one in sorted(own)
    ]
    if not insert_new(conn, hold_confirmations, rows):
        raise IllegalStep("已经确认过，不必再次确认。未作任何更改。")
    words = f"{len(own)} 个账号，范围第 {n} 版" + (f"，{actor.name} 登记电话确认" if via == "phone" else "")
    who = hold_notice.name_of(conn, row.school, person_id)
    log(conn, row.id, now, EntryKind.RECEIPT, f"{who} 确认知悉暂停发声", words, actor=actor.name, article=held.basis)
    write_down(conn, row, actor, "hold_confirm", now, hold=hold_id, n=n, person=person_id, via=via)
    return len(own)


def open_of(conn: Connection, incident_id: int) -> list[str]:
    """What of it holds up the closing."""
    return [
        f"暂停发声 {read(current(conn, one.id).subject).said()} 未解除" for one in standing_of(conn, incident_id)
    ]  # fmt: skip


def standing_of(conn: Connection, incident_id: int) -> Sequence[Row[Any]]:
    """The holds of an incident that stand."""
    standing = (holds.c.incident_id == incident_id) & (holds.c.state == HoldState.STANDING)
    return conn.execute(select(holds).where(standing).order_by(holds.c.id)).all()


def hold_of(conn: Connection, hold_id: int) -> tuple[Row[Any], Row[Any]]:
    """A hold and its incident, both held until the transaction ends. Raises IllegalStep."""
    incident_id = conn.execute(select(holds.c.incident_id).where(holds.c.id == hold_id)).scalar()
    if incident_id is None:
        raise IllegalStep("没有这一暂停发声，可能链接有误。未作任何更改。")
    row = incident_of(conn, incident_id)
    return conn.execute(select(holds).where(holds.c.id == hold_id)).one(), row


def current(conn: Connection, hold_id: int) -> Row[Any]:
    """The newest row of the subject."""
    return conn.execute(
        select(hold_subjects).where(hold_subjects.c.hold_id == hold_id).order_by(hold_subjects.c.n.desc()).limit(1)
    ).one()


def _deed(conn: Connection, incident_id: int, actor: Actor, what: str) -> Row[Any]:
    row = incident_of(conn, incident_id)
    if actor.roles is None or Role.PUBLICITY not in actor.roles:
        raise IllegalStep(f"{what}由宣传部决定。未作任何更改。")
    if State(row.state) not in OPEN:
        raise IllegalStep(f"事件已经了结，不能{what}；需要时请先重新打开。未作任何更改。")
    return row


def _reason(why: str, what: str) -> str:
    why = must_fit(why, WHY_MOST, what)
    if not why:
        raise IllegalStep(f"请写明{what}。未作任何更改。")
    return why


def _put(
    conn: Connection, letterhead: Letterhead, row: Row[Any], subject: Subject, actor: Actor, now: datetime, why: str
) -> int:
    basis = basis_words(thaw(row.frozen["pack"]).voice.hold)
    made = int(
        conn.execute(
            insert(holds)
            .values(
                school=row.school, incident_id=row.id, state=HoldState.STANDING, level=row.level, basis=basis,
                begun_at=now, begun_by=actor.name,
            )
            .returning(holds.c.id)
        ).scalar_one()
    )  # fmt: skip
    conn.execute(
        insert(hold_subjects).values(hold_id=made, n=1, subject=subject.kept(), at=now, by=actor.name, why=why)
    )
    kind = EntryKind.MACHINE if actor.roles is None else EntryKind.PERSON
    log(conn, row.id, now, kind, f"暂停发声：{subject.said()}", why, actor=actor.name, article=basis)
    if subject.wordless:
        log(conn, row.id, now, EntryKind.MACHINE, "请补充管控用语", WORDLESS)
    _tell(conn, letterhead, row, made, 1, subject, now)
    return made


def _tell(
    conn: Connection, letterhead: Letterhead, row: Row[Any], hold_id: int, n: int, subject: Subject, now: datetime
) -> None:
    found = hold_notice.reached(conn, letterhead, row, now)
    answer_for(conn, hold_id, found)
    hold_notice.tell(conn, letterhead, row, found, hold_id, n, subject, now)


def answer_for(conn: Connection, hold_id: int, found: Sequence[Reached]) -> None:
    """These persons answer for these accounts and may confirm."""
    insert_new(conn, hold_accounts, [
        {"hold_id": hold_id, "account_id": one.account.id, "person_id": person.id, "keeps": int(one.kept)}
        for one in found for person in one.persons
    ])  # fmt: skip


def _end(
    conn: Connection, letterhead: Letterhead, held: Row[Any], row: Row[Any], to: HoldState, actor: Actor,
    now: datetime, why: str,
) -> None:  # fmt: skip
    conn.execute(
        update(holds)
        .where(holds.c.id == held.id, holds.c.state == HoldState.STANDING)
        .values(state=to, ended_at=now, ended_by=actor.name, ended_why=why)
    )
    subject = read(current(conn, held.id).subject)
    words = f"暂停发声结束：{subject.said()}"
    log(conn, row.id, now, EntryKind.PERSON, words, why, actor=actor.name, article=held.basis)
    told = conn.execute(
        select(hold_accounts.c.person_id).where(hold_accounts.c.hold_id == held.id).distinct()
    ).scalars()
    hold_notice.tell_end(conn, letterhead, row, sorted(told), held.id, subject, why, now)
