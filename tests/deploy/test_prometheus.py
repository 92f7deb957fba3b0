"""A real Prometheus (Debian's) with our scrape settings and our alert rules, on a real role's page."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.metric_catalogue import CATALOGUE, named
from tests.acceptance.standing import eventually
from tests.deploy.conftest import Alone, free_port

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "prometheus"
pytestmark = pytest.mark.live


class Prometheus:
    """One that runs, asked over its API."""

    def __init__(self, address: str) -> None:
        self.address = address

    def asked(self, what: str, **given: str) -> Any:
        """The data of an answer; nothing while it is not up."""
        with suppress(httpx.HTTPError):
            answer = httpx.get(f"http://{self.address}/api/v1/{what}", params=given, timeout=10)
            if answer.status_code == 200:
                return answer.json()["data"]
        return None

    def value(self, expression: str) -> str | None:
        """The one value of an expression."""
        found = (self.asked("query", query=expression) or {}).get("result", [])
        return found[0]["value"][1] if len(found) == 1 else None

    def alerts(self) -> set[tuple[str, str]]:
        """Name and state of what rings or is about to."""
        found = (self.asked("alerts") or {}).get("alerts", [])
        return {(one["labels"]["alertname"], one["state"]) for one in found}


@pytest.fixture
def prometheus(promtool: str, alone: Alone, tmp_path: Path) -> Iterator[Prometheus]:
    """With our own two files; only the pace and the address are the test's."""
    text = (FOLDER / "prometheus.yml").read_text("utf-8")
    for ours, its in (("_interval: 15s", "_interval: 1s"), ('"127.0.0.1:8700"', f'"{alone.address}"')):
        assert ours in text
        text = text.replace(ours, its)
    (tmp_path / "prometheus.yml").write_text(text, "utf-8")
    shutil.copy(FOLDER / "alerts.yml", tmp_path)
    address = f"127.0.0.1:{free_port()}"
    words = [f"--config.file={tmp_path / 'prometheus.yml'}", f"--storage.tsdb.path={tmp_path / 'kept'}"]
    words += [f"--web.listen-address={address}", "--log.level=warn"]
    with (tmp_path / "said").open("w") as said:
        process = subprocess.Popen([Path(promtool).with_name("prometheus"), *words], stdout=said, stderr=said)
    try:
        yield Prometheus(address)
    finally:
        process.terminate()
        process.wait(60)


def test_a_real_prometheus_reads_a_roles_page_and_rings_when_the_role_is_gone(
    prometheus: Prometheus, alone: Alone
) -> None:
    eventually("the role is scraped", lambda: prometheus.value("up") == "1", 60)
    eventually(
        "its start is known", lambda: prometheus.value('fengxin_role_started_timestamp_seconds{role="watch"}'), 30
    )
    kinds = prometheus.asked("metadata")
    sorts = {name: kinds[name][0]["type"] for name in kinds if name.startswith("fengxin_")}
    ours = {f"{name}_total" if sort == "counter" else name: sort for name, sort in sorts.items()}
    assert set(ours) <= {one.name for one in CATALOGUE}
    assert all(named(name).sort.value == sort for name, sort in ours.items())
    assert set(ours.values()) == {"counter", "gauge", "histogram"}

    def judged() -> list[dict[str, Any]]:
        rules = [rule for group in (prometheus.asked("rules") or {"groups": []})["groups"] for rule in group["rules"]]
        return rules if rules and all(rule["health"] != "unknown" for rule in rules) else []

    rules = eventually("every rule was tried", judged, 60)
    assert {rule["name"]: rule.get("lastError", "") for rule in rules if rule["health"] != "ok"} == {}
    assert len(rules) > 30
    assert prometheus.alerts() == set(), "a role that works rings nothing"
    alone.process.terminate()
    eventually("it is about to ring", lambda: ("FengxinDeskDown", "pending") in prometheus.alerts(), 60)
