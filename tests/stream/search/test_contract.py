"""What every search adapter promises. Another adapter is one more entry of SITES, with its Site."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from _pytest.mark import ParameterSet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stream.search import Document, Query, Search, SearchDamaged, SearchUnavailable, open_search
from stream.search.pairs import fold
from tests.stream.search.elastic_site import ElasticSite
from tests.stream.search.file_site import SqliteSite
from tests.stream.search.site import Site

CHINA = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 3, 4, tzinfo=UTC)
LETTERS = st.sampled_from(
    [*"食堂的饭虫子好吃Aaa１1 \n\t\"*'%_-🌶️ＡﬁßİΣς☃", "食堂", "NULL", "OR ", "fts5", "\x00", "▁", "␃"]
)
TEXTS = st.lists(LETTERS, max_size=12).map("".join) | st.text(max_size=8)
_numbers = itertools.count()


Make = Callable[[pytest.FixtureRequest, Path], Site]
"""Makes a site of its own for a test, in this empty folder; an engine that runs is asked of the request by fixture."""


def sqlite_site(_: pytest.FixtureRequest, folder: Path) -> Site:
    return SqliteSite(folder)


def elastic_site(request: pytest.FixtureRequest, _: Path) -> Site:
    return ElasticSite(request.getfixturevalue("elasticsearch"))


OWN_FILE: list[ParameterSet] = [pytest.param(sqlite_site, id="sqlite")]
"""Adapters that keep a file themselves; the others' engines look after their own."""
SITES: list[ParameterSet] = [*OWN_FILE, pytest.param(elastic_site, id="elasticsearch", marks=pytest.mark.live)]
"""Of each adapter how to make its site; one that needs a real engine carries `marks=pytest.mark.live`."""


@pytest.fixture(params=SITES)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    make: Make = request.param
    made = make(request, tmp_path)
    yield made
    made.end()


@pytest.fixture
def search(site: Site) -> Iterator[Search]:
    opened = open_search(site.url)
    yield opened
    opened.close()


def document(number: int, text: str = "食堂", *, school: str = "S", minute: int | None = None) -> Document:
    at = NOON + timedelta(minutes=number if minute is None else minute)
    return Document(school, f"weibo:{number}", "comment", "weibo", "canteen", "weibo:t", text, "neutral", 0, at, at)


def ids(found: list[Document]) -> list[str]:
    return [one.id for one in found]


def answers(words: str, text: str) -> bool:
    """The reference: Python's own substring on the folded text."""
    return fold(words.strip()) in fold(text)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(TEXTS, max_size=8), words=TEXTS, cut=st.tuples(st.integers(0, 7), st.integers(0, 9), st.data()))
def test_find_answers_as_a_substring_of_the_folded_text_newest_first(
    search: Search, texts: list[str], words: str, cut: tuple[int, int, st.DataObject]
) -> None:
    school = f"S{next(_numbers)}"
    kept = [document(number, text, school=school) for number, text in enumerate(texts)]
    search.index(kept)
    which, length, data = cut
    asked = [words]
    if which < len(texts) and texts[which]:
        start = data.draw(st.integers(0, len(texts[which]) - 1))
        asked.append(texts[which][start : start + length])
    for one in asked:
        expected = [document.id for document in reversed(kept) if answers(one, document.text)]
        assert ids(search.find(Query(school, one))) == expected
        assert search.count(Query(school, one)) == len(expected)


def test_a_document_comes_back_whole(search: Search) -> None:
    one = replace(document(1, "麻辣烫🌶️\n吃完肚子疼"), risk=77, fetched_at=NOON + timedelta(microseconds=123_456_789))
    search.index([one])
    assert search.find(Query("S", "麻辣烫")) == [one]


