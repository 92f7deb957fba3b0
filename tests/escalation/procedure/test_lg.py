"""中国劳动关系学院 2016: the pack against a reading of the document by hand, and against the document's text."""

from __future__ import annotations

import re
from datetime import date

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

LG = load("LG")

KEEPER = "官方新媒体管理人员"
ALL_ACCOUNTS = "校内各级官方新媒体"
UNITS = "学校各单位、部门"
BY_14 = {("单位领导", "第十四条", False), ("党委组宣部", "第十四条", False)}
ASKED_BY_14 = {
    ("report", "第十四条", KEEPER),
    ("platform_contact", "第十四条", KEEPER),
    ("handling", "第十四条", KEEPER),
}
HOLD = ("hold", "第十条", ALL_ACCOUNTS)
PROMPTLY_14 = ("及时", "", "第十四条")
REPORT_14 = "官方新媒体管理人员应及时向单位领导和党委组宣部汇报，并与新媒体的注册网站及时沟通，妥善处理"
DAMAGING_14 = "发现有违法及有损学校声誉的信息"

READINGS: dict[Trigger, Reading] = {
    Trigger.DAMAGING_COMMENT: Reading(BY_14, PROMPTLY_14, ASKED_BY_14, (DAMAGING_14, REPORT_14)),
    Trigger.ILLEGAL_COMMENT: Reading(BY_14, PROMPTLY_14, ASKED_BY_14, (DAMAGING_14, REPORT_14)),
    Trigger.DAMAGING_OWN_ACCOUNT_POST: Reading(BY_14, PROMPTLY_14, ASKED_BY_14, (DAMAGING_14, REPORT_14)),
    Trigger.INAPPROPRIATE_POST: SILENT,
    Trigger.PROHIBITED_CONTENT_ON_OWN_ACCOUNT: Reading(
        {("单位领导", "第十四条", True), ("党委组宣部", "第十四条", True)},
        PROMPTLY_14,
        ASKED_BY_14
        | {("ban", "第十条", ALL_ACCOUNTS), ("secrecy", "第九条", ALL_ACCOUNTS), ("accountability", "第九条", "")},
        (DAMAGING_14, "发布和转载有关信息应遵守国家相关保密规定", "严格遵守相关法律及规定", "违者将追究其法律责任"),
    ),
    Trigger.CRISIS_OR_NEGATIVE_OPINION: Reading(
        duties={("positive_response", "第十四条", ALL_ACCOUNTS)},
        proof=("发生舆情危机时，应主动予以正面回复，积极疏导，将负面影响降到最低；",),
    ),
    Trigger.MAJOR_EVENT_OR_URGENT: Reading(
        BY_14, PROMPTLY_14, ASKED_BY_14 | {HOLD}, ("对重大事件、紧急信息或", REPORT_14, "学校重大事件、突发事件")
    ),
    Trigger.SUDDEN_EVENT: Reading(
        {("学校相关领导", "第十五条", False), ("党委组宣部", "第十五条", True)},
        ("及时", "", "第十五条"),
        {
            ("report", "第十五条", "党委组宣部"),
            ("one_voice", "第十五条", "党委组宣部"),
            ("cooperation", "第十五条", "涉事单位"),
            HOLD,
        },
        (
            "由党委组宣部统筹协调，及时上报学校相关领导，统一发声，",
            "涉事单位要做好配合信息报告、新闻发布、事实澄清、事件处置",
        ),
    ),
    Trigger.UNAUTHORISED_PUBLICATION: Reading(
        duties={HOLD}, proof=("未经学校相关部门授权，不得擅自发布涉及学校重大事件、突发事件和社会热点及敏感问题",)
    ),
    Trigger.REVIEW_BEFORE_RELEASE: Reading(
        duties={
            ("review", "第七条", "党委组宣部"),
            ("review", "第十三条", "各建设单位"),
            ("secrecy", "第九条", ALL_ACCOUNTS),
            ("accountability", "第九条", ""),
            ("ban", "第十条", ALL_ACCOUNTS),
        },
        proof=("并负责学校官方新媒体的信息审核发布", "落实专人具体负责新媒体内容审核", "要严格把关，避免泄密"),
    ),
    Trigger.CONSULTATION: Reading(
        by=("及时", "", "第十一条"),
        duties={("answer", "第十一条", "相应单位、部门"), ("promise", "第十一条", "相应单位、部门")},
        proof=("相应单位、部门应及时回复。如不能即时回复，应承诺答复期限",),
    ),
    Trigger.PLATFORM_CONTACT: Reading(
        by=PROMPTLY_14,
        duties={("platform_contact", "第十四条", KEEPER)},
        proof=("并与新媒体的注册网站及时沟通",),
    ),
    Trigger.MONITORING: SILENT,
    Trigger.RELAY_DUTY: SILENT,
    Trigger.ACCOUNTABILITY: Reading(
        duties={
            ("accountability", "第九条", ""),
            ("accountability", "第十二条", ""),
            ("accountability", "第十四条", "学校"),
            ("power", "第十四条", "学校"),
        },
        proof=(
            "违者将追究其法律责任",
            "主办单位（或部门）党政主要负责人为第一责任人",
            "追究主办单位（或部门）相关领导和管理人员的责任",
        ),
    ),
    Trigger.REFERRAL_TO_AUTHORITIES: SILENT,
    Trigger.ACCOUNT_RENAMED: SILENT,
    Trigger.ACCOUNT_UNVERIFIED: SILENT,
    Trigger.ACCOUNT_GONE: SILENT,
    Trigger.NEW_ACCOUNT: Reading(
        {("党委组宣部", "第五条", False)},
        ("经批准后方可到学校党政办公室领取相关材料予以实施", "", "第五条"),
        {("filing", "第五条", UNITS), ("verification", "第七条", "学校党政办公室（网络信息中心）")},
        ("签字并加盖公章，报党委组宣部审批，经批准后方可", "负责提供校内各级官方新媒体实名认证所需官方资料"),
    ),
    Trigger.RETROACTIVE_FILING: Reading(
        {("党委组宣部", "第五条", False)},
        ("自本办法公布一个月内", "1 month", "第五条"),
        {("filing", "第五条", "已开通官方新媒体单位（或部门）")},
        ("自本办法公布一个月内，到党委组宣部办理备案登记手续",),
    ),
    Trigger.MANAGER_CHANGE: Reading(
        {("党委组宣部", "第五条", False)},
        ("及时", "", "第五条"),
        {("filing", "第五条", UNITS)},
        ("发生新媒体建设分管领导或管理员变更，应重新填写", "并及时报党委组宣部备案"),
    ),
    Trigger.NAME_CHANGE: SILENT,
    Trigger.ACCOUNT_CHANGE: SILENT,
    Trigger.ANNUAL_REVIEW: Reading(
        {("学校党委组宣部", "第六条", False)},
        ("每年12月", "every year in month 12", "第六条"),
        {("filing", "第六条", ALL_ACCOUNTS), ("power", "第六条", "学校")},
        ("应每年12月，填写年度检查报告，报学校党委组宣部进行年度审核检查", "学校有权责令其注销账号"),
    ),
    Trigger.CLOSING: Reading(
        duties={("power", "第六条", "学校"), ("power", "第十四条", "学校"), ("accountability", "第十四条", "学校")},
        proof=("学校有权责令其注销账号或通过相关网站关闭其账号", "学校有权责令其关闭，并追究"),
    ),
    Trigger.PERSONAL_ACCOUNT: Reading(
        duties={("ban", "第四条", "任何个人")}, proof=("学校禁止任何个人以中国劳动关系学院及所属",)
    ),
    Trigger.GROUP_CREATED: SILENT,
    Trigger.GROUP_DISSOLVED: SILENT,
    Trigger.GROUP_DAILY_CHECK: SILENT,
    Trigger.GROUP_MEMBERSHIP: SILENT,
    Trigger.TRAINING: SILENT,
    Trigger.CREDENTIAL_CUSTODY: SILENT,
    Trigger.SCORING: SILENT,
    Trigger.VETO: SILENT,
}


