"""Backup: the store and the log of a running service in one private file that proves itself; of a log on Kafka what
nobody has read yet.

The store is copied first and the log after it: a reader never stands behind the end of the log that is in the backup,
and what was fetched in between is only read once more.
"""

from __future__ import annotations

import io
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Connection, make_url
from sqlalchemy.exc import DBAPIError

from deploy import migrations
from deploy.moving.manifest import LOG, NAME, PARTS, STORE, Manifest, Part, Piece, key_marks, piece_of, told_at
from deploy.moving.rows import Count, copy, counted
from deploy.moving.unread import UNREAD_BY, keep_unread
from deploy.settings import Settings
from deploy.wiring import opened_store
from escalation.clock_words import SHANGHAI
from escalation.inspection import READER_WORDS
from stream.backlog import waiting
from stream.log import LogError, open_log
from stream.position import standing
from stream.store import Store, StoreUnavailable
from stream.topic import READERS

SUFFIX = ".tar.gz"


class NotTaken(Exception):
    """No backup was made; the message says why."""


def backup(settings: Settings, target: Path, now: datetime) -> Iterator[str]:
    """Take a backup into the new file `target`, or into a folder under a name of its own; tells what was done.

    `now`: aware. Raises NotTaken, StoreUnavailable; then nothing is left behind.
    """
    at = now.astimezone(SHANGHAI)
    file = target / f"fengxin-{settings.school.code}-{told_at(at)}{SUFFIX}" if target.is_dir() else target
    if file.exists():
        raise NotTaken(f"{file} 已存在，不覆盖；请换一个文件名。")
    try:
        with _workplace(file.parent) as folder:
            manifest = _collect(settings, folder, now)
            _pack(folder, manifest, file)
    except OSError as error:
        raise NotTaken(
            f"没有备份成：{error.strerror or error}；请检查 {file.parent} 是否存在、可写、有空间。"
        ) from None
    yield from _told(file, manifest)


