"""A school moves by the commands alone: embedded to Kafka, Elasticsearch and PostgreSQL, and from these to others.

What a person has on an ordinary day: `fengxin backup`, `migrate`, `restore`, `reindex`, `run`, and the desk.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from tests.acceptance.standing import Person, Standing, eventually, fengxin, free_ports
from tests.live.elasticsearch import Elasticsearch
from tests.live.engines import Kafka, Postgres

pytestmark = pytest.mark.live
PLACE = "云杉温室"
"""Where something happens; no other text of the demo has these words."""
HURT = f"{PLACE}的架子倒了，砸伤两个同学，头上在流血"
MONITOR = "zheng.wanzhou"


def installation(data: Path, urls: Mapping[str, str], like: Path | None = None) -> Standing:
    """A demo on these engines (none: embedded), not running; `like`: the data folder whose keys it takes over."""
    port = free_ports()
    assert fengxin("init", data, "--demo", "--port", port).returncode == 0
    if like is not None:
        shutil.copytree(like / "secrets", data / "secrets", dirs_exist_ok=True)
    file = data / "fengxin.toml"
    text = file.read_text("utf-8")
    for section, url in urls.items():
        text += f'\n[{section}]\nurl = "{url}"\n' + ("partitions = 2\n" if section == "log" else "")
    file.write_text(text, "utf-8")
    return Standing(data, port, ("run", "--settings", str(file)))


def moved(old: Standing, new: Standing, folder: Path) -> list[str]:
    """Everything of the old installation is in the new one; gives what the commands said."""
    file, here, there = folder / f"{new.data.name}.tar.gz", old.data / "fengxin.toml", new.data / "fengxin.toml"
    said = []
    for command in (
        ("backup", file, "--settings", here), ("migrate", "--settings", there), ("restore", file, "--settings", there),
        ("reindex", "--settings", there),
    ):  # fmt: skip
        done = fengxin(*command)
        assert done.returncode == 0, (command, done.stderr)
        said.append(done.stdout)
    return said


def head(settings: Path) -> str:
    """The head of the audit's chain, once every link of it has been proven."""
    done = fengxin("audit", "verify", "--settings", settings)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[-1]


def password_of(standing: Standing) -> str:
    """The demo's password, which is said where its people are first entered."""
    found = re.search(r"口令都是 (\S+?)）", standing.printed)
    assert found is not None
    return found.group(1)


@contextmanager
def at_work(standing: Standing, password: str = "") -> Iterator[Standing]:
    """Running; `password` of the people who came with the backup."""
    for running in standing.running():
        if password:
            running.people |= {name: Person(running.url, name, password) for name in (MONITOR, "ye.chuqing")}
        yield running


def joined(log: Path) -> tuple[str, ...]:
    """The first lead of which the watch wrote down that it opened or joined an incident, and the incident's number."""
    found = re.search(r" post=(lead:\S+) incident=(\S+) (?:立为|并入)事件", log.read_text("utf-8"))
    return found.groups() if found is not None else ()


def trace(standing: Standing, post: str) -> dict[str, object]:
    """The way of a post, as the command tells it."""
    done = fengxin("trace", post, "--json", "--settings", standing.data / "fengxin.toml")
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def is_whole(standing: Standing, post: str, number: str) -> None:
    """The line, what came of it and where it is found."""
    way = trace(standing, post)
    assert way["end"] == "told"
    assert number in str(way["why"])
    (found,) = standing.signed_in(MONITOR).found(PLACE)
    assert PLACE in found
    assert standing.signed_in(MONITOR).client.get(f"/incidents/{number}").status_code == 200


@pytest.mark.timeout(900)
def test_a_school_moves_to_the_engines_and_from_them_to_others_and_goes_on_where_it_was(
    kafka: Kafka, postgres: Postgres, elasticsearch: Elasticsearch, tmp_path: Path
) -> None:
    def engines() -> dict[str, str]:
        name = f"m{uuid4().hex[:10]}"
        return {
            "store": postgres.database(), "log": f"{kafka.url}/{name}", "search": elasticsearch.place(name)
        }  # fmt: skip

    old = installation(tmp_path / "old", {})
    with at_work(old):
        old.lead(HURT)
        log = old.data / "logs" / "watch.log"
        post, number = eventually("the incident", lambda: joined(log), 90)
        eventually("it is told", lambda: trace(old, post)["end"] == "told", 60)
        eventually("it is found", lambda: old.signed_in(MONITOR).found(PLACE), 60)
        password = password_of(old)
    before = head(old.data / "fengxin.toml")
    told = {one.message_id for one in old.mails()}
    new = installation(tmp_path / "new", engines(), like=old.data)
    said = moved(old, new, tmp_path)
    assert "已复制到 PostgreSQL；逐表核对行数与指纹，全部相符" in said[2]
    assert "没有发出任何通知" in said[2]
    assert "已重建检索，共 " in said[3]
    with at_work(new, password):
        is_whole(new, post, number)
        done = fengxin("audit", "verify", "--head", before, "--settings", new.data / "fengxin.toml")
        assert done.returncode == 0, done.stderr
        new.lead(f"{PLACE}刚才又有人被砸伤，流了好多血，救护车来了")
        watched = new.data / "logs" / "watch.log"
        fresh, _ = eventually("what happens next is seen", lambda: joined(watched), 90)
        assert fresh != post
        eventually("and told", lambda: trace(new, fresh)["end"] == "told", 60)
        eventually("both are found", lambda: len(new.signed_in(MONITOR).found(PLACE)) == 2, 60)
        assert told.isdisjoint(one.message_id for one in new.mails()), "what was sent is not sent again"
        assert not [one for one in new.mails(words=number) if "首报" in one.subject]
    later = installation(tmp_path / "later", engines(), like=old.data)
    assert "逐表核对行数与指纹，全部相符" in moved(new, later, tmp_path)[2]
    with at_work(later, password):
        assert trace(later, post)["end"] == "told"
        assert len(later.signed_in(MONITOR).found(PLACE)) == 2
        assert later.signed_in(MONITOR).client.get(f"/incidents/{number}").status_code == 200
