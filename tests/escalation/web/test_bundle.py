"""The page behind a digest: every notice of it by its own way, one person's alone, and opening it signs nothing."""

from __future__ import annotations

import re
from datetime import timedelta

from sqlalchemy import func, select

from escalation import handling
from escalation.deed import incident_of
from escalation.incident import incidents
from escalation.notice import deliveries, notices
from escalation.notify import Notify
from escalation.task import TaskKind, tasks
from escalation.task.setting import leader_of, set_task
from tests.escalation.office import IN_LEAD, ON_DESK
from tests.escalation.web.house import House


def storm(house: House) -> str:
    """Six incidents at once; gives the path of the leader's digest."""
    for n in range(6):
        house.incident(f"事由之{n}", level=3)
    return digest_of(house)


def digest_of(house: House) -> str:
    """What waits leaves; gives the path of the leader's digest."""
    desk = house.desk()
    sent: list[str] = []
    mail = desk.channels["mail"]
    send = mail.send

    def noted(message):  # type: ignore[no-untyped-def]
        if message.to == "leader@school.test":
            sent.append(message.url)
        return send(message)

    mail.send = noted  # type: ignore[method-assign]
    worker = Notify(house.store, house.letterhead, desk.channels, lambda: house.now)
    while worker.step():
        pass
    (url,) = sent
    return url.removeprefix(house.letterhead.public_url)


def test_each_notice_is_signed_by_its_own_way_one_by_one(house: House) -> None:
    path = storm(house)
    page = house.client().get(path).text
    ways = re.findall(r'href="(/r/[^"]+)"', page)
    assert len(ways) == 6
    assert all(f"事由之{n}" in page for n in range(6))
    with house.store.read() as conn:
        mine = select(notices).where(notices.c.addressee == "leader")
        assert {(row.opened_at, row.signed_at) for row in conn.execute(mine)} == {(None, None)}
    assert house.client().post(ways[0]).status_code == 200
    page = house.client().get(path).text
    assert len(re.findall(r'href="(/r/[^"]+)"', page)) == 5
    assert "已签收" in page
    assert "待签收 5 份" in page


def test_a_digests_link_is_one_persons_for_a_day_and_for_this_purpose_alone(house: House) -> None:
    path = storm(house)
    token = path.removeprefix("/b/")
    assert house.client().get(f"/r/{token}").status_code == 404
    assert house.client().get(f"/b/{token[:-2]}xx").status_code == 404
    house.now += timedelta(hours=25)
    assert house.client().get(path).status_code == 410
    house.now -= timedelta(hours=25)
    with house.store.read() as conn:
        whose = conn.execute(
            select(notices.c.addressee).join(deliveries, deliveries.c.notice_id == notices.c.id)
            .where(deliveries.c.address == "leader@school.test").distinct()
        ).scalars().all()  # fmt: skip
    assert whose == ["leader"]


def quiet_hour(house: House) -> list[int]:
    """Six incidents of which everybody was told, some minutes ago; gives their ids."""
    storm(house)
    house.now += timedelta(minutes=5)
    with house.store.read() as conn:
        return list(conn.execute(select(incidents.c.id).order_by(incidents.c.id)).scalars())


def test_each_task_of_a_digest_is_reached_and_answered_from_its_page(house: House) -> None:
    for incident_id in quiet_hour(house):
        with house.store.write() as conn:
            row = incident_of(conn, incident_id)
            set_task(
                conn, house.letterhead, row, TaskKind.FACTS, leader_of(row.unit), IN_LEAD, house.now, "请书面说明情况"
            )
    path = digest_of(house)
    page = house.client().get(path).text
    ways = re.findall(r'href="(/t/[^"]+)"', page)
    assert len(set(ways)) == 6
    assert page.count("查看并答复") == 6
    assert "待办理 6 份，请逐份打开办理。" in page
    assert "都已办妥" not in page
    assert "请书面说明情况" in house.client().get(ways[0]).text
    with house.store.write() as conn:
        newest = conn.execute(select(func.max(tasks.c.id)).where(tasks.c.kind == TaskKind.FACTS)).scalar_one()
        conn.execute(tasks.update().where(tasks.c.id == newest).values(state="answered"))
    page = house.client().get(path).text
    assert "待办理 5 份" in page
    assert "已办理" in page


def test_a_reminder_in_a_digest_leads_to_the_notice_it_reminds_of(house: House) -> None:
    for incident_id in quiet_hour(house):
        with house.store.write() as conn:
            handling.remind(conn, house.letterhead, incident_id, ON_DESK, house.now)
    path = digest_of(house)
    page = house.client().get(path).text
    ways = re.findall(r'href="(/r/[^"]+)"', page)
    assert len(ways) == 6
    assert "待签收 6 份，请逐份打开签收。" in page
    assert house.client().post(ways[0]).status_code == 200
    with house.store.read() as conn:
        mine = (notices.c.addressee == "leader") & notices.c.signed_at.is_not(None)
        assert conn.execute(select(notices.c.kind).where(mine)).scalars().all() == ["first"]
    page = house.client().get(path).text
    assert "待签收 5 份" in page
    assert "已签收" in page
