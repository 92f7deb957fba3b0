"""What the person on duty sees of signatures, calls and handed work, and what is refused with a way out."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from escalation import handling, people, receipt, telephone
from escalation.incident import incidents
from escalation.incident.state import State
from escalation.notice import calling, calls, notices
from escalation.web.frozen import Frozen
from escalation.web.queue_view import Filter, Queue, queue_of
from escalation.web.receipts import receipts_of
from escalation.web.scope import Scope
from tests.escalation.office import ON_DESK
from tests.escalation.web.house import SCHOOL, UNIT, House


def act(house: House, who: str, path: str, **form: str) -> tuple[int, str]:
    answer = house.client(who).post(path, data={"csrf": f"csrf-{who}", **form})
    return answer.status_code, answer.text or answer.headers.get("location", "")


def queue(house: House, view: str) -> Queue:
    with house.store.read() as conn:
        return queue_of(conn, Frozen(), SCHOOL, Scope(everything=True), Filter(view=view), house.now)


def sign(house: House, number: str, *who: str) -> None:
    for person in who:
        with house.store.write() as conn:
            receipt.sign(conn, house.notice(number, person), person, house.now, via="link")


def id_of(house: House, number: str) -> int:
    with house.store.read() as conn:
        return int(conn.execute(select(incidents.c.id).where(incidents.c.number == number)).scalar_one())


def phone(house: House, number: str, person: str, step: str = "late") -> int:
    with house.store.write() as conn:
        notice = conn.execute(select(notices).where(notices.c.id == house.notice(number, person))).one()
        calling.call(conn, notice, step, house.now)
        return int(conn.execute(select(calls.c.id).order_by(calls.c.id.desc())).scalars().first() or 0)


def test_an_answered_incident_stays_among_those_to_be_signed_while_somebody_has_not(house: House) -> None:
    number = house.incident()
    sign(house, number, "leader", "school")
    with house.store.write() as conn:
        conn.execute(update(incidents).values(state=State.RESPONDED))
    found = queue(house, "unsigned")
    assert [line.number for line in found.lines] == [number]
    assert found.views["unsigned"] == 1
    assert found.lines[0].state_words == "已回应 · 待签 2"
    sign(house, number, "publicity", "keeper")
    assert queue(house, "unsigned").lines == []
    assert queue(house, "open").lines[0].state_words == "已回应"


def test_a_later_notice_makes_a_person_who_signed_wait_again(house: House) -> None:
    number = house.incident()
    sign(house, number, "leader", "school", "publicity", "keeper")
    one = id_of(house, number)
    house.now += timedelta(minutes=3)
    assert act(house, "monitor", f"/incidents/{number}/assign", unit=UNIT, note="17 点前报数")[0] == 303
    with house.store.read() as conn:
        (leader,) = [row for row in receipts_of(conn, one, house.now) if row.person_id == "leader"]
    assert (leader.signed, leader.office, leader.sent) == ("wait", "承办单位负责人", "wait")
    assert "此前 16:42 已签，又有" in leader.words
    page = house.client("monitor").get(f"/incidents/{number}").text
    assert "3 / 4，须全部签收" in page
    assert "待签 1" in page
    assert queue(house, "open").lines[0].state_words == "处置中 · 待签 1"


def test_after_reopening_the_panel_counts_the_new_notices(house: House) -> None:
    number = house.incident()
    sign(house, number, "leader", "school", "publicity", "keeper")
    one = id_of(house, number)
    with house.store.write() as conn:
        handling.dismiss(conn, house.letterhead, one, ON_DESK, house.now, handling.FalseAlarm.DRILL)
    ended = house.client("monitor").get(f"/incidents/{number}").text
    assert ended.count("误报时未办") >= 3
    assert "已报" not in ended
    with house.store.write() as conn:
        handling.reopen(conn, house.letterhead, one, ON_DESK, house.now, "核实属实")
    page = house.client("monitor").get(f"/incidents/{number}").text
    assert "0 / 4，须全部签收" in page
    assert "已签全" not in page


def test_closing_names_persons_and_offices_as_the_panel_does(house: House) -> None:
    number = house.incident()
    sign(house, number, "keeper", "publicity")
    with house.store.write() as conn:
        conn.execute(update(incidents).values(state=State.RESPONDED))
    status, page = act(house, "publicity", f"/incidents/{number}/close", note="办结", undone="电话办理")
    assert status == 409
    assert "2 人未签收：" in page
    with house.store.read() as conn:
        waited = [row for row in receipts_of(conn, id_of(house, number), house.now) if row.signed == "wait"]
    assert {row.name for row in waited} == {"罗广平", "沈澄"}
    for row in waited:
        assert f"{row.name}（{row.office}）" in page
    assert "2 / 4，须全部签收" in page


def test_whoever_cannot_sign_is_settled_for_with_a_reason_and_stays_unsigned(house: House) -> None:
    number = house.incident()
    base = f"/incidents/{number}"
    sign(house, number, "leader", "publicity", "keeper")
    assert act(house, "monitor", f"{base}/settle", person="school", why="出国")[0] == 403
    assert act(house, "publicity", f"{base}/settle", person="school", why=" ")[0] == 409
    assert act(house, "publicity", f"{base}/settle", person="school", why="出国，已电话告知") == (
        303,
        f"{base}?done=settle",
    )
    page = house.client("publicity").get(base).text
    assert "未签，16:42 何岚 代为了结：出国，已电话告知" in page
    assert "3 / 4，须全部签收；代为了结 1 人" in page
    assert "未签，由他人代为了结" in page
    with house.store.read() as conn:
        row = conn.execute(select(notices).where(notices.c.addressee == "school")).one()
        assert conn.execute(select(incidents.c.state)).scalar_one() == State.ACKNOWLEDGED
    assert (row.signed_at, row.settled_by) == (None, "publicity")
    house.see_through(number)
    assert act(house, "publicity", f"{base}/close", note="已处置", undone="电话办理")[0] == 303


def test_the_duty_lead_opens_what_was_reported_and_may_settle(house: House) -> None:
    number = house.incident()
    assert house.client("admin").get(f"/incidents/{number}").status_code == 403
    with house.store.write() as conn:
        conn.execute(
            people.offices.insert().values(school=SCHOOL, role="duty_lead", scope="", person_id="admin", rank=0)
        )
        row = conn.execute(select(notices).where(notices.c.id == house.notice(number, "leader"))).one()
        copy = dict(row._mapping) | {"number": "X-1", "addressee": "admin", "role": "duty_lead", "step": "tell"}
        copy.pop("id")
        conn.execute(notices.insert().values(**copy))
    client = house.client("admin")
    page = client.get(f"/incidents/{number}")
    assert page.status_code == 200
    assert "确认研判 <kbd>" not in page.text
    assert number in client.get("/incidents?view=all").text
    assert 'href="/incidents"' in client.get("/me").text
    assert act(house, "admin", f"/incidents/{number}/settle", person="school", why="住院")[0] == 303
    other = house.incident("别的事", unit="教务处", account_id="wb-jw")
    assert client.get(f"/incidents/{other}").status_code == 404


def test_an_unknown_unit_is_refused_and_the_form_offers_the_roster(house: House) -> None:
    number = house.incident()
    status, page = act(house, "monitor", f"/incidents/{number}/assign", unit="不存在的单位", note="限时报送")
    assert status == 409
    assert "名册中没有单位“不存在的单位”" in page
    assert 'value="限时报送"' in page
    assert '<option value="教务处">' in page


def test_handed_work_is_seen_under_mine_and_on_the_incident(house: House) -> None:
    number = house.incident()
    act(house, "monitor", f"/incidents/{number}/assign", unit=UNIT, note="17 点前报数")
    client = house.client("leader")
    for path in ("/me", f"/incidents/{number}"):
        assert "陈屿 交后勤服务中心办理，要求：17 点前报数" in client.get(path).text
    assert client.get("/me").text.count("查看并签收") == 1, "the notice it replaced is not listed beside it"


def test_a_phone_task_is_seen_on_the_row_the_strip_the_menu_and_under_mine(house: House) -> None:
    number = house.incident()
    phone(house, number, "leader")
    client = house.client("monitor")
    assert f'href="/incidents/{number}#calls">待拨电话 1</a>' in client.get("/desk").text
    assert "待拨电话 1" in client.get("/strip").text
    assert "<h2>待拨电话</h2>" in client.get("/me").text
    assert '送达 <sup title="待拨电话">1</sup>' in client.get("/me").text
    assert "待拨电话" not in house.client("leader").get("/me").text


def test_a_double_click_on_recording_shows_the_result_of_the_first(house: House) -> None:
    number = house.incident()
    path = f"/incidents/{number}/calls/{phone(house, number, 'leader')}"
    for _ in range(2):
        assert act(house, "monitor", path, outcome="told") == (303, f"/incidents/{number}?done=call")


def test_nobody_answered_can_be_dialled_again_and_then_recorded_as_told(house: House) -> None:
    number = house.incident()
    base, first = f"/incidents/{number}", phone(house, number, "leader")
    act(house, "monitor", f"{base}/calls/{first}", outcome="no_answer")
    assert "再拨 罗广平" in house.client("monitor").get(base).text
    assert act(house, "monitor", f"{base}/calls/{first}/again")[0] == 303
    with house.store.read() as conn:
        second = conn.execute(select(calls.c.id).where(calls.c.outcome.is_(None))).scalar_one()
    assert act(house, "monitor", f"{base}/calls/{second}", outcome="told")[0] == 303


def test_words_to_say_are_those_of_this_moment(house: House) -> None:
    number = house.incident()
    phone(house, number, "leader")
    client = house.client("monitor")
    assert "请您在 16:57 前签收" in client.get(f"/incidents/{number}").text
    house.now += timedelta(minutes=16)
    for path in (f"/incidents/{number}", "/deliveries"):
        page = house.client("monitor").get(path).text
        assert "请您在 16:57 前签收" not in page
        assert "签收时限 16:57 已过，请您现在签收" in page


def test_a_note_longer_than_can_be_kept_is_refused_with_its_text_in_the_form(house: House) -> None:
    number = house.incident()
    long = "长" * 2001
    status, page = act(house, "monitor", f"/incidents/{number}/note", text=long)
    assert (status, "“记录”至多 2000 字，现为 2001 字" in page, long in page) == (409, True, True)
    assert 'maxlength="2000"' not in page, "a browser would cut what is pasted without a word"


def test_a_remark_too_long_is_refused_before_and_after_signing_and_kept(house: House) -> None:
    number = house.incident()
    link, long = house.link(number, "leader"), "批" * 501
    before = house.client().post(link, data={"remark": long})
    assert (before.status_code, "至多 500 字，现为 501 字" in before.text, long in before.text) == (422, True, True)
    page = house.client().post(link, data={"remark": ""}).text
    proof = page.split('name="proof" value="', 1)[1].split('"', 1)[0]
    after = house.client().post(f"{link}/remark", data={"remark": long, "proof": proof})
    assert (after.status_code, "至多 500 字，现为 501 字" in after.text, long in after.text) == (422, True, True)


def test_the_slip_says_office_and_reason_once(house: House) -> None:
    number = house.incident()
    page = house.client().get(house.link(number, "school")).text
    assert "您是主管校领导。" in page
    assert "主管校领导（主管校领导）" not in page
    keeper = house.client().get(house.link(number, "keeper")).text
    assert keeper.count("该账号的管理人员") == 1
    assert "。。" not in keeper


def test_a_recorded_call_leaves_the_strip(house: House) -> None:
    number = house.incident()
    first = phone(house, number, "leader")
    with house.store.write() as conn:
        telephone.record_call(conn, first, ON_DESK, house.now, "接通并转达")
    assert "待拨电话" not in house.client("monitor").get("/strip").text
