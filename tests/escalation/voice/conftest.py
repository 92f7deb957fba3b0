"""An office with registered accounts: what one voice needs besides people and clocks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from stream import account
from stream.account import Account
from tests.escalation.office import UNIT, Office
from tests.stream.said import SCHOOL, START

EARLY = START - timedelta(days=30)
ACCOUNTS = (
    Account(SCHOOL, "main", "weibo", "青禾职院", "1", "宣传部", "api", EARLY, main=True),
    Account(SCHOOL, "canteen", "weibo", "青禾后勤", "2", UNIT, "api", EARLY),
    Account(SCHOOL, "hall", "wechat", "青禾后勤公众号", "3", UNIT, "api", EARLY),
    Account(SCHOOL, "shut", "weibo", "旧号", "4", UNIT, "api", EARLY, active=False),
)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """The office of every test here."""
    made = Office.at(tmp_path)
    with made.store.write() as conn:
        account.enter(conn, ACCOUNTS)
    yield made
    made.store.close()
