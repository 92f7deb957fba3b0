"""/healthz and /metrics: what a supervisor and Prometheus are told."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, update

from escalation import alert, auditor
from escalation.incident import incidents
from escalation.notice import DeliveryState, deliveries, notices
from escalation.web.health import beat_of
from stream import pulse
from stream.pulse import Pulse
from stream.store import Store, StoreUnavailable
from tests.escalation.web.house import NOW, SCHOOL, House


def test_all_roles_up_is_200_with_every_role_named(house: House) -> None:
    house.roles = ("crawl", "notify")
    with house.store.write() as conn:
        pulse.beat(conn, "crawl", house.now)
        pulse.beat(conn, "notify", house.now)
    answer = house.client().get("/healthz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert set(answer.json()["roles"]) == {"crawl", "notify"}


def test_a_silent_a_missing_and_a_troubled_role_are_503_by_name(house: House) -> None:
    house.roles = ("crawl", "assess", "notify", "index")
    with house.store.write() as conn:
        pulse.beat(conn, "crawl", house.now)
        pulse.beat(conn, "assess", house.now - timedelta(minutes=2))
        pulse.beat(conn, "index", house.now, "检索引擎没有回应")
    client = house.client()
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["failing"] == ["assess", "notify", "index"]
    text = client.get("/healthz", headers={"accept": "text/plain"})
    assert text.status_code == 503
    for words in ("（assess）已 120 秒没有回应", "（notify）从未报到", "检索引擎没有回应"):
        assert words in text.text


def test_a_store_that_is_away_is_503_and_not_a_stack_trace(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    house.roles = ("crawl",)
    client = house.client("monitor")

    def away(self: Store) -> object:
        raise StoreUnavailable("存储暂不可用：磁盘已满")

    monkeypatch.setattr(Store, "read", away)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert "存储此刻读不到" in answer.json()["words"]
    assert "磁盘已满" not in answer.text, "the database's own words are for the log, not for everybody"
    assert re.search(r"编号 E-[0-9a-f]{6}", answer.json()["words"])
    page = client.get("/desk", headers={"accept": "text/html"})
    assert page.status_code == 503
    assert "恢复后补判" in page.text
    assert "磁盘已满" not in page.text
    code = re.search(r"编号 (E-[0-9a-f]{6})", page.text)
    assert code is not None
    assert code[1] in caplog.text
    assert "磁盘已满" in caplog.text
    assert "fengxin_store_up 0.0" in client.get("/metrics").text


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (None, "silent"),
        (Pulse("crawl", NOW - timedelta(seconds=20), ""), "up"),
        (Pulse("crawl", NOW - timedelta(seconds=21), ""), "silent"),
        (Pulse("crawl", NOW, "平台拒绝"), "troubled"),
        (Pulse("crawl", NOW + timedelta(seconds=60), ""), "up"),
        (Pulse("crawl", NOW + timedelta(seconds=61), ""), "silent"),
    ],
)
def test_a_role_is_judged_by_its_freshest_pulse(found: Pulse | None, state: str) -> None:
    assert beat_of("crawl", found, NOW).state == state


def test_a_role_whose_only_pulse_is_from_the_future_is_not_called_up(house: House) -> None:
    house.roles = ("crawl",)
    with house.store.write() as conn:
        pulse.beat(conn, "crawl", house.now + timedelta(hours=8))
    answer = house.client().get("/healthz")
    assert answer.status_code == 503
    assert "请核对各机器的时钟" in answer.json()["words"]
    strip = house.client("monitor").get("/strip").text
    assert "采集时钟不一致" in strip


@pytest.mark.parametrize("beaten_since", [True, False])
def test_a_pulse_from_the_future_does_not_hide_a_dead_auditor(house: House, beaten_since: bool) -> None:
    """An older process had a clock eight hours ahead; it was set right, and the auditor (re)started, and then died."""

    def rings(minutes: int, *, beats: bool) -> bool:
        now = house.now + timedelta(minutes=minutes)
        with house.store.write() as conn:
            if beats:
                pulse.beat(conn, auditor.ROLE, now)
            auditor.listen(conn, SCHOOL, now)
            return auditor.SILENT in {one.cause for one in alert.ringing(conn, SCHOOL)}

    with house.store.write() as conn:
        if beaten_since:
            pulse.beat(conn, auditor.ROLE, house.now)
        row = {"role": auditor.ROLE, "instance": "old:1", "at": house.now + timedelta(hours=8), "trouble": ""}
        conn.execute(insert(pulse.pulses).values(row))
    assert rings(3, beats=False)
    assert not rings(4, beats=True)


def test_metrics_give_figures_and_no_text(house: House) -> None:
    house.incident(level=2)
    page = house.client().get("/metrics").text
    assert 'fengxin_open_incidents{level="2"} 1.0' in page
    assert 'fengxin_deliveries{state="waiting"}' in page
    assert "fengxin_dead_letter_records 0.0" in page
    assert "食堂" not in page


def test_what_waits_and_what_is_overdue_are_counted_from_the_store(house: House) -> None:
    def figures() -> dict[str, float]:
        lines = house.client().get("/metrics").text.splitlines()
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}

    number = house.incident(level=2)
    with house.store.write() as conn:
        everything = conn.execute(select(func.count()).select_from(deliveries)).scalar_one()
        taken = conn.execute(select(deliveries.c.id).order_by(deliveries.c.id).limit(2)).scalars().all()
        conn.execute(update(deliveries).where(deliveries.c.id == taken[0]).values(state=DeliveryState.SENDING))
        conn.execute(update(deliveries).where(deliveries.c.id == taken[1]).values(state=DeliveryState.ACCEPTED))
    assert everything > 2
    found = figures()
    assert found["fengxin_deliveries_waiting"] == everything - 1
    assert found['fengxin_deliveries{state="accepted"}'] == 1
    assert found["fengxin_notices_unsigned"] == 0, "nobody is late yet"

    house.now += timedelta(days=1)
    with house.store.write() as conn:
        owed = conn.execute(select(func.count()).where(notices.c.needs_signature)).scalar_one()
    assert figures()["fengxin_notices_unsigned"] == owed > 1
    with house.store.write() as conn:
        conn.execute(update(notices).where(notices.c.id == house.notice(number, "school")).values(signed_at=house.now))
    assert figures()["fengxin_notices_unsigned"] == owed - 1
    with house.store.write() as conn:
        conn.execute(update(incidents).values(school="LG"))
        conn.execute(update(notices).values(school="LG"))
        conn.execute(update(deliveries).values(school="LG"))
    found = figures()
    assert (found["fengxin_notices_unsigned"], found["fengxin_deliveries_waiting"]) == (0, 0), "another school's"


def test_an_error_of_ours_is_a_page_with_a_number_and_no_details(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from fastapi.testclient import TestClient

    from escalation.web import queue
    from escalation.web.app import build

    def broken(*_: object) -> object:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(queue, "tide_of", broken)
    client = TestClient(build(house.desk()), raise_server_exceptions=False)
    client.cookies.set("fengxin", house.session("monitor"))
    answer = client.get("/desk", headers={"accept": "text/html"})
    assert answer.status_code == 500
    assert "编号 E-" in answer.text
    assert "secret detail" not in answer.text
    assert "不受影响" in answer.text


def test_alerts_are_counted_by_kind_and_never_by_what_they_name(house: House) -> None:
    with house.store.write() as conn:
        for cause in ("blind:weibo:1", "blind:weibo:2", "search:full", "auditor:idle", "something:odd"):
            alert.ring(conn, SCHOOL, cause, "请处理。", house.now)
    lines = house.client().get("/metrics").text.splitlines()
    counted = {line.partition(" ")[0]: line.rpartition(" ")[2] for line in lines if line.startswith("fengxin_alerts{")}
    assert len(counted) == len(alert.KINDS), "those that are quiet stand there as well"
    ringing = {name: value for name, value in counted.items() if value != "0.0"}
    assert ringing == {
        'fengxin_alerts{kind="blind"}': "2.0", 'fengxin_alerts{kind="search:full"}': "1.0",
        'fengxin_alerts{kind="auditor"}': "1.0", 'fengxin_alerts{kind="other"}': "1.0",
    }  # fmt: skip


def test_metrics_judge_every_expected_role_as_healthz_does(house: House) -> None:
    house.roles = ("crawl", "assess", "notify", "index")
    with house.store.write() as conn:
        pulse.beat(conn, "crawl", house.now)
        pulse.beat(conn, "assess", house.now - timedelta(minutes=2))
        pulse.beat(conn, "index", house.now, "检索引擎没有回应")
    page = house.client().get("/metrics").text
    found = {
        role: [f'fengxin_role_{what}{{role="{role}"}} 1.0' in page for what in ("up", "able")] for role in house.roles
    }
    assert found == {"crawl": [True, True], "assess": [False] * 2, "notify": [False] * 2, "index": [True, False]}
    assert page.count("fengxin_role_up{") == page.count("fengxin_role_able{") == len(house.roles)


def test_the_disk_of_each_part_is_measured_also_while_the_store_is_away(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fastapi.testclient import TestClient

    from escalation.web.app import build

    def away(self: Store) -> object:
        raise StoreUnavailable("存储暂不可用：磁盘已满")

    client = TestClient(build(replace(house.desk(), disks={"data": tmp_path, "log": tmp_path / "gone"})))
    monkeypatch.setattr(Store, "read", away)
    found = dict(line.rpartition(" ")[::2] for line in client.get("/metrics").text.splitlines() if line[0] != "#")
    total, free = (float(found[f'fengxin_disk_{what}_bytes{{part="data"}}']) for what in ("size", "free"))
    assert 0 < free <= total == shutil.disk_usage(tmp_path).total
    assert not [name for name in found if 'part="log"' in name], "a folder that is not there has no disk"
