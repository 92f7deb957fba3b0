"""The dashboard: every metric on one panel, every question taken by promtool, the file as `make metrics` writes it."""

from __future__ import annotations

import json
import re
import subprocess
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from deploy import dashboard
from deploy.metric_catalogue import CATALOGUE, Unit, named
from tests.deploy.yaml_file import read

ROOT = Path(__file__).resolve().parents[2]
GRAFANA = ROOT / "deploy" / "grafana"
PANELS: list[dict[str, Any]] = [one for one in dashboard.board()["panels"] if one["type"] != "row"]


def asked(panel: dict[str, Any]) -> set[str]:
    """The metrics that a panel asks for."""
    return {named(name).name for one in panel["targets"] for name in re.findall(r"\bfengxin_\w+", one["expr"])}


def test_the_file_is_what_make_metrics_writes() -> None:
    file = GRAFANA / "dashboards" / "fengxin.json"
    assert file.read_text("utf-8") == dashboard.written(), "run `make metrics`"
    assert json.loads(file.read_text("utf-8")) == dashboard.board()


def test_every_metric_stands_on_one_panel() -> None:
    shown = [name for panel in PANELS for name in asked(panel)]
    assert sorted(shown) == sorted(one.name for one in CATALOGUE)


def test_a_panel_is_read_in_chinese_with_its_unit() -> None:
    for panel in PANELS:
        (name,) = asked(panel)
        assert re.search(r"[\u4e00-\u9fff]", panel["title"])
        assert panel["description"] == named(name).meaning
        unit = panel["fieldConfig"]["defaults"]["unit"]
        if named(name).unit in (Unit.SECONDS, Unit.BYTES, Unit.MOMENT):
            assert unit in ("s", "bytes")
        elif named(name).unit is not Unit.TRUTH:
            assert re.search(r"（(次|个|条)(/小时)?）$", panel["title"])


def test_no_panel_lies_over_another_and_each_has_its_own_number() -> None:
    spots = [one["gridPos"] for one in dashboard.board()["panels"]]
    for one, other in combinations(spots, 2):
        apart = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart or below, (one, other)
    assert all(spot["x"] + spot["w"] <= 24 for spot in spots)
    numbers = [one["id"] for one in dashboard.board()["panels"]]
    assert len(set(numbers)) == len(numbers)


def test_the_rows_are_the_groups_of_the_alerts() -> None:
    groups = read(ROOT / "deploy" / "prometheus" / "alerts.yml")["groups"]
    assert [row.title for row in dashboard.ROWS] == [group["name"] for group in groups]


def test_grafana_is_told_of_the_source_and_of_the_folder_that_the_dashboard_names() -> None:
    (source,) = read(GRAFANA / "provisioning" / "datasources" / "prometheus.yml")["datasources"]
    assert (source["uid"], source["type"]) == (dashboard.SOURCE["uid"], dashboard.SOURCE["type"])
    (provider,) = read(GRAFANA / "provisioning" / "dashboards" / "fengxin.yml")["providers"]
    assert provider["type"] == "file"
    assert all(target["datasource"] == dashboard.SOURCE for panel in PANELS for target in panel["targets"])


@pytest.mark.live
def test_promtool_takes_every_question(promtool: str, tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:{panel['id']}:{target['refId']}", "expr": target["expr"].replace("$__rate_interval", "5m")}
        for panel in PANELS for target in panel["targets"]
    ]  # fmt: skip
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    done = subprocess.run([promtool, "check", "rules", file], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert f"{len(rules)} rules found" in done.stdout
