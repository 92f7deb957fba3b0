"""Alembic's entry: works on the connection that `deploy.migrations` gives, never opens one of its own."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy.types import TypeDecorator

from deploy.migrations import tables
from stream.store.types import Moment, Word


def plain(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write our own column types as the plain types behind them: a revision must not change when they do."""
    del autogen
    match item:
        case Moment() if kind == "type":
            return "sa.DateTime(timezone=True)"
        case Word() if kind == "type":
            return f"sa.String({item.length})"
        case TypeDecorator() if kind == "type":
            raise TypeError(f"deploy/migrations/env.py does not know how to write {item!r}")
    return False


connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=tables(), render_item=plain, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
