"""What the rules leave to persons: proposed by one, decided by another, never by the machine, never about oneself."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from escalation import archive, record, timer
from escalation.audit import audit_log, faults
from escalation.deed import incident_of
from escalation.incident import MACHINE, Actor, EntryKind, entries, incidents, log
from escalation.incident.state import IllegalStep
from escalation.measure import deciding, evidence, measures, proposing
from escalation.notice import notices
from escalation.opening import Ground
from escalation.people import Role
from escalation.procedure import load
from stream.kept import keep, posts, revisions
from stream.post import Kind
from tests.escalation.office import IN_LEAD, ON_DESK, Office
from tests.stream.said import a_post

LEADER = Actor("school", "沈澄", frozenset({Role.SCHOOL_LEADER}))
SECOND = Actor("lead", "梁致远", frozenset({Role.PUBLICITY}))
BOTH = Actor("publicity", "何岚", frozenset({Role.PUBLICITY, Role.SCHOOL_LEADER}))


def under(folder: Path, code: str) -> Office:
    office = Office.at(folder)
    office.ground = Ground(load(code), office.head, {"engine": "said"})
    return office


def ended(office: Office, incident: int) -> None:
    with office.store.write() as conn:
        conn.execute(update(incidents).where(incidents.c.id == incident).values(state="closed"))


def propose(office: Office, what: Any, incident: int, actor: Actor = IN_LEAD, **given: Any) -> int:
    with office.store.write() as conn:
        return int(what(conn, incident_of(conn, incident), actor, office.now, **given))


def closing(office: Office, incident: int, actor: Actor = IN_LEAD) -> int:
    return propose(office, proposing.propose_closing, incident, actor, reason="屡次发布不实内容")


def blame(office: Office, incident: int, **given: Any) -> int:
    values: dict[str, Any] = {"grade": 0, "person_id": "keeper", "whom": "管理员", "reason": "审核失职"} | given
    return propose(office, proposing.propose_accountability, incident, **values)


def refer(office: Office, incident: int) -> int:
    with office.store.read() as conn:
        manifest = evidence.manifest_of(conn, office.one(incident))
    given = {"authority": "某市公安局网安支队", "reason": "涉嫌违法", "manifest": manifest}
    return propose(office, proposing.propose_referral, incident, IN_LEAD, **given)


def step(office: Office, measure: int, event: str, actor: Actor = LEADER, words: str = "") -> None:
    with office.store.write() as conn:
        deciding.act(conn, office.head, measure, event, actor, office.now, words)


def state(office: Office, measure: int) -> str:
    (row,) = office.rows(measures, id=measure)
    return str(row.state)


def traces(office: Office) -> list[list[tuple[Any, ...]]]:
    return [[tuple(row) for row in office.rows(one)] for one in (measures, entries, audit_log, notices)]


@pytest.mark.parametrize(
    ("code", "article"), [("JY", "第十四条"), ("LG", "第十四条"), ("TF", "第十八条"), ("ZG", "第十四条")]
)
def test_an_order_to_close_rests_on_the_schools_own_words(tmp_path: Path, code: str, article: str) -> None:
    office = under(tmp_path, code)
    made = closing(office, office.open())
    (row,) = office.rows(measures, id=made)
    assert (row.basis, row.subject, row.state) == (article, "canteen", "proposed")
    assert "有权责令" in row.quote
    office.store.close()


@pytest.mark.parametrize("code", ["NX", "neutral", "neutral3"])
def test_where_the_document_gives_no_such_power_it_cannot_be_proposed(tmp_path: Path, code: str) -> None:
    office = under(tmp_path, code)
    one = office.open()
    before = traces(office)
    with pytest.raises(IllegalStep, match="校规未规定"):
        closing(office, one)
    assert traces(office) == before
    office.store.close()


def test_the_leader_decides_and_the_unit_hears_of_the_order_by_letter(office: Office) -> None:
    made = closing(office, office.open())
    office.work()
    office.mail.sent.clear()
    step(office, made, "decide", words="同意")
    office.work()
    assert {mail.to for mail in office.mail.sent} == {"leader@x.example", "keeper@x.example"}
    assert all("责令关闭" in mail.text and "第十四条" in mail.text for mail in office.mail.sent)
    step(office, made, "finish", IN_LEAD, "平台已注销")
    assert state(office, made) == "closed"
    step(office, made, "lift", LEADER, "整改完成")
    assert state(office, made) == "lifted"
    with office.store.read() as conn:
        assert list(faults(conn)) == []


@pytest.mark.parametrize(
    "actor", [IN_LEAD, ON_DESK, SECOND, BOTH, MACHINE], ids=["宣传部", "值班员", "同事", "兼任", "系统"]
)
def test_nobody_but_another_leader_orders_an_account_closed(office: Office, actor: Actor) -> None:
    made = closing(office, office.open())
    before = traces(office)
    with pytest.raises(IllegalStep, match=r"未作任何更改。$"):
        step(office, made, "decide", actor)
    assert traces(office) == before


def test_two_leaders_at_once_get_one_decision_and_one_refusal(office: Office) -> None:
    made = closing(office, office.open())
    step(office, made, "decide")
    before = traces(office)
    with pytest.raises(IllegalStep, match="已责令，待关闭"):
        step(office, made, "refuse", Actor("lead", "梁致远", frozenset({Role.SCHOOL_LEADER})), "不同意")
    assert traces(office) == before


def test_a_second_order_for_one_account_waits_for_the_first(office: Office) -> None:
    one = office.open()
    made = closing(office, one)
    with pytest.raises(IllegalStep, match="已有"):
        closing(office, one)
    step(office, made, "refuse", words="先整改")
    assert closing(office, one) != made


def test_the_machine_proposes_nothing_whatever_it_sees(office: Office) -> None:
    one = office.open(level=1, grave=True)
    office.later(days=3)
    assert office.rows(measures) == []
    for what in (proposing.propose_closing, proposing.propose_referral):
        given = (
            {"reason": "x"} if what is proposing.propose_closing else {"reason": "x", "authority": "y", "manifest": []}
        )
        with pytest.raises(IllegalStep, match="系统不提出"):
            propose(office, what, one, MACHINE, **given)


def test_accountability_comes_after_the_end_in_the_grades_of_the_document(tmp_path: Path) -> None:
    office = under(tmp_path, "TF")
    one = office.open()
    with pytest.raises(IllegalStep, match="了结后"):
        blame(office, one)
    ended(office, one)
    grades = proposing.grades(load("TF"))
    made = blame(office, one, grade=[grade.grade for grade in grades].index("通报批评"))
    (row,) = office.rows(measures, id=made)
    assert (row.grade, row.basis) == ("通报批评", "第二十四条")
    step(office, made, "decide", words="同意")
    assert state(office, made) == "decided"
    office.store.close()


@pytest.mark.parametrize("given", [{"grade": 99}, {"grade": -1}, {"person_id": "nobody"}, {"person_id": "", "whom": ""},
                                   {"person_id": "publicity"}, {"reason": " "}])  # fmt: skip
def test_a_proposal_that_names_no_grade_no_person_or_oneself_is_refused(office: Office, given: dict[str, Any]) -> None:
    one = office.open()
    ended(office, one)
    before = traces(office)
    with pytest.raises(IllegalStep, match=r"未作任何更改。$"):
        blame(office, one, **given)
    assert traces(office) == before


def test_nobody_decides_about_himself_and_the_log_names_nobody(office: Office) -> None:
    one = office.open()
    ended(office, one)
    made = blame(office, one, person_id="school", whom="主管领导")
    with pytest.raises(IllegalStep, match="不能就本人"):
        step(office, made, "decide")
    step(office, made, "decide", Actor("lead", "梁致远", frozenset({Role.SCHOOL_LEADER})), "同意")
    said = " ".join(f"{row.heading} {row.text}" for row in office.rows(entries) if "追责" in row.heading)
    assert "沈澄" not in said
    assert "审核失职" not in said


def test_the_same_grade_is_proposed_once_for_the_same_person_until_it_is_refused(office: Office) -> None:
    """Before, two who pressed at once left two proposals about one person, and both could be decided."""
    one = office.open()
    ended(office, one)
    made = blame(office, one)
    before = traces(office)
    with pytest.raises(IllegalStep, match=r"已经提出，不必再提。未作任何更改。$"):
        blame(office, one, reason="又想了想")
    assert traces(office) == before
    blame(office, one, person_id="", whom="后勤处")
    with pytest.raises(IllegalStep, match="已经提出"):
        blame(office, one, person_id="", whom="后勤处")
    blame(office, one, grade=1)
    step(office, made, "refuse", words="事实不清")
    blame(office, one)


@pytest.mark.parametrize("code", ["neutral", "neutral3"])
def test_where_no_document_speaks_of_accountability_none_is_proposed(tmp_path: Path, code: str) -> None:
    office = under(tmp_path, code)
    one = office.open()
    ended(office, one)
    with pytest.raises(IllegalStep, match="校规未规定"):
        blame(office, one)
    office.store.close()


def package(office: Office, measure: int, actor: Actor = LEADER) -> dict[str, str]:
    with office.store.write() as conn:
        name, body = evidence.export(conn, office.head, measure, actor, office.now)
    assert name.endswith("-材料.zip")
    with zipfile.ZipFile(io.BytesIO(body)) as made:
        return {one: made.read(one).decode() for one in made.namelist()}


def said(office: Office, **changes: Any) -> int:
    post = a_post("食堂饭菜有虫，联系〔手机号〕", "weibo:1", at=office.now, author="u-secret-writer")
    with office.store.write() as conn:
        keep(conn, post)
    return office.open(post, **changes)


def test_a_package_is_exported_only_after_a_second_person_and_says_who_took_it(office: Office) -> None:
    one = said(office)
    made = refer(office, one)
    with pytest.raises(IllegalStep, match="批准后"):
        package(office, made)
    with pytest.raises(IllegalStep, match="不能自己批准"):
        step(office, made, "decide", IN_LEAD)
    step(office, made, "decide", SECOND)
    files = package(office, made)
    assert set(files) == {"说明.txt", "材料.html", "材料.json", "指纹.txt"}
    assert files["材料.html"].count("由 沈澄 于") == 2
    content = json.loads(files["材料.json"])
    assert "食堂饭菜有虫" in content["posts"][0]["text"]
    assert "〔手机号〕" in content["posts"][0]["text"], "as it was kept: redacted at the door"
    assert not any("u-secret-writer" in text for text in files.values())
    for line in files["指纹.txt"].splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256(files[name].encode()).hexdigest() == digest
    (row,) = office.rows(audit_log, action="incident.referral.export")
    assert (row.actor, row.detail["authority"]) == ("school", "某市公安局网安支队")


def test_no_article_is_cited_for_a_package(office: Office) -> None:
    made = refer(office, said(office))
    (row,) = office.rows(measures, id=made)
    assert (row.basis, row.quote) == ("", "")
    step(office, made, "decide", SECOND)
    assert "没有要求" in package(office, made)["说明.txt"]


def test_text_deleted_by_its_term_stays_deleted_in_the_package(office: Office) -> None:
    one = said(office)
    made = refer(office, one)
    step(office, made, "decide", SECOND)
    with office.store.write() as conn:
        conn.execute(update(revisions).values(text=""))
    files = package(office, made)
    assert "已按保存期限删除" in files["材料.html"]
    assert "食堂饭菜有虫" not in files["材料.json"]


def test_a_care_case_stays_folded_in_the_package(office: Office) -> None:
    one = said(office, care=True, title="疑似心理求助，原文已收起", quote="")
    made = refer(office, one)
    step(office, made, "decide", SECOND)
    files = package(office, made)
    assert not any("食堂饭菜有虫" in text for text in files.values())
    assert "求助内容，原文已收起" in files["材料.html"]


def test_a_case_that_became_a_care_case_names_neither_title_nor_unit_nor_account(office: Office) -> None:
    one = said(office, title="三号楼：有人要跳楼")
    with office.store.write() as conn:
        conn.execute(update(incidents).where(incidents.c.id == one).values(care=True))
    row = office.one(one)
    with office.store.write() as conn:
        log(conn, one, office.now, EntryKind.PERSON, f"交{row.unit}办理", row.title)
    made = refer(office, one)
    step(office, made, "decide", SECOND)
    told = "".join(package(office, made).values())
    assert "疑似心理求助，原文已收起" in told
    for hidden in ("要跳楼", row.unit, row.frozen["account"]["name"]):
        assert hidden
        assert hidden not in told
    with office.store.read() as conn:
        kept = record.package(conn, row)
    assert kept["incident"]["title"] == "疑似心理求助，原文已收起"
    sealed = record.canonical(kept)
    for hidden in ("要跳楼", row.unit, row.frozen["account"]["name"]):
        assert hidden not in sealed
    assert kept["incident"]["account_id"] == ""
    assert "交有关单位办理" in sealed


def test_a_private_message_stays_folded_in_the_package(office: Office) -> None:
    one = said(office)
    made = refer(office, one)
    step(office, made, "decide", SECOND)
    with office.store.write() as conn:
        conn.execute(update(posts).values(kind=Kind.MESSAGE))
    files = package(office, made)
    assert "食堂饭菜有虫" not in files["材料.json"]
    assert "私信，原文已收起" in files["材料.html"]


def test_what_was_handed_over_moves_the_incident_and_is_no_more_a_loose_end(office: Office) -> None:
    one = said(office)
    made = refer(office, one)
    with office.store.read() as conn:
        assert deciding.open_of(conn, one)
    step(office, made, "decide", SECOND)
    with pytest.raises(IllegalStep, match="写明说明"):
        step(office, made, "finish", IN_LEAD)
    step(office, made, "finish", IN_LEAD, "当面移交，收件人王警官")
    assert office.one(one).state == "referred"
    with office.store.read() as conn:
        assert deciding.open_of(conn, one) == []


def test_markup_in_a_comment_is_text_in_the_package(office: Office) -> None:
    post = a_post("<script>alert(1)</script>食堂", "weibo:1", at=office.now, kind=Kind.COMMENT)
    with office.store.write() as conn:
        keep(conn, post)
    made = refer(office, office.open(post))
    step(office, made, "decide", SECOND)
    assert "<script>alert" not in package(office, made)["材料.html"]


def shut(office: Office) -> int:
    """A closed incident whose time of reopening runs."""
    one = office.open(level=4)
    office.work()
    with office.store.write() as conn:
        conn.execute(update(incidents).where(incidents.c.id == one).values(state="closed", closed_at=office.now))
        timer.stop(conn, office.now, incident_id=one)
        archive.arm(conn, office.one(one), office.now)
    return one


@pytest.mark.parametrize("event", ["decide", "refuse", "withdraw"])
def test_archiving_waits_for_a_proposal_so_that_it_always_has_a_way_out(tmp_path: Path, event: str) -> None:
    office = under(tmp_path, "JY")
    one = shut(office)
    made = blame(office, one)
    with pytest.raises(IllegalStep, match=r"1 项处理措施未办结：追责.*“待决定”；办完后再归档。未作任何更改。"):
        seal(office, one)
    office.later(days=14, hours=5)
    assert office.one(one).state == "closed", "the machine waits as well"
    assert office.headings().count("到期未归档") == 1, "said once, not every hour"
    step(office, made, event, IN_LEAD if event == "withdraw" else LEADER, "已研究")
    office.later(hours=2)
    assert office.one(one).state == "archived"


def test_archiving_waits_for_a_package_that_was_approved_and_not_handed_over(office: Office) -> None:
    one = shut(office)
    made = refer(office, one)
    step(office, made, "decide", SECOND)
    with pytest.raises(IllegalStep, match="移交材料“已批准，待移交”"):
        seal(office, one)
    step(office, made, "finish", IN_LEAD, "当面移交")
    seal(office, one)
    assert office.one(one).state == "archived"


def test_archiving_waits_for_an_order_that_is_not_carried_out(tmp_path: Path) -> None:
    office = under(tmp_path, "JY")
    one = shut(office)
    made = closing(office, one)
    step(office, made, "decide", LEADER)
    with pytest.raises(IllegalStep, match="责令关闭账号“已责令，待关闭”"):
        seal(office, one)
    step(office, made, "finish", IN_LEAD, "已关闭")
    seal(office, one)


def seal(office: Office, incident: int) -> None:
    with office.store.write() as conn:
        archive.archive(conn, incident, IN_LEAD, office.now)
