"""Instants in the store as whole intervals since 1970, on either dialect, so that the database counts and not we."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, Integer, cast, extract, func, literal_column


def interval(conn: Connection, column: ColumnElement[object], seconds: int) -> ColumnElement[int]:
    """The number of the interval of `seconds` in which an instant lies.

    The figure stands in the statement itself: PostgreSQL would not take two parameters for one and the same grouping.
    """
    size: ColumnElement[int] = literal_column(str(int(seconds)), Integer)
    if conn.dialect.name == "sqlite":
        return cast(cast(func.strftime("%s", column), Integer) / size, Integer)
    return cast(func.floor(extract("epoch", column) / size), Integer)
