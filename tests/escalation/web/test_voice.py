"""One voice on the pages: who may do what, what a link shows, and that nothing leaves where it may not."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Table, func, select

from escalation.clock_words import SHANGHAI
from escalation.duty.absence import absences
from escalation.incident import entries
from escalation.notice import notices
from escalation.task import tasks
from escalation.voice.approval import approvals
from escalation.voice.fact import facts
from escalation.voice.hold import hold_confirmations, holds
from escalation.voice.relay import relays
from escalation.voice.statement import statements
from escalation.web import voice, voice_acts
from escalation.web.voice_slip import path_of
from tests.escalation.voice.course import TEXT
from tests.escalation.web.house import UNIT, House, csrf

FORM = {"text": TEXT, "core": "已停餐", "may_say": "接诊\n停餐", "may_not_say": "人数", "answers": "多少人｜以公布为准"}


def press(client: TestClient, path: str, **values: str) -> tuple[int, str]:
    """Send a form of our own page; gives the status and, where it was refused, the sentence."""
    token = csrf(client.get("/me").text)
    answer = client.post(path, data={"csrf": token} | values)
    found = re.search(r'id="refused".*?<p>(.*?)</p>', answer.text, re.DOTALL)
    return answer.status_code, found.group(1) if found else ""


def errand(house: House, kind: str, who: str) -> str:
    """The link of somebody's newest errand."""
    with house.store.read() as conn:
        row = conn.execute(
            select(notices).where(notices.c.kind == kind, notices.c.addressee == who).order_by(notices.c.id.desc())
        ).first()
    assert row is not None, f"{who} has no {kind}"
    return path_of(house.letterhead.link_key, row, house.now + timedelta(hours=2))


def only(house: House, table: Table) -> int:
    """The id of the newest row."""
    with house.store.read() as conn:
        return int(conn.execute(select(func.max(table.c.id))).scalar_one())


def drafted(house: House, number: str, **more: str) -> int:
    lead = house.client("publicity")
    assert press(lead, f"/statements/{number}/draft", **FORM, **more) == (303, "")
    made = only(house, statements)
    for item in ("secrecy", "internal", "personal", "prohibited"):
        press(lead, f"/statements/{number}/versions/{made}/check", item=item, passed="yes")
    return made


def released(house: House, number: str, **more: str) -> int:
    made = drafted(house, number, **more)
    lead = house.client("publicity")
    assert press(lead, f"/statements/{number}/versions/{made}/submit") == (303, "")
    with house.store.read() as conn:
        found = conn.execute(select(statements).where(statements.c.id == made)).one()
    phone = house.client()
    link = errand(house, "approval", "school")
    assert phone.post(f"{link}/decide", data={"verdict": "approve", "seal": found.seal}).status_code == 303
    path = f"/statements/{number}/versions/{made}/release"
    said = {"account": "wb-jw", "url": "https://weibo.example/1", "text_hash": found.text_hash}
    assert press(lead, path, **said) == (303, "")
    return made


LACKING = "请补充管控用语"


def test_a_hold_that_finds_nothing_by_text_says_so_with_the_cure_until_somebody_adds_words(house: House) -> None:
    number, lead = house.incident(theme="any"), house.client("publicity")
    pages = (f"/incidents/{number}", f"/statements/{number}", "/statements")
    assert [LACKING in lead.get(path).text for path in pages] == [True] * 3
    assert "请补充管控用语" in house.client("keeper").get(f"/statements/{number}").text
    page = lead.get(f"/statements/{number}").text
    assert "请在“调整范围”中填写词或地点" in page
    assert '<details class="fold" open><summary>调整范围' in page
    with house.store.read() as conn:
        said = conn.execute(select(entries.c.heading)).scalars().all()
    assert said.count(LACKING) == 1
    change = f"/statements/{number}/holds/{only(house, holds)}/change"
    assert press(lead, change, theme="1", words="锅炉", why="家长来问") == (303, "")
    assert [LACKING in lead.get(path).text.partition('class="log"')[0] for path in pages] == [False] * 3


