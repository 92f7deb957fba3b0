"""What points at a person becomes a mark; everything else stays as written."""

from __future__ import annotations

import time
import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.plain import article_text, comment_text
from crawlers.redaction import MARKS, PHONE, redact
from crawlers.scope import Scope
from stream.post import Kind

CASES = [
    ("电话１３８ 0013-8000找我", "电话〔手机号〕找我"),
    ("+86 138 0013 8000", "〔手机号〕"),
    ("身份证 110101 19900307 123X 哦", "身份证 〔身份证号〕 哦"),
    ("卡号6222 0200 0000 0000 000", "卡号〔银行卡号〕"),
    ("学号：2023010123", "学号：〔学号〕"),
    ("2023010123 求助", "〔学号〕 求助"),
    ("加v abc12345了解", "加v 〔微信号〕了解"),
    ("微信：dj_12345 谢", "微信：〔微信号〕 谢"),
    ("QQ 12345678", "QQ 〔QQ号〕"),
    ("苏B·12345停这", "〔车牌号〕停这"),
    ("a.b@qq.com", "〔邮箱〕"),
    ("0510-86888888", "〔电话号码〕"),
    ("①③⑧⓪⓪①③⑧⓪⓪⓪", "〔手机号〕"),
    ("@张三 你好", "〔某用户〕 你好"),
    ("回复@用户一:三号楼", "回复〔某用户〕:三号楼"),
]
PLAIN = [
    "今晚 22:00 至明早 6:00 三号宿舍楼停水",
    "2026-11-03 18:02:11 见",
    "20261103开会",
    "我是20231103班",
    "三号楼 100元 110 120 119",
    "食堂涨价 3.50 元，12 个窗口",
    "",
]


@pytest.mark.parametrize(("text", "wanted"), CASES)
def test_what_points_at_a_person_becomes_a_mark(text: str, wanted: str) -> None:
    assert redact(text) == wanted


@pytest.mark.parametrize("text", PLAIN)
def test_ordinary_numbers_and_times_stay(text: str) -> None:
    assert redact(text) == text


def test_names_of_own_accounts_stay_after_an_at() -> None:
    assert redact("@风林职业技术学院 管管 @路人甲", {"风林职业技术学院"}) == "@风林职业技术学院 管管 〔某用户〕"


def test_text_run_on_after_a_name_is_not_swallowed_whole() -> None:
    assert redact("@" + "甲" * 15 + "食堂的面里有虫子").endswith("食堂的面里有虫子")


def _digits(text: str) -> str:
    found = (unicodedata.digit(char, None) for char in text)
    return "".join(str(one) for one in found if one is not None)


@given(
    st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True),
    st.lists(st.sampled_from(["", " ", "-", "\u200b", "　", "."]), min_size=11, max_size=11),
    st.booleans(),
)
def test_no_phone_survives_gaps_and_full_width_digits(phone: str, gaps: list[str], wide: bool) -> None:
    written = "".join((chr(ord(one) + 0xFEE0) if wide else one) + gap for one, gap in zip(phone, gaps, strict=True))
    told = redact(f"打{written}找我")
    assert phone not in _digits(told)
    assert PHONE in told
    assert told.startswith("打")
    assert told.endswith("找我")


@given(st.text(max_size=300))
def test_redaction_never_fails_and_a_second_time_changes_nothing(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@given(st.text(alphabet="校园食堂宿舍好吃难吃，。！abc[]#", max_size=200))
def test_text_without_tempting_signs_stays(text: str) -> None:
    assert redact(text) == text


def _cost(unit: str, times: int) -> float:
    text = unit * times
    start = time.process_time()
    redact(text)
    comment_text(text)
    return time.process_time() - start


@pytest.mark.parametrize("unit", ["1 ", "@a", "a.@", "微信", "<a ", "&", "苏B", "1" * 12 + "-", "@甲", "<img alt="])
def test_time_grows_with_the_length_of_a_text_and_no_faster(unit: str) -> None:
    assert _cost(unit, 20_000) < 12 * _cost(unit, 5_000) + 0.3


@pytest.mark.parametrize("filler", ["水", "13800138000 "])
def test_a_number_anywhere_in_a_huge_text_is_not_kept(filler: str) -> None:
    scope = Scope("FL", "wb", "weibo", "9", frozenset(), b"k" * 32, datetime(2026, 11, 3, tzinfo=UTC))
    at = datetime(2026, 11, 2, tzinfo=UTC)
    raw = filler * (300_000 // len(filler)) + "电话13900139000"
    start = time.process_time()
    post = scope.post(native="1", kind=Kind.COMMENT, thread="1", raw=raw, published_at=at)
    assert time.process_time() - start < 5
    assert "138001" not in post.text
    assert "139001" not in post.text
    assert post.cut


def test_anchors_go_and_emoji_names_and_hostile_tags_stay_as_text() -> None:
    raw = '<a href="https://x.invalid">链接</a>好[怒]<img alt="[笑]" src="x"><script>alert(1)</script>&lt;b&gt;'
    assert comment_text(raw) == "链接好[怒][笑]<script>alert(1)</script><b>"


def test_an_article_keeps_its_words_and_loses_its_scripts() -> None:
    raw = "<p>第一<b>段</b></p><script>bad()</script><p>第二<br>行</p>"
    assert article_text(raw) == "第一段\n第二\n行"


def test_marks_are_told_apart_from_text() -> None:
    assert all(mark.startswith("〔") and mark.endswith("〕") for mark in MARKS)
