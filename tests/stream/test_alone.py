"""What one line weighs by itself: the same as freshly judged, also of a line that was kept."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sentiment.engine import engine_by_name
from stream.alone import alone
from stream.assess import assess
from stream.post import Kind, Post, Route, door
from stream.rules import load

NOON = datetime(2026, 3, 9, 4, tzinfo=UTC)
LATER_UNKNOWN = dict.fromkeys(("p_concern", "p_positive", "unsure", "p_abuse"))
"""What is not kept of an assessment."""
TEXTS = (
    "食堂的饭真的越来越难吃了",
    "三号窗口的红烧鱼里吃出一只苍蝇",
    "在二食堂吃完全寝室上吐下泻，两个去医院了",
    "今天的云真好看",
)


def comment(text: str) -> Post:
    kept, digest, cut = door(text)
    return Post(
        school="YL", id="weibo:1", kind=Kind.COMMENT, platform="weibo", account_id="wb", thread_id="weibo:0", text=kept,
        text_hash=digest, cut=cut, revision=digest[:16], published_at=NOON, first_seen_at=NOON, fetched_at=NOON,
        route=Route.MANUAL,
    )  # fmt: skip


@pytest.mark.parametrize("engine", ["blend", "snow"])
def test_a_kept_line_weighs_by_itself_what_it_weighed_when_it_was_judged(engine: str) -> None:
    judged = assess([comment(text) for text in TEXTS], engine_by_name(engine), load(), NOON)
    fresh = [alone(one) for one in judged]
    assert [alone(one.model_copy(update=LATER_UNKNOWN)) for one in judged] == fresh
    assert fresh[2].value > fresh[1].value > fresh[0].value >= fresh[3].value == 0
