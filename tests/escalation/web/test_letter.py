"""函 on the pages: its own page behind the link, 我的, 送达 with its phone tasks, and nothing of it among incidents."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from escalation import people
from escalation.link import Link, Purpose, token
from escalation.notice import letter, notices
from escalation.notice.letter import Letter
from tests.escalation.web.house import SCHOOL, House


def send(house: House, who: str, **changes: Any) -> int:
    values: dict[str, Any] = {
        "matter": "permit:17", "step": "asked", "kind": "授权申请", "heading": "后勤处申请<b>发布</b>开学公告",
        "lines": ("申请人 罗广平",), "path": "/permits/17",
    }  # fmt: skip
    with house.store.write() as conn:
        to = people.person(conn, SCHOOL, who)
        assert to is not None
        made = letter.send(conn, house.letterhead, to, Letter(**values | changes), house.now)
    assert made is not None
    return made


def link(house: House, notice_id: int, who: str) -> str:
    return f"/r/{token(house.letterhead.link_key, Purpose.SIGN, Link(notice_id, who, house.now + timedelta(hours=1)))}"


def row(house: House, notice_id: int) -> Any:
    with house.store.read() as conn:
        return conn.execute(notices.select().where(notices.c.id == notice_id)).one()


def test_the_link_opens_the_letter_escaped_and_notes_that_it_was_opened(house: House) -> None:
    made = send(house, "publicity", personal="/c/{link}")
    page = house.client().get(link(house, made, "publicity"))
    assert page.status_code == 200
    assert "后勤处申请&lt;b&gt;发布" in page.text
    assert 'href="/permits/17"' in page.text
    assert 'href="/c/' in page.text
    assert "签收</button>" not in page.text
    assert row(house, made).opened_at == house.now


def test_a_receipt_is_given_by_post_once_and_by_nobody_else(house: House) -> None:
    made = send(house, "publicity", signs=True, answer_by=house.now + timedelta(hours=2))
    client = house.client()
    assert "签收</button>" in client.get(link(house, made, "publicity")).text
    assert row(house, made).signed_at is None
    assert client.post(link(house, made, "leader")).status_code == 403
    assert row(house, made).signed_at is None
    for _ in range(2):
        assert "已签收" in client.post(link(house, made, "publicity")).text
    assert row(house, made).signed_by == "publicity"


def test_my_letters_stand_on_my_page_and_among_nobodys_incidents(house: House) -> None:
    send(house, "leader")
    assert "写给我的函" in house.client("leader").get("/me").text
    assert "写给我的函" not in house.client("other").get("/me").text
    assert house.client("leader").get("/incidents").status_code == 200


def test_the_delivery_log_shows_the_letter_and_its_phone_task_can_be_recorded(house: House) -> None:
    send(house, "publicity", by_phone=True)
    client = house.client("monitor")
    page = client.get("/deliveries").text
    assert "HF-2026-0001-01" in page
    assert "函 · 授权申请" in page
    assert 'href="/permits/17"' in page
    assert 'action="/deliveries/calls/1"' in page
    assert "/deliveries#calls" in client.get("/me").text
    done = client.post("/deliveries/calls/1", data={"outcome": "told", "csrf": "csrf-monitor"})
    assert done.status_code in (200, 303)
    assert 'action="/deliveries/calls/1"' not in client.get("/deliveries").text


def test_a_letters_link_is_no_link_of_an_incident(house: House) -> None:
    made = send(house, "publicity")
    given = link(house, made, "publicity")
    assert house.client().post(f"{given}/remark", data={"remark": "x", "proof": "y"}).status_code == 404
