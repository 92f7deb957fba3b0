"""One role as one process: `python -m deploy.role NAME --settings FILE [--parent PID]`. The supervisor starts these."""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
from pathlib import Path

PR_SET_PDEATHSIG = 1


def end_with(parent: int) -> None:
    """Have the kernel kill this process when `parent` ends, however it ends. Raises SystemExit where it is gone."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit("监督进程已不在，本进程随之结束。")


def main(arguments: list[str] | None = None) -> None:
    """Run one role until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--settings", type=Path, required=True)
    parser.add_argument("--parent", type=int)
    given = parser.parse_args(arguments)
    if given.parent is not None:
        end_with(given.parent)
    from deploy.wiring import run_role  # after the kernel was told: importing takes a second

    run_role(given.name, given.settings)


if __name__ == "__main__":
    main()