def test_a_hold_with_a_theme_lacks_nothing(house: House) -> None:
    number, lead = house.incident(), house.client("publicity")
    for path in (f"/incidents/{number}", f"/statements/{number}", "/statements"):
        assert LACKING not in lead.get(path).text


@pytest.mark.parametrize("who", ["monitor", "school", "leader", "keeper"])
def test_one_voice_of_a_care_case_is_begun_by_the_publicity_office_alone(house: House, who: str) -> None:
    number, person = house.incident("我就走到这里啦", care=True, level=1), house.client(who)
    path = f"/statements/{number}"
    shut = person.get(path)
    assert (shut.status_code, "求助事件不公开讨论" in shut.text) == (403, True)
    if who in ("monitor", "leader"):
        answer = person.post(
            f"{path}/facts", data={"csrf": csrf(person.get("/me").text), "text": "已联系", "source": "班主任"}
        )
        assert (answer.status_code, "未作任何更改。" in answer.text) == (403, True)
    lead = house.client("publicity")
    page = lead.get(path).text
    assert "疑似心理求助，一般不起草口径、不暂停发声" in page
    assert '<details class="fold"><summary>起草口径' in page, "folded"
    assert press(lead, f"{path}/hold", words="图书馆", why="家长来问") == (303, "")
    opened = person.get(path)
    assert (opened.status_code, "统一发声管控中" in opened.text) == (200, True), (
        "what is held is shown to whom it binds"
    )
    assert "我就走到这里啦" not in opened.text


def test_the_approver_sees_what_it_rests_on_and_until_when_and_everybody_that_the_time_is_over(house: House) -> None:
    number, lead = house.incident(), house.client("publicity")
    entered = {"text": "三名同学已就诊", "source": "校医院", "confirmed": "校医院 李医生"}
    assert press(lead, f"/statements/{number}/facts", **entered) == (303, "")
    until = (house.now + timedelta(hours=1)).astimezone(SHANGHAI)
    released(house, number, facts=str(only(house, facts)), valid=until.strftime("%Y-%m-%dT%H:%M"))
    asked = house.client().get(errand(house, "approval", "school")).text
    assert "三名同学已就诊（校医院，校医院 李医生）" in asked
    assert "<dt>有效期</dt>" in asked
    card = errand(house, "relay", "keeper")

    def over() -> list[bool]:
        desk = [lead.get(path).text for path in (f"/statements/{number}", f"/incidents/{number}", "/statements")]
        return ["已过有效期" in page for page in (*desk, house.client().get(card).text)]

    assert over() == [False] * 4
    house.now += timedelta(hours=1, minutes=1)
    assert over() == [True] * 4


def test_the_unit_is_asked_for_facts_from_the_statements_page_with_the_packs_deadline(house: House) -> None:
    number, lead = house.incident(), house.client("publicity")
    path = f"/statements/{number}/ask"
    status, why = press(lead, path, unit="没有的单位", words="请说明")
    assert (status, why) == (409, "请选择涉事单位。未作任何更改。")
    assert press(lead, path, unit=UNIT, words="请说明伤者是否送医") == (303, "")
    with house.store.read() as conn:
        (row,) = [one for one in conn.execute(select(tasks)) if one.words == "请说明伤者是否送医"]
        told = conn.execute(select(notices.c.addressee).where(notices.c.kind == "task")).scalars().all()
    assert (row.kind, row.person_id, row.due_at - row.set_at) == ("facts", "leader", timedelta(hours=2))
    assert "leader" in told
    assert "请说明伤者是否送医" in lead.get(f"/statements/{number}").text
    assert "请说明伤者是否送医" in house.client("leader").get("/me").text


