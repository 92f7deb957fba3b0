"""The page behind a digest: every notice of it by its own way, one person's alone, and opening it signs nothing."""

from __future__ import annotations

import re
from datetime import timedelta

from sqlalchemy import select

from escalation.notice import deliveries, notices
from escalation.notify import Notify
from tests.escalation.web.house import House


def storm(house: House) -> str:
    """Six incidents at once; gives the path of the leader's digest."""
    for n in range(6):
        house.incident(f"事由之{n}", level=3)
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
