"""口径: holds and statements of every incident in sight, and the workspace of one; acts on holds and facts."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Connection, Row, case, func, or_, select

from escalation import paper, people
from escalation.deed import incident_of
from escalation.incident import StateMoved, incidents
from escalation.incident.state import OPEN, State
from escalation.people import Role
from escalation.state_table import IllegalStep
from escalation.task import TaskKind
from escalation.task.setting import leader_of, set_task
from escalation.voice import fact, hold
from escalation.voice.hold import holds
from escalation.voice.state import IN_FORCE, STATEMENT, HoldState, StatementEvent, StatementState
from escalation.voice.statement import statements
from escalation.voice.subject import THEME_WORDS, Subject, read, typed
from escalation.web.act import plain
from escalation.web.gate import Acts, NotAllowed, NotFound, Only, Visitor, desk_of
from escalation.web.incident import care_shown, row_of
from escalation.web.page import show
from escalation.web.relay_view import knowledge
from escalation.web.voice_view import Version, Voice, voice_of

router = APIRouter()
READERS = (Role.MONITOR, Role.PUBLICITY, Role.SCHOOL_LEADER, Role.UNIT_LEADER, Role.KEEPER)
Reader = Annotated[Visitor, Depends(Only(*READERS))]
Lead = Annotated[Visitor, Depends(Acts(Role.PUBLICITY))]
Writer = Annotated[Visitor, Depends(Acts(Role.PUBLICITY, Role.UNIT_LEADER, Role.MONITOR))]
Desk = Annotated[Visitor, Depends(Acts(Role.PUBLICITY, Role.MONITOR))]
Anybody = Annotated[Visitor, Depends(Acts(*READERS))]
Field = Annotated[str, Form()]
SHOWN = 60
DONE = {
    "ask": "已请涉事单位作情况说明，到期未答复会催办。",
    "hold": "已暂停发声，已通知各账号管理人员确认。", "change": "已调整管控范围，已通知各账号管理人员重新确认。",
    "lift": "已解除管控，已告知各账号管理人员。", "confirm": "已登记确认知悉。", "fact": "已登记。",
    "draft": "已保存为新的一版。",
    "check": "已登记核对。", "submit": "已送审，已通知审批人。", "drop": "已作废。", "decide": "已登记审批。",
    "release": "已登记发布，管控随之解除，转发清单已发出。",
    "withdraw": "已撤回，首发和转发账号须撤下，起草、审批、阅看和收到口径卡的人员已告知。",
    "read": "已登记阅看。", "relay": "已登记。", "excuse": "已登记免于转发。",
}  # fmt: skip


@router.get("/statements")
def page(request: Request, visitor: Reader) -> HTMLResponse:
    """Every incident in sight that has a hold or a statement, the open ones first."""
    desk = desk_of(request)
    with desk.store.read() as conn:
        mine = (incidents.c.school == desk.school) & visitor.scope.clause()
        spoken = or_(
            incidents.c.id.in_(select(holds.c.incident_id)), incidents.c.id.in_(select(statements.c.incident_id)),
        )  # fmt: skip
        held = incidents.c.id.in_(select(holds.c.incident_id).where(holds.c.state == HoldState.STANDING))
        first = (case((held, 0), else_=1), case((incidents.c.state.in_(sorted(OPEN)), 0), else_=1))
        rows = conn.execute(
            select(incidents).where(mine, spoken).order_by(*first, incidents.c.opened_at.desc()).limit(SHOWN)
        ).all()
        standing = conn.execute(select(func.count()).select_from(incidents).where(mine, held)).scalar_one()
        known = knowledge(conn, desk.school)
        found = [(row, voice_of(conn, row, visitor.now, whole=False, known=known)) for row in rows]
    found.sort(key=lambda one: State(one[0].state) not in OPEN)
    return show(request, visitor, "statements.html", found=found, standing=standing)


@router.get("/statements/{number}")
def workspace(request: Request, visitor: Reader, number: str) -> HTMLResponse:
    """One incident's one voice."""
    return desk_page(request, visitor, row_of(request, visitor, number))


