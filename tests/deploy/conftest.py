"""Fixtures of the room: a role alone, and Debian's promtool, skipped on a laptop and demanded where engines are."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from deploy import installation, waiting
from deploy.settings import load
from deploy.starting import tables
from tests.acceptance.standing import eventually

REQUIRED = os.environ.get("FENGXIN_LIVE") == "required" or os.environ.get("CI") == "true"
MISSING = "live engine missing: promtool (apt install prometheus)"


@pytest.fixture(autouse=True)
def _just_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if this process had only just started: it waits for nothing yet, and no loop has begun."""
    monkeypatch.setattr(waiting, "_state", waiting._State())


@pytest.fixture(scope="session")
def promtool() -> str:
    """Where it is; `prometheus` lies beside it."""
    found = shutil.which("promtool")
    if found is None and REQUIRED:
        pytest.fail(MISSING, pytrace=False)
    if found is None:
        pytest.skip(MISSING)
    return found


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@dataclass(frozen=True)
class Alone:
    """A role that runs by itself, and where its page is."""

    address: str
    process: subprocess.Popen[str]

    def well(self) -> bool:
        """Whether its page says so. Fails where the process ended."""
        assert self.process.poll() is None, self.process.communicate()[0]
        with suppress(httpx.HTTPError):
            return httpx.get(f"http://{self.address}/healthz", timeout=5).status_code == 200
        return False


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Alone]:
    """The watch of a demo, run by itself as an operator would; it is well."""
    file = installation.write_demo(tmp_path / "demo", 8700, datetime.now(UTC))
    tables(load(file))
    address = f"127.0.0.1:{free_port()}"
    typed = ["run", "watch", "--settings", str(file), "--metrics", address]
    command = [sys.executable, "-c", "from deploy.command import main; main()", *typed]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        made = Alone(address, process)
        eventually("the role is well", made.well, 120)
        yield made
    finally:
        process.terminate()
        process.communicate(timeout=60)
