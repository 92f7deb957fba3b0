"""The signing page: GET shows, POST signs, and a link that does not count shows nothing."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from escalation import handling
from escalation.handling import FalseAlarm
from escalation.incident import Actor, entries, incidents
from escalation.incident.state import State
from escalation.link import Link, Purpose, token
from escalation.notice import NoticeKind, notices
from escalation.notice.addressee import Addressee
from escalation.notice.issue import issue
from escalation.people import Role
from escalation.people import people as persons
from escalation.people import person as person_of
from escalation.timer import TimerState, timers
from stream.store import Store
from tests.escalation.web.house import OTHER_UNIT, House

TITLE = "多名学生反映二食堂就餐后腹泻"


def signed_at(store: Store, notice: int) -> object:
    with store.read() as conn:
        return conn.execute(select(notices.c.signed_at).where(notices.c.id == notice)).scalar()


def test_the_page_says_what_why_by_which_article_and_what_is_asked(house: House) -> None:
    number = house.incident()
    page = house.client().get(house.link(number, "leader")).text
    for words in (
        TITLE,
        "Ⅱ 重大",
        "请于",
        "前签收",
        "第十四条",
        "签收本通知",
        "何岚",
        "您是",
        "系统默认，非校规",
        "41%",
    ):
        assert words in page
    assert "校内 8071" in page


def test_looking_signs_nothing_but_notes_that_it_was_opened(house: House) -> None:
    number = house.incident()
    client, notice = house.client(), house.notice(number, "leader")
    for _ in range(3):
        client.get(house.link(number, "leader"))
    assert signed_at(house.store, notice) is None
    with house.store.read() as conn:
        row = conn.execute(select(notices).where(notices.c.id == notice)).one()
        others = conn.execute(select(notices.c.opened_at).where(notices.c.id != notice)).scalars().all()
    assert row.opened_at == house.now
    assert set(others) == {None}


def test_a_browser_that_fetches_ahead_does_not_count_as_opening(house: House) -> None:
    number = house.incident()
    house.client().get(house.link(number, "leader"), headers={"sec-purpose": "prefetch;prerender"})
    with house.store.read() as conn:
        assert set(conn.execute(select(notices.c.opened_at)).scalars()) == {None}


def test_signing_stops_this_persons_clock_and_no_others(house: House) -> None:
    number = house.incident()
    answer = house.client().post(house.link(number, "leader"), data={"remark": "先救治、再查因"})
    assert answer.status_code == 200
    assert "已签收" in answer.text
    assert "先救治、再查因" in answer.text
    own = house.notice(number, "leader")
    with house.store.read() as conn:
        states = conn.execute(
            select(timers.c.notice_id, timers.c.state).where(timers.c.kind.in_(["sign", "rung"]))
        ).all()  # fmt: skip
    assert {state for notice, state in states if notice == own} == {TimerState.STOPPED}
    assert {state for notice, state in states if notice != own} == {TimerState.SET}


def test_when_everybody_has_signed_the_incident_is_acknowledged(house: House) -> None:
    number = house.incident()
    for person in ("leader", "publicity", "school", "keeper"):
        assert house.client().post(house.link(number, person)).status_code == 200
    with house.store.read() as conn:
        assert conn.execute(select(incidents.c.state)).scalar() == State.ACKNOWLEDGED


def test_a_signed_link_says_so_and_shows_no_incident_text(house: House) -> None:
    number = house.incident()
    link = house.link(number, "leader")
    house.client().post(link)
    for answer in (house.client().get(link), house.client().post(link)):
        assert answer.status_code == 410
        assert "该通知已签收" in answer.text
        assert TITLE not in answer.text


def test_an_expired_link_says_where_to_sign_instead(house: House) -> None:
    number = house.incident()
    link = house.link(number, "leader", hours=1)
    house.now += timedelta(hours=2)
    for answer in (house.client().get(link), house.client().post(link)):
        assert answer.status_code == 410
        assert "签收链接已过期" in answer.text
        assert "我的" in answer.text
        assert TITLE not in answer.text
    assert signed_at(house.store, house.notice(number, "leader")) is None


def test_forged_and_altered_links_are_refused_without_a_hint(house: House) -> None:
    number = house.incident()
    link = house.link(number, "leader")
    head, _, signature = link.rpartition(".")
    for bad in ("/r/x", "/r/...", f"{head}.{signature[:-2]}xx", link.replace("/r/", "/r/f"), f"{link}字"):
        answer = house.client().get(bad)
        assert answer.status_code == 404, bad
        assert "不完整或被改动" in answer.text
        assert TITLE not in answer.text
        assert house.client().post(bad).status_code == 404


def test_a_link_for_another_person_than_the_addressee_signs_nothing(house: House) -> None:
    number = house.incident()
    notice = house.notice(number, "leader")
    link = Link(notice, "mate", house.now + timedelta(hours=1))
    path = f"/r/{token(house.letterhead.link_key, Purpose.SIGN, link)}"
    for answer in (house.client().get(path), house.client().post(path)):
        assert answer.status_code == 403
        assert "不是该通知的收件人" in answer.text
        assert TITLE not in answer.text
    assert signed_at(house.store, notice) is None


def test_a_link_of_one_purpose_is_refused_for_another(house: House) -> None:
    number = house.incident()
    link = house.link(number, "keeper")
    assert house.client().get(link.replace("/r/", "/k/")).status_code == 404
    own = Link(house.notice(number, "keeper"), "keeper", house.now + timedelta(hours=1))
    assert house.client().get(f"/r/{token(house.letterhead.link_key, Purpose.KEEPER, own)}").status_code == 404


def test_somebody_who_has_left_can_no_longer_sign(house: House) -> None:
    number = house.incident()
    link = house.link(number, "leader")
    with house.store.write() as conn:
        conn.execute(persons.update().where(persons.c.id == "leader").values(active=False))
    assert house.client().post(link).status_code == 403


def test_a_false_alarm_needs_no_signature_any_more(house: House) -> None:
    number = house.incident()
    link = house.link(number, "leader")
    with house.store.write() as conn:
        made = conn.execute(select(incidents.c.id)).scalar_one()
        actor = Actor("monitor", "陈屿", frozenset({Role.MONITOR}))
        handling.dismiss(conn, house.letterhead, made, actor, house.now, FalseAlarm.JOKE)
    answer = house.client().get(link)
    assert answer.status_code == 410
    assert "误报" in answer.text
    assert TITLE not in answer.text
    assert house.client().post(link).status_code == 410


def test_a_late_signature_is_taken_and_called_late(house: House) -> None:
    number = house.incident()
    link = house.link(number, "leader")
    house.now += timedelta(minutes=40)
    assert "逾期" in house.client().get(link).text
    assert "已逾期" in house.client().post(link).text


def test_a_cry_for_help_shows_the_help_route_and_no_quote(house: House) -> None:
    number = house.incident("我就走到这里啦", care=True, text="我就走到这里啦，猫拜托楼下阿姨")
    link = house.link(number, "leader")
    for page in (house.client().get(link).text, house.client().post(link).text):
        assert "疑似心理求助，原文已收起" in page
        assert "走到这里" not in page
        assert "希望学校给个说法" not in page
        assert "涌量" not in page
    fresh = house.incident("又一件", care=True, text="晚安")
    assert "110" in house.client().get(house.link(fresh, "leader")).text


def test_handing_over_is_noted_and_only_within_the_unit(house: House) -> None:
    number = house.incident()
    house.client().post(house.link(number, "leader"), data={"hand_to": "mate"})
    house.client().post(house.link(number, "school"), data={"hand_to": "mate"})
    with house.store.read() as conn:
        lines = conn.execute(select(entries.c.text).where(entries.c.heading == "交办")).scalars().all()
    assert lines == ["交 曹卫东（后勤主任）办理，签收人仍为第一责任人"]


def test_a_word_after_signing_needs_the_page_after_signing(house: House) -> None:
    number = house.incident()
    link, client = house.link(number, "leader"), house.client()
    page = client.post(link).text
    proof = page.split('name="proof" value="', 1)[1].split('"', 1)[0]
    assert client.post(f"{link}/remark", data={"remark": "假的", "proof": "x"}).status_code == 404
    assert "批示已记入" in client.post(f"{link}/remark", data={"remark": "17:30 前报我", "proof": proof}).text
    house.now += timedelta(minutes=31)
    assert client.post(f"{link}/remark", data={"remark": "太晚", "proof": proof}).status_code == 410
    with house.store.read() as conn:
        lines = conn.execute(select(entries.c.text).where(entries.c.heading == "记录")).scalars().all()
    assert lines == ["批示：17:30 前报我"]


def raise_level(house: House) -> None:
    """The matter became graver: the leader is told anew."""
    with house.store.write() as conn:
        conn.execute(incidents.update().values(level=1))
        one = conn.execute(select(incidents)).one()
        leader = person_of(conn, one.school, "leader")
        assert leader is not None
        told = [Addressee(leader, Role.UNIT_LEADER, ("单位领导",), (), "第十四条", "")]
        issue(conn, house.letterhead, one, told, NoticeKind.RAISED, "level:1", house.now)


def test_an_old_link_shows_and_signs_the_notice_that_took_its_place(house: House) -> None:
    number = house.incident()
    link, client = house.link(number, "leader"), house.client()
    raise_level(house)
    page = client.get(link).text
    assert "Ⅰ 特别重大" in page
    seen = page.split('name="seen" value="', 1)[1].split('"', 1)[0]
    assert "已签收" in client.post(link, data={"seen": seen}).text
    with house.store.read() as conn:
        own = conn.execute(select(notices).where(notices.c.addressee == "leader").order_by(notices.c.id)).all()
    assert [(row.number == seen, row.signed_at) for row in own] == [(False, house.now), (True, house.now)]
    assert own[1].opened_at == house.now
    assert own[0].opened_at is None, "the page showed the newest"
    assert client.get(link).status_code == 410


def test_what_was_raised_while_the_page_was_open_is_shown_before_it_is_signed(house: House) -> None:
    number = house.incident()
    link, client = house.link(number, "leader"), house.client()
    page = client.get(link).text
    seen = page.split('name="seen" value="', 1)[1].split('"', 1)[0]
    raise_level(house)
    answer = client.post(link, data={"seen": seen, "remark": "先救治"})
    assert answer.status_code == 409
    for words in ("此事有了新的通知", "Ⅰ 特别重大", "先救治"):
        assert words in answer.text
    with house.store.read() as conn:
        assert set(conn.execute(select(notices.c.signed_at)).scalars()) == {None}
    newer = answer.text.split('name="seen" value="', 1)[1].split('"', 1)[0]
    assert newer != seen
    assert client.post(link, data={"seen": newer}).status_code == 200


def test_what_a_leader_wrote_is_read_by_the_desk_and_by_the_leader_alone(house: House) -> None:
    number = house.incident()
    link = house.link(number, "school")
    assert house.client().post(link, data={"remark": "请后勤说明采购"}).status_code == 200
    for who in ("monitor", "publicity", "school"):
        assert house.client(who).get(f"/incidents/{number}").text.count("请后勤说明采购") >= 2, who
    for who in ("leader", "keeper"):
        page = house.client(who).get(f"/incidents/{number}").text
        assert ("请后勤说明采购" in page, "批示仅值班员和宣传部可见" in page) == (False, True), who
        assert "请后勤说明采购" not in house.client(who).get(f"/incidents/{number}/peek").text
        assert "请后勤说明采购" not in house.client().get(house.link(number, who)).text, who


def test_what_follows_silence_stands_by_the_clock_and_only_what_is_still_to_come(house: House) -> None:
    number = house.incident()
    link = house.link(number, "leader")
    page = house.client().get(link).text
    assert "16:49 催签，16:57 电话通知，17:04 报主管校领导，17:12 值班台再次电话" in page, page
    house.now += timedelta(minutes=10)
    with house.store.write() as conn:
        conn.execute(update(timers).where(timers.c.due_at <= house.now).values(state="fired"))
    page = house.client().get(link).text
    assert "催签，" not in page
    assert "16:57 电话通知，17:04 报主管校领导" in page
    log = house.client("publicity").get(f"/incidents/{number}").text
    assert "沈澄 仍未签收则由值班台再次电话" in log, "nobody stands above 主管校领导"


def test_an_overlong_remark_is_refused_and_signs_nothing(house: House) -> None:
    number = house.incident()
    answer = house.client().post(house.link(number, "leader"), data={"remark": "长" * 501})
    assert answer.status_code == 422
    assert "尚未签收" in answer.text
    assert signed_at(house.store, house.notice(number, "leader")) is None


def test_the_page_is_light_enough_for_a_phone(house: House) -> None:
    number = house.incident()
    assert len(house.client().get(house.link(number, "leader")).content) < 40_000


def test_only_who_leads_gives_orders_and_whoever_works_writes_a_remark(house: House) -> None:
    number = house.incident()
    client = house.client()
    for who, words in (("keeper", "备注"), ("leader", "批示"), ("school", "批示")):
        page = client.get(house.link(number, who)).text
        assert f"{words}内容" in page
        assert f'href="#remark">{words}<' in page
        assert ("批示" in page) == (words == "批示")
    assert "交给谁办理" in client.get(house.link(number, "leader")).text
    own = house.link(number, "keeper")
    page = client.get(own).text
    assert "交办" not in page
    refused = client.post(own, data={"hand_to": "leader"})
    assert (refused.status_code, "不能交办，请找本单位负责人。尚未签收。" in refused.text) == (422, True)
    page = client.post(own).text
    proof = page.split('name="proof" value="', 1)[1].split('"', 1)[0]
    assert "备注已记入" in client.post(f"{own}/remark", data={"remark": "已截图留存", "proof": proof}).text
    with house.store.read() as conn:
        lines = conn.execute(select(entries.c.text).where(entries.c.heading == "记录")).scalars().all()
    assert lines == ["备注：已截图留存"]
    assert "已截图留存" in house.client("monitor").get(f"/incidents/{number}").text
    assert "已截图留存" not in house.client("leader").get(f"/incidents/{number}").text


def test_what_a_matter_was_handed_over_for_stands_under_what_is_asked_and_can_be_answered(house: House) -> None:
    number = house.incident(level=3)  # a hold would be the first notice of the other unit
    token = "csrf-monitor"
    said = {"csrf": token, "unit": OTHER_UNIT, "note": "请派人到市二院陪护{一}名学生"}
    assert house.client("monitor").post(f"/incidents/{number}/assign", data=said).status_code == 303
    link, client = house.link(number, "other"), house.client()
    page = client.get(link).text
    asked = page.split('<ol class="asks">', 1)[1].split("</ol>", 1)[0]
    assert "办理：请派人到市二院陪护{一}名学生" in asked
    assert "把结果告知宣传部" in asked
    page = client.post(link).text
    assert "首报" not in page, "that clock is the desk's"
    assert "送出办理情况" in page
    proof = page.split('name="proof" value="', 1)[1].split('"', 1)[0]
    assert "办理情况已记入" in client.post(f"{link}/remark", data={"remark": "两人已到院", "proof": proof}).text
    assert "办理情况：两人已到院" in house.client("monitor").get(f"/incidents/{number}").text
