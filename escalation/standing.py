"""Standing: what the auditor looks at, read from the store in one view: open incidents with all that hangs on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, or_, select, update

from escalation import audit
from escalation.case import Case, Clock, Facts, Named, Reading, Sent, Told
from escalation.duty.readiness import Outlook
from escalation.finding import marks
from escalation.incident import entries, incidents
from escalation.incident.state import ENDED, OPEN
from escalation.notice import GROUP, DeliveryState, calls, deliveries, notices
from escalation.notice.docket import dockets
from escalation.people import holders, offices, people
from escalation.procedure import Trigger, thaw
from escalation.timer import WAS_DUE, TimerKind, TimerState, timers
from stream.dead_letter import kept
from stream.position import positions
from stream.store import insert_new

Offices = tuple[tuple[str, tuple[str, ...]], ...]
"""(role, names) of each office."""
Ends = Mapping[str, Mapping[int, int]]
"""Reader of the log -> partition -> the next offset to be given."""


class Frozen:
    """What open incidents froze, read once each: the persons named, and the offices at its triggers and level."""

    def __init__(self) -> None:
        """Nothing read yet."""
        self._known: dict[tuple[object, ...], tuple[tuple[Named, ...], Offices]] = {}

    def of(self, conn: Connection, row: Row[Any]) -> tuple[tuple[Named, ...], Offices]:
        """The persons named when it was decided, and (role, names) of each office that its procedure names now."""
        key = (row.id, tuple(row.triggers), row.level, row.renewed_at)
        if key not in self._known:
            if len(self._known) > 2000:
                self._known.clear()
            frozen = conn.execute(select(incidents.c.frozen).where(incidents.c.id == row.id)).scalar_one()
            named = tuple(Named(one["person"], one["name"], one["office"]) for one in frozen.get("recipients", []))
            roles: Offices = ()
            if "pack" in frozen and not row.trial:
                answer = thaw(frozen["pack"]).who([Trigger(one) for one in row.triggers], row.level, care=row.care)
                roles = tuple((one.role, one.names) for one in answer.recipients)
            self._known[key] = (named, roles)
        return self._known[key]


def facts(
    conn: Connection, school: str, channels: frozenset[str], ends: Ends, frozen: Frozen, now: datetime,
    outlook: Outlook | None = None,
) -> Facts:  # fmt: skip
    """Everything that one look needs, in one view of the store. `outlook`: on the coming days; without one
    only open matters are looked at."""
    ours = and_(incidents.c.school == school, incidents.c.state.not_in(sorted(ENDED)))
    columns = [column for column in incidents.c if column.name not in ("frozen", "reasons")]
    rows = conn.execute(select(*columns).where(ours).order_by(incidents.c.id)).all()
    parts = _Parts(conn, ours)
    return Facts(
        cases=tuple(_case(conn, row, parts, frozen) for row in rows),
        letters=tuple(_letters(conn, school)),
        stray=_stray(conn, school),
        channels=channels,
        held=frozenset(_held(conn, school)),
        readings=tuple(_reading(conn, reader, given, now) for reader, given in ends.items()),
        broken=tuple(audit.newest_faults(conn)),
        wanting=outlook.look(conn, now) if outlook is not None else (),
        buried=kept(conn),
    )


class _Parts:
    """What hangs on the open incidents, by incident; each table is read once."""

    def __init__(self, conn: Connection, ours: Any) -> None:
        mine = select(incidents.c.id).where(ours)
        self.touched = {
            row.incident_id: row.at
            for row in conn.execute(
                select(entries.c.incident_id, func.max(entries.c.at).label("at"))
                .where(entries.c.incident_id.in_(mine)).group_by(entries.c.incident_id)
            )
        }  # fmt: skip
        self.clocks = _by(conn, _CLOCKS.where(timers.c.incident_id.in_(mine)).order_by(timers.c.id))
        self.notices = _by(
            conn,
            select(
                notices.c.id, notices.c.incident_id, notices.c.number, notices.c.addressee, notices.c.role,
                notices.c.office, notices.c.kind, notices.c.grounds, notices.c.created_at, notices.c.sent_at,
                notices.c.opened_at, notices.c.signed_at, notices.c.superseded_by, notices.c.settled_at,
                notices.c.needs_signature, people.c.name,
            )
            .outerjoin(people, and_(people.c.school == notices.c.school, people.c.id == notices.c.addressee))
            .where(notices.c.incident_id.in_(mine)).order_by(notices.c.id),
        )  # fmt: skip
        self.calls = _by(
            conn,
            select(notices.c.incident_id, calls.c.person_id, calls.c.outcome)
            .join(notices, notices.c.id == calls.c.notice_id).where(notices.c.incident_id.in_(mine)),
        )  # fmt: skip
        self.sent: dict[int, list[Sent]] = defaultdict(list)
        for row in conn.execute(
            _SENT.join(notices, notices.c.id == deliveries.c.notice_id).where(notices.c.incident_id.in_(mine))
        ):
            self.sent[row.notice_id].append(_sent(row))


_CLOCKS = select(
    timers.c.incident_id, timers.c.notice_id, timers.c.kind, timers.c.state, timers.c.words, timers.c.due_at,
    timers.c.data,
)  # fmt: skip
_SENT = select(
    deliveries.c.notice_id, deliveries.c.channel, deliveries.c.state, deliveries.c.attempts, deliveries.c.next_at,
    deliveries.c.taken_until, deliveries.c.reason,
)  # fmt: skip


def _by(conn: Connection, statement: Any) -> dict[int, list[Row[Any]]]:
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in conn.execute(statement):
        found[row.incident_id].append(row)
    return found


def _sent(row: Any) -> Sent:
    return Sent(row.channel, row.state, row.attempts, row.next_at, row.taken_until, row.reason)


def _case(conn: Connection, row: Row[Any], parts: _Parts, frozen: Frozen) -> Case:
    clocks = parts.clocks.get(row.id, [])
    written = parts.notices.get(row.id, [])
    called = parts.calls.get(row.id, [])
    phoned = {one.person_id for one in called}
    named, roles = frozen.of(conn, row) if row.state in set(OPEN) else ((), ())
    return Case(
        number=row.number, state=row.state, opened_at=row.opened_at,
        touched_at=parts.touched.get(row.id, row.opened_at), assignee=row.assignee or "",
        owed=sum(_is_owed(one) for one in written), unasked=_unasked(written, clocks, called),
        open_calls=sum(one.outcome is None for one in called),
        lapsed=sum(one.kind == TimerKind.DUTY and one.state == TimerState.FIRED for one in clocks),
        clocks=tuple(
            _clock(one) for one in clocks if one.state == TimerState.SET
        ),
        told=tuple(_told(one, one.addressee in phoned, parts.sent.get(one.id, [])) for one in written),
        named=named,
        missing=tuple(names[0] for role, names in roles if not _covered(conn, row, role, names, written)),
    )  # fmt: skip


def _is_owed(one: Row[Any]) -> bool:
    return bool(one.needs_signature) and not (one.signed_at or one.superseded_by or one.settled_at)


def _unasked(written: Sequence[Row[Any]], clocks: Sequence[Row[Any]], called: Sequence[Row[Any]]) -> int:
    """How many signatures are owed for which nothing of theirs runs. A ladder that came to its end is no gap while
    somebody above is still asked: it was brought up to them."""
    ladder = [one for one in clocks if one.kind in (TimerKind.SIGN, TimerKind.RUNG)]
    running = {one.notice_id for one in ladder if one.state == TimerState.SET}
    walked = {one.notice_id for one in ladder if one.state == TimerState.FIRED}
    phoned = {one.person_id for one in called if one.outcome is None}
    owed = [one for one in written if _is_owed(one)]
    still = [one for one in owed if one.id not in running and one.addressee not in phoned]
    above = len(still) < len(owed)
    return sum(one.id not in walked or not above for one in still)


def _clock(row: Row[Any]) -> Clock:
    was_due = datetime.fromisoformat(row.data.get(WAS_DUE) or row.due_at.isoformat())
    return Clock(row.words, row.due_at, was_due, aside=row.kind == TimerKind.VALIDITY)


def _told(row: Row[Any], called: bool, sent: Sequence[Sent]) -> Told:
    name = "工作群" if row.addressee == GROUP else row.name or row.addressee
    return Told(
        row.number, row.addressee, name, row.kind, row.created_at,
        bool(row.sent_at or row.opened_at or row.signed_at), bool(row.superseded_by or row.settled_at), called,
        tuple(sent),
    )  # fmt: skip


def _covered(conn: Connection, row: Row[Any], role: str, names: tuple[str, ...], written: Sequence[Row[Any]]) -> bool:
    """Whether some notice speaks to this office: by its role, by a ground, or to somebody who holds it."""
    if any(one.role == role or set(names) & {ground["office"] for ground in one.grounds} for one in written):
        return True
    told = {one.addressee for one in written}
    return any(one.id in told for one in holders(conn, row.school, role, unit=row.unit, account_id=row.account_id))


def _letters(conn: Connection, school: str) -> Iterator[Case]:
    """Matters that are no incident: those with a clock that runs, or a letter that has not reached anybody yet.

    A letter written before its matter ended is asked for by nobody, unless it is still on its way.
    """
    clocks: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in conn.execute(
        select(timers)
        .where(timers.c.school == school, timers.c.matter.is_not(None), timers.c.state == TimerState.SET)
        .order_by(timers.c.id)
    ):
        clocks[row.matter].append(row)
    written: dict[str, list[Row[Any]]] = defaultdict(list)
    on_the_way = select(deliveries.c.notice_id).where(
        deliveries.c.school == school, deliveries.c.state.in_((DeliveryState.WAITING, DeliveryState.SENDING))
    )
    for row in conn.execute(
        select(
            notices.c.id, notices.c.matter, notices.c.number, notices.c.addressee, notices.c.kind,
            notices.c.created_at, people.c.name, dockets.c.ended_at,
        )
        .join(dockets, and_(dockets.c.school == notices.c.school, dockets.c.matter == notices.c.matter))
        .outerjoin(people, and_(people.c.school == notices.c.school, people.c.id == notices.c.addressee))
        .where(notices.c.school == school, notices.c.sent_at.is_(None), notices.c.opened_at.is_(None))
        .where(or_(
            dockets.c.ended_at.is_(None), notices.c.created_at >= dockets.c.ended_at, notices.c.id.in_(on_the_way),
        ))
        .order_by(notices.c.id)
    ):  # fmt: skip
        written[row.matter].append(row)
    sent: dict[int, list[Sent]] = defaultdict(list)
    ids = [row.id for rows in written.values() for row in rows]
    for row in conn.execute(_SENT.where(deliveries.c.notice_id.in_(ids))):
        sent[row.notice_id].append(_sent(row))
    called = set(conn.execute(select(calls.c.notice_id).where(calls.c.notice_id.in_(ids))).scalars())
    named = select(dockets).where(dockets.c.school == school, dockets.c.matter.in_(sorted({*clocks, *written})))
    numbers = {row.matter: row.number for row in conn.execute(named)}
    for matter in sorted({*clocks, *written}):
        began = min((*(row.set_at for row in clocks[matter]), *(row.created_at for row in written[matter])))
        yield Case(
            number=numbers.get(matter, matter), state="", opened_at=began,
            touched_at=began, clocks=tuple(map(_clock, clocks[matter])),
            told=tuple(_of_letter(row, row.id in called, sent[row.id]) for row in written[matter]),
        )  # fmt: skip


def _of_letter(row: Row[Any], called: bool, sent: Sequence[Sent]) -> Told:
    over = row.ended_at is not None and row.created_at < row.ended_at
    name = row.name or row.addressee
    return Told(row.number, row.addressee, name, row.kind, row.created_at, False, over, called, tuple(sent))


def _stray(conn: Connection, school: str) -> tuple[tuple[str, Sent], ...]:
    """Deliveries of ended incidents that have not come to an end themselves."""
    rows = conn.execute(
        _SENT.add_columns(incidents.c.number)
        .join(notices, notices.c.id == deliveries.c.notice_id)
        .join(incidents, incidents.c.id == notices.c.incident_id)
        .where(deliveries.c.school == school, incidents.c.state.in_(sorted(ENDED)))
        .where(deliveries.c.state.in_([DeliveryState.WAITING, DeliveryState.SENDING]))
        .order_by(deliveries.c.id)
    )
    return tuple((row.number, _sent(row)) for row in rows)


def _held(conn: Connection, school: str) -> list[str]:
    return list(
        conn.execute(
            select(offices.c.role)
            .join(people, and_(people.c.school == offices.c.school, people.c.id == offices.c.person_id))
            .where(offices.c.school == school, people.c.active).distinct()
        ).scalars()
    )  # fmt: skip


def _reading(conn: Connection, reader: str, ends: Mapping[int, int], now: datetime) -> Reading:
    """How far a reader is, and since when it stands there as the auditors saw it."""
    stand = _stand(conn, reader)
    waiting = sum(max(0, end - stand.get(partition, 0)) for partition, end in ends.items())
    mark = conn.execute(select(marks).where(marks.c.reader == reader)).first()
    moved = mark is None or mark.stood != _text(stand) or mark.moved_at > now
    return Reading(reader, waiting, now if moved or mark is None else mark.moved_at)


def note_positions(conn: Connection, ends: Ends, now: datetime) -> None:
    """Write down where each reader with waiting records stands, and since when; one row a reader, whoever writes it."""
    for reader, given in ends.items():
        stand = _stand(conn, reader)
        if not sum(max(0, end - stand.get(partition, 0)) for partition, end in given.items()):
            conn.execute(delete(marks).where(marks.c.reader == reader))
            continue
        row = {"reader": reader, "stood": _text(stand), "moved_at": now}
        if not insert_new(conn, marks, [row]):
            changed = (marks.c.stood != row["stood"]) | (marks.c.moved_at > now)
            conn.execute(update(marks).where(marks.c.reader == reader, changed).values(**row))


def marked(conn: Connection) -> bool:
    """Whether some reader was seen standing."""
    return conn.execute(select(marks.c.reader).limit(1)).first() is not None


def _stand(conn: Connection, reader: str) -> dict[int, int]:
    rows = conn.execute(select(positions.c.partition, positions.c.next).where(positions.c.reader == reader))
    return {row.partition: row.next for row in rows}


def _text(stand: Mapping[int, int]) -> str:
    return ",".join(f"{partition}:{stand[partition]}" for partition in sorted(stand))
