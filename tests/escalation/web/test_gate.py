"""Who may pass: by role, by row, by form. Deny by default."""

from __future__ import annotations

import re

import pytest
from fastapi import APIRouter, Depends

from escalation.web import act, apart, cycle, incident, measures, queue, tasks, verdict
from escalation.web import app as application
from escalation.web.app import ROUTERS, build
from escalation.web.gate import Only, Open, ungated
from tests.escalation.web.house import ROLES, UNIT, House

M, P, L, U, X, K, A = "monitor", "publicity", "school", "leader", "other", "keeper", "admin"
EVERYBODY = {M, P, L, U, X, K, A}
PAGES: dict[str, set[str]] = {
    "/desk": {M, P},
    "/desk/queue": {M, P},
    "/desk/rail": {M, P},
    "/strip": EVERYBODY,
    "/desk/tide": {M, P},
    "/desk/feed": {M, P},
    "/desk/hot": {M, P},
    "/search": {M, P},
    "/incidents": {M, P, L, U, X, K},
    "/incidents/{n}": {M, P, L, U, K},
    "/incidents/{n}/peek": {M, P, L, U, K},
    "/findings": {M, P, A},
    "/me": EVERYBODY,
}
ACTS: dict[str, set[str]] = {
    "/incidents/{n}/confirm": {M, P},
    "/incidents/{n}/concerned": {M, P},
    "/incidents/{n}/dismiss": {M, P},
    "/incidents/{n}/assign": {M, P},
    "/incidents/{n}/note": {M, P, L, U},
    "/incidents/{n}/duties/facts": {M, P},
    "/incidents/{n}/remind": {M, P},
    "/incidents/{n}/close": {P},
    "/incidents/{n}/reopen": {M, P},
    "/incidents/{n}/reveal": {M, P},
    "/incidents/{n}/calls/1": {M, P},
    "/incidents/{n}/calls/1/again": {M, P},
    "/incidents/{n}/settle": {P},
    "/incidents/{n}/no-answer": {P},
    "/incidents/{n}/watch": {M, P},
    "/incidents/{n}/recap": {M, P},
    "/incidents/{n}/rekindle": {M, P},
    "/incidents/{n}/level": {M, P},
    "/incidents/{n}/verdict": {M, P},
    "/incidents/{n}/renew": {P},
    "/incidents/{n}/archive": {P},
    "/incidents/{n}/merge": {M, P},
    "/incidents/{n}/unmerge": {M, P},
    "/incidents/{n}/split": {M, P},
    "/incidents/{n}/follow": {M, P},
    "/incidents/{n}/bulletins": {M, P},
    "/incidents/{n}/tasks": {M, P},
    "/incidents/{n}/tasks/1/confirm": {M, P},
    "/incidents/{n}/tasks/1/return": {M, P},
    "/incidents/{n}/tasks/1/withdraw": {M, P},
    "/incidents/{n}/tasks/1/answer": {M, P},
    "/incidents/{n}/measures/closing": {P},
    "/incidents/{n}/measures/accountability": {P},
    "/incidents/{n}/measures/referral": {P},
    "/incidents/{n}/measures/1/package": {P, L},
    "/incidents/{n}/measures/1/decide": {P, L},
    "/trial/end": {A},
    "/me/theme": EVERYBODY,
    "/sign-out": EVERYBODY,
}
UNSEEN = {X}
"""The leader of another unit: the role would do, the row does not exist for them."""


@pytest.mark.parametrize("name", sorted(ROLES))
def test_each_page_opens_for_its_roles_and_for_no_other(house: House, name: str) -> None:
    number = house.incident()
    client = house.client(name)
    for path, allowed in PAGES.items():
        status = client.get(path.format(n=number)).status_code
        expected = 200 if name in allowed else 404 if name in UNSEEN and "{n}" in path else 403
        assert status == expected, path


