"""The generic webhook: signed, never redirected, and never led into our own network."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import ssl
import subprocess
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.channels import Accepted, Fault, Message, Permanent, RateLimited, Transient, Unknown
from escalation.channels.address_guard import ForbiddenAddressError, is_allowed, pinned
from escalation.channels.exchange import Answer
from escalation.channels.webhook import Hook, Webhook, judge, sign

NOW = datetime(2026, 11, 20, 8, 32, 10, tzinfo=UTC)
URL = "https://fengxin.example.edu.cn/incidents/FX-2026-0001"
SECRET = "s" * 32


def note(text: str = "请处理", level: int = 2, delivery: str = "d-1") -> Message:
    return Message("FX-1-03", delivery, "校内系统", level, "FX-1-03", text, None, URL)


def test_the_signature_is_the_one_that_other_hands_computed() -> None:
    """By `printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac webhook-secret-1`."""
    assert (
        sign("webhook-secret-1", 1700000000, b'{"a":1}')
        == "sha256=dd38f0c67ea2ff97ea6b201501ec5adeb34c6cac13dc85dc6adb9d632980b060"
    )


@pytest.mark.parametrize(
    ("address", "plain", "campus"),
    [
        ("93.184.215.14", True, True),
        ("2606:2800:220:1::1", True, True),
        ("10.1.2.3", False, True),
        ("172.16.0.9", False, True),
        ("192.168.1.1", False, True),
        ("fd00::7", False, True),
        ("127.0.0.1", False, True),
        ("::1", False, True),
        ("::ffff:10.0.0.1", False, True),
        ("::ffff:127.0.0.1", False, True),
        ("64:ff9b::a00:1", False, True),
        ("2002:0a00:0001::", False, True),
        ("169.254.169.254", False, False),
        ("::ffff:169.254.169.254", False, False),
        ("64:ff9b::a9fe:a9fe", False, False),
        ("fe80::1%eth0", False, False),
        ("0.0.0.0", False, False),
        ("0.1.2.3", False, False),
        ("::", False, False),
        ("100.64.0.1", False, False),
        ("224.0.0.1", False, False),
        ("ff02::1", False, False),
        ("255.255.255.255", False, False),
        ("240.0.0.1", False, False),
        ("nonsense", False, False),
    ],
)
def test_only_public_addresses_are_called_unless_the_setting_allows(address: str, plain: bool, campus: bool) -> None:
    assert is_allowed(address, allow_private=False) is plain
    assert is_allowed(address, allow_private=True) is campus


@given(st.ip_addresses())
def test_no_setting_opens_less_than_none(address: Any) -> None:
    assert is_allowed(str(address), allow_private=True) or not is_allowed(str(address), allow_private=False)


def test_one_private_address_among_public_ones_refuses_them_all() -> None:
    with pytest.raises(ForbiddenAddressError, match=r"hook\.example"):
        pinned("hook.example", 443, False, lambda _host, _port: ["93.184.215.14", "10.0.0.1"])
    assert pinned("hook.example", 443, False, lambda _h, _p: ["2606:2800:220:1::1", "93.184.215.14"]) == "93.184.215.14"


def test_a_host_that_leads_inside_is_refused_before_anything_is_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as inside:
        inside.settimeout(0.2)
        port = inside.getsockname()[1]
        hook = Hook("校内系统", f"https://hook.example:{port}/in", SECRET, connect_seconds=0.5, total_seconds=1.0)
        outcome = Webhook(hook, look_up=lambda _host, _port: ["127.0.0.1"]).send(note())
        assert isinstance(outcome, Permanent)
        assert outcome.kind is Fault.CREDENTIAL
        assert "127.0.0.1" in outcome.reason
        with pytest.raises(TimeoutError):
            inside.accept()


def test_the_address_that_was_looked_at_is_the_one_that_is_called() -> None:
    """A second resolution (DNS rebinding) never happens: the name is not even known to the system's resolver."""
    asked: list[str] = []

    def look_up(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(3)
        port = server.getsockname()[1]
        hook = Hook("x", f"https://hook.invalid:{port}/in", SECRET, True, connect_seconds=1.0, total_seconds=1.5)
        outcomes: list[object] = []
        sending = threading.Thread(target=lambda: outcomes.append(Webhook(hook, look_up=look_up).send(note())))
        sending.start()
        line, _ = server.accept()
        with line:
            line.settimeout(2)
            hello = line.recv(4096)
        sending.join()
    assert asked == ["hook.invalid"]
    assert b"hook.invalid" in hello, "and the certificate is asked for the configured name"
    assert isinstance(outcomes[0], Transient)


def test_a_host_that_is_not_known_is_transient() -> None:
    def look_up(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(-2, "unknown")

    assert isinstance(Webhook(Hook("x", "https://hook.invalid/in", SECRET), look_up=look_up).send(note()), Transient)


def answering(server: socket.socket, said: bytes, asked: list[bytes], context: ssl.SSLContext | None = None) -> None:
    """Answer each connection with the same bytes, until the socket is closed."""
    while True:
        try:
            line, _ = server.accept()
        except OSError:
            return
        try:
            line = context.wrap_socket(line, server_side=True) if context else line
            read = b""
            while b"\r\n\r\n" not in read or not read.endswith(b"}"):
                read += line.recv(65_536)
            asked.append(read)
            line.sendall(said)
        except OSError:
            pass
        finally:
            line.close()


def test_a_redirect_is_not_followed() -> None:
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        said = f"HTTP/1.1 307 Away\r\nLocation: http://127.0.0.1:{port}/metadata\r\nContent-Length: 0\r\n\r\n".encode()
        threading.Thread(target=answering, args=(server, said, asked), daemon=True).start()
        outcome = Webhook(Hook("x", f"http://127.0.0.1:{port}/in", SECRET, True)).send(note())
    assert isinstance(outcome, Permanent)
    assert outcome.kind is Fault.CREDENTIAL
    assert outcome.answer == "307"
    assert len(asked) == 1
    assert asked[0].startswith(b"POST /in ")


def test_the_certificate_must_carry_the_configured_name(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-keyout", key, "-out", certificate, "-subj", "/CN=hook.test", "-addext", "subjectAltName=DNS:hook.test"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        said = b"HTTP/1.1 204 Done\r\nContent-Length: 0\r\n\r\n"
        threading.Thread(target=answering, args=(server, said, asked, context), daemon=True).start()

        def hand_in(host: str, ca_file: str | None) -> object:
            hook = Hook("x", f"https://{host}:{port}/in?k=v", SECRET, True, ca_file, total_seconds=3.0)
            return Webhook(hook, look_up=lambda _host, _port: ["127.0.0.1"]).send(note())

        assert hand_in("hook.test", str(certificate)) == Accepted("")
        assert isinstance(hand_in("other.test", str(certificate)), Transient)
        assert isinstance(hand_in("hook.test", None), Transient)
        assert isinstance(hand_in("hook.test", str(tmp_path / "missing.pem")), Transient)
    assert len(asked) == 1
    head, _, body = asked[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /in?k=v HTTP/1.1")
    assert f"Host: hook.test:{port}".encode() in head
    lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    lowered = {name.lower(): value for name, value in lines.items()}
    stamp = lowered["x-fengxin-timestamp"]
    wanted = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert lowered["x-fengxin-signature"] == f"sha256={wanted}"
    found = json.loads(body)
    assert (found["delivery"], found["notice"], found["level"], found["url"]) == ("d-1", "FX-1-03", 2, URL)


def test_a_wrong_secret_is_refused_and_a_repetition_is_taken_once(house: Any) -> None:
    refused = house.webhook(secret="w" * 32).send(note())
    assert isinstance(refused, Permanent)
    assert refused.answer == "401"
    hook = house.webhook()
    assert isinstance(hook.send(note()), Accepted)
    assert isinstance(hook.send(note()), Accepted)
    assert len(house.demo.ledger.newest("webhook")) == 1


def test_a_receiver_that_says_409_to_a_repetition_has_it() -> None:
    """It takes each delivery once, as the text of our request asks; the answer to the first try got lost."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as broken, socket.create_server(("127.0.0.1", 0)) as server:

        def answered(at: socket.socket, said: bytes) -> str:
            threading.Thread(target=answering, args=(at, said, asked), daemon=True).start()
            return f"http://127.0.0.1:{at.getsockname()[1]}/in"

        def hand_in(hook: Webhook, attempt: int, delivery: str = "d-1") -> object:
            return hook.send(replace(note(delivery=delivery), attempt=attempt))

        lost = Hook("x", answered(broken, b"HTTP/1.1 200"), SECRET, True, total_seconds=3.0)
        conflict = answered(server, b"HTTP/1.1 409 Conflict\r\nContent-Length: 0\r\n\r\n")
        hook = Webhook(Hook("x", conflict, SECRET, True, total_seconds=3.0))
        assert isinstance(hand_in(Webhook(lost), 1), Unknown), "the answer breaks off"
        assert hand_in(hook, 2) == Accepted("")
        for attempt in (1, 2):
            refused = hand_in(hook, attempt, "d-2")
            assert isinstance(refused, Permanent), "who says it to the first try refuses"
            assert refused.kind is Fault.CREDENTIAL
        after_a_restart = Webhook(Hook("x", conflict, SECRET, True, total_seconds=3.0))
        assert hand_in(after_a_restart, 2, "d-2") == Accepted(""), "what was said before is not known any more"


def test_the_own_allowance_keeps_places_for_grave_levels(house: Any) -> None:
    house.demo.ledger.now = lambda: NOW
    hook = house.webhook(now=lambda: NOW)
    light = [type(hook.send(note(level=3, delivery=f"d-{n}"))) for n in range(51)]
    assert light == [Accepted] * 50 + [RateLimited]
    assert isinstance(hook.send(note(level=1, delivery="grave")), Accepted)


@pytest.mark.parametrize(
    ("said", "seconds"), [("7", 7), ("0", 1), ("99999", 3600), ("", 60), ("Fri, 31 Dec 1999", 60), ("9" * 30, 60)]
)
def test_the_receivers_pause_is_kept_within_an_hour(said: str, seconds: int) -> None:
    outcome = judge(Answer(429, b"", {"retry-after": said}))
    assert isinstance(outcome, RateLimited)
    assert outcome.retry_after == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "url",
    ["http://oa.school.example/in", "ftp://a.cn/x", "https://", "https://user:pass@oa.school.example/in",
     "https://oa.school.example/in#x", "https://oa.school.example:0/in", "https://oa.school.example:99999/in",
     "https://oa.school.example/a b", "https://oa.school.example/中", "file:///etc/passwd", "http://127.0.0.1/in"],
)  # fmt: skip
def test_an_address_that_is_no_plain_https_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="网络回调") as refused:
        Hook("校内系统", url, SECRET)
    assert "pass" not in str(refused.value)


def test_a_short_secret_is_refused_and_not_repeated() -> None:
    with pytest.raises(ValueError, match="签名密钥太短") as refused:
        Hook("校内系统", "https://oa.school.example/in", "short-secret")
    assert "short-secret" not in str(refused.value)
