"""A machine on which roles run: what another one has differently is its own.

Its name in leases and signs of life is made so by `another_name`. Kernel and process ids are those of all: no lease of
another machine may be judged by them.
"""

from __future__ import annotations

import re
import shutil
import signal
from pathlib import Path

import httpx

from deploy.role_page import WELL
from tests.kills.house import House, free_ports
from tests.live.one import One

ANOTHER_NAME = Path(__file__).parent / "another_name"


class Host:
    """A machine: its name, its folder with settings, keys and data, and its processes."""

    def __init__(self, house: House, name: str) -> None:
        """Copy to it what an operator copies: the settings, changed where machines differ, and the keys."""
        self.name, self.folder, self.port = name, house.folder / name, free_ports()
        self.file = self.folder / "fengxin.toml"
        shutil.copytree(house.file.parent / "secrets", self.folder / "secrets")
        text = house.file.read_text("utf-8").replace(f"port = {house.settings.web.port}", f"port = {self.port}", 1)
        text = re.sub(r"\[inbox\]\n(?:.+\n)+", "", text).replace('data = "."', 'data = "data"')
        self.file.write_text(re.sub(r"user_agent = .*", f'user_agent = "Fengxin on {name}"', text), "utf-8")
        self.environment = {"PYTHONPATH": f"{ANOTHER_NAME}:{Path.cwd()}", "FENGXIN_TEST_HOST": name}
        self.all: list[One] = []
        self.desk = f"http://127.0.0.1:{self.port}"

    def start(self, *roles: str) -> None:
        """One more process of each role."""
        for role in roles:
            self.all.append(One(self, role, len(self.all), environment=self.environment))

    def of(self, role: str) -> list[One]:
        """Its processes of a role."""
        return [one for one in self.all if one.role == role]

    def reads(self, role: str) -> int:
        """How many partitions it reads for a role."""
        return sum(one.reads() for one in self.of(role))

    def well(self) -> bool:
        """Whether every process and the desk say that all is well."""
        return all(WELL in one.says() for one in self.all) and self.health().status_code == 200

    def health(self) -> httpx.Response:
        """What its desk tells the school's monitoring."""
        try:
            return httpx.get(f"{self.desk}/healthz", trust_env=False, timeout=20)
        except httpx.TransportError:
            return httpx.Response(502)

    def beaten(self) -> float:
        """When its auditor last beat outside."""
        file = self.folder / "heartbeat.json"
        return file.stat().st_mtime if file.exists() else 0.0

    def die(self) -> None:
        """All of it at once, without a last word."""
        for one in self.all:
            one.process.send_signal(signal.SIGKILL)
        for one in self.all:
            one.process.wait()