@pytest.mark.parametrize("name", sorted(ROLES))
def test_each_act_is_for_its_roles_and_for_no_other(house: House, name: str) -> None:
    number = house.incident()
    client = house.client(name)
    for path, allowed in ACTS.items():
        client.cookies.set("fengxin", house.session(name))
        status = client.post(path.format(n=number), data={"csrf": f"csrf-{name}"}).status_code
        if name in allowed:
            assert status not in (401, 403), path
        elif name in UNSEEN and path.endswith("/note"):
            assert status == 404, path
        else:
            assert status == 403, path


def test_every_route_of_the_desk_stands_in_one_of_the_tables() -> None:
    known = {
        path.replace("{n}", "{number}")
        .replace("/calls/1", "/calls/{call_id}")
        .replace("/duties/facts", "/duties/{name}")
        .replace("/tasks/1", "/tasks/{task_id}")
        .replace("/measures/1/decide", "/measures/{measure_id}/{event}")
        .replace("/measures/1", "/measures/{measure_id}")
        for path in (*PAGES, *ACTS)
    }
    others = {
        "/", "/events", "/incidents/{number}", "/incidents/{number}/archive.json", "/incidents/{number}/archive.html"
    }  # fmt: skip
    listed = (act, apart, cycle, queue, incident, tasks, measures, verdict)
    for router in (one.router for one in listed):
        for route in router.routes:
            path = getattr(route, "path", "")
            assert path in known | others or path.startswith("/t/")


def test_without_a_session_every_gated_page_leads_to_sign_in(house: House) -> None:
    number = house.incident()
    client = house.client()
    for path in PAGES:
        assert client.get(path.format(n=number)).status_code == 303, path
    for path in ACTS:
        assert client.post(path.format(n=number)).status_code == 401, path
    assert client.get("/events", headers={"accept": "text/event-stream"}).status_code == 401


def test_a_closed_page_keeps_the_menu_of_who_is_signed_in(house: House) -> None:
    closed = house.client("keeper").get("/desk", headers={"accept": "text/html"})
    assert closed.status_code == 403
    assert "这一页不对您的角色开放" in closed.text
    menu = closed.text.partition('aria-label="主导航"')[2].partition("</nav>")[0]
    own = house.client("keeper").get("/me").text.partition('aria-label="主导航"')[2].partition("</nav>")[0]
    paths = re.findall(r'href="([^"]+)"', menu)
    assert paths == re.findall(r'href="([^"]+)"', own)
    assert "/me" in paths
    assert "/desk" not in paths
    part = house.client("keeper").get("/desk", headers={"x-fragment": "1"})
    assert part.status_code == 403
    assert part.json()["words"].startswith("这一页不对您的角色开放")


def test_a_form_without_the_sessions_token_changes_nothing(house: House) -> None:
    number = house.incident()
    client = house.client("publicity")
    for path in ACTS:
        if path == "/trial/end":
            continue
        for wrong in ({}, {"csrf": ""}, {"csrf": "csrf-monitor"}, {"csrf": "字"}):
            answer = client.post(path.format(n=number), data=wrong)
            assert answer.status_code == 403, path
            assert "未作任何更改" in answer.text
    assert "待确认" in client.get(f"/incidents/{number}").text


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"},
                                     {"origin": "https://evil.test"}])  # fmt: skip
def test_forms_from_other_sites_are_refused_everywhere(house: House, headers: dict[str, str]) -> None:
    number = house.incident()
    client = house.client("publicity")
    paths = [path.format(n=number) for path in ACTS] + ["/sign-in", house.link(number, "leader")]
    for path in paths:
        answer = client.post(path, data={"csrf": "csrf-publicity"}, headers=headers)
        assert answer.status_code == 403, path
    assert house.client().get(house.link(number, "leader")).status_code == 200


def test_an_incident_of_another_unit_answers_like_one_that_does_not_exist(house: House) -> None:
    number = house.incident()
    client = house.client("other")
    hidden = client.get(f"/incidents/{number}")
    absent = client.get("/incidents/FX-2026-9999")
    assert hidden.status_code == absent.status_code == 404
    assert hidden.text.replace(number, "?") == absent.text.replace("FX-2026-9999", "?")
    assert number not in client.get("/incidents?view=all").text
    assert "<sup>" not in client.get("/me").text


