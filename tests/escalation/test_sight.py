"""What is not seen rings by itself, once, and is hushed when it is seen: blind accounts, quotas, doubts, clocks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from escalation import alert, sight
from stream import account
from stream.account import Account
from stream.coverage import sources
from stream.store import Store
from tests.mould import pour

NOW = datetime(2026, 11, 3, 4, 0, tzinfo=UTC)
EARLY = NOW - timedelta(days=30)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = pour(tmp_path / "store.db")
    yield store
    store.close()


def _enter(store: Store, *, route: str = "api", watch_from: datetime = EARLY, active: bool = True) -> None:
    one = Account("FL", "wb", "weibo", "风林职院", "u9", "宣传部", route, watch_from, active=active)
    with store.write() as conn:
        account.enter(conn, [one])


def _source(store: Store, last_full: datetime | None, reason: str = "") -> None:
    row: dict[str, Any] = {
        "school": "FL", "id": "wb:to_me", "account_id": "wb", "platform": "weibo", "stream": "to_me",
        "promised_s": 300, "interval_s": 300, "next_due": NOW, "quiet_scans": 0, "cursor": "{}", "active": True,
        "essential": True, "breaker": "closed", "failures": 0, "last_class": "ok", "last_reason": reason,
        "last_full": last_full, "seen": 0, "note": "",
    }  # fmt: skip
    with store.write() as conn:
        conn.execute(insert(sources), [row])


def _look(store: Store, now: datetime = NOW) -> list[str]:
    with store.write() as conn:
        sight.look(conn, "FL", now)
        return [one.words for one in alert.ringing(conn, "FL")]


def test_a_blind_account_rings_once_with_name_and_reason(store: Store) -> None:
    _enter(store)
    _source(store, NOW - timedelta(hours=2), "授权已失效")
    assert len(_look(store)) == 1
    said = _look(store, NOW + timedelta(minutes=1))
    assert len(said) == 1
    assert said[0].startswith("“风林职院”已看不见：授权已失效；请")


def test_a_blind_account_that_is_blind_for_another_reason_says_so(store: Store) -> None:
    _enter(store)
    _source(store, NOW - timedelta(hours=2), "平台拒绝访问")
    _look(store)
    with store.write() as conn:
        conn.execute(update(sources).values(last_reason="授权已失效"))
    (said,) = _look(store, NOW + timedelta(minutes=1))
    assert "授权已失效" in said
    assert "平台拒绝访问" not in said


def test_it_is_hushed_when_seen_whole_and_not_when_late(store: Store) -> None:
    _enter(store)
    _source(store, NOW - timedelta(hours=2))
    assert len(_look(store)) == 1
    for age, rings in ((timedelta(minutes=15), 1), (timedelta(minutes=1), 0)):
        with store.write() as conn:
            conn.execute(update(sources).values(last_full=NOW - age))
        assert len(_look(store)) == rings


def test_a_new_account_is_given_ten_minutes(store: Store) -> None:
    _enter(store, watch_from=NOW)
    _source(store, None)
    assert _look(store, NOW + timedelta(minutes=9)) == []
    assert "登记后从未看全" in _look(store, NOW + timedelta(minutes=11))[0]


def test_an_account_that_is_watched_no_more_is_hushed(store: Store) -> None:
    _enter(store)
    assert "已登记，未接采集途径" in _look(store)[0]
    _enter(store, active=False)
    assert _look(store) == []


def test_an_account_whose_route_fails_from_the_start_is_not_called_unrouted(store: Store) -> None:
    _enter(store)
    assert "已登记，未接采集途径" in _look(store)[0], "nothing looks at it yet"
    _source(store, None, "平台拒绝连接，请核对 base_url")
    (said,) = _look(store, NOW + timedelta(seconds=30))
    assert "平台拒绝连接，请核对 base_url" in said
    assert "未接采集途径" not in said


def test_an_account_patrolled_by_hand_rings_nothing(store: Store) -> None:
    _enter(store, route="manual")
    assert _look(store) == []


AFTERNOON = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)  # 17:00 in Asia/Shanghai
MIDNIGHT = datetime(2026, 11, 3, 16, 0, tzinfo=UTC)


def _says(store: Store, **changes: Any) -> None:
    with store.write() as conn:
        conn.execute(update(sources).values(**changes))


def test_a_quota_used_up_before_the_evening_rings_until_it_is_back(store: Store) -> None:
    _enter(store)
    _source(store, AFTERNOON)
    _says(store, last_class="quota", last_try=AFTERNOON, next_due=MIDNIGHT, promised_s=7200)
    (said,) = _look(store, AFTERNOON)
    assert said.startswith("“风林职院”的接口额度已用完，11-04 00:00 恢复；此前须人工巡查")
    assert _look(store, AFTERNOON + timedelta(minutes=5)) == [said]
    _says(store, last_try=AFTERNOON + timedelta(hours=4))  # a look in the evening that met the end again
    assert len(_look(store, AFTERNOON + timedelta(hours=4))) == 1
    _says(store, last_class="ok", last_full=MIDNIGHT)
    assert _look(store, MIDNIGHT) == []


def test_a_quota_that_ends_in_the_evening_or_of_a_back_fill_rings_nothing(store: Store) -> None:
    _enter(store)
    _source(store, AFTERNOON)
    evening = AFTERNOON + timedelta(hours=1)
    _says(store, last_class="quota", last_try=evening, next_due=MIDNIGHT, promised_s=7200)
    assert _look(store, evening) == []
    _says(store, last_class="ok")
    with store.write() as conn:
        row = dict(conn.execute(sources.select()).mappings().one())
        back_fill = {"id": "wb:show:1", "stream": "show", "essential": False, "last_class": "quota"}
        conn.execute(insert(sources), [row | back_fill | {"last_try": AFTERNOON}])
    assert _look(store, AFTERNOON) == []


def test_a_suspect_scan_rings_until_the_thread_is_read_whole(store: Store) -> None:
    _enter(store)
    _source(store, NOW)
    _says(store, last_class="suspect")
    (said,) = _look(store)
    assert "“风林职院”一次采集中有大量内容同时消失，疑为平台返回不全" in said
    _says(store, last_class="ok")
    assert _look(store) == []


def test_a_clock_that_is_off_rings_once_however_many_sources_find_it(store: Store) -> None:
    _enter(store)
    _source(store, NOW)
    _says(store, note="授权将在 3 天内到期；本机时钟与平台时间相差 180 秒（本机偏慢），请校准服务器时钟")
    with store.write() as conn:
        row = dict(conn.execute(sources.select()).mappings().one())
        conn.execute(insert(sources), [row | {"id": "wb:timeline", "stream": "timeline"}])
    (said,) = _look(store)
    assert said.startswith("本机时钟与平台时间相差 180 秒（本机偏慢），请校准服务器时钟；时钟不准会")
    _says(store, note="")
    assert _look(store) == []


def test_what_an_account_told_that_is_switched_off_rings_no_more(store: Store) -> None:
    _enter(store)
    _source(store, AFTERNOON)
    _says(store, last_class="quota", last_try=AFTERNOON, next_due=MIDNIGHT, promised_s=7200)
    assert len(_look(store, AFTERNOON)) == 1
    _enter(store, active=False)
    assert _look(store, AFTERNOON) == []
