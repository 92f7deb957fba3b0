"""Signed links."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.link import Link, LinkRefused, Purpose, Refusal, read, token

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
KEY = b"k" * 32
LINK = Link(147, "keeper-01", NOON + timedelta(hours=24))


@given(st.integers(0, 2**40), st.text(st.characters(codec="utf-8"), min_size=1, max_size=20))
def test_a_link_says_what_was_put_into_it(number: int, person: str) -> None:
    link = Link(number, person, NOON + timedelta(hours=1))
    assert read(KEY, Purpose.SIGN, token(KEY, Purpose.SIGN, link), NOON) == link


@pytest.mark.parametrize("position", [0, 3, 10, -1])
def test_an_altered_link_is_refused_as_forged(position: int) -> None:
    good = token(KEY, Purpose.SIGN, LINK)
    letters = list(good)
    letters[position] = "0" if letters[position] != "0" else "1"
    with pytest.raises(LinkRefused) as refused:
        read(KEY, Purpose.SIGN, "".join(letters), NOON)
    assert refused.value.refusal is Refusal.FORGED


@pytest.mark.parametrize("given_token", ["", ".", "a.b.c.d", "签.收.单.x", "1.2.3." + "A" * 400])
def test_a_link_that_is_nonsense_is_refused_as_forged(given_token: str) -> None:
    with pytest.raises(LinkRefused) as refused:
        read(KEY, Purpose.SIGN, given_token, NOON)
    assert refused.value.refusal is Refusal.FORGED


def test_a_link_ends_when_its_time_is_over() -> None:
    good = token(KEY, Purpose.SIGN, LINK)
    with pytest.raises(LinkRefused) as refused:
        read(KEY, Purpose.SIGN, good, NOON + timedelta(hours=24))
    assert refused.value.refusal is Refusal.EXPIRED


def test_a_link_for_one_purpose_is_refused_for_another() -> None:
    with pytest.raises(LinkRefused):
        read(KEY, Purpose.KEEPER, token(KEY, Purpose.SIGN, LINK), NOON)


def test_another_house_key_does_not_open_it() -> None:
    with pytest.raises(LinkRefused):
        read(b"other" * 8, Purpose.SIGN, token(KEY, Purpose.SIGN, LINK), NOON)
