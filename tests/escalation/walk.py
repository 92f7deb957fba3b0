"""A deed on a real store, whole or not at all: cut off at its last statement it leaves every row as it was, refused it
does so and says so; done, it left its line, its audit row, its clocks, and a way to everybody it told. Two persons who
press at once get one result and one refusal."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, event, select

from escalation.audit import audit_log
from escalation.incident import Actor, StateMoved
from escalation.notice import GROUP, calls, deliveries, notices
from escalation.state_table import IllegalStep
from escalation.timer import timers
from stream.store import Store, metadata

Deed = Callable[[Connection], object]
Press = Callable[[Connection, Actor], object]
Whole = dict[str, list[tuple[Any, ...]]]
WRITES = ("INSERT", "UPDATE", "DELETE")


class CutOff(Exception):
    """The process died here."""


def whole(store: Store) -> Whole:
    """Every row of every table, as the file holds it."""
    with store.read() as conn:
        file = conn.connection.dbapi_connection
        assert isinstance(file, sqlite3.Connection)
        return {
            table.name: file.execute(f'SELECT * FROM "{table.name}"').fetchall() for table in metadata.sorted_tables
        }


@contextmanager
def taken_back(store: Store) -> Iterator[None]:
    """What happens inside is gone afterwards: every row stands as it stood."""
    path = store.engine.url.database
    assert path is not None
    with closing(sqlite3.connect(path)) as file, closing(sqlite3.connect(":memory:")) as kept:
        file.backup(kept)
        try:
            yield
        finally:
            kept.backup(file)


@contextmanager
def dying_at(store: Store, nth: int) -> Iterator[list[str]]:
    """The process dies before its nth writing statement (0: it lives); gives those that it came to."""
    seen: list[str] = []

    def look(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.lstrip().startswith(WRITES):
            seen.append(statement)
            if len(seen) == nth:
                raise CutOff

    event.listen(store.engine, "before_cursor_execute", look)
    try:
        yield seen
    finally:
        event.remove(store.engine, "before_cursor_execute", look)


def refused(store: Store, deed: Deed) -> str:
    """The words with which a deed is refused. Raises AssertionError where it is done."""
    with pytest.raises((IllegalStep, StateMoved)) as said:
        store.run(deed)
    assert "未作任何更改" in str(said.value), said.value
    return str(said.value)


def take(store: Store, deed: Deed) -> bool:
    """Try a deed: cut off before its last and its middle statement, then whole; False where it is refused."""
    before, words = whole(store), ""
    try:
        with dying_at(store, 0) as seen, store.write() as conn:
            deed(conn)
            raise CutOff
    except (IllegalStep, StateMoved) as refused:
        words = str(refused)
    except CutOff:
        pass
    assert whole(store) == before, words or "a transaction that is cut off at its end"
    if words:
        assert "未作任何更改" in words, words
        return False
    assert seen, "what changes nothing is refused"
    for nth in {len(seen), len(seen) // 2 + 1}:
        with pytest.raises(CutOff), dying_at(store, nth), store.write() as conn:
            deed(conn)
        assert whole(store) == before, f"cut off at {seen[nth - 1][:60]}"
    with store.write() as conn:
        deed(conn)
    _is_whole(store, before)
    return True


def _is_whole(store: Store, before: Whole) -> None:
    """Audited, and for everybody who was told a message in the outbox or a telephone task, with their clock."""
    with store.read() as conn:
        assert len(conn.execute(select(audit_log.c.seq)).all()) > len(before[audit_log.name]), "a row in the audit"
        known = {row[0] for row in before[notices.name]}
        for one in conn.execute(select(notices)).all():
            if one.id in known:
                continue
            leaves = conn.execute(select(deliveries.c.id).where(deliveries.c.notice_id == one.id)).all()
            rings = conn.execute(select(calls.c.id).where(calls.c.notice_id == one.id)).all()
            assert leaves or rings, f"{one.number} to {one.addressee} stands in no outbox"
            if one.needs_signature and one.superseded_by is None and one.addressee != GROUP:
                mine = select(timers.c.kind).where(timers.c.notice_id == one.id)
                assert set(conn.execute(mine).scalars()) & {"sign", "letter"}, f"{one.number} has no clock"


def at_once(store: Store, press: Press, one: Actor, other: Actor) -> list[str]:
    """Two persons who both may press at the same moment, each on a connection of their own; nothing of it stays.

    Gives the words of who was refused: one of them. What stands then is what the other's deed alone would have left.
    """
    alone = {}
    for who in (one, other):
        with taken_back(store):
            press_by(store, press, who)
            alone[who] = _sizes(store)
    start, refused = threading.Barrier(2), dict[int, str]()

    def go(n: int, who: Actor) -> None:
        start.wait(20)
        try:
            press_by(store, press, who)
        except (IllegalStep, StateMoved) as said:
            refused[n] = str(said)

    with taken_back(store):
        threads = [threading.Thread(target=go, args=pair) for pair in enumerate((one, other))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        both = _sizes(store)
    if len(refused) == 1:
        assert both == alone[other if 0 in refused else one], "the refused one left something"
    return list(refused.values())


def press_by(store: Store, press: Press, who: Actor) -> None:
    """One person's deed in one transaction."""
    store.run(lambda conn: press(conn, who))


def _sizes(store: Store) -> dict[str, int]:
    return {name: len(rows) for name, rows in whole(store).items()}
