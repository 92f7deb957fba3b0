"""`fengxin backup` and `fengxin restore`: of a running service, whole or not at all, and proven by what they say."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import stat
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from typer.testing import CliRunner

from deploy.command import app
from deploy.moving import rows
from deploy.moving.backup import NotTaken, backup
from deploy.moving.manifest import NotSound
from deploy.moving.restore import NotRestored, check, restore
from deploy.moving.unread import keep_unread
from deploy.supervisor import DataInUse, hold
from escalation.incident import incidents
from escalation.notice import notices
from stream.kept import posts
from stream.log import open_log, partition_of
from stream.position import positions
from stream.store import Store
from tests.deploy.moved import Old, elsewhere, old_house, settings_of
from tests.escalation.station import Station
from tests.stream.said import POISONED, SCHOOL, START, WORM, a_post, assessed

NOW = datetime(2026, 11, 3, 8, 30, tzinfo=UTC)


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Old]:
    with old_house(tmp_path) as made:
        yield made


def taken(old: Old, folder: Path, name: str = "kept.tar.gz") -> Path:
    file = folder / name
    list(backup(old.settings, file, NOW))
    return file


def at_home(folder: Path) -> tuple[Store, Any]:
    given = settings_of(folder)
    return Store(given.store_url), given


def test_a_school_is_moved_with_every_row_and_goes_on_where_it_was(old: Old, tmp_path: Path) -> None:
    station = old.station
    station.say(POISONED)
    station.office.work()
    unread = a_post("我也吃了那个窗口的饭，上吐下泻，正在医院急诊", "weibo:90", at=station.office.now)
    station.append(assessed(unread, negative=True))
    before = old.counted()
    said = list(backup(old.settings, tmp_path / "kept.tar.gz", NOW))
    assert any("监看 1 条" in line and "恢复后接着读" in line for line in said), said
    new = settings_of(tmp_path / "new")
    told = list(restore(new, tmp_path / "kept.tar.gz"))
    assert any("全部相符" in line for line in told)
    assert any("没有发出任何通知" in line and "fengxin reindex" in line for line in told)
    store = Store(new.store_url)
    with store.read() as conn:
        assert rows.counted(conn) == before
    moved = _woken(new, station)
    moved.step(wait=0)
    with store.read() as conn:
        assert conn.execute(select(posts.c.id).where(posts.c.id == unread.id)).scalar() == unread.id
        assert len(conn.execute(select(incidents.c.id)).all()) == 1, "what was read is not read as new"
    moved.close()
    store.close()


def _woken(new: Any, station: Station) -> Any:
    from escalation.watch import Watch
    from stream.log.sqlite import SqliteLog

    log = SqliteLog(Path(new.log_url.removeprefix("sqlite:///")))
    return Watch(log, Store(new.store_url), SCHOOL, station.office.ground, lambda: station.office.now)


def test_a_backup_of_a_service_at_work_is_one_moment_of_it(old: Old, tmp_path: Path) -> None:
    station, stop = old.station, threading.Event()
    found: list[BaseException] = []

    def work() -> None:
        try:
            number = 0
            while not stop.is_set():
                number += 1
                station.append(assessed(a_post(WORM, f"weibo:w{number}", at=START, author="one"), negative=True))
                station.listen()
        except BaseException as error:  # noqa: BLE001
            found.append(error)

    station.say(WORM, author="one")
    worker = threading.Thread(target=work)
    worker.start()
    try:
        files = [taken(old, tmp_path, f"kept{n}.tar.gz") for n in range(3)]
    finally:
        stop.set()
        worker.join(60)
    assert not found
    for n, file in enumerate(files):
        new = settings_of(tmp_path / f"new{n}")
        list(restore(new, file))
        with closing(sqlite3.connect(new.store_url.removeprefix("sqlite:///"))) as kept:
            (known,) = kept.execute("SELECT count(*) FROM posts").fetchone()
            (judged,) = kept.execute("SELECT count(*) FROM assessments").fetchone()
            (stands,) = kept.execute("SELECT next FROM positions WHERE reader = 'watch'").fetchone()
        with closing(sqlite3.connect(new.log_url.removeprefix("sqlite:///"))) as log:
            (end,) = log.execute("SELECT next FROM lane WHERE topic = 'assessed'").fetchone()
        assert known == judged == stands, "a row and the position that belongs to it are in it together"
        assert stands <= end, "no reader stands behind the end of its log"


def test_the_file_is_private_and_nothing_is_overwritten_or_left_behind(old: Old, tmp_path: Path) -> None:
    place = tmp_path / "kept"
    place.mkdir()
    said = list(backup(old.settings, place, NOW))
    (file,) = place.iterdir()
    assert file.name == f"fengxin-{SCHOOL}-20261103-163000.tar.gz", "Beijing time"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert any(str(file) in line for line in said)
    with pytest.raises(NotTaken, match="已存在，不覆盖"):
        list(backup(old.settings, file, NOW))
    with pytest.raises(NotTaken, match="请检查"):
        list(backup(old.settings, tmp_path / "nowhere" / "x.tar.gz", NOW))
    assert list(place.iterdir()) == [file]


def test_no_key_and_no_setting_is_in_it_and_what_is_not_is_said(old: Old, tmp_path: Path) -> None:
    said = "\n".join(backup(old.settings, tmp_path / "kept.tar.gz", NOW))
    for words in ("密钥与口令", "设置文件", "fengxin reindex", "--check"):
        assert words in said
    with tarfile.open(tmp_path / "kept.tar.gz") as archive:
        assert archive.getnames() == ["manifest.json", "store.db", "log.db"]
        for name in archive.getnames():
            held = archive.extractfile(name)
            assert held is not None
            body = held.read()
            for key in (old.settings.web.key, old.settings.crawl.key):
                assert key.get_secret_value().encode() not in body


def changed(file: Path, out: Path, change: Callable[[str, bytes], bytes]) -> Path:
    """The same archive with its members changed."""
    with tarfile.open(file) as given, tarfile.open(out, "w:gz") as made:
        for member in given:
            held = given.extractfile(member)
            assert held is not None
            body = change(member.name, held.read())
            info = tarfile.TarInfo(member.name)
            info.size = len(body)
            made.addfile(info, io.BytesIO(body))
    return out


def with_manifest(**new: Any) -> Callable[[str, bytes], bytes]:
    def change(name: str, body: bytes) -> bytes:
        return json.dumps(json.loads(body) | new).encode() if name == "manifest.json" else body

    return change


def flipped(name: str, body: bytes) -> bytes:
    return body[:-100] + bytes([body[-100] ^ 1]) + body[-99:] if name == "store.db" else body


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (flipped, "store.db 与清单的指纹不符"),
        (with_manifest(revision="v9_9_9"), "备份的结构版本为 v9_9_9"),
        (with_manifest(tables={}), "备份与它的清单不符"),
        (with_manifest(format=2), "清单读不懂"),
        (with_manifest(files={"../../x": {"sha256": "0" * 64, "bytes": 1}}), "清单读不懂"),
        (with_manifest(files={}), "清单之外的 store.db"),
    ],
)
def test_what_is_not_what_it_says_is_refused_and_nothing_is_touched(
    old: Old, tmp_path: Path, change: Callable[[str, bytes], bytes], why: str
) -> None:
    old.station.say(WORM)
    bad = changed(taken(old, tmp_path), tmp_path / "bad.tar.gz", change)
    new = settings_of(tmp_path / "new")
    with pytest.raises(NotSound, match=why):
        list(check(bad))
    with pytest.raises(NotSound, match=why):
        list(restore(new, bad))
    assert not Path(new.store_url.removeprefix("sqlite:///")).exists()
    assert not list((tmp_path / "new").rglob(".fengxin-restore-*"))


def test_a_file_that_is_cut_or_none_is_refused(old: Old, tmp_path: Path) -> None:
    whole = taken(old, tmp_path).read_bytes()
    for name, body in (("cut", whole[: len(whole) // 2]), ("other", b"PK\x03\x04 no"), ("empty", b"")):
        (tmp_path / name).write_bytes(body)
        with pytest.raises(NotSound, match=r"不是完整的备份文件|没有清单"):
            list(check(tmp_path / name))
    with pytest.raises(NotSound, match="没有文件"):
        list(check(tmp_path / "missing"))


def test_only_an_empty_house_of_the_same_school_that_does_not_run_takes_it_in(old: Old, tmp_path: Path) -> None:
    old.station.say(WORM)
    file = taken(old, tmp_path)
    with pytest.raises(NotRestored, match="学校代号是 OTHER"):
        list(restore(settings_of(tmp_path / "other", "OTHER"), file))
    new = settings_of(tmp_path / "new")
    lock = hold(new.data_folder)
    try:
        with pytest.raises(DataInUse, match="正被另一个风信使用"):
            list(restore(new, file))
    finally:
        os.close(lock)
    list(restore(new, file))
    with pytest.raises(NotRestored, match="条记录；只能恢复到空的日志流"):
        list(restore(new, file))
    Path(new.log_url.removeprefix("sqlite:///")).unlink()
    with pytest.raises(NotRestored, match="存储里已有内容（"):
        list(restore(new, file))


def test_into_another_log_what_nobody_had_read_is_written_and_no_position_stays(
    old: Old, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import deploy.moving.restore as module

    old.station.say(POISONED)
    old.station.append(assessed(a_post(WORM, "weibo:77", at=old.station.office.now), negative=True))
    file, new = taken(old, tmp_path), settings_of(tmp_path / "new")
    monkeypatch.setattr(module, "_file_of", lambda url: None if url == new.log_url else Path(url[len("sqlite:///") :]))
    told = list(restore(new, file))
    assert any("尚未读取的 1 条已写入新的日志流" in line for line in told), told
    store = Store(new.store_url)
    with store.read() as conn:
        assert not conn.execute(select(positions)).all()
    watch = _woken(new, old.station)
    assert watch.step(wait=0) == 1
    with store.read() as conn:
        assert conn.execute(select(posts.c.id).where(posts.c.id == "weibo:77")).scalar() == "weibo:77"
    watch.close()
    store.close()
    Path(new.store_url.removeprefix("sqlite:///")).unlink()
    with pytest.raises(NotRestored, match="新的日志流里已有记录"):
        list(restore(new, file))
    assert not Path(new.store_url.removeprefix("sqlite:///")).exists()


def test_other_keys_and_waiting_notices_are_warned_of(old: Old, tmp_path: Path) -> None:
    old.station.say(POISONED)
    file = taken(old, tmp_path)
    new = settings_of(tmp_path / "new")
    told = "\n".join(restore(new, file))
    assert "crawl 密钥与备份时不同" in told
    assert "web 密钥与备份时不同" in told
    assert "份通知待发，运行后会照常发出并注明迟发" in told
    with old.station.office.store.read() as conn:
        assert conn.execute(select(notices.c.id)).first() is not None


@given(st.lists(st.tuples(st.integers(0, 9), st.text(max_size=3)), max_size=6, unique_by=lambda one: one[0]))
def test_a_fingerprint_knows_rows_and_not_their_order(given_rows: list[tuple[int, str]]) -> None:
    made = [{"a": number, "b": words} for number, words in given_rows]
    whole = sum(map(rows._fingerprint, made))
    assert whole == sum(map(rows._fingerprint, reversed(made)))
    for at in range(len(made)):
        other = [*made[:at], made[at] | {"b": f"{made[at]['b']}x"}, *made[at + 1 :]]
        assert sum(map(rows._fingerprint, other)) != whole


def test_a_value_is_the_same_however_a_database_gives_it_back() -> None:
    here, there = datetime(2026, 1, 1, 8, tzinfo=timezone(timedelta(hours=8))), datetime(2026, 1, 1, tzinfo=UTC)
    assert rows._plain(here) == rows._plain(there)
    assert rows._plain({"a": [1.0, (2, 3.5)]}) == {"a": [1, [2, 3.5]]}
    assert rows._plain(memoryview(b"ab")) == rows._plain(b"ab")
    assert rows._plain(True) is True


def test_a_row_that_differs_is_found_by_the_name_of_its_table(old: Old) -> None:
    old.station.say(WORM)
    before = old.counted()
    with old.station.office.store.write() as conn:
        conn.execute(update(posts).values(url="https://x.example"))
    assert rows.differences(before, old.counted()) == ["表 posts 行数相同（1），内容不同"]
    old.station.say(POISONED)
    assert "表 posts 应有 1 行，实有 2 行" in rows.differences(before, old.counted())


def test_the_commands_say_in_chinese_what_they_did_and_what_is_wrong(tmp_path: Path) -> None:
    run = CliRunner()
    assert run.invoke(app, ["init", "--demo", str(tmp_path / "a")]).exit_code == 0
    settings = ["--settings", str(tmp_path / "a" / "fengxin.toml")]
    done = run.invoke(app, ["backup", str(tmp_path / "kept.tar.gz"), *settings])
    assert done.exit_code == 1
    assert "没有备份成" in done.output
    done = run.invoke(app, ["migrate", *settings])
    assert done.exit_code == 0, done.output
    done = run.invoke(app, ["backup", str(tmp_path / "kept.tar.gz"), *settings])
    assert done.exit_code == 0, done.output
    assert "已备份到" in done.output
    done = run.invoke(app, ["restore", str(tmp_path / "kept.tar.gz"), "--check"])
    assert done.exit_code == 0, done.output
    assert "全部相符" in done.output
    done = run.invoke(app, ["restore", str(tmp_path / "kept.tar.gz"), *settings])
    assert done.exit_code == 0, done.output
    done = run.invoke(app, ["restore", str(tmp_path / "none"), *settings])
    assert done.exit_code == 1
    assert "没有文件" in done.output


def test_where_kafka_is_away_the_store_is_kept_and_what_is_missing_is_said(old: Old, tmp_path: Path) -> None:
    old.station.say(POISONED)
    away, file = elsewhere(old.settings, log="kafka://127.0.0.1:1"), tmp_path / "kept.tar.gz"
    said = "\n".join(backup(away, file, NOW))
    assert "Kafka 日志流：这次读不到，尚未读取的不在备份里，请处理后再备份一次（Kafka（127.0.0.1:1）暂不可用" in said
    store, given = at_home(tmp_path / "home")
    assert "日志流：备份里没有，从新的日志流读起。" in "\n".join(restore(given, file))
    with store.read() as conn:
        assert conn.execute(select(incidents.c.id)).all()
    store.close()


LINES = st.lists(st.tuples(st.sampled_from("abcdef"), st.binary(max_size=6)), max_size=40)


@settings(max_examples=25, deadline=None)
@given(lines=LINES, taken_=st.lists(st.integers(0, 40), min_size=3, max_size=3))
def test_what_is_kept_of_a_log_is_what_lies_behind_the_positions_in_order(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[str, bytes]], taken_: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("unread")
    with closing(open_log(f"sqlite:///{folder}/log.db")) as log:
        log.ensure({"t": 3})
        log.append("t", lines)
        parted = [[one for one in lines if partition_of(one[0], 3) == number] for number in range(3)]
        stand = {number: at for number, at in enumerate(taken_) if 0 < at <= len(parted[number])}
        found = keep_unread(log, {"t": stand}, folder / "kept.db")
    wanted = [part[stand.get(number, 0) :] for number, part in enumerate(parted)]
    assert found == {"t": sum(map(len, wanted))}
    with (
        closing(open_log(f"sqlite:///{folder}/kept.db")) as kept,
        closing(kept.reader("t", "test", lambda _: {})) as reader,
    ):
        records = reader.poll(1000, 0.01)
    assert [[(one.key, one.value) for one in records if one.partition == number] for number in range(3)] == wanted
