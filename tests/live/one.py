"""One process of a role, started by its command as on a machine of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import httpx

from stream.standing_by import STANDS_BY
from tests.kills.house import end_with_us
from tests.live.engines import free_ports


class Place(Protocol):
    """An installation's folder, where logs and marks are left, and its settings file."""

    folder: Path
    file: Path


def command(place: Place, *typed: str, given: str = "") -> str:
    """What a command says that is done at once and must succeed; `given` is typed in."""
    line = [sys.executable, "-m", "deploy.command", *typed, "--settings", str(place.file)]
    done = subprocess.run(line, input=given, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class One:
    """One process of a role with its own page, started as a person starts it."""

    def __init__(
        self, place: Place, role: str, number: int = 1, paused_at: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        """`paused_at`: a point of `stream.kill_point`; whichever of its role comes there first stops. `environment`:
        what the process finds in its own besides ours."""
        self.role, self.name = role, f"{role}{number}"
        (port,) = free_ports(1)
        self.page = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=10)
        self.out = place.folder / f"{self.name}.out"
        mark = place.folder / f"mark.{role}"
        paused = {"FENGXIN_KILL_AT": paused_at, "FENGXIN_KILL_WITH": "SIGSTOP", "FENGXIN_KILL_MARK": str(mark)}
        env = {**os.environ, "PYTHONUNBUFFERED": "1", **paused, **(environment or {})}
        command = [sys.executable, "-m", "deploy.command", "run", role, "--settings", str(place.file)]
        with self.out.open("ab") as out:
            self.process = subprocess.Popen(
                [*command, "--metrics", f"127.0.0.1:{port}"], stdout=out, stderr=out, env=env, start_new_session=True,
                preexec_fn=end_with_us,  # noqa: PLW1509 (we have one thread)
            )  # fmt: skip

    def says(self) -> str:
        """Its page; empty where it does not answer."""
        assert self.process.poll() is None, f"{self.name} ended:\n{self.written()[-3000:]}"
        try:
            return self.page.get("/healthz").text
        except httpx.TransportError:
            return ""

    def reads(self) -> int:
        """How many partitions of its role's first topic it says it reads."""
        lines = [line for line in self.says().splitlines() if line.startswith(f"{self.role}：正在读分区 ")]
        return sum(line.count("、") + 1 for line in lines)

    def stands_by(self) -> bool:
        """Whether it says that it stands by."""
        return STANDS_BY.format(reader=self.role) in self.says()

    def stopped(self) -> bool:
        """Whether it was paused."""
        return Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    def written(self) -> str:
        """Its log."""
        return self.out.read_text("utf-8", "replace")

    def send(self, number: signal.Signals) -> None:
        """Send it a signal; a deadly one is waited for."""
        self.process.send_signal(number)
        if number in (signal.SIGKILL, signal.SIGTERM):
            self.process.wait(60)
