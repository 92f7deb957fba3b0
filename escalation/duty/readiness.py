"""Readiness: what is wrong ahead, before an incident meets it. Pure over what is read.

An office that nobody who is here and can be reached holds, now or in the coming 30 days; a hole in the rota; a contact
that a channel refused for good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, select

from escalation import people
from escalation.clock_words import moment
from escalation.duty import absence, contact, coverage, proxy, rota
from escalation.duty.absence import Absence
from escalation.duty.coverage import AHEAD, Span
from escalation.people import Person, Role
from escalation.procedure import Pack, Trigger
from escalation.procedure.desk_duty import DeskDuty
from stream.account import accounts

MEND = "请核对后在名册“人员”表更正并重新录入"
CURE = "请在“值守”页登记代理人，或在名册“任职”表补上并重新录入"
AGAIN = timedelta(minutes=5)
"""So old may an outlook be while nothing it is made of changes."""
OF_INCIDENTS = tuple(
    one for one in list(Trigger)[: list(Trigger).index(Trigger.NEW_ACCOUNT)] if one is not Trigger.REVIEW_BEFORE_RELEASE
)
"""Triggers of incidents; those of the register, and review before a release, have procedures of their own."""


class Kind(StrEnum):
    """What is wrong."""

    OFFICE = "office"
    ROTA = "rota"
    CONTACT = "contact"


@dataclass(frozen=True, slots=True)
class Wanting:
    """Something that is wrong ahead; `about` tells two of one kind apart, `words` end with the cure."""

    kind: Kind
    about: str
    words: str


@dataclass(frozen=True, slots=True)
class Seat:
    """An office as somebody has to fill it: for the school, a unit or an account. `words` name it."""

    key: str
    words: str
    holders: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Ahead:
    """Everything that one look at the coming days sees."""

    seats: tuple[Seat, ...]
    persons: dict[str, Person]
    away: tuple[Absence, ...] = ()
    leaving: dict[str, datetime] = field(default_factory=dict)
    channels: frozenset[str] = frozenset()
    holes: tuple[Span, ...] = ()
    scheduled: bool = True
    desk: DeskDuty = field(default_factory=DeskDuty)
    refused: tuple[contact.Refused, ...] = ()


def told_roles(pack: Pack) -> list[str]:
    """Every role that an incident may tell, at any level, for a cry for help or by the ladder, in the pack's order;
    keepers apart."""
    told = {
        recipient.role
        for level in pack.level
        for trigger in OF_INCIDENTS
        for recipient in pack.who([trigger], level.number, care=True).recipients
    }
    told |= {pack.ladder.chain[role] for role in told if role in pack.ladder.chain}
    told |= {step.role for step in pack.ladder.step if step.role}
    return [key for key in pack.offices if key in told and key != Role.KEEPER]


def ahead(conn: Connection, school: str, pack: Pack, channels: frozenset[str], now: datetime) -> Ahead:
    """Read it; however many accounts there are, so many reads."""
    return _with_rota(conn, school, _without_rota(conn, school, pack, channels, now), now)


def _without_rota(conn: Connection, school: str, pack: Pack, channels: frozenset[str], now: datetime) -> Ahead:
    return Ahead(
        seats=tuple(_seats(conn, school, pack)),
        persons={one.id: one for one in people.everyone(conn, school)},
        away=tuple(absence.between(conn, school, now, now + AHEAD)),
        leaving=absence.leaving(conn, school),
        channels=channels,
        desk=pack.desk,
        refused=tuple(contact.refused(conn, school)),
    )


def _seats(conn: Connection, school: str, pack: Pack) -> Iterator[Seat]:
    kept = conn.execute(
        select(accounts.c.id, accounts.c.name, accounts.c.unit)
        .where(accounts.c.school == school, accounts.c.active).order_by(accounts.c.id)
    ).all()  # fmt: skip
    held = people.all_holders(conn, school)
    for role in told_roles(pack):
        words = pack.offices[role].words[0]
        for unit in sorted({row.unit for row in kept}) if role == Role.UNIT_LEADER else [""]:
            yield Seat(f"{role}|{unit}", f"{unit}的{words}" if unit else words, tuple(held.get((role, unit), ())))
    for row in kept:
        keepers = tuple(held.get((Role.KEEPER, row.id), ()))
        yield Seat(f"keeper|{row.id}", f"账号“{row.name}”的管理员", keepers)


def _with_rota(conn: Connection, school: str, seen: Ahead, now: datetime) -> Ahead:
    holes = tuple(coverage.holes_ahead(conn, school, now))
    return replace(seen, holes=holes, scheduled=rota.scheduled(conn, school))


class Outlook:
    """What is wrong ahead, for somebody who asks every few seconds: worked out anew after AGAIN, and as soon as the
    roster, an absence, the rota or a contact is another."""

    def __init__(self, school: str, pack: Pack, channels: frozenset[str]) -> None:
        """Nothing seen yet."""
        self._school, self._pack, self._channels = school, pack, channels
        self._last: tuple[datetime, Ahead, tuple[int, ...], tuple[Wanting, ...]] | None = None

    def look(self, conn: Connection, now: datetime) -> tuple[Wanting, ...]:
        """Everything that is wrong ahead."""
        seen = _without_rota(conn, self._school, self._pack, self._channels, now)
        mark = rota.mark(conn, self._school)
        if self._last is not None:
            at, before, marked, found = self._last
            if at <= now < at + AGAIN and (before, marked) == (seen, mark):
                return found
        found = tuple(wanting(_with_rota(conn, self._school, seen, now), now))
        self._last = now, seen, mark, found
        return found


def wanting(seen: Ahead, now: datetime) -> list[Wanting]:
    """Everything that is wrong ahead."""
    return [one for check in CHECKS for one in check(seen, now)]


def unmanned(seen: Ahead, now: datetime) -> Iterator[Wanting]:
    """Every office has somebody who is here and reachable at every moment of the coming days; the first gap is told."""
    for seat in seen.seats:
        words = _gap(seat, seen, now)
        if words:
            yield Wanting(Kind.OFFICE, seat.key, f"{words}；{CURE}。")


def _gap(seat: Seat, seen: Ahead, now: datetime) -> str:
    if not seat.holders:
        return f"没有人担任{seat.words}，依规程须通知此人"
    ends = [one.ends_at for one in seen.away] + [one.starts_at for one in seen.away] + list(seen.leaving.values())
    moments = [now, *sorted(at for at in ends if now < at < now + AHEAD)]
    for at in moments:
        why = _why_nobody(seat, seen, at)
        if why:
            back = next((later for later in moments if later > at and not _why_nobody(seat, seen, later)), None)
            until = f"至 {moment(back, now)}" if back else "起"
            when = "现在" if at == now else f"{moment(at, now)} "
            return f"{seat.words}{when}{until}没有可以通知的人：{why}"
    return ""


def _why_nobody(seat: Seat, seen: Ahead, at: datetime) -> str:
    """Why nobody acts for the office at this moment; empty where somebody does."""
    held = [one for one in seat.holders if not (one.id in seen.leaving and seen.leaving[one.id] <= at)]
    if not held:
        return "、".join(f"{one.name}离任" for one in seat.holders)
    away = {one.person: one for one in seen.away if one.covers(at)}

    def find(person_id: str) -> Person | None:
        left = seen.leaving.get(person_id)
        return None if left is not None and left <= at else seen.persons.get(person_id)

    who = proxy.acting(held, away, find, seen.channels, at)
    if who is None:
        return "、".join(f"{one.name}没有可用的联系方式" for one in held)
    return f"{who.person.name}{away[who.person.id].word}，没有代理人" if who.alone else ""


def uncovered(seen: Ahead, now: datetime) -> Iterator[Wanting]:
    """The rota has no hole in the coming days; without a clause a school that keeps no rota is left alone."""
    if not seen.holes or not (seen.scheduled or seen.desk.around_the_clock):
        return
    if not seen.scheduled:
        words = f"没有值班表，{seen.desk.label}要求 24 小时监控；通知暂由全体值班员接收，请在“值守”页导入值班表。"
    else:
        said = coverage.say(list(seen.holes), now, 5)
        rule = f"{seen.desk.label}要求 24 小时监控" if seen.desk.around_the_clock else seen.desk.label
        words = f"未来 30 日的值班表有空档：{said}（{rule}）；空档内的通知由全体值班员接收，请在“值守”页补班。"
    yield Wanting(Kind.ROTA, "holes", words)


def refused_contacts(seen: Ahead, now: datetime) -> Iterator[Wanting]:
    """No contact that a channel refused for good is still the one in the roster."""
    for one in seen.refused:
        who = seen.persons.get(one.person)
        if who is not None and who.active and who.contact(one.channel) == one.address:
            said = f"{who.name}的{one.title}联系方式已被拒收（{moment(one.at, now)}：{one.reason.rstrip('。')}）"
            yield Wanting(Kind.CONTACT, f"{one.person}|{one.channel}", f"{said}；{MEND}。")


Check = Callable[[Ahead, datetime], Iterator[Wanting]]
CHECKS: tuple[Check, ...] = (unmanned, uncovered, refused_contacts)
