"""The supervisor with real, tiny children that are really killed."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from deploy.child import STEADY_AFTER, Child, State
from deploy.life import HUNG_AFTER
from deploy.supervisor import STOP_SECONDS, DataInUse, Supervisor, hold

QUICK = (sys.executable, "-I", "-S", "-c")
OBEDIENT = (
    *QUICK,
    "import os, signal, sys, time\n"
    "signal.signal(signal.SIGTERM, lambda *_: (print('bye', time.monotonic(), flush=True), os._exit(0)))\n"
    "print('up', os.getpid(), flush=True)\n"
    "while True: time.sleep(1)",
)
DEAF = (
    *QUICK,
    "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up 0', flush=True)\ntime.sleep(60)",
)
LIVELY = (
    sys.executable,
    "-c",
    "import os, time\n"
    "from deploy import life\n"
    "print('up', os.getpid(), 'after a hang' if life.took_over() else 'at first', flush=True)\n"
    "while True: life.give(); time.sleep(0.05)",
)
BRIEF = (*QUICK, "print('up 0', flush=True); raise SystemExit(3)")


class Run:
    """A supervisor in a thread, its output, and waiting for what should happen."""

    def __init__(self, commands: Mapping[str, tuple[str, ...]], logs: Path, hung_after: float = HUNG_AFTER) -> None:
        self.out = io.StringIO()
        self.supervisor = Supervisor(commands, logs, self.out, hung_after=hung_after)
        self.thread = threading.Thread(target=self.supervisor.run)
        self.thread.start()

    def child(self, name: str) -> Child:
        return next(one for one in self.supervisor.children if one.name == name)

    def lines(self, pattern: str) -> list[re.Match[str]]:
        return [found for line in self.out.getvalue().splitlines() if (found := re.search(pattern, line))]

    def stop(self) -> float:
        begun = time.monotonic()
        self.supervisor.request_stop()
        self.thread.join(STOP_SECONDS + 3)
        assert not self.thread.is_alive()
        return time.monotonic() - begun


def until(check: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def begin(hung_after: float = HUNG_AFTER, **commands: tuple[str, ...]) -> Run:
        runs.append(Run(commands, tmp_path / "logs", hung_after))
        return runs[-1]

    yield begin
    for run in runs:
        run.stop()


def test_a_killed_child_is_started_again_after_the_first_pause(start: Callable[..., Run]) -> None:
    run = start(watch=OBEDIENT)
    until(lambda: run.lines(r"watch \| up \d+"))
    os.kill(int(run.lines(r"up (\d+)")[0].group(1)), signal.SIGKILL)
    killed = time.monotonic()
    until(lambda: len(run.lines(r"watch \| up \d+")) == 2)
    assert 0.4 <= time.monotonic() - killed < 3
    assert run.lines("进程被信号 SIGKILL 终止，0.5 秒后重新启动")


def test_a_child_that_keeps_dying_is_started_ever_more_slowly(start: Callable[..., Run]) -> None:
    run = start(crawl=BRIEF)
    until(lambda: len(run.lines("重新启动")) == 3)
    pauses = [found.group(1) for found in run.lines(r"代码 3），([\d.]+) 秒后")]
    assert pauses == ["0.5", "1", "2"]


def test_a_long_life_makes_the_next_pause_short_again(tmp_path: Path) -> None:
    child = Child("web", BRIEF, tmp_path / "web.log", io.StringIO(), deaths=6)
    child.start(100.0)
    until(child.ended)
    child.died(100.0 + STEADY_AFTER)
    child.close()
    assert (child.deaths, child.start_at) == (1, 100.0 + STEADY_AFTER + 0.5)


def test_a_child_whose_loop_stands_still_is_ended_and_started_again(start: Callable[..., Run]) -> None:
    run = start(hung_after=4.0, assess=LIVELY, silent=OBEDIENT)
    until(lambda: run.lines(r"assess \| up \d+ at first") and run.child("assess").heard)
    pid = int(run.lines(r"assess \| up (\d+)")[0].group(1))
    os.kill(pid, signal.SIGSTOP)
    until(lambda: run.lines(r"assess \| up \d+ after a hang"), 20)
    assert not alive(pid)
    assert run.lines(r"assess \| \[监督\] 进程已 \d+ 秒没有动静，判为卡死，强行结束后重新启动")
    assert run.lines(r"assess \| \[监督\] 进程被信号 SIGKILL 终止，0.5 秒后重新启动")
    assert not run.lines(r"silent \| \[监督\]"), "who gave no sign yet is not judged by signs"
    assert len(run.lines("判为卡死")) == 1, "the new one lives, and is left alone"


def test_a_child_is_not_judged_by_the_time_in_which_its_supervisor_slept(tmp_path: Path) -> None:
    clock = [0.0]
    supervisor = Supervisor({"assess": OBEDIENT}, tmp_path / "logs", io.StringIO(), lambda: clock[0])
    child = supervisor.children[0]
    child.state, child.heard = State.RUNNING, 0.0

    def look(at: float) -> bool:
        clock[0] = at
        supervisor._end_hung(at)
        return child.hung

    assert not look(0.0)
    assert not look(5_000.0), "it slept itself"
    assert not any(look(5_000.0 + second) for second in range(1, int(HUNG_AFTER), 5))
    assert look(5_000.0 + HUNG_AFTER)
    child.close()


def test_all_are_stopped_in_reverse_order_of_their_start(start: Callable[..., Run]) -> None:
    run = start(crawl=OBEDIENT, watch=OBEDIENT, web=OBEDIENT)
    until(lambda: len(run.lines(r"up \d+")) == 3)
    assert run.stop() < STOP_SECONDS
    goodbyes = sorted(run.lines(r"(\w+) \| bye ([\d.]+)"), key=lambda found: float(found.group(2)))
    assert [found.group(1) for found in goodbyes] == ["web", "watch", "crawl"]
    asked = run.lines(r"(\w+) \| \[监督\] 正在停止")
    assert [found.group(1) for found in asked] == ["web", "watch", "crawl"]
    assert not run.lines("强行结束")


def test_a_deaf_child_is_killed_before_five_seconds_and_holds_up_nobody(start: Callable[..., Run]) -> None:
    run = start(crawl=OBEDIENT, web=DEAF)
    until(lambda: len(run.lines(r"up \d+")) == 2)
    begun = time.monotonic()
    assert run.stop() < STOP_SECONDS
    assert float(run.lines(r"crawl \| bye ([\d.]+)")[0].group(1)) - begun < 2
    assert run.child("web").state is State.ENDED
    assert run.lines(r"web \| \[监督\] 到时未停，已强行结束")
    assert not run.lines(r"crawl \| \[监督\] 到时未停")


def test_a_child_that_waits_for_its_restart_is_not_started_while_stopping(start: Callable[..., Run]) -> None:
    run = start(crawl=BRIEF)
    until(lambda: len(run.lines("重新启动")) == 2)
    assert run.stop() < 1
    assert len(run.lines("up 0")) == 2


def test_what_a_child_says_goes_to_the_screen_and_to_its_own_file(start: Callable[..., Run], tmp_path: Path) -> None:
    last = (*QUICK, "import sys; print('第一行'); sys.stderr.write('没有换行'); sys.stdout.flush(); sys.exit(0)")
    run = start(index=last)
    until(lambda: run.lines("代码 0"))
    run.stop()
    assert run.lines(r"  index \| 第一行")
    kept = (tmp_path / "logs" / "index.log").read_text(encoding="utf-8")
    assert "第一行\n" in kept
    assert "没有换行" in kept


def test_a_second_supervisor_on_the_same_data_is_refused_with_a_sentence(tmp_path: Path) -> None:
    lock = hold(tmp_path)
    try:
        with pytest.raises(DataInUse, match=rf"正被另一个风信使用（进程号 {os.getpid()}）；请先停止它"):
            hold(tmp_path)
    finally:
        os.close(lock)
    os.close(hold(tmp_path))


@pytest.mark.kills
def test_children_die_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    child = "import sys; sys.path.insert(0, sys.argv[1]); from deploy.role import end_with; "
    child += "end_with(int(sys.argv[2])); print('up', flush=True); import time; time.sleep(60)"
    script = tmp_path / "supervise.py"
    script.write_text(
        textwrap.dedent(f"""
            import os, sys
            from pathlib import Path
            from deploy.supervisor import supervise
            command = [sys.executable, "-c", {child!r}, {str(Path.cwd())!r}, str(os.getpid())]
            supervise({{"crawl": command}}, Path({str(tmp_path / "data")!r}))
        """)
    )
    here = {**os.environ, "PYTHONPATH": "."}
    with subprocess.Popen([sys.executable, script], stderr=subprocess.PIPE, text=True, env=here) as supervisor:
        assert supervisor.stderr is not None
        assert "up" in supervisor.stderr.readline()
        children = Path(f"/proc/{supervisor.pid}/task/{supervisor.pid}/children").read_text().split()
        assert len(children) == 1
        supervisor.kill()
    until(lambda: not alive(int(children[0])))


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_role_whose_parent_is_already_gone_ends_at_once() -> None:
    stranger = str(os.getppid())
    done = subprocess.run(
        [sys.executable, "-m", "deploy.role", "watch", "--settings", "none.toml", "--parent", stranger],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "监督进程已不在" in done.stderr
