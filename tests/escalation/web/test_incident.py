"""The workspace of one incident: why, who knows, what is due; and what a person does there."""

from __future__ import annotations

import re
from datetime import timedelta

from sqlalchemy import select, update

from escalation import handling, user
from escalation.audit import audit_log
from escalation.channels import Accepted, Fault, Outcome, Permanent
from escalation.incident import entries, incidents
from escalation.incident.state import State
from escalation.notice import DeliveryState, calling, calls, deliveries, notices
from escalation.notice.outbox import judge, settle
from escalation.notice.taking import take
from escalation.people import Held, Person, Role, enter
from stream.post import Kind
from tests.escalation.web.house import OTHER_UNIT, SCHOOL, UNIT, House, _secret


def state(house: House) -> str:
    with house.store.read() as conn:
        return str(conn.execute(select(incidents.c.state)).scalar())


def act(house: House, who: str, path: str, **form: str) -> tuple[int, str]:
    answer = house.client(who).post(path, data={"csrf": f"csrf-{who}", **form})
    return answer.status_code, answer.text or answer.headers.get("location", "")


def test_the_page_shows_shares_rule_article_clocks_receipts_and_what_comes_next(house: House) -> None:
    number = house.incident()
    page = house.client("monitor").get(f"/incidents/{number}").text
    expected = (
        "41%", "份额合计 100%", "规则 FD-03", "第十三条、第十四条", "系统默认，非校规", "0 / 4，须全部签收", "现在",
        "首次回应到期", "报上一级", "立事件，系统初判 Ⅱ级", "查看已留痕", "JY@",
        " · 规则 1a2b3c4d5e6f · 程序 0.1.0",
    )  # fmt: skip
    for words in expected:
        assert words in page, words
    assert page.index("首次回应到期") < page.index("<span>现在</span>") < page.index("立事件，系统初判")
    assert "三个人在<mark>拉肚子</mark>" in page


def test_text_that_was_shown_is_in_the_audit_once_for_person_incident_and_hour(house: House) -> None:
    number = house.incident()
    one, two = house.client("monitor"), house.client("leader")
    for client in (one, one, two):
        client.get(f"/incidents/{number}")
    house.now += timedelta(hours=1)
    one.get(f"/incidents/{number}")
    with house.store.read() as conn:
        rows = conn.execute(select(audit_log).where(audit_log.c.action == "text.view")).all()
    assert [row.actor for row in rows] == ["monitor", "leader", "monitor"]
    assert {row.object for row in rows} == {number}


def test_confirm_assign_note_and_remind_are_done_by_plain_forms(house: House) -> None:
    number = house.incident()
    base = f"/incidents/{number}"
    assert act(house, "monitor", f"{base}/confirm") == (303, f"{base}?done=confirm")
    assert act(house, "monitor", f"{base}/assign", unit="后勤服务中心", note="18:30 前报情况")[0] == 303
    assert act(house, "leader", f"{base}/note", text="3 号窗口已停")[0] == 303
    assert act(house, "monitor", f"{base}/remind")[0] == 303
    page = house.client("monitor").get(f"{base}?done=remind").text
    for words in (
        "已催签。",
        "确认研判",
        "交办 后勤服务中心",
        "3 号窗口已停",
        "催签 4 人",
        "陈屿 16:42 确认",
    ):
        assert words in page, words
    assert state(house) == State.HANDLING


def test_a_refused_step_changes_nothing_and_keeps_what_was_typed(house: House) -> None:
    number = house.incident()
    base = f"/incidents/{number}"
    act(house, "monitor", f"{base}/confirm")
    status, page = act(house, "monitor", f"{base}/confirm")
    assert status == 409
    assert "已有人确认研判" in page
    status, page = act(house, "publicity", f"{base}/close", note="已办结的处置结果")
    assert status == 409
    assert "不能销号" in page
    act(house, "monitor", f"{base}/assign", unit="后勤服务中心")
    status, page = act(house, "publicity", f"{base}/close", note="已办结的处置结果")
    assert "4 人未签收" in page
    assert "已办结的处置结果" in page
    assert state(house) == State.HANDLING


