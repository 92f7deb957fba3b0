"""签收单: the page behind a signed link. GET shows, POST signs; a link that does not count shows no incident text."""

from __future__ import annotations

import hashlib
import hmac
import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection, Row, select

from escalation import assigning, care, handling, link, people, receipt
from escalation.clock_words import moment
from escalation.deed import incident_of
from escalation.incident import Actor, incidents
from escalation.incident.state import OPEN, State
from escalation.link import Link, LinkRefused, Purpose, Refusal
from escalation.notice import NoticeKind, notices
from escalation.notice.compose import silence_words
from escalation.notice.wording import NoticeView
from escalation.people import Person, Role
from escalation.procedure import Act, thaw
from escalation.receipt import Signed
from escalation.remark import DONE, ORDER, REMARK
from escalation.timer import TimerKind, TimerState, timers
from escalation.web import letter
from escalation.web.desk import Desk
from escalation.web.face import Face, face, took
from escalation.web.figures import Figures, figures_of
from escalation.web.gate import Open, address_of, desk_of
from escalation.web.orders import own_only
from escalation.web.pace import ByLink, bad_link
from escalation.web.page import bare
from escalation.web.receipts import Receipt, receipts_of
from stream.logbook import about

_log = logging.getLogger(__name__)
router = APIRouter()
KEEPER_LIVES = timedelta(days=7)
AFTER_LIVES = timedelta(minutes=30)
REMARK_LIMIT = 500
TOLD_ANEW = "此事有了新的通知，内容已更新如下，请阅后签收。尚未签收。"
PREFETCH = frozenset({"prefetch", "prerender"})


class Refused(Exception):
    """The link does not count; `why` names the sentence in `refused.html`."""

    def __init__(self, why: str, at: datetime | None = None) -> None:
        """Keep the reason, and the time it happened where there is one."""
        super().__init__(why)
        self.why, self.at = why, at


@dataclass(frozen=True, slots=True)
class Slip:
    """A notice behind a good link: its row, its incident and its addressee."""

    notice: Row[Any]
    incident: Row[Any]
    person: Person


@dataclass(frozen=True, slots=True)
class Shown:
    """What the signing page shows besides the frozen words."""

    view: NoticeView
    clock: Face | None
    receipts: list[Receipt]
    figures: Figures
    colleagues: list[Person]
    then: str


def leads(notice: Row[Any]) -> bool:
    """Whether who was told gives orders rather than takes them."""
    return notice.role not in people.WORKERS


def hands_on(notice: Row[Any]) -> bool:
    """Whether they may hand the work to a colleague: who leads, and the care role, in whose house it goes on."""
    return leads(notice) or notice.role == Role.CARE


def remark_of(notice: Row[Any], *, signed: bool = False) -> str:
    """What their own words are called: an order only where they lead; what was done where the matter was handed to
    them and they have taken it."""
    if signed and notice.kind == NoticeKind.ASSIGNED:
        return DONE
    return ORDER if leads(notice) else REMARK


def slip_of(conn: Connection, desk: Desk, given: Link, *, signed_too: bool = False) -> Slip:
    """The notice of a link that was read. Raises Refused."""
    notice = conn.execute(
        select(notices).where(notices.c.id == given.notice_id, notices.c.school == desk.school)
    ).first()
    if notice is None:
        raise Refused("unknown")
    person = people.person(conn, desk.school, given.person_id)
    if notice.addressee != given.person_id or person is None or not person.active:
        raise Refused("stranger")
    if notice.incident_id is None:
        raise Refused("unknown")
    incident = conn.execute(select(incidents).where(incidents.c.id == notice.incident_id)).one()
    if notice.signed_at is not None and not signed_too:
        raise Refused("signed", notice.signed_at)
    if State(incident.state) not in OPEN and not signed_too:
        raise Refused("dismissed" if incident.state == State.FALSE_ALARM else "closed", incident.closed_at)
    if not notice.needs_signature and not signed_too:
        raise Refused("unsigned")
    return Slip(notice, incident, person)


