"""The school's own mail server: TLS from the start (465) or STARTTLS, a campus certificate, an app password (授权码).

The server is a real one that a test starts; the product is driven by its settings file and `fengxin check --probe`.
"""

from __future__ import annotations

import re
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.acceptance.standing import fengxin, free_ports

pytestmark = [
    pytest.mark.long,
    pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS"),  # the line is TLS from the start
]
USER, APP_PASSWORD, BOX_PASSWORD = "fengxin@fenglin.example", "abcd-efgh-ijkl-mnop", "password-of-the-box"
MAIL = """[mail]
host = "localhost"
port = {port}
security = "{security}"
user = "{user}"
password = "{password}"
from = "{user}"
ca_file = "{ca_file}"
"""
REACHED = "邮件：已连上，未发信"


def right(server: object, session: object, envelope: object, mechanism: str, given: object) -> AuthResult:
    """Takes the app password and not the one of the box, as providers do."""
    assert isinstance(given, LoginPassword)
    return AuthResult(success=(given.login, given.password) == (USER.encode(), APP_PASSWORD.encode()), handled=False)


@pytest.fixture(scope="module")
def campus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Key and certificate of the campus, which nobody else vouches for."""
    folder = tmp_path_factory.mktemp("campus")
    key, certificate = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-keyout", key, "-out", certificate, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True,
    )  # fmt: skip
    return key, certificate


@contextmanager
def served(campus: tuple[Path, Path], security: str) -> Iterator[int]:
    """A mail server that speaks TLS in this way; its port."""
    key, certificate = campus
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    begins = security == "tls"
    port = free_ports(1)
    server = Controller(
        Sink(), hostname="localhost", port=port, authenticator=right, auth_required=True, auth_require_tls=not begins,
        ssl_context=context if begins else None, tls_context=None if begins else context, require_starttls=not begins,
    )  # fmt: skip
    server.start()
    try:
        yield port
    finally:
        server.stop()


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_the_settings_reach_a_protected_server_by_the_app_password_alone(
    tmp_path: Path, campus: tuple[Path, Path], security: str
) -> None:
    data = tmp_path / "data"
    assert fengxin("init", data, "--demo", "--port", free_ports()).returncode == 0
    demo = (data / "fengxin.toml").read_text("utf-8")

    def probed(**given: object) -> str:
        """What `check --probe` says of mail with these settings."""
        section = MAIL.format(**{"security": security, "user": USER, "password": APP_PASSWORD, "ca_file": ""} | given)
        text, changed = re.subn(r"(?ms)^\[mail\]\n.*?\n(?=\[)", lambda _: f"{section}\n", demo)
        assert changed == 1
        (data / "fengxin.toml").write_text(text, "utf-8")
        done = fengxin("check", "--probe", "--settings", data / "fengxin.toml")
        return next((one for one in (done.stdout + done.stderr).splitlines() if "邮件：" in one), done.stdout)

    with served(campus, security) as port:
        assert f"✔ {REACHED}" in probed(port=port, ca_file=campus[1])
        wrong = probed(port=port, ca_file=campus[1], password=BOX_PASSWORD)
        assert ("✘" in wrong, "535" in wrong, "授权码" in wrong, BOX_PASSWORD in wrong) == (True, True, True, False)
        foreign = probed(port=port)
        assert ("✘" in foreign, "邮件服务器证书不可信" in foreign, "写明本校证书文件" in foreign) == (True, True, True)
