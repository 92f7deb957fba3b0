"""Normalising: what is undone, what is left alone, and that every span leads back to what was written."""

import time
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sentiment.normalise import _SPLITS, Step, folded, normalise

TABLE = _SPLITS.table
TRICKY = (
    "食堂吃坏肚子木交氵去女子口合日月十一贝弗"
    " \n\t.,-/·*_~😀❤[]()怒、@#\u200b\u202e\ufe0f\u00ad學費薴ＡaİÅé゙かㄅ\ud800\udfff\u0301\u0336ﷺ㈠①ſ…⋯1"
)
texts = st.one_of(
    st.text(alphabet=st.sampled_from(TRICKY), max_size=24),
    st.text(alphabet=st.characters(categories=None), max_size=24),
)


def undone(raw: str) -> tuple[str, tuple[Step, ...]]:
    result = normalise(raw)
    return result.text, result.steps(0, len(result.text))


@pytest.mark.parametrize(
    ("raw", "text", "steps"),
    [
        ("食 堂 吃 坏 肚 子", "食堂吃坏肚子", [Step.GAP]),
        ("食堂吃 坏 肚 子了", "食堂吃坏肚子了", [Step.GAP]),
        ("食\n堂\n难\n吃", "食堂难吃", [Step.GAP]),
        ("食,堂,吃,坏", "食堂吃坏", [Step.GAP]),
        ("食·堂", "食堂", [Step.GAP]),
        ("我们学校的食_堂吃坏肚子", "我们学校的食堂吃坏肚子", [Step.GAP]),
        ("乱收学*费", "乱收学费", [Step.GAP]),
        ("乱收学 * 费", "乱收学费", [Step.GAP]),
        ("乱收学.费", "乱收学费", [Step.GAP]),
        ("食/堂", "食堂", [Step.GAP]),
        ("学😀费", "学费", [Step.GAP]),
        ("学❤\ufe0f费", "学费", [Step.INVISIBLE, Step.GAP]),
        ("食\u200b堂", "食堂", [Step.INVISIBLE]),
        ("食\u00ad堂", "食堂", [Step.INVISIBLE]),
        ("食\u202e堂\u202c", "食堂", [Step.INVISIBLE]),
        ("食\ufe0f堂", "食堂", [Step.INVISIBLE]),
        ("食\U000e0141堂", "食堂", [Step.INVISIBLE]),
        ("食\U000e0063堂", "食堂", [Step.INVISIBLE]),
        ("食\u3164堂", "食堂", [Step.WIDTH, Step.INVISIBLE]),
        ("食\x00堂", "食堂", [Step.INVISIBLE]),
        ("食\ud800堂", "食堂", [Step.INVISIBLE]),
        ("食\u0336堂\u0336!", "食堂!", [Step.MARK]),
        ("shítáng", "shitang", [Step.MARK]),
        ("學費", "学费", [Step.TRADITIONAL]),
        ("ＱＱ", "qq", [Step.WIDTH, Step.CASE]),
        ("𝐁𝐙", "bz", [Step.WIDTH, Step.CASE]),
        ("①", "1", [Step.WIDTH]),
        ("撞了，有个人！　……", "撞了,有个人! ......", []),
        ("Ａ，学費", "a,学费", [Step.WIDTH, Step.CASE, Step.TRADITIONAL]),
        ("Bz", "bz", [Step.CASE]),
        ("學 \u200b費", "学费", [Step.INVISIBLE, Step.TRADITIONAL, Step.GAP]),
        ("去找木交长", "去找校长", [Step.SPLIT]),
        ("氵去院", "法院", [Step.SPLIT]),
        ("扌殳讠斥没用", "投诉没用", [Step.SPLIT]),
        ("弓虽制加班", "强制加班", [Step.SPLIT]),
        ("威月办我", "威胁我", [Step.SPLIT]),
        ("口合口合", "哈哈", [Step.SPLIT]),
        ("想辶艮出", "想退出", [Step.SPLIT]),
        ("言斥说", "诉说", [Step.SPLIT]),
        ("訁斥说", "诉说", [Step.TRADITIONAL, Step.SPLIT]),
        ("扌·殳讠\u200b斥", "投诉", [Step.INVISIBLE, Step.GAP, Step.SPLIT]),
        ("扌 殳 讠 斥", "投诉", [Step.GAP, Step.SPLIT]),
    ],
)
def test_each_disguise_is_undone_and_named(raw: str, text: str, steps: list[Step]) -> None:
    assert undone(raw) == (text, tuple(steps))


@pytest.mark.parametrize(
    "raw",
    [
        "今天的食堂 菜很好",
        "好 食堂的菜不错",
        "学校很好,费用不高",
        "好吃...下次再来",
        "[怒][允悲]",
        "[怒] [怒] [怒]",
        "#食堂#宿舍#",
        "@某 @某 @某",
        "猪、鸡、狗、鸭",
        "好女子不怕苦",
        "日月同辉",
        "人工服务",
        "海口亚洲城",
        "他不好意思说",
        "中心广场的大门口",
        "二十一号生日",
        "区、县(市)教育局",
        "太好吃了~下次再来",
        "1 2 3",
        "a b c",
        "食 1 堂",
        "バガポ",
        "한국",
        "བོད་སྐད་",
        "",
    ],
)
def test_ordinary_writing_is_left_alone(raw: str) -> None:
    assert undone(raw) == (raw, ())