def test_a_false_alarm_needs_a_reason_from_the_list_and_stops_the_clocks(house: House) -> None:
    number = house.incident()
    base = f"/incidents/{number}"
    assert act(house, "monitor", f"{base}/dismiss", reason="随便")[0] == 409
    assert act(house, "monitor", f"{base}/dismiss", reason="玩笑或夸张", note="游戏台词")[0] == 303
    page = house.client("monitor").get(base).text
    assert "记为误报：玩笑或夸张" in page
    assert "时限已停" in page
    assert "data-due" not in page
    assert "重新打开" in page


def test_a_level_one_false_alarm_takes_two_people(house: House) -> None:
    number = house.incident(level=1)
    base = f"/incidents/{number}"
    status, page = act(house, "monitor", f"{base}/dismiss", reason="规则误判")
    assert status == 409
    assert "须由两人" in page
    act(house, "monitor", f"{base}/confirm")
    assert act(house, "publicity", f"{base}/dismiss", reason="规则误判")[0] == 303


def test_closing_and_reopening_are_the_publicity_offices(house: House) -> None:
    number = house.incident()
    base = f"/incidents/{number}"
    for person in ("leader", "publicity", "school", "keeper"):
        house.client().post(house.link(number, person))
    assert act(house, "monitor", f"{base}/close", note="办结")[0] == 403
    assert "还没有经过复燃观察" in act(house, "publicity", f"{base}/close", note="已道歉并整改")[1]
    house.see_through(number)
    assert act(house, "publicity", f"{base}/close", note="")[0] == 409
    refused = act(house, "publicity", f"{base}/close", note="已道歉并整改")
    assert (refused[0], "首报、情况说明、与平台沟通 还没有登记已办" in refused[1], "已道歉并整改" in refused[1]) == (
        409,
        True,
        True,
    )
    assert act(house, "publicity", f"{base}/close", note="已道歉并整改", undone="电话办理")[0] == 303
    assert state(house) == State.CLOSED
    assert act(house, "monitor", f"{base}/reopen", reason="又有新帖")[0] == 409
    assert act(house, "publicity", f"{base}/reopen", reason="又有新帖")[0] == 303
    assert state(house) == State.HANDLING
    assert "又有新帖" in house.client("publicity").get(base).text


def test_a_phone_task_is_recorded_with_an_outcome_of_the_list(house: House) -> None:
    number = house.incident()
    with house.store.write() as conn:
        notice = conn.execute(select(notices).where(notices.c.id == house.notice(number, "leader"))).one()
        calling.call(conn, notice, "late", house.now)
        made = conn.execute(select(calls.c.id)).scalar_one()
    path = f"/incidents/{number}/calls/{made}"
    assert "13800000000" in house.client("monitor").get(f"/incidents/{number}").text
    page = house.client("monitor").get(f"/incidents/{number}").text
    assert "登记电话不代替签收：本人未签收的，仍按时催签、逐级上报" in page
    assert act(house, "monitor", path, outcome="nonsense")[0] == 409
    assert act(house, "monitor", path, outcome="proxy")[0] == 409
    assert act(house, "monitor", path, outcome="told", remark="即刻签收")[0] == 303
    assert act(house, "monitor", path, outcome="told")[0] == 409
    assert "电话通知 罗广平：接通并转达" in house.client("monitor").get(f"/incidents/{number}").text


def test_a_phone_task_of_another_incident_is_out_of_reach(house: House) -> None:
    first, second = house.incident(), house.incident("另一件")
    with house.store.write() as conn:
        notice = conn.execute(select(notices).where(notices.c.id == house.notice(first, "leader"))).one()
        calling.call(conn, notice, "late", house.now)
        made = conn.execute(select(calls.c.id)).scalar_one()
    assert act(house, "monitor", f"/incidents/{second}/calls/{made}", outcome="told")[0] == 404


def test_a_care_case_is_folded_and_unfolded_only_by_a_stated_purpose(house: House) -> None:
    number = house.incident("我就走到这里啦", care=True, text="我就走到这里啦，猫拜托阿姨")
    base = f"/incidents/{number}"
    for path in (base, f"{base}/peek"):
        page = house.client("monitor").get(path).text
        assert "走到这里" not in page
        assert "拉肚子" not in page
        assert "请即联系学生工作部（心理健康教育中心）" in page
    status, page = act(house, "monitor", f"{base}/reveal", purpose="看")
    assert status == 422
    assert "走到这里" not in page
    status, page = act(house, "monitor", f"{base}/reveal", purpose="转学生工作部核实")
    assert status == 200
    assert "猫拜托阿姨" in page
    with house.store.read() as conn:
        rows = conn.execute(select(audit_log).where(audit_log.c.action == "text.view")).all()
    assert [row.detail["purpose"] for row in rows] == ["转学生工作部核实"]


