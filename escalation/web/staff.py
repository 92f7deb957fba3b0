"""人员: who holds which office, who can be reached how, who is away, who leaves. Contacts are not shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Connection, select

from escalation import people
from escalation.duty import absence, contact, departing
from escalation.duty.absence import Absence
from escalation.people import CONTACTS, Person, Role, offices
from escalation.procedure import Pack
from escalation.state_table import IllegalStep
from escalation.web.duty import DONE, KEEPERS, moment_of
from escalation.web.gate import Acts, Only, Visitor, desk_of
from escalation.web.page import show
from stream.account import book
from stream.platform import platform_name

router = APIRouter()
SEES = (Role.MONITOR, Role.PUBLICITY, Role.ADMINISTRATOR)
Keeper = Annotated[Visitor, Depends(Acts(*KEEPERS))]
Field = Annotated[str, Form()]
WAYS = {"mail": "邮件", "sms": "手机", "wecom_app": "企业微信"}


@dataclass(frozen=True, slots=True)
class Line:
    """One person: the offices held, the ways by which a notice can come, the state in words."""

    person: Person
    offices: tuple[str, ...]
    ways: tuple[str, ...]
    refused: tuple[str, ...]
    away: Absence | None
    substitute: str
    leaves_at: datetime | None
    reachable: bool


@router.get("/duty/people")
def page(request: Request, visitor: Annotated[Visitor, Depends(Only(*SEES))]) -> HTMLResponse:
    """The page."""
    return _page(request, visitor)


def _page(request: Request, visitor: Visitor, *, status: int = 200, error: str = "", given: str = "") -> HTMLResponse:
    desk = desk_of(request)
    with desk.store.read() as conn:
        lines = _lines(conn, desk.school, desk.ground.pack, frozenset(desk.channels), visitor.now)
    units: dict[str, list[Line]] = {}
    for one in lines:
        units.setdefault(one.person.unit or "未填单位", []).append(one)
    return show(
        request, visitor, "staff.html", status=status, error=error, given=given, units=units, total=len(lines),
        keeps=visitor.has(*KEEPERS), done_words=DONE, same=_same(desk.ground.pack),
    )  # fmt: skip


def _same(pack: Pack) -> list[tuple[str, str]]:
    """Offices that the document names apart and that may be one department; each is told by its own word."""
    return [(one.words[0], pack.offices[one.maybe_same_as].words[0]) for one in pack.office if one.maybe_same_as]


def _lines(conn: Connection, school: str, pack: Pack, channels: frozenset[str], now: datetime) -> list[Line]:
    everybody = people.everyone(conn, school)
    names = {one.id: one.name for one in everybody}
    held = _held(conn, school, pack)
    away, leaving = absence.away(conn, school, now), absence.leaving(conn, school)
    bad: dict[str, list[str]] = {}
    current = {one.id: one for one in everybody}
    for refused in contact.refused(conn, school):
        who = current.get(refused.person)
        if who is not None and who.contact(refused.channel) == refused.address:
            bad.setdefault(refused.person, []).append(f"{refused.title}被拒收：{refused.reason}")
    found = []
    for one in everybody:
        out = away.get(one.id)
        found.append(
            Line(
                one, tuple(held.get(one.id, ())),
                tuple(word for channel, word in WAYS.items() if channel in CONTACTS and one.contact(channel)),
                tuple(bad.get(one.id, ())), out, names.get(out.substitute, "") if out else "", leaving.get(one.id),
                one.reachable_by(channels),
            )
        )  # fmt: skip
    return sorted(found, key=lambda line: (not line.person.active, line.person.unit, not line.offices, line.person.id))


def _held(conn: Connection, school: str, pack: Pack) -> dict[str, list[str]]:
    accounts = book(conn, school)
    found: dict[str, list[str]] = {}
    rows = conn.execute(
        select(offices).where(offices.c.school == school).order_by(offices.c.role, offices.c.scope, offices.c.rank)
    )
    for row in rows:
        title = people.office_in(pack, row.role)
        account = accounts.get(row.scope)
        where = f"{account.name}·{platform_name(account.platform)}" if account else row.scope
        found.setdefault(row.person_id, []).append(f"{title}（{where}）" if where else title)
    return found


def _done(request: Request, visitor: Visitor, done: str, refused: Sequence[str], given: str) -> Response:
    if refused:
        return _page(request, visitor, status=409, error=refused[0], given=given)
    return RedirectResponse(f"/duty/people?done={done}", 303)


@router.post("/duty/people/{person_id}/left")
def left(request: Request, visitor: Keeper, person_id: str, at: Field = "", note: Field = "") -> Response:
    """离任: from a moment on, or at once."""
    desk, refused = desk_of(request), []

    def act(conn: Connection) -> None:
        when = moment_of(at, "离任时间") if at.strip() else visitor.now
        departing.enter(
            conn, desk.school, visitor.actor, visitor.now, person_id, when, note.replace("\x00", "").strip()
        )

    try:
        desk.store.run(act)
        desk.store.run(lambda conn: departing.take_effect(conn, desk.letterhead, visitor.now))
    except IllegalStep as error:
        refused.append(str(error))
    return _done(request, visitor, "left", refused, person_id)


@router.post("/duty/people/{person_id}/back")
def back(request: Request, visitor: Keeper, person_id: str) -> Response:
    """撤销离任."""
    desk, refused = desk_of(request), []
    try:
        desk.store.run(lambda conn: departing.take_back(conn, desk.school, visitor.actor, visitor.now, person_id))
    except IllegalStep as error:
        refused.append(str(error))
    return _done(request, visitor, "unleft", refused, person_id)
