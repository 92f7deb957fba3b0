"""Documents in the tables of a search file: taken in, taken out, numbered by time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from stream.search import Document
from stream.search.pairs import pairs_of_texts
from stream.search.sqlite_tables import cut_in

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
ROOM = 1000
"""Row ids per microsecond, for posts of the very same instant."""
LATEST = 2**63 // ROOM - 1_000_000
"""Microseconds: from here on a row's number has no room."""
AT_ONCE = 500
FIELDS = (
    "school", "id", "kind", "platform", "account_id", "thread_id", "text", "polarity", "risk", "published_at",
    "fetched_at", "indexed_at", "rebuilt",
)  # fmt: skip
PUT = f"INSERT INTO documents (row, {', '.join(FIELDS)}) VALUES (?{', ?' * len(FIELDS)})"


def micro(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - EPOCH) // MICROSECOND


Newest = Mapping[tuple[str, str], Document]
"""Of each (school, id) one revision."""


def newest_of(documents: Iterable[Document]) -> tuple[Newest, dict[str, str]]:
    """Of each the revision fetched last; and, by id, why some can never be kept."""
    newest: dict[tuple[str, str], Document] = {}
    far: dict[str, str] = {}
    for document in documents:
        known = newest.get((document.school, document.id))
        if micro(document.published_at) >= LATEST:
            far[document.id] = "发布时间在 2262 年以后"
        elif known is None or known.fetched_at <= document.fetched_at:
            newest[document.school, document.id] = document
    return newest, far


def take_in(conn: sqlite3.Connection, newest: Newest) -> None:
    """Keep those that are not older than what is known; in a transaction of the caller."""
    held = there(conn, list(newest))
    fresh = [one for key, one in newest.items() if held.get(key, (0, 0))[1] <= micro(one.fetched_at)]
    drop(conn, [held[key][0] for one in fresh if (key := (one.school, one.id)) in held])
    rows = put(conn, fresh)
    cut_in(conn, sorted(zip(rows, (one.text for one in fresh), strict=True)))


def take_out(conn: sqlite3.Connection, school: str, ids: Iterable[str]) -> None:
    """Forget these; in a transaction of the caller."""
    for one in ids:
        found = conn.execute("SELECT row FROM documents WHERE school = ? AND id = ?", (school, one))
        drop(conn, [row for (row,) in found.fetchall()])


def there(conn: sqlite3.Connection, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], tuple[int, int]]:
    """Row and time of fetching of what is known of (school, id)."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for school in {school for school, _ in keys}:
        ids = [one for owner, one in keys if owner == school]
        for start in range(0, len(ids), AT_ONCE):
            some = ids[start : start + AT_ONCE]
            marks = ",".join("?" * len(some))
            asked = f"SELECT id, row, fetched_at FROM documents WHERE school = ? AND id IN ({marks})"
            found |= {(school, one): (row, at) for one, row, at in conn.execute(asked, (school, *some))}
    return found


def drop(conn: sqlite3.Connection, rows: Iterable[int]) -> None:
    """Forget rows with their pairs."""
    for row in sorted(rows):
        (text,) = conn.execute("SELECT text FROM documents WHERE row = ?", (row,)).fetchone()
        gone = pairs_of_texts([text])
        conn.execute("INSERT INTO bigrams (bigrams, rowid, tokens) VALUES ('delete', ?, ?)", (row, *gone))
        conn.execute("DELETE FROM documents WHERE row = ?", (row,))


def put(conn: sqlite3.Connection, documents: Sequence[Document]) -> list[int]:
    """The documents themselves; gives their rows."""
    published = [micro(one.published_at) for one in documents]
    rows = _free_rows(conn, [at * ROOM for at in published])
    conn.executemany(
        PUT,
        [
            (
                row, one.school, one.id, one.kind, one.platform, one.account_id, one.thread_id, one.text, one.polarity,
                one.risk, at, micro(one.fetched_at), micro(one.indexed_at) if one.indexed_at else None, one.rebuilt,
            )
            for row, at, one in zip(rows, published, documents, strict=True)
        ],
    )  # fmt: skip
    return rows


def _free_rows(conn: sqlite3.Connection, rooms: Sequence[int]) -> list[int]:
    """A free row for each, in its room or, where that is full, in one after it."""
    free = _free(conn, set(rooms))
    found = []
    for first in rooms:
        room = first
        while free[room] >= room + ROOM:
            room += ROOM
            if room not in free:
                free |= _free(conn, [room])
        found.append(free[room])
        free[room] += 1
    return found


def _free(conn: sqlite3.Connection, rooms: Iterable[int]) -> dict[int, int]:
    """The first free row behind what each room holds."""
    asked = (
        f"SELECT value, (SELECT max(row) FROM documents WHERE row >= value AND row < value + {ROOM}) FROM json_each(?)"
    )
    held = conn.execute(asked, (json.dumps(sorted(rooms)),))
    return {room: room if last is None else last + 1 for room, last in held}