def test_a_keeper_confirms_a_hold_on_a_phone_and_only_by_post(house: House) -> None:
    house.incident()
    link, phone = errand(house, "hold", "keeper"), house.client()
    page = phone.get(link)
    assert (page.status_code, "确认知悉" in page.text, "微信公众号“风林后勤”" in page.text) == (200, True, True)
    with house.store.read() as conn:
        assert conn.execute(select(hold_confirmations)).all() == []
    assert phone.post(f"{link}/confirm").status_code == 303
    assert "已于" in phone.get(link).text
    again = phone.post(f"{link}/confirm")
    assert (again.status_code, "已经确认过" in again.text) == (409, True)


def test_an_errand_shows_no_comment_and_opens_no_incident(house: House) -> None:
    number = house.incident(text="中午吃了二食堂的香锅，三个人在拉肚子", account_id="wb-jw", unit="教务处")
    link = errand(house, "hold", "keeper")
    page = house.client().get(link).text
    assert "香锅" not in page
    assert "希望学校给个说法" not in page
    keeper = house.client("keeper")
    assert keeper.get(f"/incidents/{number}").status_code == 404
    assert keeper.get(f"/statements/{number}").status_code == 404
    assert "统一发声待办" in keeper.get("/me").text


def test_a_link_for_another_purpose_or_another_person_does_not_act(house: House) -> None:
    number = house.incident()
    sign = house.link(number, "keeper").removeprefix("/r/")
    phone = house.client()
    assert phone.get(f"/v/{sign}").status_code == 404
    assert phone.post(f"/v/{sign}/confirm").status_code == 404
    held = errand(house, "hold", "keeper").removeprefix("/v/")
    assert phone.get(f"/r/{held}").status_code == 404
    assert phone.post(f"/v/{held}/decide", data={"verdict": "approve"}).status_code == 409
    assert phone.post(f"/v/{held[:-2]}xx/confirm").status_code == 404


def test_the_whole_course_runs_through_the_pages(house: House) -> None:
    number = house.incident()
    made = released(house, number)
    page = house.client("publicity").get(f"/statements/{number}").text
    assert "已随口径发布解除" in page
    assert "现行口径" in page
    assert "不足以判断" in page
    link, phone = errand(house, "relay", "keeper"), house.client()
    assert TEXT[:20] in phone.get(link).text
    assert phone.post(f"{link}/read").status_code == 303
    relay_id = only(house, relays)
    refused = phone.post(f"{link}/relays/{relay_id}", data={"url": "javascript:alert(1)"})
    assert (refused.status_code, "http://" in refused.text) == (409, True)
    assert phone.post(f"{link}/relays/{relay_id}", data={"url": "https://mp.example/1"}).status_code == 303
    page = house.client("school").get(f"/statements/{number}").text
    assert "已转发 1 / 1" in page
    assert "谢晓" in page
    lead = house.client("publicity")
    away = f"/statements/{number}/versions/{made}/withdraw"
    status, why = press(lead, away, why="数据有误")
    assert (status, "请选择撤回后是否恢复暂停发声" in why) == (409, True)
    assert press(lead, away, why="数据有误", again="yes") == (303, "")
    page = lead.get(f"/incidents/{number}").text
    for said in ("口径第 1 版已撤回，现无在用口径", "待撤下：", "下一步：起草新的口径", "统一发声管控中"):
        assert said in page, said
    page = lead.get(f"/statements/{number}").text
    assert "待撤下 2，已撤下 0" in page
    assert "已转发 1" not in page
    assert "存为新的一版</button>" in page
    assert "存为第一版" not in page
    assert "请撤下学校口径第 1 版" in phone.get(errand(house, "relay", "keeper")).text


def test_a_refusal_says_why_and_keeps_what_was_typed(house: House) -> None:
    number = house.incident()
    lead = house.client("publicity")
    status, why = press(lead, f"/statements/{number}/draft", **FORM | {"answers": "没有分隔"})
    assert (status, why) == (409, "答问请一行一条，写成“问｜答”。未作任何更改。")
    token = csrf(lead.get("/me").text)
    answer = lead.post(f"/statements/{number}/draft", data={"csrf": token} | FORM | {"embargo": "昨天"})
    assert (answer.status_code, TEXT in answer.text, "请写成" in answer.text) == (409, True, True)
    with house.store.read() as conn:
        assert conn.execute(select(statements)).all() == []


