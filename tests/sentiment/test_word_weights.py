"""Word weights: the file that we score with is a file that stock SnowNLP loads, and both say the same."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from snownlp import sentiment
from snownlp.sentiment import Sentiment

from sentiment.linear import SHIPPED
from sentiment.segment import cut
from sentiment.word_weights import FILE, UNSEEN, WordWeights, bounded, content, load, quantised

COMMENTS = [
    "食堂的菜很好吃，老师也好",
    "太差了，又停水了，后勤电话没有人接",
    "没有别的意思，不是不想去",
    "[允悲][允悲] 论文写疯了",
    "good morning 2026",
    "通报",
    "学\ud800校",
    "三号楼冒烟是怎么回事？？？" * 20,
]


@pytest.fixture(scope="module")
def stock() -> Sentiment:
    """SnowNLP's own classifier with the shipped words."""
    loaded = Sentiment()
    loaded.load(str(SHIPPED / FILE).removesuffix(".3"))
    return loaded


@pytest.fixture(scope="module")
def ours() -> WordWeights:
    return load(SHIPPED / FILE)


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


@pytest.mark.parametrize("text", COMMENTS)
def test_stock_snownlp_scores_the_shipped_words_as_we_do(stock: Sentiment, ours: WordWeights, text: str) -> None:
    (total,) = ours.sums(cut([bounded(text)]))
    assert stock.classify(bounded(text)) == pytest.approx(sigmoid(total), abs=1e-9)


@given(text=st.text(alphabet="食堂的菜很好吃不差没有停水老师坏肚子！，。 [怒]a1\n", max_size=60))
def test_stock_snownlp_agrees_on_any_writing(stock: Sentiment, ours: WordWeights, text: str) -> None:
    (total,) = ours.sums(cut([text]))
    assert stock.classify(text) == pytest.approx(sigmoid(total), abs=1e-9)


def test_snownlp_text_sentiments_says_the_same_once_our_file_is_in_its_place(
    stock: Sentiment, ours: WordWeights, monkeypatch: pytest.MonkeyPatch
) -> None:
    from snownlp import SnowNLP

    monkeypatch.setattr(sentiment, "classifier", stock)
    for text in COMMENTS[:5]:
        (total,) = ours.sums(cut([text]))
        assert SnowNLP(text).sentiments == pytest.approx(sigmoid(total), abs=1e-9)


def test_shipped_words_know_praise_from_anger(ours: WordWeights) -> None:
    good, bad = ours.sums([["喜欢", "开心", "幸福"], ["恶心", "气死", "垃圾"]])
    assert bad < -1 < 1 < good


@given(
    st.dictionaries(st.text(min_size=1, max_size=4).filter(lambda word: "\ud800" not in word), st.floats(-4, 4)),
)
def test_weights_survive_the_file_to_one_count(
    tmp_path_factory: pytest.TempPathFactory, given: dict[str, float]
) -> None:
    path = tmp_path_factory.mktemp("words") / FILE
    path.write_bytes(content(quantised(given)))
    back = load(path).weights
    for word, weight in given.items():
        assert back.get(word, 0.0) == pytest.approx(weight, abs=1 / UNSEEN)


def test_equal_weights_give_equal_bytes_whatever_their_order() -> None:
    one, other = {"好": 1.0, "差": -1.0, "了": 0.001}, {"了": 0.001, "差": -1.0, "好": 1.0}
    assert content(quantised(one)) == content(quantised(other))
    assert content(quantised(one)) != content(quantised({"好": 1.1, "差": -1.0}))


def test_another_file_is_refused_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"\x00\x01")
    with pytest.raises(ValueError, match="fengxin train"):
        load(tmp_path / FILE)
