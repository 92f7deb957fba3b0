"""Look-alikes: listed words with one character in a like shape, against the plain reading of what that means."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sentiment.lookalike import Shaped, is_part, lookalikes
from sentiment.ordinary import followers, is_ordinary
from sentiment.segment import points_of

WORDS = ("评论", "论坛", "未来", "打架", "辅导员", "拆迁", "日日日", "拆日", "折日", "天天向上", "食")
LETTERS = sorted({one for char in "".join(WORDS) for one in char + lookalikes(char)})


def plainly(text: str) -> set[tuple[int, int, str]]:
    """Every window of a text that is a word but for one character, which looks alike and is odd there."""
    return {
        (start, start + len(word), word)
        for word in WORDS
        for start in range(len(text) - len(word) + 1)
        if is_shaped(text[start : start + len(word)], word)
    }


def is_shaped(written: str, word: str) -> bool:
    odd = [place for place, (one, other) in enumerate(zip(written, word, strict=True)) if one != other]
    if len(odd) != 1 or len(word) == 1 or written in WORDS:
        return False
    around = written[max(0, odd[0] - 1) : odd[0] + 2]
    return (
        written[odd[0]] in lookalikes(word[odd[0]])
        and written[odd[0]] in followers()
        and not any(is_ordinary(one, other) for one, other in pairwise(around))
    )


def found(shaped: Shaped, text: str) -> set[tuple[int, int, str]]:
    return set(shaped.find(text, shaped.places(text, points_of(text))))


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Listed words of which some characters are changed for others, side by side."""
    letters = [draw(st.sampled_from(word)) for word in draw(st.lists(st.sampled_from(WORDS), max_size=4))]
    text = "".join(draw(st.lists(st.sampled_from(WORDS), max_size=4)) + letters)
    for _ in range(draw(st.integers(0, 3))):
        if text:
            at = draw(st.integers(0, len(text) - 1))
            text = text[:at] + draw(st.sampled_from([*lookalikes(text[at]), *LETTERS])) + text[at + 1 :]
    return text


@given(texts())
def test_what_is_found_is_what_the_plain_reading_finds(text: str) -> None:
    assert found(Shaped(WORDS), text) == plainly(text)


def test_a_word_in_a_like_shape_is_found_where_it_stands() -> None:
    assert found(Shaped(WORDS), "看看评仑吧") == {(2, 4, "评论")}
    assert found(Shaped(WORDS), "看看评论吧") == set()
    assert found(Shaped(WORDS), "") == set()


def test_likeness_is_mutual_and_never_with_itself() -> None:
    assert {"仑", "轮", "伦"} <= set(lookalikes("论"))
    assert "末" in lookalikes("未")
    for char in "论未打食":
        assert char not in lookalikes(char)
        assert all(char in lookalikes(like) for like in lookalikes(char))
    assert is_part("仑", "论")
    assert not is_part("未", "末")
    assert lookalikes("a") == ""
