"""Texts without emoticons."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.emoticon import without_emoticons


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("食堂又涨价[允悲][允悲]", "食堂又涨价"),
        ("好吃😋😋", "好吃"),
        ("加油👍🏽！", "加油！"),
        ("[doge]", ""),
        ("[2026 年第 3 期]通知", "[2026 年第 3 期]通知"),
        ("不到 5 ℃，24 小时", "不到 5 ℃，24 小时"),
    ],
)
def test_codes_and_emoji_go_and_words_stay(text: str, left: str) -> None:
    assert without_emoticons(text) == left


@given(st.text())
def test_any_text_is_taken_and_loses_characters_only(text: str) -> None:
    left = without_emoticons(text)
    rest = iter(text)
    assert all(char in rest for char in left), "in order, none added"


@given(st.text(alphabet="食堂涨价了，。!?abc123 "))
def test_plain_words_stay_whole(text: str) -> None:
    assert without_emoticons(text) == text.strip()
