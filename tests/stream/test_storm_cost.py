"""What a storm in one thread costs: each mark is read once in a batch, and years of quiet hours are left alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Dialect

from stream import marked, tally
from stream.evidence import Mark
from stream.figures import Gatherer
from stream.line import hours
from stream.store import Store
from stream.surge import READ_BACK, Surge, expected, hour_start, surge
from tests.stream.said import POISONED, SCHOOL, START, a_post, assessed

MANY = 40


def said(first: int) -> list[Any]:
    """Marked lines of one thread, by as many voices."""
    return [
        assessed(a_post(f"{POISONED}{n}", f"weibo:{n}", at=START + timedelta(seconds=n), author=f"a{n}"), negative=True)
        for n in range(first, first + MANY)
    ]


def test_a_mark_is_read_once_in_a_batch_however_many_lines_ask_for_it(
    kept_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    decode = marked._mark

    def counted(dialect: Dialect, post_id: str, *row: Any) -> Mark:
        read.append(post_id)
        return decode(dialect, post_id, *row)

    monkeypatch.setattr(marked, "_mark", counted)
    gatherer = Gatherer(SCHOOL, {})
    for first in (0, MANY):
        read.clear()
        lot = said(first)
        with kept_store.write() as conn, gatherer.batch(conn, lot, lambda _: POISONED):
            found = [gatherer.note(conn, one, counts_for_incidents=True) for one in lot]
        assert len({mark.post_id for mark in found[-1].marks}) == first + MANY
        assert len(set(read)) == first, "what this batch wrote itself is not read"
        assert max((read.count(one) for one in set(read)), default=0) <= 2, "once by theme"


def test_only_hours_of_use_are_read_and_the_baseline_is_what_all_of_them_give(
    kept_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = hour_start(START) - timedelta(days=3 * 365)
    every = {old + timedelta(hours=7 * n): n % 5 for n in range(3 * 365 * 24 // 7)}
    with kept_store.write() as conn:
        one = said(0)[0]
        rows = [
            {"school": SCHOOL, "account_id": one.post.account_id, "hour": hour, "lines": n, "negative": 0}
            for hour, n in every.items()
        ]
        conn.execute(hours.insert(), rows)
    given: list[int] = []

    def seen(hourly: dict[datetime, int], recent: int, now: datetime, since: datetime) -> Surge:
        given.append(len(hourly))
        assert since == old
        assert expected(hourly, now, since) == expected(every, now, since)
        return surge(hourly, recent, now, since)

    monkeypatch.setattr(tally, "surge", seen)
    with kept_store.write() as conn:
        Gatherer(SCHOOL, {}).note(conn, one, counts_for_incidents=True)
    assert given
    assert max(given) <= READ_BACK.days * 24 // 7 + 2