def newest(conn: Connection, desk: Desk, given: Link) -> Link:
    """The link as if it were that of the notice which took this one's place: an old mail shows and signs the newest."""
    found = conn.execute(select(notices).where(notices.c.id == given.notice_id)).first()
    while found is not None and found.superseded_by is not None:
        given = replace(given, notice_id=found.id)
        later = (notices.c.school == desk.school) & (notices.c.number == found.superseded_by)
        found = conn.execute(select(notices).where(later)).first()
    return given if found is None else replace(given, notice_id=found.id)


def read_link(desk: Desk, given: str, now: datetime, purpose: Purpose = Purpose.SIGN) -> Link:
    """Read a token. Raises Refused."""
    try:
        return link.read(desk.letterhead.link_key, purpose, given, now)
    except LinkRefused as refused:
        raise Refused("expired" if refused.refusal is Refusal.EXPIRED else "forged") from refused


def refusal(request: Request, refused: Refused) -> HTMLResponse:
    """The page of a link that does not count; 410 where it once did. Raises TooOften for one who guesses."""
    if refused.why in ("forged", "unknown"):
        bad_link(request)
    status = {"forged": 404, "unknown": 404, "stranger": 403, "unsigned": 403}.get(refused.why, 410)
    now = desk_of(request).clock()
    at = moment(refused.at, now) if refused.at else ""
    return bare(request, "refused.html", status=status, why=refused.why, at=at)


def shown(conn: Connection, slip: Slip, now: datetime) -> Shown:
    """Gather what the page shows."""
    notice, incident = slip.notice, slip.incident
    clock = None
    if notice.sign_by is not None:
        clock = face("签收时限", notice.created_at, notice.sign_by, now)
    mates = [p for p in people.everyone(conn, notice.school) if p.active and p.unit and p.unit == slip.person.unit]
    receipts = receipts_of(conn, incident.id, now)
    desk = notice.role in (Role.MONITOR, Role.PUBLICITY)
    return Shown(
        then=_then(conn, slip, now),
        view=NoticeView.model_validate(notice.view),
        clock=clock,
        receipts=receipts if desk else own_only(receipts, slip.person.id),
        figures=figures_of(conn, incident, now),
        colleagues=[p for p in mates if p.id != slip.person.id][:30] if hands_on(notice) else [],
    )


def _then(conn: Connection, slip: Slip, now: datetime) -> str:
    """What follows without a signature, by the clock: only what is still to come."""
    rows = conn.execute(
        select(timers.c.due_at, timers.c.data)
        .where(timers.c.notice_id == slip.notice.id, timers.c.kind == TimerKind.RUNG)
        .where(timers.c.state == TimerState.SET, timers.c.due_at > now)
        .order_by(timers.c.due_at, timers.c.id)
    ).all()
    rungs = [(f"{moment(one.due_at, now)} ", Act(one.data["act"]), one.data.get("role") or "") for one in rows]
    return silence_words(thaw(slip.incident.frozen["pack"]), slip.notice.role, rungs)


@router.get("/r/{given}", dependencies=[Depends(Open())])
def look(request: Request, given: str) -> HTMLResponse:
    """Show the notice; the first time that it is opened is noted."""
    desk = desk_of(request)
    now = desk.clock()
    try:
        read = read_link(desk, given, now)
        if (shown_letter := letter.look(request, given, read, now)) is not None:
            return shown_letter
        with desk.store.read() as conn:
            slip = slip_of(conn, desk, newest(conn, desk, read))
    except Refused as refused:
        return refusal(request, refused)
    fetched = request.headers.get("sec-purpose", "").partition(";")[0] in PREFETCH
    if slip.notice.opened_at is None and not fetched:
        with desk.store.write() as conn:
            receipt.mark_opened(conn, slip.notice.id, now)
    return page(request, given, slip, now)


