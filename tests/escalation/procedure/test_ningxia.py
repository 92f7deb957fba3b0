"""NX 宁夏职业技术学院 宁夏开放大学: who is told of each trigger, read from the document, laid beside the pack."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from escalation.procedure import DutyKind, Every, Role, Source, Trigger, load
from tests.escalation.procedure.spoken import Line, as_read, everything, expected, nothing, says, unproven

NX = load("NX")
PUBLICITY, UNITED_FRONT = "党委宣传部", "党委宣传统战部"
HARM = ("第十八条", "如平台出现损害国家、社会、学校声誉等不良信息，须第一时间处置，并及时向党委宣传部报告")
IMPROPER = ("第十八条", "新媒体平台对已发布的不当信息要及时处理")
ONE_VOICE = ("第十六条", "各新媒体平台须按照学校统一部署、统一口径发布信息")
DISSOLVED = ("第十三条", "互联网新媒体平台解散时,3日内到党委宣传统战部备案")

READING: dict[Trigger, Line] = {
    Trigger.DAMAGING_COMMENT: says(HARM, told=((PUBLICITY, "第十八条", False),), words="及时"),
    Trigger.ILLEGAL_COMMENT: says(HARM, told=((PUBLICITY, "第十八条", True),), words="及时"),
    Trigger.DAMAGING_OWN_ACCOUNT_POST: says(HARM, IMPROPER, told=((PUBLICITY, "第十八条", False),), words="及时"),
    Trigger.INAPPROPRIATE_POST: says(IMPROPER, words="及时"),
    Trigger.PROHIBITED_CONTENT_ON_OWN_ACCOUNT: says(
        ("第十九条", "学校各级官方新媒体平台禁止发布的内容包括"),
        ("第十五条", "严禁发布涉密信息"),
        ("第十七条", "严禁发布不实、虚假和错误信息。严禁用单位新媒体平台发布纯属个人的信息"),
        HARM,
        told=((PUBLICITY, "第十八条", True),),
        words="及时",
    ),
    Trigger.CRISIS_OR_NEGATIVE_OPINION: says(
        ("第十一条", "发生舆情危机时，应主动予以正面回复，积极疏导，并及时向单位领导和党委宣传统战部汇报"),
        told=(("单位领导", "第十一条", False), (UNITED_FRONT, "第十一条", False)),
        words="及时",
    ),
    Trigger.MAJOR_EVENT_OR_URGENT: nothing("重大事件", "紧急信息"),
    Trigger.SUDDEN_EVENT: says(ONE_VOICE),
    Trigger.UNAUTHORISED_PUBLICATION: says(ONE_VOICE),
    Trigger.REVIEW_BEFORE_RELEASE: says(
        ("第十条", "完善发布审核机制"),
        ("第十七条", "严格执行“先审后发”制度，发布的信息经主管负责人审核同意后方可发布"),
        told=(("主管负责人", "第十七条", True),),
        words="审核同意后方可发布",
    ),
    Trigger.CONSULTATION: nothing("咨询", "答复"),
    Trigger.PLATFORM_CONTACT: nothing("及时沟通", "网站"),
    Trigger.MONITORING: says(("第十四条", "要加强对网络工作群的常态化监管"), words="常态化"),
    Trigger.RELAY_DUTY: says(("第十六条", "在涉及学校重大宣传活动时,各新媒体平台须紧密配合党委宣传部")),
    Trigger.ACCOUNTABILITY: says(
        ("第九条", "各部门为部门正职领导）为第一责任人"),
        ("第二十条", "情节严重并造成不良后果的，将按照有关规定追究直接责任人和主管领导责任"),
    ),
    Trigger.REFERRAL_TO_AUTHORITIES: nothing("公安", "移送", "主管部门"),
    Trigger.ACCOUNT_RENAMED: nothing("更名", "名称变更"),
    Trigger.ACCOUNT_UNVERIFIED: nothing("实名", "认证失效"),
    Trigger.ACCOUNT_GONE: nothing("注销", "停用"),
    Trigger.NEW_ACCOUNT: says(
        ("第七条", "报党委宣传统战部登记备案批准后方可开通"),
        ("第七条", "报校团委或学生工作部批准，经党委宣传统战部备案后方可开通"),
        ("第十三条", "原则上各部门、各院系不再单独新设移动互联网应用程序"),
        told=((UNITED_FRONT, "第七条", False), ("校团委或学生工作部", "第七条", False)),
        words="登记备案批准后方可开通、经党委宣传统战部备案后方可开通",
    ),
    Trigger.RETROACTIVE_FILING: nothing("补办", "已经开通", "已开通"),
    Trigger.MANAGER_CHANGE: says(
        ("第七条", "若新媒体建设分管领导或管理员变更的，7日内报党委宣传统战部备案"),
        told=((UNITED_FRONT, "第七条", False),),
        words="7日内",
        figure=("value", timedelta(days=7)),
    ),
    Trigger.NAME_CHANGE: nothing("更名", "名称变更"),
    Trigger.ACCOUNT_CHANGE: nothing("更名", "账号变更"),
    Trigger.ANNUAL_REVIEW: says(
        ("第八条", "实行审批和年审制度，未通过审核的平台不得继续运行"),
        words="年审",
        figure=("every", Every.YEAR),
    ),
    Trigger.CLOSING: says(
        ("第八条", "未通过审核的平台不得继续运行"),
        ("第十三条", "要根据情况及时采取关闭、解散等措施"),
        DISSOLVED,
        told=((UNITED_FRONT, "第十三条", False),),
        words="3日内",
        figure=("value", timedelta(days=3)),
    ),
    Trigger.PERSONAL_ACCOUNT: says(
        ("第六条", "禁止任何个人擅自开办"),
        ("第九条", "以学校师生个人名义主办的新媒体平台及组建的网络工作群由所在部门、院系主管"),
    ),
    Trigger.GROUP_CREATED: says(
        ("第七条", "需填写《宁夏职业技术学院 宁夏开放大学网络工作群备案登记表》，在党委宣传统战部备案"),
        ("第九条", "组建的网络工作群由所在部门、院系主管，组建人为直接责任人"),
        ("第十二条", "应严格控制规模。学生网络工作群原则上以班级为单位建立"),
        told=((UNITED_FRONT, "第七条", False),),
    ),
    Trigger.GROUP_DISSOLVED: says(
        DISSOLVED,
        told=((UNITED_FRONT, "第十三条", True),),
        words="3日内",
        figure=("value", timedelta(days=3)),
    ),
    Trigger.GROUP_DAILY_CHECK: says(("第十四条", "要加强对网络工作群的常态化监管"), words="常态化"),
    Trigger.GROUP_MEMBERSHIP: nothing("群成员", "实名", "离职"),
    Trigger.TRAINING: nothing("培训"),
    Trigger.CREDENTIAL_CUSTODY: nothing("密码", "用户名"),
    Trigger.SCORING: nothing("加分", "考核"),
    Trigger.VETO: nothing("一票否决", "考核"),
}


def test_the_reading_speaks_of_every_trigger_and_proves_each_line() -> None:
    assert everything(READING) == set()
    assert {trigger: unproven(NX, line) for trigger, line in READING.items() if unproven(NX, line)} == {}


@pytest.mark.parametrize("trigger", Trigger)
@pytest.mark.parametrize("level", [1, 4])
def test_ningxia_tells_exactly_what_the_document_says(trigger: Trigger, level: int) -> None:
    assert as_read(NX.who([trigger], level)) == expected(READING[trigger])


def test_harm_is_handled_at_the_first_moment_and_reported_promptly() -> None:
    answer = NX.who([Trigger.DAMAGING_COMMENT], 1)
    assert {(duty.kind, duty.what) for duty in answer.duties} == {
        (DutyKind.HANDLING, "第一时间处置"),
        (DutyKind.REPORT, "及时向党委宣传部报告"),
    }
    assert (answer.deadline.words, answer.deadline.value) == ("及时", None)


def test_an_improper_post_is_to_be_handled_and_the_document_names_nobody() -> None:
    answer = NX.who([Trigger.INAPPROPRIATE_POST], 1)
    assert (answer.named, answer.silent) == ((), False)
    assert {(one.role, one.source) for one in answer.recipients} == {
        (Role.KEEPER, Source.DEFAULT),
        (Role.PUBLICITY, Source.DEFAULT),
    }


def test_a_damaging_comment_that_becomes_a_crisis_tells_both_departments_apart() -> None:
    answer = NX.who([Trigger.DAMAGING_COMMENT, Trigger.CRISIS_OR_NEGATIVE_OPINION], 1)
    assert [(one.role, one.office, one.article) for one in answer.named] == [
        ("publicity", PUBLICITY, "第十八条"),
        ("unit_leader", "单位领导", "第十一条"),
        ("united_front", UNITED_FRONT, "第十一条"),
    ]


def test_a_department_confirmed_as_one_is_told_once_in_both_clauses_words() -> None:
    answer = NX.merged(["united_front"]).who([Trigger.DAMAGING_COMMENT, Trigger.CRISIS_OR_NEGATIVE_OPINION], 1)
    one = next(told for told in answer.named if told.role == Role.PUBLICITY)
    assert (one.names, one.article) == ((PUBLICITY, UNITED_FRONT), "第十八条、第十一条")
    assert len(answer.named) == 2


def test_filing_is_with_the_united_front_department_and_harm_with_the_other() -> None:
    for trigger in (Trigger.NEW_ACCOUNT, Trigger.MANAGER_CHANGE, Trigger.GROUP_CREATED, Trigger.CLOSING):
        assert Role.PUBLICITY not in {one.role for one in NX.who([trigger], 1).named}
    assert NX.offices["united_front"].maybe_same_as == Role.PUBLICITY


@pytest.mark.parametrize(
    ("trigger", "anchor", "last"),
    [
        (Trigger.MANAGER_CHANGE, "变更", date(2021, 4, 22)),
        (Trigger.CLOSING, "解散", date(2021, 4, 18)),
        (Trigger.GROUP_DISSOLVED, "解散", date(2021, 4, 18)),
    ],
)
def test_days_run_from_the_named_event_and_are_marked_as_unexplained(trigger: Trigger, anchor: str, last: date) -> None:
    deadline = NX.who([trigger], 1).deadline
    assert (deadline.anchor, deadline.last_day(date(2021, 4, 15))) == (anchor, last)
    assert deadline.note.startswith("文件未写明自然日或工作日")


def test_groups_are_filed_without_any_number_of_days() -> None:
    assert NX.who([Trigger.GROUP_CREATED], 1).deadline.source is Source.NONE


def test_the_yearly_review_names_no_department_and_asks_the_school_for_it() -> None:
    answer = NX.who([Trigger.ANNUAL_REVIEW], 1)
    assert answer.recipients == ()
    assert "由哪个部门年审" in {duty.left_open for duty in answer.duties}


def test_what_is_only_a_principle_opens_no_task() -> None:
    for trigger in (Trigger.NEW_ACCOUNT, Trigger.GROUP_CREATED):
        principles = [duty for duty in NX.who([trigger], 1).duties if "原则上" in duty.quote]
        assert [(duty.kind, duty.kind.automatic) for duty in principles] == [(DutyKind.PRINCIPLE, False)]


def test_the_seven_prohibited_kinds_are_cited_by_item_number() -> None:
    assert sorted({row.no for row in NX.prohibited}) == list(range(1, 8))
    assert NX.cite_item("第十九条", 6) == "NX 第十九条第 6 项"
    tags = {row.tag: row.no for row in NX.prohibited}
    assert (tags["unconfirmed"], tags["assembly"], tags["defamation"]) == (6, 5, 3)
    assert "not_for_release" not in tags
