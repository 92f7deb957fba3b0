"""Risk is monotone and says why; one grave line opens, one complaint does not, several people do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.assessment import Hit, Polarity, Target
from stream.border import OPEN_AT
from stream.evidence import Evidence, Mark, ThreadFigures
from stream.impression import COMPLAINT, DANGER
from stream.matter import Scene, all_keys
from stream.risk import (
    CONTEXT,
    CROWD,
    OURS_POINTS,
    POINTS_FOR_100,
    READ_FROM,
    SHOWN_FROM,
    Risk,
    decide,
    risk,
)  # fmt: skip
from stream.surge import Surge

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SCENE = Scene("t1", "c1", ("2食堂",))


def mark(number: int, weight: int = 30, author: str | None = None, **changes: object) -> Mark:
    theme = str(changes.pop("theme", "canteen"))
    grave = bool(changes.pop("grave", False))
    plain = Mark(
        post_id=f"l{number}",
        author=f"u{number}" if author is None else author,
        theme=theme,
        rule="FD-03",
        title="饭菜有异物",
        category="grievance",
        weight=weight,
        grave=grave,
        level_floor=4,
        article="",
        at=NOW - timedelta(hours=1),
        thread="t1",
        cluster=f"l{number}",
        ours=False,
        keys=all_keys([theme], SCENE),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def hit(*, grave: bool = False, theme: str = "canteen", category: str = "grievance", floor: int | None = 4) -> Hit:
    return Hit(
        rule="FD-03",
        version=1,
        title="饭菜有异物",
        theme=theme,
        category=category,
        grave=grave,
        level_floor=floor,
        weight=30,
        spans=((0, 1),),
        words=("虫",),
    )


def cue(number: int, category: str = "echo", weight: int = 10) -> Mark:
    return mark(number, weight, theme="any", category=category, title="附和", rule="CU-01")


PLAIN = Evidence(
    post_id="l1",
    by_school=False,
    own_post=False,
    lead_account=True,
    target=Target.SERVICE,
    polarity=Polarity.NEUTRAL,
    hits=(hit(),),
    scene=SCENE,
    marks=(mark(1),),
)


def opened(evidence: Evidence) -> bool:
    return decide(evidence, risk(evidence, NOW)) is not None


MARKS = st.lists(
    st.builds(
        lambda number, weight, author, theme, days, grave, ours: mark(
            number, weight, author, theme=theme, at=NOW - timedelta(days=days), grave=grave, ours=ours
        ),
        st.integers(1, 30),
        st.integers(0, 100),
        st.sampled_from(["", "a", "b", "c", "d"]),
        st.sampled_from(["canteen", "dorm", "fees"]),
        st.integers(0, 10),
        st.booleans(),
        st.booleans(),
    ),
    max_size=6,
    unique_by=lambda one: (one.post_id, one.theme),
)
CUES = st.lists(
    st.builds(cue, st.integers(31, 40), st.sampled_from(["echo", "escalation", "irony"]), st.integers(0, 30)),
    max_size=4,
)
EVIDENCE = st.builds(
    lambda marks, cues, negative, outliked, score, copies, p_negative: replace(
        PLAIN,
        marks=tuple(marks),
        cues=tuple(cues),
        thread=ThreadFigures(20, 20, negative),
        outliked=outliked,
        is_outliked=outliked > 0,
        surge=Surge(2.0, 1.0, 2, score, "近一小时 2 条"),
        copies=copies,
        p_negative=p_negative,
    ),
    MARKS,
    CUES,
    st.integers(0, 9),
    st.integers(0, 9),
    st.floats(0, 1),
    st.integers(1, 9),
    st.floats(0, 1),
)


@given(EVIDENCE, MARKS, CUES, st.integers(0, 5), st.floats(0, 1))
def test_more_evidence_never_lowers_the_risk(
    evidence: Evidence, marks: list[Mark], cues: list[Mark], more: int, score: float
) -> None:
    """Among as many voices; how many talk under a post is what its marks are measured by, and no evidence."""
    grown = replace(
        evidence,
        marks=evidence.marks + tuple(marks),
        cues=evidence.cues + tuple(cues),
        thread=ThreadFigures(20, 20, evidence.thread.negative_authors + more),
        outliked=evidence.outliked + more,
        is_outliked=evidence.is_outliked or more > 0,
        surge=max(evidence.surge, Surge(3.0, 1.0, 3, score, "近一小时 3 条"), key=lambda one: one.score),
        copies=evidence.copies + more,
    )
    assert risk(grown, NOW).value >= risk(evidence, NOW).value


@given(EVIDENCE)
def test_shares_add_up_to_a_hundred_and_reasons_have_words(evidence: Evidence) -> None:
    found = risk(evidence, NOW)
    assert 0 <= found.value <= 100
    if found.reasons:
        assert sum(reason.share for reason in found.reasons) == 100
        assert all(reason.name and reason.sentence and reason.share >= 0 for reason in found.reasons)
    else:
        assert found.value == 0


@given(EVIDENCE, st.randoms(use_true_random=False))
def test_order_of_the_marks_changes_nothing(evidence: Evidence, draw: object) -> None:
    marks, cues = list(evidence.marks), list(evidence.cues)
    draw.shuffle(marks)  # type: ignore[attr-defined]
    draw.shuffle(cues)  # type: ignore[attr-defined]
    shuffled = replace(evidence, marks=tuple(marks), cues=tuple(cues))
    assert risk(shuffled, NOW).value == risk(evidence, NOW).value


def test_one_grave_line_opens_at_its_floor_with_the_keys_of_its_theme() -> None:
    evidence = replace(PLAIN, hits=(hit(grave=True, floor=2),), marks=(mark(1, 90, grave=True, level_floor=2),))
    found = risk(evidence, NOW)
    opening = decide(evidence, found)
    assert opening is not None
    assert (opening.level, opening.grave, opening.theme, opening.members) == (2, True, "canteen", ("l1",))
    assert {"canteen|thread|t1", "canteen|place|2食堂"} <= set(opening.keys)
    assert found.value == 100
    assert "危及人身或个人信息" in {reason.name for reason in found.reasons}


def test_one_complaint_alone_opens_nothing() -> None:
    assert not opened(PLAIN)
    assert not opened(replace(PLAIN, marks=(mark(1, 100),), thread=ThreadFigures(9, 9, 9)))


def test_one_person_repeating_opens_nothing() -> None:
    assert not opened(replace(PLAIN, marks=tuple(mark(n, 90, "a") for n in range(1, 9))))


def test_several_people_in_a_thread_open_an_incident() -> None:
    evidence = replace(PLAIN, marks=tuple(mark(n) for n in range(1, 5)))
    opening = decide(evidence, risk(evidence, NOW))
    assert opening is not None
    assert (opening.level, opening.grave, opening.members) == (4, False, ("l1", "l2", "l3", "l4"))


def test_slow_build_over_ten_days_adds_up_at_a_lower_weight() -> None:
    def days(*ago: float) -> Evidence:
        return replace(PLAIN, marks=tuple(mark(n, at=NOW - timedelta(days=d)) for n, d in enumerate(ago, start=1)))

    assert opened(days(0, 1, 2, 2.5))
    assert not opened(days(0, 6, 7, 8))
    assert opened(days(0, 1, 6, 7, 8))


def test_cues_and_tone_strengthen_a_matter_but_make_none() -> None:
    cues = tuple(cue(n, "escalation", 20) for n in range(10, 20))
    assert risk(replace(PLAIN, hits=(), marks=(), cues=cues), NOW).value == 0
    few = replace(PLAIN, marks=(mark(1), mark(2), mark(3)))
    assert not opened(few)
    assert opened(replace(few, cues=cues))


def test_what_is_said_around_a_matter_adds_no_more_than_a_share_of_what_its_rules_say() -> None:
    cues = tuple(cue(n, "escalation", 20) for n in range(10, 20))
    crowd = ThreadFigures(60, 26, 0)
    busy = replace(PLAIN, cues=cues, surge=Surge(40, 2, 80, 1, "近一小时 80 条"), thread=crowd)
    weak = replace(busy, marks=(mark(1, 12), mark(2, 28)))
    assert not opened(weak), "two weak words under a busy post are no matter"
    assert risk(weak, NOW).points <= (1 + CONTEXT * CROWD / 26) * 40 + OURS_POINTS
    several = replace(busy, marks=(mark(1, 12), mark(2, 28), mark(3), mark(4)))
    assert opened(several)


@pytest.mark.parametrize("rule", ["XX-01", COMPLAINT])
def test_the_same_few_marks_say_much_among_a_dozen_voices_and_little_among_a_hundred(rule: str) -> None:
    marks = tuple(replace(mark(number, 28), rule=rule) for number in range(1, 5))
    points = [
        risk(replace(PLAIN, marks=marks, thread=ThreadFigures(voices, voices, 0)), NOW).points
        for voices in (4, 12, 60, 200, 1000)
    ]
    assert points == sorted(points, reverse=True)
    assert points[1] > 4 * points[-1]


@given(EVIDENCE)
def test_a_mark_of_today_never_makes_older_ones_less(evidence: Evidence) -> None:
    old = replace(mark(50, 100), at=NOW - timedelta(days=5))
    before = replace(evidence, marks=(*evidence.marks, old), thread=ThreadFigures(90, 60, 0))
    after = replace(before, marks=(*before.marks, mark(51, 0)))
    assert risk(after, NOW).points >= risk(before, NOW).points


@pytest.mark.parametrize(
    "danger", [{"grave": True}, {"kinds": ("trapped",)}, {"theme": "self_harm", "category": "incident"}]
)
def test_a_danger_and_a_cry_for_help_count_in_full_under_any_post(danger: dict[str, Any]) -> None:
    grave = replace(mark(1, 60), **danger)
    alone, crowded = (
        risk(replace(PLAIN, marks=(grave,), thread=ThreadFigures(voices, voices, 0)), NOW).points
        for voices in (1, 1000)
    )
    assert alone == crowded


def test_surge_of_harmless_lines_is_no_risk() -> None:
    wave = replace(PLAIN, hits=(), marks=(), surge=Surge(40, 2, 80, 1, "近一小时 80 条"))
    assert risk(wave, NOW) == Risk(0, ())


def test_negative_line_without_a_rule_is_shown_low_and_opens_nothing() -> None:
    evidence = replace(PLAIN, hits=(), marks=(), polarity=Polarity.NEGATIVE)
    found = risk(evidence, NOW)
    assert 0 < found.value < 10
    assert [reason.name for reason in found.reasons] == ["负面"]
    assert decide(evidence, found) is None
    assert risk(replace(evidence, target=Target.OUTSIDER), NOW).value == 0


def test_four_comments_liked_above_their_post_open_a_matter_of_image() -> None:
    evidence = replace(PLAIN, hits=(), marks=(), is_outliked=True, outliked=3)
    assert not opened(evidence)
    evidence = replace(evidence, outliked=4)
    opening = decide(evidence, risk(evidence, NOW))
    assert opening is not None
    assert (opening.theme, opening.level) == ("image", 4)
    assert not opened(replace(evidence, is_outliked=False))


def test_own_post_speaking_without_leave_opens_for_unit_accounts_only() -> None:
    theme = "unauthorised_post"
    post = replace(
        PLAIN,
        by_school=True,
        own_post=True,
        lead_account=False,
        hits=(hit(theme=theme, category="prohibited", floor=3),),
        marks=(mark(1, 100, "", theme=theme, category="prohibited", level_floor=3, article="第十条"),),
    )
    found = risk(post, NOW)
    opening = decide(post, found)
    assert opening is not None
    assert (opening.theme, opening.level) == (theme, 3)
    assert "第十条" in {reason.article for reason in found.reasons}
    assert not opened(replace(post, lead_account=True))


def test_answers_of_the_school_and_advertisements_carry_no_risk() -> None:
    assert risk(replace(PLAIN, by_school=True), NOW) == Risk(0, ())
    advert = replace(PLAIN, hits=(hit(category="advert", theme="any"),), marks=tuple(mark(n) for n in range(1, 9)))
    assert risk(advert, NOW) == Risk(0, ())
    assert not opened(advert)


def test_flood_of_voices_opens_one_level_graver_but_not_as_danger() -> None:
    many = replace(PLAIN, marks=tuple(mark(n, level_floor=4) for n in range(1, 13)))
    opening = decide(many, risk(many, NOW))
    assert opening is not None
    assert opening.level == 3
    heavy = replace(PLAIN, marks=tuple(mark(n, level_floor=2) for n in range(1, 13)))
    opening = decide(heavy, risk(heavy, NOW))
    assert opening is not None
    assert opening.level == 2


def test_what_only_the_model_felt_is_never_severe_however_many_say_it() -> None:
    felt = tuple(replace(mark(number, 28, level_floor=3), rule=COMPLAINT) for number in range(1, 31))
    told = (mark(31), mark(32))
    dangers = tuple(replace(one, rule=DANGER, grave=True, weight=90) for one in felt)
    cries = tuple(replace(one, rule=DANGER, weight=90, theme="self_harm") for one in felt)
    levels = []
    for marks in (felt, dangers, cries, (*felt, *told)):
        many = replace(PLAIN, marks=marks)
        opening = decide(many, risk(many, NOW))
        assert opening is not None
        levels.append((opening.level, opening.severe))
    assert levels == [(3, False), (3, False), (3, False), (3, True)]


def test_a_text_that_many_paste_and_ridicule_that_many_like_are_severe_by_themselves() -> None:
    wave = tuple(mark(number, 40, level_floor=3, cluster="one") for number in range(1, 65))
    for many in (replace(PLAIN, marks=wave), replace(PLAIN, marks=(), outliked=16, is_outliked=True)):
        opening = decide(many, risk(many, NOW))
        assert opening is not None
        assert opening.severe


def test_who_spoke_last_does_not_decide_what_was_felt_elsewhere() -> None:
    """One rule under a post of three voices, and five that only the model felt under five others."""
    told = mark(1, 28, thread="t1")
    felt = tuple(replace(mark(number, 28, thread=f"t{number}"), rule=COMPLAINT) for number in range(2, 7))
    last = (PLAIN.scene, replace(PLAIN.scene, thread="t2"))
    found = [
        risk(replace(PLAIN, marks=(told, *felt), scene=scene, thread=ThreadFigures(3, 3, 0)), NOW).points
        for scene in last
    ]
    assert found[0] == pytest.approx(found[1])
    assert found[0] >= OPEN_AT


def test_what_was_only_felt_under_other_posts_counts_as_little_as_under_a_busy_one_here() -> None:
    felt = [replace(mark(number, 28, thread=f"t{number % 4}"), rule=COMPLAINT) for number in range(1, 13)]
    told = [replace(one, rule="XX-01") for one in felt]
    points = [
        risk(replace(PLAIN, marks=tuple(marks), thread=ThreadFigures(voices, voices, 0)), NOW).points
        for marks in (felt, told)
        for voices in (4, 200)
    ]
    assert points[1] < points[0] / 4, "felt: as it is said here"
    assert points[3] > points[2] / 2, "told: elsewhere in full"


def test_thanks_beside_a_cry_for_help_are_no_irony() -> None:
    ironic = (cue(5, "irony"), cue(6, "echo"))
    canteen = replace(PLAIN, cues=ironic)
    cry = replace(canteen, marks=(mark(1, theme="self_harm"),), hits=(hit(theme="self_harm"),))
    names = [{reason.name for reason in risk(one, NOW).reasons} for one in (canteen, cry)]
    assert ["反话讽刺" in one for one in names] == [True, False]
    assert all("多人附和" in one for one in names)


@pytest.mark.parametrize("name", ["涌量", "负面", "指向本校", "多人附和", "复制扩散", "饭菜有异物"])
def test_reasons_are_named_in_chinese_with_figures(name: str) -> None:
    evidence = replace(
        PLAIN,
        marks=(mark(1, ours=True), mark(2)),
        cues=(cue(5),),
        thread=ThreadFigures(12, 9, 3),
        surge=Surge(6.0, 2.0, 12, 1.0, "本账号近一小时 12 条，平常 20 时约 2.0 条，为 6.0 倍"),
        copies=3,
    )
    reason = next(reason for reason in risk(evidence, NOW).reasons if reason.name == name)
    assert any(char.isdigit() for char in reason.sentence)
    assert reason.share > 0


def test_threshold_lies_within_the_scale_shown() -> None:
    assert 50 < 100 * OPEN_AT / POINTS_FOR_100 < 80


UNMARKED = replace(PLAIN, hits=(), marks=(), p_negative=READ_FROM)
"""A line that no rule marked, about a service of the school."""


@pytest.mark.parametrize("polarity", [Polarity.NEGATIVE, Polarity.NEUTRAL])
@pytest.mark.parametrize("target", [Target.SCHOOL, Target.STAFF, Target.SERVICE])
def test_an_unkind_line_about_us_is_worth_an_eye_and_opens_nothing(target: Target, polarity: Polarity) -> None:
    line = replace(UNMARKED, target=target, polarity=polarity)
    found = risk(line, NOW)
    assert found.value == SHOWN_FROM
    assert "值得看一眼" in [one.name for one in found.reasons]
    assert sum(one.share for one in found.reasons) == 100
    assert "不计入立事件" in found.reasons[-1].sentence + found.reasons[0].sentence
    assert decide(line, found, open_at=0) is None


@pytest.mark.parametrize(
    "line",
    [
        replace(UNMARKED, p_negative=READ_FROM - 0.01),
        replace(UNMARKED, target=Target.STUDENT),
        replace(UNMARKED, target=Target.OUTSIDER),
        replace(UNMARKED, target=Target.NONE, polarity=Polarity.NEGATIVE),
        replace(UNMARKED, by_school=True),
        replace(UNMARKED, hits=(hit(theme="any", category="advert"),)),
    ],
    ids=["kind", "student", "another school", "nobody", "our own words", "advert"],
)
def test_a_line_that_is_kind_or_not_about_us_is_not_worth_an_eye(line: Evidence) -> None:
    assert risk(line, NOW).value < SHOWN_FROM


@given(EVIDENCE)
def test_being_worth_an_eye_moves_no_point_by_which_an_incident_opens(evidence: Evidence) -> None:
    kind, unkind = (replace(evidence, p_negative=share) for share in (0.0, 1.0))
    less, more = risk(kind, NOW), risk(unkind, NOW)
    assert (more.points, more.theme, more.voices) == (less.points, less.theme, less.voices)
    assert decide(unkind, more) == decide(kind, less)
    assert more.value == max(less.value, SHOWN_FROM)


@pytest.mark.parametrize(
    ("voices", "each", "said"),
    [(499, 1, "499 人说到"), (500, 1, "至少 500 人说到"), (125, 4, "至少 125 人说到"), (124, 4, "124 人说到")],
)
def test_where_no_more_marks_are_kept_a_reason_says_that_there_were_so_many_at_the_least(
    voices: int, each: int, said: str
) -> None:
    marks = tuple(
        replace(mark(n * each + line, 20), author=f"a{n}", cluster=f"c{n * each + line}")
        for n in range(voices)
        for line in range(each)
    )
    reasons = [one.sentence for one in risk(replace(PLAIN, marks=marks), NOW).reasons]
    assert any(one.startswith(said) for one in reasons), reasons
