"""A store with every table, poured from a mould: making seventy tables takes longer than most tests.

All stores of a process share what SQLAlchemy made of each statement; else every test would compile all of them anew.
"""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Dialect, create_engine

from stream.store import Store, metadata

_compiled: dict[Any, Any] = {}


def lay(path: Path) -> str:
    """Lay an empty database with every table at `path`; gives its address. Raises FileExistsError: one was there."""
    if any(path.parent.glob(f"{path.name}*")):
        raise FileExistsError(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_cast(frozenset(metadata.tables)))
    return f"sqlite:///{path}"


def pour(path: Path) -> Store:
    """An empty store with every table in a new file at `path`."""
    return opened(lay(path))


def opened(url: str) -> Store:
    """The store at the address of a file that is there."""
    store = Store(url, lasting=False)
    store.engine.dialect = _dialect()
    store.engine.update_execution_options(compiled_cache=_compiled)
    return store


EITHER = ("sqlite", pytest.param("postgresql", marks=pytest.mark.live))
"""The parameters of a fixture whose store is `of_either_kind`."""


def of_either_kind(request: pytest.FixtureRequest, path: Path, **given: Any) -> Store:
    """An empty store with every table: in a new file at `path`, or in a database of its own on a real PostgreSQL, as
    the fixture's parameter says. `given`: further arguments of the latter."""
    if request.param == "sqlite":
        return Store(lay(path))
    made = Store(request.getfixturevalue("postgres").database(), **given)
    metadata.create_all(made.engine)
    return made


@cache
def _cast(_tables: frozenset[str]) -> bytes:
    """An empty database with the tables that are known now, as a file holds it."""
    with tempfile.TemporaryDirectory(prefix="fengxin-mould-") as folder:
        path = Path(folder) / "mould.db"
        engine = create_engine(f"sqlite:///{path}")
        with engine.connect() as conn:
            conn.exec_driver_sql("PRAGMA journal_mode=WAL")
        metadata.create_all(engine)
        engine.dispose()
        return path.read_bytes()


@cache
def _dialect() -> Dialect:
    """One for all stores, as compiled statements belong to a dialect."""
    with create_engine("sqlite://").connect() as conn:
        return conn.dialect
