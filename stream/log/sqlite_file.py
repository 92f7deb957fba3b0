"""The file of the embedded log: its tables, how it is opened, and what its errors mean."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crc32c import crc32c

from stream.log import LogError, LogUnavailable

LANE = 1 << 40
"""A lane is one partition of one topic. A record's row id is lane * LANE + offset, so a lane is one stretch of the
table."""

VERSION = 1
SCHEMA = """
CREATE TABLE IF NOT EXISTS lane (
    id INTEGER PRIMARY KEY,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    first INTEGER NOT NULL DEFAULT 0,
    next INTEGER NOT NULL DEFAULT 0,
    UNIQUE (topic, partition)
);
CREATE TABLE IF NOT EXISTS record (
    place INTEGER PRIMARY KEY,
    appended_at INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    key BLOB NOT NULL,
    value BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS member (
    name TEXT PRIMARY KEY,
    topic TEXT NOT NULL,
    crew TEXT NOT NULL,
    until REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS lease (
    topic TEXT NOT NULL,
    crew TEXT NOT NULL,
    partition INTEGER NOT NULL,
    member TEXT NOT NULL,
    PRIMARY KEY (topic, crew, partition)
);
"""
_TRANSIENT = {
    sqlite3.SQLITE_BUSY: "文件正被其他进程占用",
    sqlite3.SQLITE_LOCKED: "文件正被其他进程占用",
    sqlite3.SQLITE_FULL: "磁盘已满，请腾出空间",
    sqlite3.SQLITE_IOERR: "磁盘读写出错，请检查磁盘",
    sqlite3.SQLITE_CANTOPEN: "文件打不开，请检查目录是否存在、权限是否正确",
    sqlite3.SQLITE_READONLY: "文件或目录不可写，请检查权限",
}

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(moment: datetime) -> int:
    """Aware datetime -> microseconds since 1970, exactly."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def checksum(key: bytes, value: bytes) -> int:
    """CRC-32C over key and value, kept beside each record and verified when it is read."""
    return crc32c(value, crc32c(key))


def identity(path: Path) -> tuple[int, int] | None:
    """Which file lies there (device and inode), None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def make_file(path: Path) -> None:
    """Make the file where there is none, readable by the owner only. Raises OSError where it could not be written.

    One that is there is never opened for a look: closing any descriptor of a file drops all locks that this process has
    on it, and whoever closes the log next would take the `-wal` away from under us.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        wrong = errno.EISDIR if path.is_dir() else 0 if os.access(path, os.R_OK | os.W_OK) else errno.EACCES
        if wrong:
            raise OSError(wrong, os.strerror(wrong)) from None


@contextmanager
def said(path: Path) -> Iterator[None]:
    """Turn what SQLite raises into LogUnavailable (passes) or LogError (does not), naming the file."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _TRANSIENT:
            raise LogUnavailable(f"日志文件 {path} 暂不可用：{_TRANSIENT[code]}（{error}）。") from error
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise LogError(
                f"日志文件 {path} 已损坏或不是日志文件（{error}）；请停机后将其移走，系统会新建，并自动补抓近期内容。"
            ) from error
        raise LogError(f"日志文件 {path} 出错：{error}。") from error


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    """One write transaction, waiting for other writers up to the connection's patience."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def connect(path: Path, patience: float) -> sqlite3.Connection:
    """A connection with the log's durability; `patience` in seconds is how long it waits for another writer."""
    connection = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA synchronous=FULL")
    return connection
