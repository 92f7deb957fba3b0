"""The clock of the machine on which the roles run is set two hours forward and put right again, while comments flow.

The engines stand on other machines, whose clocks are right. The clock is moved under running processes by libfaketime:
its file says by how much.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select

from escalation.alert import alerts
from escalation.notice import NoticeKind, notices
from stream.coverage import sources
from tests.kills.house import House, built, until
from tests.kills.proof import all_holds
from tests.kills.supervised import Supervised
from tests.live.elasticsearch import Elasticsearch
from tests.live.engines import EngineMissing, Kafka, Postgres
from tests.live.flood import flood
from tests.live.river import River
from tests.live.test_faults import GREEN_S, ended, green

pytestmark = [pytest.mark.live, pytest.mark.long]
COMMENTS = 6_000
JUMP = timedelta(hours=2)
LIBRARIES = Path("/usr/lib")


class Clock:
    """The clock of the machine with the roles."""

    def __init__(self, folder: Path) -> None:
        found = sorted(LIBRARIES.glob("*/faketime/libfaketimeMT.so.1"))
        if not found:
            raise EngineMissing("libfaketime（Debian/Ubuntu：apt install libfaketime）")
        self.file = folder / "clock"
        self.put_right()
        self.environment = {
            "LD_PRELOAD": str(found[0]), "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
        }  # fmt: skip

    def put_forward(self, by: timedelta) -> None:
        """Set it so much ahead."""
        self.file.write_text(f"+{by.total_seconds():.0f}\n")

    def put_right(self) -> None:
        """Set it to what it is."""
        self.file.write_text("+0\n")


def rung(house: House) -> list[str]:
    """What rang because the clock was set, in order."""
    with house.store.read() as conn:
        found = conn.execute(select(alerts.c.words).where(alerts.c.cause.startswith("jump:")).order_by(alerts.c.id))
        return list(found.scalars())


def looked_at(house: House, since: datetime) -> bool:
    """Whether the main account was looked at after `since`, and by a clock that is right."""
    with house.store.read() as conn:
        tried = conn.execute(select(sources.c.last_try).where(sources.c.last_try.is_not(None))).scalars().all()
    return any(since <= at <= datetime.now(UTC) + timedelta(minutes=1) for at in tried)


@pytest.mark.timeout(900)
def test_a_clock_that_jumps_two_hours_forward_and_back_loses_repeats_and_chases_nothing(
    tmp_path: Path, empty_kafka: Kafka, postgres: Postgres, elasticsearch: Elasticsearch
) -> None:
    clock = Clock(tmp_path)
    urls = empty_kafka.url, postgres.database(), elasticsearch.place(f"j{uuid4().hex[:12]}")
    with built(tmp_path, *urls) as house, ended(Supervised(house, clock.environment)) as supervised:
        account, now = house.settings.roster.accounts[0].key, datetime.now(UTC)
        posts = list(flood(COMMENTS, house.settings.school.code, account, now))
        house.truth |= {post.id: post.text for post in posts}
        until(supervised.up, "every role beats")
        until(lambda: green(house), "the house is green", GREEN_S)
        children = supervised.children()
        river = River(house, posts)
        river.start()
        for part, (set_clock, rings) in enumerate(
            ((lambda: None, 0), (lambda: clock.put_forward(JUMP), 1), (clock.put_right, 2)), start=1
        ):
            house.wave(2)
            house.poll_now()
            river.may = COMMENTS * part // 4
            until(lambda part=part: river.said >= COMMENTS * part // 4, "the log takes comments")
            set_clock()
            until(lambda rings=rings: len(rung(house)) == rings, "the jump rings")
        right = datetime.now(UTC)
        house.wave(2)
        until(lambda: looked_at(house, right), "the platforms are looked at again, without a hand", 120)
        river.may = COMMENTS
        river.join(300)
        house.settle(300)
        until(lambda: green(house), "the house is green", GREEN_S)
        forward, back = rung(house)
        assert "快了 2 小时" in forward
        assert "慢了 2 小时" in back
        with house.store.read() as conn:
            kinds = set(conn.execute(select(notices.c.kind)).scalars())
        assert not kinds & {NoticeKind.REMINDER, NoticeKind.ESCALATED}, "nobody is chased for a clock"
        assert supervised.children() == children, "no role was taken for dead"
        all_holds(house)
    assert river.said == COMMENTS
