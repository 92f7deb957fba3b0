"""Issuing a notice: rows for the addressee, clocks for the signature, rendered messages in the outbox. One transaction.

Repeating an issue (same incident, addressee and step) changes nothing: nothing is told twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, update

from escalation import timer
from escalation.incident import EntryKind, incidents, log
from escalation.link import Link, Purpose, token
from escalation.notice import ERRANDS, GROUP, KIND_WORDS, NoticeKind, metrics, notices, outbox, ways
from escalation.notice.addressee import Addressee
from escalation.notice.asking import asked_of
from escalation.notice.calling import call_of
from escalation.notice.clocking import set_signature_clocks
from escalation.notice.compose import CARRIES, compose, compose_group
from escalation.notice.desk_only import desk_only
from escalation.notice.due import UNSIGNED_KINDS, receipt_of, rungs_of
from escalation.notice.errand import Errand
from escalation.notice.held import Held, held
from escalation.notice.vacancy import stand_in
from escalation.notice.wording import NoticeView
from escalation.people import Role
from escalation.place import is_unplaced
from escalation.procedure import Channel, Clock, Ground, thaw
from stream.store import insert_new

LINK_LIVES_AFTER_DEADLINE = timedelta(hours=24)
TELL_ANEW: Mapping[NoticeKind, frozenset[NoticeKind]] = {
    NoticeKind.FIRST: frozenset({NoticeKind.ESCALATED, NoticeKind.ASSIGNED, NoticeKind.REPORT}),
    NoticeKind.RAISED: frozenset({NoticeKind.REPORT}),
    NoticeKind.DANGER: frozenset({NoticeKind.REPORT}),
    NoticeKind.REOPENED: frozenset({NoticeKind.REPORT}),
    NoticeKind.REKINDLED: frozenset({NoticeKind.REPORT}),
    NoticeKind.ASSIGNED: frozenset({NoticeKind.ESCALATED, NoticeKind.REPORT}),
    NoticeKind.HANDED_ON: frozenset({NoticeKind.ESCALATED, NoticeKind.ASSIGNED, NoticeKind.REPORT}),
    NoticeKind.REPORT: frozenset(NoticeKind) - {NoticeKind.REPORT},
}
"""Kinds that say the whole matter again, so that what the person has not signed yet need not be signed as well; each
with the kinds that stay beside it, whose message (who is silent, what was required) it does not say."""
STEP = ("incident_id", "addressee", "step")
LAST_NUMBER = "99999999"
"""No incident has so many notices: its numbers lie before this one in whatever order the database compares words."""
BEHIND_SIGN_IN = frozenset({NoticeKind.CHASED, NoticeKind.REPORT})
"""Kinds whose link, where nothing is to be signed, is that of the incident's page."""


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What every notice of this house carries. `channels`: those that are set up; `robot`: the group robot's name,
    `groups` the names of the other group channels."""

    school: str
    school_name: str
    public_url: str
    link_key: bytes
    channels: frozenset[str]
    robot: str = ""
    duty_phone: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)


def sign_url(letterhead: Letterhead, notice_id: int, person_id: str, expires_at: datetime) -> str:
    """The signed link of one notice for one person."""
    link = Link(notice_id, person_id, expires_at)
    return f"{letterhead.public_url.rstrip('/')}/r/{token(letterhead.link_key, Purpose.SIGN, link)}"


def page_url(letterhead: Letterhead, incident: Row[Any]) -> str:
    """The incident's page, behind the sign-in."""
    return f"{letterhead.public_url.rstrip('/')}/incidents/{incident.number}"


