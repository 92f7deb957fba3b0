"""Ledger, gate, breaker, token reminders, intervals: each by itself, with the clock in hand."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from crawlers import ledger, schedule, token
from crawlers.breaker import Breaker, State
from crawlers.failure import Failure
from crawlers.gate import Gate, Held, read_retry_after
from crawlers.ledger import Allowance, Window
from crawlers.settings import CrawlSettings, WeiboRoute
from stream.store import Store
from tests.mould import pour

NOON = datetime(2026, 11, 3, 4, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = pour(tmp_path / "store.db")
    yield opened
    opened.close()


def test_the_ledger_gives_nine_tenths_and_the_rest_to_incidents(store: Store) -> None:
    day = (Allowance("*", 20),)
    with store.write() as conn:
        taken = [ledger.take(conn, "t", day, NOON, incident=False) for _ in range(25)]
        assert sum(taken) == 18
        assert sum(ledger.take(conn, "t", day, NOON, incident=True) for _ in range(5)) == 2
        assert ledger.left(conn, "t", day[0], NOON) == 0


def test_a_day_begins_at_midnight_in_asia_shanghai(store: Store) -> None:
    day = (Allowance("*", 10),)
    before, after = datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC), datetime(2026, 12, 31, 16, 0, 1, tzinfo=UTC)
    assert ledger.window_start(before, Window.DAY) == "2026-12-31"
    assert ledger.window_start(after, Window.DAY) == "2027-01-01"
    assert ledger.window_end(before, Window.DAY) == datetime(2026, 12, 31, 16, tzinfo=UTC)
    assert ledger.window_end(before, Window.HOUR) == datetime(2026, 12, 31, 16, tzinfo=UTC)
    with store.write() as conn:
        ledger.settle(conn, "t", day[0], before)
        assert not ledger.take(conn, "t", day, before, incident=True)
        assert ledger.take(conn, "t", day, after, incident=False)


def test_short_holds_are_slept_out_and_long_ones_raise() -> None:
    now = [NOON]
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += timedelta(seconds=seconds)

    gate = Gate(timedelta(seconds=2), lambda: now[0], sleep)

    async def story() -> None:
        await gate.enter("a")
        await gate.enter("a")
        await gate.enter("b")
        gate.hold("a", "9")
        await gate.enter("a")
        gate.hold("a", None)
        with pytest.raises(Held) as held:
            await gate.enter("a")
        assert held.value.until == now[0] + MINUTE
        now[0] = held.value.until
        assert gate.hold("a", None) == now[0] + 2 * MINUTE
        gate.passed("a")
        assert gate.hold("a", None) >= now[0] + MINUTE

    asyncio.run(story())
    assert slept == [2, 9]


def test_a_waiter_sees_a_hold_that_came_while_it_slept() -> None:
    now = [NOON]
    gate = Gate(timedelta(seconds=1), lambda: now[0])
    woken: list[float] = []

    async def sleep(seconds: float) -> None:
        woken.append(seconds)
        now[0] += timedelta(seconds=seconds)
        if len(woken) == 1:
            gate.hold("a", "5")

    gate.sleep = sleep

    async def story() -> None:
        await gate.enter("a")
        await gate.enter("a")

    asyncio.run(story())
    assert woken == [1, 5]


@pytest.mark.parametrize(
    ("raw", "seconds"),
    [("7", 7), ("Tue, 03 Nov 2026 04:00:30 GMT", 30), ("Tue, 03 Nov 2026 03:00:00 GMT", 0), ("99999999", 3600)],
)
def test_retry_after_is_read_as_seconds_or_date(raw: str, seconds: int) -> None:
    assert read_retry_after(raw, NOON) == timedelta(seconds=seconds)


@given(st.text(max_size=40))
def test_retry_after_of_any_text_is_bounded_or_nothing(raw: str) -> None:
    found = read_retry_after(raw, NOON)
    assert found is None or timedelta(0) <= found <= timedelta(hours=1)


def test_breaker_opens_for_hours_probes_and_rests_longer_the_second_time() -> None:
    first = Breaker().after(Failure.CHALLENGE, NOON)
    assert first.state == State.OPEN
    assert not first.passes(NOON + timedelta(hours=5))
    assert first.passes(NOON + timedelta(hours=6))
    again = first.after(Failure.CHALLENGE, NOON + timedelta(hours=6))
    assert again.until == NOON + timedelta(hours=30)
    assert again.after(Failure.OK, NOON) == Breaker()
    assert Breaker().after(Failure.TRANSIENT, NOON) == Breaker(State.CLOSED, None, 1)


def test_a_token_is_renewed_by_one_holder_of_the_lease(store: Store) -> None:
    with store.write() as conn:
        token.enter(conn, "t", "mark")
        assert token.lease(conn, "t", "one", 0, NOON)
        assert not token.lease(conn, "t", "two", 0, NOON)
        assert token.lease(conn, "t", "two", 0, NOON + token.LEASE), "a dead holder loses it"
        assert not token.renew(conn, "t", "one", "late", NOON)
        assert token.renew(conn, "t", "two", "value", NOON + timedelta(hours=2))
        assert not token.lease(conn, "t", "one", 0, NOON + timedelta(hours=1)), "somebody has renewed it"
        assert token.current(conn, "t").value == "value"
        assert "value" not in repr(token.current(conn, "t"))


def test_a_person_is_reminded_at_seven_three_and_one_days() -> None:
    said = [token.reminder(NOON + timedelta(days=days), NOON) for days in (8, 6.5, 2.5, 0.5, -1)]
    assert said[0] == ""
    assert ["7 天" in said[1], "3 天" in said[2], "1 天" in said[3], "已到期" in said[4]] == [True] * 4


def test_a_changed_credential_is_noticed_once(store: Store) -> None:
    with store.write() as conn:
        assert not token.enter(conn, "t", "mark")
        assert not token.enter(conn, "t", "mark")
        assert token.enter(conn, "t", "other", "new")
        assert token.current(conn, "t").value == "new"


@given(
    st.integers(60, 90_000), st.integers(60, 3600), st.integers(0, 30), st.integers(0, 3), st.booleans(), st.booleans()
)
def test_intervals_stay_between_floor_and_twice_the_promise(
    promised: int, floor: int, quiet: int, new: int, incident: bool, adaptive: bool
) -> None:
    floor = min(floor, promised)
    pace = schedule.Pace(
        timedelta(seconds=promised), timedelta(seconds=floor), quiet, new, incident, adaptive
    )  # fmt: skip
    for hour in (0, 12):
        found = schedule.interval(pace, NOON.replace(hour=hour))
        assert timedelta(seconds=floor) <= found <= timedelta(seconds=max(4 * promised, 2 * floor))


def test_quiet_threads_are_looked_at_less_and_new_rows_bring_them_back() -> None:
    pace = [schedule.Pace(timedelta(hours=2), 2 * MINUTE, quiet, adaptive=True) for quiet in range(8)]
    grown = [schedule.interval(one, NOON) for one in pace]
    assert grown == sorted(grown)
    assert grown[0] == 2 * MINUTE
    assert grown[-1] == timedelta(hours=2)
    assert schedule.interval(schedule.Pace(timedelta(hours=2), 2 * MINUTE, 0, 1, adaptive=True), NOON) == 2 * MINUTE


def test_a_plan_that_does_not_fit_is_stretched_until_it_does() -> None:
    plan = [5 * MINUTE, 30 * MINUTE]
    day = timedelta(hours=18) + timedelta(hours=6) / schedule.NIGHT_SLOWER
    factor = schedule.stretch(plan, 90, day)
    assert factor > 1
    assert schedule.calls([every * factor for every in plan], day) <= 90.001
    assert schedule.stretch([15 * MINUTE, 90 * MINUTE], 100, day) == 1.0


def test_delay_zero_on_a_real_platform_is_refused_at_start() -> None:
    route = WeiboRoute(account_id="wb", access_token=SecretStr("t"))
    with pytest.raises(ValidationError, match="spacing_s"):
        CrawlSettings(school="FL", pseudonym_key=b"k" * 32, routes=(route,), spacing_s=0)
    with pytest.raises(ValidationError, match="https"):
        WeiboRoute(account_id="wb", access_token=SecretStr("t"), base_url="http://api.weibo.com/2")