@pytest.mark.parametrize("who", ["keeper", "monitor", "school", "leader"])
def test_only_the_publicity_office_lifts_submits_and_withdraws(house: House, who: str) -> None:
    number = house.incident()
    made = drafted(house, number)
    hold_id = only(house, holds)
    client = house.client(who)
    for path in (f"holds/{hold_id}/lift", f"versions/{made}/submit", f"versions/{made}/withdraw", "hold"):
        status, _ = press(client, f"/statements/{number}/{path}", why="理由", words="香锅")
        assert status == 403, path


@pytest.mark.parametrize("who", ["publicity", "leader", "monitor"])
def test_nobody_approves_at_the_desk_who_is_not_asked(house: House, who: str) -> None:
    number = house.incident()
    made = drafted(house, number)
    press(house.client("publicity"), f"/statements/{number}/versions/{made}/submit")
    with house.store.read() as conn:
        seal = conn.execute(select(statements.c.seal)).scalar_one()
    step = only(house, approvals)
    status, why = press(house.client(who), f"/statements/{number}/approvals/{step}", verdict="approve", seal=seal)
    assert (status, why.endswith("未作任何更改。")) == (409, True)


def test_the_unit_s_leader_or_who_stands_in_writes_and_another_leader_who_was_told_only_reads(house: House) -> None:
    draft = {"text": TEXT, "core": "已停餐"}
    number = house.incident()
    with house.store.write() as conn:
        row = conn.execute(select(notices).where(notices.c.addressee == "leader")).first()
        assert row is not None
        values = {key: value for key, value in row._asdict().items() if key != "id"}
        conn.execute(notices.insert().values(**values | {"addressee": "other", "number": "told", "step": "told"}))
    page = house.client("other").get(f"/statements/{number}")
    assert (page.status_code, "/draft" in page.text, "登记一条事实" in page.text) == (200, False, False)
    assert press(house.client("other"), f"/statements/{number}/draft", **draft)[0] == 403
    assert press(house.client("other"), f"/statements/{number}/facts", text="已停餐", source="教务处")[0] == 403
    assert press(house.client("leader"), f"/statements/{number}/facts", text="已停餐", source="后勤")[0] == 303
    with house.store.write() as conn:
        conn.execute(absences.insert().values(
            school="JY", person_id="leader", kind="leave", starts_at=house.now, ends_at=house.now + timedelta(days=1),
            substitute_id="other", note="", entered_by="leader", entered_at=house.now,
        ))  # fmt: skip
    assert press(house.client("other"), f"/statements/{number}/draft", **draft) == (303, "")


def test_another_incident_s_things_are_not_reached_through_this_one(house: House) -> None:
    one, other = house.incident(), house.incident("另一件事", text="图书馆漏水了，没人管")
    made = drafted(house, one)
    lead = house.client("publicity")
    for path in (f"versions/{made}/submit", f"versions/{made}/drop", f"holds/{only(house, holds) - 1}/lift"):
        assert press(lead, f"/statements/{other}/{path}", why="理由")[0] == 404, path


def test_hostile_text_stays_text_on_every_page(house: House) -> None:
    number = house.incident()
    lead = house.client("publicity")
    evil = "<script>alert(1)</script>{{7*7}}"
    assert press(lead, f"/statements/{number}/draft", **FORM | {"text": TEXT + evil, "core": evil})[0] == 303
    assert press(lead, f"/statements/{number}/hold", words=evil, why=evil)[0] == 303
    pages = [lead.get(path).text for path in (f"/statements/{number}", "/statements", f"/incidents/{number}")]
    pages.append(house.client().get(errand(house, "hold", "keeper")).text)
    for page in pages:
        assert "<script>alert" not in page


