"""`fengxin run` as an operator starts it: one process, and its children by role."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from deploy.supervisor import STOP_SECONDS
from deploy.wiring import wanted
from tests.kills.house import House, end_with_us


class Supervised:
    """`fengxin run --settings FILE` as one process, and its children."""

    def __init__(self, house: House, environment: Mapping[str, str] | None = None) -> None:
        """`environment`: what its processes find in theirs besides ours."""
        self.house = house
        command = [sys.executable, "-m", "deploy.command", "run", "--settings", str(house.file)]
        self.out = (house.folder / "run.out").open("ab")
        self.process = subprocess.Popen(
            command, stdout=self.out, stderr=self.out, start_new_session=True,
            env=os.environ | dict(environment or {}), preexec_fn=end_with_us,  # noqa: PLW1509 (we have one thread)
        )  # fmt: skip

    def children(self) -> dict[str, int]:
        """Process ids by role."""
        found = {}
        place = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        for pid in place.read_text().split() if place.exists() else []:
            words: list[str] = []
            with suppress(FileNotFoundError, ProcessLookupError):  # it may end between the two looks
                words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
            if "deploy.role" in words:
                found[words[words.index("deploy.role") + 1]] = int(pid)
        return found

    def up(self) -> bool:
        """Whether every role of these settings has beaten."""
        assert self.process.poll() is None, self.said()[-3000:]
        children = self.children()
        house = self.house
        return children.keys() == set(wanted(house.settings)) and all(
            house.beaten(role, pid) for role, pid in children.items()
        )

    def said(self) -> str:
        """What they wrote on their terminal."""
        return (self.house.folder / "run.out").read_text("utf-8")

    def end(self, number: signal.Signals) -> tuple[float, dict[str, int]]:
        """Send a signal and wait for the end; gives the seconds it took and who the children were."""
        children = self.children()
        begun = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(STOP_SECONDS + 5)
        self.out.close()
        return time.monotonic() - begun, children
