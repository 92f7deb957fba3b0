"""What a report begins with: facts with their sources, and the deeds a leader reads it for; no checks, no links."""

from __future__ import annotations

from datetime import timedelta

from escalation import assigning, handling, receipt
from escalation.bulletin import BulletinKind
from escalation.bulletin.draft import Prefilled, prefilled
from escalation.bulletin.write import Draft, write
from escalation.voice import fact
from stream import account
from stream.account import Account
from tests.escalation.office import IN_LEAD, ON_DESK, UNIT, Office
from tests.escalation.voice.course import released
from tests.stream.said import SCHOOL, START


def draft(office: Office, incident_id: int) -> Prefilled:
    with office.store.read() as conn:
        return prefilled(conn, office.one(incident_id), office.now)


def order(office: Office, remark: str) -> None:
    """The school leader signs and writes what is wanted."""
    with office.store.write() as conn:
        receipt.sign(conn, office.notice("school").id, "school", office.now, via="link", remark=remark)


def test_facts_are_what_persons_registered_with_source_and_standing(office: Office) -> None:
    one = office.open(level=2, title="二食堂：疑似食物中毒", facts=("涉及 1 条，风险 100",))
    with office.store.write() as conn:
        fact.add(conn, one, IN_LEAD, office.now, text="三名学生就诊。", source="校医院", confirmed_by="何岚 电话")
        fact.add(conn, one, IN_LEAD, office.now, text="留样已封存", source="后勤处")
        wrong = fact.add(conn, one, IN_LEAD, office.now, text="十名学生就诊", source="传言")
        fact.retract(conn, wrong, IN_LEAD, office.now, "有误")
    facts = draft(office, one).facts.splitlines()
    assert facts[0].endswith("立事件。")
    assert facts[1:] == [
        "情形：二食堂：疑似食物中毒（待核实）。",
        "三名学生就诊（来源：校医院；何岚 电话 核实）。",
        "留样已封存（来源：后勤处；待核实）。",
    ]
    assert "事实" not in draft(office, one).done, "they are said once"


def test_handling_is_orders_handing_on_and_answers_without_checks_links_and_fingerprints(office: Office) -> None:
    with office.store.write() as conn:
        account.enter(conn, [Account(SCHOOL, "main", "weibo", "青禾职院", "1", "宣传部", "api", START, main=True)])
    one = office.open(level=2)
    office.work()
    order(office, "8点前报我书面情况")
    with office.store.write() as conn:
        handling.confirm(conn, one, ON_DESK, office.now)
        assigning.assign(conn, office.head, one, ON_DESK, office.now, UNIT, "请派人到市二院陪护")
        handling.note(conn, one, ON_DESK, office.now, "后勤处已到场")
        handling.note(conn, one, ON_DESK, office.now, "批示：先救治")
    released(office, one)
    done = draft(office, one).done
    for words in (
        "沈澄 已作批示或备注（见事件日志）", "陈屿 确认研判",
        f"陈屿 交办 {UNIT}：请派人到市二院陪护", "陈屿：后勤处已到场",
        "陈屿 已作批示（见事件日志）", "由微博“青禾职院”发布",
    ):  # fmt: skip
        assert words in done, done
    for words in ("核对", "指纹", "http", "起草", "送审", "8点前", "先救治"):
        assert words not in done, done


def test_a_later_report_begins_with_what_was_registered_since(office: Office) -> None:
    one = office.open(level=2)
    with office.store.write() as conn:
        before = fact.add(conn, one, IN_LEAD, office.now, text="三名学生就诊", source="校医院")
    office.now += timedelta(minutes=1)
    said = Draft(BulletinKind.FIRST, "三名学生就诊。", "已送检。", "等结果。", 0)
    with office.store.write() as conn:
        write(conn, office.head, one, IN_LEAD, office.now, said, ())
    assert draft(office, one).facts == "情况报告第 1 号之后："
    office.now += timedelta(minutes=1)
    with office.store.write() as conn:
        fact.confirm(conn, before, IN_LEAD, office.now, "校医院 张医生")
    assert draft(office, one).facts.splitlines()[1:] == ["三名学生就诊（来源：校医院；校医院 张医生 核实）。"]


def test_of_a_cry_for_help_neither_title_nor_facts_are_filled_in(office: Office) -> None:
    one = office.open(level=1, care=True, title="图书馆：疑似轻生")
    with office.store.write() as conn:
        fact.add(conn, one, IN_LEAD, office.now, text="已找到本人", source="保卫处")
    (only,) = draft(office, one).facts.splitlines()
    assert "图书馆" not in only
    assert "立事件" in only
