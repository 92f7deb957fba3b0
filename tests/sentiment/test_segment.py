"""The cut equals SnowNLP's own, word for word."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from snownlp import seg

from sentiment.segment import CHUNK, chunks, cut

SENTENCES = (
    "学校食堂吃出老鼠", "真不错啊，又停水了", "[允悲][怒] 老师辛苦了", "宿舍wifi太慢 5G都比它快!!", "這 个 食 堂 不 行",
    "中华人民共和国教育部今天下午在北京召开新闻发布会", "研究生命的起源", "乒乓球拍卖完了",
    "龘靐齉爩麤灪", "一二三 123 abc",
    "南京市长江大桥欢迎您\n他说的确实在理",
    "ＡＢＣ　全角\u3000空白",
    "a\x1cb\x85c\u2028d\xa0e", "〇零\u9fa5\u9fa6\u4dff一",
)  # fmt: skip
COMMON = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里"
    "用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实"
    "日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政"
    "美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员"
    "解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件"
    "计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象"
    "完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运"
)


def texts(number: int, seed: int) -> list[str]:
    """Varied texts: sentences cut and joined at random, common and rare characters, and everything else between."""
    dice = random.Random(seed)
    parts = (
        lambda: (said := dice.choice(SENTENCES))[dice.randrange(len(said)) :],
        lambda: "".join(dice.choices(COMMON, k=dice.randrange(1, 20))),
        lambda: "".join(dice.choices(COMMON[:60], k=dice.randrange(1, 8))),
        lambda: chr(dice.randrange(0x4E00, 0x9FB0)) * dice.randrange(1, 3),
        lambda: dice.choice(["，", "。", " ", "\n", "！#", "😡", "a1", "\u200b", "\ud83d", "❤️", "\u3000", "\t"]),
    )
    return ["".join(dice.choice(parts)() for _ in range(dice.randrange(1, 9))) for _ in range(number)]


def test_varied_texts_are_cut_as_snownlp_cuts_them() -> None:
    said = [*SENTENCES, *texts(3_000, 5)]
    assert cut(said) == [seg.seg(text) for text in said]


@pytest.mark.parametrize("length", [1_000, 1_500])
def test_long_run_without_a_break_is_cut_as_snownlp_cuts_it(length: int) -> None:
    dice = random.Random(length)
    said = "".join(dice.choices(COMMON, k=length))
    assert cut([said, said[::-1], "好"]) == [seg.seg(said), seg.seg(said[::-1]), ["好"]]


@settings(max_examples=300, deadline=None)
@given(text=st.text(alphabet=st.one_of(st.sampled_from(COMMON[:80]), st.characters(categories=None)), max_size=40))
def test_any_string_is_cut_as_snownlp_cuts_it(text: str) -> None:
    assert cut([text]) == [seg.seg(text)]


@settings(max_examples=200, deadline=None)
@given(text=st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=12))
def test_characters_never_seen_are_cut_as_snownlp_cuts_them(text: str) -> None:
    assert cut([text]) == [seg.seg(text)]


def test_neighbours_do_not_matter() -> None:
    said = texts(400, 6)
    assert cut(said) == [cut([text])[0] for text in said] == cut(said[::-1])[::-1]


def test_nothing_gives_nothing() -> None:
    assert cut([]) == []
    assert cut(["", " ", "\n"]) == [[], [], []]


def test_chunks_keep_order_and_size() -> None:
    said = ["好" * size for size in (10, CHUNK, CHUNK + 5, 1, CHUNK - 10, 3)]
    parts = list(chunks(said))
    assert [text for part in parts for text in part] == said
    assert all(len(part) == 1 or sum(map(len, part)) <= CHUNK for part in parts)
