"""How often within a minute: whoever is over it is told how long to wait, and nothing is changed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from escalation.keeper import reports
from escalation.web.pace import BAD_LINKS, LEADS, LINK_ACTS, SIGN_INS, Pace, TooOften
from tests.escalation.web.house import NOW, House


def test_so_many_a_minute_each_for_themselves_and_the_wait_is_until_the_oldest_is_over() -> None:
    pace = Pace(3)
    assert [pace.wait("a", NOW + timedelta(seconds=n)) for n in (0, 10, 20)] == [0, 0, 0]
    assert pace.wait("b", NOW + timedelta(seconds=20)) == 0
    assert pace.wait("a", NOW + timedelta(seconds=30)) == 30
    assert pace.wait("a", NOW + timedelta(seconds=59.5)) == 1
    assert pace.wait("a", NOW + timedelta(seconds=61)) == 0, "what was refused did not count"
    with pytest.raises(TooOften, match=r"^录入过于频繁：每分钟至多 3 次，请 8 秒后再试。未作任何更改。$"):
        pace.keep("a", "录入", NOW + timedelta(seconds=62))


def test_many_strangers_do_not_fill_the_memory() -> None:
    pace = Pace(1)
    for n in range(25_000):
        pace.wait(str(n), NOW)
    assert len(pace._at) <= 10_001


def test_signing_in_is_refused_with_the_seconds_to_wait(house: House) -> None:
    client = house.client()
    for n in range(SIGN_INS):
        assert client.post("/sign-in", data={"name": f"n{n}", "password": "wrong-wrong"}).status_code == 401
    house.now += timedelta(seconds=15)
    answer = client.post("/sign-in", data={"name": "monitor", "password": "wrong-wrong"})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "45")
    assert "每分钟至多 20 次，请 45 秒后再试" in answer.text


def test_who_guesses_links_is_stopped_and_a_good_link_opens_all_the_same(house: House) -> None:
    number, client = house.incident(), house.client()
    good = house.link(number, "leader")
    for n in range(BAD_LINKS):
        assert client.get(f"/{'rktv'[n % 4]}/guess-{n}").status_code == 404
    for path in ("/r/guess", "/k/guess", "/t/guess", "/v/guess"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "60"), path
        assert "打开无效链接过于频繁：每分钟至多 30 次，请 60 秒后再试。未作任何更改。" in answer.text
    assert client.get(good).status_code == 200, "a neighbour's guessing holds nobody up"
    house.now += timedelta(seconds=61)
    assert client.get("/r/guess").status_code == 404


def test_one_link_writes_down_only_so_much_in_a_minute(house: House) -> None:
    number = house.incident()
    client = house.client()
    assert client.post(house.link(number, "keeper")).status_code == 200
    mine = house.client("keeper").get("/me").text
    path = "/k/" + mine.split('href="/k/', 1)[1].split('"', 1)[0]
    for n in range(LINK_ACTS):
        assert client.post(f"{path}/report", data={"seen": f"第 {n} 次"}).status_code == 303
    answer = client.post(f"{path}/report", data={"seen": "再来一次"})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    assert "用这个链接登记过于频繁" in answer.text
    with house.store.read() as conn:
        assert conn.execute(select(func.count()).select_from(reports)).scalar_one() == LINK_ACTS


def test_leads_beyond_the_pace_are_refused_with_what_was_typed_kept(house: House) -> None:
    client = house.client("monitor")
    form = {"csrf": "csrf-monitor", "text": "食堂涨价了", "account": "wx-hq"}
    codes = {client.post("/leads", data=form | {"text": f"食堂涨价了 {n}"}).status_code for n in range(LEADS)}
    assert 429 not in codes
    answer = client.post("/leads", data=form | {"text": "最后一条"})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    for words in ("每分钟至多录入 30 次", "未录入任何内容", "请 60 秒后再试", "最后一条"):
        assert words in answer.text, words
    assert client.post("/leads/paste", data={"csrf": "csrf-monitor", "rows": "原文\n甲"}).status_code == 429