def test_every_trigger_has_been_read_in_the_document() -> None:
    assert set(READINGS) == set(Trigger)


@pytest.mark.parametrize("trigger", Trigger)
@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_labor_relations_answers_as_the_document_was_read(trigger: Trigger, level: int) -> None:
    answer, reading = LG.who([trigger], level), READINGS[trigger]
    assert read_as(answer) == unproved(reading)
    assert answer.silent == (reading == SILENT)


@pytest.mark.parametrize("trigger", [one for one in Trigger if READINGS[one] != SILENT])
def test_each_reading_is_proved_by_phrases_of_the_document(trigger: Trigger) -> None:
    assert READINGS[trigger].proof
    assert not_written(LG, READINGS[trigger]) == []


@pytest.mark.parametrize(
    "missing", ["24", "评论", "转载评论", "主管校领导", "一票否决", "培训", "密码", "解散", "移送"]
)
def test_what_the_other_schools_say_is_not_in_this_document(missing: str) -> None:
    text = document(LG)
    assert missing not in text
    assert not any(missing in row.quote for row in LG.rule)


def test_the_articles_of_the_pack_are_the_whole_document_word_for_word() -> None:
    ours = [(one.chapter, one.chapter_title, one.number, one.text.strip()) for one in LG.article]
    theirs = written_articles(document(LG))
    assert len(theirs) == 18
    assert ours == theirs


def test_every_quote_stands_in_the_document() -> None:
    text = document(LG)
    quotes = {rule.quote for rule in LG.rule} | {duty.quote for rule in LG.rule for duty in rule.duty if duty.quote}
    assert len(quotes) > 20
    assert [quote for quote in quotes if quote not in text] == []


