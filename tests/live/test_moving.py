"""An embedded school moves to PostgreSQL and Kafka by backup and restore, without loss, and goes on there."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text, update

from deploy import migrations
from deploy.moving import rows
from deploy.moving.backup import backup
from deploy.moving.manifest import NotSound
from deploy.moving.restore import NotRestored, check, restore
from escalation.incident import entries, incidents
from escalation.watch import Watch
from stream.kept import posts
from stream.log import Log, open_log, partition_of
from stream.position import advance
from stream.store import Store
from stream.topic import ASSESSED, POSTS
from tests.deploy.moved import Old, elsewhere, old_house, settings_of
from tests.live.engines import Kafka, Postgres
from tests.stream.said import POISONED, SCHOOL, START, a_post, assessed

pytestmark = pytest.mark.live


def at_work(old: Old) -> None:
    """Something of everything: an incident that was told and a line that waits on either topic."""
    station = old.station
    station.say(POISONED)
    station.office.work()
    station.append(assessed(a_post("我也吃了那个窗口的饭，上吐下泻", "weibo:90", at=station.office.now), negative=True))
    fetched = a_post("食堂的菜太咸了", "weibo:91", thread="weibo:t9", at=station.office.now)
    station.log.append(POSTS, [(fetched.thread_id, fetched.wire())])


def test_a_school_moves_to_postgresql_and_kafka_without_loss_and_goes_on_there(
    postgres: Postgres, empty_kafka: Kafka, tmp_path: Path
) -> None:
    with old_house(tmp_path) as old:
        at_work(old)
        before, file = old.counted(), tmp_path / "kept.tar.gz"
        list(backup(old.settings, file, START))
        new = elsewhere(settings_of(tmp_path / "new"), store=postgres.database(), log=empty_kafka.url)
        store = Store(new.store_url)
        with pytest.raises(NotRestored, match="请先执行 fengxin migrate"):
            list(restore(new, file))
        migrations.migrate(store)
        told = "\n".join(restore(new, file))
        for words in (
            "已复制到 PostgreSQL；逐表核对行数与指纹，全部相符",
            "尚未读取的 2 条已写入新的日志流",
            "fengxin reindex",
        ):
            assert words in told, told
        after = _held(store)
        assert {name: one for name, one in after.items() if name != "positions"} == {
            name: one for name, one in before.items() if name != "positions"
        }
        assert after["positions"].rows == 0, "they are places in the old log"
        with closing(open_log(new.log_url)) as log:
            assert sum(log.ends(POSTS).values()) == sum(log.ends(ASSESSED).values()) == 1
            _goes_on(store, old, Watch(log, store, SCHOOL, old.station.office.ground, lambda: old.station.office.now))
        with pytest.raises(NotRestored, match="存储里已有内容（"):
            list(restore(new, file))
        _comes_back(new, store, tmp_path)
        store.close()


def _held(store: Store) -> dict[str, rows.Count]:
    with store.read() as conn:
        return rows.counted(conn)


def _goes_on(store: Store, old: Old, watch: Watch) -> None:
    """The line that nobody had read joins the incident that was moved; counters go on behind what is there."""
    for _ in range(600):
        if watch.step(wait=0.2):
            break
    watch.close()
    with store.write() as conn:
        assert conn.execute(select(posts.c.id).where(posts.c.id == "weibo:90")).scalar() == "weibo:90"
        (incident,) = conn.execute(select(incidents.c.id)).scalars()
        last = max(conn.execute(select(entries.c.id)).scalars())
        row = {"incident_id": incident, "at": old.station.office.now, "kind": "person", "heading": "搬家以后",
               "text": "", "actor": "测试", "article": ""}  # fmt: skip
        assert conn.execute(insert(entries).values(**row).returning(entries.c.id)).scalar_one() == last + 1


def _comes_back(new: object, store: Store, folder: Path) -> None:
    """A backup of PostgreSQL and of what nobody has read on Kafka proves itself and comes back into files."""
    from deploy.settings import Settings

    assert isinstance(new, Settings)
    file = folder / "from-postgresql.tar.gz"
    later = [(f"weibo:t{number % 3}", f"第 {number} 条".encode()) for number in range(30)]
    with closing(open_log(new.log_url)) as log, store.write() as conn:
        log.append(POSTS, later[:10])
        taken = log.ends(POSTS)
        for partition in set(taken) - {min(taken)}:
            advance(conn, "assess", partition, None, taken[partition])
        log.append(POSTS, later[10:])
        mine = [one for one in later if partition_of(one[0], len(taken)) == min(taken)]
    said = "\n".join(backup(new, file, START + timedelta(hours=1)))
    assert "日志流（Kafka）：尚未读取的（" in said
    assert "恢复时写入新的日志流，接着读" in said
    assert "取自 JY（PostgreSQL" in "\n".join(check(file))
    home = settings_of(folder / "home")
    told = "\n".join(restore(home, file))
    with closing(open_log(home.log_url)) as log:
        found = everything(log, POSTS)
        assert everything(log, ASSESSED) == [], "the watch had read it"
    late = [one for one in found if one[1].decode("utf-8", "replace").startswith("第")]
    wanted = [one for one in later if one in mine or one in later[10:]]
    assert {key: [one for one in late if one[0] == key] for key, _ in later} == {
        key: [one for one in wanted if one[0] == key] for key, _ in later
    }, "each thread in its order, from the stored positions on"
    assert f"备份时尚未读取的 {len(found):,} 条已写入新的日志流" in told
    back = Store(home.store_url)
    held, there = _held(back), _held(store)
    back.close()
    assert {**held, "positions": None} == {**there, "positions": None}


def everything(log: Log, topic: str) -> list[tuple[str, bytes]]:
    """What is in an embedded log."""
    found: list[tuple[str, bytes]] = []
    with closing(log.reader(topic, "test", lambda _: {})) as reader:
        while records := reader.poll(1000, 0.2):
            found += [(one.key, one.value) for one in records]
    return found


def test_what_goes_wrong_midway_leaves_the_database_as_it_was(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with old_house(tmp_path) as old:
        at_work(old)
        file = tmp_path / "kept.tar.gz"
        list(backup(old.settings, file, START))
    new = elsewhere(settings_of(tmp_path / "new"), store=postgres.database())
    store = Store(new.store_url)
    migrations.migrate(store)
    import deploy.moving.restore as module

    def spoilt(source: object, target: object) -> None:
        rows.copy(source, target)  # type: ignore[arg-type]
        target.execute(update(posts).values(url="https://x.example"))  # type: ignore[attr-defined]

    monkeypatch.setattr(module, "copy", spoilt)
    with pytest.raises(NotRestored, match="表 posts 行数相同"):
        list(restore(new, file))
    with store.read() as conn:
        assert rows.filled(conn) == []
    monkeypatch.undo()
    list(restore(new, file))
    with store.write() as conn:
        conn.execute(text("SELECT 1"))
        assert "posts" in rows.filled(conn)
    (tmp_path / "cut").write_bytes(file.read_bytes()[:-200])
    with pytest.raises(NotSound):
        list(check(tmp_path / "cut"))
    store.close()
