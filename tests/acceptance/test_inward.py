"""Attacks A4 (research §6.3), from outside: addresses of the settings that lead the server into its own network.

`fengxin check --probe` calls the webhook and the heartbeat once, by the same way as the running service.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.acceptance.standing import fengxin, free_ports

pytestmark = pytest.mark.long

PERMITTED = ("allow_private = true", "heartbeat_allow_private = true")


@contextmanager
def listening(status: int = 204, **headers: str) -> Iterator[tuple[int, list[str]]]:
    """A server of our own network: its port, and the paths that it was asked for."""
    asked: list[str] = []

    class Inside(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Nothing on the screen."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Inside)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port, asked
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's settings without mail and robot."""
    folder = tmp_path_factory.mktemp("inward")
    assert fengxin("init", folder, "--demo", "--port", free_ports()).returncode == 0
    file = folder / "fengxin.toml"
    text = re.sub(r"(?ms)^\[(mail|wecom_robot)\]\n.*?(?=^\[)", "", file.read_text("utf-8"))
    file.write_text(text, "utf-8")
    return file


def told(plain: Path, webhook: str, heartbeat: str, *, permitted: bool = False) -> tuple[int, str]:
    """What `check --probe` says of these two addresses."""
    private, beat = PERMITTED if permitted else ("", "")
    text = plain.read_text("utf-8").replace("[auditor]\n", f'[auditor]\n{beat}\nheartbeat_url = "{heartbeat}"\n')
    secret = "webhook-of-a-test-not-a-secret-0001"
    file = plain.with_name("tried.toml")
    file.write_text(f'[webhook]\nurl = "{webhook}"\nsecret = "{secret}"\n{private}\n\n', "utf-8")
    head, mark, rest = text.partition("[duty]\n")
    file.write_text(head + file.read_text("utf-8") + mark + rest, "utf-8")
    done = fengxin("check", "--probe", "--settings", file)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def test_an_inner_number_is_refused_with_the_name_of_the_permission(plain: Path) -> None:
    for host in ("127.0.0.1", "[::ffff:10.0.0.7]"):
        code, said = told(plain, f"https://{host}/hook", f"http://{host}/beat")
        assert code == 1
        for words in (
            "webhook：网络回调地址“校内系统”的主机",
            "确为校内系统时在设置中写 allow_private = true",
            "auditor.heartbeat_url：主机",
            "确为校内系统时在设置中写 auditor.heartbeat_allow_private = true",
        ):
            assert words in said, said
        assert said.count("不许访问的地址") == 2


def test_a_metadata_address_is_refused_whatever_the_settings_permit(plain: Path) -> None:
    code, said = told(plain, "https://169.254.169.254/latest", "http://169.254.169.254/latest", permitted=True)
    assert code == 1
    assert said.count("主机 169.254.169.254 是不许访问的地址") == 2
    assert "= true" not in said, "there is no permission for it"


@pytest.mark.parametrize("host", ["localhost", "2130706433"])
def test_a_name_or_a_number_in_disguise_that_leads_inside_is_looked_up_and_not_called(plain: Path, host: str) -> None:
    with listening() as (port, asked):
        code, said = told(plain, f"https://{host}:{port}/hook", f"http://{host}:{port}/beat")
    assert (code, asked) == (1, [])
    assert len(re.findall(rf"主机 {host} 指向不许访问的地址 (?:127\.0\.0\.1|::1)，未发送", said)) == 2, said


def test_with_the_permission_it_is_called_and_a_redirect_inside_is_not_followed(plain: Path) -> None:
    with listening() as (inner, secrets):
        with listening(302, Location=f"http://127.0.0.1:{inner}/latest/meta-data") as (port, asked):
            code, said = told(plain, f"http://127.0.0.1:{port}/hook", f"http://127.0.0.1:{port}/beat", permitted=True)
        assert (code, asked, secrets) == (1, ["/hook", "/beat"], [])
        assert "对方系统要求转到别处（HTTP 302），出于安全不跟随" in said
        assert "对方要求转到别的地址（302），为安全不跟随" in said
        code, said = told(plain, f"http://127.0.0.1:{inner}/hook", f"http://127.0.0.1:{inner}/beat", permitted=True)
        assert secrets == ["/hook", "/beat"]
        assert "心跳网址已调用一次，对方已回应" in said
