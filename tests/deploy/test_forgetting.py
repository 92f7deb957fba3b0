"""Words whose time is over: gone from the search and from the store, in that order, by the index role itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Event
from uuid import uuid4

import pytest
from sqlalchemy import select

from deploy import installation, migrations
from deploy.settings import Settings, load
from deploy.wiring import forget, index, utc_now
from escalation import retention
from stream.dead_letter import bury, dead_letters
from stream.kept import keep, revisions
from stream.post import Kind, Post, Route, door
from stream.search import Document, Facets, Query, Renewal, Search, SearchUnavailable, open_search
from stream.store import Store
from tests.live.elasticsearch import Elasticsearch

OLD, YOUNG = "饭里吃出虫子，九十天以前", "今天的菜很好"


@dataclass
class Place:
    """An installation with one comment whose time is over and one whose time is not, both in store and search."""

    settings: Settings
    store: Store
    search: Search

    @property
    def school(self) -> str:
        return self.settings.school.code

    def put(self, post_id: str, words: str, days: float) -> None:
        kept, digest, cut = door(words)
        at = utc_now() - timedelta(days=days)
        post = Post(
            school=self.school, id=post_id, kind=Kind.COMMENT, platform="weibo", account_id="a", thread_id="t",
            text=kept, text_hash=digest, cut=cut, published_at=at, first_seen_at=at, fetched_at=at,
            revision=digest[:16], route=Route.SANDBOX,
        )  # fmt: skip
        with self.store.write() as conn:
            keep(conn, post)
        self.search.index([Document(self.school, post_id, "comment", "weibo", "a", "t", words, "neutral", 0, at, at)])

    def texts(self) -> dict[str, str]:
        with self.store.read() as conn:
            return {row.post_id: row.text for row in conn.execute(select(revisions))}

    def found(self) -> set[str]:
        return {one.id for one in self.search.find(Query(self.school, limit=5000))}


@pytest.fixture(params=["sqlite", pytest.param("elasticsearch", marks=pytest.mark.live)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """On a search of either kind."""
    file = installation.write_demo(tmp_path, 8700, utc_now())
    if request.param == "elasticsearch":
        url = request.getfixturevalue("elasticsearch").place(f"g{uuid4().hex[:10]}")
        file.write_text(f'{file.read_text("utf-8")}\n[search]\nurl = "{url}"\n', "utf-8")
    settings = load(file)
    settings.data_folder.mkdir(parents=True, exist_ok=True)
    store, search = Store(settings.store_url), open_search(settings.search_url)
    migrations.migrate(store)
    made = Place(settings, store, search)
    made.put("old", OLD, 90.5)
    made.put("young", YOUNG, 89.5)
    yield made
    search.close()
    store.close()


def until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_what_is_over_goes_from_search_and_store_and_the_rest_stays(place: Place) -> None:
    assert place.found() == {"old", "young"}
    forget(place.store, place.search, place.school)
    assert place.found() == {"young"}
    assert place.texts() == {"old": retention.GONE, "young": YOUNG}


@pytest.mark.live
@pytest.mark.parametrize("place", ["elasticsearch"], indirect=True)
def test_a_month_of_which_nothing_is_left_is_dropped_whole(elasticsearch: Elasticsearch, place: Place) -> None:
    prefix = place.settings.search_url.rpartition("/")[2].partition("?")[0]
    place.put("older", OLD, 200)

    def months() -> int:
        with elasticsearch.client() as client:
            return len([one for one in client.indices.get(index=f"{prefix}-*") if "about" not in one])

    before = months()
    forget(place.store, place.search, place.school)
    assert place.found() == {"young"}
    assert months() < before


def test_more_than_one_handful_goes_in_one_call(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(7):
        place.put(f"older {n}", OLD, 100 + n)
    wanted = retention.due
    monkeypatch.setattr(retention, "due", lambda conn, school, now: wanted(conn, school, now, 3))
    forget(place.store, place.search, place.school)
    assert place.found() == {"young"}
    assert set(place.texts().values()) == {retention.GONE, YOUNG}


def test_while_the_search_is_away_nothing_goes_and_the_next_hour_takes_it(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    forget(place.store, Away(), place.school)
    assert place.texts() == {"old": OLD, "young": YOUNG}, "gone from the store first, it would never go from the search"
    assert "检索没有回应" in caplog.text
    forget(place.store, place.search, place.school)
    assert place.texts()["old"] == retention.GONE
    assert place.found() == {"young"}


def test_what_a_kill_left_between_search_and_store_is_taken_up_again(place: Place) -> None:
    place.search.delete(place.school, ["old"])
    forget(place.store, place.search, place.school)
    assert place.texts()["old"] == retention.GONE


def test_a_record_that_nobody_could_read_goes_with_the_comments(place: Place) -> None:
    with place.store.write() as conn:
        for offset, days in enumerate((91, 1)):
            bury(
                conn, reader="r", topic="posts", partition=0, offset=offset, body=b"words", reason="?",
                now=utc_now() - timedelta(days=days),
            )  # fmt: skip
    forget(place.store, place.search, place.school)
    with place.store.read() as conn:
        assert conn.execute(select(dead_letters.c.offset)).scalars().all() == [1]


def test_the_index_role_forgets_by_itself_as_soon_as_it_runs(place: Place) -> None:
    stop = Event()
    role = threading.Thread(target=index, args=(place.settings, stop))
    role.start()
    try:
        until(lambda: place.texts()["old"] == retention.GONE)
    finally:
        stop.set()
        role.join(10)
    assert place.found() == {"young"}
    assert not role.is_alive()


class Away(Search):
    """A search that nobody reaches."""

    def _away(self, *_: object) -> None:
        raise SearchUnavailable("检索没有回应")

    def index(self, documents: Sequence[Document]) -> None:
        self._away()

    def delete(self, school: str, ids: Sequence[str]) -> None:
        self._away()

    def find(self, query: Query) -> list[Document]:
        raise SearchUnavailable

    def count(self, query: Query) -> int:
        raise SearchUnavailable

    def facets(self, query: Query) -> Facets:
        raise SearchUnavailable

    def clear(self) -> None:
        self._away()

    def renew(self) -> Renewal:
        raise SearchUnavailable

    def healthy(self, *, whole: bool = False) -> None:
        self._away()

    def close(self) -> None:
        """Nothing was opened."""
