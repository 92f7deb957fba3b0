"""授权发布、送审单、发布核对、转发与提及 through HTTP: who sees and does what, what is refused, what is only text."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Row, Table, event, select

from escalation import people, permit, submission, user
from escalation.breach import Kind, breaches, record
from escalation.opening import Ground
from escalation.people import Held, Person, Role
from escalation.permit import permits
from escalation.procedure import load
from escalation.submission import submissions
from escalation.web.app import build
from tests.escalation.web.house import SCHOOL, UNIT, House, _secret, csrf

TEXT = "今日上午我院实训楼突发火情，现场师生均已疏散，无人员受伤，原因正在调查"
HOSTILE = "<script>window.harmed=1</script>{{7*7}}<img src=x onerror=alert(1)>"
EVERYBODY = ("keeper", "leader", "other", "publicity", "school", "monitor", "admin", "giver")


class Office:
    """The house under a pack, with whom its documents leave to the school entered."""

    def __init__(self, house: House, code: str) -> None:
        self.house = house
        self.pack = load(code)
        self.ground = Ground(self.pack, house.letterhead, {"rules": "1a2b3c4d5e6f", "program": "0.1.0"})
        held = [Held(role, "", "giver") for role in {self.pack.role_of(self.pack.permit.office)} - {""}]
        held += [
            Held(role, UNIT, "leader")
            for role in {self.pack.role_of(one.unit) for one in self.pack.submission} - {"", "unit_leader"}
        ]
        giver = Person(SCHOOL, "giver", "赵越", "校办主任", "校办", "giver@school.test", "139")
        with house.store.write() as conn:
            people.enter(conn, [giver], held)
            user.enrol(conn, SCHOOL, "giver", "giver", _secret(), [Role.SCHOOL_LEADER], house.now)
        self.app = build(dataclasses.replace(house.desk(), ground=self.ground))

    def client(self, name: str) -> TestClient:
        """A browser in which this person is signed in."""
        client = TestClient(self.app, follow_redirects=False)
        client.cookies.set("fengxin", self.house.session(name))
        return client

    def send(self, name: str, path: str, **form: str) -> tuple[int, str]:
        """Send a form as this person; gives the status and where it leads, or the page."""
        seen = [("seen", row.text_hash) for row in _rows(self, submissions) if f"/{row.number}/" in path]
        answer = self.client(name).post(path, data={"csrf": f"csrf-{name}", **dict(seen), **form})
        return answer.status_code, answer.headers.get("location", answer.text)

    def asked(self, text: str = TEXT) -> str:
        """A permit that waits; gives its number."""
        status, place = self.send(
            "keeper", "/permits", account="wx-hq", subject="实训楼火情", text=text, why="须尽快说明"
        )
        assert status == 303, place
        return place.partition("?")[0].rpartition("/")[2]

    def handed_in(self) -> str:
        """A submission that waits for the unit."""
        if self.send("publicity", "/submissions/switch", on="yes")[0] != 303:
            raise AssertionError("cannot be begun")
        status, place = self.send("keeper", "/submissions", account="wx-hq", title="天气", text=TEXT)
        assert status == 303, place
        return place.partition("?")[0].rpartition("/")[2]

    def finding(self) -> str:
        """A finding on the account of UNIT."""
        post = self.house.post(TEXT, by_school=True)
        with self.house.store.write() as conn:
            found = record(conn, post, UNIT, Kind.UNAUTHORISED, "第十条", "没有授权", self.house.now)
        assert found is not None
        return found


@pytest.fixture
def jy(house: House) -> Office:
    return Office(house, "JY")


@pytest.fixture
def zg(house: House) -> Office:
    return Office(house, "ZG")


def test_a_keeper_asks_and_whom_the_school_entered_grants_on_their_own_pages(jy: Office) -> None:
    number = jy.asked()
    page = jy.client("keeper").get(f"/permits/{number}").text
    assert "等候“学校相关部门”" in page or "学校相关部门" in page
    assert "/decide" not in page, "who asked sees no button to decide"
    assert "/decide" in jy.client("giver").get(f"/permits/{number}").text
    assert jy.send("giver", f"/permits/{number}/decide", grant="yes")[0] == 303
    (row,) = _rows(jy, permits)
    assert (row.state, row.decided_by) == ("granted", "giver")


def _rows(office: Office, table: Table) -> list[Row[Any]]:
    with office.house.store.read() as conn:
        return list(conn.execute(select(table)))


SEES = {"keeper": 200, "leader": 200, "other": 404, "publicity": 200, "school": 200, "monitor": 200, "admin": 404,
        "giver": 200}  # fmt: skip


@pytest.mark.parametrize("name", EVERYBODY)
def test_a_permit_exists_for_its_unit_its_judges_and_the_desk_only(jy: Office, name: str) -> None:
    number = jy.asked()
    client = jy.client(name)
    assert client.get(f"/permits/{number}").status_code == SEES[name]
    assert (number in client.get("/permits").text) == (SEES[name] == 200)


@pytest.mark.parametrize("name", [one for one in EVERYBODY if one != "giver"])
def test_nobody_but_the_named_office_decides_on_a_permit(jy: Office, name: str) -> None:
    number = jy.asked()
    status, _ = jy.send(name, f"/permits/{number}/decide", grant="yes")
    assert status in (404, 409)
    assert [row.state for row in _rows(jy, permits)] == ["asked"]


SIGNS = {"leader"}
REVIEWS = {"publicity"}


@pytest.mark.parametrize("name", EVERYBODY)
def test_a_submission_is_signed_by_the_unit_and_approved_by_the_named_office_and_nobody_else(
    zg: Office, name: str
) -> None:
    number = zg.handed_in()
    assert (zg.send(name, f"/submissions/{number}/sign")[0] == 303) == (name in SIGNS)
    if name not in SIGNS:
        zg.send("leader", f"/submissions/{number}/sign")
    assert (zg.send(name, f"/submissions/{number}/approve")[0] == 303) == (name in REVIEWS)


@pytest.mark.parametrize(
    ("name", "explains", "decides"),
    [
        ("keeper", True, False), ("leader", True, False), ("other", False, False), ("publicity", False, True),
        ("school", False, False), ("monitor", False, False), ("admin", False, False),
    ],
)  # fmt: skip
def test_the_unit_explains_a_finding_and_the_publicity_office_decides(
    jy: Office, name: str, explains: bool, decides: bool
) -> None:
    number = jy.finding()
    assert (jy.send(name, f"/own-posts/{number}/explain", text="已口头同意")[0] == 303) == explains
    assert (jy.send(name, f"/own-posts/{number}/decide", verdict="confirm", why="属实")[0] == 303) == decides


@pytest.mark.parametrize("name", ["other", "admin"])
def test_a_finding_of_another_unit_does_not_exist(jy: Office, name: str) -> None:
    number = jy.finding()
    client = jy.client(name)
    assert client.get(f"/own-posts/{number}").status_code in (403, 404)
    assert number not in client.get("/own-posts").text


@pytest.mark.parametrize(
    "path",
    ["/permits", "/permits/X/decide", "/permits/X/withdraw", "/submissions", "/submissions/switch",
     "/submissions/X/sign", "/submissions/X/approve", "/submissions/X/return", "/submissions/X/again",
     "/submissions/X/withdraw", "/own-posts/X/explain", "/own-posts/X/decide", "/own-posts/X/reconsider"],
)  # fmt: skip
def test_a_form_without_the_sessions_token_changes_nothing(zg: Office, path: str) -> None:
    number = zg.handed_in() if "submissions/X" in path else zg.asked() if "permits/X" in path else "X"
    before = _rows(zg, permits), _rows(zg, submissions), _rows(zg, breaches)
    for name in ("publicity", "keeper", "giver"):
        form = {"csrf": "forged", "account": "wx-hq", "subject": "s", "title": "t", "text": "x", "why": "y", "on": "no"}
        assert zg.client(name).post(path.replace("X", number), data=form).status_code == 403
    assert before == (_rows(zg, permits), _rows(zg, submissions), _rows(zg, breaches))


def test_without_a_session_every_page_leads_to_signing_in(jy: Office) -> None:
    client = TestClient(jy.app, follow_redirects=False)
    for path in ("/permits", "/permits/X", "/submissions", "/own-posts", "/relays"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/sign-in")


def test_what_is_typed_is_shown_as_text_and_kept_where_it_is_refused(jy: Office) -> None:
    number = jy.asked(HOSTILE)
    page = jy.client("giver").get(f"/permits/{number}").text
    assert "<script>window" not in page
    assert "<img src=x" not in page
    assert "{{7*7}}" in page
    status, page = jy.send("keeper", "/permits", account="wx-hq", subject="", text=HOSTILE, why="因由")
    assert status == 409
    assert "请填写“事项”。未作任何更改。" in page
    assert "因由" in page
    assert "<script>window" not in page
    status, page = jy.send("keeper", "/permits", account="wb-jw", subject="事", text=TEXT, why="因由")
    assert (status, "不管理这个账号" in page) == (409, True)


def test_schools_without_the_clause_say_so_instead_of_a_form(house: House) -> None:
    nx = Office(house, "NX")
    page = nx.client("keeper").get("/permits").text
    assert "校规未规定授权发布" in page
    assert 'action="/permits"' not in page
    jy = Office(house, "JY")
    assert "校规未规定逐篇送审" in jy.client("keeper").get("/submissions").text
    lg = Office(house, "LG")
    assert "校规未规定" in lg.client("publicity").get("/relays").text
    assert "未启用" in nx.client("publicity").get("/submissions").text


def test_only_who_may_begin_submissions_sees_the_button_and_the_page_says_since_when(zg: Office) -> None:
    assert "启用送审单" in zg.client("publicity").get("/submissions").text
    assert "启用送审单" not in zg.client("keeper").get("/submissions").text
    assert zg.send("keeper", "/submissions/switch", on="yes")[0] == 403
    zg.handed_in()
    page = zg.client("keeper").get("/submissions").text
    assert "起启用" in page
    assert csrf(page)


def test_an_incident_takes_a_circumstance_from_its_page(jy: Office) -> None:
    number = jy.house.incident()
    page = jy.client("monitor").get(f"/incidents/{number}").text
    assert "补充情形" in page
    assert 'value="sudden_event"' in page
    path = f"/incidents/{number}/circumstance"
    assert jy.send("monitor", path, named="monitoring", why="理由")[0] == 409
    assert jy.send("keeper", path, named="sudden_event", why="理由")[0] == 403
    assert jy.send("monitor", path, named="sudden_event", why="现场已核实")[0] == 303
    assert "突发事件" in jy.client("monitor").get(f"/incidents/{number}").text


def test_the_nouns_of_the_pages_are_those_of_the_rules() -> None:
    assert {permit.STATE_WORDS[one] for one in permit.State} >= {"待批准", "已授权", "已过期"}
    assert {submission.STATE_WORDS[one] for one in submission.State} >= {"已退回", "已批准", "已发布"}


def test_who_decides_for_one_unit_sees_no_application_of_another(house: House) -> None:
    jy = Office(house, "JY")
    mine = jy.asked()
    with house.store.write() as conn:
        role = jy.pack.role_of(jy.pack.permit.office)
        conn.execute(people.offices.delete().where(people.offices.c.role == role))
        person = Person(SCHOOL, "partial", "钱进", "", "校办", "partial@school.test", "139")
        people.enter(conn, [person], [Held(role, "图书馆", "partial")])
        user.enrol(conn, SCHOOL, "partial", "partial", _secret(), [Role.KEEPER], house.now)
        row = dict(conn.execute(select(permits)).one()._mapping)
        row |= {"id": row["id"] + 1, "number": "SQ-2026-9001", "unit": "图书馆", "account_id": "wx-library"}
        conn.execute(permits.insert().values(**row))
        more = [row | {"id": row["id"] + n, "number": f"SQ-2026-8{n:03}", "unit": UNIT} for n in range(1, 250)]
        conn.execute(permits.insert(), more)
    page = jy.client("partial").get("/permits").text
    assert "SQ-2026-9001" in page, "the limit comes after the scope"
    assert mine not in page
    assert "SQ-2026-8" not in page


def test_who_signs_for_a_unit_sees_its_submissions_whatever_was_handed_in_elsewhere(zg: Office) -> None:
    mine = zg.handed_in()
    with zg.house.store.write() as conn:
        row = dict(conn.execute(select(submissions)).one()._mapping)
        more = [
            row | {"id": row["id"] + n, "number": f"SS-2026-8{n:03}", "unit": "图书馆", "account_id": "wx-library"}
            for n in range(1, 250)
        ]
        conn.execute(submissions.insert(), more)
    page = zg.client("leader").get("/submissions").text
    assert mine in page
    assert "SS-2026-8" not in page


def test_no_control_sign_reaches_the_database(zg: Office) -> None:
    """PostgreSQL's driver refuses NUL, which would be a page with a fault."""
    asked: list[str] = []
    event.listen(zg.house.store.engine, "before_cursor_execute", lambda *given: asked.append(repr(given[3])))
    number = zg.handed_in()
    assert zg.send("leader", f"/submissions/{number}/sign", note="同\x00意")[0] == 303
    assert zg.send("publicity", f"/submissions/{number}/approve", note="\x00\x07好")[0] == 303
    status, _ = zg.send(
        "keeper", "/permits", account="wx-hq\x00", subject="事\x00项", text=TEXT + "\x00", why="急\x00",
        planned="明\x00天",
    )  # fmt: skip
    assert status == 303
    zg.finding()
    for path in ("permits", "submissions", "own-posts"):
        for odd in ("%00", "SQ%00", "%1b", "%E2%80%AE"):
            assert zg.client("publicity").get(f"/{path}/{odd}").status_code == 404
    for path in ("permits/%00/decide", "submissions/%00/sign", "own-posts/%00/decide"):
        form = {"grant": "yes", "verdict": "confirm", "why": "由"}
        assert zg.send("publicity", f"/{path}", **form)[0] == 404
    assert not [one for one in asked if "\\x00" in one or "\\x07" in one]
    (row,) = _rows(zg, permits)
    assert (row.planned, row.subject) == ("明天", "事项")


def test_a_review_on_a_page_of_before_an_edit_is_refused_with_the_page_of_now(zg: Office) -> None:
    number = zg.handed_in()
    page = zg.client("leader").get(f"/submissions/{number}").text
    (row,) = _rows(zg, submissions)
    assert page.count(f'name="seen" value="{row.text_hash}"') >= 1
    status, shown = zg.send("leader", f"/submissions/{number}/sign", seen="0" * 64)
    assert (status, "送审稿在您打开之后已改动" in shown, row.text_hash in shown) == (409, True, True)
    assert zg.send("leader", f"/submissions/{number}/sign")[0] == 303
