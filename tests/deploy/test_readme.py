"""README: its command blocks, run word for word and in their order in an empty folder, as one sets up a school."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from deploy import roster_file
from deploy.settings import ROSTER_TABLES, Settings
from deploy.toml_file import sections_of
from tests.deploy.test_roster import ROWS

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = [
    [line for line in block.splitlines() if line]
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    if "fengxin init" in block or "fengxin trial" in block or "fengxin rehearse" in block
]
SCENARIOS = ROOT / "tests" / "acceptance" / "scenarios"
GIVEN = {"登录名": "zhang", "工号": "2016001", "场景目录": str(SCENARIOS)}
PASSWORD = "long enough, and odd\n"
ROSTER = {
    **ROWS,
    "accounts": [{**ROWS["accounts"][0], "route": "人工巡查"}],
    "offices": [
        {"role": role, "scope": scope, "person": "2016001"}
        for role, scope in (
            ("主管校领导", ""), ("宣传部", ""), ("带班领导", ""), ("值班员", ""), ("系统管理员", ""),
            ("单位党政主要负责人", "党委宣传部"),
        )
    ],
}  # fmt: skip
MAIL = '\n[mail]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "plain"\nfrom = "fengxin@school.example"\n'


def typed(line: str, folder: Path) -> subprocess.Popen[str]:
    """Type one line, with the reader's own words where README names what to put."""
    words = [GIVEN.get(word, word) for word in shlex.split(line, comments=True)]
    assert words[0] == "fengxin"
    command = Path(os.environ.get("FENGXIN", Path(sys.executable).with_name("fengxin")))
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "PROMETHEUS", "PYTHON"))}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [command, *words[1:]], stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, text=True, cwd=folder, env=clean
    )


def said(line: str, folder: Path) -> tuple[int, str]:
    """Exit code and all that was said; never a traceback, never the library's English."""
    done = typed(line, folder)
    text = done.communicate(PASSWORD, timeout=180)[0]
    assert "Traceback" not in text, text
    assert "Error:" not in text, text
    return done.returncode, text


def filled_in(folder: Path, port: int, mail: int) -> None:
    """What a person writes between `init` and `check`."""
    file = folder / "fengxin.toml"
    text = file.read_text("utf-8")
    for old, new in (
        ("填写学校全称", "海棠职业学院"), ("填写学校简称", "海棠"), ("port = 8700", f"port = {port}"),
        ('public_url = ""', 'public_url = "https://fx.school.example"'),
    ):  # fmt: skip
        assert old in text
        text = text.replace(old, new, 1)
    file.write_text(text + MAIL.format(port=mail), "utf-8")
    roster_file.write(folder / "accounts.xlsx", ROSTER)


@contextmanager
def mail_server() -> Iterator[int]:
    """A mail server on this machine that takes everything."""
    from aiosmtpd.controller import Controller

    class Box:
        async def handle_DATA(self, server: object, session: object, envelope: object) -> str:  # noqa: N802
            return "250 OK"

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    server = Controller(Box(), hostname="127.0.0.1", port=port)
    server.start()
    try:
        yield port
    finally:
        server.stop()


@contextmanager
def running(line: str, folder: Path, port: int) -> Iterator[None]:
    """The school, up: every role beats."""
    with typed(line, folder) as school:
        until = time.monotonic() + 180
        up = False
        while not up and time.monotonic() < until:
            with suppress(httpx.HTTPError):
                up = httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5).status_code == 200
            time.sleep(0.3)
        try:
            assert up
            yield
        finally:
            school.send_signal(signal.SIGTERM)
            text = school.communicate(timeout=60)[0]
        assert f"本机地址　http://127.0.0.1:{port}" in text
        assert "Traceback" not in text


@pytest.mark.timeout(600)
@pytest.mark.kills
@pytest.mark.long
def test_the_commands_of_the_readme_set_up_and_run_a_school_in_their_order(tmp_path: Path) -> None:
    setting_up, beside, any_time = BLOCKS
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    first, enters, check, *others, run = setting_up
    assert said(first, tmp_path)[0] == 0
    folder = tmp_path / shlex.split(enters, comments=True)[1]
    code, text = said(check, folder)
    assert (code, "✘ 设置：" in text, "✘ 账号：" in text) == (1, True, True)
    with mail_server() as mail:
        filled_in(folder, port, mail)
        code, text = said(check, folder)
        assert (code, text.rstrip().endswith("可以运行。")) == (0, True), text
        for line in others:
            code, text = said(line, folder)
            assert code == 0, (line, text)
            assert "--probe" not in line or "✔ 邮件：已连上，未发信" in text
        with running(run, folder, port):
            for line in beside:
                code, text = said(line, folder)
                assert code == 0, (line, text)
                assert "trial" not in line or "试运行已结束" in text
    for line in any_time:
        code, text = said(line, tmp_path)
        assert code == 0, (line, text)


def test_the_readme_tells_each_section_of_the_settings_and_no_other() -> None:
    table = set(re.findall(r"(?m)^\| `\[+(\w+)\]+` \|", README))
    sections = {name for name, info in Settings.model_fields.items() if sections_of(info.annotation)}
    assert table == sections - set(ROSTER_TABLES) - {"sandbox", "inbox"}


def test_the_readme_begins_with_the_packages_that_make_needs() -> None:
    first = README.splitlines()[0]
    assert "`apt install python3-venv make`" in first
    assert "apt install python3-venv" in (ROOT / "Makefile").read_text("utf-8")


def test_the_readme_installs_what_the_wheels_own_check_installs() -> None:
    wheel = (ROOT / ".ci" / "wheel").read_text("utf-8")
    for words in ("install --require-hashes -r requirements.txt", "install --no-deps"):
        assert words in README
        assert words in wheel


def test_make_run_moves_port_and_data_as_the_readme_says() -> None:
    assert "`make run PORT=8700 DATA=data` moves both" in README
    asked = ["make", "--dry-run", "run", "PORT=9123", "DATA=else where"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True)
    assert 'fengxin demo --port 9123 --data "else where"' in done.stdout