def page(
    request: Request, given: str, slip: Slip, now: datetime, error: str = "", status: int = 200, typed: str = "",
    to: str = "",
) -> HTMLResponse:  # fmt: skip
    """The signing page."""
    with desk_of(request).store.read() as conn:
        found = shown(conn, slip, now)
    return bare(
        request, "sign.html", status=status, slip=slip, shown=found, given=given, error=error, limit=REMARK_LIMIT,
        typed=typed, to=to, bare=_bare, care_offices="、".join(care.offices(slip.incident.frozen)),
        to_care=slip.notice.role == Role.CARE, remark_word=remark_of(slip.notice),
    )  # fmt: skip


@router.post("/r/{given}", dependencies=[Depends(ByLink())])
def sign(
    request: Request,
    given: str,
    remark: Annotated[str, Form()] = "",
    hand_to: Annotated[str, Form()] = "",
    seen: Annotated[str, Form()] = "",
) -> HTMLResponse:
    """Sign what the page showed (`seen`, the notice's number). Stops this person's clock and no other's.

    Where the person was told anew since, nothing is signed: the page comes back with the newest notice.
    """
    desk = desk_of(request)
    now = desk.clock()
    try:
        read = read_link(desk, given, now)
        if (signed_letter := letter.sign(request, given, read, now)) is not None:
            return signed_letter
        slip, why = desk.store.run(
            lambda conn: _sign(conn, desk, read, now, remark, hand_to, seen, address_of(request))
        )
    except Refused as refused:
        return refusal(request, refused)
    if why:
        return page(request, given, slip, now, why, 409 if why == TOLD_ANEW else 422, remark, hand_to)
    _log.info("已签收", extra=about(notice=slip.notice.number, incident=slip.incident.number))
    return after(request, given, slip, now)


def _sign(
    conn: Connection, desk: Desk, read: Link, now: datetime, remark: str, hand_to: str, seen: str, ip: str
) -> tuple[Slip, str]:
    """Sign, or say why not yet. The incident is held first: nobody is told anew between look and signature."""
    old = slip_of(conn, desk, read, signed_too=True)
    incident_of(conn, old.incident.id)
    latest = newest(conn, desk, read)
    slip = slip_of(conn, desk, latest)
    if (seen or old.notice.number) != slip.notice.number:
        return slip, TOLD_ANEW
    if len(remark) > REMARK_LIMIT:
        return slip, f"{_too_long(remark, remark_of(slip.notice))}尚未签收。"
    if hand_to and not hands_on(slip.notice):
        return slip, "账号管理人员、值班员和承办人不能交办，请找本单位负责人。尚未签收。"
    became = receipt.sign(
        conn, slip.notice.id, slip.person.id, now, via="link", remark=remark.replace("\x00", "").strip(), ip=ip
    )
    if became is not Signed.NOW:
        raise Refused("signed" if became is Signed.ALREADY else "stranger", slip.notice.signed_at or now)
    hand(conn, desk, slip, now, hand_to, ip)
    return slip_of(conn, desk, latest, signed_too=True), ""


def hand(conn: Connection, desk: Desk, slip: Slip, now: datetime, person_id: str, ip: str) -> None:
    """交办: the signer hands the matter to a colleague of the same unit, who gets a notice."""
    to = people.person(conn, desk.school, person_id) if person_id else None
    if to is not None and to.active and to.unit == slip.person.unit and to.id != slip.person.id:
        assigning.hand_over(conn, desk.letterhead, slip.incident.id, actor_of(slip, ip), now, to)


def actor_of(slip: Slip, ip: str) -> Actor:
    """The addressee as one who acts."""
    roles = frozenset({Role(slip.notice.role)}) if slip.notice.role in set(Role) else frozenset()
    return Actor(slip.person.id, slip.person.name, roles, ip)


