"""稽核: what the auditor found and is not mended, what was mended, and whether the auditor itself lives."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from escalation import finding
from escalation.auditor import ROLE
from escalation.inspection import TITLES
from escalation.people import Role
from escalation.web.gate import Only, Visitor, desk_of
from escalation.web.health import beat_of
from escalation.web.page import INSIDE, show
from stream import pulse

router = APIRouter()
SHOWN = 100
Reader = Annotated[Visitor, Depends(Only(*INSIDE))]


@router.get("/findings")
def page(request: Request, visitor: Reader) -> HTMLResponse:
    """Every finding that stands, the oldest first, and the newest of those that ended."""
    desk = desk_of(request)
    with desk.store.read() as conn:
        standing = finding.standing(conn, desk.school)
        mended = finding.mended(conn, desk.school, SHOWN)
        beat = beat_of(ROLE, pulse.freshest(conn, visitor.now).get(ROLE), visitor.now)
    return show(
        request, visitor, "findings.html", standing=standing, mended=mended, what_titles=TITLES, beat=beat,
        reads_incidents=visitor.has(Role.MONITOR, Role.PUBLICITY), shown=SHOWN,
    )  # fmt: skip
