"""Belonging: to which open incident a line belongs, or why it needs one of its own.

Two dangers of different matters under one post are two (a beating and a fire); sides of one matter are one (a fire and
an explosion; a beating and the blood it left). Where only the account's unit is common and not the post, a danger
belongs to an incident that knows this very kind. A line that tells of no danger goes where its keys lead.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from escalation.incident import EntryKind, incidents, log, open_keys
from stream.danger import are_two
from stream.matter import Scene, topic
from stream.store import Among


@dataclass(frozen=True, slots=True)
class Belonging:
    """`incident_id`: where the line belongs. `known`: the kinds of danger told there. `apart`: incidents at the same
    place whose danger is another matter, the nearest first."""

    incident_id: int | None = None
    known: tuple[str, ...] = ()
    apart: tuple[int, ...] = ()


_HELD = Among(
    select(open_keys.c.key, open_keys.c.incident_id).where(open_keys.c.school == bindparam("owner")), open_keys.c.key
)
_TOLD = select(incidents.c.id, incidents.c.dangers).where(incidents.c.id.in_(bindparam("ids", expanding=True)))


def kinds_told(dangers: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The kinds of danger that an incident keeps as told (`incidents.dangers`)."""
    return tuple(dict.fromkeys(str(one["kind"]) for one in dangers))


def find(
    conn: Connection, school: str, keys: Sequence[str], scene: Scene, themes: Collection[str], kinds: Sequence[str]
) -> Belonging:
    """Where a line of these themes and kinds of danger belongs; `keys` in the order in which they are looked at."""
    if not keys:
        return Belonging()
    owners = {key: int(incident_id) for key, incident_id in _HELD.ask(conn, keys, owner=school)}
    if not owners:
        return Belonging()
    told = {row.id: kinds_told(row.dangers) for row in conn.execute(_TOLD, {"ids": sorted(set(owners.values()))})}
    held = {key: (incident_id, told[incident_id]) for key, incident_id in owners.items()}
    own = tuple(f"{topic(theme, kind)}|" for theme in themes for kind in kinds)
    apart: dict[int, None] = {}
    for key in keys:
        if key in held:
            incident_id, known = held[key]
            if key.startswith(own) or _fits(key, scene, kinds, known):
                return Belonging(incident_id, known)
            apart.setdefault(incident_id)
    return Belonging(apart=tuple(apart))


def _fits(key: str, scene: Scene, kinds: Sequence[str], known: Sequence[str]) -> bool:
    if not kinds or not known or set(kinds) & set(known):
        return True
    return _is_near(key, scene) and not are_two(kinds, known)


def _is_near(key: str, scene: Scene) -> bool:
    """Whether a key says more of the line than that its account is of some unit."""
    what = key.partition("|")[2]
    here = [f"thread|{scene.thread}", f"cluster|{scene.cluster}", *(f"place|{one}" for one in scene.places)]
    return what in here and not (scene.unit and what == f"place|{scene.unit}")


def free(conn: Connection, school: str, keys: Sequence[str]) -> tuple[str, ...]:
    """Those of the keys that no incident owns."""
    owned = open_keys.c.key.in_(list(keys))
    taken = set(conn.execute(select(open_keys.c.key).where(open_keys.c.school == school, owned)).scalars())
    return tuple(key for key in keys if key not in taken)


def write_apart(conn: Connection, incident_id: int, others: Sequence[int], now: datetime) -> None:
    """In the log of either: at the same place something else is going on, which has its own incident."""
    wanted = select(incidents.c.id, incidents.c.number).where(incidents.c.id.in_([incident_id, *others]))
    numbers = {row.id: row.number for row in conn.execute(wanted)}
    for other in others:
        log(conn, incident_id, now, EntryKind.MACHINE, f"同一处的 {numbers[other]} 是另一种险情，本事件单独处置")
        log(conn, other, now, EntryKind.MACHINE, f"同一处另有险情，已另立 {numbers[incident_id]}")
