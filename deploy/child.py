"""One child process of the supervisor: a table of states, when it is started again, and its lines of output."""

from __future__ import annotations

import logging
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

from deploy import life

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
STEADY_AFTER = 60.0
LOG_BYTES = 5_000_000
LOG_FILES = 5
READ_AT_ONCE = 65_536
LONGEST_LINE = 100_000
DAILY = re.compile(r"\d{4}-\d\d-\d\d [\d:,]+ INFO ")
"""A line of daily work: it is kept in the role's file, and the screen is left to what a person must see."""


class State(StrEnum):
    """Where a child stands."""

    WAITING = "waiting"
    RUNNING = "running"
    STOPPING = "stopping"
    ENDED = "ended"


class Event(StrEnum):
    """What may happen to it."""

    START = "start"
    DIED = "died"
    STOP = "stop"


S, E = State, Event
TABLE: dict[State, dict[Event, State]] = {
    S.WAITING: {E.START: S.RUNNING, E.STOP: S.ENDED},
    S.RUNNING: {E.DIED: S.WAITING, E.STOP: S.STOPPING},
    S.STOPPING: {E.DIED: S.ENDED},
    S.ENDED: {},
}


class IllegalStep(Exception):
    """An event that the child's state does not allow: a mistake of the supervisor."""


def step(state: State, event: Event) -> State:
    """The state after `event`. Raises IllegalStep."""
    if event not in TABLE[state]:
        raise IllegalStep(f"{state} does not take {event}")
    return TABLE[state][event]


def pause(deaths: int) -> float:
    """Seconds until the next start after so many deaths in a row (1 and more): 0.5, 1, 2, 4 … 30."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(deaths - 1, 10))


@dataclass
class Child:
    """A role's process. Times are seconds of a monotonic clock, given by the caller.

    `heard`: when its loop last gave a sign of life (`deploy.life`); None until the first, and nobody is judged by then.
    `hung`: the process is ended because it gave no more.
    """

    name: str
    command: tuple[str, ...]
    log: Path
    out: TextIO = field(default_factory=lambda: sys.stderr)
    state: State = State.WAITING
    start_at: float = 0.0
    started: float = 0.0
    deaths: int = 0
    process: subprocess.Popen[bytes] | None = None
    heard: float | None = None
    hung: bool = False

    def __post_init__(self) -> None:
        """Open its log file, which turns over by itself."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._file = RotatingFileHandler(self.log, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8")
        self._rest = b""
        self._signs: int | None = None

    def start(self, now: float) -> None:
        """Start the process, its output on one pipe that does not block."""
        self.state = step(self.state, Event.START)
        self.started = now
        self._signs, given = os.pipe()
        os.set_blocking(self._signs, False)
        os.set_blocking(given, False)
        told = {life.SIGNS: str(given)} | ({life.HUNG: "1"} if self.hung else {})
        self.heard, self.hung = None, False
        try:
            self.process = subprocess.Popen(  # noqa: S603 (our own command line)
                self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0,
                start_new_session=True, pass_fds=(given,), env=os.environ | told,
            )  # fmt: skip
        finally:
            os.close(given)
        os.set_blocking(self.pipe, False)

    def listen(self, now: float) -> None:
        """Take note of the signs of life that came."""
        with suppress(BlockingIOError):
            while self._signs is not None and os.read(self._signs, READ_AT_ONCE):
                self.heard = now

    def end_hung(self, now: float, after: float) -> None:
        """End it where its loop has stood still for `after` seconds; it is then started again like one that died."""
        if self.state is not State.RUNNING or self.hung or self.heard is None or now - self.heard < after:
            return
        self.hung = True
        self.say(f"进程已 {now - self.heard:.0f} 秒没有动静，判为卡死，强行结束后重新启动")
        self.signal(signal.SIGKILL)

    @property
    def pipe(self) -> int:
        """The file descriptor of its output. Only while it has a process."""
        if self.process is None or self.process.stdout is None:
            raise IllegalStep(f"{self.name} has no process")
        return self.process.stdout.fileno()

    def ended(self) -> bool:
        """Whether the process is there no more (and is then reaped)."""
        return self.process is not None and self.process.poll() is not None

    def died(self, now: float) -> None:
        """Take note of its end; decides when it is started again."""
        self.read()
        self._flush()
        code = self.process.returncode if self.process else 0
        if self.process and self.process.stdout:
            self.process.stdout.close()
        self.process = None
        self._close_signs()
        self.state = step(self.state, Event.DIED)
        if self.state is State.WAITING:
            self.deaths = 1 if now - self.started >= STEADY_AFTER else self.deaths + 1
            self.start_at = now + pause(self.deaths)
            how = f"被信号 {signal.Signals(-code).name} 终止" if code < 0 else f"退出（代码 {code}）"
            self.say(f"进程{how}，{pause(self.deaths):g} 秒后重新启动（连续第 {self.deaths} 次）")
        elif code == -signal.SIGKILL:
            self.say("到时未停，已强行结束")

    def stop(self) -> None:
        """Ask it to end (SIGTERM), or call off its next start."""
        self.state = step(self.state, Event.STOP)
        if self.process is not None:
            self.say("正在停止")
        self.signal(signal.SIGTERM)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if there is a process."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def read(self) -> bool:
        """Take what it has written and pass it on by whole lines; False at the end of its output."""
        while True:
            try:
                piece = os.read(self.pipe, READ_AT_ONCE)
            except BlockingIOError:
                return True
            if not piece:
                return False
            *lines, self._rest = (self._rest + piece).split(b"\n")
            for line in lines:
                self._pass_on(line)
            if len(self._rest) > LONGEST_LINE:
                self._flush()

    def _flush(self) -> None:
        if self._rest:
            self._pass_on(self._rest)
            self._rest = b""

    def _pass_on(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace").rstrip("\r")
        self._file.emit(logging.makeLogRecord({"msg": text}))
        if DAILY.match(text):
            return
        with suppress(OSError):  # whoever read it has gone: the service does not end for that
            print(f"{self.name:>7} | {text}", file=self.out, flush=True)

    def say(self, text: str) -> None:
        """A line of the supervisor's own about this child."""
        self._pass_on(f"[监督] {text}".encode())

    def close(self) -> None:
        """Close the log file."""
        self._close_signs()
        self._file.close()

    def _close_signs(self) -> None:
        if self._signs is not None:
            os.close(self._signs)
            self._signs = None
