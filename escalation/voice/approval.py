"""The approval chain 审批: who the pack asks, in order; each approves the very version they were shown.

Approver ≠ drafter, and nobody twice for one version. An office that nobody holds, or only the drafter or somebody who
is away, goes up to the 宣传部 or the 主管校领导 (系统默认) and the log says so; where nobody is left, sending it
to them is refused. No document lets a substitute approve: the absence is named, and nobody approves instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Index, Integer, Row, Table, Text, insert, select, update

from escalation import keeper, people, timer
from escalation.clock_words import moment
from escalation.deed import must_be_open, must_fit, write_down
from escalation.duty import absence
from escalation.incident import Actor, EntryKind, advance, log
from escalation.incident.state import INCIDENT, Event, IllegalStep, State
from escalation.notice import NoticeKind
from escalation.notice.addressee import Addressee, acting_as, gather
from escalation.notice.errand import Errand
from escalation.notice.issue import Letterhead, issue
from escalation.notice.wording import Article
from escalation.people import Person, Role
from escalation.procedure import Approver, Source, say_span, thaw
from escalation.timer import TimerKind
from escalation.voice import fact, hold_notice, statement
from escalation.voice.coverage import RAISED, UP, must_stand, uncovered
from escalation.voice.state import APPROVER, IN_FORCE, StatementEvent, StatementState
from escalation.voice.statement import Kind, move, statement_of
from stream.store import metadata
from stream.store.types import Moment, Serial, Word

COMMENT_MOST = 300

approvals = Table(
    "approvals",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("statement_id", ForeignKey("statements.id"), nullable=False),
    Column("step", Integer, nullable=False),
    Column("office", Word(64), nullable=False),
    Column("words", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("asked", Word(64), nullable=False),
    Column("asked_at", Moment(), nullable=False),
    Column("due_at", Moment(), nullable=False),
    Column("seal", Word(64), nullable=False),
    Column("decision", Word(16)),
    Column("comment", Text),
    Column("decided_by", Word(64)),
    Column("decided_at", Moment()),
    Column("via", Word(32)),
    Index("uq_approvals_step", "statement_id", "step", unique=True),
)


def submit(conn: Connection, letterhead: Letterhead, statement_id: int, actor: Actor, now: datetime) -> None:
    """送审: every item was looked at and passed, every fact it rests on is confirmed; the first approver is asked."""
    found, row = statement_of(conn, statement_id)
    must_be_open(row, "送审")
    if Kind(found.kind) is Kind.STATEMENT and (lacking := unready(conn, found, row)):
        raise IllegalStep(f"还不能送审：{'；'.join(lacking)}。未作任何更改。")
    must_stand(conn, found, row, now, "送审")
    move(conn, found, StatementEvent.SUBMIT, actor, now)
    log(conn, row.id, now, EntryKind.PERSON, f"口径第 {found.n} 版送审", actor=actor.name)
    _ask(conn, letterhead, found, row, 0, now)
    write_down(conn, row, actor, "statement_submit", now, n=found.n, seal=found.seal)


def unready(conn: Connection, found: Row[Any], row: Row[Any]) -> list[str]:
    """What is still to be done before a version can go to its approver, in words."""
    looked = statement.looked_at(conn, found.id)
    items = thaw(row.frozen["pack"]).voice.check
    undone = [one.what for one in items if one.key not in looked]
    failed = [one.what for one in items if one.key in looked and not looked[one.key].passed]
    return [
        *([f"未核对：{'、'.join(undone)}"] if undone else []),
        *([f"核对不通过：{'、'.join(failed)}"] if failed else []),
        *fact.unfit(conn, row.id, found.facts),
    ]


def decide(
    conn: Connection, letterhead: Letterhead, approval_id: int, actor: Actor, now: datetime, *, approve: bool,
    comment: str, seal: str, via: str,
) -> None:  # fmt: skip
    """Approve or return the version that was shown (`seal`). A return needs a comment.

    What rests on a fact taken back, or is no longer valid, may only be returned; so may what the last approver would
    make final while the level of today asks for others (`coverage.py`).
    """
    asked, found, row = approval_of(conn, approval_id)
    must_be_open(row, "审批")
    comment = must_fit(comment, COMMENT_MOST, "意见")
    _must_decide(conn, asked, found, row, actor, seal)
    if not approve and not comment:
        raise IllegalStep("退回须写明意见。未作任何更改。")
    if approve:
        must_stand(conn, found, row, now, "批准")
    after = move(
        conn, found, StatementEvent.SIGN if approve else StatementEvent.RETURN, actor, now, as_role=APPROVER
    )  # fmt: skip
    moved = conn.execute(
        update(approvals)
        .where(approvals.c.id == approval_id, approvals.c.decision.is_(None))
        .values(
            decision="approved" if approve else "returned", comment=comment, decided_by=actor.id, decided_at=now,
            via=via,
        )
    )  # fmt: skip
    if moved.rowcount != 1:
        raise IllegalStep("这一步刚有人审批过。未作任何更改。")
    timer.stop_named(conn, row.id, f"approval:{approval_id}", now)
    verdict = "同意" if approve else "退回"
    heading = f"口径第 {found.n} 版{asked.words}{verdict}"
    log(conn, row.id, now, EntryKind.PERSON, heading, comment, actor=actor.name, article=asked.basis)
    fresh = conn.execute(select(statement.statements).where(statement.statements.c.id == found.id)).one()
    if after is StatementState.RETURNED:
        _tell_drafter(
            conn, letterhead, fresh, row, f"口径第 {found.n} 版被退回：{comment}", f"returned:{found.id}", now
        )
    elif not _ask(conn, letterhead, fresh, row, int(asked.step) + 1, now):
        _approved(conn, letterhead, fresh, row, actor, now)
    write_down(
        conn, row, actor, "statement_decide", now, n=found.n, step=asked.step, approved=approve, seal=seal,
        comment=comment,
    )  # fmt: skip


def _must_decide(conn: Connection, asked: Row[Any], found: Row[Any], row: Row[Any], actor: Actor, seal: str) -> None:
    if asked.decision is not None:
        raise IllegalStep("这一步已有人审批。未作任何更改。")
    if actor.id == found.drafted_by:
        raise IllegalStep("起草人不能审批自己起草的口径。未作任何更改。")
    if actor.id not in may_decide(conn, asked, found, row):
        if actor.id == asked.asked:
            raise IllegalStep(f"您已不在此岗位（{asked.words}），不能审批；由现任审批。未作任何更改。")
        raise IllegalStep(f"这一步由{asked.words}审批，您不是其审批人。未作任何更改。")
    if seal != found.seal or seal != asked.seal:
        raise IllegalStep("口径在您打开之后已有改动，请重新打开最新一版再审批。未作任何更改。")


def may_decide(conn: Connection, asked: Row[Any], found: Row[Any], row: Row[Any]) -> set[str]:
    """Who may decide this step: whoever holds the office now, asked or not; never the drafter."""
    held = people.holders(conn, row.school, asked.office, unit=row.unit, account_id=row.account_id)
    return {one.id for one in held} - {str(found.drafted_by)} - _signed(conn, found.id)


def _signed(conn: Connection, statement_id: int) -> set[str]:
    return {
        str(one)
        for one in conn.execute(
            select(approvals.c.decided_by)
            .where(approvals.c.statement_id == statement_id, approvals.c.decision.is_not(None))
        ).scalars()
    }  # fmt: skip


def approval_of(conn: Connection, approval_id: int) -> tuple[Row[Any], Row[Any], Row[Any]]:
    """A step, its version and its incident, held. Raises IllegalStep."""
    statement_id = conn.execute(select(approvals.c.statement_id).where(approvals.c.id == approval_id)).scalar()
    if statement_id is None:
        raise IllegalStep("没有这一审批，可能链接有误。未作任何更改。")
    found, row = statement_of(conn, statement_id)
    return conn.execute(select(approvals).where(approvals.c.id == approval_id)).one(), found, row


def steps_of(conn: Connection, statement_id: int) -> Sequence[Row[Any]]:
    """The steps that were asked, in order."""
    return conn.execute(
        select(approvals).where(approvals.c.statement_id == statement_id).order_by(approvals.c.step)
    ).all()


def _ask(conn: Connection, letterhead: Letterhead, found: Row[Any], row: Row[Any], step: int, now: datetime) -> bool:
    """Ask the approver of a step; False where the chain has no such step."""
    pack = thaw(row.frozen["pack"])
    chain = pack.voice.chain(pack.grade(row.level).number)
    if step >= len(chain):
        return False
    wanted = chain[step]
    office, person, gone = _approver(conn, letterhead, wanted, found, row, now)
    if person is None and gone:
        raise IllegalStep(
            f"没有可以审批的人（{people.office_in(pack, wanted.office)}，起草人除外）：{gone}，审批不由代理人代行。"
            "请在人员表中补上，或本人能审批的，先在“值守”页取消请假，再送审。未作任何更改。"
        )
    if person is None:
        raise IllegalStep(
            f"名册中没有可以审批的人（{people.office_in(pack, wanted.office)}，起草人除外）。"
            "请在人员表中补上，或由他人改写后再送审。未作任何更改。"
        )
    words, clock = people.office_in(pack, office), pack.voice.approve
    if office != wanted.office:
        why = f"“{people.office_in(pack, wanted.office)}”无可审批人员（起草人除外），改由{words}审批"
        log(conn, row.id, now, EntryKind.MACHINE, why, "；".join(one for one in (gone, Source.DEFAULT.label) if one))
    basis = wanted.label if office == wanted.office else Source.DEFAULT.label
    due = now + clock.after
    made = conn.execute(
        insert(approvals)
        .values(
            statement_id=found.id, step=step, office=office, words=words, basis=basis, asked=person.id, asked_at=now,
            due_at=due, seal=found.seal,
        )
        .returning(approvals.c.id)
    ).scalar_one()  # fmt: skip
    ask = Errand(
        title=f"请审批{_what(found)}", verb="审批", facts=(f"{found.drafter} 起草，核对已过", _shown(found)),
        asks=(f"请于 {moment(due, now)} 前审批：同意，或写明意见退回",),
        articles=(Article(article=wanted.article, quote=wanted.quote) if wanted.article and office == wanted.office
                  else Article(source=Source.DEFAULT.label),),
        source=f"审批时限 {say_span(clock.after)}：{clock.label}", log="须审批或退回",
        due=moment(due, now),
    )  # fmt: skip
    one = Addressee(person, office, (words,), (), basis, "")
    issue(conn, letterhead, row, [one], NoticeKind.APPROVAL, f"approval:{made}", now, errand=ask)
    timer.set_timers(conn, [{
        "school": row.school, "incident_id": row.id, "kind": TimerKind.VOICE, "name": f"approval:{made}",
        "words": f"{words}审批口径", "source": clock.source, "article": clock.article, "set_at": now, "due_at": due,
        "data": {"approval": made},
    }])  # fmt: skip
    return True


def _approver(
    conn: Connection, letterhead: Letterhead, wanted: Approver, found: Row[Any], row: Row[Any], now: datetime
) -> tuple[str, Person | None, str]:
    """The office, the person (the first holder who is there, can be reached and did not draft; else one up), and in
    words who was passed over because they are away."""
    barred = {str(found.drafted_by)} | _signed(conn, found.id)
    away = absence.away(conn, row.school, now)
    gone: dict[str, None] = {}
    further = () if wanted.office == UP[-1] else UP
    for office in dict.fromkeys([wanted.office, *further]):
        held = people.holders(conn, row.school, office, unit=row.unit, account_id=row.account_id)
        able = [one for one in held if one.id not in barred and one.reachable_by(letterhead.channels)]
        if there := [one for one in able if one.id not in away]:
            return office, there[0], "；".join(gone)
        gone |= {f"{one.name}{away[one.id].word}至 {moment(away[one.id].ends_at, now)}": None for one in able}
    return wanted.office, None, "；".join(gone)


def _approved(
    conn: Connection, letterhead: Letterhead, found: Row[Any], row: Row[Any], actor: Actor, now: datetime
) -> None:
    """The chain is complete: a statement may be released now; a decision to say nothing is in force."""
    must_be_covered(conn, found, row, "批准")
    if Kind(found.kind) is Kind.STATEMENT:
        move(conn, found, StatementEvent.APPROVE, None, now)
        words = f"口径第 {found.n} 版已审批，可以发布"
        log(conn, row.id, now, EntryKind.MACHINE, words, f"指纹 {found.text_hash[:12]}")
        _tell_drafter(conn, letterhead, found, row, words, f"approved:{found.id}", now)
        return
    supersede(conn, row.id, found, actor, now)
    move(conn, found, StatementEvent.DECIDE, None, now)
    log(conn, row.id, now, EntryKind.PERSON, "决定不公开回应", found.text, actor=actor.name)
    if INCIDENT.steps[State(row.state)].get(Event.NO_ANSWER) is not None:
        advance(conn, row.id, Event.NO_ANSWER, None)
    timer.fulfil(conn, row.id, "first_answer", now)
    _tell_drafter(conn, letterhead, found, row, "已批准不公开回应", f"approved:{found.id}", now)


def must_be_covered(conn: Connection, found: Row[Any], row: Row[Any], what: str) -> None:
    """Refuse `what` where the level of today asks an approver who has not approved. Raises IllegalStep."""
    pack = thaw(row.frozen["pack"])
    given = [str(one.office) for one in steps_of(conn, found.id) if one.decision == "approved"]
    if lacking := uncovered(pack.voice.chain(pack.grade(row.level).number), given):
        who = "、".join(dict.fromkeys(people.office_in(pack, one.office) for one in lacking))
        raise IllegalStep(RAISED.format(n=found.n, who=who, what=what))


def supersede(conn: Connection, incident_id: int, by: Row[Any], actor: Actor, now: datetime) -> Row[Any] | None:
    """The version in force gives its place to another one; gives the old one."""
    old = statement.in_force(conn, incident_id)
    if old is None or old.id == by.id or StatementState(old.state) not in IN_FORCE:
        return None
    move(conn, old, StatementEvent.SUPERSEDE, None, now, f"由第 {by.n} 版取代")
    words = f"口径第 {old.n} 版由第 {by.n} 版取代"
    log(conn, incident_id, now, EntryKind.PERSON, words, actor=actor.name)
    return old


def answered(conn: Connection, row: Row[Any], actor: Actor, now: datetime, text: str, url: str) -> None:
    """The incident was answered in public by the release (JY 14)."""
    acting = Actor(actor.id, actor.name, frozenset({Role.PUBLICITY}), actor.ip)
    keeper.answer(conn, row.id, acting, now, text=text, url=url)


def _tell_drafter(
    conn: Connection, letterhead: Letterhead, found: Row[Any], row: Row[Any], words: str, step: str, now: datetime
) -> None:
    """Tell who drafted it, and the 宣传部, what became of it; for who is away the substitute."""
    title, label = people.office_in(thaw(row.frozen["pack"]), Role.PUBLICITY), Source.DEFAULT.label
    held = people.holders(conn, row.school, Role.PUBLICITY)
    who = people.acting(conn, row.school, held, now, letterhead.channels)
    office = [acting_as(who, Role.PUBLICITY, title, (), label, "")] if who is not None else []
    ids = [str(found.drafted_by)]
    whom = gather([*hold_notice.present(conn, letterhead, row.school, ids, Role.PUBLICITY, title, label, now), *office])
    errand = Errand(title=words[:80], facts=(words,), asks=(), verb="阅看", log="告知起草人")
    issue(conn, letterhead, row, whom, NoticeKind.VOICE, step, now, errand=errand)


def _what(found: Row[Any]) -> str:
    return f"口径第 {found.n} 版" if Kind(found.kind) is Kind.STATEMENT else f"“不公开回应”（第 {found.n} 版）"


def _shown(found: Row[Any]) -> str:
    text = " ".join(str(found.text).split())
    return f"全文：{text}" if len(text) <= 300 else f"开头：{text[:280]}…（全文见页面）"
