"""Tasks on the pages: set at the desk, done by the holder behind a link, seen by who may see them and nobody else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Table, select

from escalation.audit import audit_log
from escalation.duty.absence import absences
from escalation.incident import incidents
from escalation.keeper import contacts
from escalation.link import Link, Purpose, token
from escalation.notice import notices
from escalation.task import corrections, tasks, turns
from escalation.task.telling import page_path
from tests.escalation.web.house import SCHOOL, UNIT, House


def rows(house: House, table: Table, **where: Any) -> list[Any]:
    with house.store.read() as conn:
        wanted = [table.c[name] == value for name, value in where.items()]
        return list(conn.execute(select(table).where(*wanted).order_by(table.c.id)).all())


def act(house: House, who: str, path: str, **form: str) -> tuple[int, str]:
    answer = house.client(who).post(path, data={"csrf": f"csrf-{who}"} | form)
    return answer.status_code, answer.text


def set_facts(house: House, number: str, **form: str) -> Any:
    given = {"kind": "facts", "to": f"unit:{UNIT}", "words": "说明留样"} | form
    status, page = act(house, "publicity", f"/incidents/{number}/tasks", **given)
    assert status == 303, page
    return rows(house, tasks, kind=given["kind"])[-1]


def own(house: House, task: Any, who: str = "leader") -> str:
    return page_path(house.letterhead, task.id, who, house.now)


def test_a_task_set_at_the_desk_waits_on_the_leaders_own_page_with_a_link_that_works(house: House) -> None:
    number = house.incident()
    task = set_facts(house, number)
    mine = house.client("leader").get("/me").text
    assert "我的任务" in mine
    path = mine.split('href="/t/', 1)[1].split('"', 1)[0]
    page = house.client().get(f"/t/{path}").text
    assert "说明留样" in page
    assert "待办" in page
    answer = house.client().post(f"/t/{path}/answer", data={"text": "三人就诊", "url": "https://x.example/1"})
    assert answer.status_code == 303
    assert rows(house, tasks, id=task.id)[0].state == "answered"
    shown = house.client("monitor").get(f"/incidents/{number}").text
    assert "三人就诊" in shown
    assert "确认办结" in shown


def test_the_desk_returns_with_a_reason_and_another_confirms(house: House) -> None:
    number = house.incident()
    task = set_facts(house, number)
    house.client().post(f"{own(house, task)}/answer", data={"text": "没有情况"})
    base = f"/incidents/{number}/tasks/{task.id}"
    assert act(house, "monitor", f"{base}/return", why="")[0] == 409
    assert act(house, "monitor", f"{base}/return", why="请写人数")[0] == 303
    assert "请写人数" in house.client().get(own(house, task)).text
    house.client().post(f"{own(house, task)}/answer", data={"text": "三人"})
    assert act(house, "monitor", f"{base}/confirm")[0] == 303
    assert "已办结" in house.client("publicity").get(f"/incidents/{number}").text


def test_a_link_is_one_persons_for_one_purpose_and_one_time(house: House) -> None:
    task = set_facts(house, house.incident())
    assert house.client().get(own(house, task, "keeper")).status_code == 403, "somebody else's name on a link"
    signing = token(house.letterhead.link_key, Purpose.SIGN, Link(task.id, "leader", house.now + timedelta(hours=1)))
    assert house.client().get(f"/t/{signing}").status_code == 404
    assert house.client().get("/t/forged.1.2.3").status_code == 404
    path = own(house, task)
    house.now += timedelta(days=8)
    assert house.client().get(path).status_code == 410
    assert house.client().post(f"{path}/answer", data={"text": "晚了"}).status_code == 410
    assert rows(house, turns, event="answer") == []


def test_opening_the_link_is_noted_and_is_no_answer(house: House) -> None:
    task = set_facts(house, house.incident())
    house.client().get(own(house, task), headers={"sec-purpose": "prefetch"})
    (told,) = rows(house, notices, kind="task")
    assert told.opened_at is None
    house.client().get(own(house, task))
    (told,) = rows(house, notices, kind="task")
    assert told.opened_at == house.now
    assert rows(house, tasks, id=task.id)[0].state == "set"


@pytest.mark.parametrize(
    "form",
    [
        {"kind": "bribe"}, {"to": ""}, {"to": "unit:没有"}, {"to": "person:nobody"}, {"words": " "}, {"hours": "x"},
        {"hours": "nan"}, {"hours": "inf"}, {"hours": "-1"}, {"hours": "9999"},
    ],
)  # fmt: skip
def test_a_form_that_says_nothing_sensible_is_refused_with_what_was_typed(house: House, form: dict[str, str]) -> None:
    number = house.incident()
    given = {"kind": "facts", "to": f"unit:{UNIT}", "words": "说明留样"} | form
    before = len(rows(house, tasks))
    status, page = act(house, "publicity", f"/incidents/{number}/tasks", **given)
    assert (status, "未作任何更改" in page) == (409, True)
    assert len(rows(house, tasks)) == before


def test_a_task_of_another_incident_is_out_of_reach(house: House) -> None:
    first, second = house.incident(), house.incident("另一件")
    task = set_facts(house, first)
    for deed in ("confirm", "return", "withdraw", "answer"):
        status, _ = act(house, "publicity", f"/incidents/{second}/tasks/{task.id}/{deed}", why="x", text="x")
        assert status == 404, deed
    assert rows(house, tasks, id=task.id)[0].state == "set"


def test_the_keeper_contacts_the_platform_with_words_made_ready(house: House) -> None:
    number = house.incident(text="饭里有虫，三个人在拉肚子")
    (task,) = rows(house, tasks, kind="platform_contact")
    page = house.client().get(own(house, task, "keeper")).text
    assert "受理编号" in page
    assert "公众平台“侵权投诉”" in page.replace("&#34;", '"')
    assert "操作建议，非文件要求" in page
    asked = page.split('name="asked"', 1)[1].split(">", 1)[1].split("</textarea>", 1)[0]
    assert number in asked
    assert "拉肚子" not in asked, "the words of a comment never leave"
    form = {"platform": "微信公众号", "way": "侵权投诉", "asked": asked, "ticket": "W-1"}
    assert house.client().post(f"{own(house, task, 'keeper')}/contact", data=form).status_code == 303
    (row,) = rows(house, contacts)
    assert (row.task_id, row.ticket) == (task.id, "W-1")
    answer = house.client().post(f"{own(house, task, 'keeper')}/contacts/{row.id}", data={"answer": "已处理"})
    assert answer.status_code == 303
    assert rows(house, tasks, id=task.id)[0].state == "answered"


def test_the_keeper_corrects_a_post_from_the_own_page_and_the_desk_sees_before(house: House) -> None:
    post = house.post("本周六全校停电", by_school=True, minutes=60)
    number = house.incident()
    house.client().post(house.link(number, "keeper"))
    page = house.client("keeper").get("/me").text
    path = page.split('href="/k/', 1)[1].split('"', 1)[0]
    assert "更正或删除本账号帖文" in house.client().get(f"/k/{path}").text
    form = {"post": post.id, "did": "corrected", "words": "时间写错"}
    assert house.client().post(f"/k/{path}/correct", data=form).status_code == 303
    (row,) = rows(house, corrections)
    assert (row.before_text, row.state) == ("本周六全校停电", "told")
    shown = house.client("monitor").get(f"/incidents/{number}").text
    assert "尚未见到" in shown
    assert "本周六全校停电" in shown
    (task,) = rows(house, tasks, kind="correction")
    status, refused = act(house, "monitor", f"/incidents/{number}/tasks/{task.id}/confirm")
    assert (status, "请写明怎样核实" in refused) == (409, True)
    assert act(house, "monitor", f"/incidents/{number}/tasks/{task.id}/confirm", note="打开看过")[0] == 303


def test_what_was_typed_stays_where_a_refusal_comes_back(house: House) -> None:
    task = set_facts(house, house.incident())
    answer = house.client().post(f"{own(house, task)}/answer", data={"text": "写好的话", "url": "javascript:alert(1)"})
    assert answer.status_code == 409
    assert "写好的话" in answer.text
    assert rows(house, turns, event="answer") == []


def test_markup_in_an_answer_is_text_everywhere(house: House) -> None:
    number = house.incident()
    task = set_facts(house, number)
    house.client().post(f"{own(house, task)}/answer", data={"text": "<script>alert(1)</script>"})
    for page in (house.client().get(own(house, task)), house.client("monitor").get(f"/incidents/{number}")):
        assert "<script>alert" not in page.text
        assert "&lt;script&gt;" in page.text


def test_an_ended_matter_is_shown_and_can_be_answered_no_more(house: House) -> None:
    number = house.incident()
    task = set_facts(house, number)
    act(house, "monitor", f"/incidents/{number}/dismiss", reason="规则误判")
    page = house.client().get(own(house, task))
    assert "只供查看" in page.text
    assert house.client().post(f"{own(house, task)}/answer", data={"text": "补写"}).status_code == 409


def test_measures_are_shown_to_the_office_and_the_leader_alone(house: House) -> None:
    number = house.incident()
    assert act(house, "publicity", f"/incidents/{number}/measures/closing", reason="屡次失实")[0] == 303
    for who, sees in {"publicity": True, "school": True, "monitor": False, "leader": False, "keeper": False}.items():
        assert ("处理措施" in house.client(who).get(f"/incidents/{number}").text) is sees, who
    path = f"/incidents/{number}/measures/1/decide"
    assert act(house, "publicity", path)[0] == 409
    assert act(house, "school", path, words="同意")[0] == 303
    with house.store.read() as conn:
        assert conn.execute(select(incidents.c.state)).scalar() == "notified"
    assert [row.action for row in rows_of_audit(house) if "closing" in row.action] == [
        "incident.closing.propose", "incident.closing.decide",
    ]  # fmt: skip


def rows_of_audit(house: House) -> list[Any]:
    with house.store.read() as conn:
        return list(conn.execute(select(audit_log).order_by(audit_log.c.seq)).all())


def test_the_package_is_a_download_after_approval_and_never_kept_by_a_cache(house: House) -> None:
    number = house.incident()
    assert (
        act(house, "publicity", f"/incidents/{number}/measures/referral", authority="公安机关", reason="涉嫌违法")[0]
        == 303
    )
    path = f"/incidents/{number}/measures/1"
    assert act(house, "school", f"{path}/package")[0] == 409
    assert act(house, "school", f"{path}/decide")[0] == 303
    answer = house.client("publicity").post(f"{path}/package", data={"csrf": "csrf-publicity"})
    assert answer.status_code == 200
    assert answer.content[:2] == b"PK"
    assert "no-store" in answer.headers["cache-control"]
    assert [row.actor for row in rows_of_audit(house) if row.action == "incident.referral.export"] == ["publicity"]


def test_the_substitute_of_a_holder_who_left_for_a_while_does_the_task_and_the_holder_keeps_it(house: House) -> None:
    task = set_facts(house, house.incident())
    with house.store.write() as conn:
        conn.execute(absences.insert().values(
            school=SCHOOL, person_id="leader", kind="leave", starts_at=house.now,
            ends_at=house.now + timedelta(days=1), substitute_id="keeper", note="", entered_by="leader",
            entered_at=house.now,
        ))  # fmt: skip
    path = own(house, task, "keeper")
    assert "罗广平现不在岗，由您代办" in house.client().get(path).text
    assert "代罗广平" in house.client("keeper").get("/me").text
    assert "代罗广平" not in house.client("leader").get("/me").text
    assert "打开并办理" in house.client("leader").get("/me").text, "the holder has it, too"
    assert house.client().post(f"{path}/answer", data={"text": "三人就诊"}).status_code == 303
    assert (rows(house, tasks, id=task.id)[0].state, rows(house, turns, event="answer")[0].person_id) == (
        "answered", "keeper",
    )  # fmt: skip
    house.now += timedelta(days=2)
    assert house.client().get(own(house, task, "keeper")).status_code == 403, "the leave is over, and nobody told them"
    assert house.client().post(f"{own(house, task, 'mate')}/answer", data={"text": "晚了"}).status_code == 403