def test_title_date_and_office_names_are_the_document_own() -> None:
    text = document(LG)
    assert LG.title in unspaced(text)
    assert LG.date is not None
    assert f"{LG.date.year}年{LG.date.month}月{LG.date.day}日" in text
    ours = {words for office in LG.office if office.source == Source.DEFAULT for words in office.words}
    theirs = {words for office in LG.office for words in office.words} - ours
    assert [words for words in theirs if words not in text] == []
    assert [words for words in ours if words in text] == []
    assert [name for name in LG.school_names if name not in text] == []


def test_no_article_and_no_sentence_is_left_without_a_rule_or_a_reason() -> None:
    carried = {LG.cite(rule.article) for rule in LG.rule}
    named = {LG.cite(one.article) for one in LG.not_in_scope}
    assert [one.number for one in LG.article if one not in carried | named] == []
    assert list(unquoted_sentences(LG)) == []
    assert all(one.reason and one.what for one in LG.not_in_scope)


def test_no_row_of_the_article_table_is_left_without_a_rule_or_a_reason() -> None:
    cited = [rule.article for rule in LG.rule] + [one.article for one in LG.not_in_scope]
    wanted = table_articles("1.2", "1.3")
    assert len(wanted) >= 14
    assert wanted <= {number_of(one) for one in cited}


def test_the_month_for_old_accounts_ended_on_the_day_of_the_next_month() -> None:
    deadline = LG.who([Trigger.RETROACTIVE_FILING], 1).deadline
    assert LG.date is not None
    assert (deadline.anchor, deadline.last_day(LG.date)) == ("本办法公布", date(2016, 6, 18))


def test_the_document_gives_no_days_and_no_hours_anywhere() -> None:
    assert [rule.quote for rule in LG.rule if rule.deadline and rule.deadline.value] == []
    assert LG.who([Trigger.ANNUAL_REVIEW], 1).deadline.shown == "每年12月（第六条）"
    assert LG.who([Trigger.MANAGER_CHANGE], 1).deadline.shown == "及时（第五条）"


def test_who_may_authorise_is_left_open_and_not_taken_for_the_publicity_office() -> None:
    answer = LG.who([Trigger.UNAUTHORISED_PUBLICATION], 1)
    assert [duty.left_open for duty in answer.duties] == ["授权部门，条文只写“学校相关部门”"]
    assert "学校相关部门" not in LG.offices[Role.PUBLICITY].words


def test_all_clocks_of_levels_and_ladder_are_labelled_as_ours() -> None:
    clocks = [step.clock for step in LG.ladder.step] + [clock for one in LG.level for clock in (one.sign, one.watch)]
    assert {clock.label for clock in clocks} == {"系统默认，非校规"}
    assert {one.source for one in LG.level} == {Source.DEFAULT}


def test_powers_and_penalties_wait_for_a_person() -> None:
    for trigger in (Trigger.ACCOUNTABILITY, Trigger.CLOSING):
        answer = LG.who([trigger], 1)
        assert answer.duties
        assert not any(duty.kind.automatic for duty in answer.duties)
        assert not answer.recipients
    powers = [duty for rule in LG.rule for duty in rule.duty if "有权" in (duty.quote or rule.quote)]
    assert powers
    assert {duty.kind for duty in powers} <= {DutyKind.POWER, DutyKind.ACCOUNTABILITY}


def test_where_no_article_names_anybody_the_publicity_office_is_told_as_a_default() -> None:
    for trigger in (Trigger.CRISIS_OR_NEGATIVE_OPINION, Trigger.UNAUTHORISED_PUBLICATION, Trigger.ACCOUNT_RENAMED):
        answer = LG.who([trigger], 1)
        assert {(one.role, one.basis) for one in answer.recipients} == {
            (Role.KEEPER, "系统默认，非校规"),
            (Role.PUBLICITY, "系统默认，非校规"),
        }


def test_the_school_leader_is_reached_by_the_ladder_only() -> None:
    for trigger in Trigger:
        assert Role.SCHOOL_LEADER not in {one.role for one in LG.who([trigger], 1).recipients}
    assert LG.ladder.next_role(Role.UNIT_LEADER) == Role.SCHOOL_LEADER
    assert LG.ladder.next_role(Role.PUBLICITY) == Role.SCHOOL_LEADER


def test_a_choice_between_two_readings_is_said_where_it_was_made() -> None:
    answer = LG.who([Trigger.DAMAGING_COMMENT], 1)
    assert all("且" in ground.reading and "或" in ground.reading for one in answer.named for ground in one.grounds)
    inferred = [rule for rule in LG.rule if rule.inferred]
    assert [(rule.article, bool(rule.reading)) for rule in inferred] == [("第十四条", True), ("第十五条", True)]


def test_no_phone_number_and_no_chat_number_is_in_the_pack() -> None:
    assert re.findall(r"\d{5,}", LG.model_dump_json(exclude={"version"})) == []
