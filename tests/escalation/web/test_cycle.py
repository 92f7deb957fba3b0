"""The acts of the full cycle on the incident's page, by plain forms."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import select, update

from escalation import handling
from escalation.audit import audit_log
from escalation.incident import Actor, incidents, members, open_keys
from escalation.notice import deliveries
from escalation.people import Role
from escalation.procedure import load
from escalation.web.app import build
from tests.escalation.web.house import SCHOOL, House

LEAD = Actor("publicity", "何岚", frozenset({Role.PUBLICITY}))
RECAP = {
    "cause": "抽检不严", "course": "当日核实", "well": "答复快", "badly": "无", "what": ["每日留样", ""],
    "owner": ["罗广平", ""], "until": ["2026-12-01", ""],
}  # fmt: skip


def act(house: House, who: str, path: str, **form: object) -> tuple[int, str]:
    """Post a form; the status, and where it leads or what the page then says."""
    answer = house.client(who).post(path, data={"csrf": f"csrf-{who}", **form})
    return answer.status_code, answer.headers.get("location", answer.text)


def row_of(house: House, number: str) -> Any:
    with house.store.read() as conn:
        return conn.execute(select(incidents).where(incidents.c.number == number)).one()


def closed(house: House, number: str) -> None:
    for person in ("leader", "publicity", "school", "keeper"):
        house.client().post(house.link(number, person))
    house.see_through(number)
    with house.store.write() as conn:
        handling.close(conn, row_of(house, number).id, LEAD, house.now, "已处置", "电话办理")
        conn.execute(update(deliveries).values(state="accepted"))


def test_level_answer_watch_and_recap_are_set_by_forms_and_shown(house: House) -> None:
    number = house.incident(level=3)
    base = f"/incidents/{number}"
    assert act(house, "monitor", f"{base}/level", to="2", why="")[0] == 409
    assert act(house, "monitor", f"{base}/level", to="2", why="家长到校") == (303, f"{base}?done=level")
    page = house.client("publicity").get(base).text
    assert "系统初判Ⅲ级，现为Ⅱ级" in page
    assert "（人工）" in page
    assert act(house, "publicity", f"{base}/no-answer", why="已当面答复", approved_by="沈澄")[0] == 303
    refused = act(house, "monitor", f"{base}/recap", **RECAP | {"until": ["下周", ""]})
    assert (refused[0], "不是日期" in refused[1], "抽检不严" in refused[1]) == (409, True, True)
    assert act(house, "monitor", f"{base}/recap", **RECAP)[0] == 303
    assert act(house, "monitor", f"{base}/watch")[0] == 303
    page = house.client("publicity").get(base).text
    for words in ("复燃观察", "每日留样（罗广平，2026-12-01 前）", "复燃观察未满", "恢复处置"):
        assert words in page, words
    assert act(house, "monitor", f"{base}/rekindle", why="家长群在传")[0] == 303
    assert "复燃，恢复处置" in house.client("publicity").get(base).text


def test_two_incidents_are_merged_and_parted_by_forms_and_each_page_names_the_other(house: House) -> None:
    one, other = house.incident(), house.incident("三栋停热水")
    page = house.client("monitor").get(f"/incidents/{one}").text
    assert f'value="{other}"' in page, "the open incidents to choose from"
    assert act(house, "monitor", f"/incidents/{one}/merge", into=other, why="同一件事")[0] == 303
    here, there = (house.client("monitor").get(f"/incidents/{number}").text for number in (one, other))
    assert f'已并入 <a href="/incidents/{other}">' in here
    assert f'并入了 <a href="/incidents/{one}">' in there
    assert "0 / 4，须全部签收" in there
    for said in ("进程见该事件", "时限在该事件上", "通知与签收随同转入，见该事件"):
        assert (said in here, said in there) == (True, False), said
    for untrue in ("0 / 0", "尚无人被通知", "归档</li>"):
        assert untrue not in here, untrue
    again = act(house, "monitor", f"/incidents/{one}/merge", into=other, why="再来")
    assert (again[0], "不能并入" in again[1]) == (409, True)
    assert act(house, "monitor", f"/incidents/{one}/unmerge", why="不是一件事")[0] == 303
    assert "0 / 4，须全部签收" in house.client("monitor").get(f"/incidents/{one}").text


def test_a_part_is_taken_out_by_ticking_lines_and_leads_to_the_new_page(house: House) -> None:
    number = house.incident()
    row = row_of(house, number)
    with house.store.write() as conn:
        conn.execute(open_keys.insert().values(school=SCHOOL, key="canteen|thread|wx-hq:9", incident_id=row.id))
        lines = list(conn.execute(select(members.c.post_id).where(members.c.incident_id == row.id)).scalars())
        conn.execute(open_keys.insert().values(school=SCHOOL, key=f"canteen|cluster|{lines[0]}", incident_id=row.id))
    other = next(one for one in lines if one != row.opening_post_id)
    page = house.client("monitor").get(f"/incidents/{number}").text
    assert "食堂餐饮 · 原帖 wx-hq:9 下" in page
    assert re.search(r"食堂餐饮 · 与“[^”]{4,20}”近似的说法", page), "in the words of the line, not by its number"
    form = {"title": "另一处窗口", "level": "3", "why": "不是同一窗口", "key": ["canteen|thread|wx-hq:9"]}
    refused = act(house, "monitor", f"/incidents/{number}/split", **form)
    assert (refused[0], "另一处窗口" in refused[1]) == (409, True)
    status, where = act(house, "monitor", f"/incidents/{number}/split", post=[other], **form)
    assert status == 303
    new = house.client("monitor").get(where).text
    assert ("另一处窗口" in new, f'拆自 <a href="/incidents/{number}">' in new) == (True, True)


def test_the_procedure_of_today_is_shown_with_its_differences_and_applied_once(house: House) -> None:
    number = house.incident()
    desk = house.desk()
    newer = replace(desk.ground, pack=load("LG"))
    client = TestClient(build(replace(desk, ground=newer)), follow_redirects=False)
    client.cookies.set("fengxin", house.session("publicity"))
    page = client.get(f"/incidents/{number}").text
    assert "改用现行规程" in page
    assert newer.pack.label in page
    form = {"csrf": "csrf-publicity", "why": "新办法施行", "version": newer.pack.version}
    stale = client.post(f"/incidents/{number}/renew", data=form | {"version": "0" * 64})
    assert (stale.status_code, "刚刚更换" in stale.text) == (409, True)
    assert client.post(f"/incidents/{number}/renew", data=form).status_code == 303
    shown = client.get(f"/incidents/{number}").text
    assert f"规程 {newer.pack.label}" in shown, "the page does not remember the old one"
    assert client.post(f"/incidents/{number}/renew", data=form).status_code == 409


def test_an_archive_is_taken_out_as_it_was_sealed_and_by_whom_is_written_down(house: House) -> None:
    number = house.incident()
    base = f"/incidents/{number}"
    assert house.client("publicity").get(f"{base}/archive.json").status_code == 404
    closed(house, number)
    assert act(house, "monitor", f"{base}/archive")[0] == 403
    assert act(house, "publicity", f"{base}/archive")[0] == 303
    page = house.client("publicity").get(base).text
    assert house.client("monitor").get(f"{base}/archive.json").status_code == 403
    kept = house.client("publicity").get(f"{base}/archive.json")
    assert hashlib.sha256(kept.content).hexdigest() in page
    assert kept.headers["content-disposition"] == f'attachment; filename="{number}.json"'
    assert json.loads(kept.content)["incident"]["number"] == number
    paper = house.client("school").get(f"{base}/archive.html")
    assert (paper.status_code, hashlib.sha256(kept.content).hexdigest() in paper.text) == (200, True)
    for said in (kept.text, paper.text):
        assert "三个人在拉肚子" not in said, "no comment's words"
        assert "@school.test" not in said
    with house.store.read() as conn:
        taken = conn.execute(select(audit_log).where(audit_log.c.action == "archive.export")).all()
    assert [(one.actor, one.detail["form"]) for one in taken] == [("publicity", "json"), ("school", "html")]
    assert act(house, "publicity", f"{base}/note", text="再记一笔")[0] == 409


def test_after_its_window_a_closed_matter_is_followed_by_a_new_one(house: House) -> None:
    number = house.incident()
    closed(house, number)
    assert "另立接续事件" not in house.client("publicity").get(f"/incidents/{number}").text
    house.now += timedelta(days=15)
    page = house.client("publicity").get(f"/incidents/{number}").text
    assert ("另立接续事件" in page, 'action="/incidents/' + number + '/reopen"' in page) == (True, False)
    assert act(house, "publicity", f"/incidents/{number}/reopen", reason="又来了")[0] == 409
    status, where = act(house, "monitor", f"/incidents/{number}/follow", why="又来了")
    assert status == 303
    assert f'接续 <a href="/incidents/{number}">' in house.client("monitor").get(where).text
