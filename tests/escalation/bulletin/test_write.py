"""首报 · 续报 · 终报: written by a person, numbered, sent to whom the pack names and who was told, never edited."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from escalation import handling, keeper, people, receipt, reignition, telephone
from escalation.audit import audit_log
from escalation.bulletin import BulletinKind, Figure, bulletins
from escalation.bulletin.clock import open_of
from escalation.bulletin.write import Draft, write
from escalation.channels import Fault, Permanent, Transient
from escalation.duty import leave
from escalation.incident import Actor, incidents
from escalation.notice import calls, notices
from escalation.people import Held, Person, Role
from escalation.state_table import IllegalStep
from escalation.timer import timers
from tests.escalation.office import FOUR, HELD, IN_LEAD, KEEPER, ON_DESK, UNIT, Office
from tests.stream.said import SCHOOL

FIGURES = (Figure("说到此事", "12 条、9 人", "本系统采集，截至 16:42"),)


def said(kind: BulletinKind = BulletinKind.FIRST, after: int = 0, **changes: object) -> Draft:
    values: dict[str, object] = {
        "kind": kind, "facts": "三名学生就餐后腹泻，已就诊。", "done": "已留样送检。", "next_step": "等待检验结果。",
        "after": after,
    }  # fmt: skip
    return Draft(**values | changes)  # type: ignore[arg-type]


def put(office: Office, incident_id: int, draft: Draft, who: Actor = IN_LEAD) -> int:
    with office.store.write() as conn:
        return write(conn, office.head, incident_id, who, office.now, draft, FIGURES)


def clock(office: Office, name: str) -> str:
    return str(office.rows(timers, kind="duty", name=name)[0].state)


def sign_all(office: Office) -> None:
    for row in office.rows(notices, signed_at=None, needs_signature=True):
        with office.store.write() as conn:
            receipt.sign(conn, row.id, row.addressee, office.now, via="link")


def test_a_first_report_goes_to_everybody_named_and_told_and_asks_for_a_receipt(office: Office) -> None:
    one = office.open(level=2)
    office.work()
    assert put(office, one, said()) == 1
    office.work()
    sent = office.rows(notices, kind="report")
    assert {row.addressee for row in sent} == FOUR - {"publicity"}, "the writer is not told of their own words"
    assert all(row.needs_signature and row.sign_by == office.now + timedelta(hours=1) for row in sent)
    mail = next(
        one for one in office.mail.sent if one.to == "school@x.example" and "首报（情况报告第 1 号）" in one.subject
    )
    for words in ("三名学生就餐后腹泻", "说到此事 12 条、9 人（本系统采集", "已留样送检", "等待检验结果", "填报　何岚"):
        assert words in mail.text.replace("\n", "").replace("　　　　　", ""), words
        assert words in (mail.html or ""), words
    (kept,) = office.rows(bulletins)
    assert [one["person"] for one in kept.told] == [row.addressee for row in sent]
    assert kept.figures == [{"name": "说到此事", "value": "12 条、9 人", "source": "本系统采集，截至 16:42"}]
    assert office.rows(audit_log, action="incident.bulletin")[0].actor == "publicity"


def test_the_first_report_clock_stops_only_when_one_has_left_the_house(office: Office) -> None:
    one = office.open(level=2)
    office.work()
    office.mail.answers += [Transient("邮件服务器没有答复")] * 3
    put(office, one, said())
    assert clock(office, "first_report") == "set", "written is not sent"
    office.work()
    assert clock(office, "first_report") == "set"
    assert office.rows(bulletins)[0].left_at is None
    office.later(minutes=1)
    assert clock(office, "first_report") == "stopped"
    assert office.rows(bulletins)[0].left_at is not None
    assert office.headings().count("首报已送出，首报时限已停") == 1


def test_a_report_that_no_channel_brings_is_told_by_telephone_and_counts_then(office: Office) -> None:
    one = office.open(level=2)
    office.work()
    sign_all(office)
    office.mail.answers += [Permanent(Fault.CONTACT, "没有这一邮箱")] * 3
    put(office, one, said())
    office.work()
    assert clock(office, "first_report") == "set"
    (task, *_) = office.rows(calls)
    with office.store.write() as conn:
        telephone.record_call(conn, task.id, ON_DESK, office.now, "接通并转达")
    assert clock(office, "first_report") == "stopped"


def test_reports_are_numbered_follow_each_other_and_are_never_edited(office: Office) -> None:
    one = office.open(level=2)
    office.work()
    with pytest.raises(IllegalStep, match=r"尚未首报.*不能终报"):
        put(office, one, said(BulletinKind.FINAL))
    put(office, one, said())
    with pytest.raises(IllegalStep, match="不能首报"):
        put(office, one, said(after=1))
    assert put(office, one, said(BulletinKind.FOLLOW, 1, facts="又有两人不适。")) == 2
    assert put(office, one, said(BulletinKind.FINAL, 2, next_step="")) == 3
    with pytest.raises(IllegalStep, match=r"已终报.*不能终报"):
        put(office, one, said(BulletinKind.FINAL, 3))
    assert put(office, one, said(BulletinKind.FOLLOW, 3)) == 4
    assert [(row.number, row.kind) for row in office.rows(bulletins)] == [
        (1, "first"), (2, "follow"), (3, "final"), (4, "follow"),
    ]  # fmt: skip
    assert [row.facts for row in office.rows(bulletins)][:2] == ["三名学生就餐后腹泻，已就诊。", "又有两人不适。"]


def test_of_two_who_write_at_once_one_is_sent_and_the_other_is_asked_to_look(office: Office) -> None:
    one = office.open(level=2)
    put(office, one, said())
    before = len(office.rows(notices))
    with pytest.raises(IllegalStep, match=r"刚有人写了情况报告第 1 号.*未作任何更改"):
        put(office, one, said(), ON_DESK)
    assert len(office.rows(notices)) == before
    assert len(office.rows(bulletins)) == 1


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"facts": " "}, "请填写“事实”"), ({"done": ""}, "请填写“处置情况”"), ({"next_step": ""}, "请填写“下一步”"),
        ({"facts": "长" * 2001}, "至多 2000 字"),
    ],
)  # fmt: skip
def test_a_report_without_its_parts_is_refused_whole(office: Office, changes: dict[str, Any], why: str) -> None:
    one = office.open(level=2)
    with pytest.raises(IllegalStep, match=why):
        put(office, one, said(**changes))
    assert office.rows(bulletins) == []


def test_only_the_desk_and_the_publicity_office_write_reports(office: Office) -> None:
    one = office.open(level=2)
    keeper = Actor("keeper", "谢晓", frozenset({Role.KEEPER}))
    with pytest.raises(IllegalStep, match="您的角色不能首报"):
        put(office, one, said(), keeper)


def test_a_clause_that_names_the_leaders_concerned_brings_them_in_with_its_article(tmp_path: Path) -> None:
    office = Office.at(tmp_path, (*HELD, Held("related_leaders", "", "lead")))
    one = office.open(level=2)
    with office.store.write() as conn:
        row = office.one(one)
        conn.execute(update(incidents).values(triggers=[*row.triggers, "sudden_event"]))
    put(office, one, said())
    told = {one["person"]: one for one in office.rows(bulletins)[0].told}
    assert "第十五条" in told["lead"]["basis"]
    assert told["lead"]["by_choice"] is False
    office.store.close()


def test_leaders_whom_no_clause_names_are_told_only_where_the_writer_says_so(tmp_path: Path) -> None:
    office = Office.at(tmp_path, (*HELD, Held("related_leaders", "", "lead")))
    one = office.open(level=2)
    put(office, one, said())
    assert "lead" not in {row.addressee for row in office.rows(notices, kind="report")}
    put(office, one, said(BulletinKind.FOLLOW, 1, add=frozenset({"lead", "stranger"})))
    told = {one["person"]: one for one in office.rows(bulletins)[1].told}
    assert told["lead"]["by_choice"] is True
    assert told["lead"]["basis"] == "校规未规定"
    assert "stranger" not in told
    office.store.close()


def reported(office: Office) -> int:
    """A matter of which everybody signed the notice and the 首报."""
    one = office.open(level=2)
    office.work()
    sign_all(office)
    put(office, one, said())
    office.work()
    sign_all(office)
    return one


def test_the_next_report_comes_due_again_and_again_while_the_matter_is_open(office: Office) -> None:
    one = reported(office)
    office.later(hours=3, minutes=59)
    assert "续报逾期" not in office.headings()
    office.later(minutes=2)
    assert office.headings().count("续报逾期") == 1
    assert [row.addressee for row in office.rows(notices, kind="chased") if row.step.startswith("follow")] == [
        "publicity"
    ]
    office.later(hours=4)
    assert office.headings().count("续报逾期") == 2
    put(office, one, said(BulletinKind.FINAL, 1))
    office.later(days=2)
    assert office.headings().count("续报逾期") == 2, "a 终报 ends the series"


def test_a_leave_entered_later_sends_the_next_report_and_its_reminder_to_the_substitute(office: Office) -> None:
    one = reported(office)
    with office.store.write() as conn:
        people.enter(conn, [Person(SCHOOL, "deputy", "曹卫东", "", UNIT, "deputy@x.example", "139")], [])
        for who, substitute in (("publicity", "deputy"), ("keeper", "lead")):
            leave.enter(
                conn, SCHOOL, IN_LEAD, office.now, who, "leave", office.now, office.now + timedelta(days=1), substitute
            )
    office.later(hours=4, minutes=1)
    (chased,) = [row for row in office.rows(notices, kind="chased") if row.step.startswith("follow")]
    assert (chased.addressee, chased.office) == ("deputy", "党委宣传部，代何岚")
    put(office, one, said(BulletinKind.FOLLOW, 1), ON_DESK)
    last = max(row.bulletin_id for row in office.rows(notices) if row.bulletin_id)
    got = {row.addressee for row in office.rows(notices, bulletin_id=last)}
    assert got & {"deputy", "lead", "publicity", "keeper"} == {"deputy", "lead"}


def test_closing_at_the_grave_levels_wants_a_final_report(office: Office) -> None:
    grave, light = office.open(level=2), office.open(level=3, keys=("other|thread|weibo:t2",))

    def holds_up(incident: int) -> list[str]:
        with office.store.read() as conn:
            return open_of(conn, incident)

    assert holds_up(light) == []
    assert holds_up(grave) == ["还没有首报和终报"]
    put(office, grave, said())
    assert holds_up(grave) == ["还没有终报"]
    put(office, grave, said(BulletinKind.FINAL, 1))
    assert holds_up(grave) == []


def test_what_a_care_case_reports_does_not_stand_in_the_mail(office: Office) -> None:
    one = office.open(level=1, care=True, theme="self_harm")
    office.work()
    before = len(office.mail.sent)
    put(office, one, said(facts="已联系到本人，由辅导员陪同。"))
    office.work()
    assert len(office.mail.sent) > before
    assert not any("辅导员陪同" in f"{one.subject}{one.text}{one.html}" for one in office.mail.sent)


def test_a_report_neither_replaces_the_first_notice_nor_is_replaced_by_a_raise(office: Office) -> None:
    one = office.open(level=2)
    office.work()
    put(office, one, said())
    first, report = office.notice("leader"), office.notice("leader", "report")
    assert first.superseded_by is None
    office.add(one, level=1, risk=90)
    assert office.rows(notices, id=report.id)[0].superseded_by is None
    put(office, one, said(BulletinKind.FOLLOW, 1))
    assert office.rows(notices, id=report.id)[0].superseded_by == office.notice("leader", "report").number


def test_an_unsigned_report_is_reminded_and_phoned_but_blames_nobody_above(office: Office) -> None:
    one = office.open(level=2)
    office.work()
    sign_all(office)
    put(office, one, said())
    office.work()
    office.later(hours=1, minutes=1)
    reminded = {row.addressee for row in office.rows(notices, kind="reminder")}
    assert reminded == FOUR - {"publicity"}
    assert set(office.phoned()) == FOUR - {"publicity"}
    assert office.told("escalated") == []


def test_who_has_an_errand_alone_is_told_nothing_of_the_matter(office: Office) -> None:
    one = office.open(level=2)
    with office.store.write() as conn:
        row = dict(office.rows(notices)[0]._mapping) | {
            "addressee": "lead", "kind": "hold", "number": "X-1", "step": "hold:1", "needs_signature": False,
        }  # fmt: skip
        row.pop("id")
        conn.execute(notices.insert().values(**row))
    put(office, one, said())
    assert "lead" not in {row.addressee for row in office.rows(notices, kind="report")}


def on_again(office: Office, incident_id: int, how: str) -> None:
    """The matter got its 终报 and is taken up again, by 复燃 or by opening it again."""
    with office.store.write() as conn:
        if how == "rekindled":
            keeper.answer(conn, incident_id, KEEPER, office.now, text="已整改")
            reignition.begin(conn, incident_id, ON_DESK, office.now)
        else:
            handling.dismiss(conn, office.head, incident_id, ON_DESK, office.now, handling.FalseAlarm.JOKE)
    office.now += timedelta(minutes=5)
    with office.store.write() as conn:
        if how == "rekindled":
            reignition.rekindle(conn, office.head, incident_id, ON_DESK, office.now, "又有学生发帖")
        else:
            handling.reopen(conn, office.head, incident_id, IN_LEAD, office.now, "核实属实")


@pytest.mark.parametrize("how", ["rekindled", "reopened"])
def test_a_matter_that_is_on_again_asks_for_a_new_final_report(office: Office, how: str) -> None:
    one = office.open(level=2)
    put(office, one, said())
    put(office, one, said(BulletinKind.FINAL, after=1))
    with office.store.read() as conn:
        assert open_of(conn, one) == []
    on_again(office, one, how)
    with office.store.read() as conn:
        assert open_of(conn, one) == ["重新打开或复燃后还没有新的终报"]
    (running,) = office.rows(timers, kind="follow", state="set")
    assert running.set_at == office.now, "the next 续报 comes due again"
    office.now += timedelta(minutes=5)
    put(office, one, said(BulletinKind.FOLLOW, after=2))
    put(office, one, said(BulletinKind.FINAL, after=3))
    with office.store.read() as conn:
        assert open_of(conn, one) == []
    assert not office.rows(timers, kind="follow", state="set")


@pytest.mark.parametrize("how", ["rekindled", "reopened"])
def test_a_matter_that_is_on_again_without_a_bulletin_waits_for_the_first(office: Office, how: str) -> None:
    one = office.open(level=2)
    on_again(office, one, how)
    assert not office.rows(timers, kind="follow")
    with office.store.read() as conn:
        assert open_of(conn, one) == ["还没有首报和终报"]
