"""Why a line is or is not a risk: in sentences, with the words, how they were disguised and what stood in the way."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.assess import Reader
from stream.assessment import Hit, Polarity
from stream.because import Because, because, enough_at, feeling
from stream.border import OPEN_AT
from stream.explanation import explain
from stream.rules import load

READER = Reader(load(), ("青禾职院",))
NOT_ALONE = "值得留意，单独一条不立事件；有别人说同一件事，合计到 {} 即立"


def why(text: str, risk: int = 0, polarity: Polarity = Polarity.NEUTRAL) -> Because:
    return because(explain(READER, text), risk, polarity)


def test_thanks_in_a_farewell_are_no_irony_to_the_reader() -> None:
    rules = {one.rule for one in why("谢谢你们陪我走到这里，不用找我", 100).ruled}
    assert "SH-01" in rules
    assert "CU-06" not in rules
    assert "CU-06" in {one.rule for one in why("谢谢学校，又停水了", 25).ruled}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("没有人受伤，宿舍也没着火，别传了", "“着火”在这里是在否认，这一处不算（SF-01 火情、冒烟、漏电"),
        ("宿舍楼道充电会不会着火", "“着火”在这里只是在问，这一处不算"),
        ("万一宿舍楼道着火呢", "“着火”在这里是假设、担心或比方，这一处不算"),
        ("消防演练：六栋冒烟，大家有序撤离", "“演练”使规则不适用（SF-01 火情、冒烟、漏电"),
        ("隔壁大学食堂又吃出老鼠头", "说的是外校（“隔壁…大学”），不是本校的事。"),
        ("兼职日结200，不押金，加V fakewx", "像“广告、引流”，按广告处理，不计风险。"),
        ("今天的云好看", "没有说到规则所列的事故、不满、求助或传言，模型也没有推断出来。"),
    ],
)
def test_a_line_without_risk_says_what_stood_in_the_way(text: str, said: str) -> None:
    found = why(text)
    assert found.verdict == "不算风险"
    assert any(one.startswith(said) for one in found.whys), found.whys


def test_a_bad_tone_alone_is_said_to_open_nothing() -> None:
    assert why("今天好累", 3, Polarity.NEGATIVE).whys[-1] == "语气偏负面，但单凭语气不立事件。"


def test_words_are_shown_as_written_with_the_disguise_and_the_reading() -> None:
    found = why("三号窗口的红烧鱼里吃出一只cang蝇，紅燒魚也是蒼·蠅", 22)
    words = next(one.words for one in found.ruled if one.rule == "FD-03")
    assert "“cang蝇”（拼音，读作“苍蝇”）" in words
    assert "“蒼·蠅”（繁体、字间插符，读作“苍蝇”）" in words
    assert "“吃”" not in words, "it stands within “吃出”"
    assert found.target == "学校的服务（“窗口”）"
    assert found.whys == ()


@pytest.mark.parametrize(
    ("text", "risk", "verdict"),
    [
        ("我们寝室四个人在二食堂吃完饭上吐下泻，都送医院了", 100, "一条即立事件"),
        ("三号窗口的红烧鱼里吃出一只苍蝇", 22, NOT_ALONE.format(enough_at(OPEN_AT))),
        ("三号窗口的红烧鱼里吃出一只苍蝇", 80, "连同别人说的，已到立事件的风险"),
        (
            "问题是教职工可以随意进出？",
            5,
            "值得看一眼：说的是本校的人或事，语气可能负面；没有说出规则所列的事，不计入立事件",
        ),
    ],
)
def test_the_verdict_is_a_sentence_about_opening(text: str, risk: int, verdict: str) -> None:
    assert why(text, risk).verdict == verdict


def test_the_verdict_follows_the_border_that_this_school_has_set() -> None:
    found = explain(READER, "三号窗口的红烧鱼里吃出一只苍蝇")
    low, high = (because(found, 70, Polarity.NEGATIVE, open_at=at).verdict for at in (80, 130))
    assert low == "连同别人说的，已到立事件的风险"
    assert high == NOT_ALONE.format(enough_at(130))


def test_the_words_that_a_model_is_believed_for_are_told_once_each() -> None:
    felt = Hit(
        rule="MD-01", version=4, title="疑似投诉（模型推断，把握大）", theme="dorm", category="grievance",
        weight=20, spans=((0, 2), (4, 6)), words=("热水", "热水"),
    )  # fmt: skip
    (said,) = because(replace(explain(READER, "今天的云好看"), felt=felt), 20, Polarity.NEGATIVE).ruled
    assert said.words == ("“热水”",)


def test_the_tone_names_both_probabilities_its_doubt_and_the_stock_figure() -> None:
    said = feeling(Polarity.NEGATIVE, 0.52, 0.31, 0.87, unsure=True)
    assert said == "负面，拿不准（负面 52%，正面 31%；SnowNLP 原分 0.87，越近 0 越负面，只供对照）"
    assert "正面" not in feeling(Polarity.NEGATIVE, 0.52, None, 0.87, unsure=False)


@settings(deadline=None, max_examples=80)
@given(
    st.text(max_size=60) | st.sampled_from(["", "\ud800", "😀", "<b>着火</b>", "演练着火没有假的"]), st.integers(0, 100)
)
def test_every_text_gets_a_verdict_and_a_reason_where_it_is_no_risk(text: str, risk: int) -> None:
    found = why(text, risk)
    assert found.verdict
    assert bool(found.whys) == (found.verdict == "不算风险") or found.ruled
