"""A person opens an incident by hand: from a lead or a found line, once, with all that the watch's would have."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from escalation import audit
from escalation.incident import entries, incidents, members
from escalation.notice import deliveries, notices
from escalation.timer import timers
from stream.post import Post
from stream.search import Document
from tests.escalation.web.house import House, csrf

FELL = "吊顶掉下来了，有人在里面"


def form(house: House, post: Post, name: str = "monitor", **changes: str) -> dict[str, str]:
    token = csrf(house.client(name).get(f"/raise?post={post.id}").text)
    filled = {
        "csrf": f"csrf-{name}",
        "post": post.id,
        "level": "2",
        "title": "图书馆三楼：吊顶掉落",
        "reason": "现场同事电话证实",
    }
    assert token == filled["csrf"]
    return filled | changes


def rows(house: House, table: object) -> list[object]:
    with house.store.read() as conn:
        return list(conn.execute(select(table)))  # type: ignore[call-overload]


def test_who_raises_a_line_later_is_not_called_late_and_the_log_says_how_long_after(house: House) -> None:
    post = house.post(FELL)
    house.now += timedelta(minutes=25)
    answer = house.client("monitor").post("/raise", data=form(house, post))
    page = house.client("monitor").get(answer.headers["location"]).text
    assert "迟报" not in page
    assert re.search(r"补录：采到后 \d+ 分钟才立事件", page)
    with house.store.read() as conn:
        assert not any("迟报" in row.subject for row in conn.execute(select(deliveries)))


def test_an_incident_opened_by_hand_is_told_clocked_and_logged_with_the_person(house: House) -> None:
    post = house.post(FELL)
    answer = house.client("monitor").post("/raise", data=form(house, post))
    assert answer.status_code == 303
    with house.store.read() as conn:
        one = conn.execute(select(incidents)).one()
        first = conn.execute(select(entries).order_by(entries.c.id)).first()
        told = set(conn.execute(select(notices.c.addressee).where(notices.c.needs_signature)).scalars())
        bases = list(conn.execute(select(notices.c.basis).where(notices.c.addressee == "publicity")).scalars())
        clocks = set(conn.execute(select(timers.c.name).where(timers.c.kind == "duty")).scalars())
        acts = conn.execute(select(audit.audit_log).where(audit.audit_log.c.action == "incident.open")).all()
    assert answer.headers["location"] == f"/incidents/{one.number}?done=opened"
    assert (one.level, one.title, one.opening_post_id, one.confirmed_by) == (
        2,
        "图书馆三楼：吊顶掉落",
        post.id,
        "monitor",
    )
    assert {"keeper", "leader", "publicity", "school"} <= told
    assert "第十四条" in bases[0]
    assert clocks == {"first_report", "facts", "first_answer"}
    assert first is not None
    assert (first.heading, first.text, first.actor) == ("人工立事件，定为 Ⅱ级（重大）", "现场同事电话证实", "陈屿")
    assert [(act.actor, act.object, act.detail["reason"]) for act in acts] == [
        ("monitor", one.number, "现场同事电话证实")
    ]
    page = house.client("monitor").get(answer.headers["location"]).text
    assert "已立为事件，已按规程通知。" in page
    assert "系统初判" not in page
    assert "陈屿：现场同事电话证实" in page


def test_a_second_click_opens_nothing_and_leads_to_the_first_incident(house: House) -> None:
    post = house.post(FELL)
    client, filled = house.client("monitor"), form(house, post)
    first, second = (client.post("/raise", data=filled) for _ in range(2))
    assert first.headers["location"] == second.headers["location"]
    assert len(rows(house, incidents)) == 1
    assert len(rows(house, members)) == 1
    page = client.get(f"/raise?post={post.id}").text
    assert "这条原文已属于 FX-2026-0001" in page
    assert 'name="level"' not in page


@pytest.mark.parametrize(
    ("missing", "words"), [("level", "请选择级别"), ("title", "请写标题"), ("reason", "请写明理由")]
)
def test_level_title_and_reason_are_required_and_what_was_typed_stays(house: House, missing: str, words: str) -> None:
    post = house.post(FELL)
    answer = house.client("monitor").post("/raise", data=form(house, post, **{missing: " "}))
    assert answer.status_code == 409
    assert words in answer.text
    kept = "现场同事电话证实" if missing != "reason" else "图书馆三楼：吊顶掉落"
    assert kept in answer.text
    assert rows(house, incidents) == []


def test_an_open_incident_of_the_thread_is_offered_and_joined_with_the_person_in_its_log(house: House) -> None:
    number = house.incident()
    post = house.post(FELL)
    client = house.client("publicity")
    assert f'value="{number}"' in client.get(f"/raise?post={post.id}").text
    filled = form(house, post, "publicity", join=number, reason="同一件事")
    answer = client.post("/raise", data=filled)
    assert answer.headers["location"] == f"/incidents/{number}?done=joined"
    assert post.id in {row.post_id for row in rows(house, members)}  # type: ignore[attr-defined]
    with house.store.read() as conn:
        last = conn.execute(select(entries).order_by(entries.c.id.desc())).first()
    assert last is not None
    assert (last.heading, last.text, last.actor) == ("并入一条原文", "同一件事", "何岚")
    assert len(rows(house, incidents)) == 1


def test_another_incident_of_the_same_thread_can_be_opened_beside_the_first(house: House) -> None:
    house.incident()
    post = house.post(FELL, words=["吊顶"], theme="dorm")
    assert house.client("monitor").post("/raise", data=form(house, post)).status_code == 303
    assert len(rows(house, incidents)) == 2


def test_an_incident_of_another_thread_or_no_line_at_all_is_refused_in_words(house: House) -> None:
    number = house.incident()
    post = house.post(FELL, account_id="wb-jw")
    client = house.client("monitor")
    assert "并入" not in client.get(f"/raise?post={post.id}").text
    refused = client.post("/raise", data=form(house, post, join=number))
    assert (refused.status_code, "不能并入" in refused.text) == (409, True)
    assert client.get("/raise?post=nothing").status_code == 404


def test_a_cry_for_help_is_opened_as_a_care_case_with_its_fixed_title_and_no_words(house: House) -> None:
    post = house.post("不想活了，谁来", words=["不想活"], theme="self_harm")
    page = house.client("monitor").get(f"/raise?post={post.id}").text
    assert "不想活了" not in page
    house.client("monitor").post("/raise", data=form(house, post))
    with house.store.read() as conn:
        one = conn.execute(select(incidents)).one()
    assert (one.care, one.theme, one.title) == (True, "self_harm", "疑似心理求助，原文已收起")
    assert "不想活" not in str(one.frozen)


@pytest.mark.parametrize("name", ["leader", "school", "keeper", "admin"])
def test_nobody_but_the_desk_opens_by_hand(house: House, name: str) -> None:
    post = house.post(FELL)
    client = house.client(name)
    assert client.get(f"/raise?post={post.id}").status_code == 403
    assert client.post("/raise", data={"csrf": f"csrf-{name}", "post": post.id}).status_code == 403
    assert rows(house, incidents) == []


def test_a_found_line_and_a_lead_that_opened_nothing_carry_the_button_and_later_name_the_incident(house: House) -> None:
    post = house.post(FELL)
    house.shelf.documents.append(
        Document(
            school=post.school,
            id=post.id,
            kind="comment",
            platform="tieba",
            account_id=post.account_id,
            thread_id=post.thread_id,
            text=FELL,
            polarity="negative",
            risk=38,
            published_at=post.published_at,
            fetched_at=post.fetched_at,
        )
    )
    found = house.client("monitor").get("/search?q=吊顶").text
    assert 'href="/raise?post=wechat%3A1"' in found
    assert "百度贴吧" in found
    assert "tieba" not in found
