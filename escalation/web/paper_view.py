"""What the pages on permits, submissions and findings share: whose papers one sees, names, and an act by a form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import AfterValidator
from sqlalchemy import Connection, Row

from escalation import paper, people
from escalation.incident import Actor
from escalation.people import Role
from escalation.state_table import IllegalStep
from escalation.web.gate import NotFound, Visitor, desk_of
from stream.account import Account, book

SEES_ALL = (Role.MONITOR, Role.PUBLICITY, Role.SCHOOL_LEADER)
Field = Annotated[str, Form(), AfterValidator(paper.clean)]
"""What somebody typed into a form of these pages."""
TABS = (("/permits", "授权发布"), ("/submissions", "送审单"), ("/own-posts", "发布核对"), ("/relays", "转发与提及"))


@dataclass(frozen=True, slots=True)
class Desktop:
    """Who looks, what of the book they see, and the names behind ids."""

    actor: Actor
    accounts: Mapping[str, Account]
    names: Mapping[str, str]
    mine: tuple[Account, ...]
    everything: bool

    def sees(self, row: Row[Any], *authors: str | None) -> bool:
        """Whether a paper exists for this person: of an own account, or one they wrote."""
        return self.everything or self.actor.id in authors or row.account_id in {one.id for one in self.mine}

    @property
    def only(self) -> list[str] | None:
        """The accounts whose papers are listed; None: all."""
        return None if self.everything else [one.id for one in self.mine]


def desktop(conn: Connection, visitor: Visitor, school: str) -> Desktop:
    """Gather it."""
    return Desktop(
        actor=visitor.actor,
        accounts=book(conn, school),
        names={one.id: one.name for one in people.everyone(conn, school)},
        mine=tuple(paper.accounts_of(conn, school, visitor.actor)),
        everything=visitor.has(*SEES_ALL),
    )


def readable(request: Request) -> None:
    """Raises NotFound for a number with signs that no number has and that no database can be asked about."""
    if not all(str(one).isprintable() for one in request.path_params.values()):
        raise NotFound


def found(row: Row[Any] | None, seen: bool) -> Row[Any]:
    """The row. Raises NotFound, the same whether it is not there or out of scope."""
    if row is None or not seen:
        raise NotFound
    return row


def act(request: Request, back: str, do: Callable[[Connection], object], again: Callable[[str], Response]) -> Response:
    """Do one thing in one transaction and go back, or show the page again with the sentence; nothing is half done."""
    try:
        desk_of(request).store.run(do)
    except IllegalStep as refused:
        return again(str(refused))
    return RedirectResponse(back, 303)
