"""One role as one process: `python -m deploy.role NAME --settings FILE [--parent PID]`. The supervisor starts these."""

from __future__ import annotations

import argparse
import ctypes
import gc
import logging
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import NoReturn

from deploy import waiting
from deploy.one_line import keep

PR_SET_PDEATHSIG = 1
M_MMAP_THRESHOLD = -3
WITHOUT_PACK = frozenset({"sandbox", "inbox", "assess", "index"})
"""Roles that never ask the school's policy pack; the supervisor has read it before it starts them."""
TRY_AGAIN = 75
"""Exit code (EX_TEMPFAIL) where an engine refuses us, or what its loop bears was not borne: the supervisor starts the
role again, ever more slowly."""


def end_with(parent: int) -> None:
    """Have the kernel kill this process when `parent` ends, however it ends. Raises SystemExit where it is gone."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit("监督进程已不在，本进程随之结束。")


def spare() -> None:
    """Start sooner and hold less: no round of the garbage collector until `run` has read the settings and then few over
    what is made to last, and large pieces of memory go back to the machine when they are let go (glibc keeps ever
    larger ones otherwise; another C library has no such switch)."""
    gc.disable()
    gc.set_threshold(10_000, 50, 100)
    with suppress(AttributeError):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, 128 * 1024)


def run(name: str, settings_file: Path, *, alone: bool = False, page: str = "") -> None:
    """Run one role until SIGTERM or SIGINT. `alone`: no supervisor has seen to the store's tables, so this does.
    `page`: the address of its own page of metrics (`deploy.role_page`); without, they go into the shared folder.

    Waits for the store, its tables, the log and the search (`deploy.waiting`). Raises SystemExit with a sentence where
    that cures nothing.
    """
    from deploy.settings import SettingsError, load

    if alone:
        keep(name)
    try:
        settings = load(settings_file, with_pack=alone or name not in WITHOUT_PACK)
    except SettingsError as error:
        raise SystemExit(str(error)) from None
    if not page:
        metrics = settings.data_folder / "metrics"
        metrics.mkdir(parents=True, exist_ok=True)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(metrics)  # read when prometheus_client is imported, below
    from deploy.wiring import ROLES, run_role
    from stream.log import LogError
    from stream.search import SearchUnavailable
    from stream.store import StoreUnavailable

    if name not in ROLES:
        raise SystemExit(f"没有角色“{name}”，可写：{'、'.join(ROLES)}。")
    stop = stopped_by_signals()
    if page:
        from deploy import role_page

        try:
            role_page.serve(page)
        except role_page.BadAddress as error:
            raise SystemExit(str(error)) from None
    if alone:
        from deploy.starting import NotReady, NotYet, tables

        try:
            waiting.asked(lambda: tables(settings), (NotYet,))
        except NotReady as error:
            raise SystemExit(str(error)) from None
    gc.enable()
    try:
        run_role(name, settings, stop)
    except (StoreUnavailable, LogError, SearchUnavailable) as error:
        logging.getLogger("deploy.role").error("%s", error)  # by its name: as a process this module is `__main__`
        raise SystemExit(TRY_AGAIN) from None


def stopped_by_signals() -> Event:
    """Is set by SIGTERM and SIGINT, for a loop that has begun; before that they end this process at once, as nothing is
    in hand and what it waits for may take many seconds to answer."""
    stop = Event()

    def end(*_: object) -> None:
        stop.set()
        if not waiting.begun():
            leave(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    return stop


def leave(code: int) -> NoReturn:
    """End this process now that all it opened is closed: what was written is handed on, nothing is taken down.

    Python takes up to a second and a half of a busy machine to throw its objects away one by one, of five that a stop
    may last.
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, RuntimeError):  # the last: a signal came in the midst of a write
            stream.flush()
    os._exit(code)


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--settings", type=Path, required=True)
    parser.add_argument("--parent", type=int)
    given = parser.parse_args(arguments)
    spare()
    keep(given.name)
    if given.parent is not None:
        end_with(given.parent)  # before anything is imported: that takes a second
    run(given.name, given.settings)
    leave(0)


if __name__ == "__main__":
    main()
