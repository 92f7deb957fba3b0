"""A8 links: replayed, forwarded, fetched by a scanner, altered, for another step, after the end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from escalation.link import Link, Purpose, token
from escalation.notice import notices
from tests.escalation.web.house import House
from tests.escalation.web.role_table import Premises

SCANNERS = (
    {"sec-purpose": "prefetch"},
    {"sec-purpose": "prefetch;prerender"},
    {"user-agent": "Microsoft Office/16.0 (SafeLinks)"},
    {"user-agent": "WeChat Preview"},
    {"range": "bytes=0-100"},
)


def signed(house: House, number: str, who: str) -> object:
    with house.store.read() as conn:
        wanted = select(notices.c.signed_at).where(notices.c.id == house.notice(number, who))
        return conn.execute(wanted).scalar_one()


@pytest.mark.parametrize("headers", SCANNERS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"])
def test_nothing_but_a_post_signs_however_often_it_is_fetched(
    house: House, headers: dict[str, str], method: str
) -> None:
    number = house.incident()
    link, client = house.link(number, "leader"), house.client()
    for _ in range(3):
        client.request(method, link, headers=headers)
    assert signed(house, number, "leader") is None


def test_a_link_that_is_used_again_signs_once_and_shows_nothing_more(house: House) -> None:
    number = house.incident()
    link, client = house.link(number, "leader"), house.client()
    assert client.post(link).status_code == 200
    first = signed(house, number, "leader")
    house.now += timedelta(minutes=5)
    again = client.post(link)
    assert again.status_code == 410
    assert "拉肚子" not in again.text
    assert signed(house, number, "leader") == first


def test_a_forwarded_link_signs_for_its_addressee_and_for_nobody_else(premises: Premises) -> None:
    """Whoever else is signed in on that machine: the signature is the addressee's, with the address it came from."""
    house, number = premises.house, premises.number
    premises.client("another unit's").post(house.link(number, "leader"))
    with house.store.read() as conn:
        rows = {row.addressee: row for row in conn.execute(select(notices).where(notices.c.signed_at.is_not(None)))}
    assert set(rows) == {"leader"}
    assert rows["leader"].signed_by == "leader"


def test_no_part_of_a_link_can_be_altered(house: House) -> None:
    """Every character of the token, changed one at a time; and the numbers in it moved on."""
    number = house.incident()
    link, client = house.link(number, "leader"), house.client()
    head, given = link.rsplit("/", 1)
    for place in range(len(given)):
        house.now += timedelta(seconds=3)  # slower than the pace, so that each is looked at
        other = "A" if given[place] != "A" else "B"
        answer = client.post(f"{head}/{given[:place]}{other}{given[place + 1 :]}")
        if answer.status_code == 200:  # the last letter of base64 may stand for the same bytes
            assert place == len(given) - 1
    for changed in (given[:-1], given + "A", given.upper(), given[::-1], "", ".", "..", "%00"):
        house.now += timedelta(seconds=3)
        assert client.post(f"{head}/{changed}").status_code in (404, 405, 307), changed


def test_every_purpose_opens_its_own_page_and_no_other(premises: Premises) -> None:
    house, number = premises.house, premises.number
    ends = house.now + timedelta(hours=2)
    link = Link(house.notice(number, "keeper"), "keeper", ends)
    pages = {purpose: token(house.letterhead.link_key, purpose, link) for purpose in Purpose}
    client = house.client()
    assert client.get(f"/r/{pages[Purpose.SIGN]}").status_code == 200
    assert client.get(f"/k/{pages[Purpose.KEEPER]}").status_code == 410, "not before it was signed"
    client.post(f"/r/{pages[Purpose.SIGN]}")
    assert client.get(f"/k/{pages[Purpose.KEEPER]}").status_code == 200
    for purpose, given in pages.items():
        for path, own in (("/r/", Purpose.SIGN), ("/k/", Purpose.KEEPER), ("/t/", Purpose.TASK)):
            if purpose is not own:
                assert client.get(f"{path}{given}").status_code == 404, (purpose, path)


def test_a_link_ends_with_its_time_and_with_its_incident(house: House) -> None:
    number = house.incident()
    short, long = house.link(number, "leader", hours=1), house.link(number, "leader", hours=900)
    keeper = token(
        house.letterhead.link_key,
        Purpose.KEEPER,
        Link(house.notice(number, "keeper"), "keeper", house.now.replace(year=2027)),
    )
    client = house.client()
    house.now += timedelta(hours=1, seconds=1)
    assert client.post(short).status_code == 410
    desk = house.client("publicity")
    desk.post(f"/incidents/{number}/dismiss", data={"csrf": "csrf-publicity", "reason": "规则误判", "note": "看错"})
    assert client.post(long).status_code == 410
    assert signed(house, number, "leader") is None
    answer = client.post(f"/k/{keeper}/report", data={"seen": "看到", "did": "做了"})
    assert answer.status_code in (409, 410)
    assert "未作任何更改" in answer.text or answer.status_code == 410
