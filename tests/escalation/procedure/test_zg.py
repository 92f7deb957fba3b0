"""郑州工商学院 2018: the pack against a reading of the document by hand, and against the document's text."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest

from escalation.procedure import DutyKind, Role, Source, Trigger, load
from tests.escalation.procedure.reading import (
    SILENT,
    Reading,
    document,
    not_written,
    number_of,
    read_as,
    table_articles,
    unproved,
    unquoted_sentences,
    unspaced,
    written_articles,
)

ZG = load("ZG")

KEEPER = "官方新媒体管理人员"
HOSTS = "各级新媒体主办单位"
BY_14 = {("单位领导", "第十四条", False), ("党委宣传部", "第十四条", False)}
ASKED_BY_14 = {
    ("report", "第十四条", KEEPER),
    ("platform_contact", "第十四条", KEEPER),
    ("handling", "第十四条", KEEPER),
}
HOLD = ("hold", "第十二条", "校内各单位")
PROMPTLY_14 = ("及时", "", "第十四条")
REPORT_14 = "官方新媒体管理人员应及时向单位领导和党委宣传部报告，并与新媒体的注册网站及时沟通，妥善处理"
LIST_14 = "对重大事件、紧急信息或有损学校声誉的信息，官方新媒体管理人员"
CHANGED = "账号名、后台管理人员发生变更，应在一周内，以书面形式报校党委宣传部备案"
BY_10 = {("校党委宣传部", "第十条", False)}
WEEK_10 = ("一周内", "7d", "第十条")

READINGS: dict[Trigger, Reading] = {
    Trigger.DAMAGING_COMMENT: Reading(BY_14, PROMPTLY_14, ASKED_BY_14, (LIST_14, REPORT_14)),
    Trigger.ILLEGAL_COMMENT: SILENT,
    Trigger.DAMAGING_OWN_ACCOUNT_POST: Reading(BY_14, PROMPTLY_14, ASKED_BY_14, (LIST_14, REPORT_14)),
    Trigger.INAPPROPRIATE_POST: SILENT,
    Trigger.PROHIBITED_CONTENT_ON_OWN_ACCOUNT: Reading(
        duties={
            ("ban", "第十三条", HOSTS),
            ("secrecy", "第十三条", HOSTS),
            ("principle", "第三条", "校内各类各级组织"),
            ("accountability", "第十五条", "学校"),
        },
        proof=(
            "严禁发布国家禁止传播的信息",
            "严禁发布涉密信息",
            "严格遵守国家各项法律法规",
            "对出现违规内容的新媒体，学校将按照有关规定追究相关人员责任",
        ),
    ),
    Trigger.CRISIS_OR_NEGATIVE_OPINION: Reading(
        duties={("positive_response", "第十四条", "校园各级官方新媒体")},
        proof=("发生舆情危机时，应主动予以正面回复，积极疏导，将负面影响降到最低；",),
    ),
    Trigger.MAJOR_EVENT_OR_URGENT: Reading(
        BY_14, PROMPTLY_14, ASKED_BY_14 | {HOLD}, (LIST_14, REPORT_14, "不得擅自发布涉及学校的重大事件")
    ),
    Trigger.SUDDEN_EVENT: Reading(
        {("学校相关领导", "第十二条", False), ("党委宣传部", "第十二条", True)},
        ("及时", "", "第十二条"),
        {("report", "第十二条", "党委宣传部"), ("one_voice", "第十二条", "党委宣传部"), HOLD},
        (
            "学校突发事件新闻报道由党委宣传部统筹协调，及时上报学校相关领导，统一发布，",
            "做好信息报告、新闻发布、澄清事实等工作",
        ),
    ),
    Trigger.UNAUTHORISED_PUBLICATION: Reading(
        duties={HOLD},
        proof=("校内各单位未经授权，不得擅自发布涉及学校的重大事件、突发事件和社会热点及敏感问题的相关内容",),
    ),
    Trigger.REVIEW_BEFORE_RELEASE: Reading(
        {("党委宣传部", "第十一条", False)},
        ("先审核后发布", "", "第十一条"),
        {
            ("review", "第十一条", "学校官方新媒体平台"),
            ("review", "第十一条", "党委宣传部"),
            ("review", "第十三条", HOSTS),
            ("review", "第五条", "各新媒体主办单位的党政负责人"),
            ("ban", "第十三条", HOSTS),
            ("secrecy", "第十三条", HOSTS),
        },
        (
            "严格执行“先审核后发布”制度",
            "所有官方微信公众号发布的内容都需要党委宣传部核准",
            "加强内容发布审核",
            "完善发布审核机制",
        ),
    ),
    Trigger.CONSULTATION: SILENT,
    Trigger.PLATFORM_CONTACT: Reading(
        by=PROMPTLY_14,
        duties={("platform_contact", "第十四条", KEEPER)},
        proof=("并与新媒体的注册网站及时沟通",),
    ),
    Trigger.MONITORING: Reading(
        duties={("watching", "第十四条", "校园各级官方新媒体")}, proof=("对新媒体内容和账号实行24小时舆情监控",)
    ),
    Trigger.RELAY_DUTY: SILENT,
    Trigger.ACCOUNTABILITY: Reading(
        duties={
            ("accountability", "第五条", ""),
            ("accountability", "第八条", ""),
            ("accountability", "第十四条", "学校"),
            ("power", "第十四条", "学校"),
            ("accountability", "第十五条", "学校"),
        },
        proof=(
            "党政负责人作为第一责任人",
            "实行管理员负责制",
            "学校有权责令其关闭，并追究相关人员责任",
            "学校将按照有关规定追究相关人员责任",
        ),
    ),
    Trigger.REFERRAL_TO_AUTHORITIES: SILENT,
    Trigger.ACCOUNT_RENAMED: Reading(BY_10, WEEK_10, {("filing", "第十条", "各单位")}, (CHANGED,)),
    Trigger.ACCOUNT_UNVERIFIED: SILENT,
    Trigger.ACCOUNT_GONE: SILENT,
    Trigger.NEW_ACCOUNT: Reading(
        {("党委宣传部", "第九条", False)},
        ("创建一周内", "7d", "第九条"),
        {("filing", "第九条", "校内各单位")},
        ("校内各单位的新媒体平台创建一周内，须填写", "报党委宣传部备案"),
    ),
    Trigger.RETROACTIVE_FILING: SILENT,
    Trigger.MANAGER_CHANGE: Reading(BY_10, WEEK_10, {("filing", "第十条", "各单位")}, (CHANGED,)),
    Trigger.NAME_CHANGE: Reading(BY_10, WEEK_10, {("filing", "第十条", "各单位")}, (CHANGED,)),
    Trigger.ACCOUNT_CHANGE: Reading(
        {("党委宣传部", "第九条", True)},
        None,
        {("filing", "第九条", "校内各单位")},
        ("主管人员、主要运行人员、内容功能定位、运行维护方式等重要事项发生变更，需提交此表",),
    ),
    Trigger.ANNUAL_REVIEW: SILENT,
    Trigger.CLOSING: Reading(
        duties={("power", "第十四条", "学校"), ("accountability", "第十四条", "学校")},
        proof=("给学校声誉造成不良影响的新媒体，学校有权责令其关闭，并追究相关人员责任",),
    ),
    Trigger.PERSONAL_ACCOUNT: Reading(
        duties={
            ("ban", "第七条", "任何个人"),
            ("handling", "第七条", "创建人所在单位"),
            ("watching", "第七条", "党委宣传部"),
            ("handling", "第八条", "创建人所在单位"),
        },
        proof=(
            "学校禁止任何个人以郑州工商学院（含“河南理工大学万方科技学院”）",
            "已开通运营的新媒体账号，纳入创建人所在单位管理，并受党委宣传部监督",
            "实行管理员负责制，纳入创建人所在单位管理",
        ),
    ),
    Trigger.GROUP_CREATED: SILENT,
    Trigger.GROUP_DISSOLVED: SILENT,
    Trigger.GROUP_DAILY_CHECK: SILENT,
    Trigger.GROUP_MEMBERSHIP: SILENT,
    Trigger.TRAINING: Reading(
        duties={("training", "第十条", "各单位")}, proof=("各单位要指定人员负责管理新媒体运维，加强业务培训",)
    ),
    Trigger.CREDENTIAL_CUSTODY: SILENT,
    Trigger.SCORING: SILENT,
    Trigger.VETO: SILENT,
}


def test_every_trigger_has_been_read_in_the_document() -> None:
    assert set(READINGS) == set(Trigger)


@pytest.mark.parametrize("trigger", Trigger)
@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_zhengzhou_answers_as_the_document_was_read(trigger: Trigger, level: int) -> None:
    answer, reading = ZG.who([trigger], level), READINGS[trigger]
    assert read_as(answer) == unproved(reading)
    assert answer.silent == (reading == SILENT)


@pytest.mark.parametrize("trigger", [one for one in Trigger if READINGS[one] != SILENT])
def test_each_reading_is_proved_by_phrases_of_the_document(trigger: Trigger) -> None:
    assert READINGS[trigger].proof
    assert not_written(ZG, READINGS[trigger]) == []


@pytest.mark.parametrize(
    "missing",
    ["违法", "评论", "咨询", "转载", "年度", "年审", "主管校领导", "一票否决", "密码", "解散", "移送", "公安"],
)
def test_what_the_other_schools_say_is_not_in_this_document(missing: str) -> None:
    text = document(ZG)
    assert missing not in text
    assert not any(missing in row.quote for row in ZG.rule)


def test_the_articles_of_the_pack_are_the_whole_document_word_for_word() -> None:
    ours = [(one.chapter, one.chapter_title, one.number, one.text.strip()) for one in ZG.article]
    theirs = written_articles(document(ZG))
    assert len(theirs) == 17
    assert ours == theirs


def test_every_quote_stands_in_the_document() -> None:
    text = document(ZG)
    quotes = {rule.quote for rule in ZG.rule} | {duty.quote for rule in ZG.rule for duty in rule.duty if duty.quote}
    assert len(quotes) > 20
    assert [quote for quote in quotes if quote not in text] == []


def test_title_date_and_office_names_are_the_document_own() -> None:
    text = document(ZG)
    assert ZG.title in unspaced(text)
    assert ZG.date is not None
    assert f"{ZG.date.year}年{ZG.date.month}月{ZG.date.day}日印发" in text
    ours = {words for office in ZG.office if office.source == Source.DEFAULT for words in office.words}
    theirs = {words for office in ZG.office for words in office.words} - ours
    assert [words for words in theirs if words not in unspaced(text)] == []
    assert [words for words in ours if words in text] == []
    assert ZG.school_names == ("郑州工商学院", "河南理工大学万方科技学院")
    assert [name for name in ZG.school_names if name not in text] == []


def test_no_article_and_no_sentence_is_left_without_a_rule_or_a_reason() -> None:
    carried = {ZG.cite(rule.article) for rule in ZG.rule}
    named = {ZG.cite(one.article) for one in ZG.not_in_scope}
    assert [one.number for one in ZG.article if one not in carried | named] == []
    assert list(unquoted_sentences(ZG)) == []
    assert all(one.reason and one.what for one in ZG.not_in_scope)


def test_no_row_of_the_article_table_is_left_without_a_rule_or_a_reason() -> None:
    cited = [rule.article for rule in ZG.rule] + [one.article for one in ZG.not_in_scope]
    wanted = table_articles("1.4", "1.5")
    assert len(wanted) >= 14
    assert wanted <= {number_of(one) for one in cited}


def test_only_the_two_weeks_of_filing_are_figures_each_with_its_own_start() -> None:
    figures = {
        (rule.article, rule.deadline.words, rule.deadline.anchor): rule.deadline.value
        for rule in ZG.rule
        if rule.deadline and rule.deadline.value
    }
    assert figures == {
        ("第九条", "创建一周内", "新媒体平台创建"): timedelta(days=7),
        ("第十条", "一周内", "账号名、后台管理人员发生变更"): timedelta(days=7),
        ("第十条", "一周内", "账号名发生变更"): timedelta(days=7),
    }


def test_a_week_is_counted_in_natural_days_and_marked_as_unsaid() -> None:
    deadline = ZG.who([Trigger.NEW_ACCOUNT], 1).deadline
    assert deadline.last_day(date(2026, 11, 21)) == date(2026, 11, 28)
    assert "文件未写明自然日或工作日" in deadline.note


def test_what_the_document_leaves_open_is_asked_of_a_person() -> None:
    (hold,) = ZG.who([Trigger.UNAUTHORISED_PUBLICATION], 1).duties
    (training,) = ZG.who([Trigger.TRAINING], 1).duties
    assert (hold.left_open, training.left_open) == ("由谁授权，条文没有写", "培训的次数、时间和对象")


def test_twenty_four_hours_is_watching_and_never_a_deadline() -> None:
    answer = ZG.who([Trigger.MONITORING, Trigger.DAMAGING_COMMENT, Trigger.CRISIS_OR_NEGATIVE_OPINION], 1)
    assert [(one.words, one.value) for one in answer.deadlines] == [("及时", None)]
    assert not any("24" in (rule.deadline.words if rule.deadline else "") for rule in ZG.rule)


def test_a_week_for_the_name_is_no_week_for_other_changes() -> None:
    answer = ZG.who([Trigger.ACCOUNT_CHANGE], 1)
    assert answer.deadline.shown == "校规未规定"
    assert all("没有期限" in ground.reading for one in answer.named for ground in one.grounds)


def test_all_clocks_of_levels_and_ladder_are_labelled_as_ours() -> None:
    clocks = [step.clock for step in ZG.ladder.step] + [clock for one in ZG.level for clock in (one.sign, one.watch)]
    assert {clock.label for clock in clocks} == {"系统默认，非校规"}
    assert {one.source for one in ZG.level} == {Source.DEFAULT}


def test_powers_and_penalties_wait_for_a_person() -> None:
    for trigger in (Trigger.ACCOUNTABILITY, Trigger.CLOSING):
        answer = ZG.who([trigger], 1)
        assert answer.duties
        assert not any(duty.kind.automatic for duty in answer.duties)
        assert not answer.recipients
    powers = [duty for rule in ZG.rule for duty in rule.duty if "有权" in (duty.quote or rule.quote)]
    assert powers
    assert {duty.kind for duty in powers} <= {DutyKind.POWER, DutyKind.ACCOUNTABILITY}


@pytest.mark.parametrize("trigger", [Trigger.ILLEGAL_COMMENT, Trigger.PROHIBITED_CONTENT_ON_OWN_ACCOUNT])
def test_what_is_illegal_names_nobody_and_is_told_by_default_only(trigger: Trigger) -> None:
    answer = ZG.who([trigger], 1)
    assert answer.named == ()
    assert {(one.role, one.basis) for one in answer.recipients} == {
        (Role.KEEPER, "系统默认，非校规"),
        (Role.UNIT_LEADER, "系统默认，非校规"),
        (Role.PUBLICITY, "系统默认，非校规"),
    }


def test_an_illegal_and_damaging_comment_tells_those_of_article_fourteen_by_that_article() -> None:
    answer = ZG.who([Trigger.ILLEGAL_COMMENT, Trigger.DAMAGING_COMMENT], 1)
    assert {(one.role, one.basis) for one in answer.named} == {
        (Role.UNIT_LEADER, "第十四条"),
        (Role.PUBLICITY, "第十四条"),
    }
    assert [one.role for one in answer.also_told] == [Role.KEEPER]


def test_the_school_leader_is_reached_by_the_ladder_only() -> None:
    for trigger in Trigger:
        assert Role.SCHOOL_LEADER not in {one.role for one in ZG.who([trigger], 1).recipients}
    assert ZG.ladder.next_role(Role.UNIT_LEADER) == Role.SCHOOL_LEADER
    assert ZG.ladder.next_role(Role.PUBLICITY) == Role.SCHOOL_LEADER


def test_no_phone_number_no_chat_number_and_no_room_is_in_the_pack() -> None:
    text = ZG.model_dump_json(exclude={"version"})
    assert re.findall(r"\d{5,}", text) == []
    assert "行政楼" not in text
