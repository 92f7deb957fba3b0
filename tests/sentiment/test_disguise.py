"""The second look: what is found in pinyin, by initials, sound, emoji and shape, and what is left alone."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.disguise import Disguises
from sentiment.normalise import Step, normalise

WORDS = (
    "投诉",
    "食堂",
    "校长",
    "辅导员",
    "中介",
    "工伤",
    "学费",
    "师德",
    "打架",
    "评论",
    "火灾",
    "苍蝇",
    "强制",
    "实习",
)
SURE = ("投诉", "食堂", "校长", "辅导员")
LOOK = Disguises(WORDS, SURE)
pieces = st.sampled_from((*"投诉素偷堂灾长仑评 ，學１🔥\u200b\ud800", "tou", "su", "shi", "木交", "fdy"))


def seen(raw: str) -> list[tuple[str, str, Step]]:
    return [(one.word, raw[one.start : one.end], one.step) for one in LOOK.look(normalise(raw))]


@pytest.mark.parametrize(
    ("raw", "word", "written", "step"),
    [
        ("我要tousu你们", "投诉", "tousu", Step.PINYIN),
        ("我要 tou su 你们", "投诉", "tou su", Step.PINYIN),
        ("tou素电话", "投诉", "tou素", Step.PINYIN),
        ("shí堂涨价", "食堂", "shí堂", Step.PINYIN),
        ("给了中jie", "中介", "中jie", Step.PINYIN),
        ("xiao长来了", "校长", "xiao长", Step.PINYIN),
        ("找ｔｏｕｓｕ电话", "投诉", "ｔｏｕｓｕ", Step.PINYIN),
        ("让fdy去说", "辅导员", "fdy", Step.INITIALS),
        ("要去偷素", "投诉", "偷素", Step.HOMOPHONE),
        ("又是🔥灾", "火灾", "🔥灾", Step.EMOJI),
        ("看看评仑", "评论", "评仑", Step.LOOKALIKE),
        ("我要tоusu", "投诉", "tоusu", Step.LOOKALIKE),
    ],
)
def test_a_listed_word_is_found_as_it_was_written(raw: str, word: str, written: str, step: Step) -> None:
    assert (word, written, step) in seen(raw)


@pytest.mark.parametrize(
    "raw",
    [
        "是的，大家都来了",
        "我们投诉食堂",
        "他投宿在旅店",
        "to us uncle",
        "women都这样",
        "12fdy34",
        "今天🔥了",
        "食物好吃",
        "",
        "\ud800",
    ],
)
def test_ordinary_writing_and_plain_words_are_left_alone(raw: str) -> None:
    assert seen(raw) == []


def test_a_common_sound_counts_only_in_a_suspicious_text() -> None:
    assert seen("有人搭茄") == []
    assert ("打架", "搭茄", Step.HOMOPHONE) in seen("木交长说有人搭茄")
    assert ("打架", "搭茄", Step.HOMOPHONE) in seen("要tousu有人搭茄")


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("要tousu，他跳hu了", {"投诉", "跳湖"}),
        ("要tousu，两条hua子、一箱nai", {"投诉"}),
        ("要tousu，一条huang色的", {"投诉"}),
        ("要tousu，看ta跳hu了", {"投诉", "跳湖"}),
        ("要nitousu", {"投诉"}),
    ],
)
def test_a_longer_run_of_letters_is_not_cut_beside_characters(raw: str, words: set[str]) -> None:
    look = Disguises([*WORDS, "跳湖"], SURE)
    assert {one.word for one in look.look(normalise(raw))} == words


MANY = Disguises([*WORDS, "炼铜", *(one + other for one in "甲乙丙丁戊己庚辛壬癸" for other in "赵钱孙李周吴郑王冯陈")])


def test_two_likely_homophones_bear_each_other_out_and_one_alone_in_a_long_list_does_not() -> None:
    found = {text: [one.word for one in MANY.look(normalise(text))] for text in ("要去偷素", "要去偷素，就找小长")}
    assert found == {"要去偷素": [], "要去偷素，就找小长": ["投诉", "校长"]}


@pytest.mark.parametrize("raw", ["他气得脸通红着走了", "见 https://www.shitang.com/ 上说的", "这是的师得"])
def test_ends_of_other_words_and_addresses_are_no_disguise(raw: str) -> None:
    assert MANY.look(normalise(raw)) == []


@given(st.lists(pieces, max_size=12).map("".join))
def test_spans_hold_and_say_the_same_twice(raw: str) -> None:
    text = normalise(raw)
    found = LOOK.look(text)
    assert found == LOOK.look(normalise(raw))
    for one in found:
        assert 0 <= one.start < one.end <= len(raw)
        assert one.word in WORDS
        assert one.word not in raw[one.start : one.end]
        start, end = text.within(one.start, one.end)
        assert 0 <= start <= end <= len(text.text)


@pytest.mark.parametrize("unit", ["tousu", "偷素", "a", "🔥", "shi 堂", "木交", "\ud800"])
def test_long_texts_take_linear_time(unit: str) -> None:
    text = normalise((unit * 20_000)[:20_000])
    before = time.process_time()
    LOOK.look(text)
    assert time.process_time() - before < 1
