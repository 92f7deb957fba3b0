"""Grams: each once per text, the same whoever stands beside it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sentiment.grams import BITS, HEAD, TAIL, grams

ANY = st.text(alphabet=st.characters(categories=None), max_size=40)


def of(text: str) -> list[int]:
    return [int(slot) for slot in grams([text]).slots]


@given(st.lists(ANY, max_size=8))
def test_neighbours_change_nothing(texts: list[str]) -> None:
    found = grams(texts)
    for place, text in enumerate(texts):
        assert found.slots[found.owners == place].tolist() == of(text)
    assert found.counts.tolist() == [len(of(text)) for text in texts]
    assert len(found.counts) == len(texts)


@given(ANY)
def test_slots_lie_in_the_table_and_come_once(text: str) -> None:
    slots = of(text)
    assert slots == sorted(set(slots))
    assert all(0 <= slot < 1 << BITS for slot in slots)
    assert len(slots) <= 3 * len(text) + 1


def test_ones_twos_and_threes_are_counted_with_the_borders() -> None:
    assert len(of("食堂")) == 2 + 3 + 2  # 食 堂, |食 食堂 堂|, |食堂 食堂|
    assert set(of("食堂")) != set(of("堂食"))
    assert set(of("好好好")) == set(of("好好好好"))


def test_long_text_is_read_at_both_ends() -> None:
    long = "甲" * HEAD + "乙" * 5000 + "丙" * TAIL
    assert of(long) == of("甲" * HEAD + "丙" * TAIL)


def test_counts_agree_with_owners() -> None:
    found = grams(["", "一", "一二三", ""])
    assert np.bincount(found.owners, minlength=4).tolist() == found.counts.tolist()
