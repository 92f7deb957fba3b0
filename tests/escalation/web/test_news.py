"""Each line of the log is told once, in whatever order the transactions end that wrote it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, func, insert, select

from escalation.incident import EntryKind, entries
from escalation.web.news import WINDOW, Mark, newest, since
from stream.kept import posts
from tests.escalation.web.house import SCHOOL, House
from tests.live.engines import Postgres


def line(conn: Connection, house: House, entry: int | None = None) -> int:
    """One more line of the log of the only incident, under this id."""
    one = select(entries.c.incident_id).limit(1)
    row = {
        "incident_id": conn.execute(one).scalar_one(), "at": house.now, "kind": EntryKind.PERSON, "actor": "",
        "heading": "记录", "text": "", "article": "",
    }  # fmt: skip
    if entry is not None:
        row["id"] = entry
    return int(conn.execute(insert(entries).values(row).returning(entries.c.id)).scalar_one())


def top(house: House) -> int:
    with house.store.read() as conn:
        return int(conn.execute(select(func.max(entries.c.id))).scalar_one())


def look(house: House, mark: Mark) -> tuple[list[int], Mark]:
    """What a browser is told that comes back with this mark, as it stands in an event's id."""
    carried = Mark.read(str(mark))
    assert carried is not None
    with house.store.read() as conn:
        found = since(conn, SCHOOL, carried)
    return ([one.entry_id for one in found.changes], found.mark) if found else ([], carried)


@pytest.mark.live
def test_a_line_whose_transaction_ends_later_is_told_on_postgresql(postgres: Postgres, tmp_path: Path) -> None:
    house = House.at(tmp_path, store=postgres.database())
    try:
        house.incident()
        with house.store.read() as conn:
            mark = newest(conn, SCHOOL)
        with house.store.write() as slow:
            first = line(slow, house)
            with house.store.write() as quick:
                second = line(quick, house)
            assert first < second
            told, mark = look(house, mark)
            assert told == [second]
        told, mark = look(house, mark)
        assert told == [first]
        assert look(house, mark) == ([], mark)
    finally:
        house.store.close()


def test_a_smaller_id_that_comes_later_is_told_once(house: House) -> None:
    house.incident()
    with house.store.read() as conn:
        mark, first = newest(conn, SCHOOL), top(house) + 1
    for entry, expected in ((first + 2, [first + 2]), (first, [first]), (first + 1, [first + 1])):
        with house.store.write() as conn:
            line(conn, house, entry)
        told, mark = look(house, mark)
        assert told == expected
        assert look(house, mark) == ([], mark)
    assert mark.missing == frozenset()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(10)), st.lists(st.booleans(), min_size=10, max_size=10), st.sets(st.integers(0, 9)))
def test_whatever_the_order_of_commits_each_line_is_told_exactly_once(
    house: House, order: list[int], looks: list[bool], undone: set[int]
) -> None:
    if not house._made:
        house.incident()
    start = top(house)
    with house.store.read() as conn:
        mark = newest(conn, SCHOOL)
    heard: list[int] = []
    for offset, looked in zip(order, looks, strict=True):
        if offset in undone:
            continue
        with house.store.write() as conn:
            line(conn, house, start + 1 + offset)
        if looked:
            told, mark = look(house, mark)
            heard += told
    heard += look(house, mark)[0]
    assert sorted(heard) == sorted(start + 1 + offset for offset in set(order) - undone)
    with house.store.write() as conn:
        conn.execute(delete(entries).where(entries.c.id > start))


def test_an_id_that_never_comes_is_asked_for_only_so_long(house: House) -> None:
    house.incident()
    with house.store.read() as conn:
        mark, start = newest(conn, SCHOOL), top(house)
    with house.store.write() as conn:
        line(conn, house, start + 2)
    _, mark = look(house, mark)
    assert mark.missing == {start + 1}
    with house.store.write() as conn:
        for n in range(WINDOW):
            line(conn, house, start + 3 + n)
    _, mark = look(house, mark)
    assert mark.missing == frozenset()


def test_posts_of_another_school_and_unused_rows_are_not_counted(house: House) -> None:
    house.post("第一条")
    with house.store.read() as conn:
        mark = newest(conn, SCHOOL)
    with house.store.write() as conn:
        conn.execute(posts.update().values(row=posts.c.row + 1000))
    house.post("第二条")
    with house.store.write() as conn:
        conn.execute(posts.update().where(posts.c.row == mark.post + 1000).values(school="LG"))
        found = since(conn, SCHOOL, mark)
    assert found is not None
    assert found.posts == 1


def test_a_mark_travels_in_an_event_id_and_no_odd_one_is_taken() -> None:
    for mark in (
        Mark(12, 7), Mark(300, 7, frozenset({299, 298, 297, 290, 288})), Mark(9, 0, frozenset({9})),
        Mark(2**62, 2**62, frozenset(range(2**62 - 60, 2**62, 2))),
    ):  # fmt: skip
        assert Mark.read(str(mark)) == mark
        assert "\n" not in str(mark)
    for odd in ("12.7;", "12.7;13", "12.7;8-", "12.7;8-7", "12.7;a", "12.7;8,,9", "900.7;1", "٣.7", f"{2**63}.1"):
        assert Mark.read(odd) in (None, Mark(12, 7)), odd
    crowded = Mark(5000, 1, frozenset(range(4800, 5000, 2)))
    carried = Mark.read(str(crowded))
    assert carried is not None
    assert carried.missing == set(sorted(crowded.missing)[-32:]), "the newest are kept"


def test_two_marks_are_joined_by_what_was_read() -> None:
    one, other = Mark(10, 3, frozenset({7, 8})), Mark(12, 1, frozenset({8, 11}))
    assert one.newer(other) == Mark(12, 3, frozenset({8, 11}))
    assert one.older(other) == Mark(10, 1, frozenset({7, 8}))
    for entry in range(1, 14):
        assert one.newer(other).covers(entry) == (one.covers(entry) or other.covers(entry))
        assert one.older(other).covers(entry) == (one.covers(entry) and other.covers(entry))
