"""The keeper's page: reached after signing, 上报, 平台沟通, 回应."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, delete, select

from escalation import people
from escalation.incident import incidents
from escalation.incident.state import State
from escalation.keeper import answers, contacts, reports
from escalation.people import Held, Role, offices
from tests.escalation.web.house import SCHOOL, House


def own_page(house: House, number: str) -> str:
    """The path of the keeper's page, as the page after signing gives it."""
    page: str = house.client().post(house.link(number, "keeper")).text
    return "/k/" + page.split('href="/k/', 1)[1].split('"', 1)[0]


def test_after_signing_the_keeper_is_led_to_the_page_and_nobody_else_is(house: House) -> None:
    number = house.incident()
    assert "/k/" not in house.client().post(house.link(number, "leader")).text
    page = house.client().get(own_page(house, number)).text
    assert "上报" in page
    assert "第十四条" in page


def test_a_report_is_kept_and_shown_to_the_desk(house: House) -> None:
    number = house.incident()
    path = own_page(house, number)
    form = {"seen": "评论区集中反映", "did": "已联系后勤", "url": "https://mp.weixin.qq.com/s/1"}
    answer = house.client().post(f"{path}/report", data=form)
    assert answer.headers["location"] == f"{path}?done=report"
    assert "评论区集中反映" in house.client().get(path).text
    assert "评论区集中反映" in house.client("monitor").get(f"/incidents/{number}").text
    with house.store.read() as conn:
        assert conn.execute(select(reports.c.person_id)).scalars().all() == ["keeper"]


def test_a_report_with_an_odd_link_is_refused_and_keeps_what_was_typed(house: House) -> None:
    number = house.incident()
    path = own_page(house, number)
    answer = house.client().post(f"{path}/report", data={"seen": "已写好的话", "url": "javascript:alert(1)"})
    assert answer.status_code == 409
    assert "http://" in answer.text
    assert "已写好的话" in answer.text
    empty = house.client().post(f"{path}/report", data={"seen": "  "})
    assert "看到的情况" in empty.text
    with house.store.read() as conn:
        assert conn.execute(select(reports)).all() == []


def test_contact_with_the_platform_is_logged_and_answered_once(house: House) -> None:
    number = house.incident()
    path = own_page(house, number)
    form = {"platform": "微信公众平台", "way": "客服", "asked": "申请精选评论协助", "ticket": "20261120-77"}
    assert house.client().post(f"{path}/contact", data=form).status_code == 303
    with house.store.read() as conn:
        made = conn.execute(select(contacts.c.id)).scalar_one()
    assert house.client().post(f"{path}/contacts/{made}", data={"answer": "已受理"}).status_code == 303
    assert house.client().post(f"{path}/contacts/{made}", data={"answer": "再写"}).status_code == 409
    assert house.client().post(f"{path}/contacts/999", data={"answer": "没有"}).status_code == 409


def test_a_contact_of_another_incident_is_out_of_reach(house: House) -> None:
    first, second = house.incident(), house.incident("另一件")
    form = {"platform": "微博", "asked": "协助"}
    house.client().post(f"{own_page(house, first)}/contact", data=form)
    with house.store.read() as conn:
        made = conn.execute(select(contacts.c.id)).scalar_one()
    answer = house.client().post(f"{own_page(house, second)}/contacts/{made}", data={"answer": "越界"})
    assert answer.status_code == 409


def test_the_public_answer_moves_the_incident_on(house: House) -> None:
    number = house.incident()
    path = own_page(house, number)
    assert house.client().post(f"{path}/answer", data={"text": "情况已核实"}).status_code == 303
    with house.store.read() as conn:
        assert conn.execute(select(incidents.c.state)).scalar() == State.RESPONDED
        assert conn.execute(select(answers.c.text)).scalar() == "情况已核实"
    assert "已答" in house.client("monitor").get(f"/incidents/{number}").text


def test_a_care_case_is_not_answered_in_public_and_what_was_answered_before_is_folded(house: House) -> None:
    number = house.incident("我就走到这里啦", care=True, level=1)
    path, phone = own_page(house, number), house.client()
    assert "对外回应" not in phone.get(path).text
    refused = phone.post(f"{path}/answer", data={"text": "情况已核实"})
    assert (refused.status_code, "求助事件不公开回应" in refused.text, "未作任何更改。" in refused.text) == (
        409,
        True,
        True,
    )
    with house.store.write() as conn:
        assert conn.execute(select(answers)).all() == []
        row = conn.execute(select(incidents.c.id)).scalar_one()
        said = {"incident_id": row, "person_id": "keeper", "at": house.now, "text": "此前的公开回应", "url": ""}
        conn.execute(answers.insert().values(**said))
    folded = phone.get(path).text.partition("<details><summary>已登记 1 条，求助事件不再公开回应</summary>")[2]
    assert "此前的公开回应" in folded.partition("</details>")[0]


def test_an_incident_that_ends_between_look_and_deed_takes_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = house.incident()
    path = own_page(house, number)
    run: Callable[[Callable[[Connection], object]], object] = house.store.run

    def too_late(block: Callable[[Connection], object]) -> object:
        monkeypatch.undo()
        form = {"csrf": "csrf-monitor", "reason": "玩笑或夸张"}
        assert house.client("monitor").post(f"/incidents/{number}/dismiss", data=form).status_code == 303
        return run(block)

    monkeypatch.setattr(house.store, "run", too_late)
    said = house.client().post(f"{path}/report", data={"seen": "补写"})
    assert said.status_code == 409
    assert "事件已于" in said.text
    assert "不能再登记" in said.text
    with house.store.read() as conn:
        assert conn.execute(select(reports)).all() == []


def test_nothing_is_added_to_an_incident_that_has_ended(house: House) -> None:
    number = house.incident()
    path = own_page(house, number)
    form = {"csrf": "csrf-monitor", "reason": "玩笑或夸张"}
    house.client("monitor").post(f"/incidents/{number}/dismiss", data=form)
    answer = house.client().post(f"{path}/report", data={"seen": "补写"})
    assert answer.status_code == 409
    assert "了结" in answer.text


def enter(house: House, who: str, rank: int = 0) -> None:
    """This person keeps the account from now on."""
    with house.store.write() as conn:
        one = people.person(conn, SCHOOL, who)
        assert one is not None
        people.enter(conn, [one], [Held(Role.KEEPER, "wx-hq", who, rank)])


def test_who_no_longer_keeps_the_account_acts_no_more_by_an_old_link(house: House) -> None:
    number = house.incident()
    path = own_page(house, number)
    with house.store.write() as conn:
        conn.execute(delete(offices).where(offices.c.person_id == "keeper"))
    assert house.client().get(path).status_code == 403, "nobody keeps it now"
    enter(house, "mate")
    form = {"text": "我以学校名义回应：不属实", "url": "https://mp.weixin.qq.com/s/1"}
    answer = house.client().post(f"{path}/answer", data=form)
    assert answer.status_code == 403
    assert "人员已调整" in answer.text
    assert house.client().get(path).status_code == 403
    with house.store.read() as conn:
        assert conn.execute(select(answers)).all() == []
        assert conn.execute(select(incidents.c.state)).scalar_one() != State.RESPONDED
    enter(house, "keeper", 1)
    assert house.client().get(path).status_code == 200, "one of two keepers acts"
