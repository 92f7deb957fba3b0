"""A copy-paste wave counts once, with its number; more marks never lower the sum; a wave that grows still tells."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.evidence import Mark
from stream.risk import decide, risk
from stream.wave import counted
from tests.stream.test_evidence import Story
from tests.stream.test_risk import NOW, PLAIN, mark

PLEA = "请学校正面回应：水电费为什么必须绑定指定运营商套餐，已截图"
SAID = st.lists(
    st.tuples(st.integers(0, 60), st.sampled_from("abcdef"), st.sampled_from("uvwxyz")), max_size=14
)  # fmt: skip


def weighed(said: list[tuple[int, str, str]]) -> float:
    found = counted(
        (float(points), mark(at, author=voice, cluster=words)) for at, (points, voice, words) in enumerate(said)
    )
    return sum(one.points for one in found.words) + found.spread


def wave(voices: int, weight: int = 30, words: str = "pasted") -> tuple[Mark, ...]:
    return tuple(mark(n, weight, cluster=words) for n in range(1, voices + 1))


def test_a_wave_counts_once_and_says_how_many_pasted_it() -> None:
    found = counted((30.0, one) for one in wave(37))
    assert [(one.points, len(one.voices)) for one in found.words] == [(30.0, 37)]
    reasons = {one.name: one for one in risk(replace(PLAIN, marks=wave(37), copies=37), NOW).reasons}
    assert reasons["饭菜有异物"].sentence.endswith("；同一段话 37 人转贴，按一条计")
    assert reasons["复制扩散"].sentence == "37 人发了几乎相同的话，人数每翻一番按多一条计"


def test_what_people_say_in_words_of_their_own_counts_one_by_one() -> None:
    own = replace(PLAIN, marks=tuple(mark(n) for n in range(1, 9)))
    (reason,) = risk(own, NOW).reasons
    assert reason.sentence == "8 人说到“饭菜有异物”（10 天内，规则 FD-03）"
    pasted = replace(PLAIN, marks=wave(8))
    assert risk(pasted, NOW).points == risk(replace(PLAIN, marks=own.marks[:4]), NOW).points


@pytest.mark.parametrize(("voices", "opens"), [(1, False), (2, False), (4, False), (8, True), (37, True)])
def test_a_wave_of_eight_opens_and_a_few_copies_do_not(voices: int, *, opens: bool) -> None:
    found = replace(PLAIN, marks=wave(voices))
    assert (decide(found, risk(found, NOW)) is not None) is opens


def test_who_pastes_and_speaks_for_himself_counts_for_both_but_not_twice() -> None:
    pasted = [(30, voice, "u") for voice in "abcd"]
    assert weighed([*pasted, (30, "a", "v")]) == weighed(pasted) + 30, "somebody else pasted, too"
    assert weighed([*pasted, (30, "a", "v"), (30, "a", "w")]) == weighed(pasted) + 30, "one person counts once"
    assert weighed([(30, "a", words) for words in "uvwxyz"]) == 30


@given(SAID, SAID)
def test_more_said_never_weighs_less(said: list[tuple[int, str, str]], more: list[tuple[int, str, str]]) -> None:
    assert weighed([*said, *more]) >= weighed(said) - 1e-5


@given(SAID)
def test_nothing_weighs_more_than_its_voices_nor_less_than_the_best_pairs(said: list[tuple[int, str, str]]) -> None:
    heaviest = {voice: max(points for points, one, _ in said if one == voice) for _, voice, _ in said}
    best = {words: max(points for points, _, one in said if one == words) for _, _, words in said}
    pairs = {(voice, words) for _, voice, words in said}
    names = sorted(best)
    width = len(heaviest)
    lists = permutations([*names, *[""] * max(0, width - len(names))], width)
    once = max(
        (
            sum(best[words] for voice, words in zip(sorted(heaviest), one, strict=True) if (voice, words) in pairs)
            for one in lists
        ),
        default=0,
    ) if width <= 4 else 0  # fmt: skip
    assert min(once, sum(heaviest.values())) - 1e-5 <= weighed(said) <= sum(heaviest.values()) + 1e-5


def test_copies_under_several_posts_are_one_wave_in_the_story() -> None:
    story = Story()
    for number in range(5):
        found = story.say(PLEA + "。" * (number % 2), f"t{number}")
    texts = [reason.sentence for reason in risk(found, NOW).reasons]
    assert any("同一段话 5 人转贴，按一条计" in text for text in texts), texts