@given(st.permutations(range(4)), st.booleans())
@settings(max_examples=24, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_of_revisions_in_any_order_the_one_fetched_last_stays(search: Search, order: list[int], together: bool) -> None:
    school = f"R{next(_numbers)}"
    first = document(1, school=school)
    revisions = [replace(first, text=f"第{number}稿", fetched_at=NOON + timedelta(hours=number)) for number in range(4)]
    for batch in [[revisions[n] for n in order]] if together else [[revisions[n]] for n in order]:
        search.index(batch)
    search.index([revisions[order[0]]])
    assert search.find(Query(school)) == [revisions[3]]
    assert search.find(Query(school, "第0稿")) == []


def test_a_deleted_document_is_forgotten_and_deleting_it_again_is_no_error(search: Search) -> None:
    search.index([document(1), document(2), document(1, school="T")])
    for _ in range(2):
        search.delete("S", ["weibo:1", "weibo:never"])
    assert ids(search.find(Query("S", "食堂"))) == ["weibo:2"]
    assert ids(search.find(Query("T", "食堂"))) == ["weibo:1"]


def test_paging_by_time_gives_every_document_once(search: Search) -> None:
    search.index([document(number) for number in range(10)])
    pages, before = [], None
    while found := search.find(Query("S", "食堂", before=before, limit=3)):
        pages.append(ids(found))
        before = found[-1].published_at
    assert [len(page) for page in pages] == [3, 3, 3, 1]
    assert [one for page in pages for one in page] == [f"weibo:{number}" for number in reversed(range(10))]
    assert search.count(Query("S", "食堂", before=NOON, limit=1)) == 10


def test_posts_of_the_very_same_instant_are_all_kept(search: Search) -> None:
    search.index([document(number, minute=0) for number in range(30)])
    assert search.count(Query("S", "食堂")) == 30


@pytest.mark.parametrize(
    ("changed", "query"),
    [
        ({"account_id": "library"}, Query("S", account_id="library")),
        ({"kind": "post"}, Query("S", kind="post")),
        ({"polarity": "negative"}, Query("S", polarity="negative")),
        ({"published_at": NOON + timedelta(days=1)}, Query("S", since=NOON + timedelta(days=1))),
        ({"school": "T"}, Query("T")),
    ],
)
def test_each_filter_leaves_out_all_others(search: Search, changed: dict[str, str], query: Query) -> None:
    search.index([document(1), replace(document(2), **changed)])  # type: ignore[arg-type]
    for one in (query, replace(query, words="食堂")):
        assert ids(search.find(one)) == ["weibo:2"]
        assert search.count(one) == 1
    assert search.find(replace(query, words="图书馆")) == []


TOLD = st.builds(
    lambda minute, platform, account, polarity, risk: (minute, platform, account, polarity, risk),
    st.integers(-3 * 1440, 3 * 1440), st.sampled_from(["weibo", "wechat"]), st.sampled_from(["canteen", "library"]),
    st.sampled_from(["negative", "neutral", "positive"]), st.integers(0, 100),
)  # fmt: skip


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(TOLD, max_size=12), hours=st.integers(1, 100), words=st.sampled_from(["", "食堂", "虫"]))
def test_facets_count_what_find_gives_by_the_days_and_hours_of_beijing(
    search: Search, told: list[tuple[int, str, str, str, int]], hours: int, words: str
) -> None:
    school = f"F{next(_numbers)}"
    search.index(
        [
            replace(
                document(number, ("食堂", "食堂有虫")[number % 2], school=school, minute=minute),
                platform=platform, account_id=account, polarity=polarity, risk=risk,
            )
            for number, (minute, platform, account, polarity, risk) in enumerate(told)
        ]
    )  # fmt: skip
    span = Query(school, words, since=NOON - timedelta(hours=30), until=NOON + timedelta(hours=hours - 30))
    for query in (Query(school, words), span, replace(span, platform="weibo", risk_from=1, risk_to=29)):
        found, facets = search.find(query), search.facets(replace(query, limit=1, before=NOON))
        form = "%Y-%m-%d %H" if query.until and hours <= 48 else "%Y-%m-%d"
        assert facets.step == (timedelta(hours=1) if query.until and hours <= 48 else timedelta(days=1))
        assert {at.astimezone(CHINA).strftime(form): number for at, number in facets.times.items()} == Counter(
            one.published_at.astimezone(CHINA).strftime(form) for one in found
        )
        assert all(not int(f"{at.astimezone(CHINA):%M%S%f}") for at in facets.times)
        assert facets.platforms == Counter(one.platform for one in found)
        assert facets.accounts == Counter(one.account_id for one in found)
        assert facets.polarities == Counter(one.polarity for one in found)
        assert facets.risks == Counter(max(least for least in (0, 1, 30, 60) if least <= one.risk) for one in found)
        assert facets.total == len(found) == search.count(query)


