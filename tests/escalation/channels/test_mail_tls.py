"""Mail over protected lines: STARTTLS and TLS from the start, with a campus' own certificate, against a real server."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

from escalation.channels import Accepted, Fault, Message, Permanent
from escalation.channels.mail import Mail, MailServer, Security
from escalation.channels.sandbox.sink import _free_port

NOTICE = Message("FX-1-03", "d-1", "luo@example.edu.cn", 2, "请签收", "正文", None, "")


@pytest.fixture(params=[Security.STARTTLS, Security.TLS])
def line(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Security, int, Path]]:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-keyout", key, "-out", certificate, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    way = (
        {"tls_context": context, "require_starttls": True}
        if request.param is Security.STARTTLS
        else {"ssl_context": context}
    )
    port = _free_port("localhost")
    server = Controller(Sink(), hostname="localhost", port=port, **way)
    server.start()
    yield request.param, port, certificate
    server.stop()


def test_a_line_with_the_campus_certificate_is_trusted(line: tuple[Security, int, Path]) -> None:
    security, port, certificate = line
    server = MailServer("localhost", port, security, "f@example.edu.cn", ca_file=str(certificate), total_seconds=3)
    assert isinstance(Mail(server).send(NOTICE), Accepted)
    assert isinstance(Mail(server).probe(), Accepted)


def test_a_certificate_nobody_vouches_for_is_refused(line: tuple[Security, int, Path]) -> None:
    security, port, _ = line
    outcome = Mail(MailServer("localhost", port, security, "f@example.edu.cn", total_seconds=3)).send(NOTICE)
    assert isinstance(outcome, Permanent)
    assert outcome.kind is Fault.CREDENTIAL
    assert "证书" in outcome.reason
