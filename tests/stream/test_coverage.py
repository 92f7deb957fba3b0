"""Coverage: the worst essential source decides, what is switched off says since when, and nothing is claimed seen."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select

from stream import account
from stream.account import Account
from stream.coverage import (
    BY_HAND,
    GRAVITY,
    NO_ROUTE,
    STOPPED,
    UNROUTED,
    Lamp,
    Sight,
    gaps,
    lamp,
    promised_of,
    reason_of,
    said_since,
    sights,
    sources,
    watch_closely,
    worst_of,
)
from stream.store import Store
from tests.stream.said import SCHOOL, START

NOW = START
MINUTE = timedelta(minutes=1)
PROMISED = 10 * MINUTE


def row(**given: Any) -> Any:
    """A source as `worst_of` reads it: seen a minute ago, promised every ten."""
    kept = {
        "essential": True, "active": True, "stream": "to_me", "promised_s": 600, "last_full": NOW - MINUTE,
        "token_until": None, "note": "", "last_reason": "", "stopped_at": None,
    }  # fmt: skip
    return SimpleNamespace(**kept | given)


def enter(store: Store, *given: dict[str, Any], **about: Any) -> None:
    """One account, and its sources."""
    with store.write() as conn:
        account.enter(conn, [Account(SCHOOL, "canteen", "weibo", "某某", "1", "后勤处", "api", START, **about)])
        for number, one in enumerate(given):
            kept = {
                "school": SCHOOL, "id": f"canteen:{number}", "account_id": "canteen", "platform": "weibo",
                "stream": "to_me", "promised_s": 600, "interval_s": 600, "next_due": NOW + PROMISED, "quiet_scans": 0,
                "cursor": "{}", "active": True, "essential": True, "breaker": "closed", "failures": 0,
                "last_class": "ok", "last_reason": "", "last_full": NOW - MINUTE, "seen": 0, "note": "",
            }  # fmt: skip
            conn.execute(insert(sources).values(kept | one))


def sight(store: Store, now: datetime = NOW) -> Sight:
    with store.read() as conn:
        (found,) = sights(conn, SCHOOL, now)
    return found


@pytest.mark.parametrize(
    ("age", "expected"),
    [(0, Lamp.ON), (20, Lamp.ON), (20.1, Lamp.LATE), (60, Lamp.LATE), (60.1, Lamp.BLIND)],
)
def test_a_source_is_late_after_twice_and_blind_after_six_times_its_promise(age: float, expected: Lamp) -> None:
    seen = NOW - timedelta(minutes=age)
    assert lamp(NOW, active=True, promised=PROMISED, last_full=seen, token_until=None) is expected


def test_a_source_never_seen_or_without_a_token_is_blind_and_one_switched_off_is_off() -> None:
    assert lamp(NOW, active=True, promised=PROMISED, last_full=None, token_until=None) is Lamp.BLIND
    assert lamp(NOW, active=True, promised=PROMISED, last_full=NOW, token_until=NOW) is Lamp.BLIND
    assert lamp(NOW, active=True, promised=PROMISED, last_full=NOW, token_until=NOW + MINUTE) is Lamp.ON
    assert lamp(NOW, active=False, promised=PROMISED, last_full=NOW, token_until=None) is Lamp.OFF


@given(st.lists(st.integers(0, 200), min_size=1, max_size=6))
def test_the_worst_source_decides_and_of_the_worst_the_one_seen_longest_ago(ages: list[int]) -> None:
    rows = [row(last_full=NOW - age * MINUTE) for age in ages]
    state, worst = worst_of(rows, NOW)
    lamps = [lamp(NOW, active=True, promised=PROMISED, last_full=one.last_full, token_until=None) for one in rows]
    assert state is max(lamps, key=lambda one: GRAVITY[one])
    assert worst is not None
    assert worst.last_full == NOW - max(ages) * MINUTE


def test_a_source_that_was_never_seen_is_worse_than_one_seen_long_ago() -> None:
    never = row(last_full=None)
    assert worst_of([row(last_full=NOW - timedelta(days=9)), never, row()], NOW) == (Lamp.BLIND, never)


def test_what_is_not_essential_and_a_thread_that_is_over_blind_nobody() -> None:
    old = NOW - timedelta(days=9)
    rows = [row(), row(essential=False, last_full=old), row(stream="comments", active=False, last_full=old)]
    assert worst_of(rows, NOW) == (Lamp.ON, rows[0])
    rows.append(row(stream="timeline", active=False, last_full=NOW))
    assert worst_of(rows, NOW) == (Lamp.BLIND, rows[3]), "any other essential source that is off is blind"


def test_an_account_that_nothing_looks_at_is_blind_by_no_source() -> None:
    assert worst_of([], NOW) == (Lamp.BLIND, None)
    assert worst_of([row(active=False)], NOW) == (Lamp.BLIND, None)
    assert worst_of([row(essential=False)], NOW) == (Lamp.BLIND, None)


def test_a_source_says_its_note_before_its_last_reason_and_since_when_it_was_stopped() -> None:
    assert reason_of(row()) == ""
    assert reason_of(row(last_reason="平台繁忙")) == "平台繁忙"
    assert reason_of(row(last_reason="平台繁忙", note="额度已用完")) == "额度已用完"
    assert reason_of(row(active=False, note="额度已用完")) == STOPPED
    since = said_since(NO_ROUTE, NOW)
    assert "自 2026-11-03 12:00 起" in since, "the school's own time"
    assert reason_of(row(active=False, note=since, stopped_at=NOW)) == since


def test_seen_and_shown_are_summed_over_the_sources_that_know_both(kept_store: Store) -> None:
    enter(kept_store, {"seen": 500}, {"seen": 7, "shown": 9}, {"seen": 3, "shown": 3},
          {"seen": 90, "shown": 99, "active": False, "stream": "show", "essential": False})  # fmt: skip
    found = sight(kept_store)
    assert (found.lamp, found.age, found.seen, found.shown) == (Lamp.ON, MINUTE, 10, 12)


def test_without_a_source_that_knows_both_nothing_is_said_of_what_is_shown(kept_store: Store) -> None:
    enter(kept_store, {"seen": 500}, {"seen": 7})
    assert (sight(kept_store).seen, sight(kept_store).shown) == (507, None)


@pytest.mark.parametrize(
    ("given", "about", "reason"),
    [
        ({}, {}, UNROUTED),
        ({"active": False, "stopped_at": NOW, "note": "采集途径已移除，自何时起"}, {}, "采集途径已移除，自何时起"),
    ],
)
def test_an_account_that_nothing_looks_at_says_why(
    kept_store: Store, given: dict[str, Any], about: dict[str, Any], reason: str
) -> None:
    enter(kept_store, *([given] if given else []), **about)
    found = sight(kept_store)
    assert (found.lamp, found.age, found.shown, found.reason) == (Lamp.BLIND, None, None, reason)


def test_an_account_watched_by_hand_says_so_and_one_switched_off_is_not_spoken_of(kept_store: Store) -> None:
    with kept_store.write() as conn:
        by_hand = Account(SCHOOL, "library", "wechat", "某某", "2", "图书馆", "manual", START)
        off = Account(SCHOOL, "old", "wechat", "旧号", "3", "图书馆", "api", START, active=False)
        account.enter(conn, [by_hand, off])
        found = sights(conn, SCHOOL, NOW)
        assert [(one.account_id, one.reason) for one in found] == [("library", BY_HAND)]
        assert sights(conn, "OTHER", NOW) == []


def test_the_promise_of_an_account_is_that_of_its_slowest_essential_source(kept_store: Store) -> None:
    enter(
        kept_store, {"promised_s": 60}, {"promised_s": 900}, {"promised_s": 7200, "essential": False},
        {"promised_s": 7200, "active": False},
    )  # fmt: skip
    with kept_store.read() as conn:
        assert promised_of(conn, SCHOOL, "canteen") == timedelta(minutes=15)
        assert promised_of(conn, SCHOOL, "library") is None
        assert promised_of(conn, "OTHER", "canteen") is None


def test_watching_closely_makes_what_is_essential_due_and_wakes_nothing_that_is_off(kept_store: Store) -> None:
    soon, until = NOW - MINUTE, NOW + timedelta(hours=2)
    enter(
        kept_store, {}, {"essential": False}, {"active": False}, {"next_due": soon}, {"account_id": "library"},
    )  # fmt: skip
    with kept_store.write() as conn:
        watch_closely(conn, SCHOOL, "canteen", until, NOW)
        rows = conn.execute(select(sources.c.next_due, sources.c.closely_until).order_by(sources.c.id)).all()
    later = NOW + PROMISED
    assert [tuple(one) for one in rows] == [(NOW, until), (later, until), (later, None), (soon, until), (later, None)]


def test_a_gap_stands_with_its_time_and_reason_until_it_is_closed(kept_store: Store) -> None:
    place = {"school": SCHOOL, "account_id": "canteen", "source_id": "canteen:0"}
    with kept_store.write() as conn:
        conn.execute(insert(gaps).values(**place, opened_at=NOW - MINUTE, reason="额度已用完"))
        (gap,) = conn.execute(select(gaps)).all()
    assert (gap.opened_at, gap.closed_at, gap.reason) == (NOW - MINUTE, None, "额度已用完")
    assert gap.opened_at.utcoffset() == timedelta(0)
