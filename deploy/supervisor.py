"""The supervisor 监督进程: one child per role, restarted with back-off, stopped in reverse order within five seconds.

It is one thread and one loop. Children end with it even when it is killed: each asks the kernel for that
(`deploy.role`). A lock on the data folder keeps a second supervisor out.
"""

from __future__ import annotations

import fcntl
import os
import selectors
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TextIO

from deploy.child import Child, State
from deploy.life import HUNG_AFTER

STOP_SECONDS = 5.0
KILL_AT = 4.0
TURN_SECONDS = 0.4
TICK_SECONDS = 0.1
LATE_SECONDS = 10.0
"""Who did not look for so long itself (stopped, or the machine was) judges nobody by the time between."""


class DataInUse(Exception):
    """Another supervisor works on this data folder, or it is another user's; the message is for the operator."""


def hold(data: Path) -> int:
    """Lock the data folder for this process; gives the open descriptor. Raises DataInUse."""
    try:
        data.mkdir(parents=True, exist_ok=True)
    except PermissionError:
        raise DataInUse(
            f"数据目录 {data} 还没有，本账号（编号 {os.geteuid()}）不能在上级目录里建立；"
            f"请用 root 执行 install -d -o {os.geteuid()} -g {os.getegid()} {data} 后再启动。"
        ) from None
    try:
        descriptor = os.open(data / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except PermissionError:
        raise DataInUse(
            f"数据目录 {data} 或其中的 lock 文件归别的用户所有，本账号（编号 {os.geteuid()}）不能写；"
            f"请用 root 执行 chown -R {os.geteuid()}:{os.getegid()} {data} 后再启动。"
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.read(descriptor, 32).decode("ascii", "replace").strip() or "未知"
        os.close(descriptor)
        raise DataInUse(
            f"数据目录 {data} 正被另一个风信使用（进程号 {holder}）；请先停止它，或用另一个数据目录。"
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


@contextmanager
def held(data: Path) -> Iterator[None]:
    """The data folder is this process's own. Raises DataInUse."""
    lock = hold(data)
    try:
        yield
    finally:
        os.close(lock)


class Supervisor:
    """Runs commands by name, in the given order. `clock` is monotonic seconds."""

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        logs: Path,
        out: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
        hung_after: float = HUNG_AFTER,
    ) -> None:
        """Make the children; nothing is started yet. `hung_after`: see `deploy.life`."""
        self._hung_after = hung_after
        self._looked: float | None = None
        self._out = out or sys.stderr
        self._clock = clock
        self._selector = selectors.DefaultSelector()
        self._stopping_since: float | None = None
        self.children = [
            Child(name, tuple(command), logs / f"{name}.log", self._out) for name, command in commands.items()
        ]

    def request_stop(self, *_: object) -> None:
        """Begin to stop; what a signal handler calls. A second call changes nothing."""
        if self._stopping_since is None:
            self._stopping_since = self._clock()

    def run(self) -> None:
        """Start everything and keep it running until a stop is asked for, then until all have ended."""
        try:
            while not self._finished():
                now = self._clock()
                if self._stopping_since is None:
                    self._start_due(now)
                else:
                    self._stop_some(now - self._stopping_since)
                self._listen()
                self._reap()
                self._end_hung(self._clock())
        finally:
            for child in self.children:
                child.signal(signal.SIGKILL)
                child.close()
            self._selector.close()

    def _finished(self) -> bool:
        return self._stopping_since is not None and all(child.state is State.ENDED for child in self.children)

    def _start_due(self, now: float) -> None:
        for child in self.children:
            if child.state is State.WAITING and child.start_at <= now:
                child.start(now)
                self._selector.register(child.pipe, selectors.EVENT_READ, child)

    def _stop_some(self, passed: float) -> None:
        """The last started is asked first; the next when it has ended or its turn is over; who is left is killed."""
        turns = int(passed / TURN_SECONDS)
        for place, child in enumerate(reversed(self.children)):
            if child.state in (State.RUNNING, State.WAITING):
                child.stop()
            if child.state is State.STOPPING and passed >= KILL_AT:
                child.signal(signal.SIGKILL)
            if child.state is not State.ENDED and place >= turns:
                return

    def _listen(self) -> None:
        if not self._selector.get_map():
            time.sleep(TICK_SECONDS)
            return
        for key, _ in self._selector.select(TICK_SECONDS):
            if not key.data.read():
                self._selector.unregister(key.fd)

    def _reap(self) -> None:
        for child in self.children:
            if child.ended():
                if child.pipe in self._selector.get_map():
                    self._selector.unregister(child.pipe)
                child.died(self._clock())

    def _end_hung(self, now: float) -> None:
        late = self._looked is None or now - self._looked >= LATE_SECONDS
        self._looked = now
        for child in self.children:
            child.listen(now)
            if late and child.heard is not None:
                child.heard = now
            child.end_hung(now, self._hung_after)


def supervise(commands: Mapping[str, Sequence[str]], data: Path, out: TextIO | None = None) -> None:
    """Run until SIGTERM, SIGINT or SIGHUP; the data folder is `held` by the caller."""
    supervisor = Supervisor(commands, data / "logs", out)

    def stop(_number: int, _frame: FrameType | None) -> None:
        supervisor.request_stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        supervisor.run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
