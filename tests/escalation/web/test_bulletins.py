"""情况报告 on its pages: the form prefilled from the matter, sent once, shown as sent, signed by its own link."""

from __future__ import annotations

import html
import re

from sqlalchemy import select

from escalation.bulletin import bulletins
from escalation.incident import incidents
from escalation.link import Link, Purpose, token
from escalation.notice import deliveries, notices
from escalation.notify import Notify
from tests.escalation.web.house import House

SAID = {
    "kind": "first",
    "facts": "三名学生就餐后腹泻，已就诊。",
    "done": "已留样送检。",
    "next_step": "等检验结果。",
    "after": "0",
    "read": "1",
}


def words(page: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", page))


def write(house: House, number: str, who: str = "publicity", **changes: object) -> tuple[int, str]:
    client = house.client(who)
    answer = client.post(f"/incidents/{number}/bulletins", data={"csrf": f"csrf-{who}"} | SAID | changes)
    return answer.status_code, answer.headers.get("location", "") or words(answer.text)


def send_all(house: House) -> None:
    desk = house.desk()
    worker = Notify(house.store, house.letterhead, desk.channels, lambda: house.now)
    while worker.step():
        pass


def test_the_form_is_prefilled_from_the_incident_with_figures_that_name_their_source(house: House) -> None:
    number = house.incident()
    client = house.client("publicity")
    client.post(f"/incidents/{number}/note", data={"csrf": "csrf-publicity", "text": "后勤处已到场查看"})
    page = words(client.get(f"/incidents/{number}/bulletins/new").text)
    for part in (
        "15:52 起有学生反映就餐后不适", "后勤处已到场查看", "说到此事", "本系统采集自微信公众号“风林后勤”", "截至",
        "情况说明（", "罗广平（单位领导）", "规程所列和此前已获知的人员，不能删减",
    ):  # fmt: skip
        assert part in page, part
    assert "何岚（" not in page.partition("报送对象")[2], "the writer is not told of their own words"


def test_a_report_is_sent_shown_as_sent_and_listed_with_its_receipts(house: House) -> None:
    number = house.incident()
    assert write(house, number) == (303, f"/incidents/{number}/bulletins/1?done=bulletin")
    client = house.client("publicity")
    page = words(client.get(f"/incidents/{number}").text)
    assert "首报（情况报告第 1 号）" in page
    assert "尚未送出" in page
    send_all(house)
    page = words(client.get(f"/incidents/{number}").text)
    assert "尚未送出" not in page
    assert "签收 0 / 3" in page
    assert "写 续报或终报" in page or "写续报或终报" in page
    sent = words(client.get(f"/incidents/{number}/bulletins/1").text)
    for part in ("三名学生就餐后腹泻", "已留样送检", "等检验结果", "何岚", "16:42 送", "发出后不可修改"):
        assert part in sent, part
    assert client.get(f"/incidents/{number}/bulletins/7").status_code == 404


def test_it_is_signed_by_its_own_link_which_shows_the_whole_report(house: House) -> None:
    number = house.incident()
    write(house, number)
    with house.store.read() as conn:
        row = conn.execute(select(notices).where(notices.c.kind == "report", notices.c.addressee == "school")).one()
    given = token(house.letterhead.link_key, Purpose.SIGN, Link(row.id, "school", row.sign_by))
    page = words(house.client().get(f"/r/{given}").text)
    for part in ("首报（情况报告第 1 号）", "三名学生就餐后腹泻", "已留样送检", "填报 何岚", "签收本报告"):
        assert part in page, part
    assert house.client().post(f"/r/{given}", data={"remark": "请当面报告"}).status_code == 200
    assert "请当面报告" in words(house.client("publicity").get(f"/incidents/{number}/bulletins/1").text)


def test_what_is_refused_comes_back_with_what_was_typed(house: House) -> None:
    number = house.incident()
    status, page = write(house, number, done="", facts="独一无二的事实")
    assert (status, "请填写“处置情况”" in page, "独一无二的事实" in page) == (409, True, True)
    write(house, number)
    status, page = write(house, number)
    assert (status, "刚有人写了情况报告第 1 号" in page) == (409, True)
    assert write(house, number, kind="final", after="1", kindly="x")[0] == 303
    with house.store.read() as conn:
        assert [row.kind for row in conn.execute(select(bulletins))] == ["first", "final"]


def test_an_untouched_report_does_not_leave_and_none_leaves_that_was_not_said_to_be_read(house: House) -> None:
    number = house.incident()
    status, page = write(house, number, read="", facts="独一无二的事实")
    assert (status, "已逐项核对，发出后不可修改" in page, "独一无二的事实" in page) == (409, True, True)
    write(house, number)
    form = house.client("publicity").get(f"/incidents/{number}/bulletins/new").text
    assert "情况报告第 1 号之后：" in form, "what the form holds before anybody types"
    assert "人未签收" in words(form).partition("终报之前仍未了结")[2], "what is open is said before a 终报"
    assert "还没有终报" not in words(form), "what is being written is not called open"
    for untouched in ("情况报告第 1 号之后：", "情况报告第 1 号之后", " 情况报告第 1 号之后：\r\n "):
        status, page = write(house, number, kind="final", after="1", facts=untouched)
        assert (status, "“事实”还没有写" in page) == (409, True), untouched
    assert write(house, number, kind="final", after="1", facts="情况报告第 1 号之后：无新情况")[0] == 303
    with house.store.read() as conn:
        assert [row.kind for row in conn.execute(select(bulletins))] == ["first", "final"]


def test_the_figures_are_the_houses_own_whatever_the_form_says(house: House) -> None:
    number = house.incident()
    write(house, number, figures="说到此事 9999 条", told="nobody")
    with house.store.read() as conn:
        (row,) = conn.execute(select(bulletins)).all()
    assert "9999" not in str(row.figures)
    assert {one["person"] for one in row.told} == {"leader", "school", "keeper"}


def test_hostile_words_are_text_in_page_and_mail(house: House) -> None:
    number = house.incident()
    write(house, number, facts="<script>alert(1)</script>\u202e{{7*7}}")
    page = house.client("publicity").get(f"/incidents/{number}/bulletins/1").text
    assert "<script>alert(1)" not in page
    with house.store.read() as conn:
        bodies = [row.html or "" for row in conn.execute(select(deliveries))]
    assert not any("<script>alert" in body or body == "49" for body in bodies)
    assert any("{{7*7}}" in html.unescape(body) for body in bodies)


def test_nobody_of_another_unit_reads_a_report(house: House) -> None:
    number = house.incident()
    write(house, number)
    assert house.client("other").get(f"/incidents/{number}/bulletins/1").status_code == 404
    assert house.client("leader").get(f"/incidents/{number}/bulletins/1").status_code == 200
    assert write(house, number, "leader", after="1", kind="follow")[0] == 403


def test_closing_is_refused_until_the_last_report_was_sent(house: House) -> None:
    number = house.incident()
    answer = house.client("publicity").post(
        f"/incidents/{number}/close", data={"csrf": "csrf-publicity", "note": "办结"}
    )
    assert "还没有首报和终报" in words(answer.text)
    with house.store.read() as conn:
        assert conn.execute(select(incidents.c.closed_at)).scalar() is None