def test_found_word_leads_back_to_its_writing() -> None:
    raw = "我校Ａ楼的食\u200b·堂又漲價"
    result = normalise(raw)
    start = result.text.index("食堂")
    first, last = result.original(start, start + 2)
    assert raw[first:last] == "食\u200b·堂"
    assert result.steps(start, start + 2) == (Step.INVISIBLE, Step.GAP)
    price = result.text.index("涨价")
    assert raw[slice(*result.original(price, price + 2))] == "漲價"
    assert result.steps(price, price + 2) == (Step.TRADITIONAL,)


def test_one_ligature_gives_characters_one_span() -> None:
    result = normalise("共㎏重")
    assert result.text == "共kg重"
    assert [result.original(place, place + 1) for place in range(4)] == [(0, 1), (1, 2), (1, 2), (2, 3)]


def test_empty_span_stays_empty_in_original() -> None:
    result = normalise("食\u200b堂")
    assert [result.original(place, place) for place in range(3)] == [(0, 0), (2, 2), (3, 3)]
    assert result.steps(1, 1) == ()


@pytest.mark.parametrize(("start", "end"), [(-1, 1), (1, 0), (0, 3), (3, 3)])
def test_span_outside_the_text_is_refused(start: int, end: int) -> None:
    with pytest.raises(IndexError, match=rf"span {start}:{end} lies outside"):
        normalise("食堂").original(start, end)


def test_lone_removed_text_leaves_nothing_behind() -> None:
    for raw in ("\u200b", "\ud800", "\u0301\u0301", "\ufeff\u2060"):
        result = normalise(raw)
        assert (result.text, list(result.starts), list(result.ends)) == ("", [], [])
        assert result.original(0, 0) == (len(raw), len(raw))


@given(texts)
@example("食 堂 吃坏 肚 子")
@example("薴")
@example("ﷺ㈠")
@example("\ud83d\ude00")
def test_spans_stay_in_range_and_in_order(raw: str) -> None:
    result = normalise(raw)
    starts, ends = list(result.starts), list(result.ends)
    assert len(starts) == len(ends) == len(result.text)
    assert all(0 <= start < end <= len(raw) for start, end in zip(starts, ends, strict=True))
    assert starts == sorted(starts)
    assert ends == sorted(ends)
    first, last = result.original(0, len(result.text))
    assert all(first <= start and end <= last for start, end in zip(starts, ends, strict=True))


@given(texts)
def test_every_character_comes_from_its_own_span(raw: str) -> None:
    result = normalise(raw)
    for place, char in enumerate(result.text):
        written = normalise(raw[slice(*result.original(place, place + 1))])
        if Step.SPLIT in result.steps(place, place + 1):
            components = "".join(one for one in folded(written.raw) if one.isalpha())
            assert char in joins_of(components) | {written.text}, (
                "joined from what its span holds, and from nothing else"
            )
        else:
            assert char in written.text


def joins_of(components: str) -> set[str]:
    """What these components may make up, in any number of joins."""
    known = {components}
    for _ in components:
        known |= {
            one[:start] + TABLE[one[start:end]][0] + one[end:]
            for one in known
            for start in range(len(one))
            for end in range(start + 2, len(one) + 1)
            if one[start:end] in TABLE
        }
    return known


@given(texts)
def test_normalising_twice_changes_nothing(raw: str) -> None:
    once = normalise(raw).text
    assert normalise(once).text == once


@given(texts)
def test_result_can_always_be_encoded(raw: str) -> None:
    result = normalise(raw)
    result.text.encode("utf-8")
    assert all(unicodedata.category(char) not in ("Cf", "Cs") for char in result.text)


@given(st.text(alphabet=st.sampled_from("食堂學費ＡＢａ１，！？　Ⅳ①㎏好吃abc12 \n"), max_size=30))
def test_chinese_text_comes_out_in_nfkc_lower_case(raw: str) -> None:
    text = normalise(raw).text
    assert unicodedata.is_normalized("NFKC", text)
    assert text == text.lower()


@given(texts)
def test_no_step_is_named_for_an_unchanged_text(raw: str) -> None:
    result = normalise(raw)
    steps = result.steps(0, len(result.text))
    assert list(steps) == [step for step in Step if step in steps]
    if result.text == raw:
        assert steps == ()


def test_every_single_character_settles_at_once() -> None:
    for point in (*range(0x3500), *range(0x4E00, 0x4F00), *range(0xD7A0, 0xE010), *range(0xF900, 0x10000)):
        once = normalise(chr(point)).text
        assert normalise(once).text == once, hex(point)


@pytest.mark.parametrize(
    "unit", ["食 ", "食*", "食堂 ", "\u200b", "…", "[怒]", "食   *  ", "Ａ", "\ud800", "食 堂 吃坏 "]
)
def test_megabyte_texts_take_linear_time(unit: str) -> None:
    raw = (unit * (1_000_000 // len(unit) + 1))[:1_000_000]
    before = time.process_time()
    normalise(raw)
    assert time.process_time() - before < 8
