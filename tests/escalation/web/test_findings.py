"""The auditor's page and its lamp: who sees what was found, and that a dead auditor is said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from escalation import finding
from escalation.inspection import Finding, What
from stream import pulse
from tests.escalation.web.house import SCHOOL, House

LOST = "FX-2026-0007 有 2 个时限到期没有处理，最早的“签收”已过 9 分钟；请查看通知进程（notify）是否在运行。"


def found(house: House, given: Sequence[Finding]) -> None:
    with house.store.write() as conn:
        finding.keep(conn, SCHOOL, given, house.now)


def lives(house: House) -> None:
    house.roles = ("audit",)
    with house.store.write() as conn:
        pulse.beat(conn, "audit", house.now)


def test_a_finding_is_counted_on_the_strip_and_listed_with_its_cure(house: House) -> None:
    lives(house)
    number = house.incident()
    found(house, [Finding(What.CLOCK, number, number, LOST), Finding(What.READER, "watch", "", "监看进程停住<b>")])
    client = house.client("monitor")
    assert "稽核 2" in client.get("/desk").text
    page = client.get("/findings").text
    assert "到期未处理" in page
    assert LOST in page
    assert f'href="/incidents/{number}"' in page
    assert "监看进程停住&lt;b&gt;" in page
    assert "稽核没有在运行" not in page


def test_a_finding_that_ended_is_listed_below_and_counted_no_more(house: House) -> None:
    lives(house)
    found(house, [Finding(What.CLOCK, "FX-1", "FX-1", LOST)])
    house.now += timedelta(minutes=3)
    lives(house)
    found(house, [])
    page = house.client("admin").get("/findings").text
    assert "没有发现" in page
    assert LOST in page
    assert "稽核 1" not in page
    assert 'href="/incidents/FX-1"' not in page, "an administrator opens no incident"


@pytest.mark.parametrize("name", ["school", "leader", "keeper"])
def test_who_does_not_run_the_service_sees_neither_page_nor_count(house: House, name: str) -> None:
    found(house, [Finding(What.CLOCK, "FX-1", "FX-1", LOST)])
    client = house.client(name)
    assert client.get("/findings").status_code == 403
    assert "稽核" not in client.get("/me").text


def test_a_dead_auditor_is_said_on_the_strip_the_page_and_by_healthz(house: House) -> None:
    lives(house)
    house.now += timedelta(minutes=2)
    client = house.client("monitor")
    assert "稽核停 2 分" in client.get("/desk").text
    page = client.get("/findings").text
    assert "稽核没有在运行" in page
    assert "现在不知道" in page
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["failing"] == ["audit"]