@contextmanager
def _workplace(parent: Path) -> Iterator[Path]:
    """A private folder on the same disk, gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix=".fengxin-backup-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _collect(settings: Settings, folder: Path, now: datetime) -> Manifest:
    with opened_store(settings) as store:
        revision, tables = _copy_store(store, folder / STORE)
    log = Path(settings.log_url.removeprefix("sqlite:///")) if settings.log_url.startswith("sqlite:") else None
    if log is not None and log.exists():
        copy_file(log, folder / LOG)
        _free(folder / LOG)
    trouble = _keep_unread(settings, folder) if log is None else ""
    late = _waiting(settings, folder)
    present = [name for name in PARTS if (folder / name).exists()]
    files: dict[Part, Piece] = {name: piece_of(folder / name) for name in present}  # nobody opens them any more
    return Manifest(
        program=version("fengxin"), revision=revision, school=settings.school.code, taken_at=now,
        source="PostgreSQL" if not settings.store_url.startswith("sqlite:") else "SQLite", files=files,
        tables={name: (count.rows, count.digest) for name, count in tables.items()},
        waiting=late, keys=key_marks(settings), left_out=_left_out(settings, log, trouble),
        unread_only=log is None and LOG in files,
    )  # fmt: skip


def _copy_store(store: Store, out: Path) -> tuple[str, dict[str, Count]]:
    """One moment of the store as an SQLite file; gives its revision and what each table holds."""
    if store.sqlite:
        copy_file(Path(make_url(store.engine.url).database or ""), out)
    else:
        _copy_rows(store, out)
    with closing_store(out) as copied, copied.read() as conn:
        revision = migrations.standing(conn)
        if revision is None:
            raise NotTaken("存储还没有表结构，没有什么可备份；请先执行 fengxin run 或 fengxin migrate。")
        if revision != migrations.newest():
            raise NotTaken(f"存储的表结构为 {revision}，不是本版本的；请用写它的版本备份，或先执行 fengxin migrate。")
        return revision, counted(conn)


@contextmanager
def closing_store(path: Path) -> Iterator[Store]:
    """The store in this file; what was written is in the file itself at the end."""
    store = Store(f"sqlite:///{path}")
    try:
        yield store
    finally:
        store.close()
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")


def copy_file(path: Path, out: Path) -> None:
    """A database file of a running service as it stood at one moment; nobody waits meanwhile. Raises NotTaken."""
    out.touch(mode=0o600)
    try:
        with (
            closing(reading(path)) as source,
            closing(sqlite3.connect(out)) as kept,
        ):
            source.backup(kept, pages=-1)
            kept.execute("PRAGMA journal_mode=DELETE")
            (said,) = kept.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.Error as error:
        raise NotTaken(f"{path} 读不出（{error}）；没有备份成，请检查磁盘与文件。") from None
    if said != "ok":
        raise NotTaken(f"{path} 已损坏（{str(said)[:200]}）；没有备份成，请联系系统管理员。")


def _free(log: Path) -> None:
    """Of the copied log, that nobody reads it: who read the old one is not to be waited for in the new house."""
    with closing(sqlite3.connect(log)) as connection, connection:
        connection.execute("DELETE FROM lease")
        connection.execute("DELETE FROM member")


def reading(path: Path) -> sqlite3.Connection:
    """A database file, to be read only. Raises sqlite3.Error where there is none."""
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)


def _copy_rows(store: Store, out: Path) -> None:
    """Every row of PostgreSQL as of one moment."""
    out.touch(mode=0o600)
    with closing_store(out) as copied:
        migrations.migrate(copied)
        with _moment(store) as source:
            if migrations.standing(source) != migrations.newest():
                raise NotTaken("存储的表结构不是本版本的；请先执行 fengxin migrate，再备份。")
            with copied.write() as target:
                copy(source, target)


@contextmanager
def _moment(store: Store) -> Iterator[Connection]:
    """Everything as it stood when this began. Raises StoreUnavailable."""
    try:
        with store.engine.execution_options(isolation_level="REPEATABLE READ").begin() as conn:
            yield conn
    except DBAPIError as error:
        raise StoreUnavailable(f"存储暂不可用：{type(error.orig).__name__}") from None


def _keep_unread(settings: Settings, folder: Path) -> str:
    """Put what nobody has read of Kafka beside the copied store; gives why it could not be had, or nothing."""
    with closing_store(folder / STORE) as store, store.read() as conn:
        places = {topic: standing(conn, reader) for topic, reader in UNREAD_BY.items()}
    try:
        with closing(open_log(settings.log_url, timedelta(days=settings.log.keep_days))) as log:
            keep_unread(log, places, folder / LOG)
    except LogError as error:
        for part in folder.glob(f"{LOG}*"):
            part.unlink()
        return str(error)
    return ""


def _waiting(settings: Settings, folder: Path) -> dict[str, int]:
    """What each reader of the log had not taken: of the copies where both are there, else of the log as it is now."""
    embedded = settings.log_url.startswith("sqlite:")
    if not (folder / LOG).exists():
        return {}
    url = f"sqlite:///{folder / LOG}" if embedded else settings.log_url
    try:
        with (
            closing(open_log(url, timedelta(days=settings.log.keep_days))) as log,
            closing_store(folder / STORE) as store, store.read() as conn,
        ):  # fmt: skip
            return {name: waiting(log, conn, topic, name) for name, topic in READERS.items()}
    except LogError:
        return {}
    finally:
        if embedded:
            with closing(sqlite3.connect(folder / LOG)) as connection:
                connection.execute("PRAGMA journal_mode=DELETE")


def _left_out(settings: Settings, log: Path | None, trouble: str) -> tuple[str, ...]:
    """What is not in it, each with what to do about it."""
    found = [
        "设置文件（fengxin.toml）与名册文件：请另行保存",
        "密钥与口令（secrets 目录、各 *_file）：请另行妥善保存；换了 crawl 密钥，同一人会被当成两人；"
        "换了 web 密钥，已发链接失效",
        "检索：恢复后执行 fengxin reindex 重建",
        "运行日志（logs）与监控指标：不备份",
    ]
    if trouble:
        found.append(f"Kafka 日志流：这次读不到，尚未读取的不在备份里，请处理后再备份一次（{trouble.rstrip('。')}）")
    elif log is None:
        found.append("Kafka 里已读过的记录：存储里都有，不备份")
    if settings.weights_folder is not None:
        found.append(f"本校训练的权重（{settings.sentiment.weights}）：请另行保存")
    return tuple(found)


def _pack(folder: Path, manifest: Manifest, file: Path) -> None:
    """Put the manifest and the files it names into one file, which appears whole or not at all."""
    part = folder / "part"
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as archive:
            body = manifest.model_dump_json(indent=1).encode()
            info = _member(NAME, len(body), manifest)
            archive.addfile(info, io.BytesIO(body))
            for name, piece in manifest.files.items():
                with (folder / name).open("rb") as held:
                    archive.addfile(_member(name, piece.bytes, manifest), held)
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(part, file)
    except FileExistsError:
        raise NotTaken(f"{file} 已存在，不覆盖；请换一个文件名。") from None
    with suppress(OSError):
        _sync(file.parent)


def _member(name: str, size: int, manifest: Manifest) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, 0o600, int(manifest.taken_at.timestamp())
    return info


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _told(file: Path, manifest: Manifest) -> Iterator[str]:
    rows, tables = sum(count.rows for count in manifest.counts.values()), len(manifest.tables)
    whole = piece_of(file)
    yield f"已备份到 {file}（{whole.bytes:,} 字节，只有本账号可读）。"
    yield f"存储：{tables} 张表，共 {rows:,} 行，结构版本 {manifest.revision}；逐表记下了行数与指纹。"
    late = "，".join(f"{READER_WORDS[name]} {count:,} 条" for name, count in manifest.waiting.items() if count)
    if manifest.unread_only:
        told = f"尚未读取的（{late}）已在备份里，恢复时写入新的日志流，接着读" if late else "各进程都已读完"
        yield f"日志流（Kafka）：{told}。"
    elif LOG in manifest.files:
        yield "日志流：已在备份里" + (f"；尚未读取的：{late}，恢复后接着读。" if late else "，各进程都已读完。")
    yield f"文件指纹（SHA-256）：{whole.sha256}"
    yield "不在备份里的："
    yield from (f"  · {one}" for one in manifest.left_out)
    yield f"核对：fengxin restore {file} --check"