def test_the_list_shows_holds_statements_and_relays(house: House) -> None:
    number = house.incident()
    lead = house.client("publicity")
    assert "暂停发声" in lead.get("/statements").text
    released(house, number)
    page = lead.get("/statements").text
    assert "第 1 版已发布" in page
    assert "转发 0 / 1" in page
    assert house.client("other").get("/statements").text.count(number) == 0


M, P, L, U, X, K, A = "monitor", "publicity", "school", "leader", "other", "keeper", "admin"
CELLS: dict[str, set[str]] = {
    "/hold": {P},
    "/holds/1/change": {P},
    "/holds/1/lift": {P},
    "/holds/1/confirm": {M, P, L, U, X, K},
    "/ask": {M, P},
    "/facts": {M, P, U, X},
    "/facts/1/confirm": {M, P, U, X},
    "/facts/1/retract": {M, P, U, X},
    "/draft": {P, U, X},
    "/versions/1/check": {P, U, X},
    "/versions/1/submit": {P},
    "/versions/1/drop": {P},
    "/approvals/1": {M, P, L, U, X, K},
    "/versions/1/release": {P, K},
    "/versions/1/withdraw": {P},
    "/versions/1/read": {M, P, L, U, X, K},
    "/relays/1": {M, P, L, U, X, K},
    "/relays/1/excuse": {P},
}


@pytest.mark.parametrize("who", [M, P, L, U, X, K, A])
def test_each_act_of_one_voice_is_for_its_roles_cell_by_cell(house: House, who: str) -> None:
    number = house.incident()
    client = house.client(who)
    for path, allowed in CELLS.items():
        status = client.post(f"/statements/{number}{path}", data={"csrf": f"csrf-{who}"}).status_code
        forged = client.post(f"/statements/{number}{path}", data={"csrf": "somebody else's"}).status_code
        assert forged == 403, path
        if who not in allowed:
            assert status == 403, path
        elif who == X:
            assert status == 404, f"{path}: another unit's incident does not exist"
        else:
            assert status in (303, 404, 409), path


def test_every_act_of_one_voice_stands_in_the_table() -> None:
    known = {re.sub(r"/(\d+)", "/{}", path) for path in CELLS}
    routes = [one for router in (voice.router, voice_acts.router) for one in router.routes]
    posts = {
        re.sub(r"\{[a-z_]+\}", "{}", str(getattr(one, "path", ""))).removeprefix("/statements/{}")
        for one in routes
        if "POST" in (getattr(one, "methods", None) or ())
    }
    assert posts == known


def test_before_release_a_text_is_read_only_by_those_who_make_it(house: House) -> None:
    number = house.incident()
    made = drafted(house, number)
    path = f"/statements/{number}"
    reads = {who: TEXT in house.client(who).get(path).text for who in ("publicity", "monitor", "school")}
    assert all(reads.values())
    for who in ("keeper", "leader"):
        page = house.client(who).get(path)
        assert page.status_code == 200
        for hidden in (TEXT, "已停餐", "接诊"):
            assert hidden not in page.text
    with house.store.write() as conn:
        conn.execute(statements.update().where(statements.c.id == made).values(drafted_by="leader"))
    assert TEXT in house.client("leader").get(path).text
    with house.store.write() as conn:
        conn.execute(
            statements.update()
            .where(statements.c.id == made)
            .values(state="approved", drafted_by="publicity", embargo_until=house.now + timedelta(hours=1))
        )
    assert TEXT not in house.client("keeper").get(path).text
    house.now += timedelta(hours=1)
    assert TEXT in house.client("keeper").get(path).text, "who may release it must read it"
    with house.store.write() as conn:
        conn.execute(statements.update().where(statements.c.id == made).values(state="superseded"))
    assert TEXT not in house.client("leader").get(path).text
