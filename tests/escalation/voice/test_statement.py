"""The statement: versions, checks, the pack's approval chain, embargo, release by the school's account first (A17)."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from escalation import audit, handling, people
from escalation.handling import FalseAlarm
from escalation.incident import Actor, StateMoved, entries
from escalation.incident.state import IllegalStep
from escalation.keeper import answers
from escalation.notice import notices
from escalation.people import Held, Person, Role, offices
from escalation.procedure import load
from escalation.timer import timers
from escalation.voice import approval, fact, release, statement
from escalation.voice.approval import approvals
from escalation.voice.hold import holds
from escalation.voice.release import releases
from escalation.voice.statement import Draft, Kind, checks, statements
from stream.store import StoreUnavailable
from tests.escalation.office import HELD, IN_LEAD, KEEPER, ON_DESK, Office
from tests.escalation.voice.course import (
    CARD,
    HEAD,
    LEADER,
    TEXT,
    URL,
    approved,
    checked,
    decide,
    do,
    drafted,
    put_out,
    released,
    submitted,
    version,
)
from tests.stream.said import SCHOOL


def states(office: Office) -> list[str]:
    return [row.state for row in office.rows(statements)]


def test_a_statement_goes_from_draft_to_release_and_everybody_concerned_is_told(office: Office) -> None:
    incident_id = office.open(level=2)
    made = released(office, incident_id)
    assert version(office, made).state == "released"
    assert [row.state for row in office.rows(holds)] == ["released"]
    assert office.one(incident_id).state == "responded"
    assert [row.url for row in office.rows(answers)] == [URL]
    (out,) = office.rows(releases)
    assert (out.account_id, out.text_hash, out.recorded_by) == ("main", version(office, made).text_hash, "何岚")
    (first_answer,) = office.rows(timers, name="first_answer")
    assert first_answer.state == "stopped"
    card = {row.addressee for row in office.rows(notices, kind="voice") if row.step.startswith("card:")}
    assert card == {"keeper", "leader", "publicity", "school"}
    assert sorted(office.told("relay")) == ["keeper", "leader"]
    with office.store.read() as conn:
        assert list(audit.faults(conn)) == []


def test_the_chain_of_the_pack_is_asked_in_order_and_by_level(office: Office) -> None:
    grave, light = office.open(level=1), office.open(level=3, keys=("x|thread|weibo:t9",))
    leader = Actor("leader", "罗广平", frozenset({Role.UNIT_LEADER}))
    assert submitted(office, checked(office, drafted(office, grave))).words == "主管校领导"
    made = checked(office, drafted(office, light, leader), leader)
    assert submitted(office, made).words == "党委宣传部"


def test_an_approver_who_drafted_is_passed_over_and_the_log_says_so(office: Office) -> None:
    incident_id = office.open(level=3)
    step = submitted(office, checked(office, drafted(office, incident_id)))
    assert (step.words, step.asked, step.basis) == ("主管校领导", "school", "系统默认，非校规")
    assert "“党委宣传部”无可审批人员（起草人除外），改由主管校领导审批" in office.headings()


def test_nobody_approves_what_they_drafted(office: Office) -> None:
    """A17: approve own draft."""
    incident_id = office.open(level=3)
    both = Actor("publicity", "何岚", frozenset({Role.SCHOOL_LEADER, Role.PUBLICITY}))
    step = submitted(office, checked(office, drafted(office, incident_id, both), both))
    assert step.asked == "school"
    with pytest.raises(IllegalStep, match=r"起草人不能审批自己起草的口径。未作任何更改"):
        decide(office, step, both)
    assert states(office) == ["review"]


@pytest.mark.parametrize("who", [KEEPER, ON_DESK, IN_LEAD, LEADER])
def test_nobody_approves_who_is_not_asked(office: Office, who: Actor) -> None:
    incident_id = office.open(level=2)
    made = checked(office, drafted(office, incident_id, LEADER if who is IN_LEAD else IN_LEAD))
    step = submitted(office, made)
    with pytest.raises(IllegalStep, match=r"未作任何更改。$"):
        decide(office, step, who)
    assert office.rows(approvals)[-1].decision is None


def test_an_edit_after_approval_voids_it(office: Office) -> None:
    """A17: edit after approval."""
    incident_id = office.open(level=2)
    made = approved(office, incident_id)
    newer = drafted(office, incident_id, text=TEXT + "咨询电话见公告。")
    assert states(office) == ["revised", "draft"]
    assert "口径第 1 版改写为第 2 版，此前的审批作废" in office.headings()
    for one in (made, newer):
        with pytest.raises(IllegalStep, match=r"不能登记发布.*未作任何更改。$"):
            put_out(office, one)
    assert office.rows(releases) == []


def test_an_edit_while_it_is_read_makes_the_approval_of_the_old_text_void(office: Office) -> None:
    incident_id = office.open(level=2)
    step = submitted(office, checked(office, drafted(office, incident_id)))
    drafted(office, incident_id, text=TEXT + "补充。")
    with pytest.raises(IllegalStep, match=r"未作任何更改。$"):
        decide(office, step)
    second = submitted(office, checked(office, office.rows(statements)[-1].id))
    with pytest.raises(IllegalStep, match="已有改动"):
        decide(office, second, seal=step.seal)
    assert states(office) == ["revised", "review"]


@pytest.mark.parametrize("other", ["0" * 64, ""])
def test_other_words_than_the_approved_are_not_taken_for_a_release(office: Office, other: str) -> None:
    """A17: publish a different hash."""
    made = approved(office, office.open(level=2))
    with pytest.raises(IllegalStep, match="指纹不符"):
        put_out(office, made, text_hash=other)
    assert office.rows(releases) == []
    assert [row.state for row in office.rows(holds)] == ["standing"]


def test_another_account_than_the_schools_does_not_release_first(office: Office) -> None:
    made = approved(office, office.open(level=2))
    with pytest.raises(IllegalStep, match="须先由学校账号发布（微博“青禾职院”）"):
        put_out(office, made, account_id="canteen")
    with pytest.raises(IllegalStep, match="没有这个账号"):
        put_out(office, made, account_id="shut")
    with pytest.raises(IllegalStep, match="由宣传部或该账号的管理人员办理"):
        put_out(office, made, KEEPER)
    with pytest.raises(IllegalStep, match="http"):
        put_out(office, made, url="javascript:alert(1)")


def test_an_embargo_holds_until_its_time(office: Office) -> None:
    until = office.now + timedelta(hours=3)
    made = approved(office, office.open(level=2), embargo_until=until)
    with pytest.raises(IllegalStep, match="不得早于"):
        put_out(office, made)
    office.later(hours=3)
    with pytest.raises(IllegalStep, match="发布时间不能在现在之后"):
        put_out(office, made, posted_at=office.now + timedelta(minutes=5))
    with pytest.raises(IllegalStep, match="不得早于"):
        put_out(office, made, posted_at=until - timedelta(minutes=1))
    put_out(office, made, posted_at=until)
    assert version(office, made).state == "released"


def test_every_item_of_the_pack_is_looked_at_before_a_version_goes_to_its_approver(office: Office) -> None:
    incident_id = office.open(level=2)
    made = drafted(office, incident_id)
    with pytest.raises(IllegalStep, match="未核对：不涉及国家秘密"):
        submitted(office, made)
    checked(office, made)
    do(office, lambda conn: statement.check(
        conn, made, IN_LEAD, office.now, "personal", passed=False, note="出现了姓名"
    ))  # fmt: skip
    with pytest.raises(IllegalStep, match="核对不通过：不含个人信息"):
        submitted(office, made)
    with pytest.raises(IllegalStep, match="写明哪里不合"):
        do(office, lambda conn: statement.check(conn, made, IN_LEAD, office.now, "secrecy", passed=False))
    assert len(office.rows(checks)) == 5
    assert {row.article for row in load("JY").voice.check} == {"第九条", ""}


def test_a_fact_without_confirmation_is_not_publishable(office: Office) -> None:
    incident_id = office.open(level=2)
    one = do(office, lambda conn: fact.add(
        conn, incident_id, LEADER, office.now, text="三名同学就诊", source="校医院接诊登记"
    ))  # fmt: skip
    made = checked(office, drafted(office, incident_id, facts=(one,)))
    with pytest.raises(IllegalStep, match="“三名同学就诊”未核实，不得发布"):
        submitted(office, made)
    do(office, lambda conn: fact.confirm(conn, one, LEADER, office.now, "校医院 王医生，电话核实"))
    submitted(office, made)
    with pytest.raises(IllegalStep, match="要写明内容和来源"):
        do(office, lambda conn: fact.add(conn, incident_id, LEADER, office.now, text="只有传言", source=" "))
    do(office, lambda conn: fact.retract(conn, one, LEADER, office.now, "人数有误"))
    with pytest.raises(IllegalStep, match="已核实或已撤销"):
        do(office, lambda conn: fact.confirm(conn, one, LEADER, office.now, "再核实"))


def test_a_return_needs_a_comment_and_leads_to_a_new_version(office: Office) -> None:
    incident_id = office.open(level=2)
    step = submitted(office, checked(office, drafted(office, incident_id)))
    with pytest.raises(IllegalStep, match="退回须写明意见"):
        decide(office, step, approve=False, comment="  ")
    decide(office, step, approve=False, comment="人数不要写")
    assert states(office) == ["returned"]
    (told,) = [row for row in office.rows(notices, kind="voice") if row.step.startswith("returned:")]
    assert (told.addressee, "人数不要写" in told.view["title"]) == ("publicity", True)
    with pytest.raises(IllegalStep, match="一字不差"):
        drafted(office, incident_id)
    drafted(office, incident_id, text=TEXT.replace("部分同学", "有同学"))
    assert states(office) == ["revised", "draft"]


def test_a_decision_to_say_nothing_has_a_reason_and_an_approver(office: Office) -> None:
    incident_id = office.open(level=2)
    with pytest.raises(IllegalStep, match="不公开回应的理由"):
        drafted(office, incident_id, kind=Kind.SILENCE, text=" ")
    made = drafted(office, incident_id, kind=Kind.SILENCE, text="涉及个人隐私，已单独答复当事人")
    decide(office, submitted(office, made))
    assert version(office, made).state == "decided"
    assert office.one(incident_id).state == "responded"
    assert [row.state for row in office.rows(holds)] == ["standing"], "nobody speaks of it, the accounts neither"
    later = released(office, incident_id)
    assert [version(office, one).state for one in (made, later)] == ["superseded", "released"]


def test_an_approver_who_stays_silent_is_reminded_and_the_office_hears_of_it(office: Office) -> None:
    submitted(office, checked(office, drafted(office, office.open(level=2))))
    office.later(hours=2)
    reminded = office.rows(notices, kind="approval", addressee="school")
    assert [row.step.partition(":")[0] for row in reminded] == ["approval", "remind"]
    assert [row.addressee for row in office.rows(notices, kind="voice") if "审批逾期" in row.view["title"]] == [
        "publicity"
    ]


def test_who_was_asked_and_lost_the_office_approves_no_more_and_the_present_holder_is_asked(office: Office) -> None:
    one = office.open()
    step = submitted(office, checked(office, drafted(office, one)))
    assert step.asked == HEAD.id
    new = Person(SCHOOL, "newhead", "邵清", "副校长", "学校", "newhead@x.example", "139")
    with office.store.write() as conn:
        conn.execute(delete(offices).where(offices.c.person_id == HEAD.id, offices.c.role == Role.SCHOOL_LEADER))
        people.enter(conn, [new], [Held(Role.SCHOOL_LEADER, "", "newhead")])
    with pytest.raises(IllegalStep, match=r"您已不在此岗位.*未作任何更改。$"):
        decide(office, step)
    assert version(office, step.statement_id).state == "review"
    office.later(hours=5)
    office.work()
    (again,) = office.rows(approvals, id=step.id)
    assert again.asked == "newhead"
    reminded = [row.addressee for row in office.rows(notices, kind="approval") if row.step.startswith("remind:")]
    assert reminded == ["newhead"]
    assert any("改请 邵清 审批" in row.heading for row in office.rows(entries))
    decide(office, again, Actor("newhead", "邵清", frozenset({Role.SCHOOL_LEADER})))
    assert version(office, step.statement_id).state == "approved"


def test_a_false_alarm_drops_the_version_in_review_and_nobody_approves_it_any_more(office: Office) -> None:
    one = office.open()
    step = submitted(office, checked(office, drafted(office, one)))
    do(office, lambda conn: handling.dismiss(conn, office.head, one, ON_DESK, office.now, FalseAlarm.JOKE))
    assert version(office, step.statement_id).state == "dropped"
    before = len(office.rows(notices))
    with pytest.raises(IllegalStep, match=r"事件已经了结，不能审批.*未作任何更改。$"):
        decide(office, step)
    office.later(hours=5)
    office.work()
    assert [row.step for row in office.rows(notices)[before:] if "approv" in row.step] == []


def test_without_anybody_to_approve_it_says_so_and_changes_nothing(office: Office, tmp_path: Any) -> None:
    held = [one for one in HELD if one.role != Role.SCHOOL_LEADER]
    bare = Office.at(tmp_path / "bare", held)
    made = checked(bare, drafted(bare, bare.open(level=2)))
    with pytest.raises(IllegalStep, match="名册中没有可以审批的人"):
        submitted(bare, made)
    assert states(bare) == ["draft"]
    bare.store.close()


def test_a_dropped_version_is_over_and_stops_nothing(office: Office) -> None:
    incident_id = office.open(level=2)
    made = drafted(office, incident_id)
    assert do(office, lambda conn: release.open_of(conn, incident_id))[-1] == "口径第 1 版起草核稿中"
    with pytest.raises(IllegalStep, match="作废的理由"):
        do(office, lambda conn: statement.drop(conn, made, IN_LEAD, office.now, ""))
    do(office, lambda conn: statement.drop(conn, made, IN_LEAD, office.now, "改由上级发布"))
    assert len(do(office, lambda conn: release.open_of(conn, incident_id))) == 1, "only the hold is left"


@pytest.mark.parametrize("who", [KEEPER, ON_DESK, HEAD])
def test_only_writers_draft_and_only_the_lead_submits(office: Office, who: Actor) -> None:
    incident_id = office.open(level=2)
    with pytest.raises(IllegalStep, match=r"未作任何更改。$"):
        drafted(office, incident_id, who)
    made = checked(office, drafted(office, incident_id))
    with pytest.raises(IllegalStep, match=r"未作任何更改。$"):
        do(office, lambda conn: approval.submit(conn, office.head, made, who, office.now))


def test_two_approvers_at_once_get_one_result_and_one_polite_refusal(office: Office) -> None:
    step = submitted(office, checked(office, drafted(office, office.open(level=2))))
    heard: list[str] = []

    def press() -> None:
        try:
            decide(office, step)
            heard.append("done")
        except (IllegalStep, StateMoved, StoreUnavailable) as no:
            heard.append(str(no))

    both = [threading.Thread(target=press) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert heard.count("done") == 1
    assert next(one for one in heard if one != "done").endswith("未作任何更改。")
    assert len([row for row in office.rows(notices, kind="voice") if row.step.startswith("approved:")]) == 1


def test_the_seal_covers_the_card_and_the_embargo_not_only_the_words(office: Office) -> None:
    plain = Draft(TEXT, CARD)
    others = [Draft(TEXT), Draft(TEXT, CARD, (1,)), Draft(TEXT, CARD, embargo_until=office.now)]
    assert len({statement.seal_of(one) for one in (plain, *others)}) == 4
    assert statement.seal_of(Draft(TEXT + "\r\n", CARD)) == statement.seal_of(plain)
    assert SCHOOL