def test_a_care_case_offers_nothing_that_is_said_in_public_and_says_handed_over_only_once_it_is(house: House) -> None:
    with house.store.write() as conn:
        helper = Person(SCHOOL, "helper", "温暖", "主任", "学生工作部", "helper@school.test", "13900000001")
        enter(conn, [helper], [Held(Role.CARE, "", "helper")])
        user.enrol(conn, SCHOOL, "helper", "helper", _secret(), [Role.CARE], house.now)
    number = house.incident("我就走到这里啦", care=True, text="我就走到这里啦，猫拜托阿姨", level=1)
    base, lead = f"/incidents/{number}", house.client("publicity")
    page = lead.get(base).text
    assert "起草口径、暂停发声" not in page
    assert "首次回应" not in page
    assert 'value="public_answer"' not in page
    assert 'value="facts"' in page
    assert "正在转介，待拨/待签" in lead.get("/incidents").text
    assert '<li class="at" aria-current="step">转介' in page
    own = house.client("helper").get(base).text
    assert "此事转由您单位办理" in own
    assert "请即联系学生工作部" not in own
    slip = house.client().get(house.link(number, "helper")).text
    assert "此事转由您单位办理" in slip
    assert f'href="/incidents/{number}">登录查看原文' in slip
    assert "请即联系学生工作部（心理健康教育中心）" in house.client().get(house.link(number, "leader")).text
    assert act(house, "monitor", f"{base}/confirm")[0] == 303
    house.client().post(house.link(number, "leader"))
    assert "已转介" not in lead.get("/incidents").text
    house.client().post(house.link(number, "helper"))
    assert "已转介，待接收" in lead.get("/incidents").text


def test_a_private_message_of_an_incident_is_folded_and_unfolded_by_the_desk_with_a_purpose(house: House) -> None:
    base = f"/incidents/{house.incident(kind=Kind.MESSAGE, text='私下说一句，我吃了香锅拉肚子', comments=1)}"
    for who in ("monitor", "leader", "school"):
        page = house.client(who).get(base).text
        assert "私下说一句" not in page
        assert "私信，原文已收起" in page
        assert ("查看原文的事由" in page) == (who == "monitor")
    assert act(house, "leader", f"{base}/reveal", purpose="转后勤处核实")[0] == 403
    status, page = act(house, "monitor", f"{base}/reveal", purpose="转后勤处核实")
    assert status == 200
    assert "私下说一句" in page
    with house.store.read() as conn:
        rows = conn.execute(select(audit_log).where(audit_log.c.action == "text.view")).all()
    assert [row.actor for row in rows if row.detail["purpose"] == "转后勤处核实"] == ["monitor"]


def test_receipts_tell_what_each_channel_did_in_words(house: House) -> None:
    number = house.incident()
    outcomes: dict[str, Outcome] = {
        "leader@school.test": Permanent(Fault.CONTACT, "收件人不存在"),
        "school@school.test": Accepted("1"),
    }
    with house.store.write() as conn:
        while (taken := take(conn, house.now, frozenset({"mail"}))) is not None:
            outcome = outcomes.get(taken.message.to)
            if outcome is None:
                conn.execute(update(deliveries).where(deliveries.c.id == taken.id).values(state=DeliveryState.ACCEPTED))
                continue
            verdict = judge(outcome, 1, taken.give_up_at, house.now, 0.0)
            settle(conn, taken, outcome, verdict, house.now)
    page = house.client("monitor").get(f"/incidents/{number}").text
    assert "邮件送不到（收件人不存在），已转电话通知" in page
    assert "送达失败，查阅等待，签收等待" in page
    assert "邮件 16:42 送" in page
    assert "送达已，查阅等待，签收等待" in page
    house.client().post(house.link(number, "school"))
    assert "送达已，查阅已，签收已" in house.client("monitor").get(f"/incidents/{number}").text


