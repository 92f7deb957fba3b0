"""The walk: whatever comes and goes between polls, a row that stands is read, and the cursor never runs ahead."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from crawlers.walk import Step, Walk


def _page(rows: list[int], since: int, up_to: int, size: int) -> tuple[list[int], bool]:
    """What a platform gives: newest first, above since_id, up to and including max_id."""
    wanted = sorted((one for one in rows if one > since and (not up_to or one <= up_to)), reverse=True)
    return wanted[:size], len(wanted) > size


def _poll(
    rows: list[int], cursor: dict[str, Any], size: int, pages: int = 40, stop_after: int = 99
) -> tuple[set[int], dict[str, Any], Step]:
    """One crawl: what was read, the cursor after it (unchanged where it crashed or was not finished), how it ended."""
    walk, read = Walk.of(cursor, pages=pages), set[int]()
    for number in range(1, 1000):
        ids, more = _page(rows, walk.since(), walk.next, size)
        if number > stop_after:
            return set(), cursor, Step.SOFT_EMPTY
        read.update(ids)
        step = walk.take(ids, size=len(ids), oldest=min(ids, default=None), more=more)
        if step == Step.NEXT:
            continue
        after = walk.finished() if step == Step.DONE else walk.paused() if step == Step.PAUSE else cursor
        return read, json.loads(json.dumps(after)), step
    raise AssertionError("a walk without end")


def _drain(rows: list[int], cursor: dict[str, Any], size: int, pages: int) -> tuple[set[int], dict[str, Any]]:
    got = set[int]()
    for _ in range(200):
        read, cursor, step = _poll(rows, cursor, size, pages)
        got |= read
        if step != Step.PAUSE:
            return got, cursor
    raise AssertionError("a pause without end")


@given(
    st.lists(st.sets(st.integers(1, 10_000), max_size=40), min_size=1, max_size=6),
    st.integers(1, 10),
    st.integers(1, 5),
)
def test_every_row_is_read_however_many_came_between_polls(waves: list[set[int]], size: int, pages: int) -> None:
    rows: list[int] = []
    cursor: dict[str, Any] = {}
    got: set[int] = set()
    for wave, new in enumerate(waves):
        rows += [wave * 20_000 + one for one in new]
        read, cursor = _drain(rows, cursor, size, pages)
        got |= read
    assert got == set(rows)


@given(st.sets(st.integers(1, 500), min_size=1, max_size=60), st.data())
def test_deleted_rows_never_stop_or_set_back_the_cursor(first: set[int], data: Any) -> None:
    _, cursor = _drain(sorted(first), {}, 10, 40)
    high = int(cursor["high"])
    gone = data.draw(st.sets(st.sampled_from(sorted(first)), max_size=max(0, len(first) - 1)))
    new = {1000 + n for n in range(data.draw(st.integers(1, 40)))}
    rows = sorted((first - gone) | new)
    read, cursor = _drain(rows, cursor, 10, 40)
    assert new <= read
    assert int(cursor["high"]) == max(new) > high


@given(st.integers(1, 200), st.integers(1, 4))
def test_a_crash_between_pages_leaves_the_cursor(new: int, crash_after: int) -> None:
    _, cursor = _drain(list(range(1, 20)), {}, 10, 40)
    rows = [*range(1, 20), *range(100, 100 + new)]
    read, same, _ = _poll(rows, cursor, 10, stop_after=crash_after)
    assert not read or same != cursor
    got, _ = _drain(rows, same, 10, 40)
    assert set(range(100, 100 + new)) <= got | read


def test_an_empty_answer_is_soft_where_rows_were_known() -> None:
    _, cursor = _drain([1, 2, 3], {}, 10, 40)
    walk = Walk.of(cursor)
    assert walk.take([], size=0, oldest=None, more=False) == Step.SOFT_EMPTY
    assert Walk.of({}).take([], size=0, oldest=None, more=False) == Step.DONE


def test_after_empty_answers_the_walk_asks_further_below() -> None:
    _, cursor = _drain(list(range(1, 60)), {}, 100, 40)
    walk = Walk.of(cursor)
    assert walk.since(0) == 56
    assert walk.since(3) < walk.since(0)