def issue(
    conn: Connection,
    letterhead: Letterhead,
    incident: Row[Any],
    addressees: Iterable[Addressee],
    kind: NoticeKind,
    step: str,
    now: datetime,
    *,
    original: int | None = None,
    errand: Errand | None = None,
    said: Mapping[str, Any] | None = None,
) -> list[int]:
    """Tell these people at this step; gives the ids of the notices that were new.

    `original`: the notice a reminder (or the word of a false alarm) is about; its link leads to that one. `errand`:
    what it says and where it leads instead, for kinds of `ERRANDS`. A notice
    that tells anew supersedes the person's unsigned ones: their clocks stop, nobody is telephoned twice for one matter.
    `said`: parts of the view that a person worded (情况报告), in place of the incident's own.
    For somebody whom no channel that is set up and no telephone reaches the duty desk stands in, and an alert rings.
    On trial nobody but the duty desk is told.
    """
    pack = thaw(incident.frozen["pack"])
    grade = pack.grade(incident.level)
    clock = receipt_of(grade, kind)
    addressees = desk_only(conn, incident, addressees, letterhead.channels, now)
    if kind not in UNSIGNED_KINDS:
        addressees = stand_in(conn, incident, addressees, letterhead.channels, now)
    everyone = [_with_grounds(conn, incident.id, one, kind) for one in addressees]
    about = kind if original is None else _kind(conn, original)
    quiet = held(conn, incident, pack, letterhead, now)
    made: list[int] = []
    followed: dict[str, str] = {}
    for one in everyone:
        waits = quiet if quiet is not None and one.person.id not in quiet.desk else None
        begins = waits.until if waits else _begins(conn, incident.id, one.person.id, kind, clock, now)
        sign_by = begins + clock.after if clock else None
        new = _insert(conn, incident, one, kind, step, now, sign_by)
        if new is None:
            continue
        notice_id, number = new
        made.append(notice_id)
        signs = original if original is not None else notice_id
        expires = (
            begins + errand.lives if errand else (sign_by or begins + grade.sign.after) + LINK_LIVES_AFTER_DEADLINE
        )
        url = (errand.url if errand else sign_url)(letterhead, signs, one.person.id, expires)
        if clock is None and kind in BEHIND_SIGN_IN:
            url = page_url(letterhead, incident)
        asked = asked_of(one.role, kind, unplaced=is_unplaced(incident.frozen.get("account", {})), words=one.asked)
        until = sign_by if original is None else _deadline(conn, original)
        view = compose(letterhead, incident, pack, one, everyone, kind, number, asked, until, now, url, expires, about)
        view = errand.put_on(view, one) if errand else view
        if said:
            view = NoticeView.model_validate(view.model_dump() | dict(said))
        if waits:
            view = view.model_copy(update={"facts": (*view.facts, waits.why)})
        _post(conn, letterhead, incident, one, notice_id, view, grade.channels, now, waits, signs=clock is not None)
        if clock is not None:
            ahead = [rung for rung in rungs_of(pack, incident.level, kind) if begins + rung.clock.after > now]
            set_signature_clocks(conn, incident, clock, ahead, notice_id, begins)
        if kind in TELL_ANEW:
            replaced = _supersede(conn, incident.id, one.person.id, kind, notice_id, number, now)
            followed |= dict.fromkeys(replaced, number)
    if followed:
        words = "；".join(f"{before} 由 {after} 取代" for before, after in followed.items())
        log(conn, incident.id, now, EntryKind.NOTICE, f"{len(followed)} 份未签通知由新通知取代", words)
    if made and kind is NoticeKind.DISMISSED:
        log(conn, incident.id, now, EntryKind.NOTICE, f"告知 {everyone[0].person.name}：已记为误报", "无需签收")
    elif made and kind is NoticeKind.CHASED:
        log(conn, incident.id, now, EntryKind.CHASE, f"催办 {everyone[0].person.name}", everyone[0].reason)
    elif made and errand:
        names = "、".join(f"{one.person.name}（{one.office}）" for one in everyone)
        log(conn, incident.id, now, EntryKind.NOTICE, f"{KIND_WORDS[kind]}：告知 {names}", errand.log)
    elif made and kind not in (NoticeKind.REMINDER, NoticeKind.REPORT):
        names = "、".join(f"{one.person.name}（{one.office}）" for one in everyone)
        basis = "；".join(dict.fromkeys(one.basis for one in everyone if one.basis))
        must = "；".join(part for part in ("须全部签收", quiet.words if quiet else "") if part)
        log(conn, incident.id, now, EntryKind.NOTICE, f"通知 {len(everyone)} 人：{names}", must, article=basis)
    return made


