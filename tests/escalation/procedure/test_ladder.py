"""Levels and ladder: the defaults as they are agreed, labelled as ours, and a chain that always reaches someone."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from escalation.procedure import Act, Channel, Ladder, Pack, Role, Source, Trigger, codes, load, say_span, thaw
from escalation.procedure.figure import parse_span, spoken_spans, write_span

PACKS = [load(code) for code in codes()]
FOUR = [pack for pack in PACKS if pack.code != "neutral3"]
THREE = load("neutral3")
SIGN = {1: timedelta(minutes=5), 2: timedelta(minutes=15), 3: timedelta(minutes=30), 4: timedelta(hours=4)}


@pytest.mark.parametrize("pack", FOUR, ids=lambda pack: pack.code)
def test_four_levels_with_the_agreed_signing_times(pack: Pack) -> None:
    assert [(one.mark, one.name) for one in pack.level] == [
        ("Ⅰ", "特别重大"),
        ("Ⅱ", "重大"),
        ("Ⅲ", "较大"),
        ("Ⅳ", "一般"),
    ]
    assert {one.number: one.sign.after for one in pack.level} == SIGN


def test_the_three_level_pack_has_three_levels_and_no_article() -> None:
    assert [(one.mark, one.name) for one in THREE.level] == [("Ⅰ", "特别重大"), ("Ⅱ", "重大"), ("Ⅲ", "一般")]
    assert {one.number: one.sign.after for one in THREE.level} == {n: SIGN[n] for n in (1, 2, 3)}
    assert (THREE.article, THREE.rule, THREE.prohibited, THREE.document) == ((), (), (), "")
    assert {office.source for office in THREE.office} == {Source.DEFAULT}
    assert "系统默认，非校规" in THREE.title
    assert THREE.school == "（未录入本校规定）"


def test_a_matter_of_the_lightest_grade_runs_as_the_third_level_of_three() -> None:
    assert THREE.grade(4) == THREE.grade(3)
    assert THREE.ladder.steps(4) == THREE.ladder.steps(3) != ()
    for trigger in Trigger:
        assert THREE.who([trigger], 4) == THREE.who([trigger], 3)
        assert THREE.who([trigger], 4).level == 3
    for level in (0, 5):
        with pytest.raises(KeyError):
            THREE.grade(level)


@pytest.mark.parametrize("trigger", Trigger)
@pytest.mark.parametrize("level", [1, 2, 3])
def test_three_levels_tell_whom_four_levels_tell_and_label_all_of_it(trigger: Trigger, level: int) -> None:
    three, four = THREE.who([trigger], level), load("neutral").who([trigger], level)
    assert three.recipients == four.recipients
    assert {one.basis for one in three.recipients} <= {"系统默认，非校规"}
    assert (three.silent, three.deadline.shown) == (True, "校规未规定")


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.code)
def test_every_figure_of_the_shipped_packs_is_labelled_as_ours(pack: Pack) -> None:
    clocks = [step.clock for step in pack.ladder.step]
    for level in pack.level:
        assert level.source is Source.DEFAULT
        clocks += [c for c in (level.sign, level.idle, level.first_report, level.facts, level.first_answer) if c]
        clocks += [c for c in (level.follow_up, level.report_sign) if c]
        clocks.append(level.watch)
    assert {clock.label for clock in clocks} == {"系统默认，非校规"}


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.code)
@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_silence_reminds_at_half_phones_at_the_end_and_then_tells_upward_to_the_leader_in_charge(
    pack: Pack, level: int
) -> None:
    sign = SIGN[min(level, len(pack.level))]
    steps = [(step.act, step.clock.after, step.role) for step in pack.ladder.steps(level)]
    assert steps == [
        (Act.REMIND, sign / 2, ""),
        (Act.PHONE, sign, ""),
        (Act.TELL, sign * 3 / 2, ""),
        (Act.TELL, sign * 2, Role.SCHOOL_LEADER),
    ]


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.code)
def test_the_chain_goes_up_from_every_role_that_can_be_told(pack: Pack) -> None:
    ladder = pack.ladder
    assert ladder.next_role(Role.KEEPER) == Role.UNIT_LEADER
    assert ladder.next_role(Role.UNIT_LEADER) == Role.SCHOOL_LEADER
    assert ladder.next_role(Role.PUBLICITY) == Role.SCHOOL_LEADER
    assert ladder.next_role(Role.MONITOR) == Role.DUTY_LEAD
    assert ladder.next_role(Role.SCHOOL_LEADER) is None, "above 主管校领导 is nobody"
    told = {words for rule in pack.rule for words in rule.tell}
    told |= {words for default in pack.default for words in default.tell}
    for office in pack.office:
        if told & set(office.words):
            assert office.key == Role.SCHOOL_LEADER or _top(ladder, office.key) == Role.SCHOOL_LEADER, office.key


def _top(ladder: Ladder, role: str) -> str:
    while (above := ladder.next_role(role)) is not None:
        role = above
    return role


def test_the_chain_skips_roles_that_were_told_already_and_ends() -> None:
    ladder = load("JY").ladder
    assert ladder.next_role(Role.KEEPER, frozenset({Role.UNIT_LEADER})) == Role.SCHOOL_LEADER
    everyone = frozenset(load("JY").offices)
    assert ladder.next_role(Role.KEEPER, everyone) is None


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.code)
def test_graver_levels_use_more_channels_and_hold_publications(pack: Pack) -> None:
    channels = [set(one.channels) for one in pack.level]
    assert all(lower <= higher for higher, lower in pairwise(channels))
    assert all(Channel.MAIL in some for some in channels)
    assert [one.hold for one in pack.level] == [True, True, False, False][: len(pack.level)]
    assert all(one.watch.after >= timedelta(days=14) for one in pack.level)


@pytest.mark.parametrize(
    ("text", "seconds", "said"),
    [
        ("2m30s", 150, "2 分钟 30 秒"),
        ("4h", 14_400, "4 小时"),
        ("14d", 1_209_600, "14 天"),
        ("90m", 5_400, "1 小时 30 分钟"),
    ],
)
def test_durations_are_read_written_and_said(text: str, seconds: int, said: str) -> None:
    span = parse_span(text)
    assert span.total_seconds() == seconds
    assert parse_span(write_span(span)) == span
    assert say_span(span) == said


@pytest.mark.parametrize("text", ["", "0m", "5", "-5m", "5 m", "５m钟", "99999999999d", None, 5])
def test_a_duration_that_cannot_be_read_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="读不懂"):
        parse_span(text)


def test_figures_that_a_clause_says_are_found_in_either_kind_of_digits() -> None:
    found = spoken_spans("创建一周内；3日内备案；十五分钟内报告；二十四小时；第四日")
    days = {timedelta(days=7), timedelta(days=3), timedelta(minutes=15), timedelta(hours=24)}
    assert days <= found
    assert spoken_spans("要及时向主管校领导汇报") == set()


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.code)
def test_the_grave_levels_want_reports_again_and_again_and_one_at_the_end(pack: Pack) -> None:
    assert [one.final_report for one in pack.level] == [True, True, False, False][: len(pack.level)]
    assert [bool(one.follow_up) for one in pack.level] == [one.final_report for one in pack.level]
    assert [bool(one.report_sign) for one in pack.level] == [one.final_report for one in pack.level]


def test_a_pack_frozen_before_these_figures_still_thaws_and_has_none_of_them() -> None:
    frozen = load("JY").freeze()
    for level in frozen["pack"]["level"]:
        for name in ("follow_up", "report_sign", "final_report"):
            del level[name]
    first = thaw(frozen).grade(1)
    assert (first.follow_up, first.report_sign, first.final_report) == (None, None, False)
