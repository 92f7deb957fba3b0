"""The tables of a search file: made, and made over from the form of an earlier version."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from stream.search.pairs import pairs_of_texts

AT_ONCE = 500
"""Documents cut at a time while a file is made over."""
TABLES = (
    """CREATE TABLE IF NOT EXISTS documents (
  row INTEGER PRIMARY KEY, school TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, platform TEXT NOT NULL,
  account_id TEXT NOT NULL, thread_id TEXT NOT NULL, text TEXT NOT NULL, polarity TEXT NOT NULL, risk INTEGER NOT NULL,
  published_at INTEGER NOT NULL, fetched_at INTEGER NOT NULL, UNIQUE (school, id))""",
    "CREATE VIRTUAL TABLE bigrams USING fts5 (tokens, tokenize = 'ascii', content = '', columnsize = 0)",
    "INSERT INTO bigrams (bigrams, rank) VALUES ('automerge', 16)",  # half the writing of 4; a find asks a few more
)
OUTGROWN = "pairs"
"""The table of earlier versions, which kept a copy of what it was given; its file is made over at the first opening."""


def cut_in(conn: sqlite3.Connection, texts: Sequence[tuple[int, str]]) -> None:
    """Pairs of texts by row, in their order: FTS5 writes out all that it has gathered whenever a row comes before the
    last one."""
    tokens = pairs_of_texts([text for _, text in texts])
    rows = [row for row, _ in texts]
    conn.executemany("INSERT INTO bigrams (rowid, tokens) VALUES (?, ?)", zip(rows, tokens, strict=True))


def furnish(conn: sqlite3.Connection) -> None:
    """Make the tables where they are missing. What an earlier version indexed is cut anew from its kept texts, also
    where that version went on writing into a file that was made over already.
    """
    if _is_furnished(conn):
        return
    conn.execute("BEGIN IMMEDIATE")
    with conn:
        if _is_furnished(conn):
            return
        conn.execute("DROP TABLE IF EXISTS bigrams")
        for statement in TABLES:
            conn.execute(statement)
        kept = conn.execute("SELECT row, text FROM documents ORDER BY row")
        while some := kept.fetchmany(AT_ONCE):
            cut_in(conn, some)
        conn.execute(f"DROP TABLE IF EXISTS {OUTGROWN}")


def _is_furnished(conn: sqlite3.Connection) -> bool:
    return _has(conn, "bigrams") and not _has(conn, OUTGROWN)


def _has(conn: sqlite3.Connection, table: str) -> bool:
    return conn.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone() is not None