def test_when_a_document_was_taken_in_is_told_and_makes_no_other_document_of_it(search: Search) -> None:
    at = NOON + timedelta(days=1, microseconds=7)
    search.index([replace(document(1), indexed_at=at), document(2)])
    told = {one.id: (one.indexed_at, one.rebuilt) for one in search.find(Query("S"))}
    assert told == {"weibo:1": (at, False), "weibo:2": (None, False)}
    assert search.find(Query("S")) == [document(2), document(1)]
    renewal = search.renew()
    renewal.fill("S", [replace(document(n), indexed_at=at, rebuilt=True) for n in (1, 2)], 2)
    search.index([replace(document(2), indexed_at=at + timedelta(hours=1))])
    renewal.switch()
    renewal.close()
    told = {one.id: (one.indexed_at, one.rebuilt) for one in search.find(Query("S"))}
    assert told == {"weibo:1": (at, True), "weibo:2": (at + timedelta(hours=1), False)}


def test_an_engine_that_is_away_is_said_at_use_and_not_before(site: Site) -> None:
    site.take_away()
    search = open_search(site.url)
    for use in (
        lambda: search.find(Query("S")), lambda: search.count(Query("S")), lambda: search.index([document(1)]),
        lambda: search.delete("S", ["x"]), search.clear, search.healthy,
    ):  # fmt: skip
        with pytest.raises(SearchUnavailable, match="检索库"):
            use()
    site.bring_back()
    search.index([document(1)])
    assert search.count(Query("S")) == 1
    search.close()


def test_a_corrupt_engine_says_how_to_heal_it_and_heals(site: Site, search: Search) -> None:
    search.index([document(1)])
    search.close()
    site.corrupt()
    with pytest.raises(SearchUnavailable, match=r"已损坏.*fengxin reindex"):
        search.find(Query("S"))
    search.clear()
    search.index([document(2)])
    assert ids(search.find(Query("S", "食堂"))) == ["weibo:2"]


def test_what_was_removed_or_rebuilt_beside_an_open_engine_is_said_once(site: Site, search: Search) -> None:
    search.index([document(1)])
    site.remove()
    with pytest.raises(SearchUnavailable, match=r"被移走或替换.*fengxin reindex"):
        search.find(Query("S"))
    search.index([document(2)])
    assert ids(search.find(Query("S"))) == ["weibo:2"]
    other = open_search(site.url)
    site.remove()
    other.clear()
    other.index([document(3)])
    other.close()
    with pytest.raises(SearchUnavailable):
        search.find(Query("S"))
    assert ids(search.find(Query("S"))) == ["weibo:3"]


def test_a_removed_engine_is_cleared_at_once(site: Site, search: Search) -> None:
    search.index([document(1)])
    site.remove()
    search.clear()
    assert search.count(Query("S")) == 0


@pytest.mark.parametrize("mark", ["␃", "\x03", "▁"])
def test_no_character_that_people_write_stands_for_the_end_of_a_text(search: Search, mark: str) -> None:
    search.index([document(1, "我在食堂"), document(2, f"食堂{mark}好")])
    assert ids(search.find(Query("S", f"食堂{mark}"))) == ["weibo:2"]
    assert ids(search.find(Query("S", f"堂{mark}"))) == ["weibo:2"]


