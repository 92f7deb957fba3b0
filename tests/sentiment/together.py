"""Processes that start at the same moment, as the roles of a service do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROCESSES = 4


def printed_together(script: str, cache: Path) -> list[str]:
    """What each of PROCESSES that run this script at once prints, with this cache directory."""
    environment = os.environ | {"XDG_CACHE_HOME": str(cache)}
    running = [
        subprocess.Popen([sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    return [process.communicate(timeout=120)[0].strip() for process in running]
