"""From the offices of an article to persons with a contact: who exactly is told, under which office and why.

A person who holds several of the offices is told once, with all of them. An office that nobody reachable holds goes to
the duty desk and is an alert of its own: a notice never goes to nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from escalation.duty import proxy
from escalation.duty.proxy import Acting
from escalation.people import CONTACTS, Person, Role, acting, desk, holders
from escalation.procedure import Ground, Recipient, Source

TRIAL_REASON = "试运行：通知只发值班台，正式运行后才发给规则所列人员"
VACANT_REASON = "“{office}”没有可联系的人员，由值班台代收，请立即当面或电话转达"


@dataclass(frozen=True, slots=True)
class Addressee:
    """One person to be told, as the holder of `role`; `offices` in the document's words, with every ground.

    `asked`: what a person who hands the matter over asks of them, in so many words.
    """

    person: Person
    role: str
    offices: tuple[str, ...]
    grounds: tuple[Ground, ...]
    basis: str
    reason: str
    acts_for: str = ""
    asked: str = ""

    @property
    def office(self) -> str:
        """The offices in one line."""
        return "、".join(self.offices)

    def with_reason(self, words: str) -> Addressee:
        """The same, with these words before the other reasons."""
        return replace(self, reason="；".join(part for part in (words, *self.reason.split("；")) if part))


@dataclass(frozen=True, slots=True)
class Round:
    """Everybody who is told at once, and the offices that nobody reachable holds."""

    addressees: tuple[Addressee, ...]
    vacant: tuple[str, ...]

    def frozen(self) -> list[dict[str, Any]]:
        """The persons as an incident keeps them with its decision."""
        return [
            {
                "person": one.person.id, "name": one.person.name, "role": one.role, "office": one.office,
                "basis": one.basis, "reason": one.reason, "acts_for": one.acts_for,
                "grounds": [ground.model_dump(mode="json") for ground in one.grounds],
            }
            for one in self.addressees
        ]  # fmt: skip


def gather(found: Iterable[Addressee]) -> tuple[Addressee, ...]:
    """One entry per person, the first role leading; pure."""
    by_person: dict[str, Addressee] = {}
    for one in found:
        known = by_person.get(one.person.id)
        if known is None:
            by_person[one.person.id] = one
            continue
        by_person[one.person.id] = replace(
            known,
            offices=tuple(dict.fromkeys(known.offices + one.offices)),
            grounds=tuple(dict.fromkeys(known.grounds + one.grounds)),
            basis="；".join(dict.fromkeys((known.basis, one.basis))),
            reason="；".join(dict.fromkeys((known.reason, one.reason))),
            acts_for="、".join(dict.fromkeys(name for name in (known.acts_for, one.acts_for) if name)),
        )
    return tuple(by_person.values())


def address(
    conn: Connection,
    school: str,
    recipients: Sequence[Recipient],
    *,
    unit: str,
    account_id: str,
    trial: bool,
    now: datetime,
    channels: Collection[str] = tuple(CONTACTS),
) -> Round:
    """Find the persons behind the recipients: who acts for each office (see `duty.proxy`), or the duty desk.

    Reachable is who has a telephone or a contact for one of `channels`, those that are set up.
    """
    found: list[Addressee] = []
    vacant: list[str] = []
    standing_in = desk(conn, school, now, channels)
    for one in recipients:
        held = holders(conn, school, one.role, unit=unit, account_id=account_id)
        who = acting(conn, school, held, now, channels)
        if trial:
            found += [_of_desk(person, one, TRIAL_REASON) for person in standing_in]
        elif who is not None:
            found.append(acting_as(who, one.role, one.office, one.grounds, one.basis, one.reason))
        else:
            vacant.append(one.office)
            found += [_of_desk(person, one, VACANT_REASON.format(office=one.office)) for person in standing_in]
    return Round(gather(found), tuple(dict.fromkeys(vacant)))


def acting_as(who: Acting, role: str, office: str, grounds: tuple[Ground, ...], basis: str, reason: str) -> Addressee:
    """An addressee who acts for an office: as its holder, or for one who is away, of whom both names are shown."""
    if who.absent is None:
        return Addressee(who.person, role, (office,), grounds, basis, reason)
    if who.alone:
        return Addressee(who.person, role, (office,), grounds, basis, f"{reason}；{who.why}" if reason else who.why)
    words = f"{who.why}；{reason}" if reason else who.why
    offices = (proxy.standing_in(office, who.absent.name),)
    return Addressee(who.person, role, offices, grounds, basis, words, f"{office} {who.absent.name}")


def _of_desk(person: Person, recipient: Recipient, reason: str) -> Addressee:
    grounds = recipient.grounds
    label = Source.DEFAULT.label
    return Addressee(person, Role.MONITOR, ("值班台",), grounds, label, reason, acts_for=recipient.office)
