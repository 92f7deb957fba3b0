"""`fengxin run` itself: a stop within five seconds, a supervisor that is killed, a role that is; nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deploy.supervisor import STOP_SECONDS
from deploy.wiring import wanted
from tests.kills.house import House, built, end_with_us, listening, living, until
from tests.kills.proof import all_holds

pytestmark = [pytest.mark.kills, pytest.mark.long]
BUSY_S = 2.0
"""What a machine that runs other tests beside this may take longer to start and reap processes."""


class Supervised:
    """`fengxin run --settings FILE` as one process, and its children."""

    def __init__(self, house: House) -> None:
        self.house = house
        command = [sys.executable, "-m", "deploy.command", "run", "--settings", str(house.file)]
        self.out = (house.folder / "run.out").open("ab")
        self.process = subprocess.Popen(
            command, stdout=self.out, stderr=self.out, start_new_session=True,
            preexec_fn=end_with_us,  # noqa: PLW1509 (we have one thread)
        )  # fmt: skip

    def children(self) -> dict[str, int]:
        """Process ids by role."""
        found = {}
        place = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        for pid in place.read_text().split() if place.exists() else []:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
            if "deploy.role" in words:
                found[words[words.index("deploy.role") + 1]] = int(pid)
        return found

    def up(self) -> bool:
        """Whether every role of these settings has beaten."""
        assert self.process.poll() is None, (self.house.folder / "run.out").read_text("utf-8")[-3000:]
        children = self.children()
        house = self.house
        return children.keys() == set(wanted(house.settings)) and all(
            house.beaten(role, pid) for role, pid in children.items()
        )

    def end(self, number: signal.Signals) -> tuple[float, dict[str, int]]:
        """Send a signal and wait for the end; gives the seconds it took and who the children were."""
        children = self.children()
        begun = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(STOP_SECONDS + 5)
        self.out.close()
        return time.monotonic() - begun, children


@pytest.mark.timeout(400)
def test_a_supervised_house_loses_nothing_by_a_stop_nor_by_the_death_of_its_supervisor(tmp_path: Path) -> None:
    with built(tmp_path) as house:
        seconds, children = stopped_in_work(house, signal.SIGTERM)
        assert seconds <= STOP_SECONDS + BUSY_S
        assert not [role for role, pid in children.items() if living(pid)]
        print(f"\nSIGTERM: all {len(children)} roles ended within {seconds:.1f} s")

        _, children = stopped_in_work(house, signal.SIGKILL)
        until(lambda: not [role for role, pid in children.items() if living(pid)], "no child is left behind", 5)
        assert not listening(house.settings.web.port)
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
