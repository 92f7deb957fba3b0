"""The own limit of mail: what is over it waits in the outbox and leaves by itself, the gravest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from escalation.channels import Accepted, Message, Outcome, RateLimited
from escalation.channels.mail import PER_MINUTE, MailServer, Security
from escalation.notice import attempts, deliveries
from escalation.notify import Notify
from tests.escalation.channels.conftest import House
from tests.escalation.office import FOUR, Office

NOW = datetime(2026, 11, 20, 8, 32, tzinfo=UTC)
MINUTE = timedelta(seconds=60)
PATIENT: dict[str, Any] = {"connect_seconds": 5.0, "total_seconds": 8.0}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office.at(tmp_path)
    yield made
    made.store.close()


def letter(n: int, level: int, to: str = "luo@example.edu.cn") -> Message:
    return Message(f"FX-1-{n:02}", f"d-{n}", to, level, "请签收", "正文", None, "")


def waits(outcome: Outcome) -> timedelta | None:
    return outcome.retry_after if isinstance(outcome, RateLimited) else None


def test_a_quarter_of_the_mails_of_a_minute_is_kept_for_the_two_gravest_levels(house: House) -> None:
    clock = [NOW]
    mail = house.mail(lambda: clock[0], per_minute=8, **PATIENT)
    assert [waits(mail.send(letter(n, 3))) for n in range(7)] == [None] * 6 + [MINUTE]
    clock[0] += timedelta(seconds=20)
    assert [waits(mail.send(letter(n, 2))) for n in range(10, 13)] == [None, None, timedelta(seconds=40)]
    clock[0] += timedelta(seconds=40)
    assert isinstance(mail.send(letter(7, 4)), Accepted), "after a minute there is room again"
    assert len(house.demo.mailbox.newest()) == 9


def test_what_waits_says_whose_figure_the_limit_is(house: House) -> None:
    ours, schools = house.mail(lambda: NOW, **PATIENT), house.mail(lambda: NOW, per_minute=8, **PATIENT)
    assert MailServer("127.0.0.1", 25, Security.PLAIN, "f@example.edu.cn").allowance.limit == PER_MINUTE == 60
    said = [mail.send(letter(n, 1)) for mail, many in ((ours, 61), (schools, 9)) for n in range(many)]
    (first, second) = [one.reason for one in said if isinstance(one, RateLimited)]
    assert first == "本邮箱一分钟内至多发 60 封（系统默认，非校规；为Ⅰ、Ⅱ级留 15 封），已满，稍后自动重发。"
    assert second == "本邮箱一分钟内至多发 8 封（本系统设置，非校规；为Ⅰ、Ⅱ级留 2 封），已满，稍后自动重发。"


def test_what_never_leaves_takes_no_place_and_a_probe_takes_none(house: House) -> None:
    mail = house.mail(lambda: NOW, per_minute=4, **PATIENT)
    for n in range(9):
        mail.send(letter(n, 1, to="no address"))
        assert mail.probe() == Accepted("")
    assert [waits(mail.send(letter(n, 1))) for n in range(5)] == [None] * 4 + [MINUTE]


def test_too_few_mails_a_minute_are_refused_with_a_sentence() -> None:
    with pytest.raises(ValueError, match="请改大 per_minute"):
        MailServer("127.0.0.1", 25, Security.PLAIN, "f@example.edu.cn", per_minute=3)


def test_over_the_limit_everything_waits_shows_why_and_leaves_once_the_gravest_first(
    office: Office, house: House
) -> None:
    """Two matters of level Ⅲ, then one of level Ⅰ (more would be a storm): twelve mails at six a minute."""
    mail = house.mail(lambda: office.now, per_minute=6, **PATIENT)
    office.notify = Notify(office.store, office.head, {"mail": mail, "wecom_robot": office.robot}, lambda: office.now)

    def left() -> dict[int, int]:
        """How many mails of each level left."""
        return Counter(row.level for row in office.rows(deliveries, channel="mail", state="accepted"))

    for n in range(2):
        office.open(level=3, keys=(f"canteen|thread|t{n}",), member_ids=(f"w:{n}",), first_post_id=f"w:{n}")
    office.work()
    assert left() == {3: 5}
    office.open(level=1, keys=("canteen|thread|grave",), member_ids=("w:9",), first_post_id="w:9")
    office.work()
    assert left() == {1: 1, 3: 5}, "what was kept for the gravest is theirs"
    held = office.rows(deliveries, channel="mail", state="waiting")
    assert {row.next_at - office.now for row in held} == {MINUTE}
    assert all("至多发 6 封" in row.reason and "稍后自动重发" in row.reason for row in held)
    before = {(row.delivery_id, row.n) for row in office.rows(attempts)}
    office.now += MINUTE
    office.work()
    level = {row.id: row.level for row in office.rows(deliveries, channel="mail")}
    tried = [row for row in office.rows(attempts) if (row.delivery_id, row.n) not in before]
    assert [level[row.delivery_id] for row in tried if row.outcome == "accepted"] == [1, 1, 1, 3, 3]
    office.now += MINUTE
    office.work()
    assert left() == {1: 4, 3: 8}
    mails = house.demo.mailbox.newest()
    assert len(mails) == len({(one.to, one.subject) for one in mails}) == 12, "nothing is lost and nothing comes twice"
    assert {one.to.partition("@")[0] for one in mails} == FOUR