def desk_page(
    request: Request, visitor: Visitor, row: Row[Any], *, error: str = "", status: int = 200,
    given: dict[str, Any] | None = None,
) -> HTMLResponse:  # fmt: skip
    """The workspace, with a sentence on top where an act was refused and what was typed kept."""
    desk = desk_of(request)
    with desk.store.read() as conn:
        must_be_begun(conn, visitor, row)
        whole = voice_of(conn, row, visitor.now)
        units = people.units(conn, desk.school)
        writer = visitor.has(Role.PUBLICITY, Role.UNIT_LEADER) and writes(conn, visitor, row)
        keepers = people.all_holders(conn, desk.school)
        keeps = {
            one for one in whole.accounts
            if visitor.actor.id in {p.id for p in keepers.get((Role.KEEPER, one), ())}
        }  # fmt: skip
    voice = seen_by(whole, visitor, keeps)
    return show(
        request, visitor, "statement.html", status=status, row=row, voice=voice, error=error, given=given or {},
        may=_may(visitor, voice), open=State(row.state) in OPEN, me=visitor.actor.id, notice_done=DONE, keeps=keeps,
        units=units, desk=visitor.has(Role.PUBLICITY, Role.MONITOR),
        lead=visitor.has(Role.PUBLICITY), writer=writer, themes=THEME_WORDS,
        old=[one for one in voice.versions if one not in (voice.work, voice.force)],
        redraft=_redraft(voice, given or {}), **care_shown(row, visitor.user.roles),
    )  # fmt: skip


def seen_by(voice: Voice, visitor: Visitor, keeps: Collection[str] = ()) -> Voice:
    """The versions that this person may read: who is not of the desk or a school leader reads what is in force, what
    they drafted, what they may decide now, and, keeping a main account, what may be released from it now."""
    if visitor.has(Role.PUBLICITY, Role.MONITOR, Role.SCHOOL_LEADER):
        return voice
    me, mains = visitor.actor.id, {one.id for one in voice.main_accounts}

    def reads(one: Version) -> bool:
        state, ripe = StatementState(one.row.state), (one.row.embargo_until or visitor.now) <= visitor.now
        return (
            state in IN_FORCE
            or one.row.drafted_by == me
            or any(me in step.may for step in one.steps)
            or (state is StatementState.APPROVED and ripe and bool(mains & set(keeps)))
        )

    return replace(voice, versions=tuple(one for one in voice.versions if reads(one)))


def _may(visitor: Visitor, voice: Voice) -> dict[str, bool]:
    """Which steps of the version in work, and of the one in force, this person may take."""
    roles, made = visitor.user.roles, {}
    for name, one in (("work", voice.work), ("force", voice.force)):
        state = StatementState(one.row.state) if one else None
        for event in StatementEvent:
            made[f"{name}_{event}"] = state is not None and STATEMENT.may(state, event, roles)
    return made


def _redraft(voice: Voice, given: dict[str, Any]) -> dict[str, Any]:
    """What stands in the form: what was typed, else the version in work, else the one in force."""
    if "text" in given:
        return given
    before: Version | None = voice.work or voice.force
    if before is None or before.silence:
        return {"text": "", "facts": []}
    card = before.card
    return {
        "text": before.row.text, "core": card.core, "may_say": "\n".join(card.may_say),
        "may_not_say": "\n".join(card.may_not_say), "answers": "\n".join(f"{q}｜{a}" for q, a in card.answers),
        "spokesperson": card.spokesperson, "facts": list(before.row.facts), "embargo": before.row.embargo_until,
        "valid": before.row.valid_until,
    }  # fmt: skip


