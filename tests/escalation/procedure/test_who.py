"""Who is told: exact sets for JY by article, labelled defaults apart, and what no level and no trigger may change."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.procedure import Answer, Deadline, DutyKind, Pack, Role, Source, Trigger, codes, load, thaw

JY = load("JY")
NEUTRAL = load("neutral")
SMALL = load(Path(__file__).parent / "small.toml")
PACKS = [*(load(code) for code in codes()), SMALL]
ANY_PACK = st.sampled_from(PACKS)
TRIGGERS = st.sets(st.sampled_from(Trigger), min_size=1)


def rows(answer: Answer) -> set[tuple[str, str, bool]]:
    """(office in the article's words, article, inferred) of every recipient whom an article names."""
    return {(row["office"], row["cited"], row["inferred"]) for row in answer.as_json()["recipients"]}


def named(answer: Answer) -> set[tuple[str, str]]:
    return {(one.role, article) for one in answer.named for article in one.articles}


def kinds(answer: Answer) -> set[tuple[str, str]]:
    return {(duty.kind.value, duty.cited) for duty in answer.duties}


JY_ROWS: dict[Trigger, set[tuple[str, str, bool]]] = {
    Trigger.DAMAGING_COMMENT: {
        ("主管校领导", "第十三条", False),
        ("宣传部", "第十三条", False),
        ("单位领导", "第十四条", False),
        ("党委宣传部", "第十四条", False),
    },
    Trigger.ILLEGAL_COMMENT: {("主管校领导", "第十三条", False), ("宣传部", "第十三条", False)},
    Trigger.DAMAGING_OWN_ACCOUNT_POST: {("单位领导", "第十四条", False), ("党委宣传部", "第十四条", False)},
    Trigger.MAJOR_EVENT_OR_URGENT: {("单位领导", "第十四条", False), ("党委宣传部", "第十四条", False)},
    Trigger.SUDDEN_EVENT: {("学校相关领导", "第十五条", False), ("党委宣传部", "第十五条", True)},
    Trigger.NEW_ACCOUNT: {("党委宣传部", "第五条", False)},
    Trigger.MANAGER_CHANGE: {("党委宣传部", "第五条", False)},
    Trigger.ANNUAL_REVIEW: {("党委宣传部", "第六条", False)},
}

JY_SILENT = {
    Trigger.INAPPROPRIATE_POST,
    Trigger.ACCOUNT_RENAMED,
    Trigger.ACCOUNT_UNVERIFIED,
    Trigger.ACCOUNT_GONE,
    Trigger.RETROACTIVE_FILING,
    Trigger.NAME_CHANGE,
    Trigger.ACCOUNT_CHANGE,
    Trigger.GROUP_CREATED,
    Trigger.GROUP_DISSOLVED,
    Trigger.GROUP_DAILY_CHECK,
    Trigger.GROUP_MEMBERSHIP,
    Trigger.TRAINING,
    Trigger.CREDENTIAL_CUSTODY,
}


@pytest.mark.parametrize("trigger", Trigger)
@pytest.mark.parametrize("level", [1, 4])
def test_jiangyin_names_exactly_these_offices_by_these_articles(trigger: Trigger, level: int) -> None:
    assert rows(JY.who([trigger], level)) == JY_ROWS.get(trigger, set())


@pytest.mark.parametrize("trigger", Trigger)
def test_jiangyin_is_silent_exactly_where_the_document_says_nothing(trigger: Trigger) -> None:
    answer = JY.who([trigger], 2)
    assert answer.silent == (trigger in JY_SILENT)
    if answer.silent:
        assert (answer.named, answer.duties, answer.deadline.source) == ((), (), Source.NONE)
        assert answer.deadline.shown == "校规未规定"


def test_a_damaging_comment_tells_the_publicity_office_once_with_both_articles() -> None:
    answer = JY.who([Trigger.DAMAGING_COMMENT], 3)
    publicity = [one for one in answer.recipients if one.role == Role.PUBLICITY]
    assert [(one.office, one.article, one.basis) for one in publicity] == [
        ("宣传部", "第十三条、第十四条", "第十三条、第十四条")
    ]
    assert [ground.office for ground in publicity[0].grounds] == ["宣传部", "党委宣传部"]


def test_the_keeper_is_told_by_default_and_asked_by_article_fourteen() -> None:
    answer = JY.who([Trigger.DAMAGING_COMMENT], 3)
    (keeper,) = answer.also_told
    assert (keeper.role, keeper.article, keeper.basis) == (Role.KEEPER, "", "系统默认，非校规")
    asked = {(duty.kind, duty.cited) for duty in answer.asked_of(Role.KEEPER)}
    assert asked == {
        (DutyKind.REPORT, "第十四条"),
        (DutyKind.PLATFORM_CONTACT, "第十四条"),
        (DutyKind.HANDLING, "第十四条"),
    }


def test_promptly_stays_a_word_and_never_becomes_minutes() -> None:
    for trigger in Trigger:
        deadline = JY.who([trigger], 1).deadline
        assert deadline.value is None
    shown = JY.who([Trigger.DAMAGING_COMMENT], 1).deadline.shown
    assert shown == "及时（第十三条、第十四条）"


def test_jiangyin_duties_carry_the_article_that_demands_them() -> None:
    assert kinds(JY.who([Trigger.SUDDEN_EVENT], 1)) == {
        ("report", "第十五条"),
        ("one_voice", "第十五条"),
        ("cooperation", "第十五条"),
        ("hold", "第十条"),
    }
    assert kinds(JY.who([Trigger.CONSULTATION], 4)) == {("answer", "第十一条"), ("promise", "第十一条")}
    assert kinds(JY.who([Trigger.CRISIS_OR_NEGATIVE_OPINION], 1)) == {("positive_response", "第十四条")}
    assert kinds(JY.who([Trigger.VETO], 4)) == {("accountability", "第五章第十九条")}


def test_powers_and_penalties_are_never_automatic() -> None:
    assert kinds(JY.who([Trigger.ACCOUNTABILITY], 1)) == {
        ("accountability", "第九条"), ("accountability", "第十二条"), ("accountability", "第五章第十九条"),
        ("accountability", "第十四条"), ("power", "第十四条"),
    }  # fmt: skip
    for trigger in (Trigger.ACCOUNTABILITY, Trigger.CLOSING, Trigger.VETO, Trigger.REFERRAL_TO_AUTHORITIES):
        answer = JY.who([trigger], 1)
        assert answer.duties
        assert not any(duty.kind.automatic for duty in answer.duties)
        assert not answer.recipients


def test_where_jiangyin_names_nobody_the_publicity_office_is_told_as_a_default() -> None:
    answer = JY.who([Trigger.CRISIS_OR_NEGATIVE_OPINION], 1)
    assert {(one.role, one.source) for one in answer.recipients} == {
        (Role.KEEPER, Source.DEFAULT),
        (Role.PUBLICITY, Source.DEFAULT),
    }


def test_the_neutral_pack_quotes_no_article_and_adds_the_school_leader_for_grave_levels() -> None:
    three = {Role.KEEPER, Role.UNIT_LEADER, Role.PUBLICITY}
    for level, wanted in ((1, three | {Role.SCHOOL_LEADER}), (2, three | {Role.SCHOOL_LEADER}), (3, three), (4, three)):
        answer = NEUTRAL.who([Trigger.DAMAGING_COMMENT], level)
        assert {one.role for one in answer.recipients} == wanted
        assert {(one.basis, one.article, one.quote) for one in answer.recipients} == {("系统默认，非校规", "", "")}
        assert answer.silent


def test_the_shortest_figure_of_the_document_is_the_deadline() -> None:
    deadline = SMALL.who([Trigger.DAMAGING_COMMENT], 1).deadline
    assert (deadline.value, deadline.words, deadline.article) == (timedelta(hours=2), "2 小时内", "第一条")
    assert SMALL.who([Trigger.DAMAGING_COMMENT], 1).as_json()["deadline"]["value"] == "2h"
    slower = Deadline(value=timedelta(days=3), words="3日内", source=Source.RULE, article="第九条")
    answer = SMALL.who([Trigger.DAMAGING_COMMENT], 1)
    for deadlines in ((deadline, slower), (slower, deadline)):
        assert answer.model_copy(update={"deadlines": deadlines}).deadline == deadline


def test_an_article_number_that_occurs_twice_is_cited_with_its_chapter() -> None:
    assert SMALL.who([Trigger.MAJOR_EVENT_OR_URGENT], 1).recipients[0].article == "第二章第二条"


def test_no_trigger_is_refused_with_a_sentence() -> None:
    with pytest.raises(ValueError, match="没有触发情形"):
        JY.who([], 1)


def test_the_json_of_who_has_the_keys_that_readers_rely_on() -> None:
    answer = json.loads(json.dumps(JY.who([Trigger.DAMAGING_COMMENT], 2).as_json(), ensure_ascii=False))
    assert answer.keys() >= {"school", "trigger", "recipients", "deadline", "duties", "silent"}
    for row in answer["recipients"]:
        assert row.keys() >= {"office", "role", "chapter", "article", "quote", "inferred"}
    assert answer["deadline"].keys() >= {"value", "words", "source"}
    for duty in answer["duties"]:
        assert duty.keys() >= {"what", "article", "quote"}


@given(pack=ANY_PACK, fewer=TRIGGERS, more=TRIGGERS, data=st.data())
def test_more_triggers_never_lose_a_recipient_or_a_duty(
    pack: Pack, fewer: set[Trigger], more: set[Trigger], data: st.DataObject
) -> None:
    level = data.draw(st.sampled_from([one.number for one in pack.level]))
    small, large = pack.who(fewer, level), pack.who(fewer | more, level)
    assert named(small) <= named(large)
    assert {one.role for one in small.recipients} <= {one.role for one in large.recipients}
    assert set(small.duties) <= set(large.duties)


@given(pack=ANY_PACK, triggers=TRIGGERS)
def test_whom_an_article_names_is_not_told_that_the_document_names_nobody(pack: Pack, triggers: set[Trigger]) -> None:
    for one in pack.who(triggers, 1).recipients:
        ruled = {ground for ground in one.grounds if ground.source is Source.RULE}
        assert set(one.told_by) == (ruled or set(one.grounds))
        assert not ruled or "未规定" not in one.reason, one


@given(pack=ANY_PACK, triggers=TRIGGERS)
def test_no_level_adds_or_removes_what_an_article_names(pack: Pack, triggers: set[Trigger]) -> None:
    answers = [pack.who(triggers, one.number) for one in pack.level]
    assert len({frozenset(named(answer)) for answer in answers}) == 1
    assert len({(answer.deadline, answer.duties) for answer in answers}) == 1


@given(pack=ANY_PACK, triggers=TRIGGERS)
def test_every_rule_of_an_asked_trigger_reaches_the_answer(pack: Pack, triggers: set[Trigger]) -> None:
    answer = pack.who(triggers, 1)
    told = {(ground.office, ground.quote) for one in answer.recipients for ground in one.grounds}
    for rule in pack.rule:
        if set(rule.triggers) & triggers:
            assert {(words, rule.quote) for words in rule.tell} <= told
    assert _once(one.role for one in answer.recipients)


@given(pack=ANY_PACK, triggers=TRIGGERS)
def test_a_frozen_pack_thaws_to_the_same_decision(pack: Pack, triggers: set[Trigger]) -> None:
    kept = thaw(json.loads(json.dumps(pack.freeze())))
    assert kept == pack
    assert kept.who(triggers, 1) == pack.who(triggers, 1)


def test_a_frozen_pack_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="请升级或回退程序"):
        thaw({**JY.freeze(), "format": 9})


def _once(values: Iterable[str]) -> bool:
    listed = list(values)
    return len(listed) == len(set(listed))
