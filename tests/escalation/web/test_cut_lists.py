"""A list that is cut is cut at its end: what waits for somebody stands on it, and its heading counts all."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, update

from escalation import people, user
from escalation.notice import notices
from escalation.people import Held, Person, Role
from escalation.permit import permits
from escalation.web import call_tasks, me, voice
from escalation.web.call_tasks import open_tasks
from escalation.web.frozen import Frozen
from escalation.web.queue_view import Filter, queue_of
from escalation.web.scope import scope_of
from stream import account
from stream.account import Account
from tests.escalation.office import Office
from tests.escalation.web.house import SCHOOL, House


def test_who_has_signed_much_still_sees_what_is_to_be_signed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(me, "SHOWN", 2)
    numbers = []
    for n in range(4):
        house.now += timedelta(minutes=1)
        numbers.append(house.incident(f"第{n}件", level=4, comments=1))
    with house.store.write() as conn:
        for number in numbers[:-1]:
            signed = notices.c.id == house.notice(number, "school")
            conn.execute(update(notices).where(signed).values(signed_at=house.now, signed_by="school"))
    page = house.client("school").get("/me").text
    waiting = page.partition("待我签收")[2].partition("已签收，事件未了结")[0]
    assert numbers[-1] in waiting
    assert "没有等您签收的通知" not in page
    assert page.count("2 件</span>") == 1, "of what was signed the newest are listed"


@pytest.mark.parametrize("wanted", [Filter(), Filter(view="all"), Filter(platform="theirs")])
def test_a_queue_that_is_cut_keeps_what_is_due_first_and_counts_all(house: House, wanted: Filter) -> None:
    for n in range(4):
        house.incident(f"第{n}件", level=3, comments=1)
        house.now += timedelta(minutes=10)
    token = house.session("monitor")
    with house.store.read() as conn:
        who = user.recognise(conn, token, house.now)
        assert who is not None
        scope = scope_of(conn, who, house.now)
        if wanted.platform:
            (theirs,) = queue_of(conn, Frozen(), SCHOOL, scope, Filter(), house.now).platforms
            wanted = Filter(platform=theirs)
        whole = queue_of(conn, Frozen(), SCHOOL, scope, wanted, house.now)
        cut = queue_of(conn, Frozen(), SCHOOL, scope, wanted, house.now, limit=2)
    assert [one.number for one in cut.lines] == [one.number for one in whole.lines][:2]
    assert cut.lines[0].number.endswith("-0001")
    assert cut.total == whole.total == 4


def test_every_incident_that_is_held_is_counted_however_many_are_listed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice, "SHOWN", 1)
    for n in range(3):
        house.incident(f"第{n}件", level=1, comments=1)
    page = house.client("publicity").get("/statements").text
    assert "3 件事件暂停发声中" in page
    assert page.count('class="voices__row') == 1


def test_a_page_asks_no_more_for_more_accounts(tmp_path: Path) -> None:
    """The list of holds and statements, one of them, the permits and the submissions."""

    def asked_for(more: int) -> dict[str, int]:
        house = House.at(tmp_path / str(more))
        with house.store.write() as conn:
            account.enter(
                conn,
                [
                    Account(SCHOOL, f"a{n}", "weibo", f"号{n}", f"n{n}", f"单位{n}", "api", house.now)
                    for n in range(more)
                ],
            )
            persons = [Person(SCHOOL, f"p{n}", f"人{n}", "", f"单位{n}", f"p{n}@x.example", "138") for n in range(more)]
            people.enter(conn, persons, [Held(Role.KEEPER, f"a{n}", f"p{n}") for n in range(more)])
            conn.execute(permits.insert(), [
                {"school": SCHOOL, "number": f"SQ-2026-9{n:03}", "account_id": f"a{n}", "unit": f"单位{n}",
                 "subject": "放假", "text": "文", "text_hash": "x", "planned": "", "why": "由", "asked_by": f"p{n}",
                 "asked_at": house.now, "office": "党委宣传部", "basis": "第七条", "state": "asked"}
                for n in range(more)
            ])  # fmt: skip
        number = house.incident("一件", level=1, comments=1)
        counts: dict[str, int] = {}
        for path in ("/statements", f"/statements/{number}", "/permits", "/submissions"):
            client = house.client("publicity")
            client.get(path)
            seen: list[str] = []

            def count(_conn: object, _cursor: object, statement: str, *_: object, seen: list[str] = seen) -> None:
                seen.append(statement)

            event.listen(house.store.engine, "before_cursor_execute", count)
            assert client.get(path).status_code == 200
            event.remove(house.store.engine, "before_cursor_execute", count)
            counts[path] = len(seen)
        house.store.close()
        return counts

    few, many = asked_for(2), asked_for(30)
    assert {path: many[path] - few[path] for path in many} == dict.fromkeys(many, 0)


def test_phone_tasks_cost_no_query_each_and_the_gravest_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = {"email": ""}
    office = Office.at(tmp_path, leader=nowhere, keeper=nowhere, publicity=nowhere, school=nowhere)
    monkeypatch.setattr(call_tasks, "SHOWN", 3)
    for n in range(5):
        office.open(level=2 if n == 4 else 3, keys=(f"k{n}",), member_ids=(f"w{n}",), first_post_id=f"w{n}")
    asked: list[str] = []

    def count(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(office.store.engine, "before_cursor_execute", count)
    with office.store.read() as conn:
        shown = open_tasks(conn, SCHOOL, office.now)
        assert call_tasks.count_open(conn, SCHOOL) == 20
    assert [one.level for one in shown] == [2, 2, 2]
    assert all(one.words for one in shown)
    assert len([one for one in asked if one.lstrip().startswith("SELECT")]) == 3
    office.store.close()
