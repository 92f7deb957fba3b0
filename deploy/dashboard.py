"""Dashboard 看板: Grafana's JSON, built from the metric catalogue; every metric stands on one panel.

`python -m deploy.dashboard` prints it (`make metrics` writes `deploy/grafana/dashboards/fengxin.json`).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from deploy.metric_catalogue import Metric, Sort, Unit, named

SOURCE = {"type": "prometheus", "uid": "prometheus"}
WIDTH, HEIGHT, ACROSS = 8, 8, 3
FOLDED = frozenset({"stream", "platform"})
"""Labels that a panel adds up: the account or the outcome says more."""
UNITS = {Unit.SECONDS: "s", Unit.MOMENT: "s", Unit.BYTES: "bytes", Unit.TRUTH: "none"}
TRUTH = [{"type": "value", "options": {"1": {"text": "正常", "color": "green"}, "0": {"text": "异常", "color": "red"}}}]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of panels, by the names of their metrics."""

    title: str
    metrics: tuple[str, ...]


ROWS = (
    Row("运行", (
        "fengxin_role_up", "fengxin_role_able", "fengxin_store_up", "fengxin_pulse_age_seconds",
        "fengxin_role_started_timestamp_seconds", "fengxin_alerts", "fengxin_disk_free_bytes",
        "fengxin_disk_size_bytes", "fengxin_crawl_clock_off_seconds",
    )),
    Row("通知", (
        "fengxin_open_incidents", "fengxin_incidents_total", "fengxin_notices_total", "fengxin_delivery_seconds",
        "fengxin_delivery_attempts_total", "fengxin_deliveries", "fengxin_deliveries_waiting",
        "fengxin_notices_unsigned",
    )),
    Row("流转", (
        "fengxin_fetched_to_watched_seconds", "fengxin_lag_records", "fengxin_assessed_total", "fengxin_watched_total",
        "fengxin_dead_letter_records", "fengxin_dead_letters_total", "fengxin_dead_letters_not_kept_total",
        "fengxin_dead_letters_retried_total",
    )),
    Row("检索", (
        "fengxin_search_fetched_to_found_seconds", "fengxin_search_question_seconds", "fengxin_search_batch_seconds",
        "fengxin_search_indexed_total", "fengxin_search_refused_total", "fengxin_search_unavailable_total",
    )),
    Row("采集", (
        "fengxin_accounts", "fengxin_crawl_seen_after_seconds", "fengxin_crawl_rows_total", "fengxin_crawl_scans_total",
        "fengxin_crawl_requests_total", "fengxin_crawl_rows_refused_total", "fengxin_crawl_quota_left_calls",
        "fengxin_crawl_token_left_seconds",
    )),
)  # fmt: skip


def targets(metric: Metric) -> list[dict[str, Any]]:
    """What a panel asks Prometheus."""
    labels = [label.name for label in metric.labels if label.name not in FOLDED or len(metric.labels) == 1]
    by = f" by ({', '.join(labels)})" if labels else ""
    legend = " ".join(f"{{{{{label}}}}}" for label in labels) or metric.title
    if metric.sort is Sort.HISTOGRAM:
        bucket = f"sum by (le) (rate({metric.name}_bucket[$__rate_interval]))"
        asked = [
            (f"histogram_quantile({share}, {bucket})", words)
            for share, words in ((0.5, "一半"), (0.99, "百分之九十九"))
        ]
    elif metric.sort is Sort.COUNTER:
        asked = [(f"sum{by} (increase({metric.name}[1h]))", legend)]
    elif metric.unit is Unit.MOMENT:
        asked = [(f"time() - max{by} ({metric.name})", legend)]
    else:
        asked = [(f"max{by} ({metric.name})", legend)]
    return [
        {"refId": chr(65 + place), "datasource": SOURCE, "expr": expression, "legendFormat": words}
        for place, (expression, words) in enumerate(asked)
    ]


def title(metric: Metric) -> str:
    """The panel's title, with the unit where Grafana does not print it beside the figures."""
    if metric.sort is Sort.COUNTER:
        return f"{metric.title}（{metric.unit}/小时）"
    if metric.unit is Unit.MOMENT:
        return "已运行多久"
    return metric.title if metric.unit in UNITS else f"{metric.title}（{metric.unit}）"


def panel(metric: Metric, number: int, x: int, y: int) -> dict[str, Any]:
    """One panel."""
    truth = metric.unit is Unit.TRUTH
    defaults: dict[str, Any] = {"unit": UNITS.get(metric.unit, "none"), "mappings": TRUTH if truth else []}
    if metric.sort is Sort.COUNTER:
        defaults["decimals"] = 0
    if truth:
        defaults |= {"min": 0, "max": 1, "color": {"mode": "thresholds"}}
        defaults["thresholds"] = {
            "mode": "absolute", "steps": [{"color": "red", "value": None}, {"color": "green", "value": 1}]
        }  # fmt: skip
    return {
        "id": number, "type": "stat" if truth else "timeseries", "title": title(metric), "description": metric.meaning,
        "datasource": SOURCE, "gridPos": {"x": x, "y": y, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": defaults, "overrides": []}, "targets": targets(metric),
        "options": {} if truth else {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True}},
    }  # fmt: skip


def panels() -> Iterator[dict[str, Any]]:
    """Rows and their panels, three across."""
    number, y = 1, 0
    for row in ROWS:
        place = {"x": 0, "y": y, "w": WIDTH * ACROSS, "h": 1}
        yield {"id": number, "type": "row", "title": row.title, "collapsed": False, "gridPos": place, "panels": []}
        number, y = number + 1, y + 1
        for place_in_row, name in enumerate(row.metrics):
            down, across = divmod(place_in_row, ACROSS)
            yield panel(named(name), number, across * WIDTH, y + down * HEIGHT)
            number += 1
        y += -(-len(row.metrics) // ACROSS) * HEIGHT


def board() -> dict[str, Any]:
    """The dashboard as Grafana reads it."""
    return {
        "uid": "fengxin", "title": "风信", "tags": ["fengxin"], "timezone": "Asia/Shanghai", "schemaVersion": 39,
        "version": 1, "editable": False, "refresh": "30s", "time": {"from": "now-6h", "to": "now"},
        "panels": list(panels()),
    }  # fmt: skip


def written() -> str:
    """The file's text."""
    return json.dumps(board(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    sys.stdout.write(written())
