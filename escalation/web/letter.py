"""函: the page behind a letter's link. GET shows it and notes that it was opened; POST is the receipt.

Reached through `/r/TOKEN` like a notice (`sign.py`). What is to be done stands on the matter's own page.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Row, select

from escalation import receipt
from escalation.link import Link
from escalation.notice import letter, notices
from escalation.notice.wording import LetterView
from escalation.people import Person
from escalation.web.face import face
from escalation.web.gate import address_of, desk_of
from escalation.web.page import bare

PREFETCH = frozenset({"prefetch", "prerender"})


def look(request: Request, given: str, read: Link, now: datetime) -> HTMLResponse | None:
    """The letter behind a good link; None where it is an incident's notice."""
    if not _is_letter(request, read):
        return None
    desk, found = desk_of(request), _holder(request, read)
    if found is None:
        return _stranger(request)
    row, person = found
    fetched = request.headers.get("sec-purpose", "").partition(";")[0] in PREFETCH
    if row.opened_at is None and not fetched:
        with desk.store.write() as conn:
            receipt.mark_opened(conn, row.id, now)
    return page(request, given, row, person, now)


def sign(request: Request, given: str, read: Link, now: datetime) -> HTMLResponse | None:
    """The receipt of a letter; None where the link is an incident's notice."""
    if not _is_letter(request, read):
        return None
    desk, found = desk_of(request), _holder(request, read)
    if found is None:
        return _stranger(request)
    row, person = found
    if row.needs_signature:
        desk.store.run(lambda conn: letter.sign(conn, row, now, via="link", ip=address_of(request)))
        with desk.store.read() as conn:
            row = conn.execute(select(notices).where(notices.c.id == row.id)).one()
    return page(request, given, row, person, now)


def page(request: Request, given: str, row: Row[Any], person: Person, now: datetime) -> HTMLResponse:
    """The page."""
    clock = None
    if row.sign_by is not None:
        clock = face("签收", row.created_at, row.sign_by, now, done_at=row.signed_at)
    view = LetterView.model_validate(row.view)
    return bare(request, "letter.html", view=view, notice=row, person=person, given=given, clock=clock)


def _is_letter(request: Request, read: Link) -> bool:
    desk = desk_of(request)
    with desk.store.read() as conn:
        wanted = select(notices.c.id).where(notices.c.id == read.notice_id, notices.c.school == desk.school)
        return conn.execute(wanted.where(notices.c.matter.is_not(None))).first() is not None


def _holder(request: Request, read: Link) -> tuple[Row[Any], Person] | None:
    desk = desk_of(request)
    with desk.store.read() as conn:
        return letter.holder(conn, desk.school, read)


def _stranger(request: Request) -> HTMLResponse:
    """What somebody sees whose link is no longer theirs."""
    return bare(request, "refused.html", status=403, why="stranger", at="")
