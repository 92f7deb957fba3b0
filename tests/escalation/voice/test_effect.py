"""Before and after a release: figures that are those of the rows, and no conclusion that they do not bear."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.incident import join
from escalation.voice.effect import FEWEST, Side, difference, effect, effect_of, ratio
from stream.kept import keep, keep_assessment
from tests.escalation.office import Office
from tests.stream.said import SCHOOL, a_post, assessed

counts = st.integers(FEWEST, 5000)


@pytest.mark.parametrize(
    ("before", "after"),
    [(Side(0, 0, 24), Side(500, 10, 24)), (Side(500, 400, 24), Side(19, 0, 24)), (Side(3, 3, 1), Side(0, 0, 2))],
)
def test_few_comments_allow_no_conclusion(before: Side, after: Side) -> None:
    found = effect(before, after)
    assert not found.enough
    assert "不足以判断" in found.volume
    assert "不足以判断" in found.polarity
    assert "下降" not in found.volume + found.polarity


def test_a_release_of_this_hour_allows_no_conclusion_either() -> None:
    assert effect(Side(500, 400, 24), Side(400, 10, 0.5)).volume == "发布不足 1 小时，不足以判断"


def test_a_plain_change_is_said_with_its_interval() -> None:
    found = effect(Side(400, 300, 24), Side(100, 20, 24))
    assert found.volume.endswith("声量下降")
    assert found.polarity.endswith("负面占比下降")
    assert "95% 区间" in found.volume
    assert "个百分点（95% 区间）" in found.polarity
    back = effect(Side(100, 20, 24), Side(400, 300, 24))
    assert (back.volume.endswith("声量上升"), back.polarity.endswith("负面占比上升")) == (True, True)


def test_a_small_change_is_not_called_one() -> None:
    found = effect(Side(30, 15, 24), Side(30, 13, 24))
    assert found.volume.endswith("看不出升降")
    assert found.polarity.endswith("看不出变化")


@given(counts, counts, st.floats(0, 1), st.floats(0, 1))
def test_the_intervals_hold_the_figures_themselves(before: int, after: int, one: float, other: float) -> None:
    a, b = Side(before, round(before * one), 24), Side(after, round(after * other), 24)
    low, high = difference(a, b)
    assert low - 1e-9 <= b.share - a.share <= high + 1e-9
    assert -1 - 1e-9 <= low <= high <= 1 + 1e-9
    under, over = ratio(a, b)
    assert under <= b.rate / a.rate * (1 + 1e-9)
    assert over >= b.rate / a.rate * (1 - 1e-9)


def test_only_comments_of_the_incident_within_a_day_count(office: Office) -> None:
    incident_id = office.open(level=2)
    out = office.now + timedelta(hours=30)
    moments = [-40, -20, -2, 1, 5, 30]
    with office.store.write() as conn:
        for n, hours in enumerate(moments):
            post = a_post(f"食堂又出事了，第 {n} 条", f"weibo:c{n}", at=out + timedelta(hours=hours))
            keep(conn, post)
            keep_assessment(conn, assessed(post, negative=n % 2 == 0), 10, [], out)
        ours = a_post("学校声明", "weibo:ours", at=out, by_school=True)
        keep(conn, ours)
        keep_assessment(conn, assessed(ours), 0, [], out)
        join(conn, incident_id, SCHOOL, [f"weibo:c{n}" for n in range(6)] + ["weibo:ours"], 10, out)
        keep(conn, a_post("另一件事", "weibo:else", at=out))
    with office.store.read() as conn:
        found = effect_of(conn, office.one(incident_id), out, out + timedelta(hours=48))
    assert (found.before.comments, found.before.negative) == (2, 1)
    assert (found.after.comments, found.after.negative) == (2, 1)
    assert not found.enough