def test_a_keeper_who_signed_finds_the_way_to_the_report_page(house: House) -> None:
    number = house.incident()
    client = house.client("keeper")
    assert "打开上报页" not in client.get(f"/incidents/{number}").text
    house.client().post(house.link(number, "keeper"))
    page = client.get(f"/incidents/{number}").text
    path = "/k/" + page.split('href="/k/', 1)[1].split('"', 1)[0]
    assert house.client().get(path).status_code == 200


def test_my_page_lists_what_waits_for_me_with_a_link_that_works(house: House) -> None:
    number = house.incident()
    house.now += timedelta(hours=30)
    client = house.client("leader")
    page = client.get("/me").text
    assert "待我签收" in page
    path = "/r/" + page.split('href="/r/', 1)[1].split('"', 1)[0]
    assert house.client().post(path).status_code == 200
    after = client.get("/me").text
    assert "没有待签" in after
    assert number in after
    assert "/r/" not in house.client("admin").get("/me").text


def test_a_note_that_is_far_too_long_is_refused(house: House) -> None:
    number = house.incident()
    status, page = act(house, "monitor", f"/incidents/{number}/note", text="长" * 2001)
    assert status == 409
    assert "“记录”至多 2000 字" in page
    with house.store.read() as conn:
        assert conn.execute(select(entries).where(entries.c.heading == "记录")).all() == []


def test_what_happened_elsewhere_meanwhile_is_said_and_not_overwritten(house: House) -> None:
    number = house.incident()
    client = house.client("monitor")
    client.get(f"/incidents/{number}")
    act(house, "publicity", f"/incidents/{number}/dismiss", reason="广告或刷屏")
    answer = client.post(f"/incidents/{number}/assign", data={"csrf": "csrf-monitor", "unit": "后勤"})
    assert answer.status_code == 409
    assert "误报" in answer.text
    assert handling.FalseAlarm.ADVERT.value in answer.text


def test_a_duty_is_recorded_as_done_and_its_clock_stops(house: House) -> None:
    base = f"/incidents/{house.incident()}"
    assert "情况说明已办" in house.client("monitor").get(base).text
    assert act(house, "monitor", f"{base}/duties/facts") == (303, f"{base}?done=duty")
    page = house.client("monitor").get(f"{base}?done=duty").text
    assert f"{base}/duties/facts" not in page
    assert f"{base}/duties/first_answer" in page
    assert "已停或不存在" in act(house, "monitor", f"{base}/duties/facts")[1]


def test_the_glance_says_the_facts_of_the_opening_as_one_sentence(house: House) -> None:
    number = house.incident()
    page = house.client("monitor").get(f"/incidents/{number}/peek").text
    assert "立事件时：" in page
    assert "。。" not in page
    assert "起相关" in page


def test_the_unit_of_the_account_is_called_so_until_the_desk_says_which_unit_the_matter_concerns(house: House) -> None:
    number = house.incident()
    base = f"/incidents/{number}"
    week = f"/reports/{house.now.strftime('%G-W%V')}"
    page = house.client("monitor").get(base).text
    assert f"<span>账号主办单位 {UNIT}</span>" in page
    assert "写明涉事单位" in page
    assert "写明涉事单位" not in house.client("leader").get(base).text
    assert f"该账号由“{UNIT}”主办。" in house.client().get(house.link(number, "leader")).text
    assert f"{UNIT}（账号主办）" in house.client("publicity").get(week).text
    status, page = act(house, "monitor", f"{base}/concerned", unit=OTHER_UNIT)
    assert status == 409
    assert "更正涉事单位须写明理由。未作任何更改。" in page
    status, where = act(house, "monitor", f"{base}/concerned", unit=OTHER_UNIT, why="停水的是教学楼")
    assert (status, where) == (303, f"{base}?done=concerned")
    page = house.client("monitor").get(where).text
    assert f"<span>涉事单位 {OTHER_UNIT}（账号主办单位 {UNIT}）</span>" in page
    assert "尚未通知该单位；要通知的，请在“交办”中交办给它。" in page
    assert re.search(rf'id="unit".*?<option value="{OTHER_UNIT}" selected', page), "handing over it is one press away"
    listed = house.client("monitor").get(f"/incidents?unit={OTHER_UNIT}").text
    assert number in listed
    assert number not in house.client("monitor").get(f"/incidents?unit={UNIT}").text
    report = house.client("publicity").get(week).text
    assert f'<td class="u">{OTHER_UNIT}</td>' in report
    assert f"{UNIT}（账号主办）" not in report