def act(
    request: Request, visitor: Visitor, number: str, done: str, do: Callable[[Connection, Row[Any]], object],
    at: str = "", **given: Any,
) -> Response:  # fmt: skip
    """Do one thing, or show why not with what was typed."""
    row = row_of(request, visitor, number)

    def run(conn: Connection) -> None:
        must_be_begun(conn, visitor, row)
        do(conn, row)

    try:
        desk_of(request).store.run(run)
    except (IllegalStep, StateMoved) as refused:
        fresh = row_of(request, visitor, number)
        return desk_page(request, visitor, fresh, error=str(refused), status=409, given=given)
    return RedirectResponse(f"/statements/{row.number}?done={done}{'#' + at if at else ''}", 303)


def must_be_begun(conn: Connection, visitor: Visitor, row: Row[Any]) -> None:
    """Of a care case nobody speaks in public: the 宣传部 alone begins. Raises NotAllowed where nothing is begun."""
    if not row.care or visitor.has(Role.PUBLICITY):
        return
    begun = (select(one.c.id).where(one.c.incident_id == row.id).limit(1) for one in (holds, statements))
    if not any(conn.execute(one).first() for one in begun):
        raise NotAllowed("求助事件不公开讨论，没有口径，也未暂停发声；确需统一发声的，由宣传部决定。未作任何更改。")


def writes(conn: Connection, visitor: Visitor, row: Row[Any]) -> bool:
    """Whether this person drafts and keeps facts: the desk, or who leads (or stands in for who leads) the unit of the
    matter or the one it was handed to. A leader of another unit who was only told of it reads."""
    units = [one for one in (row.unit, row.assignee) if one]
    return visitor.has(Role.PUBLICITY, Role.MONITOR) or any(
        paper.holds(conn, row.school, Role.UNIT_LEADER, one, visitor.actor.id, visitor.now) for one in units
    )


def must_write(conn: Connection, visitor: Visitor, row: Row[Any]) -> None:
    """Raises NotAllowed for who only reads."""
    if not writes(conn, visitor, row):
        raise NotAllowed("口径和事实由宣传部或涉事单位填写。未作任何更改。")


def own_hold(conn: Connection, row: Row[Any], hold_id: int) -> None:
    """Raises NotFound where the hold is not this incident's."""
    if conn.execute(select(holds.c.id).where(holds.c.id == hold_id, holds.c.incident_id == row.id)).first() is None:
        raise NotFound("没有这一暂停发声。未作任何更改。")


@router.post("/statements/{number}/hold")
def put_on(request: Request, visitor: Lead, number: str, words: Field = "", why: Field = "") -> Response:
    """暂停发声, by a person."""
    head = desk_of(request).letterhead

    def do(conn: Connection, row: Row[Any]) -> None:
        subject = Subject(words=typed(plain(words, "暂停就哪些词发声")))
        hold.add(conn, head, row.id, visitor.actor, visitor.now, subject, plain(why, "理由"))

    return act(request, visitor, number, "hold", do, hold_words=words, hold_why=why)


@router.post("/statements/{number}/holds/{hold_id}/change")
def change(
    request: Request, visitor: Lead, number: str, hold_id: int, words: Field = "", places: Field = "",
    cues: Field = "", theme: Field = "", why: Field = "",
) -> Response:  # fmt: skip
    """调整范围."""
    desk = desk_of(request)

    def do(conn: Connection, row: Row[Any]) -> None:
        own_hold(conn, row, hold_id)
        before = read(hold.current(conn, hold_id).subject)
        themes = before.themes if theme else ()
        subject = Subject(
            themes,
            typed(plain(words, "词")),
            typed(plain(cues, "佐证词")),
            typed(plain(places, "地点")),
            before.threads if theme else (),
        )
        hold.change(conn, desk.letterhead, hold_id, visitor.actor, visitor.now, subject, plain(why, "理由"))

    return act(request, visitor, number, "change", do, change_words=words, change_why=why)


