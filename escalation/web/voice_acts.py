"""Acts on a statement: draft, check, submit, decide, release, withdraw, read, relay. Forms that need no script."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response
from sqlalchemy import Connection, Row, select

from escalation.clock_words import SHANGHAI
from escalation.people import Role
from escalation.state_table import IllegalStep
from escalation.voice import approval, reading, relay, release, statement
from escalation.voice.approval import approvals
from escalation.voice.relay import relays
from escalation.voice.statement import Card, Draft, Kind, statements
from escalation.web.act import plain
from escalation.web.gate import Acts, NotFound, Visitor, desk_of
from escalation.web.voice import Anybody, Field, Lead, act, must_write

router = APIRouter()
Writer = Annotated[Visitor, Depends(Acts(Role.PUBLICITY, Role.UNIT_LEADER))]
Poster = Annotated[Visitor, Depends(Acts(Role.PUBLICITY, Role.KEEPER))]
Fields = Annotated[list[str], Form()]


def own_version(conn: Connection, row: Row[Any], statement_id: int) -> Row[Any]:
    """The version. Raises NotFound where it is not this incident's."""
    found = conn.execute(
        select(statements).where(statements.c.id == statement_id, statements.c.incident_id == row.id)
    ).first()
    if found is None:
        raise NotFound("没有这一版口径。未作任何更改。")
    return found


@router.post("/statements/{number}/draft")
def draft(
    request: Request, visitor: Writer, number: str, text: Field = "", core: Field = "", may_say: Field = "",
    may_not_say: Field = "", answers: Field = "", spokesperson: Field = "", facts: Fields = [],  # noqa: B006
    embargo: Field = "", valid: Field = "", kind: Field = Kind.STATEMENT, why: Field = "",
) -> Response:  # fmt: skip
    """起草, 改写: always a new version."""
    typed = {
        "text": text, "core": core, "may_say": may_say, "may_not_say": may_not_say, "answers": answers,
        "spokesperson": spokesperson, "facts": [int(one) for one in facts if one.isdecimal()], "embargo": embargo,
        "valid": valid, "why": why,
    }  # fmt: skip

    def do(conn: Connection, row: Row[Any]) -> None:
        must_write(conn, visitor, row)
        card = Card(
            plain(core, "要点"), _lines(may_say, "可以说"), _lines(may_not_say, "不可以说"), _answers(answers),
            plain(spokesperson, "发言人"),
        )  # fmt: skip
        given = Draft(
            plain(text, "理由" if kind == Kind.SILENCE else "口径全文"), card,
            tuple(dict.fromkeys(int(one) for one in facts if one.isdecimal())),
            Kind(kind) if kind in set(Kind) else Kind.STATEMENT, when(embargo, "不早于"), when(valid, "有效期至"),
            plain(why, "改了什么、为何改"),
        )  # fmt: skip
        statement.draft(conn, row.id, visitor.actor, visitor.now, given)

    return act(request, visitor, number, "draft", do, "work", **(typed if kind != Kind.SILENCE else {"silence": text}))


def _lines(text: str, what: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.strip() for one in plain(text, what).splitlines() if one.strip()))


def _answers(text: str) -> tuple[tuple[str, str], ...]:
    """One line each: 问｜答."""
    pairs = []
    for line in _lines(text, "答问"):
        question, mark, answer = line.replace("|", "｜").partition("｜")
        if not mark or not question.strip() or not answer.strip():
            raise IllegalStep("答问请一行一条，写成“问｜答”。未作任何更改。")
        pairs.append((question.strip(), answer.strip()))
    return tuple(pairs)


def when(given: str, what: str) -> datetime | None:
    """A local time of a form (`2026-11-20T18:30`), Beijing time. Raises IllegalStep."""
    if not given.strip():
        return None
    try:
        return datetime.fromisoformat(given.strip()[:16]).replace(tzinfo=SHANGHAI)
    except ValueError as error:
        raise IllegalStep(f"“{what}”请写成 2026-11-20 18:30。未作任何更改。") from error


@router.post("/statements/{number}/versions/{statement_id}/check")
def check(
    request: Request, visitor: Writer, number: str, statement_id: int, item: Field = "", passed: Field = "",
    note: Field = "",
) -> Response:  # fmt: skip
    """核对."""

    def do(conn: Connection, row: Row[Any]) -> None:
        must_write(conn, visitor, row)
        own_version(conn, row, statement_id)
        statement.check(
            conn, statement_id, visitor.actor, visitor.now, item, passed=passed == "yes", note=plain(note, "说明")
        )

    return act(request, visitor, number, "check", do, "work")


@router.post("/statements/{number}/versions/{statement_id}/submit")
def submit(request: Request, visitor: Lead, number: str, statement_id: int) -> Response:
    """送审."""
    desk = desk_of(request)

    def do(conn: Connection, row: Row[Any]) -> None:
        own_version(conn, row, statement_id)
        approval.submit(conn, desk.letterhead, statement_id, visitor.actor, visitor.now)

    return act(request, visitor, number, "submit", do, "work")


