"""The next generation of a search file: a file of its own beside the one that answers, put in its place by one rename.

`search.db` and `search.db.next` are then links to such files. SQLite names a file's journal after the file and not
after the link, so nothing of the old one is ever taken for the new one's.
"""

from __future__ import annotations

import fcntl
import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from errno import EISDIR
from pathlib import Path
from uuid import uuid4

from stream.search import Document, Renewal, SearchRefused, SearchUnavailable
from stream.search.sqlite_rows import Newest, newest_of, take_in, take_out, there
from stream.search.sqlite_tables import WHOLE, connect, corrupt, identity

TABLES = (
    "CREATE TABLE IF NOT EXISTS reached (school TEXT PRIMARY KEY, row INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS gone (school TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (school, id)) WITHOUT ROWID",
    f"PRAGMA user_version = {WHOLE}",
)
"""How far each school is filled, and what was deleted since the beginning."""
AFTERWARDS = ("DROP TABLE IF EXISTS reached", "DROP TABLE IF EXISTS gone")
_JOURNAL = ("-wal", "-shm")
_GENERATION = re.compile(r"\.[0-9a-f]{12}(-wal|-shm)?")
TAKEN = (
    "正在重建的检索库文件 {path} 已不在：另一个 fengxin reindex 已经做完，或文件被移走；请再执行一次 fengxin reindex。"
)


@contextmanager
def held(path: Path, *, alone: bool = False) -> Iterator[None]:
    """No generation begins or takes its place meanwhile; `alone`: nobody writes. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f"{path.name}.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield


def also_take_in(path: Path, newest: Newest) -> None:
    """Index the same in the file that is being filled, if there is one. Raises sqlite3.DatabaseError."""

    def deed(conn: sqlite3.Connection) -> None:
        conn.executemany("DELETE FROM gone WHERE school = ? AND id = ?", list(newest))
        take_in(conn, newest)

    _also(path, deed)


def also_take_out(path: Path, school: str, ids: Sequence[str]) -> None:
    """Delete the same from the file that is being filled, if there is one. Raises sqlite3.DatabaseError."""

    def deed(conn: sqlite3.Connection) -> None:
        conn.executemany("INSERT OR IGNORE INTO gone VALUES (?, ?)", [(school, one) for one in ids])
        take_out(conn, school, ids)

    _also(path, deed)


def _also(path: Path, deed: Callable[[sqlite3.Connection], None]) -> None:
    """In a transaction of its own. A file that is unsound is given up; the command that fills it says so."""
    if not _next(path).exists():
        return
    try:
        with closing(connect(_next(path))) as conn, conn:
            conn.execute("BEGIN IMMEDIATE")
            deed(conn)
    except sqlite3.DatabaseError as error:
        if not corrupt(error):
            raise
        give_up(path)


def give_up(path: Path) -> None:
    """Forget what was being filled. Raises OSError."""
    remove(_next(path))


def remove(path: Path) -> None:
    """The file, its journal, and the link to it. Raises OSError."""
    file = path.resolve()
    path.unlink(missing_ok=True)
    _remove_journal(path)
    file.unlink(missing_ok=True)
    _remove_journal(file)


class SqliteRenewal(Renewal):
    """Fills the next file of this path; for one process."""

    def __init__(self, path: Path) -> None:
        """Go on with the file that is there. Raises OSError, sqlite3.DatabaseError."""
        self._path = path
        with held(path, alone=True):
            if path.is_dir():
                raise IsADirectoryError(EISDIR, os.strerror(EISDIR), str(path))
            if not _sound(_next(path)):
                give_up(path)
                _sweep(path)
                _begin(path)
            self._conn = connect(_next(path))
            self._file = identity(_next(path))

    def reached(self, school: str) -> int:
        """As kept with the documents."""
        with self._open() as conn:
            found = conn.execute("SELECT row FROM reached WHERE school = ?", (school,)).fetchone()
        return int(found[0]) if found else 0

    def fill(self, school: str, documents: Sequence[Document], row: int) -> None:
        """Documents and row in one transaction."""
        newest, far = newest_of(documents)
        with self._open() as conn:
            conn.execute("BEGIN IMMEDIATE")
            gone = _gone(conn, school)
            take_in(conn, {key: one for key, one in newest.items() if one.id not in gone})
            conn.execute("INSERT OR REPLACE INTO reached VALUES (?, ?)", (school, row))
        if far:
            raise SearchRefused(far)

    def lacking(self, school: str, ids: Sequence[str]) -> set[str]:
        """By id."""
        with self._open() as conn:
            held_here = there(conn, [(school, one) for one in ids])
            missing = {one for one in ids if (school, one) not in held_here}
            return missing - _gone(conn, school) if missing else missing

    def count(self, school: str) -> int:
        """All of the school."""
        with self._open() as conn:
            return int(conn.execute("SELECT count(*) FROM documents WHERE school = ?", (school,)).fetchone()[0])

    def switch(self) -> None:
        """One rename, while nobody writes."""
        with self._said(), held(self._path, alone=True):
            self._heed_removal()
            old = self._path.resolve()
            _next(self._path).replace(self._path)
            if old != self._path.parent.resolve() / self._path.name:
                old.unlink(missing_ok=True)
            _remove_journal(old)
            for statement in AFTERWARDS:
                self._conn.execute(statement)
            self._conn.commit()

    def close(self) -> None:
        """Close the file."""
        self._conn.close()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with self._said():
            self._heed_removal()
            with self._conn:
                yield self._conn

    @contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.DatabaseError) as error:
            if corrupt(error):
                with suppress(OSError):
                    give_up(self._path)
            raise SearchUnavailable(f"正在重建的检索库文件（{_next(self._path)}）写不进：{error}") from error

    def _heed_removal(self) -> None:
        if identity(_next(self._path)) != self._file:
            raise SearchUnavailable(TAKEN.format(path=_next(self._path)))


def _next(path: Path) -> Path:
    return path.with_name(f"{path.name}.next")


def _begin(path: Path) -> None:
    """Make the file whole before anybody writes into it."""
    file = path.with_name(f"{path.name}.{uuid4().hex[:12]}")
    with closing(connect(file)) as conn, conn:
        for statement in TABLES:
            conn.execute(statement)
    _next(path).symlink_to(file.name)


def _sound(path: Path) -> bool:
    """Whether a file is there that can be filled further."""
    if not path.exists():
        return False
    try:
        with closing(connect(path)) as conn:
            conn.execute("SELECT 1 FROM reached, gone LIMIT 1").fetchall()
            return bool(conn.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
    except sqlite3.DatabaseError:
        return False


def _sweep(path: Path) -> None:
    """Files that a killed rebuild has left without a link to them."""
    kept = path.resolve().name
    for one in path.parent.glob(f"{path.name}.*"):
        if _GENERATION.fullmatch(one.name.removeprefix(path.name)) and not one.name.startswith(kept):
            one.unlink(missing_ok=True)


def _remove_journal(path: Path) -> None:
    for end in _JOURNAL:
        path.with_name(path.name + end).unlink(missing_ok=True)


def _gone(conn: sqlite3.Connection, school: str) -> set[str]:
    return {one for (one,) in conn.execute("SELECT id FROM gone WHERE school = ?", (school,))}
