"""Restore: a backup proven and brought back into an empty installation, on the same engines or on others.

All or nothing: what is brought back is proven beside its place, or inside one transaction, before it counts. Nothing
is sent by it; what was waiting to be sent when the backup was taken leaves when the service runs again.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, delete, func, select

from deploy import migrations
from deploy.moving.backup import closing_store, reading
from deploy.moving.manifest import Manifest, NotSound, Unpacked, key_marks, piece_of, unpack
from deploy.moving.rows import Count, copy, counted, differences, filled
from deploy.moving.unread import UNREAD_BY
from deploy.settings import Settings
from deploy.supervisor import hold
from deploy.wiring import log_with_topics, opened_store
from escalation.clock_words import second
from escalation.notice import DeliveryState, deliveries
from stream.log import Log, Positions, open_log
from stream.position import positions, stored

POLL = 1000


class NotRestored(Exception):
    """Nothing was brought back; the message says why."""


def check(file: Path) -> Iterator[str]:
    """Prove a backup without any installation; tells what is in it. Raises NotSound, OSError."""
    with _workplace(file.parent) as folder:
        unpacked = unpack(file, folder)
        _proven(unpacked)
        yield from _told(file, unpacked.manifest)


def restore(settings: Settings, file: Path) -> Iterator[str]:
    """Bring a backup back into the empty store and log that the settings name; tells what was done and checked.

    Raises NotRestored, NotSound, DataInUse (the service runs), StoreUnavailable, LogError, OSError.
    """
    lock = hold(settings.data_folder)
    try:
        with _workplace(settings.data_folder) as folder:
            unpacked = unpack(file, folder)
            wanted = _proven(unpacked)
            yield from _told(file, unpacked.manifest)
            _fits(settings, unpacked.manifest)
            yield from _bring(settings, unpacked, wanted)
            yield from _keys(settings, unpacked.manifest)
    finally:
        os.close(lock)
    yield "恢复本身没有发出任何通知。下一步：核对设置、名册与密钥，执行 fengxin reindex 重建检索，再执行 fengxin run。"


@contextmanager
def _workplace(parent: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=".fengxin-restore-", dir=parent if os.access(parent, os.W_OK) else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _proven(unpacked: Unpacked) -> dict[str, Count]:
    """What each table of the backup holds, found by counting, once it is what the manifest says. Raises NotSound."""
    manifest, newest = unpacked.manifest, migrations.newest()
    if manifest.revision != newest:
        raise NotSound(f"备份的结构版本为 {manifest.revision}，本程序为 {newest}；请用写出它的版本恢复，再升级。")
    with closing_store(unpacked.store) as store, store.read() as conn:
        found = counted(conn)
    if odd := differences(manifest.counts, found):
        raise NotSound("备份与它的清单不符：" + "；".join(odd[:10]) + "。")
    return found


def _told(file: Path, manifest: Manifest) -> Iterator[str]:
    rows = sum(count.rows for count in manifest.counts.values())
    taken = f"{second(manifest.taken_at)} 取自 {manifest.school}（{manifest.source}，程序 {manifest.program}）"
    yield f"{file} 完整：{taken}。"
    checked = f"文件指纹 {len(manifest.files)} 个，{len(manifest.tables)} 张表共 {rows:,} 行的行数与指纹"
    yield f"已核对：{checked}，全部相符。"


def _fits(settings: Settings, manifest: Manifest) -> None:
    if manifest.school != settings.school.code:
        raise NotRestored(
            f"备份属于 {manifest.school}，设置里的学校代号是 {settings.school.code}；请核对设置。没有恢复任何内容。"
        )


def _bring(settings: Settings, unpacked: Unpacked, wanted: dict[str, Count]) -> Iterator[str]:
    here = _file_of(settings.log_url)
    if here is not None:
        _empty_log(here)
    forward = unpacked.log is not None and (here is None or unpacked.manifest.unread_only)
    move = Move(settings, unpacked, wanted, here if unpacked.log is not None and not forward else None, forward)
    store_file = _file_of(settings.store_url)
    yield from move.into_file(store_file) if store_file is not None else move.into_database()
    if move.log_home is not None:
        yield f"日志流：已放到 {here}，各进程从原来的位置接着读。"
    elif not forward:
        yield "日志流：备份里没有，从新的日志流读起。"


def _file_of(url: str) -> Path | None:
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def _empty_log(path: Path) -> None:
    """Raise NotRestored where the embedded log holds records."""
    if not path.exists():
        return
    try:
        with closing(reading(path)) as connection:
            (count,) = connection.execute("SELECT count(*) FROM record").fetchone()
    except sqlite3.Error:
        raise NotRestored(f"{path} 已存在，但读不出；请先移走它。没有恢复任何内容。") from None
    if count:
        raise NotRestored(f"{path} 里已有 {count} 条记录；只能恢复到空的日志流，请先移走它。没有恢复任何内容。")


def _empty_store(conn: Connection) -> None:
    if full := filled(conn):
        shown = "、".join(full[:5]) + (f" 等 {len(full)} 张表" if len(full) > 5 else "")
        raise NotRestored(f"存储里已有内容（{shown}）；只能恢复到空的存储，请换一个库，或先移走。没有恢复任何内容。")


@dataclass(frozen=True, slots=True)
class Move:
    """One backup on its way. `log_home`: where its log is to stand, None where it has none or its records go into
    another engine; `forward`: what nobody had read of its log is written into the new one."""

    settings: Settings
    unpacked: Unpacked
    wanted: dict[str, Count]
    log_home: Path | None
    forward: bool

    def into_file(self, path: Path) -> Iterator[str]:
        """The proven file itself takes the place of an empty one."""
        if path.exists():
            with opened_store(self.settings) as store, store.read() as conn:
                if migrations.standing(conn) is not None:
                    _empty_store(conn)
        with closing_store(self.unpacked.store) as copied, copied.write() as conn:
            late = _unsent(conn)
            moved = self._log_first(conn, conn)
        _place(self.unpacked.store, path)
        yield f"存储：{self._rows:,} 行已放到 {path}。"
        yield from _moved(self.forward, moved, late)

    def into_database(self) -> Iterator[str]:
        """Copied and compared inside one transaction of the empty database."""
        with opened_store(self.settings) as store, closing_store(self.unpacked.store) as copied:
            with store.read() as conn:
                at = migrations.standing(conn)
            if at != migrations.newest():
                raise NotRestored(
                    f"存储的表结构为 {at or '空'}，需要 {migrations.newest()}；请先执行 fengxin migrate。"
                )
            with copied.read() as source, store.write() as target:
                _empty_store(target)
                copy(source, target)
                if odd := differences(self.wanted, counted(target)):
                    raise NotRestored("复制后核对不符，已全部撤回：" + "；".join(odd[:10]) + "。")
                late = _unsent(target)
                moved = self._log_first(source, target)
        yield f"存储：{len(self.wanted)} 张表共 {self._rows:,} 行已复制到 PostgreSQL；逐表核对行数与指纹，全部相符。"
        yield "编号：已设到原有的之后，接着给。"
        yield from _moved(self.forward, moved, late)

    def _log_first(self, source: Connection, target: Connection) -> int:
        """Bring the log back before the store counts, so that no position ever points behind what is there."""
        moved = _forward(self.settings, self.unpacked, source) if self.forward else 0
        if self.log_home is not None and self.unpacked.log is not None:
            _place(self.unpacked.log, self.log_home)
        else:
            target.execute(delete(positions))
        return moved

    @property
    def _rows(self) -> int:
        return sum(count.rows for count in self.wanted.values())


def _moved(forward: bool, moved: int, late: int) -> Iterator[str]:
    if forward:
        yield f"日志流：备份时尚未读取的 {moved:,} 条已写入新的日志流，从头读起，一条不少。"
    if late:
        yield f"注意：备份时有 {late} 份通知待发，运行后会照常发出并注明迟发；已另行送达的，请先在“送达”页核对。"


def _unsent(conn: Connection) -> int:
    wanted = deliveries.c.state.in_([DeliveryState.WAITING, DeliveryState.SENDING])
    return int(conn.execute(select(func.count()).select_from(deliveries).where(wanted)).scalar_one())


def _forward(settings: Settings, unpacked: Unpacked, conn: Connection) -> int:
    """Write what nobody had read of the backup's log into the new, empty log; gives how many records.

    Raises NotRestored where the new log holds anything.
    """
    keep = timedelta(days=settings.log.keep_days)
    with closing(open_log(f"sqlite:///{unpacked.log}", keep)) as old, closing(log_with_topics(settings)) as new:
        if any(any(new.ends(topic).values()) for topic in UNREAD_BY):
            raise NotRestored("新的日志流里已有记录；只能恢复到空的日志流，请先清空。没有恢复任何内容。")
        whole = unpacked.manifest.unread_only
        return sum(
            _forward_topic(old, new, topic, (lambda _: {}) if whole else partial(stored, conn, reader))
            for topic, reader in UNREAD_BY.items()
        )


def _forward_topic(old: Log, new: Log, topic: str, places: Positions) -> int:
    count = 0
    with closing(old.reader(topic, "restore", places)) as unread:
        while records := unread.poll(POLL, 0.5):
            new.append(topic, [(record.key, record.value) for record in records])
            count += len(records)
    return count


def _place(source: Path, path: Path) -> None:
    """Put a file in its place, whole or not at all, without what stood beside the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for beside in (f"{path}-wal", f"{path}-shm"):
        Path(beside).unlink(missing_ok=True)
    new = path.with_name(f".{path.name}.new")
    shutil.copyfile(source, new)
    new.chmod(0o600)
    with new.open("rb") as file:
        os.fsync(file.fileno())
    if piece_of(new) != piece_of(source):
        new.unlink()
        raise NotRestored(f"{path} 写入后与备份不符，已撤回；请检查磁盘。")
    os.replace(new, path)


def _keys(settings: Settings, manifest: Manifest) -> Iterator[str]:
    mine = key_marks(settings)
    if manifest.keys.get("crawl") != mine["crawl"]:
        yield "注意：crawl 密钥与备份时不同，同一人会被当成两人；请放回原来的 secrets 目录。"
    if manifest.keys.get("web") != mine["web"]:
        yield "注意：web 密钥与备份时不同，此前发出的链接都会失效；请放回原来的 secrets 目录。"
