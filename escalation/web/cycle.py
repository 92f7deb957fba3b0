"""The acts of the full cycle: 不公开回应 观察 复燃 复盘 归档, and 级别 现行规程. Each a POST without scripts."""

from __future__ import annotations

from datetime import date
from itertools import zip_longest
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response
from sqlalchemy import Connection, Row

from escalation import archive, handling, level, recap, reignition, renewal
from escalation.incident.state import IllegalStep
from escalation.recap import FIELDS, Measure, Recap
from escalation.verdict import MISJUDGED
from escalation.web.act import Field, Lead, OnDesk, act, plain
from escalation.web.gate import NotFound, Only, Visitor, desk_of
from escalation.web.incident import row_of
from escalation.web.page import render
from escalation.web.words import CARE_TITLE

router = APIRouter()
Fields = Annotated[list[str], Form()]
Keeper = Annotated[Visitor, Depends(Only(*archive.TAKERS))]


@router.post("/incidents/{number}/no-answer")
def no_answer(request: Request, visitor: Lead, number: str, why: Field = "", approved_by: Field = "") -> Response:
    """决定不公开回应."""
    return act(
        request, visitor, number, "no_answer",
        lambda conn, i: handling.no_answer(
            conn, i, visitor.actor, visitor.now, plain(why, "理由"), plain(approved_by, "批准人")
        ),
        silent_why=why, approved_by=approved_by,
    )  # fmt: skip


@router.post("/incidents/{number}/watch")
def watch(request: Request, visitor: OnDesk, number: str, note: Field = "") -> Response:
    """转入观察."""
    return act(
        request, visitor, number, "watch",
        lambda conn, i: reignition.begin(conn, i, visitor.actor, visitor.now, plain(note, "说明")), watching=note,
    )  # fmt: skip


@router.post("/incidents/{number}/rekindle")
def rekindle(request: Request, visitor: OnDesk, number: str, why: Field = "") -> Response:
    """复燃，恢复处置."""
    head = desk_of(request).letterhead
    return act(
        request, visitor, number, "rekindle",
        lambda conn, i: reignition.rekindle(
            conn, head, i, visitor.actor, visitor.now, plain(why, "复燃的情形")
        ), rekindling=why,
    )  # fmt: skip


@router.post("/incidents/{number}/recap")
def write_recap(
    request: Request, visitor: OnDesk, number: str, cause: Field = "", course: Field = "", well: Field = "",
    badly: Field = "", what: Fields = [], owner: Fields = [], until: Fields = [],  # noqa: B006 (FastAPI copies it)
) -> Response:  # fmt: skip
    """复盘."""

    def do(conn: Connection, i: int) -> None:
        given = {
            "cause": plain(cause, "起因"),
            "course": plain(course, "经过"),
            "well": plain(well, "做得好的"),
            "badly": plain(badly, "做得不够的"),
        }
        recap.write(conn, i, visitor.actor, visitor.now, Recap(**given, measures=_measures(what, owner, until)))

    typed = dict(zip(FIELDS, (cause, course, well, badly), strict=True))
    return act(request, visitor, number, "recap", do, **typed)


def _measures(what: list[str], owner: list[str], until: list[str]) -> tuple[Measure, ...]:
    """The rows that say something. Raises IllegalStep where a day cannot be read."""
    found = []
    for row in zip_longest(what, owner, until, fillvalue=""):
        doing, who, day = map(plain, row, ("措施", "责任人", "期限"))
        if not (doing or who or day):
            continue
        try:
            found.append(Measure(doing, who, date.fromisoformat(day)))
        except ValueError:
            raise IllegalStep(f"整改措施的期限“{day[:20]}”不是日期，请写成 2026-12-01。未作任何更改。") from None
    return tuple(found)


@router.post("/incidents/{number}/level")
def change_level(
    request: Request, visitor: OnDesk, number: str, to: Field = "", why: Field = "", cause: Field = ""
) -> Response:
    """升级或降级; `cause`: whether the machine's level was wrong, or the matter has changed."""
    head = desk_of(request).letterhead

    def do(conn: Connection, i: int) -> None:
        if to not in ("1", "2", "3", "4"):
            raise IllegalStep("请选择级别。未作任何更改。")
        wrong = cause == MISJUDGED
        level.change(conn, head, i, visitor.actor, visitor.now, int(to), plain(why, "理由"), misjudged=wrong)

    return act(request, visitor, number, "level", do, level_to=to, level_why=why, level_cause=cause)


@router.post("/incidents/{number}/renew")
def renew(request: Request, visitor: Lead, number: str, why: Field = "", version: Field = "") -> Response:
    """改用现行规程: the pack whose differences were shown, and no newer one."""
    desk = desk_of(request)

    def do(conn: Connection, i: int) -> None:
        if version != desk.ground.pack.version:
            raise IllegalStep("现行规程刚刚更换，请刷新并核对差异后再试。未作任何更改。")
        ground = desk.ground
        who, now = visitor.actor, visitor.now
        renewal.renew(conn, desk.letterhead, i, who, now, ground.pack, ground.versions, plain(why, "理由"))

    return act(request, visitor, number, "renew", do, renewing=why)


@router.post("/incidents/{number}/archive")
def put_away(request: Request, visitor: Lead, number: str) -> Response:
    """归档."""
    return act(
        request, visitor, number, "archive", lambda conn, i: archive.archive(conn, i, visitor.actor, visitor.now)
    )


@router.get("/incidents/{number}/archive.json")
def package(request: Request, visitor: Keeper, number: str) -> Response:
    """The archived package itself, byte for byte as its fingerprint was taken."""
    row, kept = _export(request, visitor, number, "json")
    return Response(kept.package.encode(), media_type="application/json", headers=_named(row.number, "json"))


@router.get("/incidents/{number}/archive.html")
def record(request: Request, visitor: Keeper, number: str) -> Response:
    """The same for reading and printing, one file without anything from elsewhere."""
    row, kept = _export(request, visitor, number, "html")
    title = CARE_TITLE if row.care else row.title
    page = render("archive.html", row=row, kept=kept, title=title, told=archive.read(kept.package), now=visitor.now)
    return Response(page.encode(), media_type="text/html; charset=utf-8", headers=_named(row.number, "html"))


def _export(request: Request, visitor: Visitor, number: str, form: str) -> tuple[Row[Any], Row[Any]]:
    row = row_of(request, visitor, number)
    try:
        kept = desk_of(request).store.run(lambda conn: archive.export(conn, row, visitor.actor, visitor.now, form))
    except IllegalStep as refused:
        raise NotFound(str(refused)) from None
    return row, kept


def _named(number: str, form: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{number}.{form}"'}
