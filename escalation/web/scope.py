"""Row policy: which incidents a signed-in person may see at all. What is out of scope does not exist for them (404)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, false, or_, select, true

from escalation.duty.absence import away
from escalation.duty.proxy import STANDS_IN
from escalation.incident import incidents
from escalation.incident.state import OPEN
from escalation.notice import ERRANDS, notices
from escalation.people import Role, offices
from escalation.user import User

SEES_ALL = frozenset({Role.MONITOR, Role.PUBLICITY, Role.SCHOOL_LEADER})


@dataclass(frozen=True, slots=True)
class Scope:
    """Everything, or the incidents of some units (own or assigned), some accounts, and those one was `told` of; every
    care case for who holds the care role."""

    everything: bool
    units: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()
    told: frozenset[int] = frozenset()
    care: bool = False

    def clause(self) -> ColumnElement[bool]:
        """The condition on `incidents` for a query."""
        if self.everything:
            return true()
        parts: list[ColumnElement[bool]] = []
        if self.units:
            parts += [incidents.c.unit.in_(sorted(self.units)), incidents.c.assignee.in_(sorted(self.units))]
        if self.accounts:
            parts.append(incidents.c.account_id.in_(sorted(self.accounts)))
        if self.told:
            parts.append(incidents.c.id.in_(sorted(self.told)))
        if self.care:
            parts.append(incidents.c.care.is_(True))
        return or_(*parts) if parts else false()

    def sees(
        self, *, incident_id: int, unit: str, assignee: str | None, account_id: str, care: bool = False
    ) -> bool:  # fmt: skip
        """Whether the incident of this id, unit, assigned unit and account exists for the person."""
        return (
            self.everything
            or unit in self.units
            or (assignee is not None and assignee in self.units)
            or account_id in self.accounts
            or incident_id in self.told
            or (care and self.care)
        )


def scope_of(conn: Connection, user: User, now: datetime) -> Scope:
    """The scope of a user: by role, for unit leaders and keepers by the offices they hold, and by the notices one has.

    Whoever holds a notice of an incident (the 带班领导 to whom a silence was reported, a colleague to whom the work was
    handed) may read that incident, whatever the role. Whoever has only an errand of it (confirm a hold, relay) may
    not: it says all that they need.
    """
    if user.roles & SEES_ALL:
        return Scope(everything=True)
    held = conn.execute(
        select(offices.c.role, offices.c.scope).where(
            offices.c.school == user.school, offices.c.person_id == user.person_id, offices.c.scope != ""
        )
    ).all()

    def scopes(role: Role) -> frozenset[str]:
        return frozenset(row.scope for row in held if row.role == role) if role in user.roles else frozenset()

    mine = _told(conn, user, now) if user.person_id else frozenset()
    return Scope(
        everything=False,
        units=scopes(Role.UNIT_LEADER),
        accounts=scopes(Role.KEEPER),
        told=mine,
        care=Role.CARE in user.roles,
    )


def _told(conn: Connection, user: User, now: datetime) -> frozenset[int]:
    """The incidents one was told of; what came only as a stand-in no more once the absence is over and it is settled:
    one's part is signed, or the incident has ended."""
    rows = conn.execute(
        select(notices.c.incident_id, notices.c.office, notices.c.signed_at, notices.c.settled_at, incidents.c.state)
        .join(incidents, incidents.c.id == notices.c.incident_id)
        .where(notices.c.school == user.school, notices.c.addressee == user.person_id)
        .where(notices.c.kind.not_in(sorted(ERRANDS)))
    ).all()
    still = any(one.substitute == user.person_id for one in away(conn, user.school, now).values())
    return frozenset(
        row.incident_id for row in rows
        if still
        or any(STANDS_IN not in office for office in row.office.split("、"))
        or not (row.signed_at or row.settled_at or row.state not in OPEN)
    )  # fmt: skip
