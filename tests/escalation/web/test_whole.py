"""What is marked is marked whole, and still lies where the writer wrote it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.web.prose import marked
from escalation.web.whole import whole

LETTERS = st.text(st.sampled_from("两三十几多好第周大个人名天发烧了，AE12. "), max_size=30)


@pytest.mark.parametrize(
    ("text", "word", "shown"),
    [
        ("班上两个发烧了", "个发烧了", "班上<mark>两个发烧了</mark>"),
        ("来了二十几个拉肚子的", "个拉肚子的", "来了<mark>二十几个拉肚子的</mark>"),
        ("听说好几个发烧", "个发烧", "听说<mark>好几个发烧</mark>"),
        ("二百多人看过了", "人看过了", "<mark>二百多人看过了</mark>"),
        ("已经12.5元一份了", "元一份", "已经<mark>12.5元一份</mark>了"),
        ("第二天没热水", "天没热水", "<mark>第二天没热水</mark>"),
        ("很多人看过", "人看过", "很多<mark>人看过</mark>"),
        ("周一天气真冷", "天气", "周一<mark>天气</mark>真冷"),
        ("打12345投诉", "2345", "打<mark>12345</mark>投诉"),
        ("AED在哪", "ED", "<mark>AED</mark>在哪"),
        ("吃完都吐了", "都吐", "吃完<mark>都吐</mark>了"),
    ],
)
def test_a_number_is_marked_with_what_it_counts_and_no_figure_in_part(text: str, word: str, shown: str) -> None:
    start = text.index(word)
    assert marked(text, whole(text, [(start, start + len(word))])) == shown


@given(text=LETTERS, spans=st.lists(st.tuples(st.integers(-3, 33), st.integers(-3, 33)), max_size=4))
def test_a_place_is_only_ever_widened_by_a_number_within_the_text(text: str, spans: list[tuple[int, int]]) -> None:
    wide = whole(text, spans)
    kept = [(max(0, start), min(len(text), stop)) for start, stop in spans if max(0, start) < min(len(text), stop)]
    assert len(wide) == len(kept)
    for (begin, end), (start, stop) in zip(wide, kept, strict=True):
        assert 0 <= begin <= start < stop <= end <= len(text)
        assert not set(text[begin:start]) & set("个人名天发烧了，大周 ")
        assert text[stop:end].isascii()
    assert whole(text, wide) == wide
