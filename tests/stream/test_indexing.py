"""The index role: what came is found, what search is away for comes again, what it can never take is kept whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import select, update

from sentiment.snow import Snow
from stream.assessing import Assessing
from stream.assessment import Assessment
from stream.dead_letter import dead_letters
from stream.indexing import (
    LOOK_SECONDS,
    WALK_SECONDS,
    Indexing,
    document,
    kept_documents,
    kept_number,
    read_again,
    schools,
)
from stream.kept import GONE, keep, keep_assessment, revisions
from stream.log import Log, open_log
from stream.position import standing
from stream.post import Kind
from stream.search import Document, Query, SearchDamaged, SearchFull, SearchRefused, SearchUnavailable
from stream.search.metrics import timed
from stream.search.sqlite import SqliteSearch
from stream.store import Store
from stream.topic import ASSESSED, POSTS, partitions
from tests.stream.said import PLAIN, SCHOOL, START, WORM, a_post, assessed, counts, reader


class Fussy(SqliteSearch):
    """The embedded engine, with documents that it refuses and a switch."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.away, self.hollow, self.refuses = False, False, set[str]()
        self.full = False

    def healthy(self, *, whole: bool = False) -> None:
        if self.hollow and whole:
            raise SearchDamaged("检索库已损坏")
        super().healthy(whole=whole)

    def index(self, documents: Sequence[Document]) -> None:
        if self.away:
            raise SearchUnavailable("检索不在")
        if self.full:
            raise SearchFull("磁盘将满")
        super().index([one for one in documents if one.id not in self.refuses])
        if refused := {one.id: "太长" for one in documents if one.id in self.refuses}:
            raise SearchRefused(refused)


