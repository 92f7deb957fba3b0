"""The same posts, revisions, deletions and questions give the same answers on SQLite and on Elasticsearch."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stream.search import Document, Query, Search, open_search
from tests.live.elasticsearch import Elasticsearch

pytestmark = pytest.mark.live
NOON = datetime(2026, 10, 31, 15, 50, tzinfo=UTC)
"""Ten minutes before a month ends, in UTC; what is moved lies in the month after the next."""
TEXTS = st.lists(st.sampled_from([*'食堂的饭虫子Aａ1, \n\t"*🌶️', "食堂", "OR "]), max_size=9).map("".join)
_numbers = itertools.count()

POST = st.builds(
    lambda number, revision, moved, text, kind, polarity, account: Document(
        "", f"weibo:{number}", kind, ("weibo", "wechat")[number % 2], account, "weibo:t", text, polarity,
        (0, 1, 29, 30, 60, 100)[(number + revision) % 6],
        NOON + timedelta(minutes=number * 4, days=45 * moved), NOON + timedelta(days=60, hours=revision),
    ),
    st.integers(0, 6), st.integers(0, 3), st.booleans(), TEXTS, st.sampled_from(["post", "comment"]),
    st.sampled_from(["negative", "neutral"]), st.sampled_from(["canteen", "library"]),
)  # fmt: skip
BATCH = st.lists(POST, min_size=1, max_size=6)
GONE = st.lists(st.integers(0, 7).map("weibo:{}".format), min_size=1, max_size=4)
INSTANTS = st.none() | st.builds(
    lambda minutes, moved: NOON + timedelta(minutes=minutes, days=45 * moved), st.integers(-1, 30), st.booleans()
)
QUERY = st.builds(
    Query, st.just(""), TEXTS | st.sampled_from("食堂饭1"), st.sampled_from(["", "canteen"]),
    st.sampled_from(["", "post"]), st.sampled_from(["", "negative"]), INSTANTS, INSTANTS,
    st.sampled_from([2, 50, 4000]), st.sampled_from(["", "wechat"]), INSTANTS, st.sampled_from([0, 1, 30]),
    st.sampled_from([0, 29, 100]),
)  # fmt: skip


@pytest.fixture(scope="module")
def both(elasticsearch: Elasticsearch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Search, Search]]:
    """The embedded search and the other one."""
    file: Path = tmp_path_factory.mktemp("same") / "search.db"
    with (
        closing(open_search(f"sqlite:///{file}")) as embedded,
        closing(open_search(elasticsearch.place("same"))) as other,
    ):
        yield embedded, other
        other.clear()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(BATCH | GONE, max_size=8), queries=st.lists(QUERY, min_size=1, max_size=5))
def test_the_same_story_gives_the_same_answers(
    both: tuple[Search, Search], steps: list[list[Document] | list[str]], queries: list[Query]
) -> None:
    embedded, other = both
    school = f"S{next(_numbers)}"
    there: set[str] = set()
    for step in steps:
        documents = [replace(one, school=school) for one in step if isinstance(one, Document)]
        gone = [one for one in step if isinstance(one, str)]
        for search in both:
            search.index(documents)
            search.delete(school, gone)
        there = there.union(one.id for one in documents).difference(gone)
    everything = Query(school, limit=4000)
    assert {one.id for one in other.find(everything)} == there, "a deleted one is found by no query"
    for query in (everything, *(replace(one, school=school) for one in queries)):
        assert other.find(query) == embedded.find(query)
        assert other.count(query) == embedded.count(query)
        assert other.facets(query) == embedded.facets(query)
