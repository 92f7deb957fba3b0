"""The bench itself: it runs through with tiny numbers, and its comments are what it says they are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stream import rules
from stream.assess import Reader, assess
from tests.bench import run as bench
from tests.bench.catchup import CatchUp, catch_up, said
from tests.bench.chain import PLACE, ROOT
from tests.bench.comments import Comments
from tests.bench.footing import Footing
from tests.bench.history import beside_history
from tests.bench.history import said as said_of_history
from tests.bench.judging import judging
from tests.bench.log_work import log_work
from tests.bench.machine import percentile
from tests.bench.matching import matching
from tests.bench.scoring import scoring
from tests.bench.searching import on_sqlite
from tests.bench.weightless import Weightless
from tests.live.elasticsearch import Elasticsearch
from tests.live.engines import EngineMissing, Kafka, Postgres

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


def test_the_comments_have_the_stated_shape() -> None:
    posts = Comments(1).posts(PLACE, NOW, 2000)
    found = assess(posts, Weightless(), Reader(rules.load(), ("风林职业技术学院",)), NOW)
    assert 42 < sum(len(post.text) for post in posts) / len(posts) < 58
    assert 0.03 < sum(bool({hit.theme for hit in one.hits} - {"any"}) for one in found) / len(found) < 0.08
    assert not any(hit.grave for one in found for hit in one.hits)
    assert len({post.id for post in posts}) == len(posts)
    assert Comments(1).texts(50) == Comments(1).texts(50)


def test_every_planted_line_is_grave() -> None:
    made = Comments(2)
    found = assess(
        [made.grave(PLACE, NOW) for _ in range(200)], Weightless(), Reader(rules.load(), ("风林职业技术学院",)), NOW
    )
    assert sum(any(hit.grave for hit in one.hits) for one in found) == 200
    assert len({one.post.thread_id for one in found}) == len(found)


def test_what_never_came_makes_the_percentile_never() -> None:
    assert percentile([1.0, 2.0, float("inf")], 0.5) == 2.0
    assert percentile([1.0, 2.0, float("inf")], 0.99) is None


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_quick_run_measures_the_whole_chain(tmp_path: Path) -> None:
    out = tmp_path / "bench.json"
    ran = subprocess.run(
        [sys.executable, "-c", _QUICK, str(out)], cwd=ROOT, capture_output=True, text=True, timeout=550,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = json.loads(out.read_text("utf-8"))
    assert found["rate"]["per_second"] > 0
    assert set(found["rate"]["cpu_us"]) == {"watch", "index", "assess"}
    assert found["latency"]["opened"] > 0
    assert found["latency"]["mails"] > found["latency"]["opened"]
    assert found["latency"]["not_accepted"] == 0
    for name in ("inbox", "notify", "web", "watch", "index", "assess"):
        assert found["latency"]["cpu_us"][name] > 0
        assert found["latency"]["memory_mb"][name] > 20
    assert found["crawl"]["comments"] > 0
    assert found["crawl"]["cpu_us"] > 0
    assert found["crawl"]["memory_mb"] > 20


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_backlog_is_worked_off_whole_and_in_order() -> None:
    _is_whole(catch_up(300), 300)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_alarms_are_measured_beside_history_that_is_being_worked_off() -> None:
    one = beside_history(400, 2.0, per_second=20.0)
    assert 0 <= one.after <= one.before <= 2 * one.records
    for late in (one.alone, one.beside):
        assert 0.5 * late.planted < late.opened <= late.planted, "nearly every planted line is grave, see above"
        assert late.not_accepted == 0
    assert len(said_of_history([one])) == 4


@pytest.mark.live
@pytest.mark.timeout(600)
def test_the_real_engines_are_measured_beside_a_bare_loop(
    kafka: Kafka, elasticsearch: Elasticsearch, postgres: Postgres
) -> None:
    footing = Footing(kafka, elasticsearch, postgres)
    work = log_work(footing, 300, 1)
    assert set(work.cpu_us) == {"bare", "unread", "weightless"}
    assert work.times_bare[0] < 6, "a run so short says nothing of its own"
    one = catch_up(300, footing)
    _is_whole(one, 300)
    assert set(one.engine_cpu_us) == {"Kafka", "Elasticsearch", "Postgres"}
    assert min(one.engine_cpu_us.values()) > 0


def test_parts_are_measured_by_name_and_a_missing_engine_is_said_aloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lacking() -> Footing:
        raise EngineMissing("mvn is not installed")

    monkeypatch.setattr(bench, "standing", lacking)
    out = tmp_path / "bench.json"
    out.write_text('{"crawl": "of an earlier run"}', "utf-8")
    bench.run(bench.QUICK, out, ["search", "apart"])
    found = json.loads(out.read_text("utf-8"))
    assert found["crawl"] == "of an earlier run"
    assert [one["on"] for one in found["search"]] == ["SQLite"]
    assert set(found["measured"]) == {"search", "apart"}
    assert capsys.readouterr().out.count("NOT MEASURED ON KAFKA, ELASTICSEARCH AND POSTGRESQL: mvn is not") == 2


def _is_whole(one: CatchUp, records: int) -> None:
    assert one.records == records
    assert set(one.seconds) == {"assess", "watch", "index"}
    assert {"watch", "index", "assess", "assess 2"} <= set(one.memory_mb)
    assert min(one.disk.values()) > 50
    assert said(one)[0].endswith("in order, whole")


_QUICK = """
import json, sys
from dataclasses import asdict
from pathlib import Path
from tests.bench.crawl import crawl_cost
from tests.bench.latency import chain_latency
from tests.bench.rate import chain_rate
rate = chain_rate(1, 60, snow=False)
latency = chain_latency(40, 1.5, snow=False, cores=1)
found = {"rate": rate, "latency": latency, "crawl": crawl_cost(6)}
Path(sys.argv[1]).write_text(json.dumps({name: asdict(one) for name, one in found.items()}))
"""


def test_matching_is_far_ahead_of_a_naive_loop_and_gives_its_answers() -> None:
    found = matching(rules=2000, texts=600, naive_texts=100, few=100, many=3000)
    assert found.hits > 0
    assert found.times_naive > 10
    assert found.growth < 5
    assert found.hits_a_text > 0


def test_the_default_path_with_all_rules_leaves_snownlp_far_behind() -> None:
    stock, one = judging(1000, 40)
    assert one.engine == "blend"
    assert one.times_stock > 10
    assert 0.1 < one.engine_share < 0.9
    assert stock.slowest_per_second <= stock.per_second


def test_scoring_is_a_hundred_times_as_fast_as_snownlp_in_a_small_process() -> None:
    _, ways = scoring(1500, 60)
    assert [one.name for one in ways][:1] == ["arrays"]
    for one in ways:
        assert one.times_stock > 60
        assert one.one_at_a_time_times_stock > 5
        assert one.start_seconds < 5
    assert ways[0].memory_mb < 120


def test_the_search_is_measured_and_rebuilt_at_any_number() -> None:
    found = on_sqlite(2300)
    assert found.row().startswith("| SQLite | 2,300 |")
    assert min(found.indexed, found.rebuilt, *found.find, *found.count, found.bytes_each, found.memory_mb) > 0
