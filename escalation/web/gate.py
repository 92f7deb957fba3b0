"""The gate: who may pass. Each route names it; `build` refuses to make an application with a route that does not.

`Only` lets roles read, `Acts` lets roles act (and asks for the session's CSRF token), `Open` is for what needs no
sign-in. A missing session leads to sign-in, a missing role is 403, a row out of scope is 404.
"""

from __future__ import annotations

import hmac
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Form, Request
from sqlalchemy import Connection
from starlette.routing import BaseRoute

from escalation import people, user
from escalation.incident import Actor
from escalation.people import Person, Role
from escalation.user import User
from escalation.web.desk import Desk
from escalation.web.scope import Scope, scope_of

TOUCH_EVERY = timedelta(seconds=60)
CLOSED = "这一页不对您的角色开放。如因工作需要查看，请联系系统管理员。"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class NotSignedIn(Exception):
    """There is no session, or it is over."""


class NotAllowed(Exception):
    """The person's roles do not open this page, or the form did not come from our page; says which."""


class NotFound(Exception):
    """There is no such thing for this person; the same answer whether it does not exist or is out of scope."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks: the user, the person behind it, what they may see, from which address and when (UTC)."""

    user: User
    person: Person | None
    scope: Scope
    token: str
    ip: str
    now: datetime

    @property
    def name(self) -> str:
        """The name shown: the person's, else the sign-in name."""
        return self.person.name if self.person else self.user.name

    @property
    def actor(self) -> Actor:
        """The same person for the use-cases."""
        return Actor(self.user.person_id or self.user.name, self.name, self.user.roles, self.ip)

    def has(self, *roles: Role) -> bool:
        """Whether the person holds one of these roles."""
        return bool(self.user.roles & set(roles))


def desk_of(request: Request) -> Desk:
    """The desk of this application."""
    desk: Desk = request.app.state.desk
    return desk


def cookie_name(desk: Desk) -> str:
    """`__Host-` binds the cookie to this host and to https."""
    return "__Host-fengxin" if desk.secure_cookies else "fengxin"


def address_of(request: Request) -> str:
    """Where the request came from."""
    return request.client.host if request.client else ""


class Touched:
    """When each session was last written down, so that reading a page is not a write each time."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._at: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def due(self, token: str, now: datetime) -> bool:
        """Whether to write now; says so once a minute for each session."""
        with self._lock:
            last = self._at.get(token)
            if last is not None and now - last < TOUCH_EVERY:
                return False
            if len(self._at) > 10_000:
                self._at.clear()
            self._at[token] = now
            return True


def recognised(conn: Connection, school: str, token: str, now: datetime) -> tuple[User, Person | None, Scope] | None:
    """Whose session this is and what they may see at this moment; None where it is over or the person is gone."""
    found = user.recognise(conn, token, now)
    if found is None or found.school != school:
        return None
    person = people.person(conn, found.school, found.person_id) if found.person_id else None
    if person is not None and not person.active:
        return None
    return found, person, scope_of(conn, found, now)


def visitor_of(request: Request) -> Visitor:
    """Recognise the session of a request. Raises NotSignedIn."""
    desk = desk_of(request)
    token = request.cookies.get(cookie_name(desk), "")
    now = desk.clock()
    if not token:
        raise NotSignedIn
    with desk.store.read() as conn:
        found = recognised(conn, desk.school, token, now)
    if found is None:
        raise NotSignedIn
    touched: Touched = request.app.state.touched
    if touched.due(token, now):
        with desk.store.write() as conn:
            user.touch(conn, token, now)
    return Visitor(*found, token, address_of(request), now)


class Open:
    """A route that needs no sign-in; it checks for itself what it must."""

    def __call__(self) -> None:
        """Let everybody pass."""


class Only:
    """A route for these roles; without roles: for everybody who is signed in."""

    def __init__(self, *roles: Role) -> None:
        """Remember who may pass."""
        self.roles = frozenset(roles) or frozenset(Role)

    def admit(self, request: Request) -> Visitor:
        """The visitor. Raises NotSignedIn or NotAllowed."""
        visitor = visitor_of(request)
        if not visitor.user.roles & self.roles:
            raise NotAllowed(CLOSED)
        return visitor

    def __call__(self, request: Request) -> Visitor:
        """Let these roles pass."""
        return self.admit(request)


class Told(Only):
    """A route for these roles, and for whoever holds a notice: what they see is in their scope alone."""

    def admit(self, request: Request) -> Visitor:
        """The visitor. Raises NotSignedIn or NotAllowed."""
        visitor = visitor_of(request)
        if not visitor.user.roles & self.roles and not visitor.scope.told:
            raise NotAllowed(CLOSED)
        return visitor


class Acts(Only):
    """A route by which these roles change something: the form must carry the session's token."""

    def __call__(self, request: Request, csrf: Annotated[str, Form()] = "") -> Visitor:
        """Let these roles pass with a form from our own page."""
        visitor = self.admit(request)
        if not hmac.compare_digest(visitor.user.csrf.encode(), csrf.encode()):
            raise NotAllowed("表单已过期或不是从本系统页面发出。未作任何更改，请返回原页刷新后再试。")
        return visitor


class ActsOrLeads(Acts):
    """A route by which these roles, or the duty lead 带班领导 whatever the role, change something."""

    def admit(self, request: Request) -> Visitor:
        """The visitor. Raises NotSignedIn or NotAllowed."""
        visitor = visitor_of(request)
        with desk_of(request).store.read() as conn:
            leads = people.leads(conn, visitor.user.school, visitor.actor.id, visitor.now)
        if not leads and not visitor.user.roles & self.roles:
            raise NotAllowed(CLOSED)
        return visitor


def ungated(routes: Iterable[BaseRoute]) -> list[str]:
    """The routes that name no gate, or change something behind a gate for reading; must be empty."""
    return [path for path in (_fault(route) for route in routes) if path]


def _fault(route: BaseRoute) -> str:
    dependant = getattr(route, "dependant", None)
    path = str(getattr(route, "path", route))
    if dependant is None:
        return path
    calls = [one.call for one in dependant.dependencies]
    methods = set(getattr(route, "methods", None) or ())
    needed = Only if methods <= SAFE else Acts
    return "" if any(isinstance(call, (needed, Open)) for call in calls) else path
