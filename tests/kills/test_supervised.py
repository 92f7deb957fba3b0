"""`fengxin run` itself: a stop within five seconds, a supervisor that is killed, a role that is; nothing is lost."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from deploy.supervisor import STOP_SECONDS
from tests.kills.house import House, built, listening, living, until
from tests.kills.proof import all_holds
from tests.kills.supervised import Supervised

pytestmark = [pytest.mark.kills, pytest.mark.long]
BUSY_S = 2.0
"""What a machine that runs other tests beside this may take longer to start and reap processes."""


@pytest.mark.timeout(400)
def test_a_supervised_house_loses_nothing_by_a_stop_nor_by_the_death_of_its_supervisor(tmp_path: Path) -> None:
    with built(tmp_path) as house:
        seconds, children = stopped_in_work(house, signal.SIGTERM)
        assert seconds <= STOP_SECONDS + BUSY_S
        assert not [role for role, pid in children.items() if living(pid)]
        print(f"\nSIGTERM: all {len(children)} roles ended within {seconds:.1f} s")

        _, children = stopped_in_work(house, signal.SIGKILL)
        until(lambda: not [role for role, pid in children.items() if living(pid)], "no child is left behind", 5)
        until(lambda: not listening(house.settings.web.port), "nobody holds the port of the desk", 5)
        for role, pid in children.items():
            house.end_leases(role, pid)

        supervised = Supervised(house)
        until(supervised.up, "every role beats again")
        killed = supervised.children()["watch"]
        house.wave(3)
        house.chat(10)
        house.poll_now()
        os.kill(killed, signal.SIGKILL)
        until(lambda: supervised.children().get("watch", killed) != killed, "the supervisor starts the watch again")
        house.settle()
        supervised.end(signal.SIGTERM)
        all_holds(house)


def stopped_in_work(house: House, number: signal.Signals) -> tuple[float, dict[str, int]]:
    """Run the house, and end it by a signal while comments are on their way."""
    supervised = Supervised(house)
    until(supervised.up, "every role beats")
    house.wave(4)
    house.chat(40)
    house.poll_now()
    until(lambda: house.lag("assess") or house.lag("watch"), "work in flight")
    return supervised.end(number)
