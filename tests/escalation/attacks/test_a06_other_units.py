"""A6 IDOR between units: what is another unit's does not exist, on no page, in no list, in no answer."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from escalation import keeper
from escalation.incident import Actor, incidents
from escalation.keeper import contacts
from escalation.link import Link, Purpose, token
from escalation.people import Role
from tests.escalation.web.house import House
from tests.escalation.web.role_table import NAMES, Premises, rows, verdict

STRANGERS = ("another unit's", "another account's")
TITLE = "不该让外单位看见的标题"
OPEN_TO_ALL = frozenset(
    {"/reports", "/reports/{week}", "/reports/{week}/items/{what:path}", "/reports/{week}/trend.svg"}
)
"""The weekly report is read by everybody who may sign in; it quotes no comment and its links answer 404."""


@pytest.mark.parametrize("column", STRANGERS)
def test_no_page_of_a_stranger_names_the_incident(premises: Premises, column: str) -> None:
    number = premises.house.incident(TITLE)
    client, seen = premises.client(column), 0
    for (method, path), cells in rows().items():
        if method != "GET" or not cells[column].opens or path in OPEN_TO_ALL or "{given}" in path:
            continue
        answer = premises.ask(client, method, path, number, "")
        said = answer.text
        assert TITLE not in said, path
        if answer.status_code != 404 and path != "/me":  # 404 repeats what was asked; a hold tells every keeper
            assert number not in said, path
        assert "拉肚子" not in said, path
        seen += 1
    assert seen >= 5


@pytest.mark.parametrize("column", STRANGERS)
def test_a_hidden_incident_answers_exactly_like_one_that_does_not_exist(premises: Premises, column: str) -> None:
    number, absent = premises.house.incident(TITLE), "FX-2026-9999"
    client, tried = premises.client(column), 0
    for (method, path), cells in rows().items():
        if "{number}" not in path or cells[column].said != "404":
            continue
        csrf = f"csrf-{NAMES[column]}"
        real = premises.ask(client, method, path, number, csrf)
        where = premises.address(path, number).replace(number, absent)
        none = client.get(where) if method == "GET" else client.post(where, data={"csrf": csrf})
        assert real.status_code == none.status_code == 404
        assert real.text.replace(number, "?") == none.text.replace(absent, "?"), path
        tried += 1
    assert tried >= 2


def test_a_unit_leader_cannot_reach_into_another_incident_through_the_own_one(premises: Premises) -> None:
    """A telephone task of one incident under the address of another; a contact of one under the link of another."""
    house = premises.house
    own = premises.incident()
    client = premises.client("publicity")
    call = premises.address("/incidents/{number}/calls/{call_id}", premises.number).rpartition("/")[2]
    before = premises.trace()
    answer = client.post(f"/incidents/{own}/calls/{call}", data={"csrf": "csrf-publicity", "outcome": "reached"})
    assert answer.status_code == 404
    assert premises.trace() == before

    foreign = house.incident("试卷雷同", account_id="wb-jw", unit="教务处")
    with house.store.write() as conn:
        incident = conn.execute(select(incidents.c.id).where(incidents.c.number == foreign)).scalar_one()
        actor = Actor("stranger", "郑一", frozenset({Role.KEEPER}))
        keeper.contact(conn, incident, actor, house.now, platform="微博", way="电话", asked="请核实")
        contact = conn.execute(select(contacts.c.id).where(contacts.c.incident_id == incident)).scalar_one()
    link = premises.address("/k/{given}", own)
    answer = house.client().post(f"{link}/contacts/{contact}", data={"answer": "已删除"})
    assert answer.status_code in (404, 409, 410)
    with house.store.read() as conn:
        assert conn.execute(select(contacts.c.answer).where(contacts.c.id == contact)).scalar_one() is None


def test_a_link_for_the_notice_of_another_person_opens_nothing(premises: Premises) -> None:
    """Even one that is rightly signed: notice and person must belong together."""
    house = premises.house
    theirs = house.notice(premises.number, "publicity")
    made = token(house.letterhead.link_key, Purpose.SIGN, Link(theirs, "keeper", house.now.replace(year=2027)))
    answer = house.client().get(f"/r/{made}")
    assert answer.status_code == 403
    assert not re.search("拉肚子|腹泻", answer.text)


def test_counts_and_search_of_a_stranger_say_nothing_of_it(house: House) -> None:
    premises = Premises(house)
    before = premises.client("another unit's").get("/incidents?view=all").text
    for n in range(4):
        house.incident(f"{TITLE}{n}", level=1)
    after = premises.client("another unit's").get("/incidents?view=all").text
    assert re.findall(r"\d+ 件", before) == re.findall(r"\d+ 件", after)
    assert verdict(premises.client("another unit's").get("/search?q=拉肚子")) == "403"
    for query in (f"q={TITLE}", "q=%25", "level=1", "view=all&platform=wechat"):
        assert TITLE not in premises.client("another unit's").get(f"/incidents?{query}").text.replace(
            f'value="{TITLE}"', ""
        )
