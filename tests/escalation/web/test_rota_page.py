"""值守, 交接班 and 人员 by hand: who may do what, what is refused and kept, what the pages show and what not."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import insert, select
from starlette.testclient import TestClient

from escalation.audit import audit_log
from escalation.clock_words import SHANGHAI
from escalation.duty import handover_opening, handover_sheet
from escalation.duty.absence import absences, departures
from escalation.duty.handover import handovers
from escalation.incident import incidents
from escalation.notice import notices
from escalation.people import Role, offices, people, shifts
from escalation.procedure import load
from escalation.user import User
from escalation.web.scope import scope_of
from tests.escalation.duty.test_rota import PATTERN, SINGLE, book
from tests.escalation.web.house import NOW, SCHOOL, House

HOUR = timedelta(hours=1)
JY = load("JY").desk


def typed(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M")


def post(house: House, name: str, path: str, client: TestClient | None = None, /, **data: Any) -> Any:
    client = client or house.client(name)
    return client.post(path, data=data | {"csrf": f"csrf-{name}"})


def served(house: House, *turns: tuple[str, float, float]) -> None:
    with house.store.write() as conn:
        for who, begins, ends in turns:
            conn.execute(shifts.insert().values(
                school=SCHOOL, person_id=who, leads=False, starts_at=house.now + begins * HOUR,
                ends_at=house.now + ends * HOUR,
            ))  # fmt: skip


def rows(house: House, table: Any) -> Sequence[Any]:
    with house.store.read() as conn:
        return conn.execute(table.select()).all()


EVERYBODY = {"keeper", "leader", "other", "publicity", "school", "monitor", "admin"}
PAGES = {
    "/duty": EVERYBODY, "/duty/template.xlsx": {"publicity", "admin"},
    "/duty/people": {"monitor", "publicity", "admin"},
}  # fmt: skip
ACTS = {
    "/duty/import": {"publicity", "admin"}, "/duty/shifts": {"publicity", "admin"},
    "/duty/shifts/1": {"publicity", "admin"}, "/duty/days": {"publicity", "admin"},
    "/duty/people/leader/left": {"publicity", "admin"},
    "/duty/people/leader/back": {"publicity", "admin"},
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(EVERYBODY))
def test_each_page_and_act_of_duty_is_for_its_roles_and_no_other(house: House, name: str) -> None:
    client = house.client(name)
    for path, allowed in PAGES.items():
        assert (client.get(path).status_code == 200) == (name in allowed), path
    for path, allowed in ACTS.items():
        assert (post(house, name, path, client).status_code != 403) == (name in allowed), path
        assert client.post(path, data={"csrf": "wrong"}).status_code == 403
    assert client.post("/duty/leave", data={"csrf": "wrong"}).status_code == 403


def test_the_month_shows_shifts_holes_holidays_and_the_clause(house: House) -> None:
    served(house, ("monitor", -1, 7), ("keeper", 24, 48))
    page = house.client("publicity").get("/duty").text
    assert "第十三条：“实行 24 小时监控”" in page
    assert "15:42–23:42" in page.replace("次日", "")
    assert "空 23:42–24:00" in page
    assert "2026年11月" in page
    assert "2026年12月" in house.client("leader").get("/duty?month=2026-12").text
    assert "2026年11月" in house.client("leader").get("/duty?month=nonsense").text


def test_a_day_is_as_arranged_until_somebody_enters_it_and_again_when_that_is_taken_back(house: House) -> None:
    client, day = house.client("publicity"), "2026-12-31"

    def said() -> str:
        text: str = client.get("/duty?month=2026-12").text
        return text[text.index('id="days"') :]

    assert "依国务院办公厅放假安排（程序库 chinesecalendar 1.11.0）" in client.get("/duty?month=2026-10").text
    assert "国庆节调休（班）" in client.get("/duty?month=2026-10").text
    assert "10月1日 至 10月7日" in client.get("/duty?month=2026-10").text
    assert "8 天" in client.get("/duty?month=2026-10").text
    assert "本月没有节假日与调休" in said()
    done = post(house, "publicity", "/duty/days", client, what="off", day=day, name="<b>校庆")
    assert done.headers["location"] == "/duty?done=day#days"
    assert "12月31日" in said()
    assert "&lt;b&gt;校庆" in said()
    assert "本校登记" in said()
    assert "撤销登记" not in house.client("leader").get("/duty?month=2026-12").text
    assert post(house, "publicity", "/duty/days", client, what="forget", day=day).status_code == 303
    assert "本月没有节假日与调休" in said()
    for data, words in (
        ({"what": "off", "day": "1.1."}, "请填写日期"), ({"what": "free", "day": day}, "请选择放假或上班"),
        ({"what": "forget", "day": day}, "没有本校登记的安排"), ({"what": "on", "day": "2026-11-19"}, "已经过去"),
    ):  # fmt: skip
        refused = post(house, "publicity", "/duty/days", client, name="校庆", **data)
        assert refused.status_code == 409
        assert words in refused.text
        assert f'value="{data["day"]}"' in refused.text, "what was typed is kept"
        assert 'value="校庆"' in refused.text


def test_a_year_that_nobody_knows_is_asked_for_and_not_guessed(house: House) -> None:
    client = house.client("admin")
    assert "放假安排待登记" in client.get("/duty?month=2027-02").text
    assert "2027 年的放假安排还不知道" in client.get("/duty").text, "it begins within 60 days"
    assert "2026 年的放假安排还不知道" not in client.get("/duty?month=2026-10").text
    for n, name in enumerate(("元旦", "除夕", "清明", "五一", "端午", "中秋", "国庆"), 1):
        post(house, "admin", "/duty/days", client, what="off", day=f"2027-{n:02}-01", name=name)
    assert "放假安排待登记" not in client.get("/duty?month=2027-02").text


def test_a_rota_is_imported_or_every_row_that_is_wrong_is_named(house: House) -> None:
    client = house.client("publicity")

    def upload(data: bytes) -> Any:
        files = {"file": ("值班表.xlsx", data)}
        return client.post("/duty/import", data={"csrf": "csrf-publicity"}, files=files)

    bad = upload(book(值班=[SINGLE, ("nobody", "明天", "=A1", "")]))
    assert bad.status_code == 422
    for words in ("有 3 处须改，未录入任何内容", "nobody", "明天", "是公式"):
        assert words in bad.text
    day = ("2026-11-20", "2026-12-31", "每天", "08:00", "20:00", "monitor", 1)
    night = ("2026-11-20", "2026-12-31", "每天", "20:00", "08:00", "mate", 1)
    holed = upload(book(轮值=[PATTERN, day]))
    assert holed.status_code == 409
    assert "还有空档" in holed.text
    assert "第十三条" in holed.text
    assert rows(house, shifts) == []
    done = upload(book(轮值=[PATTERN, day, night]))
    assert done.status_code == 303
    page = client.get("/duty").text
    assert "值班表.xlsx" in page
    assert "处空档" not in page
    template = client.get("/duty/template.xlsx").content

    assert load_workbook(io.BytesIO(template)).sheetnames[:3] == ["值班", "轮值", "节假日"]


def test_a_shift_is_added_given_away_and_taken_out(house: House) -> None:
    client, ends = house.client("admin"), typed(NOW + 8 * HOUR)
    refused = post(house, "admin", "/duty/shifts", client, person="monitor", starts=ends, ends=typed(NOW))
    assert refused.status_code == 409
    assert "结束不晚于开始" in refused.text
    assert f'value="{ends}"' in refused.text, "what was typed is kept"
    post(house, "admin", "/duty/shifts", client, person="monitor", starts=typed(NOW), ends=ends)
    (row,) = rows(house, shifts)
    post(house, "admin", f"/duty/shifts/{row.id}", client, what="give", person="mate")
    assert rows(house, shifts)[0].person_id == "mate"
    held = post(house, "admin", f"/duty/shifts/{row.id}", client, what="remove")
    assert held.status_code == 409
    assert "这样改会留下空档" in held.text
    assert "请填写开始" in post(house, "admin", "/duty/shifts", client, person="mate", starts="x", ends="y").text


def test_one_enters_ones_own_leave_and_nobody_elses(house: House) -> None:
    given: dict[str, Any] = {
        "kind": "leave",
        "starts": typed(NOW),
        "ends": typed(NOW + 48 * HOUR),
        "substitute": "mate",
    }
    other = post(house, "leader", "/duty/leave", person="publicity", **given)
    assert other.status_code == 409
    assert "由本人、系统管理员或宣传部登记" in other.text
    own = post(house, "leader", "/duty/leave", note="体检", **given)
    assert own.status_code == 303
    (row,) = rows(house, absences)
    assert (row.person_id, row.substitute_id, row.begun_at is not None) == ("leader", "mate", True)
    assert "曹卫东" in house.client("monitor").get("/duty").text
    assert "体检" not in house.client("monitor").get("/duty").text, "why somebody is away is for few"
    assert "体检" in house.client("leader").get("/duty").text
    assert post(house, "monitor", f"/duty/leave/{row.id}/end").status_code == 409
    assert post(house, "leader", f"/duty/leave/{row.id}/end").status_code == 303


def test_the_substitute_signs_and_both_names_stand_on_the_page(house: House) -> None:
    post(house, "publicity", "/duty/leave", person="leader", kind="leave", starts=typed(NOW - HOUR),
         ends=typed(NOW + 48 * HOUR), substitute="mate")  # fmt: skip
    number = house.incident()
    told = {row.addressee: row.office for row in rows(house, notices) if row.needs_signature}
    assert "leader" not in told
    assert told["mate"] == "单位领导，代罗广平"
    page = house.client("publicity").get(f"/incidents/{number}").text
    assert "单位领导，代罗广平" in page
    assert "曹卫东" in page
    slip = house.client().get(house.link(number, "mate"))
    assert "代罗广平" in slip.text
    for hours, signed, seen in ((0, False, True), (0, True, True), (49, False, True), (49, True, False)):
        with house.store.write() as conn:
            at = NOW if signed else None
            conn.execute(notices.update().where(notices.c.addressee == "mate").values(signed_at=at))
            mate = User(SCHOOL, "mate", "mate", frozenset({Role.KEEPER}))
            row = conn.execute(select(incidents.c.id).where(incidents.c.number == number)).scalar_one()
            assert (row in scope_of(conn, mate, NOW + hours * HOUR).told) == seen


def test_each_account_that_somebody_keeps_stands_with_its_platform(house: House) -> None:
    with house.store.write() as conn:
        kept = [("keeper", one, 0) for one in ("wx-hq", "wb-jw")]
        conn.execute(insert(offices), [
            {"school": SCHOOL, "role": role, "scope": scope, "person_id": "other", "rank": rank}
            for role, scope, rank in kept
        ])  # fmt: skip
    page = house.client("admin").get("/duty/people").text
    assert "（风林后勤·微信公众号）" in page
    assert "（风林教务·微博）" in page


def test_who_leaves_is_signed_out_and_what_waited_goes_to_the_desk(house: House) -> None:
    number = house.incident()
    leader = house.client("leader")
    assert leader.get("/me").status_code == 200
    assert post(house, "admin", "/duty/people/leader/left", note="退休").status_code == 303
    assert leader.get("/me").status_code == 303
    assert {row.addressee for row in rows(house, notices) if row.kind == "handed_on"} == {"monitor"}
    page = house.client("admin").get("/duty/people").text
    assert "已离任" in page
    assert "改由" in house.client("monitor").get(f"/incidents/{number}").text
    assert "已离任" in post(house, "publicity", "/duty/people/leader/left").text
    assert len(rows(house, departures)) == 1
    assert post(house, "publicity", "/duty/people/leader/back").status_code == 303
    assert next(row.active for row in rows(house, people) if row.id == "leader")


def test_contacts_stay_in_the_roster_and_are_on_no_page(house: House) -> None:
    page = house.client("monitor").get("/duty/people").text
    assert "13800000000" not in page
    assert "leader@school.test" not in page
    assert "邮件 · 手机" in page


def test_a_shift_is_handed_over_on_the_pages_and_the_desk_says_who_has_it(house: House) -> None:
    served(house, ("monitor", -8, 0), ("keeper", 0, 8))
    house.incident()
    house.store.run(lambda conn: handover_opening.open_due(conn, SCHOOL, JY, house.now - timedelta(minutes=20)))
    (row,) = rows(house, handovers)
    path = f"/duty/handover/{row.id}"
    assert "交接班 待交班" in house.client("monitor").get("/desk").text
    early = post(house, "keeper", f"{path}/take", seen="")
    assert early.status_code == 409
    assert post(house, "monitor", f"{path}/write", words="留意<b>二食堂</b>").status_code == 303
    stale = post(house, "publicity", f"{path}/write", words="一切正常")
    assert stale.status_code == 409
    assert "陈屿已于" in stale.text
    assert "留意&lt;b&gt;二食堂&lt;/b&gt;" in stale.text
    assert ">一切正常</textarea>" in stale.text, "what was typed is not lost either"
    page = house.client("keeper").get(path).text
    assert "留意&lt;b&gt;二食堂&lt;/b&gt;" in page
    assert "多名学生反映二食堂就餐后腹泻" in page
    seen = page.split('name="seen" value="', 1)[1].split('"', 1)[0]
    assert post(house, "keeper", f"{path}/take", seen=seen, remark="已看").status_code == 303
    second = post(house, "publicity", f"{path}/take", seen=seen)
    assert second.status_code == 409
    assert "谢晓已于" in second.text
    assert "未作任何更改" in second.text
    assert "当班" in house.client("monitor").get("/desk").text
    log = house.client("monitor").get("/duty/handover").text
    assert "已接班" in log
    actions = [one.action for one in rows(house, audit_log)]
    assert actions.count("duty.handover.take") == 1


def test_a_hand_over_is_read_by_the_desk_and_by_whom_the_rota_names_and_is_a_secret_to_others(house: House) -> None:
    served(house, ("monitor", -8, 0), ("keeper", 0, 8))
    house.store.run(lambda conn: handover_opening.open_due(conn, SCHOOL, JY, house.now))
    (row,) = rows(house, handovers)
    for name in ("monitor", "publicity", "admin", "keeper"):
        assert house.client(name).get(f"/duty/handover/{row.id}").status_code == 200, name
    for name in ("leader", "other", "school"):
        assert house.client(name).get(f"/duty/handover/{row.id}").status_code == 404, name
        assert house.client(name).get("/duty/handover").status_code == 404, name
    assert {one.read_by for one in rows(house, handovers)} == {"keeper"}, "whoever may not read it leaves no mark"
    assert house.client("monitor").get("/duty/handover/999").status_code == 404


def test_who_stands_in_for_somebody_of_the_hand_over_reads_it_and_writes_it(house: House) -> None:
    served(house, ("monitor", -4, 0), ("keeper", 0, 8))
    house.store.run(lambda conn: handover_opening.open_due(conn, SCHOOL, JY, house.now))
    (row,) = rows(house, handovers)
    path = f"/duty/handover/{row.id}"
    assert post(house, "leader", f"{path}/write", words="代写").status_code in (404, 409)
    with house.store.write() as conn:
        conn.execute(absences.insert().values(
            school=SCHOOL, person_id=row.outgoing[0], kind="leave", starts_at=house.now - HOUR,
            ends_at=house.now + HOUR, substitute_id="leader", note="", entered_by="admin", entered_at=house.now,
        ))  # fmt: skip
    page = house.client("leader").get(path)
    assert page.status_code == 200
    assert f'action="{path}/write"' in page.text
    assert house.client("leader").get("/duty/handover").status_code == 200
    assert post(house, "leader", f"{path}/write", words="代写").status_code == 303
    assert rows(house, handovers)[0].written_by == "leader"
    assert house.client("other").get(path).status_code == 404


@pytest.mark.parametrize("path", [
    "/duty?month=0001-01", "/duty?month=9999-12", "/duty?month=x", "/duty?month=2026-13",
])  # fmt: skip
def test_a_month_that_no_calendar_has_is_this_month(house: House, path: str) -> None:
    client = house.client("monitor")
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.text == client.get("/duty").text


@pytest.mark.parametrize("path", [
    "/duty/handover/99999999999999999999", "/consultations/99999999999999999999", "/permits/%00", "/incidents/a%00b",
])  # fmt: skip
def test_an_address_that_nothing_can_have_is_not_found(house: House, path: str) -> None:
    assert house.client("publicity").get(path).status_code == 404


@pytest.mark.parametrize("starts", ["0001-01-01T00:00", "9999-12-31T23:59", "", "morgen"])
def test_a_leave_in_no_year_of_ours_is_refused_with_a_sentence(house: House, starts: str) -> None:
    answer = post(house, "leader", "/duty/leave", kind="leave", starts=starts, ends=typed(house.now + HOUR))
    assert answer.status_code == 409
    assert "未作任何更改" in answer.text


def test_the_outgoing_cannot_take_over_from_themselves(house: House) -> None:
    served(house, ("monitor", -8, 0), ("keeper", 0, 8))
    house.store.run(lambda conn: handover_opening.open_due(conn, SCHOOL, JY, house.now - timedelta(minutes=20)))
    (row,) = rows(house, handovers)
    path = f"/duty/handover/{row.id}"
    page = house.client("monitor").get(path).text
    assert f'action="{path}/take"' not in page
    house.client("keeper").get(path)
    with house.store.read() as conn:
        kept = conn.execute(handovers.select()).one()
    answer = post(house, "monitor", f"{path}/take", seen=handover_sheet.digest(kept.sheet, kept.words))
    assert answer.status_code == 409
    assert "不能由交班的本人接班" in answer.text
    assert rows(house, handovers)[0].taken_by is None


def test_a_cry_for_help_is_folded_on_the_sheet(house: House) -> None:
    served(house, ("monitor", -8, 0), ("keeper", 0, 8))
    house.incident("某同学的话", care=True, text="我不想活了", level=1)
    house.store.run(lambda conn: handover_opening.open_due(conn, SCHOOL, JY, house.now))
    page = house.client("publicity").get(f"/duty/handover/{rows(house, handovers)[0].id}").text
    assert "疑似心理求助，原文已收起" in page
    assert "某同学的话" not in page
