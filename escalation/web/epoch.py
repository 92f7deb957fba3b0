"""Instants in the store as whole intervals since 1970, on either dialect, so that the database counts and not we."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, Integer, cast, func


def interval(conn: Connection, column: ColumnElement[object], seconds: int) -> ColumnElement[int]:
    """The number of the interval of `seconds` in which an instant lies."""
    if conn.dialect.name == "sqlite":
        return cast(cast(func.strftime("%s", column), Integer) / seconds, Integer)
    return cast(func.floor(func.extract("epoch", column) / seconds), Integer)
