"""TF 天府新区信息职业学院: who is told of each trigger, read from the document, laid beside the pack."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from escalation.procedure import DutyKind, Every, Role, Source, Trigger, load
from tests.escalation.procedure.spoken import Line, as_read, everything, expected, nothing, says, unproven

TF = load("TF")
OPINION = "学院网络舆情工作组办公室(学生事务部网络管理处)"
PUBLICITY = "党委宣传部"
FOUND = ("第十六条", f"如发现有违法及有损学院声誉的信息,应及时报{OPINION},并按要求进行妥善处理")
FIFTH = "报学院党委宣传部审批,经批准后方可实施"

READING: dict[Trigger, Line] = {
    Trigger.DAMAGING_COMMENT: says(FOUND, told=((OPINION, "第十六条", False),), words="及时"),
    Trigger.ILLEGAL_COMMENT: says(FOUND, told=((OPINION, "第十六条", False),), words="及时"),
    Trigger.DAMAGING_OWN_ACCOUNT_POST: says(FOUND, told=((OPINION, "第十六条", False),), words="及时"),
    Trigger.INAPPROPRIATE_POST: nothing("不当"),
    Trigger.PROHIBITED_CONTENT_ON_OWN_ACCOUNT: says(
        ("第十一条", "禁止利用官方微博、微信及相关公众号等新媒体发布或传播以下信息(包括文字、图片、音视频等)"),
        ("第十一条", "违者将追究其法律责任"),
        ("第二十一条", "严禁在群内制作、复制、发布、传播违反有关法律法规的信息、涉密信息和敏感信息"),
        FOUND,
        told=((OPINION, "第十六条", True),),
        words="及时",
    ),
    Trigger.CRISIS_OR_NEGATIVE_OPINION: nothing("舆情危机", "危机", "正面回复"),
    Trigger.MAJOR_EVENT_OR_URGENT: nothing("紧急", "汇报"),
    Trigger.SUDDEN_EVENT: nothing("统筹", "发声", "口径", "汇报"),
    Trigger.UNAUTHORISED_PUBLICATION: says(
        ("第八条", "校内任何单位(部门、机构)和个人未经批准不得向校外新媒体平台提供校内资讯"),
        ("第十二条", "未经学院相关部门授权,各级官方微博、微信及相关公众号等新媒体不得擅自发布"),
        ("第二十二条", "未经学校授权,校内所有QQ、微信、钉钉等公务群不得擅自发布"),
    ),
    Trigger.REVIEW_BEFORE_RELEASE: says(
        ("第十四条", "报党委宣传部审核通过后,管理员方可发布"),
        ("第十四条", "要建立健全信息审核与发布制度"),
        ("第十二条", "如确有需要,在报学院相关机构批准后方可发布,同时做好发布内容备案"),
        told=((PUBLICITY, "第十四条", False), ("学院相关机构", "第十二条", False)),
        words="审核通过后,管理员方可发布、批准后方可发布",
    ),
    Trigger.CONSULTATION: nothing("咨询", "答复"),
    Trigger.PLATFORM_CONTACT: nothing("沟通"),
    Trigger.MONITORING: says(("第十六条", "要加强对官方微博、微信及相关公众号等新媒体的日常管理和监控")),
    Trigger.RELAY_DUTY: says(("第十条", "二级官方微博、微信及相关公众号等新媒体有义务转发")),
    Trigger.ACCOUNTABILITY: says(
        ("第十一条", "违者将追究其法律责任"),
        ("第十三条", "主办单位党政主要负责人为第一责任人"),
        ("第十七条", "如出现管理员私自外传造成不良后果者,学院将对直接责任人进行严肃处理"),
        ("第十八条", "并追究主办单位及主要负责人、管理员的相关责任"),
        ("第二十四条", "情节较轻的给予通报批评,情节严重的按照有关规定追究其责任"),
    ),
    Trigger.REFERRAL_TO_AUTHORITIES: nothing("公安", "移送", "主管部门"),
    Trigger.ACCOUNT_RENAMED: nothing("更名", "变更"),
    Trigger.ACCOUNT_UNVERIFIED: nothing("认证失效", "取消认证", "未认证"),
    Trigger.ACCOUNT_GONE: nothing("注销", "停用"),
    Trigger.NEW_ACCOUNT: says(
        ("第五条", FIFTH),
        ("第六条", "其他所有学生社团一律以校团委为主办单位办理审批手续"),
        ("第八条", "擅自与校外单位合作开设以天府新区信息职业学院为主体的"),
        (
            "第二十六条",
            "开通人人网主页、手机报、手机客户端、网络电视台以及用于工作联系的QQ群等新媒体,对照此办法进行审批和管理",
        ),
        told=((PUBLICITY, "第五条", False), (PUBLICITY, "第二十六条", True)),
        words="经批准后方可实施",
    ),
    Trigger.RETROACTIVE_FILING: says(
        ("第七条", "应按照本办法要求办理审批手续,同时办理好网站实名认证"),
        ("第二十五条", "应在本办法发文之后10日内按照本办法要求补办审批手续"),
        told=((PUBLICITY, "第七条", True), (PUBLICITY, "第二十五条", True)),
        words="发文之后10日内",
        figure=("value", timedelta(days=10)),
    ),
    Trigger.MANAGER_CHANGE: nothing("变更", "更换"),
    Trigger.NAME_CHANGE: nothing("变更", "更名"),
    Trigger.ACCOUNT_CHANGE: nothing("变更"),
    Trigger.ANNUAL_REVIEW: nothing("年审", "年检", "年度", "每年"),
    Trigger.CLOSING: says(
        ("第七条", "否则将一律予以关闭"),
        ("第十八条", "学院有权责令其关闭"),
    ),
    Trigger.PERSONAL_ACCOUNT: says(
        ("第七条", "禁止任何个人以天府新区信息职业学院及所属各单位、部门的名义开通"),
        ("第七条", "应按照本办法要求办理审批手续"),
        told=((PUBLICITY, "第七条", True),),
    ),
    Trigger.GROUP_CREATED: says(
        ("第二十六条", "用于工作联系的QQ群等新媒体,对照此办法进行审批和管理"),
        told=((PUBLICITY, "第二十六条", True),),
    ),
    Trigger.GROUP_DISSOLVED: says(("第十九条", "对于因工作结束,不再使用的QQ、微信、钉钉工作群群主主动解散")),
    Trigger.GROUP_DAILY_CHECK: says(
        ("第二十三条", "群主(管理员)每天都要查看群内动态,对于发现的问题要做好登记,及时上报"),
        words="每天、及时",
    ),
    Trigger.GROUP_MEMBERSHIP: says(
        ("第十九条", "实行群主(管理员)负责制,群成员实名准入和请出制,纪委书记监督制"),
        ("第二十条", "对已离职人员要及时移出群"),
        ("第二十条", "群主(管理员)要定期对群内人员予以认定"),
        words="及时、定期",
    ),
    Trigger.TRAINING: says(("第十五条", "每学期至少举行一次相关主题教育培训"), words="每学期至少举行一次"),
    Trigger.CREDENTIAL_CUSTODY: says(
        ("第十七条", "用户名、密码密封存档"),
        ("第十七条", "不得私自将官方微博、微信及相关公众号等新媒体的用户名、密码外传和泄露"),
    ),
    Trigger.SCORING: nothing("加分", "考核", "考评"),
    Trigger.VETO: nothing("一票否决", "考核"),
}


def test_the_reading_speaks_of_every_trigger_and_proves_each_line() -> None:
    assert everything(READING) == set()
    assert {trigger: unproven(TF, line) for trigger, line in READING.items() if unproven(TF, line)} == {}


@pytest.mark.parametrize("trigger", Trigger)
@pytest.mark.parametrize("level", [1, 4])
def test_tianfu_tells_exactly_what_the_document_says(trigger: Trigger, level: int) -> None:
    read = as_read(TF.who([trigger], level))
    if trigger is Trigger.TRAINING:
        assert read.pop("figures") == {"every": Every.TERM, "at_least": 1}
        read["figures"] = {}
    assert read == expected(READING[trigger])


def test_damaging_information_goes_to_the_opinion_office_and_by_article_to_nobody_else() -> None:
    answer = TF.who([Trigger.DAMAGING_COMMENT, Trigger.ILLEGAL_COMMENT, Trigger.DAMAGING_OWN_ACCOUNT_POST], 1)
    assert [(one.role, one.basis) for one in answer.named] == [("opinion_office", "第十六条")]
    assert [(one.role, one.basis) for one in answer.also_told] == [(Role.KEEPER, "系统默认，非校规")]


def test_a_problem_in_a_group_has_no_recipient_until_a_person_names_one() -> None:
    answer = TF.who([Trigger.GROUP_DAILY_CHECK], 1)
    (report,) = [duty for duty in answer.duties if duty.kind is DutyKind.REPORT]
    assert (report.left_open, report.role, answer.recipients) == ("上报对象", "group_owner", ())


def test_who_authorises_and_who_approves_is_left_to_the_school() -> None:
    answer = TF.who([Trigger.UNAUTHORISED_PUBLICATION], 1)
    assert answer.named == ()
    assert all(duty.left_open for duty in answer.duties)


@pytest.mark.parametrize("trigger", Trigger)
def test_the_secretary_who_supervises_groups_is_never_told(trigger: Trigger) -> None:
    answer = TF.who([trigger], 1)
    assert "discipline_secretary" not in {one.role for one in answer.recipients}
    assert "discipline_secretary" not in {duty.role for duty in answer.duties}


def test_ten_days_count_from_the_issue_for_units_only_and_the_document_has_no_date() -> None:
    deadline = TF.who([Trigger.RETROACTIVE_FILING], 1).deadline
    assert (deadline.article, deadline.anchor, TF.date) == ("第二十五条", "发文", None)
    assert deadline.last_day(date(2024, 3, 1)) == date(2024, 3, 11)
    assert deadline.note.startswith("文件未写明自然日或工作日")
    assert TF.who([Trigger.PERSONAL_ACCOUNT], 1).deadline.source is Source.NONE


def test_each_day_is_a_frequency_and_no_reporting_clock() -> None:
    daily, promptly = TF.who([Trigger.GROUP_DAILY_CHECK], 1).deadlines
    assert (daily.every, daily.value) == (Every.DAY, None)
    assert (promptly.words, promptly.every, promptly.value) == ("及时", None, None)


def test_closing_by_power_is_never_automatic() -> None:
    duties = TF.who([Trigger.CLOSING], 1).duties
    power = [duty for duty in duties if "有权" in duty.quote]
    assert [(duty.kind, duty.kind.automatic, duty.cited) for duty in power] == [(DutyKind.POWER, False, "第十八条")]
    assert all(not duty.kind.automatic for duty in TF.who([Trigger.ACCOUNTABILITY], 1).duties)


def test_the_ten_prohibited_kinds_are_cited_by_item_number() -> None:
    assert sorted({row.no for row in TF.prohibited}) == list(range(1, 11))
    assert {row.article for row in TF.prohibited} == {"第十一条"}
    assert TF.cite_item("第十一条", 9) == "TF 第十一条第 9 项"
    assert {row.tag: row.quote for row in TF.prohibited}["not_for_release"] == "涉及商业、学术或其它不宜公开的"


def test_interpreter_and_approver_stay_two_offices_until_the_school_confirms() -> None:
    assert TF.interpreter == "党委宣传统战部"
    assert TF.offices["united_front"].maybe_same_as == Role.PUBLICITY
    merged = TF.merged(["united_front"])
    assert "党委宣传统战部" in merged.offices[Role.PUBLICITY].words
    assert merged.who([Trigger.NEW_ACCOUNT], 1).named[0].office == PUBLICITY
