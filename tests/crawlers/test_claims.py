"""Two crawls that find the same sources due in the same moment: each source is read by one. On both dialects."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from crawlers import schedule
from crawlers.token import tokens
from stream.coverage import sources
from stream.store import Store
from tests.mould import EITHER, of_either_kind

NOW = datetime(2026, 11, 3, 4, 0, tzinfo=UTC)
UNTIL = NOW + timedelta(minutes=5)
SCHOOL, ACCOUNTS, CREWS = "JY", 12, 3


@pytest.fixture(params=EITHER)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store with a due source of each account. Who waits for another's row is told so by the store."""
    made = of_either_kind(request, tmp_path / "store.db")
    with made.write() as conn:
        for number in range(ACCOUNTS):
            conn.execute(tokens.insert().values(**a_token(number)))
            conn.execute(sources.insert().values(**a_source(number)))
    yield made
    made.close()


def a_token(number: int) -> dict[str, Any]:
    return {"name": f"{SCHOOL}:wb-{number}", "value": "", "generation": 0, "credential": ""}


def a_source(number: int) -> dict[str, Any]:
    return {
        "school": SCHOOL, "id": f"s{number}", "account_id": f"wb-{number}", "platform": "weibo", "stream": "posts",
        "promised_s": 60, "interval_s": 60, "next_due": NOW, "quiet_scans": 0, "cursor": "{}", "active": True,
        "essential": False, "breaker": "", "failures": 0, "last_class": "", "last_reason": "", "seen": 0, "note": "",
    }  # fmt: skip


def test_each_source_is_taken_by_one_of_the_crews_that_want_it_in_the_same_moment(store: Store) -> None:
    together = threading.Barrier(CREWS)

    def take(me: str) -> list[str]:
        with store.read() as conn:
            assert len(conn.execute(select(sources.c.id).where(sources.c.taken_by.is_(None))).all()) == ACCOUNTS
        together.wait(30)
        return store.run(lambda conn: [row.id for row in schedule.claim(conn, SCHOOL, me, NOW, UNTIL, ACCOUNTS)])

    with ThreadPoolExecutor(CREWS) as crews:
        taken = list(crews.map(take, [f"crew{number}" for number in range(CREWS)]))
    assert Counter(one for some in taken for one in some) == Counter(f"s{number}" for number in range(ACCOUNTS))
    with store.read() as conn:
        held = {row.id: row.taken_by for row in conn.execute(select(sources.c.id, sources.c.taken_by))}
    assert held == {one: f"crew{number}" for number, some in enumerate(taken) for one in some}
