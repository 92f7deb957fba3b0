"""What is asked or written by the lot is what single statements ask and write, on either dialect."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, bindparam, select

from stream.line import marks, postings
from stream.store import Among, Store, add_new, put, put_all
from stream.store.lot import MOST

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
HASHED = Among(
    select(postings.c.hash, postings.c.post_id).where(postings.c.school == bindparam("owner")), postings.c.hash
)
OLD = Among(
    select(marks.c.post_id)
    .where(marks.c.theme == "any", marks.c.at >= bindparam("since"), marks.c.spent.is_(False)),
    marks.c.thread_id,
)  # fmt: skip


def mark(post_id: str, minutes: int = 0, **given: Any) -> dict[str, Any]:
    return {
        "school": "s", "post_id": post_id, "theme": "any", "at": NOON + timedelta(minutes=minutes), "thread_id": "t",
        "spent": False, "mark": {"keys": [post_id], "n": minutes},
    } | given  # fmt: skip


def posting(number: int, post_id: str = "p", school: str = "s") -> dict[str, Any]:
    return {"school": school, "hash": number, "post_id": post_id}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 2**32 - 1) | st.integers(0, 9), st.sampled_from("abc"))), st.data())
def test_among_finds_what_in_finds(store: Store, kept: list[tuple[int, str]], data: st.DataObject) -> None:
    asked = data.draw(st.lists(st.sampled_from([number for number, _ in kept] or [1]) | st.integers(0, 2**32 - 1)))
    with store.write() as conn:
        conn.execute(postings.delete())
        add_new(conn, postings, [posting(number, post_id) for number, post_id in kept])
        add_new(conn, postings, [posting(number, school="other") for number, _ in kept])
        here = select(postings.c.hash, postings.c.post_id).where(postings.c.school == "s", postings.c.hash.in_(asked))
        assert set(map(tuple, HASHED.ask(conn, asked, owner="s"))) == set(map(tuple, conn.execute(here)))


def test_more_keys_than_one_question_takes_are_all_asked(store: Store) -> None:
    with store.write() as conn:
        add_new(conn, postings, [posting(number) for number in range(2 * MOST + 3)])
        asked = list(range(1, 2 * MOST + 10))
        assert sorted(number for number, _ in HASHED.ask(conn, asked, owner="s")) == asked[: 2 * MOST + 2]
        assert HASHED.ask(conn, [], owner="s") == []


def test_instants_and_words_of_the_statement_itself_are_asked_too(store: Store) -> None:
    rows = [
        mark("old", -1), mark("new"), mark("spent", 1, spent=True), mark("apart", 1, thread_id="u"),
        mark("other", 1, theme="canteen"),
    ]  # fmt: skip
    with store.write() as conn:
        put_all(conn, marks, rows)
        assert [post_id for (post_id,) in OLD.ask(conn, ["t", "nul\x00"], since=NOON)] == ["new"]
        shanghai = (NOON - timedelta(minutes=1)).astimezone()
        assert sorted(post_id for (post_id,) in OLD.ask(conn, ["t", "u"], since=shanghai)) == ["apart", "new", "old"]


def test_put_all_keeps_what_put_keeps(store: Store) -> None:
    lots: tuple[list[dict[str, Any]], ...] = (
        [mark("a"), mark("b", 2)],
        [mark("a", 5, spent=True), mark("c", mark={"keys": [], "n": None})],
        [],
    )
    kept: list[list[tuple[Any, ...]]] = []
    for write in (put, put_all):
        with store.write() as conn:
            conn.execute(marks.delete())
            for lot in lots:
                write(conn, marks, lot)
            kept.append(_all(conn))
    assert kept[0] == kept[1]
    assert len(kept[0]) == 3


def test_one_word_too_long_among_many_is_refused_without_naming_it(store: Store) -> None:
    for wrong in ("w" * 201, "w\x00"):
        with store.write() as conn, pytest.raises(ValueError, match="文字长") as raised:
            add_new(conn, postings, [posting(1), posting(2, wrong)])
        assert "w" not in str(raised.value)


def _all(conn: Connection) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in conn.execute(select(marks).order_by(marks.c.post_id))]
