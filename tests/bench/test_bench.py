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
from tests.bench.chain import PLACE, ROOT
from tests.bench.comments import Comments
from tests.bench.judging import judging
from tests.bench.machine import percentile
from tests.bench.matching import matching
from tests.bench.scoring import scoring
from tests.bench.weightless import Weightless

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


def test_the_comments_have_the_stated_shape() -> None:
    posts = Comments(1).posts(PLACE, NOW, 2000)
    found = assess(posts, Weightless(), Reader(rules.load(), ("风林职业技术学院",)), NOW)
    assert 42 < sum(len(post.text) for post in posts) / len(posts) < 58
    assert 0.03 < sum(bool({hit.theme for hit in one.hits} - {"any"}) for one in found) / len(found) < 0.08
    assert not any(hit.grave for one in found for hit in one.hits)
    assert len({post.id for post in posts}) == len(posts)
    assert Comments(1).texts(50) == Comments(1).texts(50)


def test_nearly_every_planted_line_is_grave() -> None:
    made = Comments(2)
    found = assess(
        [made.grave(PLACE, NOW) for _ in range(200)], Weightless(), Reader(rules.load(), ("风林职业技术学院",)), NOW
    )
    assert sum(any(hit.grave for hit in one.hits) for one in found) >= 190
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
