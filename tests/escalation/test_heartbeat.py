"""The heartbeat: a file that moves and an address that is called, never more than the settings say."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from escalation.heartbeat import FILE, HUNG_SECONDS, URL, Heartbeat, Outside, call, unfit

NOW = datetime(2026, 11, 3, 4, 0, tzinfo=UTC)


class Seconds:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def monitor(status: int, headers: Mapping[str, str] | None = None) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """A monitoring server: its address, and what it was asked (method, path, body)."""
    asked: list[tuple[str, str, str]] = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("content-length", 0))
            asked.append((self.command, self.path, self.rfile.read(length).decode()))
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()

        do_POST = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = HTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/ping/secret?x=1", asked
    finally:
        server.shutdown()
        server.server_close()


def test_the_file_moves_in_time_and_content_and_not_before_its_time(tmp_path: Path) -> None:
    seconds = Seconds()
    file = tmp_path / "heartbeat.json"
    heartbeat = Heartbeat(Outside(file=file, every_s=60), monotonic=seconds)
    assert heartbeat.beat("JY", 2, NOW)
    first = json.loads(file.read_text("utf-8"))
    assert first == {"service": "fengxin", "school": "JY", "at": "2026-11-03T12:00:00+08:00", "findings": 2}
    seconds.now += 59
    assert not heartbeat.beat("JY", 3, NOW)
    seconds.now += 1
    assert heartbeat.beat("JY", 3, NOW)
    assert json.loads(file.read_text("utf-8"))["findings"] == 3
    assert [one.name for one in tmp_path.iterdir()] == ["heartbeat.json"], "nothing half written is left"
    assert heartbeat.troubles == {FILE: ""}


def test_a_file_that_cannot_be_written_is_a_sentence_with_the_cure(tmp_path: Path) -> None:
    heartbeat = Heartbeat(Outside(file=tmp_path / "none" / "heartbeat.json"), monotonic=Seconds())
    heartbeat.beat("JY", 0, NOW)
    assert "heartbeat.json" in heartbeat.troubles[FILE]
    assert "请检查该目录是否存在" in heartbeat.troubles[FILE]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_address_is_called_by_its_method_and_a_good_answer_is_no_trouble(method: str) -> None:
    with monitor(204) as (url, asked):
        heartbeat = Heartbeat(
            Outside(url=url, method="POST" if method == "POST" else "GET", allow_private=True), monotonic=Seconds()
        )
        heartbeat.beat("JY", 1, NOW)
        heartbeat.wait(10)
    ((how, path, body),) = asked
    assert (how, path) == (method, "/ping/secret?x=1")
    assert (json.loads(body)["findings"] == 1) if method == "POST" else body == ""
    assert heartbeat.troubles == {URL: ""}


def test_a_refusal_is_said_with_its_number_and_without_the_address() -> None:
    with monitor(503) as (url, _):
        heartbeat = Heartbeat(Outside(url=url, allow_private=True), monotonic=Seconds())
        heartbeat.beat("JY", 0, NOW)
        heartbeat.wait(10)
    words = heartbeat.troubles[URL]
    assert "对方回答 503" in words
    assert "127.0.0.1" in words
    assert "secret" not in words
    assert "secret" not in repr(Outside(url=url, allow_private=True))


def test_a_redirect_is_not_followed_into_the_school() -> None:
    with monitor(200) as (inside, asked), monitor(302, {"location": inside}) as (url, _):
        assert "不跟随" in call("GET", url, {}, allow_private=True)
    assert asked == []


def test_the_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    with monitor(200) as (url, asked):
        assert call("GET", url, {}, allow_private=True) == ""
    assert len(asked) == 1


def test_nobody_there_is_said_and_the_next_answer_mends_it() -> None:
    answers = ["没有接通（ConnectError）", ""]
    seconds = Seconds()
    heartbeat = Heartbeat(Outside(url="https://m.example/x"), lambda *_: answers.pop(0), seconds)
    heartbeat.beat("JY", 0, NOW)
    heartbeat.wait(10)
    assert "没有接通" in heartbeat.troubles[URL]
    seconds.now += 60
    heartbeat.beat("JY", 0, NOW)
    heartbeat.wait(10)
    assert heartbeat.troubles[URL] == ""


def test_a_server_that_never_ends_its_answer_holds_nothing_up_and_is_not_called_twice() -> None:
    go_on, calls = threading.Event(), []

    def hang(*_: object) -> str:
        calls.append(1)
        go_on.wait(30)
        return ""

    seconds = Seconds()
    heartbeat = Heartbeat(Outside(url="https://m.example/x", every_s=10), hang, seconds)
    for _ in range(5):
        heartbeat.beat("JY", 0, NOW)
        seconds.now += 10
    assert seconds.now - 100 > HUNG_SECONDS
    assert "迟迟没有回答" in heartbeat.troubles[URL]
    assert calls == [1]
    go_on.set()
    heartbeat.wait(10)
    assert heartbeat.troubles[URL] == ""


@pytest.mark.parametrize(
    "url",
    [
        "ftp://m.example/x", "file:///etc/passwd", "m.example/x", "https://", "http://a:b@m.example/", "gopher://x/",
        "https://m.example/#x", "http://[::1", "http://m.example:99999/",
    ],
)  # fmt: skip
def test_an_address_that_is_no_plain_web_address_is_refused(url: str) -> None:
    assert unfit(url)
    with pytest.raises(ValueError, match="网址"):
        Outside(url=url)


@pytest.mark.parametrize(
    ("host", "ever"),
    [("127.0.0.1", True), ("10.1.2.3", True), ("[::1]", True), ("[::ffff:192.168.0.9]", True),
     ("169.254.169.254", False), ("[fe80::1]", False), ("0.0.0.0", False)],
)  # fmt: skip
def test_a_number_of_our_own_network_needs_the_named_permission_and_metadata_has_none(host: str, ever: bool) -> None:
    why = unfit(f"http://{host}/x")
    assert "不许访问的地址" in why
    assert ("auditor.heartbeat_allow_private = true" in why) is ever
    assert (unfit(f"http://{host}/x", allow_private=True) == "") is ever


def test_a_name_that_leads_inside_is_not_called_without_the_permission() -> None:
    with monitor(200) as (url, asked):
        inside = url.replace("127.0.0.1", "monitor.example")
        why = call("GET", inside, {}, look_up=lambda _host, _port: ["127.0.0.1"])
        assert "主机 monitor.example 指向不许访问的地址 127.0.0.1" in why
        assert asked == []
        assert call("GET", inside, {}, allow_private=True, look_up=lambda _host, _port: ["127.0.0.1"]) == ""
    assert len(asked) == 1, "the number that was looked at is called, though no resolver knows the name"


def test_one_inner_number_among_outer_ones_is_enough_not_to_call() -> None:
    assert "10.0.0.1" in call(
        "GET", "https://m.example/", {}, look_up=lambda _host, _port: ["93.184.215.14", "10.0.0.1"]
    )
