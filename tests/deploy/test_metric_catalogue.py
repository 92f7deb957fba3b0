"""The metric catalogue: held to the objects of the rooms, to its own rules and to its page."""

from __future__ import annotations

import ast
import importlib
import itertools
import re
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import Counter, Gauge, Histogram

from crawlers.routes import STREAMS
from deploy.metric_catalogue import CATALOGUE, Metric, Sort, Unit, named, page
from escalation.alert import KINDS, kind_of
from escalation.channels import Channel, dingtalk, feishu, mail, sms, webhook, wecom, wecom_app

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("crawlers", "stream", "sentiment", "escalation", "deploy")
KEPT_IN = ("stream.metrics", "stream.search.metrics", "escalation.notice.metrics", "crawlers.crawl")
SORTS: dict[type[object], Sort] = {Counter: Sort.COUNTER, Gauge: Sort.GAUGE, Histogram: Sort.HISTOGRAM}
PER_ONE = pytest.mark.parametrize("metric", CATALOGUE, ids=lambda metric: metric.name)


def objects() -> dict[str, tuple[Sort, tuple[str, ...]]]:
    """Name, sort and labels of every metric object of the rooms."""
    found = {}
    for module in KEPT_IN:
        for one in vars(importlib.import_module(module)).values():
            if type(one) in SORTS:
                name = one._name + ("_total" if isinstance(one, Counter) else "")
                found[name] = (SORTS[type(one)], tuple(one._labelnames))
    return found


def declared() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Name → class and labels of every metric that any file of ours makes, as written there."""
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for file in (file for room in ROOMS for file in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            match node:
                case ast.Call(
                    ast.Name("Counter" | "Gauge" | "Histogram" | "Summary" | "GaugeMetricFamily" as made),
                    [ast.Constant(str(name)), _, *labels],
                ):
                    given = [*labels, *(one.value for one in node.keywords if one.arg == "labels")]
                    words = [ast.literal_eval(one) for one in given if isinstance(one, ast.List)]
                    found[name] = (made, tuple(words[0]) if words else ())
    return found


def test_every_metric_that_a_room_declares_stands_in_the_catalogue_and_the_other_way_round() -> None:
    how = "a row in deploy/metric_catalogue.py, its name in ROWS of deploy/dashboard.py, then `make metrics`"
    assert set(declared()) == {one.name for one in CATALOGUE}, how
    assert len(CATALOGUE) == len({one.name for one in CATALOGUE})


def test_sort_and_labels_are_those_of_the_objects() -> None:
    assert len(objects()) > 15
    for name, (sort, labels) in objects().items():
        listed = named(name)
        assert (listed.sort, tuple(label.name for label in listed.labels)) == (sort, labels), name
    for name, (made, labels) in declared().items():
        if made == "GaugeMetricFamily":
            assert named(name).sort is Sort.GAUGE
            assert tuple(label.name for label in named(name).labels) == labels, name


@PER_ONE
def test_a_name_carries_its_unit(metric: Metric) -> None:
    name = metric.name
    assert re.fullmatch(r"fengxin_[a-z]+(_[a-z]+)*", name)
    assert name.endswith("_total") == (metric.sort is Sort.COUNTER)
    assert name.endswith("_bytes") == (metric.unit is Unit.BYTES)
    assert name.endswith("_seconds") == (metric.unit in (Unit.SECONDS, Unit.MOMENT))
    assert name.endswith("_timestamp_seconds") == (metric.unit is Unit.MOMENT)
    assert metric.sort is Sort.COUNTER or name.endswith("_records") == (metric.unit is Unit.LINES)
    assert not re.search(r"_(minutes|hours|days|ms|milliseconds|kb|mb|percent)(_|$)", name), "base units only"


BEGUN = """
import sys
from prometheus_client import REGISTRY
from crawlers.crawl import begin as begin_crawl
from escalation.notice.metrics import begin as begin_channels
import stream.metrics, stream.search.metrics
for platform in sys.argv[1].split(","):
    begin_crawl(platform)
