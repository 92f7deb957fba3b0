"""The audit's chain: on SQLite always, on a real PostgreSQL in `make live`."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from escalation.audit import GENESIS, audit_log, audit_mark, faults, head, record
from stream.store import Store
from tests.mould import EITHER, of_either_kind, pour

NOON = datetime(2026, 11, 3, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture(params=EITHER)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store with four rows of audit."""
    opened = of_either_kind(request, tmp_path / "store.db")
    detail = {"b": 1.5, "a": "字", "list": [1, None, {"深": True}]}
    with opened.write() as conn:
        for n in range(4):
            record(conn, school="s", now=NOON, actor=f"人{n}", action="note", subject="FX", detail=detail | {"n": n})
    yield opened
    opened.close()


def test_an_untouched_chain_has_no_faults(store: Store) -> None:
    with store.read() as conn:
        assert list(faults(conn)) == []
        assert head(conn).seq == 4
        assert conn.execute(select(audit_log.c.previous).where(audit_log.c.seq == 1)).scalar_one() == GENESIS


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("school", "t"), ("at", NOON + timedelta(microseconds=1)), ("actor", "改"), ("action", "改"), ("object", "改"),
        ("hash", "0" * 63 + "1"),
        ("detail", {"b": 1.5, "a": "字", "list": [1, None, {"深": False}], "n": 1}), ("ip", "改"),
    ],
)  # fmt: skip
def test_an_altered_row_is_named(store: Store, column: str, value: object) -> None:
    with store.write() as conn:
        conn.execute(update(audit_log).where(audit_log.c.seq == 2).values({column: value}))
        assert any("第 2 行" in fault for fault in faults(conn))


@pytest.mark.parametrize(
    ("kept", "said"), [(3, "第 4 行至第 4 行缺失"), (1, "第 2 行至第 4 行缺失"), (0, "第 1 行至第 4 行缺失")]
)
def test_the_newest_rows_deleted_are_missed(store: Store, kept: int, said: str) -> None:
    with store.write() as conn:
        conn.execute(delete(audit_log).where(audit_log.c.seq > kept))
        assert [fault for fault in faults(conn) if said in fault]


def test_rows_written_after_a_cut_do_not_hide_it(store: Store) -> None:
    with store.write() as conn:
        conn.execute(delete(audit_log).where(audit_log.c.seq > 2))
        for _ in range(3):
            record(conn, school="s", now=NOON, actor="x", action="y", subject="z")
        assert any("第 3 行起缺失，下一行是第 5 行" in fault for fault in faults(conn))


def test_a_cut_with_the_mark_set_back_is_told_by_a_head_printed_before_only(store: Store) -> None:
    with store.write() as conn:
        before = head(conn).hash
        conn.execute(delete(audit_log).where(audit_log.c.seq > 2))
        last = head(conn)
        conn.execute(update(audit_mark).values(seq=last.seq, hash=last.hash))
        record(conn, school="s", now=NOON, actor="x", action="y", subject="z")
        assert list(faults(conn)) == [], "the store alone cannot tell, as the module says"
        (fault,) = faults(conn, before)
        assert before in fault


def test_a_head_printed_before_is_in_a_chain_that_only_grew(store: Store) -> None:
    with store.write() as conn:
        before = head(conn).hash
        for _ in range(3):
            record(conn, school="s", now=NOON, actor="x", action="y", subject="z")
        assert list(faults(conn, before)) == []
        assert list(faults(conn, GENESIS)) == []
        assert any("此前打印的链头" in fault for fault in faults(conn, "f" * 64))


def test_a_mark_that_was_moved_or_removed_is_told(store: Store) -> None:
    with store.write() as conn:
        conn.execute(update(audit_mark).values(seq=2))
        assert any("标记在第 2 行，记录到第 4 行" in fault for fault in faults(conn))
        conn.execute(delete(audit_mark))
        assert any("标记在第 0 行，记录到第 4 行" in fault for fault in faults(conn))


def test_a_row_that_is_undone_moves_no_mark(store: Store) -> None:
    def undone() -> None:
        with store.write() as conn:
            record(conn, school="s", now=NOON, actor="x", action="y", subject="z")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        undone()
    with store.read() as conn:
        assert list(faults(conn)) == []
        assert head(conn).seq == 4


def test_writers_at_the_same_time_make_one_chain(store: Store) -> None:
    def write(n: int) -> None:
        with store.write() as conn:
            record(conn, school="s", now=NOON, actor=f"w{n}", action="y", subject="z")

    with ThreadPoolExecutor(8) as crew:
        list(crew.map(write, range(24)))
    with store.read() as conn:
        assert list(faults(conn)) == []
        assert head(conn).seq == 28


def test_a_deleted_row_is_missed(store: Store) -> None:
    with store.write() as conn:
        conn.execute(delete(audit_log).where(audit_log.c.seq == 3))
        assert any("第 3 行起缺失" in fault for fault in faults(conn))


def test_a_row_with_a_recomputed_hash_still_breaks_the_chain(store: Store) -> None:
    with store.write() as conn:
        other = record(conn, school="s", now=NOON, actor="x", action="y", subject="z")
        conn.execute(delete(audit_log).where(audit_log.c.seq == other.seq))
        conn.execute(update(audit_log).where(audit_log.c.seq == 2).values(hash=other.hash))
        assert any("第 3 行与上一行衔接不上" in fault for fault in faults(conn))


def test_an_altered_row_is_named_with_the_time_of_the_pages(tmp_path: Path) -> None:
    opened = pour(tmp_path / "store.db")
    late = datetime(2026, 11, 20, 17, 30, tzinfo=UTC)
    with opened.write() as conn:
        record(conn, school="s", now=late, actor="甲", action="note", subject="FX", detail={})
        conn.execute(update(audit_log).values(actor="乙"))
    with opened.read() as conn:
        assert any("2026年11月21日 01:30:00 乙 note" in words for words in faults(conn))
    opened.close()
