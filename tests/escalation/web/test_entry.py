"""Signing in and out."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from escalation.audit import audit_log
from escalation.web.app import build
from escalation.web.entry import own_path
from tests.escalation.web.house import PASSWORD, House, csrf


def enter(client: TestClient, name: str, password: str = PASSWORD, **more: str) -> int:
    answer = client.post("/sign-in", data={"name": name, "password": password, **more})
    return int(answer.status_code)


def test_the_right_password_opens_the_desk_and_leaves_an_audit_row(house: House) -> None:
    client = house.client()
    answer = client.post("/sign-in", data={"name": "monitor", "password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk")
    assert client.get("/desk").status_code == 200
    with house.store.read() as conn:
        own = select(audit_log.c.action).where(audit_log.c.actor == "monitor").order_by(audit_log.c.seq)
        assert conn.execute(own).scalars().all()[0] == "sign_in"


def test_cookie_is_out_of_reach_of_scripts_and_other_sites(house: House) -> None:
    answer = house.client().post("/sign-in", data={"name": "monitor", "password": PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie


def test_behind_https_the_cookie_is_bound_to_the_host(house: House) -> None:
    client = TestClient(build(dataclasses.replace(house.desk(), secure_cookies=True)), follow_redirects=False)
    answer = client.post("/sign-in", data={"name": "monitor", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-fengxin=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "strict-transport-security" in answer.headers


def test_wrong_name_and_wrong_password_get_the_same_answer(house: House) -> None:
    client = house.client()
    wrong = client.post("/sign-in", data={"name": "monitor", "password": "wrong-password"})
    nobody = client.post("/sign-in", data={"name": "nobody", "password": "wrong-password"})
    assert wrong.status_code == nobody.status_code == 401
    assert wrong.text.replace("monitor", "?") == nobody.text.replace("nobody", "?")


def test_five_failures_lock_even_the_right_password(house: House) -> None:
    client = house.client()
    for _ in range(5):
        enter(client, "monitor", "wrong-password")
    answer = client.post("/sign-in", data={"name": "monitor", "password": PASSWORD})
    assert answer.status_code == 401
    assert "锁定 15 分钟" in answer.text
    house.now += timedelta(minutes=16)
    assert enter(client, "monitor") == 303


@pytest.mark.parametrize("wanted", ["//evil.test", "/\\evil.test", "https://evil.test", "evil", "/a\nb", "/x\\y"])
def test_after_sign_in_nobody_is_sent_to_another_site(house: House, wanted: str) -> None:
    assert own_path(wanted) == ""
    answer = house.client().post("/sign-in", data={"name": "monitor", "password": PASSWORD, "next": wanted})
    assert answer.headers["location"] == "/desk"


def test_after_sign_in_the_wanted_page_opens(house: House) -> None:
    answer = house.client().get("/incidents?view=all&level=2")
    assert answer.headers["location"] == "/sign-in?next=/incidents%3Fview%3Dall%26level%3D2"
    after = house.client().post(
        "/sign-in", data={"name": "monitor", "password": PASSWORD, "next": "/incidents?view=all&level=2"}
    )
    assert after.headers["location"] == "/incidents?view=all&level=2"


def test_a_session_ends_after_a_shift_and_by_signing_out(house: House) -> None:
    client = house.client("monitor")
    house.now += timedelta(hours=7)
    assert client.get("/desk").status_code == 200
    house.now += timedelta(hours=6)
    assert client.get("/desk").status_code == 303
    client = house.client("monitor")
    token = csrf(client.get("/me").text)
    assert client.post("/sign-out", data={"csrf": token}).headers["location"] == "/sign-in"
    assert client.get("/desk").status_code == 303


def test_the_theme_is_kept_with_the_person(house: House) -> None:
    client = house.client("monitor")
    client.post("/me/theme", data={"csrf": "csrf-monitor", "theme": "night"})
    assert 'data-theme="night"' in client.get("/desk").text
    client.post("/me/theme", data={"csrf": "csrf-monitor", "theme": "evil"})
    assert 'data-theme="night"' in client.get("/desk").text


def test_overlong_and_odd_names_are_refused_like_wrong_ones(house: House) -> None:
    client = house.client()
    assert enter(client, "x" * 65) == 401
    assert enter(client, "a\x00b") == 401
    assert enter(client, "monitor", "p" * 200) == 401