def test_a_unit_that_was_assigned_the_matter_sees_it_from_then_on(house: House) -> None:
    number = house.incident()
    answer = house.client("monitor").post(
        f"/incidents/{number}/assign", data={"csrf": "csrf-monitor", "unit": "教务处"}
    )
    assert answer.status_code == 303
    assert house.client("other").get(f"/incidents/{number}").status_code == 200


def test_a_keeper_sees_only_the_accounts_that_are_theirs(house: House) -> None:
    own, strange = house.incident(), house.incident("试卷雷同", account_id="wb-jw", unit=UNIT)
    client = house.client("keeper")
    assert client.get(f"/incidents/{own}").status_code == 200
    assert client.get(f"/incidents/{strange}").status_code == 404


def test_a_route_without_a_gate_stops_the_application_from_being_made(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    careless = APIRouter()

    @careless.get("/careless")
    def page() -> str:
        return "open to all"

    monkeypatch.setattr(application, "ROUTERS", (*ROUTERS, careless))
    with pytest.raises(RuntimeError, match="/careless"):
        build(house.desk())


def test_a_post_behind_a_reading_gate_counts_as_ungated() -> None:
    careless = APIRouter()

    @careless.post("/careless", dependencies=[Depends(Only())])
    def act() -> str:
        return "no token asked"

    @careless.post("/fine", dependencies=[Depends(Open())])
    def fine() -> str:
        return "says that it is open"

    assert ungated(careless.routes) == ["/careless"]


def test_every_answer_carries_the_security_headers(house: House) -> None:
    client = house.client("monitor")
    for path in ("/desk", "/sign-in", "/static/fengxin.css", "/healthz", "/nothing", "/r/forged"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
    assert client.get("/desk").headers["cache-control"] == "no-store"
    assert client.get("/static/fengxin.css").headers["cache-control"] == "no-cache"


def test_a_body_that_is_too_large_is_refused_before_it_is_read(house: House) -> None:
    client = house.client("monitor")
    stated = client.post("/sign-in", content=b"", headers={"content-length": str(100 * 1024 * 1024)})
    assert stated.status_code == 413
    big = client.post("/sign-in", data={"name": "x" * 300_000})
    assert big.status_code == 413

    def endless() -> object:
        for _ in range(40):
            yield b"x" * 10_000

    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post("/sign-in", content=endless(), headers=kind).status_code == 413


def test_a_form_that_is_too_large_gets_a_page_with_the_way_back(house: House) -> None:
    answer = house.client("monitor").post("/leads", data={"text": "字" * 100_000}, headers={"accept": "text/html"})
    assert answer.status_code == 413
    assert answer.headers["content-type"].startswith("text/html")
    assert "content-security-policy" in answer.headers
    assert "表单上限 256 KB" in answer.text
    assert 'href="/leads"' in answer.text


@pytest.mark.parametrize(
    ("path", "back"), [("/incidents/FX-2026-0001/note", "/incidents/FX-2026-0001"), ("/leads/paste", "/leads")]
)
def test_a_form_sent_after_the_session_ended_offers_signing_in_and_the_way_back(
    house: House, path: str, back: str
) -> None:
    answer = house.client().post(path, data={"text": "写了很久"}, headers={"accept": "text/html"})
    assert answer.status_code == 401
    assert f'href="/sign-in?next={back}"' in answer.text
    assert "写了很久" not in answer.text


def test_trial_is_ended_by_an_administrator_only(house: House) -> None:
    house.on_trial()
    assert "试运行中" in house.client("monitor").get("/desk").text
    assert "/trial/end" not in house.client("monitor").get("/desk").text
    admin = house.client("admin")
    assert "/trial/end" in admin.get("/me").text
    admin.post("/trial/end", data={"csrf": "csrf-admin"})
    assert "试运行中" not in admin.get("/me").text
