"""Odds: what is written against what sounds like it."""

from hypothesis import given
from hypothesis import strategies as st

from sentiment.odds import chance, coincidence, odds
from sentiment.ordinary import followers, powers

han = st.text(st.sampled_from(sorted(followers())), min_size=2, max_size=4)


def test_every_pair_has_its_power() -> None:
    assert followers().keys() == powers().keys()
    assert all(len(powers()[first]) == len(seconds) for first, seconds in followers().items())
    assert all(int(digit, 16) >= 2 for digits in powers().values() for digit in digits)


def test_what_is_ordinarily_written_is_likelier_than_what_is_not() -> None:
    assert chance("我们学校", 2, 4) < chance("我们学笑", 2, 4)
    assert chance("得脸通红着", 1, 3) < chance("得脸通", 1, 3)
    assert odds("他要投宿", 2, 4, "投诉") > odds("得脸通红着", 1, 3, "炼铜")


def test_common_sounds_are_told_from_rare_ones() -> None:
    assert coincidence("歧视") > 1000 > 100 > coincidence("投诉")


@given(st.text(max_size=3), han, st.text(max_size=3))
def test_any_text_has_finite_odds_and_only_its_neighbours_count(before: str, written: str, after: str) -> None:
    start, end = len(before), len(before) + len(written)
    text = before + written + after
    figure = odds(text, start, end, written)
    assert figure == chance(text, start, end)
    assert 0 < abs(figure) < 200
    assert figure == odds("头" + text + "尾", start + 1, end + 1, written) or not (before and after)
