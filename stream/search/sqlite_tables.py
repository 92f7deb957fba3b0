"""The tables of a search file: made, and made over from the form of an earlier version."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from stream.search.pairs import pairs_of_texts

REBUILT, WHOLE = 1, 2
"""Marks of a file that was emptied on purpose, to be filled anew, and of one that was filled before it was put in its
place: a file made by accident lacks either."""
AT_ONCE = 500
"""Documents cut at a time while a file is made over."""
TABLES = (
    """CREATE TABLE IF NOT EXISTS documents (
  row INTEGER PRIMARY KEY, school TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, platform TEXT NOT NULL,
  account_id TEXT NOT NULL, thread_id TEXT NOT NULL, text TEXT NOT NULL, polarity TEXT NOT NULL, risk INTEGER NOT NULL,
  published_at INTEGER NOT NULL, fetched_at INTEGER NOT NULL, indexed_at INTEGER, rebuilt INTEGER,
  UNIQUE (school, id))""",
    "CREATE VIRTUAL TABLE bigrams USING fts5 (tokens, tokenize = 'ascii', content = '', columnsize = 0)",
    "INSERT INTO bigrams (bigrams, rank) VALUES ('automerge', 16)",  # half the writing of 4; a find asks a few more
)
LATER = ("indexed_at", "rebuilt")
"""Columns that a file of an earlier version lacks; empty for what it took in."""
OUTGROWN = "pairs"
"""The table of earlier versions, which kept a copy of what it was given; its file is made over at the first opening."""


def connect(path: Path) -> sqlite3.Connection:
    """The file opened, made where it is missing. Raises sqlite3.DatabaseError."""
    conn = sqlite3.connect(path, timeout=10, check_same_thread=False)
    try:
        conn.execute("PRAGMA journal_mode=WAL")
        conn.execute("PRAGMA synchronous=NORMAL")
        furnish(conn)
    except sqlite3.DatabaseError:
        conn.close()
        raise
    return conn


def identity(path: Path) -> tuple[int, int] | None:
    """Which file lies there, or None. Raises OSError."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def corrupt(error: BaseException | None) -> bool:
    """Whether what the file holds can be read no more."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


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
        if _has(conn, "documents"):
            for column in _lacking(conn):
                conn.execute(f"ALTER TABLE documents ADD COLUMN {column} INTEGER")
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
    return _has(conn, "bigrams") and not _has(conn, OUTGROWN) and not _lacking(conn)


def _lacking(conn: sqlite3.Connection) -> list[str]:
    there = {name for (name,) in conn.execute("SELECT name FROM pragma_table_info('documents')")}
    return [column for column in LATER if column not in there]


def _has(conn: sqlite3.Connection, table: str) -> bool:
    return conn.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone() is not None
