"""静默: which reminders and alerts are kept quiet, by whom, why, until when, and how much they kept back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import select

from escalation import alert, silence
from escalation.incident import incidents
from escalation.incident.state import OPEN, IllegalStep
from escalation.people import Role
from escalation.silence import NEVER_QUIET, QUIET_WORDS, SILENCE, Quiet, kept_quiet
from escalation.voice.subject import EVERY_THEME
from escalation.web.gate import Acts, Only, Visitor, desk_of
from escalation.web.page import show
from stream.account import book

router = APIRouter()
WHO = (Role.MONITOR, Role.PUBLICITY, Role.ADMINISTRATOR)
SPANS: Mapping[str, str] = {"1": "1 小时", "2": "2 小时", "4": "4 小时", "8": "8 小时", "24": "24 小时"}
Field = Annotated[str, Form()]


@router.get("/silences")
def page(
    request: Request, visitor: Annotated[Visitor, Depends(Only(*WHO))], incident: str = "", cause: str = ""
) -> HTMLResponse:
    """What is silenced, and the form; `incident` or `cause` choose what the form begins with."""
    given = {"target": f"incident|{incident[:32]}" if incident else f"alert|{cause[:200]}" if cause else ""}
    return _page(request, visitor, given)


def _page(
    request: Request, visitor: Visitor, given: Mapping[str, str], *, error: str = "", status: int = 200
) -> HTMLResponse:
    desk = desk_of(request)
    with desk.store.read() as conn:
        running = silence.running(conn, desk.school, visitor.now)
        past = silence.past(conn, desk.school)
        ids = [row.id for row in (*running, *past[:10])]
        kept = conn.execute(select(kept_quiet).where(kept_quiet.c.silence_id.in_(ids)).order_by(kept_quiet.c.id)).all()
        open_ones = conn.execute(
            select(incidents.c.number, incidents.c.title, incidents.c.level, incidents.c.care, incidents.c.theme)
            .where(incidents.c.school == desk.school, incidents.c.state.in_(sorted(OPEN)), incidents.c.level > 1)
            .order_by(incidents.c.id.desc()).limit(100)
        ).all()  # fmt: skip
        accounts = list(book(conn, desk.school).values())
        alerts = [one for one in alert.ringing(conn, desk.school) if not one.cause.startswith(NEVER_QUIET)]
    return show(
        request, visitor, "silences.html", status=status, running=running, past=past, kept=kept, error=error,
        given=given, open_ones=open_ones, themes=sorted({row.theme for row in open_ones if row.theme}),
        accounts=accounts, ringing=alerts, spans=SPANS, quiet_words=QUIET_WORDS, state_words=SILENCE.state_words,
        why_most=silence.WHY_MOST, theme_words=EVERY_THEME,
    )  # fmt: skip


@router.post("/silences")
def begin(
    request: Request, visitor: Annotated[Visitor, Depends(Acts(*WHO))], target: Field = "", reason: Field = "",
    hours: Field = "",
) -> Response:  # fmt: skip
    """Keep something quiet; the person who asks is its owner."""
    kind, _, what = target.replace("\x00", "").partition("|")
    given = {"target": target[:240], "reason": reason[:600], "hours": hours[:3]}
    try:
        if kind not in set(Quiet) or hours not in SPANS:
            raise IllegalStep("请选择静默什么、静默多久。未作任何更改。")
        ends = visitor.now + timedelta(hours=int(hours))
        desk = desk_of(request)
        desk.store.run(
            lambda conn: silence.begin(
                conn, desk.school, Quiet(kind), what[:200], visitor.actor, visitor.now, reason.replace("\x00", ""), ends
            )
        )
    except IllegalStep as refused:
        return _page(request, visitor, given, error=str(refused), status=409)
    return RedirectResponse("/silences?done=silenced", 303)


@router.post("/silences/{silence_id}/lift")
def lift(request: Request, visitor: Annotated[Visitor, Depends(Acts(*WHO))], silence_id: int) -> Response:
    """End one before its time."""
    desk = desk_of(request)
    try:
        desk.store.run(lambda conn: silence.lift(conn, desk.school, silence_id, visitor.actor, visitor.now))
    except IllegalStep as refused:
        return _page(request, visitor, {}, error=str(refused), status=409)
    return RedirectResponse("/silences?done=lifted", 303)
