"""What kept a line from opening: told of every line that opens nothing, of no other, and with the figures of then."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.bar import Bar, Barred, barred
from stream.border import OPEN_AT
from stream.evidence import Evidence
from stream.risk import decide, risk
from tests.stream.test_risk import EVIDENCE, NOW, PLAIN, cue, hit, mark, opened

HITS = st.lists(
    st.builds(
        lambda grave, theme, category: hit(grave=grave, theme=theme, category=category),
        st.sampled_from([False, False, True]),
        st.sampled_from(["canteen", "any", "self_harm", "unauthorised_post"]),
        st.sampled_from(["grievance", "incident", "echo", "irony", "advert"]),
    ),
    max_size=3,
).map(tuple)
LINE = st.builds(
    lambda evidence, hits, by_school, own_post, lead: replace(
        evidence, hits=hits, by_school=by_school, own_post=by_school and own_post, lead_account=lead
    ),
    EVIDENCE,
    HITS,
    st.booleans(),
    st.booleans(),
    st.booleans(),
)


@given(LINE, st.sampled_from([30.0, OPEN_AT, 90.0]))
def test_a_line_that_opens_nothing_has_a_bar_and_one_that_opens_has_none(line: Evidence, open_at: float) -> None:
    found = risk(line, NOW)
    bar = barred(line, found, open_at)
    assert (bar is None) == (decide(line, found, open_at) is not None)
    if bar is not None:
        assert Barred.of(bar.kept()) == bar
        assert (bar.bar is not Bar.POINTS) or bar.points < bar.open_at


@pytest.mark.parametrize(
    ("line", "bar"),
    [
        (PLAIN, Bar.POINTS),
        (replace(PLAIN, marks=(mark(1, 100, ours=True),), copies=2), Bar.VOICES),
        (replace(PLAIN, marks=(), hits=()), Bar.NOTHING),
        (replace(PLAIN, marks=(cue(1),), hits=(hit(theme="any", category="echo"),)), Bar.CUES),
        (replace(PLAIN, marks=(), hits=(hit(),)), Bar.SETTLED),
        (replace(PLAIN, hits=(hit(category="advert"),)), Bar.ADVERT),
        (replace(PLAIN, by_school=True), Bar.ANSWER),
        (
            replace(PLAIN, by_school=True, own_post=True, hits=(hit(theme="unauthorised_post"),)),
            Bar.MAIN,
        ),
    ],
)
def test_each_bar_is_told_by_its_name(line: Evidence, bar: Bar) -> None:
    assert not opened(line)
    told = barred(line, risk(line, NOW), OPEN_AT)
    assert told is not None
    assert told.bar is bar


def test_the_figures_are_those_that_were_weighed() -> None:
    line = replace(PLAIN, marks=(mark(1, 20), mark(2, 20)), outliked=1)
    found = risk(line, NOW)
    told = barred(line, found, 90.0, alone=True)
    assert told == Barred(Bar.POINTS, found.value, found.points, 2, 90.0, 0, alone=True)
    assert Barred.of(None) is None


def test_little_is_kept_of_what_was_not_weighed() -> None:
    assert Barred(Bar.BEFORE).kept() == {"bar": "before"}
    assert Barred(Bar.BEFORE).kept() is Barred(Bar.BEFORE).kept(), "so that many rows are written once"