@pytest.mark.parametrize("site", OWN_FILE, indirect=True)
def test_damage_that_no_question_has_met_is_found_by_a_whole_look_and_heals(site: Site, search: Search) -> None:
    search.index([document(number, f"第{number}条：食堂的饭里有虫子" * 20) for number in range(400)])
    search.healthy(whole=True)
    site.spoil()
    with pytest.raises(SearchDamaged, match=r"已损坏.*fengxin reindex"):
        search.healthy(whole=True)
    search.clear()
    search.index([document(1)])
    search.healthy(whole=True)
    assert ids(search.find(Query("S"))) == ["weibo:1"]


def test_an_engine_taken_away_while_nobody_asks_is_damage(site: Site, search: Search) -> None:
    search.index([document(1)])
    site.remove()
    with pytest.raises(SearchDamaged, match="fengxin reindex"):
        search.healthy()


def test_an_engine_made_anew_by_accident_is_damage_and_a_rebuilt_one_is_not(site: Site, search: Search) -> None:
    search.index([document(1)])
    site.remove()
    accident = open_search(site.url)
    assert accident.find(Query("S")) == []
    accident.close()
    with pytest.raises(SearchDamaged, match="fengxin reindex"):
        search.healthy()
    search.healthy()
    site.remove()
    rebuilt = open_search(site.url)
    rebuilt.clear()
    with pytest.raises(SearchUnavailable) as told:
        search.healthy()
    assert not isinstance(told.value, SearchDamaged)
    search.healthy()
    rebuilt.close()


def test_a_rebuild_answers_nothing_until_it_is_whole_and_loses_nothing_that_came_meanwhile(
    site: Site, search: Search
) -> None:
    search.index([document(1), document(2, "食堂旧文")])
    renewal = search.renew()
    renewal.fill("S", [document(2, "食堂新文"), document(3)], 7)
    writer = open_search(site.url)
    writer.index([document(4)])
    writer.delete("S", ["weibo:1"])
    renewal.fill("S", [document(1)], 8)
    assert renewal.lacking("S", ["weibo:1", "weibo:3", "weibo:5"]) == {"weibo:5"}, "what was deleted is not lacking"
    assert [one.text for one in search.find(Query("S"))] == ["食堂", "食堂旧文"]
    renewal.close()
    renewal = writer.renew()
    assert (renewal.reached("S"), renewal.reached("T"), renewal.count("S")) == (8, 0, 3)
    renewal.switch()
    renewal.close()
    for one in (search, writer):
        assert [one.text for one in one.find(Query("S"))] == ["食堂", "食堂", "食堂新文"]
        assert one.count(Query("S", "旧")) == 0
    search.index([document(1), document(5)])
    assert ids(writer.find(Query("S"))) == ["weibo:5", "weibo:4", "weibo:3", "weibo:2", "weibo:1"]
    renewal = search.renew()
    assert (renewal.reached("S"), renewal.count("S")) == (0, 0), "the next rebuild begins at the beginning"
    renewal.close()
    writer.close()


class Indexed:
    """What a generation should hold."""

    def __init__(self) -> None:
        self.held: dict[str, Document] = {}
        self.gone: set[str] = set()

    def take_in(self, one: Document) -> None:
        if one.id not in self.held or self.held[one.id].fetched_at <= one.fetched_at:
            self.held[one.id] = one

    def found(self) -> set[tuple[str, str]]:
        return {(one.id, one.text) for one in self.held.values()}


POSTS = st.tuples(st.integers(0, 4), st.integers(0, 2))
DEEDS = st.tuples(st.sampled_from(["index", "delete", "fill", "again", "switch"]), st.lists(POSTS, max_size=3))


DEALINGS = st.lists(DEEDS, max_size=10)
ON_AN_ENGINE = [one for one in SITES if one not in OWN_FILE]


@pytest.mark.parametrize("site", OWN_FILE, indirect=True)
@given(deeds=DEALINGS)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_in_whatever_order_each_generation_holds_what_it_should(
    search: Search, deeds: list[tuple[str, list[tuple[int, int]]]]
) -> None:
    hold(search, deeds)


