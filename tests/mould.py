"""A store with every table, poured from a mould: making seventy tables takes longer than most tests.

All stores of a process share what SQLAlchemy made of each statement; else every test would compile all of them anew.
"""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

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