def issue_group(
    conn: Connection, letterhead: Letterhead, incident: Row[Any], addressees: Sequence[Addressee], kind: NoticeKind,
    step: str, now: datetime,
) -> None:  # fmt: skip
    """Tell the groups by their robots, once per step; the link opens the incident after sign-in, nobody signs by it.

    On trial no group is told.
    """
    pack = thaw(incident.frozen["pack"])
    grade = pack.grade(incident.level)
    channels = ways.groups_of(letterhead, grade.channels)
    if incident.trial or not channels:
        return
    values = _values(conn, incident, GROUP, kind, step, now) | {
        "role": GROUP, "office": "", "grounds": [], "basis": "", "reason": "", "needs_signature": False,
        "sign_by": None,
    }  # fmt: skip
    new = insert_new(conn, notices, [values], key=STEP, returning=["id"])
    if not new:
        return
    url = page_url(letterhead, incident)
    waits = held(conn, incident, pack, letterhead, now, group=True)
    until = (waits.until if waits else now) + grade.sign.after
    view = compose_group(letterhead, incident, pack, addressees, kind, values["number"], until, now, url)
    if waits:
        view = view.model_copy(update={"facts": (*view.facts, waits.why)})
    _keep_view(conn, new[0][0], view)
    places = [(one, letterhead.groups.get(one, letterhead.robot)) for one in channels]
    found = ways.rows(incident.school, new[0][0], incident.level, view, places, values["number"])
    outbox.post(conn, found, now, waits.until if waits else None, waits.words if waits else "")


_HELD = select(incidents.c.id).where(incidents.c.id == bindparam("one")).with_for_update(key_share=True)
_WRITTEN = select(func.count()).select_from(notices).where(
    notices.c.school == bindparam("house"),
    notices.c.number.between(bindparam("first"), bindparam("last")),  # by the index: the next line alone reads them all
    notices.c.number.startswith(bindparam("start")),  # also where it went over by a merging
)  # fmt: skip
_KEEP_VIEW = update(notices).where(notices.c.id == bindparam("one")).values(view=bindparam("seen"))
_UNSIGNED = (
    select(notices)
    .where(notices.c.incident_id == bindparam("matter"), notices.c.addressee == bindparam("who"))
    .where(notices.c.signed_at.is_(None), notices.c.superseded_by.is_(None))
    .where(notices.c.kind.not_in(sorted(ERRANDS)))
    .order_by(notices.c.id)
)
_OF_NOTICE = select(notices.c.sign_by, notices.c.kind).where(notices.c.id == bindparam("one"))


def _values(
    conn: Connection, incident: Row[Any], addressee: str, kind: NoticeKind, step: str, now: datetime
) -> dict[str, Any]:
    conn.execute(_HELD, {"one": incident.id})
    start = f"{incident.number}-"
    numbers = {"house": incident.school, "start": start, "first": f"{start}0", "last": f"{start}{LAST_NUMBER}"}
    count = conn.execute(_WRITTEN, numbers).scalar_one()
    return {
        "school": incident.school, "incident_id": incident.id, "number": f"{incident.number}-{count + 1:02d}",
        "kind": kind, "step": step, "addressee": addressee, "created_at": now, "late": incident.late, "view": {},
    }  # fmt: skip


def _insert(
    conn: Connection, incident: Row[Any], one: Addressee, kind: NoticeKind, step: str, now: datetime,
    sign_by: datetime | None,
) -> tuple[int, str] | None:  # fmt: skip
    """Its id and number; None where it was told at this step already."""
    values = _values(conn, incident, one.person.id, kind, step, now) | {
        "role": one.role, "office": one.office, "basis": one.basis, "reason": one.reason,
        "grounds": [ground.model_dump(mode="json") for ground in one.grounds],
        "needs_signature": sign_by is not None, "sign_by": sign_by,
    }  # fmt: skip
    new = insert_new(conn, notices, [values], key=STEP, returning=["id", "number"])
    if not new:
        return None
    metrics.ISSUED.labels(kind=kind, level=incident.level).inc()
    return int(new[0][0]), str(new[0][1])


