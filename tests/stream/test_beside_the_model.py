"""Beside the model: a rule that names what the model felt never lowers a risk, closes what opens or makes it milder."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sentiment.engine import Score
from sentiment.normalise import normalise
from sentiment.polarity import Polarity
from stream.assessment import Assessment, Hit, Target
from stream.danger import DANGERS as KINDS
from stream.evidence import Ledger
from stream.impression import COMPLAINT, DANGER, IMPRESSIONS
from stream.matter import CARE
from stream.risk import Opening, Risk, decide, risk
from stream.rules import CUES, Category, Slot, load
from tests.stream.said import START, a_post, assessed
from tests.stream.test_impression import READER

TEXT = "东边那排平房里的味道一天比一天呛人"
BOOK = load()
THEMES = sorted({rule.theme for rule in BOOK.rules} - {"any", "unauthorised_post"})
MATTERS = [one for one in Category if one not in (*CUES, Category.ADVERT, Category.MOOD)]
FLOORS = st.none() | st.integers(1, 4)


def hit(theme: str, category: Category, weight: int, grave: bool, floor: int | None, kinds: tuple[str, ...]) -> Hit:
    return Hit(
        rule=f"XX-{weight}", version=1, title="某条规则", theme=theme, category=category.value, grave=grave,
        level_floor=floor, weight=weight, spans=((0, 1),), words=("东",), kinds=kinds,
    )  # fmt: skip


KIND = st.lists(st.sampled_from(sorted(KINDS)), max_size=2, unique=True).map(tuple)
MATTER = st.builds(
    hit, st.sampled_from(THEMES), st.sampled_from(MATTERS), st.integers(0, 100), st.just(False), FLOORS, KIND
) | st.builds(
    hit, st.sampled_from(THEMES), st.sampled_from(MATTERS), st.integers(0, 100), st.just(True), st.integers(1, 2), KIND
)
"""Whatever is grave is a danger of level 1 or 2, as the rules are held to."""
CUE = st.builds(
    hit,
    st.just("any"),
    st.sampled_from(sorted(set(CUES) - {Category.ADVERT})),
    st.integers(0, 10),
    st.just(False),
    st.none(),
    st.just(()),
)
LOW = st.builds(hit, st.just(CARE), st.just(Category.MOOD), st.integers(0, 26), st.just(False), FLOORS, st.just(()))
"""A low mood weighs at most as much as in the rules."""
RULES = MATTER | CUE | LOW
SCORE = st.builds(
    Score, st.just(Polarity.NEGATIVE), st.just(0.9), st.just(0.05), st.just(0.1),
    p_concern=st.sampled_from([0.5, 0.7, 0.8, 0.9, 0.99]), p_grave=st.sampled_from([0.0, 0.35, 0.5, 0.75, 0.8, 0.9]),
    theme=st.sampled_from(THEMES), matter=st.sampled_from([one for one in THEMES if one != CARE]),
    stretches=st.sampled_from([((2, 6),), ((4, 8), (0, 2))]),
)  # fmt: skip
TARGETS = st.sampled_from([one for one in Target if one is not Target.OUTSIDER])


def line(number: int, score: Score, rules: list[Hit], target: Target) -> Assessment:
    """A line on which the rules and the model say this."""
    felt = READER.impressions.impression(score, Slot.COMMENT, target, rules, normalise(TEXT))
    post = a_post(f"{TEXT}{number}", f"weibo:{number}", author=f"u{number}", thread="weibo:t1")
    hits = (*rules, felt) if felt is not None else tuple(rules)
    return assessed(post, negative=True).model_copy(update={"hits": hits, "target": target})


def judged(before: list[Assessment], one: Assessment) -> tuple[Risk, Opening | None]:
    ledger = Ledger({})
    for earlier in before:
        ledger.note(earlier)
    evidence = ledger.note(one)
    found = risk(evidence, START)
    return found, decide(evidence, found)


def never_less(less: tuple[Risk, Opening | None], more: tuple[Risk, Opening | None]) -> None:
    assert more[0].value >= less[0].value
    if less[1] is not None:
        assert more[1] is not None
        assert more[1].level <= less[1].level


@settings(deadline=None, max_examples=200)
@given(SCORE, st.lists(MATTER | CUE, max_size=2), RULES, TARGETS)
def test_one_more_rule_on_a_line_that_the_model_marked_never_takes_from_it(
    score: Score, rules: list[Hit], one_more: Hit, target: Target
) -> None:
    never_less(judged([], line(1, score, rules, target)), judged([], line(1, score, [*rules, one_more], target)))


@settings(deadline=None, max_examples=100)
@given(SCORE, st.lists(RULES, max_size=2), TARGETS)
def test_what_the_model_adds_never_takes_from_what_rules_say(score: Score, rules: list[Hit], target: Target) -> None:
    silent = line(1, score, rules, target)
    silent = silent.model_copy(update={"hits": tuple(one for one in silent.hits if one.rule not in IMPRESSIONS)})
    never_less(judged([], silent), judged([], line(1, score, rules, target)))


UNSURE = SCORE.filter(lambda score: (score.p_grave or 0) < 0.75)
SIDE = MATTER.filter(lambda one: one.theme != CARE)


@settings(deadline=None, max_examples=100)
@given(st.lists(UNSURE, max_size=3), UNSURE, st.lists(SIDE, max_size=1), SIDE)
def test_a_weaker_rule_leaves_the_line_in_what_is_felt_under_its_post(
    others: list[Score], score: Score, rules: list[Hit], one_more: Hit
) -> None:
    """A rule that says more than the model names a matter of its own instead."""
    before = [line(2 + at, felt, [], Target.NONE) for at, felt in enumerate(others)]
    less, more = line(1, score, rules, Target.NONE), line(1, score, [*rules, one_more], Target.NONE)
    if any(one.rule in IMPRESSIONS for one in more.hits):
        found = judged(before, less), judged(before, more)
        assert found[1][0].points >= found[0][0].points - 1e-9
        assert found[0][1] is None or found[1][1] is not None


def test_low_moods_of_the_rules_weigh_no_more_than_is_taken_here() -> None:
    low = [rule for rule in BOOK.rules if rule.theme == CARE and rule.category is Category.MOOD]
    assert max(rule.weight for rule in low) <= 26
    assert not any(rule.grave for rule in low)


def test_a_rule_of_fourteen_points_and_more_silences_no_complaint_and_one_of_forty_five_no_danger() -> None:
    said = Score(Polarity.NEGATIVE, 0.9, 0.05, 0.1, p_concern=0.96, p_grave=0.0, theme="dorm", stretches=((2, 6),))
    grave = Score(Polarity.NEGATIVE, 0.9, 0.05, 0.1, p_concern=0.96, p_grave=0.9, theme="dorm", stretches=((2, 6),))
    for score, weight, rule in ((said, 14, COMPLAINT), (said, 27, COMPLAINT), (grave, 45, DANGER), (grave, 89, DANGER)):
        named = hit("fees", Category.GRIEVANCE, weight, False, None, ())
        assert [one.rule for one in line(1, score, [named], Target.NONE).hits] == [named.rule, rule]
