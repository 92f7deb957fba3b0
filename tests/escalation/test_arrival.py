"""Order of arrival: what comes together opens and adds to the same incidents, in whatever order the log holds it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from escalation.incident import incidents, members, open_keys
from stream.assessment import Assessment
from stream.kept import posts
from stream.post import Counts
from tests.escalation.station import open_station
from tests.stream.said import CUE, PLAIN, POISONED, RAW_CHICKEN, START, WORM, a_post, assessed, counts

Said = tuple[str, int, str, str, int]
"""Text, minute in which it was said (many share one), thread, author, likes that are seen later."""
LINE = st.tuples(
    st.sampled_from([RAW_CHICKEN, WORM, POISONED, CUE, PLAIN, "食堂阿姨打饭手抖，太气人了"]),
    st.integers(0, 3),
    st.sampled_from(["weibo:t1", "weibo:t2"]),
    st.sampled_from(["甲", "乙", "丙", "丁", "戊"]),
    st.sampled_from([0, 0, 30, 80]),
)
TIMES = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def outcome(folder: Path, *batches: Sequence[Assessment | Counts]) -> list[Any]:
    """Each incident as it opened, what it owns and who belongs to it, after these batches."""
    with open_station(folder) as station:
        station.office.now = START + timedelta(minutes=10)
        for batch in batches:
            station.append(*batch)
            station.listen()
        opened = [
            (row.id, row.theme, row.level, row.title, row.risk, row.first_post_id, row.reasons)
            for row in station.office.rows(incidents)
        ]
        belong = sorted((row.incident_id, row.post_id) for row in station.office.rows(members))
        return [opened, belong, sorted((row.incident_id, row.key) for row in station.office.rows(open_keys))]


def recorded(spoken: list[Said]) -> tuple[list[Assessment], list[Counts]]:
    """What is put on the log of these lines, and their likes as they were seen once before and once after."""
    seen_at = START + timedelta(minutes=10)
    said = [
        a_post(text, f"weibo:{at}", thread=thread, author=author, at=START + timedelta(minutes=minute), fetched=seen_at)
        for at, (text, minute, thread, author, _) in enumerate(spoken)
    ]
    likes = [line[-1] for line in spoken]
    sights = [counts(post, some) for post, some in zip(said, likes, strict=True)]
    sights += [counts(post, some // 2, -timedelta(minutes=1)) for post, some in zip(said, likes, strict=True)]
    return [assessed(post, negative=True) for post in said], sights


@TIMES
@given(st.lists(LINE, min_size=2, max_size=12), st.data())
def test_the_order_in_which_lines_and_then_likes_arrive_changes_no_incident(
    tmp_path_factory: pytest.TempPathFactory, spoken: list[Said], data: st.DataObject
) -> None:
    lines, sights = recorded(spoken)
    first = outcome(tmp_path_factory.mktemp("first"), [*lines], [*sights])
    others = [*data.draw(st.permutations(lines))], [*data.draw(st.permutations(sights))]
    assert outcome(tmp_path_factory.mktemp("other"), *others) == first


@TIMES
@given(st.lists(LINE, min_size=2, max_size=12), st.data())
def test_the_order_of_one_batch_of_lines_and_likes_changes_no_incident(
    tmp_path_factory: pytest.TempPathFactory, spoken: list[Said], data: st.DataObject
) -> None:
    lines, sights = recorded(spoken)
    together: list[Assessment | Counts] = [*lines, *sights]
    other = list(data.draw(st.permutations(together)))
    assert outcome(tmp_path_factory.mktemp("other"), other) == outcome(tmp_path_factory.mktemp("first"), together)


def test_likes_that_come_together_count_in_the_order_in_which_they_were_seen(tmp_path: Path) -> None:
    """Five lines that no rule marks rise above their post at once: the one that was seen first opens the incident."""
    spoken: list[Said] = [(f"{name}觉得不过如此", 0, "weibo:t1", name, 30) for name in "甲乙丙丁戊"]
    lines, sights = recorded(spoken)
    one = outcome(tmp_path / "one", list(lines), list(sights))
    assert one[0], "nothing opened: nothing is shown"
    assert outcome(tmp_path / "other", list(lines), list(reversed(sights))) == one


def test_two_texts_of_one_line_from_the_same_instant_are_taken_in_one_order(tmp_path: Path) -> None:
    """Which of them is current does not hang on the log."""
    two = [assessed(a_post(text, "weibo:1", author="甲"), negative=True) for text in (RAW_CHICKEN, POISONED)]
    assert current(tmp_path / "one", two) == current(tmp_path / "other", list(reversed(two)))


def current(folder: Path, batch: list[Assessment]) -> list[tuple[str, str]]:
    """Each post with its current revision after this batch."""
    with open_station(folder) as station:
        station.append(*batch)
        station.listen()
        return [(row.id, row.revision) for row in station.office.rows(posts)]
