"""Long texts: whatever they are made of, and whichever way they came, an assess worker has read one in 50 ms."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentiment.disguise import HEAD, TAIL
from sentiment.engine import engine_by_name
from sentiment.normalise import normalise
from stream.assess import LONGEST, Reader, assess
from stream.rules import load
from tests.stream.clocked import least
from tests.stream.test_assess import NOW, Plain, post

BOUND = 0.05
READER = Reader(load(), ("青禾职院",))
UNITS = (
    *("食堂", "投诉", "tousu", "tou su ", "偷素", "食糖", "评仑", "木交", "🔥灾", "fdy ", "辅导员", "跳楼", "不想活了"),
    *("没有人受伤，", "万一着火怎么办？", "《", "1", "a", " ", "\ud800", "的", "，", "\n", "ｘ", "食 堂 ", "😀"),
)


@pytest.fixture(scope="module", autouse=True)
def _as_in_a_worker() -> Iterator[None]:
    """A worker keeps what it loaded out of the collector's rounds, and has scored before."""
    assess([post("食堂吃出虫子")], Plain(), READER, NOW)
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def took(text: str) -> float:
    """The least CPU seconds; what the engine takes is measured by `tests/sentiment/test_engine.py`."""
    given = post("x").model_copy(update={"text": text})
    return least(lambda: assess([given], Plain(), READER, NOW), BOUND)


@settings(max_examples=15)
@given(st.lists(st.sampled_from(UNITS), min_size=1, max_size=5), st.sampled_from([5_000, 20_000, 1_000_000]))
def test_any_text_of_up_to_a_megabyte_is_read_in_50_ms(units: list[str], length: int) -> None:
    assert took(("".join(units) * length)[:length]) < BOUND


def test_a_text_full_of_listed_words_is_read_in_50_ms() -> None:
    words = READER.disguises.words
    assert took("".join(words)[:20_000]) < BOUND
    assert took("，".join(reversed(words))[:20_000]) < BOUND


ODD = {
    "empty": "", "blank": " \n\t" * 330_000, "emoji": "😀" * 250_000, "codes": "[怒]" * 200_000,
    "a surrogate": "\ud83d二食堂的饭吃坏了肚子", "surrogates": "\ud83d" * 330_000, "controls": "\0" * 1_000_000,
    "a megabyte": "下雨了，路上的花都开了，下课一起去食堂吃面吧。" * 15_000, "Latin": "good bad tousu " * 66_000,
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_with_the_shipped_engine_and_all_rules_an_odd_text_has_its_score_in_50_ms(name: str) -> None:
    """From the whole text on: cut at the door, normalised, scored and matched."""
    engine = engine_by_name()
    assess([post("食堂吃出虫子")], engine, READER, NOW)
    assert least(lambda: assess([post(ODD[name])], engine, READER, NOW), BOUND) < BOUND


def test_a_disguised_word_is_found_at_both_ends_of_a_long_text() -> None:
    text = "要tousu食堂。" + "今天下雨。" * 3000 + "我要偷素"
    seen = {(one.word, text[one.start : one.end]) for one in READER.disguises.look(normalise(text))}
    assert {("投诉", "tousu"), ("投诉", "偷素")} <= seen


@given(st.integers(0, 40), st.sampled_from(["tousu", "偷素", "评仑", "🔥灾"]))
def test_spans_of_a_long_text_point_into_it(shift: int, written: str) -> None:
    text = "好" * shift + "，" + written + "，" + "天气不错，" * ((HEAD + TAIL) // 4) + written + "。" * shift
    for one in READER.disguises.look(normalise(text)):
        assert text[one.start : one.end] == written


def test_what_came_another_way_than_through_the_door_is_read_as_far_as_the_door_goes() -> None:
    text = "天气不错，" * (LONGEST // 5 + 1) + "宿舍楼道着火了"
    (answer,) = assess([post("x").model_copy(update={"text": text})], Plain(), READER, NOW)
    assert not [hit for hit in answer.hits if hit.grave]
    assert answer.post.text == text