begin_channels(sys.argv[2].split(","))
for family in REGISTRY.collect():
    for one in family.samples:
        if one.name.endswith("_total") and one.name.startswith("fengxin_"):
            assert one.value == 0, one
            print(one.name, *(f"{name}={value}" for name, value in sorted(one.labels.items())))
"""
NEVER = {"delivery_attempts_total": {"outcome": {"sending", "withdrawn"}}, "crawl_rows_total": {"kind": {"lead"}}}
"""Values of labels that nothing is ever counted under, of what is written in the catalogue by the name of a set."""


def test_every_counter_begins_at_zero_with_every_value_that_its_labels_may_take() -> None:
    """In a process of its own: in this one something may have been counted. Else `increase` misses the first one."""
    platforms, channels = (
        named("fengxin_crawl_rows_total").labels[0],
        named("fengxin_delivery_attempts_total").labels[0],
    )
    asked = [sys.executable, "-c", BEGUN, ",".join(platforms.values), ",".join(channels.values)]
    begun = set(subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines())
    for metric in (one for one in CATALOGUE if one.sort is Sort.COUNTER):
        never = NEVER.get(metric.name.removeprefix("fengxin_"), {})
        sides = [
            [(label.name, value) for value in label.values if value not in never.get(label.name, ())]
            for label in sorted(metric.labels, key=lambda label: label.name)
        ]
        for values in itertools.product(*sides):
            given = dict(values)
            if "stream" in given and given["stream"] not in STREAMS[given["platform"]]:
                continue
            assert " ".join((metric.name, *(f"{name}={value}" for name, value in values))) in begun


@PER_ONE
def test_a_metric_is_explained_in_chinese_and_its_labels_are_bounded(metric: Metric) -> None:
    assert re.search(r"[\u4e00-\u9fff]", metric.title)
    assert metric.meaning.endswith("。")
    assert len(metric.title) <= 10, "it is the title of a panel"
    series = 1
    for label in metric.labels:
        assert label.values or label.name == "account", "only the roster's accounts are not listed"
        assert label.name not in ("le", "post", "incident", "person", "writer", "url")
        series *= len(label.values) or 1
    assert series <= 250


def test_each_name_is_found_by_its_samples_and_an_unknown_one_is_not() -> None:
    assert named("fengxin_delivery_seconds_bucket").name == "fengxin_delivery_seconds"
    with pytest.raises(KeyError):
        named("fengxin_delivery_seconds_total")


def test_the_channels_are_those_that_there_are() -> None:
    modules = (mail, wecom, wecom_app, dingtalk, feishu, webhook, sms)
    classes = [one for module in modules for one in vars(module).values() if isinstance(one, type)]
    names = {one.name for one in classes if issubclass(one, Channel) and one is not Channel}
    (label,) = (label for label in named("fengxin_delivery_attempts_total").labels if label.name == "channel")
    assert set(label.values) == names


def causes() -> set[str]:
    """How the causes of alerts begin, as the rooms write them down."""
    found = set()
    for file in (file for room in ("escalation", "deploy") for file in (ROOT / room).rglob("*.py")):
        text = file.read_text("utf-8")
        if "alert" in text:
            found |= set(re.findall(r'(?m)^(?:CAUSE|CLOCK_FAILED|SILENT|ROTA|SEARCH_\w+) = "([a-z]+:[a-z]*)"$', text))
    return found


def test_every_cause_of_an_alert_has_its_kind() -> None:
    assert len(causes()) > 12
    for cause in causes():
        assert kind_of(cause if cause in KINDS else f"{cause}7") != "other", cause
    assert kind_of("search:full") == "search:full"
    assert kind_of("auditor:idle") == "auditor"
    assert kind_of("auditor:silent") == "auditor:silent"
    assert kind_of("heartbeat:url") == "heartbeat"
    assert kind_of("clock") == "clock"
    assert kind_of("something:new") == "other"
    assert len(set(KINDS)) == len(KINDS)


def test_the_page_is_the_catalogue_as_make_metrics_writes_it() -> None:
    assert (ROOT / "deploy" / "metrics.md").read_text("utf-8") == page(), "run `make metrics`"
    asked = [sys.executable, "-m", "deploy.metric_catalogue"]
    assert subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout == page()