@pytest.mark.parametrize("site", ON_AN_ENGINE, indirect=True)
@given(deeds=DEALINGS)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_so_on_an_engine_where_each_deed_takes_longer(
    search: Search, deeds: list[tuple[str, list[tuple[int, int]]]]
) -> None:
    hold(search, deeds)


def hold(search: Search, deeds: list[tuple[str, list[tuple[int, int]]]]) -> None:
    """Every generation holds what it should, whatever is done."""
    school = f"G{next(_numbers)}"
    answering, filling = Indexed(), Indexed()
    search.clear()
    renewal = search.renew()
    for deed, chosen in deeds:
        batch = [
            replace(document(number, f"第{text}稿", school=school), fetched_at=NOON + timedelta(hours=text))
            for number, text in chosen
        ]
        if deed == "index":
            search.index(batch)
            for one in batch:
                answering.take_in(one)
                filling.take_in(one)
                filling.gone.discard(one.id)
        elif deed == "delete":
            search.delete(school, [one.id for one in batch])
            for one in batch:
                answering.held.pop(one.id, None)
                filling.held.pop(one.id, None)
                filling.gone.add(one.id)
        elif deed == "fill":
            renewal.fill(school, batch, 1)
            for one in batch:
                if one.id not in filling.gone:
                    filling.take_in(one)
        else:
            if deed == "switch":
                renewal.switch()
                answering, filling = filling, Indexed()
            renewal.close()
            renewal = search.renew()
        assert {(one.id, one.text) for one in search.find(Query(school))} == answering.found()
        assert renewal.count(school) == len(filling.held)
    renewal.close()


def test_who_asks_during_rebuilds_gets_the_whole_old_answer_or_the_whole_new_one(site: Site, search: Search) -> None:
    many = [document(number) for number in range(40)]
    search.index(many)
    asked, over, answers_given = threading.Event(), threading.Event(), list[int]()

    def ask() -> None:
        with closing(open_search(site.url)) as reader:
            while not over.is_set():
                answers_given.append(reader.count(Query("S", "食堂")))
                asked.set()

    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask)

        def is_answered() -> None:
            asked.clear()
            while not asked.wait(0.05):
                assert not asking.done(), asking.exception()

        try:
            for _ in range(3):
                renewal = search.renew()
                for start in (0, 20):
                    renewal.fill("S", many[start : start + 20], start + 20)
                is_answered()
                renewal.switch()
                renewal.close()
                is_answered()
        finally:
            over.set()
        asking.result()
    assert set(answers_given) == {40}


def test_of_two_rebuilds_the_one_that_comes_too_late_says_so_and_harms_nothing(site: Site, search: Search) -> None:
    first, late = search.renew(), open_search(site.url).renew()
    first.fill("S", [document(1)], 1)
    first.switch()
    for use in (lambda: late.fill("S", [document(2)], 2), lambda: late.lacking("S", ["x"]), late.switch):
        with pytest.raises(SearchUnavailable, match=r"已不在.*再执行一次 fengxin reindex"):
            use()
    first.close()
    late.close()
    assert ids(search.find(Query("S"))) == ["weibo:1"]


def test_clearing_gives_up_what_was_being_filled(search: Search) -> None:
    renewal = search.renew()
    renewal.fill("S", [document(1)], 1)
    search.clear()
    with pytest.raises(SearchUnavailable, match="已不在"):
        renewal.fill("S", [document(2)], 2)
    renewal.close()
    renewal = search.renew()
    assert (renewal.reached("S"), renewal.count("S"), search.count(Query("S"))) == (0, 0, 0)
    renewal.close()


def test_a_corrupt_engine_is_healed_by_a_rebuild(site: Site, search: Search) -> None:
    search.index([document(1)])
    search.close()
    site.corrupt()
    with pytest.raises(SearchDamaged):
        search.find(Query("S"))
    renewal = search.renew()
    renewal.fill("S", [document(2)], 1)
    renewal.switch()
    renewal.close()
    assert ids(search.find(Query("S"))) == ["weibo:2"]
