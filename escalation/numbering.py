"""Numbering 编号: the next number of a school's series in a Shanghai year, without a gap between two that were kept."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, String, Table, bindparam, func, select
from sqlalchemy import text as sql

from escalation.clock_words import SHANGHAI


def next_number(conn: Connection, table: Table, series: str, school: str, now: datetime, *, lock: int) -> str:
    """`FX-2026-0147` for the series `FX`; `table` has the columns `school` and `number`.

    `lock`: key of the advisory lock under which PostgreSQL's writers number the rows of this table, held until the
    transaction ends; on SQLite there is one writer anyway.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(sql("SELECT pg_advisory_xact_lock(:key)"), {"key": lock})
    prefix = f"{series}-{now.astimezone(SHANGHAI).year}-"
    last = conn.execute(_last(table), {"owner": school, "begins": prefix}).scalar()
    return f"{prefix}{int(last[len(prefix) :]) + 1 if last else 1:04d}"


@cache
def _last(table: Table) -> Select[Any]:
    """The newest number of a series; made once for each table."""
    number = table.c.number
    prefix = bindparam("begins", type_=String())
    begins = func.substr(number, 1, func.length(prefix)) == prefix
    newest = (func.length(number).desc(), number.desc())  # 10000 comes after 9999
    return select(number).where(table.c.school == bindparam("owner"), begins).order_by(*newest).limit(1)