@router.post("/statements/{number}/holds/{hold_id}/lift")
def lift(request: Request, visitor: Lead, number: str, hold_id: int, why: Field = "") -> Response:
    """解除管控."""
    desk = desk_of(request)

    def do(conn: Connection, row: Row[Any]) -> None:
        own_hold(conn, row, hold_id)
        hold.lift(conn, desk.letterhead, hold_id, visitor.actor, visitor.now, plain(why, "理由"))

    return act(request, visitor, number, "lift", do, lift_why=why)


@router.post("/statements/{number}/holds/{hold_id}/confirm")
def confirm(request: Request, visitor: Anybody, number: str, hold_id: int, person: Field = "") -> Response:
    """确认知悉: for oneself, or a call recorded by the desk for somebody else."""

    def do(conn: Connection, row: Row[Any]) -> None:
        own_hold(conn, row, hold_id)
        whose = plain(person, "人员") or visitor.actor.id
        by_phone = whose != visitor.actor.id
        if by_phone and not visitor.has(Role.PUBLICITY, Role.MONITOR):
            raise IllegalStep("电话确认由宣传部或值班员登记。未作任何更改。")
        hold.confirm(conn, hold_id, whose, visitor.actor, visitor.now, "phone" if by_phone else "desk")

    return act(request, visitor, number, "confirm", do)


@router.post("/statements/{number}/ask")
def ask(request: Request, visitor: Desk, number: str, unit: Field = "", words: Field = "") -> Response:
    """请涉事单位作情况说明: a task with the pack's deadline, reminded until it is answered."""
    desk = desk_of(request)

    def do(conn: Connection, row: Row[Any]) -> None:
        held = incident_of(conn, row.id)
        if plain(unit, "单位") not in people.units(conn, desk.school):
            raise IllegalStep("请选择涉事单位。未作任何更改。")
        set_task(
            conn, desk.letterhead, held, TaskKind.FACTS, leader_of(plain(unit, "单位")), visitor.actor, visitor.now,
            plain(words, "要说明什么"),
        )  # fmt: skip

    return act(request, visitor, number, "ask", do, "facts", ask_words=words)


@router.post("/statements/{number}/facts")
def add_fact(
    request: Request, visitor: Writer, number: str, text: Field = "", source: Field = "", confirmed: Field = ""
) -> Response:
    """登记事实."""

    def do(conn: Connection, row: Row[Any]) -> None:
        must_write(conn, visitor, row)
        said = {
            "text": plain(text, "事实"),
            "source": plain(source, "来源"),
            "confirmed_by": plain(confirmed, "核实人"),
        }
        fact.add(conn, row.id, visitor.actor, visitor.now, **said)

    typed = {"fact_text": text, "fact_source": source, "fact_confirmed": confirmed}
    return act(request, visitor, number, "fact", do, "facts", **typed)


@router.post("/statements/{number}/facts/{fact_id}/confirm")
def confirm_fact(request: Request, visitor: Writer, number: str, fact_id: int, by: Field = "") -> Response:
    """登记核实."""

    def do(conn: Connection, row: Row[Any]) -> None:
        must_write(conn, visitor, row)
        _own_fact(conn, row, fact_id)
        fact.confirm(conn, fact_id, visitor.actor, visitor.now, plain(by, "由谁核实"))

    return act(request, visitor, number, "fact", do, "facts")


@router.post("/statements/{number}/facts/{fact_id}/retract")
def retract_fact(request: Request, visitor: Writer, number: str, fact_id: int, why: Field = "") -> Response:
    """撤销一条事实."""

    def do(conn: Connection, row: Row[Any]) -> None:
        must_write(conn, visitor, row)
        _own_fact(conn, row, fact_id)
        fact.retract(conn, fact_id, visitor.actor, visitor.now, plain(why, "理由"))

    return act(request, visitor, number, "fact", do, "facts")


def _own_fact(conn: Connection, row: Row[Any], fact_id: int) -> None:
    if fact_id not in {one.id for one in fact.facts_of(conn, row.id)}:
        raise NotFound("没有这一条事实。未作任何更改。")