def _begins(
    conn: Connection, incident_id: int, person_id: str, kind: NoticeKind, clock: Clock | None, now: datetime
) -> datetime:
    """From when the time for signing runs. News of a further danger gives nobody more time for what is unsigned yet."""
    if kind is not NoticeKind.DANGER or clock is None:
        return now
    owed = [row.sign_by - clock.after for row in _to_replace(conn, incident_id, person_id, kind) if row.sign_by]
    return min((one for one in owed if one + clock.after > now), default=now)


def _with_grounds(conn: Connection, incident_id: int, one: Addressee, kind: NoticeKind) -> Addressee:
    """An addressee with the grounds and articles of the notices that one of this kind is about to supersede."""
    before = _to_replace(conn, incident_id, one.person.id, kind) if kind in CARRIES else []
    grounded = [row for row in before if row.grounds]
    if not grounded:
        return one
    carried = tuple(Ground.model_validate_json(json.dumps(ground)) for row in grounded for ground in row.grounds)
    basis = dict.fromkeys(part for row in grounded for part in str(row.basis).split("；"))
    return replace(one, grounds=tuple(dict.fromkeys((*carried, *one.grounds))), basis="；".join(basis))


def _to_replace(conn: Connection, incident_id: int, person_id: str, kind: NoticeKind) -> list[Row[Any]]:
    """What the person has not signed and a new notice of this kind says again; a reminder goes with its notice."""
    rows = conn.execute(_UNSIGNED, {"matter": incident_id, "who": person_id}).all()
    kept = {str(row.id) for row in rows if row.kind in TELL_ANEW[kind]}
    return [
        row for row in rows
        if str(row.id) not in kept and not (row.kind == NoticeKind.REMINDER and row.step.split(":")[1] in kept)
    ]  # fmt: skip


def _supersede(
    conn: Connection, incident_id: int, person_id: str, kind: NoticeKind, notice_id: int, number: str, now: datetime
) -> list[str]:
    """Let a notice take the place of what the person has not signed of this incident; gives the numbers replaced.

    The rows stay; one that is signed by its own link still signs them all.
    """
    before = [row for row in _to_replace(conn, incident_id, person_id, kind) if row.id < notice_id]
    for row in before:
        timer.stop(conn, now, notice_id=row.id)
        conn.execute(update(notices).where(notices.c.id == row.id).values(superseded_by=number))
    return [row.number for row in before if row.needs_signature]


def _deadline(conn: Connection, notice_id: int) -> datetime | None:
    """By when a notice is to be signed."""
    found: datetime | None = conn.execute(_OF_NOTICE, {"one": notice_id}).one().sign_by
    return found


def _kind(conn: Connection, notice_id: int) -> NoticeKind:
    return NoticeKind(conn.execute(_OF_NOTICE, {"one": notice_id}).one().kind)


def _keep_view(conn: Connection, notice_id: int, view: NoticeView) -> None:
    conn.execute(_KEEP_VIEW, {"one": notice_id, "seen": view.model_dump(mode="json")})


def _post(
    conn: Connection, letterhead: Letterhead, incident: Row[Any], one: Addressee, notice_id: int,
    view: NoticeView, wanted: Sequence[Channel], now: datetime, waits: Held | None, *, signs: bool,
) -> None:  # fmt: skip
    """On every channel of the level that reaches this person, else on another that does; by telephone where none does,
    where the level wants that as well, and always to the care role."""
    _keep_view(conn, notice_id, view)
    used = ways.ways_to(one.person, letterhead.channels, wanted)
    if not used and (set(wanted).intersection(ways.PERSONAL) or not one.person.mobile):
        used = ways.ways_to(one.person, letterhead.channels, ways.PERSONAL)[:1]
    places = [(channel, ways.contact(one.person, channel)) for channel in used]
    rows = ways.rows(incident.school, notice_id, incident.level, view, places)
    outbox.post(conn, rows, now, waits.until if waits else None, waits.words if waits else "")
    if not used:
        call_of(conn, notice_id, "no_other_way", now)
    elif signs and (Channel.PHONE in wanted or one.role == Role.CARE):
        call_of(conn, notice_id, "level", now)