@router.post("/statements/{number}/versions/{statement_id}/drop")
def drop(request: Request, visitor: Lead, number: str, statement_id: int, why: Field = "") -> Response:
    """作废."""

    def do(conn: Connection, row: Row[Any]) -> None:
        own_version(conn, row, statement_id)
        statement.drop(conn, statement_id, visitor.actor, visitor.now, plain(why, "理由"))

    return act(request, visitor, number, "drop", do)


@router.post("/statements/{number}/approvals/{approval_id}")
def decide(
    request: Request, visitor: Anybody, number: str, approval_id: int, verdict: Field = "", comment: Field = "",
    seal: Field = "",
) -> Response:  # fmt: skip
    """审批: 同意, 退回."""
    desk = desk_of(request)

    def do(conn: Connection, row: Row[Any]) -> None:
        asked = conn.execute(
            select(approvals.c.id)
            .join(statements, statements.c.id == approvals.c.statement_id)
            .where(approvals.c.id == approval_id, statements.c.incident_id == row.id)
        ).first()
        if asked is None or verdict not in ("approve", "return"):
            raise NotFound("没有这一审批。未作任何更改。")
        approval.decide(
            conn, desk.letterhead, approval_id, visitor.actor, visitor.now, approve=verdict == "approve",
            comment=plain(comment, "意见"), seal=seal, via="desk",
        )  # fmt: skip

    return act(request, visitor, number, "decide", do, "work", comment=comment)


@router.post("/statements/{number}/versions/{statement_id}/release")
def put_out(
    request: Request, visitor: Poster, number: str, statement_id: int, account: Field = "", url: Field = "",
    text_hash: Field = "", posted: Field = "", relayed: Fields = [], listed: Field = "",  # noqa: B006
) -> Response:  # fmt: skip
    """登记发布."""
    desk = desk_of(request)

    def do(conn: Connection, row: Row[Any]) -> None:
        own_version(conn, row, statement_id)
        release.release(
            conn, desk.letterhead, statement_id, visitor.actor, visitor.now, account_id=plain(account, "账号"),
            url=plain(url, "链接"), text_hash=text_hash, posted_at=when(posted, "发布时间"),
            relayed_by=frozenset(relayed) if listed else None,
        )  # fmt: skip

    return act(request, visitor, number, "release", do, "force", url=url, posted=posted)


@router.post("/statements/{number}/versions/{statement_id}/withdraw")
def withdraw(
    request: Request, visitor: Lead, number: str, statement_id: int, why: Field = "", again: Field = ""
) -> Response:
    """撤回; `again`: whether the accounts keep silent again."""
    desk = desk_of(request)

    def do(conn: Connection, row: Row[Any]) -> None:
        own_version(conn, row, statement_id)
        said = {"yes": True, "no": False}.get(again)
        release.withdraw(conn, desk.letterhead, statement_id, visitor.actor, visitor.now, plain(why, "理由"), said)

    return act(request, visitor, number, "withdraw", do, withdraw_why=why)


@router.post("/statements/{number}/versions/{statement_id}/read")
def mark_read(request: Request, visitor: Anybody, number: str, statement_id: int) -> Response:
    """已阅看口径卡."""

    def do(conn: Connection, row: Row[Any]) -> None:
        own_version(conn, row, statement_id)
        reading.mark(conn, statement_id, visitor.actor, visitor.now, "desk")

    return act(request, visitor, number, "read", do, "force")


def own_relay(conn: Connection, row: Row[Any], relay_id: int) -> None:
    """Raises NotFound where the relay is not this incident's."""
    mine = conn.execute(
        select(relays.c.id)
        .join(statements, statements.c.id == relays.c.statement_id)
        .where(relays.c.id == relay_id, statements.c.incident_id == row.id)
    ).first()
    if mine is None:
        raise NotFound("没有这一转发任务。未作任何更改。")


@router.post("/statements/{number}/relays/{relay_id}")
def relayed(request: Request, visitor: Anybody, number: str, relay_id: int, url: Field = "") -> Response:
    """登记转发, 登记撤下: by who answers for the account."""

    def do(conn: Connection, row: Row[Any]) -> None:
        own_relay(conn, row, relay_id)
        relay.register(conn, relay_id, visitor.actor.id, visitor.actor, visitor.now, plain(url, "链接"), "desk")

    return act(request, visitor, number, "relay", do, "relays")


@router.post("/statements/{number}/relays/{relay_id}/excuse")
def excuse(request: Request, visitor: Lead, number: str, relay_id: int, why: Field = "") -> Response:
    """免于转发."""

    def do(conn: Connection, row: Row[Any]) -> None:
        own_relay(conn, row, relay_id)
        relay.excuse(conn, relay_id, visitor.actor, visitor.now, plain(why, "理由"))

    return act(request, visitor, number, "excuse", do, "relays")
