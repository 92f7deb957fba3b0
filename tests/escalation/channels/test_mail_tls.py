"""Mail over protected lines: STARTTLS and TLS from the start, with a campus' own certificate, against a real server.

The server wants a login, as providers do: the app password (授权码), not the password of the box.
"""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import AuthResult, LoginPassword

from escalation.channels import Accepted, Fault, Message, Permanent
from escalation.channels.mail import Mail, MailServer, Security
from escalation.channels.sandbox.sink import _free_port

USER, APP_PASSWORD = "f@example.edu.cn", "abcd-efgh-ijkl-mnop"
NOTICE = Message("FX-1-03", "d-1", "luo@example.edu.cn", 2, "请签收", "正文", None, "")


def right(server: object, session: object, envelope: object, mechanism: str, given: object) -> AuthResult:
    """Takes one user with one app password, as a provider's server does; the sign-in password of the box is none."""
    assert isinstance(given, LoginPassword)
    return AuthResult(success=(given.login, given.password) == (USER.encode(), APP_PASSWORD.encode()), handled=False)


def mail(line: tuple[Security, int, Path], password: str = APP_PASSWORD, user: str = USER, trusts: bool = True) -> Mail:
    """The channel to that server."""
    security, port, certificate = line
    return Mail(
        MailServer(
            "localhost", port, security, USER, user=user, password=password,
            ca_file=str(certificate) if trusts else None, total_seconds=3,
        )
    )  # fmt: skip


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
    server = Controller(
        Sink(), hostname="localhost", port=port, authenticator=right, auth_required=True,
        auth_require_tls=request.param is Security.STARTTLS, **way,
    )  # fmt: skip
    server.start()
    yield request.param, port, certificate
    server.stop()


def test_a_line_with_the_campus_certificate_and_the_right_app_password_is_taken(
    line: tuple[Security, int, Path],
) -> None:
    assert isinstance(mail(line).send(NOTICE), Accepted)
    assert isinstance(mail(line).probe(), Accepted)


@pytest.mark.parametrize(("user", "password"), [(USER, "the-sign-in-password"), ("g@example.edu.cn", APP_PASSWORD)])
def test_a_wrong_app_password_is_a_fault_of_the_credential_and_is_not_repeated(
    line: tuple[Security, int, Path], user: str, password: str
) -> None:
    for outcome in (mail(line, password, user).send(NOTICE), mail(line, password, user).probe()):
        assert isinstance(outcome, Permanent)
        assert outcome.kind is Fault.CREDENTIAL
        assert "授权码" in outcome.reason
        assert password not in outcome.reason


def test_a_server_that_asks_for_a_login_is_not_sent_to_without_one(line: tuple[Security, int, Path]) -> None:
    outcome = mail(line, "", "").send(NOTICE)
    assert isinstance(outcome, Permanent)
    assert outcome.kind is Fault.CREDENTIAL


def test_a_certificate_nobody_vouches_for_is_refused(line: tuple[Security, int, Path]) -> None:
    outcome = mail(line, trusts=False).send(NOTICE)
    assert isinstance(outcome, Permanent)
    assert outcome.kind is Fault.CREDENTIAL
    assert "证书" in outcome.reason
