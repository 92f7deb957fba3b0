"""What one transaction alone decides about though it is no row: held by a name until that transaction ends."""

from __future__ import annotations

from sqlalchemy import Connection, text

_TRY = text("select pg_try_advisory_xact_lock(hashtextextended(:name, 0))")


def hold_name(conn: Connection, name: str) -> bool:
    """Hold `name` until the end of this transaction; False, at once, where another transaction holds it.

    On SQLite always True: a transaction that writes is the only one.
    """
    return conn.dialect.name == "sqlite" or bool(conn.execute(_TRY, {"name": name}).scalar_one())
