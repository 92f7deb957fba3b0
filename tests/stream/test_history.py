"""What goes by the lane of history: never anything that could still need an alarm in time."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from stream.evidence import SLOW_DAYS
from stream.history import FRESH_FOR, is_history
from stream.post import Kind
from tests.stream.said import START, a_post

AGES = st.timedeltas(timedelta(), timedelta(days=400))


@given(kind=st.sampled_from(Kind), age=AGES, seen_before=st.booleans())
def test_only_a_line_that_is_first_seen_long_after_it_was_said_is_history(
    kind: Kind, age: timedelta, seen_before: bool
) -> None:
    first = START - timedelta(minutes=5) if seen_before else START
    given = {"kind": kind, "published_at": START - age, "first_seen_at": first, "fetched_at": START}
    post = a_post("食堂").model_copy(update=given)
    spoken = kind in (Kind.COMMENT, Kind.REPLY)
    assert is_history(post) == (spoken and not seen_before and age > timedelta(days=SLOW_DAYS))


def test_all_that_counts_as_evidence_is_fresh() -> None:
    assert timedelta(days=SLOW_DAYS) <= FRESH_FOR
