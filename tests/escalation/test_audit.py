"""The audit's chain: on both dialects through the store suite's fixture; here on SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from escalation.audit import GENESIS, audit_log, faults, head, record
from stream.store import Store, metadata

NOON = datetime(2026, 11, 3, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path}/store.db")
    metadata.create_all(opened.engine)
    with opened.write() as conn:
        for n in range(4):
            record(conn, school="s", now=NOON, actor=f"人{n}", action="note", subject="FX", detail={"b": n, "a": "字"})
    yield opened
    opened.close()


def test_an_untouched_chain_has_no_faults(store: Store) -> None:
    with store.read() as conn:
        assert list(faults(conn)) == []
        assert head(conn).seq == 4
        assert conn.execute(select(audit_log.c.previous).where(audit_log.c.seq == 1)).scalar_one() == GENESIS


@pytest.mark.parametrize("column", ["actor", "action", "object", "ip"])
def test_an_altered_row_is_named(store: Store, column: str) -> None:
    with store.write() as conn:
        conn.execute(update(audit_log).where(audit_log.c.seq == 2).values({column: "改"}))
        assert any("第 2 行" in fault for fault in faults(conn))


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
