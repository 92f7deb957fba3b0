"""What the incident's page offers of the full cycle: the acts possible now, and what is still open. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from escalation import archive, recap, reignition, renewal, sequel, tie
from escalation.belonging import kinds_told
from escalation.incident import LEVELS, incidents, open_keys
from escalation.incident.state import DESK, INCIDENT, LEAD, OPEN, STATE_WORDS, Event, State
from escalation.loose_end import loose_ends
from escalation.opening import Ground
from escalation.procedure import thaw
from escalation.replay import Difference
from escalation.splitting import key_words, to_choose
from escalation.tie import FROM_WORDS, TO_WORDS, TieKind
from escalation.web.gate import Visitor
from escalation.web.words import CARE_TITLE
from stream.kept import posts, revisions
from stream.post import Kind

MEASURE_ROWS = 3
NEAR = 20
SAID = 20


@dataclass(frozen=True, slots=True)
class Tied:
    """One other incident that this one is tied to: in which way, since when, and whether that was taken back."""

    words: str
    number: str
    title: str
    state: str
    at: datetime
    reason: str
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class Cycle:
    """The acts of the cycle on one incident. `may` are events of the state table that this person may cause now."""

    may: frozenset[Event]
    on_desk: bool
    leads: bool
    is_open: bool
    loose: Sequence[str]
    watch: Row[Any] | None
    recap: Row[Any] | None
    recap_needed: bool
    may_recap: bool
    measures: Sequence[dict[str, str]]
    ties: Sequence[Tied]
    others: Sequence[Any]
    keys: Sequence[tuple[str, str]]
    levels: Mapping[int, str]
    pack_now: str
    version_now: str
    differences: Sequence[Difference]
    archive_waits: Sequence[str]
    archived: Row[Any] | None
    may_export: bool
    reopen_until: datetime | None
    may_follow: bool


def cycle_of(conn: Connection, row: Row[Any], visitor: Visitor, ground: Ground) -> Cycle:
    """What holds of this incident for this person at this moment."""
    state, roles = State(row.state), visitor.user.roles
    is_open, on_desk, leads = state in OPEN, bool(DESK & roles), bool(LEAD & roles)
    pack = thaw(row.frozen["pack"])
    written = recap.newest(conn, row.id)
    kept = list(written.measures) if written else []
    blank = [{"what": "", "owner": "", "until": ""}] * max(1, MEASURE_ROWS - len(kept))
    until = row.closed_at + archive.window_of(row) if state is State.CLOSED else None
    other_pack = leads and is_open and pack.version != ground.pack.version
    return Cycle(
        may=frozenset(event for event in Event if INCIDENT.may(state, event, roles)),
        on_desk=on_desk, leads=leads, is_open=is_open,
        loose=loose_ends(conn, row.id) if is_open else (),
        watch=reignition.running(conn, row.id) if state is State.WATCHING else None,
        recap=written, recap_needed=row.level <= recap.REQUIRED_TO,
        may_recap=on_desk and state in OPEN | {State.CLOSED}, measures=[*kept, *blank],
        ties=_ties(conn, row.id),
        others=_others(conn, row) if is_open and on_desk else (),
        keys=_keys(conn, row) if is_open and on_desk else (),
        levels={one.number: f"{LEVELS[one.number]}级 {one.name}" for one in pack.level},
        pack_now=ground.pack.label if other_pack else "", version_now=ground.pack.version,
        differences=renewal.differences(conn, row, ground.pack, ground.versions) if other_pack else (),
        archive_waits=archive.waits_for(conn, row.id) if state is State.CLOSED else (),
        archived=archive.archived(conn, row.id),
        may_export=visitor.has(*archive.TAKERS), reopen_until=until,
        may_follow=on_desk and state in sequel.AFTER and (until is None or visitor.now > until),
    )  # fmt: skip


def _ties(conn: Connection, incident_id: int) -> list[Tied]:
    return [
        Tied(
            (FROM_WORDS if one.own else TO_WORDS)[TieKind(one.kind)], one.number,
            CARE_TITLE if one.care else one.title, STATE_WORDS[State(one.state)], one.at, one.reason, one.undone_at,
        )
        for one in tie.ties_of(conn, incident_id)
    ]  # fmt: skip


def _others(conn: Connection, row: Row[Any]) -> list[Any]:
    """The open incidents this one could be merged into: same unit or account first, then the newest."""
    near = (incidents.c.unit == row.unit) | (incidents.c.account_id == row.account_id)
    return list(conn.execute(
        select(incidents.c.number, incidents.c.title, incidents.c.level)
        .where(incidents.c.school == row.school, incidents.c.id != row.id, incidents.c.state.in_(sorted(OPEN)))
        .where(incidents.c.care.is_(row.care), incidents.c.trial.is_(row.trial))
        .where(incidents.c.rehearsal.is_(row.rehearsal))
        .order_by(near.desc(), incidents.c.id.desc())
        .limit(NEAR)
    ))  # fmt: skip


def _keys(conn: Connection, row: Row[Any]) -> list[tuple[str, str]]:
    """The keys by which later lines belong to it, in words, so that a person can tell them apart."""
    held = conn.execute(select(open_keys.c.key).where(open_keys.c.incident_id == row.id).order_by(open_keys.c.key))
    keys = to_choose(held.scalars().all(), kinds_told(row.dangers))
    return [(key, key_words(key, _said(conn, row, key))) for key in keys]


def _said(conn: Connection, row: Row[Any], key: str) -> str:
    """The first line of the thread, or of the wording, that a key names, cut; empty where there is none to show."""
    _, _, rest = key.partition("|")
    kind, _, what = rest.partition("|")
    column = {"thread": posts.c.thread_id, "cluster": posts.c.id}.get(kind)
    if column is None or row.care:
        return ""
    current = (revisions.c.school == posts.c.school) & (revisions.c.post_id == posts.c.id)
    text = conn.execute(
        select(revisions.c.text)
        .join(posts, current & (revisions.c.revision == posts.c.revision))
        .where(posts.c.school == row.school, column == what, posts.c.kind != Kind.MESSAGE)
        .order_by(posts.c.published_at, posts.c.id)
        .limit(1)
    ).scalar()
    line = " ".join(str(text or "").split())
    return line if len(line) <= SAID else line[: SAID - 1] + "…"
