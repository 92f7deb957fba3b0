"""The clock of the machine on which the roles run is set two hours forward and put right again, while comments flow.

The engines stand on other machines, whose clocks are right. A file says by how much the clock is off (`wrong_clock`).
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from functools import partial
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
from tests.live.engines import Kafka, Postgres
from tests.live.flood import flood
from tests.live.river import River
from tests.live.test_faults import GREEN_S, ended, green

pytestmark = [pytest.mark.live, pytest.mark.long]
COMMENTS = 6_000
JUMP = timedelta(hours=2)
ABOUT_TWO_HOURS = "(2 小时|1 小时 59 分钟)"
"""Whole minutes are told, and a look at the clock is some seconds late."""
WAYS = {True: "two hours ahead", False: "put right"}
WRONG_CLOCK = Path(__file__).parent / "wrong_clock"


class Clock:
    """The clock of the machine with the roles."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "clock"
        self.be_ahead(timedelta(0))
        self.environment = {"PYTHONPATH": f"{WRONG_CLOCK}:{Path.cwd()}", "FENGXIN_TEST_CLOCK": str(self.file)}

    def be_ahead(self, by: timedelta) -> None:
        """Set it so much ahead of what it is; nothing puts it right."""
        self.file.write_text(f"{by.total_seconds():.0f}")


def rung(house: House) -> list[str]:
    """What rang because the clock was set, in order."""
    with house.store.read() as conn:
        found = conn.execute(select(alerts.c.words).where(alerts.c.cause.startswith("jump:")).order_by(alerts.c.id))
        return list(found.scalars())


def has_rung(house: House, times: int) -> bool:
    """Whether so many jumps were noticed."""
    return len(rung(house)) == times


def has_said(river: River) -> bool:
    """Whether the log has all comments that may be said so far."""
    return river.said >= river.may


def looked_at(house: House, since: datetime) -> bool:
    """Whether a source was looked at after `since`, and by a clock that is right."""
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
        taken: list[tuple[str, float]] = []
        for part, ahead in enumerate((timedelta(0), JUMP, timedelta(0))):
            clock.be_ahead(ahead)
            begun = time.monotonic()
            until(partial(has_rung, house, part), "the jump rings")
            if part:
                taken.append((f"{WAYS[ahead > timedelta(0)]}: told at the desk", time.monotonic() - begun))
            house.wave(2)
            house.poll_now()
            river.may = COMMENTS * (part + 1) // 4
            until(partial(has_said, river), "the log takes comments")
        right, begun = datetime.now(UTC), time.monotonic()
        house.wave(2)
        until(lambda: looked_at(house, right), "the platforms are looked at again, without a hand", 120)
        taken.append(("put right: the platforms are looked at again", time.monotonic() - begun))
        river.may = COMMENTS
        river.join(300)
        house.settle(300)
        until(lambda: green(house), "the house is green", GREEN_S)
        forward, back = rung(house)
        assert re.search(f"快了 {ABOUT_TWO_HOURS}", forward), forward
        assert re.search(f"慢了 {ABOUT_TWO_HOURS}", back), back
        with house.store.read() as conn:
            kinds = set(conn.execute(select(notices.c.kind)).scalars())
        assert not kinds & {NoticeKind.REMINDER, NoticeKind.ESCALATED}, "nobody is chased for a clock"
        assert supervised.children() == children, "no role was taken for dead"
        all_holds(house)
    print("\n| clock | after, s |\n|---|---|")
    for what, seconds in taken:
        print(f"| {what} | {seconds:.1f} |")
    assert river.said == COMMENTS
