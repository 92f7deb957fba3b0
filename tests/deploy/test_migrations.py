from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from deploy.migrations import MODULES, migrate, newest, standing, tables
from stream.pulse import pulses
from stream.store import Store, StoreUnavailable
from tests.live.engines import Postgres

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path}/store.db")
    yield opened
    opened.close()


def assert_alike(store: Store) -> None:
    with store.read() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, tables()) == []
        assert set(inspect(conn).get_table_names()) == {*tables().tables, "alembic_version"}


def test_an_upgraded_empty_database_has_exactly_our_tables(store: Store) -> None:
    migrate(store)
    assert_alike(store)


@pytest.mark.live
def test_an_upgraded_empty_postgresql_has_exactly_our_tables(postgres: Postgres) -> None:
    store = Store(postgres.database())
    migrate(store)
    assert_alike(store)
    store.close()


def test_migrating_twice_changes_nothing(store: Store) -> None:
    migrate(store)
    migrate(store)
    with store.read() as conn:
        assert standing(conn) == newest() is not None


def test_a_store_never_migrated_stands_nowhere(store: Store) -> None:
    with store.read() as conn:
        assert standing(conn) is None


def test_a_migration_that_fails_leaves_nothing_behind(store: Store) -> None:
    with store.write() as conn:
        pulses.create(conn)
    with pytest.raises(StoreUnavailable):
        migrate(store)
    with store.read() as conn:
        assert set(inspect(conn).get_table_names()) == {"pulses"}


def test_every_module_with_tables_is_on_the_one_list() -> None:
    declaring = set()
    for room in ("sentiment", "stream", "crawlers", "escalation"):
        for file in (ROOT / room).rglob("*.py"):
            calls = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
            if any(isinstance(call.func, ast.Name) and call.func.id == "Table" for call in calls):
                declaring.add(".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
    assert declaring == set(MODULES)
