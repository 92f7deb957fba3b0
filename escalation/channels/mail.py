"""Mail over SMTP: one message per recipient, one conversation per message.

The conversation is led step by step (and not by `smtplib.sendmail`) because the meaning of a refusal depends on the
step: a 550 after RCPT is a bad address, a 550 after MAIL is a sender we may not use, a connection lost after the body
is `Unknown` and before it `Transient`.

Mail services keep their limits of pace to themselves, and may close an account for hours that overruns them. So there
is an own allowance as on every other channel; its default is ours, and the school may say another in the settings.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from email.headerregistry import Address
from enum import StrEnum
from typing import cast

from escalation.channels import Accepted, Channel, Fault, Message, Outcome, Permanent, RateLimited
from escalation.channels.bucket import Allowance
from escalation.channels.cutoff import Cutoff
from escalation.channels.letter import Clock, UnfitLetterError, compose, is_address, utc_now
from escalation.channels.mail_answer import Step, clean, judge, lost
from escalation.channels.window import OwnWindows, Windows, place

PER_MINUTE = 60
"""Mails a minute where the settings say nothing: 系统默认，非校规."""
FEWEST = 4
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_QUEUE_ID = re.compile(r"queued as\s+<?([A-Za-z0-9._@-]{1,120})|id[=: ]<?([A-Za-z0-9._@-]{1,120})", re.IGNORECASE)


class Security(StrEnum):
    """How the line to the server is protected: STARTTLS (587), TLS from the start (465), none (loopback only)."""

    STARTTLS = "starttls"
    TLS = "tls"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in. `password` is the app password (授权码); empty `user` means no login.

    `ca_file` names a PEM file with the campus' own certificate authority. Seconds are injectable for tests.
    `per_minute`: how many mails may leave in any minute; a quarter of them is kept for levels 1 and 2.

    Raises:
        ValueError: an unprotected line to another machine, a bad sender address, a user without a password, fewer
            than four mails a minute.
    """

    host: str
    port: int
    security: Security
    sender: str
    sender_name: str = "风信"
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str | None = None
    connect_seconds: float = 3.0
    total_seconds: float = 8.0
    per_minute: int = PER_MINUTE

    def __post_init__(self) -> None:
        if self.per_minute < FEWEST:
            raise ValueError(f"邮件每分钟至少要能发 {FEWEST} 封，否则通知送不出去；请改大 per_minute。")
        if self.security is Security.PLAIN and self.host not in LOOPBACK:
            raise ValueError(f"邮件服务器 {self.host} 不在本机，不能用明文连接；请改用 starttls（587）或 tls（465）。")
        if not is_address(self.sender):
            raise ValueError(f"发件地址“{self.sender}”不是有效的邮箱地址，请更正。")
        if self.user and not self.password:
            raise ValueError(f"邮箱账号 {self.user} 没有填授权码，请到邮箱设置中生成授权码后填写。")
        if not (self.user + self.password).isascii():
            raise ValueError("邮箱账号与授权码只能含英文字母、数字与符号，请核对是否误填了中文或全角字符。")
        if any(ord(letter) < 32 for letter in self.sender_name):
            raise ValueError("发件人名称中含换行或控制字符，请更正。")

    @property
    def allowance(self) -> Allowance:
        """What may leave in a minute, and what of it is kept for levels 1 and 2."""
        return Allowance(self.per_minute, self.per_minute // 4)


class Mail(Channel):
    """The mail channel; threads may share one. `windows` keeps its allowance, for all who send by this mailbox."""

    name = "mail"
    title = "邮件"
    quiet = True

    def __init__(self, server: MailServer, now: Clock = utc_now, *, windows: Windows | None = None) -> None:
        self._server = server
        self._now = now
        self._windows = windows or OwnWindows()
        self._place = place(self.name, f"{server.host.lower()} {(server.user or server.sender).lower()}")
        self._from = Address(server.sender_name, addr_spec=server.sender)
        self._tls = None if server.security is Security.PLAIN else ssl.create_default_context(cafile=server.ca_file)

    def send(self, message: Message) -> Outcome:
        """Deliver one mail; see `Channel`."""
        try:
            body = compose(message, self._from, self._now())
        except UnfitLetterError as unfit:
            return Permanent(unfit.fault, unfit.reason)
        held = self._windows.take(self._place, (self._server.allowance,), self._now(), message.level)
        if held is not None:
            return RateLimited(held.wait, self._full())
        return self._converse(message.to, body)

    def probe(self) -> Outcome:
        """Connect, log in and NOOP: proves the credentials and tells nobody."""
        return self._converse(None, b"")

    def _full(self) -> str:
        """Why a mail waits for the own allowance, and whose figure that is."""
        limit, kept = self._server.allowance.limit, self._server.allowance.reserve
        whose = "系统默认，非校规" if limit == PER_MINUTE else "本系统设置，非校规"
        return f"本邮箱一分钟内至多发 {limit} 封（{whose}；为Ⅰ、Ⅱ级留 {kept} 封），已满，稍后自动重发。"

    def _converse(self, to: str | None, body: bytes) -> Outcome:
        with Cutoff(self._server.total_seconds) as cutoff:
            line = _Line(self._server, self._tls, cutoff)
            try:
                line.open()
                return line.noop() if to is None else line.deliver(to, body)
            except _Answer as answer:
                return judge(answer.step, answer.code, self._hide(answer.text))
            except ssl.SSLCertVerificationError as error:
                return Permanent(
                    Fault.CREDENTIAL,
                    f"邮件服务器证书不可信（{clean(error.verify_message)}）；请核对服务器地址，或在设置中写明本校证书文件。",
                )
            except (OSError, smtplib.SMTPException, UnicodeError, ValueError) as error:
                return lost(line.step, self._why(error, cutoff))
            finally:
                line.close()

    def _why(self, error: Exception, cutoff: Cutoff) -> str:
        where = f"{self._server.host}:{self._server.port}"
        if cutoff.passed or isinstance(error, TimeoutError):
            return f"{where} 未在时限内答复。"
        if isinstance(error, ssl.SSLError):
            return f"{where} 加密连接失败（{clean(error.reason or '')}），请核对端口与加密方式。"
        if isinstance(error, socket.gaierror):
            return f"找不到主机 {self._server.host}，请核对地址与本机域名解析。"
        return f"{where} 连接断开（{type(error).__name__}）。"

    def _hide(self, text: str) -> str:
        return text.replace(self._server.password, "***") if self._server.password else text


class _Answer(Exception):
    """The server said something other than what the step awaits."""

    def __init__(self, step: Step, code: int, text: bytes | str) -> None:
        super().__init__(code)
        self.step = step
        self.code = code
        self.text = text.decode("utf-8", "replace") if isinstance(text, bytes) else text


class _Wire(smtplib.SMTP):
    """smtplib's client with our own time limits and TLS from the start where asked for."""

    def __init__(self, server: MailServer, tls: ssl.SSLContext | None, cutoff: Cutoff) -> None:
        # The name for EHLO is given, because smtplib would otherwise look the host's own name up in the DNS.
        super().__init__(local_hostname=server.sender.rpartition("@")[2])
        self._server = server
        self._tls = tls
        self._cutoff = cutoff
        self._host = server.host  # smtplib checks the certificate of STARTTLS against this name

    def _get_socket(self, host: str, port: int, _timeout: float) -> socket.socket:
        """The hook by which smtplib lets a subclass make the connection (SMTP_SSL uses it, too)."""
        sock = socket.create_connection((host, port), min(self._server.connect_seconds, self._cutoff.left))
        self._cutoff.hold(sock)
        sock.settimeout(self._cutoff.left)
        if self._server.security is Security.TLS and self._tls is not None:
            sock = self._tls.wrap_socket(sock, server_hostname=host)
            self._cutoff.hold(sock)
        return sock

    def secure(self) -> None:
        """STARTTLS, then watch the encrypted socket."""
        self.starttls(context=self._tls)
        self._cutoff.hold(cast(socket.socket, self.sock))


class _Line:
    """One conversation; `step` is where it stands when something breaks."""

    def __init__(self, server: MailServer, tls: ssl.SSLContext | None, cutoff: Cutoff) -> None:
        self._server = server
        self._wire = _Wire(server, tls, cutoff)
        self.step = Step.CONNECT

    def open(self) -> None:
        """Connect, greet, secure, log in."""
        self._await(Step.CONNECT, 220, self._wire.connect(self._server.host, self._server.port))
        self._hello()
        if self._server.security is Security.STARTTLS:
            self.step = Step.TLS
            try:
                self._wire.secure()
            except smtplib.SMTPNotSupportedError:
                raise _Answer(Step.TLS, 502, "STARTTLS not offered") from None
            except smtplib.SMTPResponseException as refused:
                raise _Answer(Step.TLS, refused.smtp_code, refused.smtp_error) from None
            self._hello()
        if self._server.user:
            self._log_in()

    def noop(self) -> Outcome:
        """The end of a probe."""
        self._await(Step.LOGIN, 250, self._wire.noop())
        return Accepted("")

    def deliver(self, to: str, body: bytes) -> Outcome:
        """MAIL, RCPT, DATA, body."""
        self.step = Step.SENDER
        size = [f"SIZE={len(body)}"] if self._wire.has_extn("size") else []
        self._await(Step.SENDER, 250, self._wire.mail(self._server.sender, size))
        self.step = Step.RECIPIENT
        code, text = self._wire.rcpt(to)
        if code != 251:
            self._await(Step.RECIPIENT, 250, (code, text))
        self.step = Step.DATA
        self._await(Step.DATA, 354, self._wire.docmd("DATA"))
        self.step = Step.BODY
        self._wire.send(smtplib.quotedata(body.decode("ascii")).encode("ascii") + b".\r\n")
        code, text = self._wire.getreply()
        self._await(Step.BODY, 250, (code, text))
        queue = _QUEUE_ID.search(text.decode("utf-8", "replace"))
        return Accepted((queue.group(1) or queue.group(2)) if queue else "", answer=str(code))

    def close(self) -> None:
        """Say goodbye without waiting for an answer: the outcome is known."""
        with suppress(OSError, smtplib.SMTPException):
            if self._wire.sock is not None:
                self._wire.putcmd("QUIT")
        with suppress(OSError):
            self._wire.close()

    def _hello(self) -> None:
        self.step = Step.HELLO
        code, text = self._wire.ehlo()
        if code != 250:
            self._await(Step.HELLO, 250, self._wire.helo() if code >= 500 else (code, text))

    def _log_in(self) -> None:
        self.step = Step.LOGIN
        try:
            self._wire.login(self._server.user, self._server.password)
        except smtplib.SMTPNotSupportedError:
            raise _Answer(Step.LOGIN, 502, "AUTH not offered") from None
        except smtplib.SMTPResponseException as refused:
            raise _Answer(Step.LOGIN, refused.smtp_code, refused.smtp_error) from None
        except smtplib.SMTPServerDisconnected:
            raise
        except smtplib.SMTPException:
            raise _Answer(Step.LOGIN, 504, "no AUTH mechanism in common") from None

    def _await(self, step: Step, wanted: int, answer: tuple[int, bytes]) -> None:
        self.step = step
        if answer[0] != wanted:
            raise _Answer(step, *answer)
