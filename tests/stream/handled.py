"""What a follower under test has handled: one row in the store for each record, in the order of handling."""

from __future__ import annotations

from sqlalchemy import Connection

from stream.store import Store

_TABLE = "CREATE TABLE IF NOT EXISTS handled (value BLOB)"


def handle(conn: Connection, value: bytes) -> None:
    """Write one down, within the transaction of the effects."""
    conn.exec_driver_sql(_TABLE)
    conn.exec_driver_sql("INSERT INTO handled VALUES (?)", (value,))


def handled(store: Store) -> list[bytes]:
    """All that were committed."""
    with store.write() as conn:
        conn.exec_driver_sql(_TABLE)
        return [row[0] for row in conn.exec_driver_sql("SELECT value FROM handled ORDER BY rowid")]
