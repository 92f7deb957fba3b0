"""`fengxin reindex` beside a running service: killed wherever it may be, it goes on, and the search is never half."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from deploy import installation, migrations, reindexing
from deploy.reindexing import rebuild
from deploy.settings import Settings, load
from deploy.wiring import utc_now
from stream.indexing import kept_documents
from stream.kept import keep, keep_assessment
from stream.position import advance, standing
from stream.post import Kind, Post, Route, door
from stream.search import Document, Query, Search, open_search
from stream.store import Store
from tests.deploy.killed import KILLED
from tests.stream.said import assessed

MANY = 50


@dataclass
class Place:
    settings: Settings
    file: Path
    store: Store
    search: Search

    @property
    def school(self) -> str:
        return self.settings.school.code

    def keep(self, number: int) -> None:
        words, digest, cut = door(f"第{number}条：食堂")
        at = utc_now() - timedelta(minutes=number)
        post = Post(
            school=self.school, id=f"weibo:{number}", kind=Kind.COMMENT, platform="weibo", account_id="a",
            thread_id="t", text=words, text_hash=digest, cut=cut, published_at=at, first_seen_at=at, fetched_at=at,
            revision=digest[:16], route=Route.SANDBOX,
        )  # fmt: skip
        with self.store.write() as conn:
            keep(conn, post)
            keep_assessment(conn, assessed(post), 0, [], at)

    def found(self) -> int:
        return self.search.count(Query(self.school, "食堂"))

    def reindex(self, killed: str = "") -> subprocess.CompletedProcess[str]:
        words = ["reindex", "--settings", str(self.file)]
        return subprocess.run([sys.executable, "-c", KILLED, killed, *words], capture_output=True, text=True)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    file = installation.write_demo(tmp_path, 8700, utc_now())
    settings = load(file)
    settings.data_folder.mkdir(parents=True, exist_ok=True)
    store, search = Store(settings.store_url), open_search(settings.search_url)
    migrations.migrate(store)
    made = Place(settings, file, store, search)
    for number in range(MANY):
        made.keep(number)
    for _, documents in kept_documents(store, made.school):
        search.index(documents)
    yield made
    search.close()
    store.close()


def a_new_one(school: str) -> Document:
    return Document(school, "weibo:new", "comment", "weibo", "a", "t", "食堂", "neutral", 0, utc_now(), utc_now())


@pytest.mark.parametrize(("killed", "already"), [("fill:3", 40), ("switch:1", MANY)])
def test_killed_anywhere_it_goes_on_where_it_stopped(place: Place, killed: str, already: int) -> None:
    done = place.reindex(f"sqlite_next.SqliteRenewal.{killed}")
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert place.found() == MANY
    place.search.index([a_new_one(place.school)])
    place.search.delete(place.school, ["weibo:0"])
    assert rebuild(place.settings).sentences() == [
        f"上次没有做完，已有 {already} 条，接着做了其余的。",
        "已重建检索，共 50 条。重建期间照常检索，新旧一次切换。",
        "核对：存储 50 条，检索 50 条，逐条核对无缺。",
    ]
    there = {one.id for one in place.search.find(Query(place.school, limit=MANY))}
    assert there == {"weibo:new", *(f"weibo:{number}" for number in range(1, MANY))}


@pytest.mark.parametrize("killed", ["sqlite_next._begin:1", "sqlite_next._remove_journal:3"])
def test_killed_before_it_began_or_after_the_switch_nothing_is_left_behind(place: Place, killed: str) -> None:
    done = place.reindex(killed)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert place.found() == MANY
    for _ in range(2):
        assert rebuild(load(place.file)).indexed == MANY
        assert place.found() == MANY
    place.search.close()
    file = place.settings.data_folder / "search.db"
    kept = {"search.db", "search.db.lock", file.readlink().name}
    there = {one.name for one in file.parent.glob("search.db*")}
    assert {one for one in there if not one.endswith(("-wal", "-shm"))} == kept


def test_what_the_check_finds_missing_is_brought_in_and_what_was_forgotten_is_not(place: Place) -> None:
    renewal = place.search.renew()
    renewal.fill(place.school, [], 1_000_000)
    renewal.close()
    place.search.delete(place.school, ["weibo:3"])
    done = rebuild(place.settings)
    assert (done.stored, done.indexed, done.mended) == (MANY, MANY - 1, MANY - 1)
    assert place.found() == MANY - 1


def test_where_the_watch_is_behind_the_index_reads_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reindexing, "WATCH_SECONDS", 0.0)
    with place.store.write() as conn:
        advance(conn, "index", 0, None, 9)
        advance(conn, "watch", 0, None, 4)
    done = rebuild(place.settings)
    assert "再读一遍" in done.sentences()[-1]
    with place.store.read() as conn:
        assert standing(conn, "index") == standing(conn, "watch") == {0: 4}
    assert not rebuild(place.settings).again