def ticket(desk: Desk, slip: Slip) -> str:
    """What lets the page after signing add a word: made from the signature's own time, so it is nobody else's."""
    said = f"after:{slip.notice.id}:{slip.person.id}:{slip.notice.signed_at.isoformat()}"
    return hmac.new(desk.letterhead.link_key, said.encode(), hashlib.sha256).hexdigest()[:40]


def _bare(text: str) -> str:
    """A sentence without the mark at its end."""
    return text.strip().rstrip("。；")


def _too_long(remark: str, word: str) -> str:
    return f"{word}至多 {REMARK_LIMIT} 字，现为 {len(remark)} 字，请删减。"


def after(
    request: Request, given: str, slip: Slip, now: datetime, *, said: bool = False, error: str = "", typed: str = ""
) -> HTMLResponse:
    """The page after signing: seal, time taken, next deadline, what to do next."""
    desk = desk_of(request)
    with desk.store.read() as conn:
        row = conn.execute(
            select(timers)
            .where(timers.c.incident_id == slip.incident.id, timers.c.kind == TimerKind.DUTY)
            .where(timers.c.state == TimerState.SET)
            .order_by(timers.c.due_at)
            .limit(1)
        ).first()
    taken = slip.notice.kind == NoticeKind.ASSIGNED  # the incident's own clocks are not theirs
    next_due = face(row.words, row.set_at, row.due_at, now, basis=row.article) if row and not taken else None
    keeper = ""
    if slip.notice.role == Role.KEEPER:
        own = Link(slip.notice.id, slip.person.id, now + KEEPER_LIVES)
        keeper = f"/k/{link.token(desk.letterhead.link_key, Purpose.KEEPER, own)}"
    late = slip.notice.sign_by is not None and slip.notice.signed_at > slip.notice.sign_by
    return bare(
        request, "signed.html", given=given, slip=slip, view=NoticeView.model_validate(slip.notice.view),
        next_due=next_due, keeper=keeper, took=took(slip.notice.signed_at - slip.notice.created_at), late=late,
        said=said, ticket=ticket(desk, slip), limit=REMARK_LIMIT, error=error, typed=typed,
        status=422 if error else 200, remark_word=remark_of(slip.notice, signed=True),
    )  # fmt: skip


@router.post("/r/{given}/remark", dependencies=[Depends(ByLink())])
def remark_on(
    request: Request, given: str, remark: Annotated[str, Form()] = "", proof: Annotated[str, Form()] = ""
) -> HTMLResponse:
    """批示 after signing: a line of the log by the signer, within half an hour and from the page after signing only."""
    desk = desk_of(request)
    now = desk.clock()
    try:
        read = read_link(desk, given, now)
        slip = desk.store.run(lambda conn: _remark(conn, desk, read, now, remark, proof, address_of(request)))
    except Refused as refused:
        return refusal(request, refused)
    if len(remark) > REMARK_LIMIT:
        return after(
            request, given, slip, now, error=_too_long(remark, remark_of(slip.notice, signed=True)), typed=remark
        )
    return after(request, given, slip, now, said=bool(_plain(remark)))


def _remark(conn: Connection, desk: Desk, read: Link, now: datetime, remark: str, proof: str, ip: str) -> Slip:
    """Write the line down, unless it is empty or too long. Raises Refused."""
    slip = slip_of(conn, desk, newest(conn, desk, read), signed_too=True)
    signed_at = slip.notice.signed_at
    if signed_at is None or not hmac.compare_digest(ticket(desk, slip).encode(), proof.encode()):
        raise Refused("forged")
    if now - signed_at > AFTER_LIVES:
        raise Refused("signed", signed_at)
    words = _plain(remark)
    if words and len(remark) <= REMARK_LIMIT:
        handling.note(
            conn, slip.incident.id, actor_of(slip, ip), now, f"{remark_of(slip.notice, signed=True)}：{words}"
        )
    return slip


def _plain(remark: str) -> str:
    return remark.replace("\x00", "").strip()
