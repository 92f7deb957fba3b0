"""The doubt: where the model takes a line for nothing of concern, a danger that a rule names opens with others only."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.engine import Score
from sentiment.polarity import Polarity
from stream.assess import Reader, assess
from stream.assessment import Assessment
from stream.doubt import ALREADY, BELOW, SIGNS_FROM, UNSURE, WEIGHT, WORDS, doubted
from stream.evidence import Ledger
from stream.explanation import broken_examples, explain, told
from stream.matter import CARE
from stream.post import Kind, Post
from stream.risk import Opening, Risk, decide, risk
from stream.rules import Rule, Slot, load
from tests.stream.said import START, a_post
from tests.stream.test_impression import Says

BOOK = load()
READER = Reader(BOOK)
DANGER = "三号楼着火了，好多人困在里面"
CRY = "真的活不下去了，活着好累，猫留给室友了"
CALM, SURE = BELOW - 0.01, BELOW
SAID = Score(Polarity.NEGATIVE, 0.6, 0.1, 0.3)


def of(concern: float | None) -> Score:
    return replace(SAID, p_concern=concern)


def read(post: Post, concern: float | None) -> Assessment:
    return assess([post], Says(of(concern)), READER, START)[0]


def judged(*lines: Assessment) -> list[tuple[Risk, Opening | None]]:
    ledger, found = Ledger({}), []
    for line in lines:
        evidence = ledger.note(line)
        weighed = risk(evidence, START)
        found.append((weighed, decide(evidence, weighed)))
    return found


def test_a_doubted_danger_opens_with_others_and_not_alone() -> None:
    lines = [
        read(a_post(f"{DANGER}{'！' * n}", f"weibo:{n}", author=f"u{n}", thread="weibo:t"), CALM) for n in range(4)
    ]
    found = judged(*lines)
    assert found[0][1] is None
    assert found[0][0].value > 0
    assert any(opening is not None for _, opening in found[1:])
    (sure,) = judged(read(a_post(DANGER), SURE))
    assert sure[1] is not None
    assert sure[1].grave


def test_what_is_doubted_keeps_its_rules_and_what_they_tell_of() -> None:
    sure, calm = read(a_post(DANGER), SURE).hits, read(a_post(DANGER), CALM).hits
    assert [hit.rule for hit in sure] == [hit.rule for hit in calm]
    assert any(hit.grave for hit in sure)
    for was, now in zip(sure, calm, strict=True):
        assert now.kinds == was.kinds
        assert now.spans == was.spans
        if was.grave:
            assert not now.grave
            assert now.weight == min(was.weight, WEIGHT)
            assert WORDS in now.title
        else:
            assert now == was


@pytest.mark.parametrize(
    ("kind", "alone"), [(Kind.COMMENT, False), (Kind.REPLY, False), (Kind.MESSAGE, False), (Kind.LEAD, True)]
)
def test_what_somebody_reports_by_hand_is_not_doubted(kind: Kind, alone: bool) -> None:
    assert any(hit.grave for hit in read(a_post(DANGER, kind=kind), CALM).hits) is alone


def test_a_cry_for_help_is_never_doubted() -> None:
    assert any(hit.grave and hit.theme == CARE for hit in read(a_post(CRY), 0.0).hits)


def test_an_engine_that_says_nothing_of_concern_doubts_nothing() -> None:
    assert any(hit.grave for hit in read(a_post(DANGER), None).hits)


def test_no_example_of_a_grave_rule_is_doubted_by_the_shipped_model() -> None:
    from sentiment.engine import engine_by_name

    grave = [rule for rule in BOOK.rules if rule.grave and rule.theme != CARE and Slot.COMMENT in rule.applies_to]
    texts = [text for rule in grave for text in rule.examples.match]
    found = assess([a_post(text, f"weibo:{n}") for n, text in enumerate(texts)], engine_by_name(), READER, START)
    doubtful = [one.post.text for one in found if any(WORDS in hit.title for hit in one.hits)]
    assert len(texts) > 200
    assert doubtful == []


@given(st.sampled_from([Slot.COMMENT, Slot.MESSAGE, Slot.LEAD, Slot.OWN_POST, None]), st.none() | st.floats(0, 1))
def test_doubting_twice_is_doubting_once_and_never_makes_more_of_a_hit(
    slot: Slot | None, concern: float | None
) -> None:
    hits = read(a_post(f"{DANGER}，{CRY}"), 1.0).hits
    once = doubted(hits, slot, concern)
    assert doubted(once, slot, concern) == once
    assert all(now.weight <= was.weight for was, now in zip(hits, once, strict=True))


def test_the_explanation_says_that_it_is_doubted() -> None:
    lines = list(told(explain(READER, DANGER, engine=Says(of(CALM)))))
    assert any(WORDS in line for line in lines)
    assert not any(WORDS in line for line in told(explain(READER, DANGER, engine=Says(of(SURE)))))


SIGNS = [rule for rule in BOOK.rules if rule.sign]


def of_signs(rule: Rule) -> str:
    """An example of a rule that no rule names, and of which no other sign has more to show; empty for none."""
    for said in rule.examples.match:
        hits = read(a_post(said), 1.0).hits
        if rule.id in {hit.rule for hit in hits}:
            return said
    return ""


ALONE = {rule.id: said for rule in SIGNS[::5] if Slot.COMMENT in rule.applies_to and (said := of_signs(rule))}


@pytest.mark.parametrize("name", ALONE)
def test_a_rule_of_signs_counts_only_where_the_model_is_sure(name: str) -> None:
    for concern, holds in ((SIGNS_FROM, True), (SIGNS_FROM - 0.01, False), (None, False)):
        line = read(a_post(ALONE[name]), concern)
        assert (name in {hit.rule for hit in line.hits}) is holds, concern
    lead = read(a_post(ALONE[name], kind=Kind.LEAD), 0.0)
    assert any(hit.rule in {rule.id for rule in SIGNS} for hit in lead.hits), "what a person reports is not doubted"


def test_most_rules_of_signs_have_an_example_of_their_own_and_all_are_of_dangers() -> None:
    assert len(ALONE) > len(SIGNS[::5]) / 2
    assert all(rule.grave for rule in SIGNS), "a grievance by its signs alone tells one matter from another badly"


def test_signs_add_nothing_where_a_rule_names_the_danger_and_of_several_one_counts() -> None:
    signs = {rule.id for rule in SIGNS}
    for said in ("实习车间有人手卷进机器了，整条胳膊都是血", DANGER, *ALONE.values()):
        hits = read(a_post(said), 1.0).hits
        named = [hit for hit in hits if hit.grave and hit.rule not in signs and not hit.rule.startswith("MD-")]
        seen = [hit for hit in hits if hit.rule in signs]
        assert len(seen) <= (0 if named else 1), said


def test_the_explanation_says_that_signs_were_seen_and_why_they_do_not_count() -> None:
    name, said = next(iter(ALONE.items()))
    unsure = explain(READER, said, engine=Says(of(SIGNS_FROM - 0.01)), most=100)
    assert name not in {one.rule.id for one in unsure.held}
    assert any(one.rule.id == name and one.why == (UNSURE,) for one in unsure.nearly)
    sure = explain(READER, said, engine=Says(of(SIGNS_FROM)))
    assert name in {one.rule.id for one in sure.held}
    kept = explain(READER, said, known=set())
    assert name not in {one.rule.id for one in kept.held}
    beside = explain(READER, "实习车间有人手卷进机器了，整条胳膊都是血", engine=Says(of(1.0)), most=100)
    assert any(one.why == (ALREADY,) for one in beside.nearly)
    assert sum(one.why in ((ALREADY,), (UNSURE,)) for one in beside.nearly) == 1, "the plainest of them speaks for all"


def test_an_example_that_a_rule_of_signs_must_miss_and_does_not_is_told_with_its_words() -> None:
    rule = next(one for one in SIGNS if Slot.COMMENT in one.applies_to)
    said = rule.examples.match[0]
    wrong = rule.model_copy(update={"examples": rule.examples.model_copy(update={"miss": (said,)})})
    book = replace(BOOK, rules=tuple(wrong if one.id == rule.id else one for one in BOOK.rules))
    (told_of,) = [one for one in broken_examples(Reader(book)) if rule.id in one]
    assert "examples.miss" in told_of
    assert "“" in told_of.partition(said)[2], "the words that are there"