class Bench:
    """A log, a store, a search, and both roles that stand between."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.store = store
        self.log: Log = open_log(f"sqlite:///{folder}/log.db")
        self.log.ensure(partitions(1))
        self.search = Fussy(f"sqlite:///{folder}/search.db")
        self.told: list[str] = []
        self.told_full: list[str] = []
        self.seconds = 0.0
        self.indexing = Indexing(
            self.log, store, SCHOOL, self.search, lambda: START, damaged=self.told.append, full=self.told_full.append,
            monotonic=lambda: self.seconds,
        )  # fmt: skip
        self.assessing = Assessing(self.log, store, Snow(), reader(), lambda: START)

    def say(self, *values: bytes, topic: str = ASSESSED) -> None:
        self.log.append(topic, [(SCHOOL, value) for value in values])

    def found(self, words: str) -> list[str]:
        return [one.id for one in self.search.find(Query(SCHOOL, words))]

    def buried(self) -> list[tuple[bytes, str]]:
        with self.store.read() as conn:
            return [(row.body, row.reason) for row in conn.execute(select(dead_letters).order_by(dead_letters.c.id))]


@pytest.fixture
def bench(tmp_path: Path, kept_store: Store) -> Iterator[Bench]:
    made = Bench(tmp_path, kept_store)
    yield made
    made.indexing.close()
    made.assessing.close()
    made.search.close()
    made.log.close()


def wire(post_id: str, text: str = WORM) -> bytes:
    return assessed(a_post(text, post_id)).wire()


def test_what_came_is_found_once_and_counts_are_passed_over(bench: Bench) -> None:
    bench.say(wire("weibo:1"), counts(a_post(WORM), 5).wire(), wire("weibo:1"))
    assert bench.indexing.step() == 3
    assert bench.found("虫子") == ["weibo:1"]
    assert bench.indexing.step() == 0


def test_a_line_of_another_school_is_buried_with_the_cure_and_never_found(bench: Bench) -> None:
    theirs = assessed(a_post(WORM, "weibo:2", school="QH")).wire()
    bench.say(wire("weibo:1"), theirs)
    assert bench.indexing.step() == 2
    assert bench.found("虫子") == ["weibo:1"]
    assert bench.search.find(Query("QH", "虫子")) == []
    ((body, reason),) = bench.buried()
    assert body == theirs
    assert "属于学校 QH" in reason
    assert "前缀" in reason


def test_a_private_message_that_was_indexed_before_is_forgotten_at_the_start(bench: Bench) -> None:
    private = assessed(a_post(WORM, "wechat:1", kind=Kind.MESSAGE))
    with bench.store.write() as conn:
        keep(conn, private.post)
    bench.search.index([document(private, START), document(assessed(a_post(WORM, "weibo:1")), START)])
    assert set(bench.found("虫子")) == {"wechat:1", "weibo:1"}
    bench.indexing.step()
    assert bench.found("虫子") == ["weibo:1"]


def test_a_private_message_is_never_indexed_nor_rebuilt(bench: Bench) -> None:
    private = assessed(a_post(WORM, "wechat:1", kind=Kind.MESSAGE))
    bench.say(private.wire(), wire("weibo:1"))
    assert bench.indexing.step() == 2
    assert bench.found("虫子") == ["weibo:1"]
    with bench.store.write() as conn:
        for one in (private, assessed(a_post(WORM, "weibo:1"))):
            keep(conn, one.post)
            keep_assessment(conn, one, 0, [], START)
    assert [one.id for _, chunk in kept_documents(bench.store, SCHOOL) for one in chunk] == ["weibo:1"]


def test_a_search_that_is_away_moves_nothing_and_is_said(bench: Bench) -> None:
    bench.search.away = True
    bench.say(wire("weibo:1"))
    assert bench.indexing.step() == 0
    assert "检索不在" in bench.indexing.trouble
    bench.search.away = False
    assert bench.indexing.step() == 1
    assert bench.indexing.trouble == ""
    assert bench.found("虫子") == ["weibo:1"]
    assert bench.buried() == []


def test_a_search_without_space_is_told_until_it_has_some_and_nothing_is_lost(bench: Bench) -> None:
    bench.search.full = True
    bench.say(wire("weibo:1"))
    assert bench.indexing.step() == 0
    assert bench.told_full[-1] == "磁盘将满"
    assert "磁盘将满" in bench.indexing.trouble
    bench.search.full = False
    assert bench.indexing.step() == 1
    assert bench.told_full[-1] == ""
    bench.say(wire("weibo:2"))
    assert bench.indexing.step() == 1
    assert bench.told_full.count("") == 1
    assert sorted(bench.found("虫子")) == ["weibo:1", "weibo:2"]
    assert (bench.told, bench.buried()) == ([], [])


def test_a_search_taken_away_while_nothing_comes_is_told_with_its_cure(bench: Bench, tmp_path: Path) -> None:
    bench.say(wire("weibo:1"))
    bench.indexing.step()
    bench.search.healthy(whole=True)
    for file in tmp_path.glob("search.db*"):
        file.unlink()
    bench.indexing.step(wait=0)
    assert (bench.told, bench.indexing.trouble) == ([], ""), "between two looks"
    bench.seconds += LOOK_SECONDS
    bench.indexing.step(wait=0)
    (told,) = bench.told
    assert "被移走或替换" in told
    assert "fengxin reindex" in told
    assert bench.indexing.trouble == told
    bench.seconds += LOOK_SECONDS
    bench.indexing.step(wait=0)
    assert (bench.told, bench.indexing.trouble) == ([told], "")


def test_a_search_that_is_back_is_no_trouble_any_more_with_the_next_step(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "search.db").mkdir()
    bench.indexing.step(wait=0)
    assert "打不开" in bench.indexing.trouble
    (tmp_path / "search.db").rmdir()
    bench.indexing.step(wait=0)
    assert bench.indexing.trouble == ""
    assert bench.told == []


def test_damage_that_a_whole_look_found_is_trouble_until_it_is_rebuilt(bench: Bench) -> None:
    bench.search.hollow = True
    bench.seconds += WALK_SECONDS
    for _ in range(3):
        bench.indexing.step(wait=0)
        assert bench.indexing.trouble == "检索库已损坏"
        bench.seconds += LOOK_SECONDS
    assert bench.told == ["检索库已损坏"] * 3
    bench.search.hollow = False
    bench.indexing.step(wait=0)
    assert bench.indexing.trouble == ""


def test_damage_that_is_met_while_indexing_is_told_as_well(bench: Bench, tmp_path: Path) -> None:
    bench.say(wire("weibo:1"))
    bench.indexing.step()
    bench.search.close()
    (tmp_path / "search.db").write_bytes(b"\xff" * 20_000)
    bench.say(wire("weibo:2"))
    assert bench.indexing.step() == 0
    (told,) = bench.told
    assert "已损坏" in told
    bench.search.clear()
    assert bench.indexing.step() == 1
    assert bench.indexing.trouble == ""


def test_a_search_that_is_only_away_rings_nothing(bench: Bench) -> None:
    bench.search.away = True
    bench.say(wire("weibo:1"))
    bench.indexing.step()
    assert bench.indexing.trouble
    assert bench.told == []


def test_a_refused_document_is_kept_by_its_own_record_and_the_others_are_in(bench: Bench) -> None:
    bench.search.refuses = {"weibo:2", "weibo:3"}
    bench.say(*(wire(f"weibo:{n}") for n in (1, 2, 3, 4)))
    assert bench.indexing.step() == 4
    assert sorted(bench.found("虫子")) == ["weibo:1", "weibo:4"]
    assert bench.buried() == [(wire("weibo:2"), "weibo:2：太长"), (wire("weibo:3"), "weibo:3：太长")]


def test_a_record_that_nobody_can_read_stops_neither_role(bench: Bench) -> None:
    bench.say(b"{nonsense", wire("weibo:1"))
    assert bench.indexing.step() == 2
    bench.say(b"{nonsense", a_post(WORM, "weibo:2").wire(), topic=POSTS)
    assert bench.assessing.step() == 2
    assert bench.indexing.step() == 1
    assert sorted(bench.found("虫子")) == ["weibo:1", "weibo:2"]
    assert [body for body, _ in bench.buried()] == [b"{nonsense"] * 2


def test_assessing_the_same_posts_twice_gives_the_same_records(bench: Bench) -> None:
    post, seen = a_post(WORM, "weibo:1"), counts(a_post(WORM, "weibo:1"), 7)
    for _ in range(2):
        bench.say(post.wire(), seen.wire(), topic=POSTS)
        bench.assessing.step()
    taken = bench.log.reader(POSTS, "t", lambda _: {}).poll(9, 1)
    first, likes, second, _ = [record.value for record in bench.log.reader(ASSESSED, "t", lambda _: {}).poll(9, 1)]
    one, again = (Assessment.from_wire(value) for value in (first, second))
    assert [one.logged_at, again.logged_at] == [record.appended_at for record in taken[::2]]
    assert one.model_copy(update={"logged_at": None}) == again.model_copy(update={"logged_at": None})
    assert Assessment.from_wire(first).hits[0].rule
    assert likes == seen.wire()


def test_search_is_rebuilt_from_the_store_alone_as_the_role_had_made_it(bench: Bench) -> None:
    said = [
        assessed(a_post(text, f"weibo:{n}", at=START + timedelta(minutes=n))) for n, text in enumerate((WORM, PLAIN))
    ]
    with bench.store.write() as conn:
        for one in said:
            keep(conn, one.post)
            keep_assessment(conn, one, 42, [], START)
    ((row, documents),) = kept_documents(bench.store, SCHOOL)
    bench.search.index(documents)
    assert bench.found("虫子") == ["weibo:0"]
    assert documents == [document(one, START) for one in said], "also the risk, whatever the watch made of it since"
    assert documents[0].risk > 0
    assert list(kept_documents(bench.store, "LG")) == list(kept_documents(bench.store, SCHOOL, row)) == []
    assert kept_number(bench.store, SCHOOL) == 2


def test_words_whose_time_is_over_are_not_rebuilt(bench: Bench) -> None:
    with bench.store.write() as conn:
        for n in range(2):
            one = assessed(a_post(WORM, f"weibo:{n}"))
            keep(conn, one.post)
            keep_assessment(conn, one, 42, [], START)
        conn.execute(update(revisions).where(revisions.c.post_id == "weibo:0").values(text=GONE))
    assert [one.id for _, chunk in kept_documents(bench.store, SCHOOL) for one in chunk] == ["weibo:1"]
    assert (kept_number(bench.store, SCHOOL), schools(bench.store)) == (1, [SCHOOL])


def test_what_the_index_took_before_the_store_had_it_is_read_again(bench: Bench) -> None:
    bench.say(wire("weibo:1"), wire("weibo:2"))
    bench.indexing.step()
    with bench.store.write() as conn:
        read_again(conn, "index", {0: 5})
        assert standing(conn, "index") == {0: 2}, "never forward"
        read_again(conn, "index", {0: 1})
        assert standing(conn, "index") == {0: 1}
    bench.search.clear()
    bench.say(wire("weibo:3"))
    for _ in range(3):
        bench.indexing.step()
    assert sorted(bench.found("虫子")) == ["weibo:2", "weibo:3"]


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_what_is_indexed_refused_waited_for_and_asked_is_measured(bench: Bench) -> None:
    names = ("indexed_total", "refused_total", "batch_seconds_count", "fetched_to_found_seconds_count")

    def measured() -> list[float]:
        return [sample(f"fengxin_search_{name}") for name in names]

    before, waited = measured(), sample("fengxin_search_unavailable_total", deed="index")
    bench.say(counts(a_post(WORM), 5).wire())
    bench.indexing.step()
    assert measured() == before, "a batch without words is no batch"
    bench.search.refuses, bench.search.away = {"weibo:2"}, True
    bench.say(wire("weibo:1"), wire("weibo:2"), wire("weibo:3"))
    bench.indexing.step()
    assert (measured(), sample("fengxin_search_unavailable_total", deed="index")) == (before, waited + 1)
    bench.search.away = False
    bench.indexing.step()
    assert [now - then for now, then in zip(measured(), before, strict=True)] == [2, 1, 1, 1]
    asked, silent = (
        sample("fengxin_search_question_seconds_count"), sample("fengxin_search_unavailable_total", deed="find")
    )  # fmt: skip
    assert {one.id for one in timed(bench.search.find)(Query(SCHOOL, "虫子"))} == {"weibo:1", "weibo:3"}
    assert sample("fengxin_search_question_seconds_count") == asked + 1

    def away(query: Query) -> Sequence[Document]:
        raise SearchUnavailable("检索不在")

    with pytest.raises(SearchUnavailable):
        timed(away)(Query(SCHOOL))
    assert sample("fengxin_search_question_seconds_count") == asked + 1
    assert sample("fengxin_search_unavailable_total", deed="find") == silent + 1
