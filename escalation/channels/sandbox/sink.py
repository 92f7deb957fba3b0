"""A real SMTP server that keeps what it is given and forwards nothing."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from escalation.channels.sandbox.faults import READ_AT, Faults, Read
from escalation.channels.sandbox.mailbox import Mailbox, read_through

HANG_SECONDS = 30.0
GREYLISTED = "451 4.7.1 Greylisted, please try again later"


class Sink:
    """Start and stop of the SMTP server. Any login is accepted: there is nothing to protect and nobody to write to."""

    def __init__(self, mailbox: Mailbox, faults: Faults, host: str, port: int) -> None:
        self.host = host
        self.port = port or _free_port(host)
        self._handler = _Handler(mailbox, faults)
        self._controller: Any = None

    def start(self) -> None:
        """Listen, in a thread of its own.

        Raises:
            OSError: the port is taken.
        """
        logging.getLogger("mail.log").setLevel(
            logging.ERROR
        )  # aiosmtpd warns of its own deprecated field at each login
        self._controller = Controller(
            self._handler,
            hostname=self.host,
            port=self.port,
            ready_timeout=10,
            server_hostname="demo.fengxin.invalid",
            authenticator=self._handler.log_in,
            auth_require_tls=False,
            data_size_limit=5_000_000,
        )
        self._controller.start()

    def stop(self) -> None:
        """Stop listening; a second call does nothing."""
        controller, self._controller = self._controller, None
        if controller is not None:
            controller.stop()


class _Handler:
    """The hooks of aiosmtpd, one per SMTP step; the faults strike here."""

    def __init__(self, mailbox: Mailbox, faults: Faults) -> None:
        self._mailbox = mailbox
        self._faults = faults

    def log_in(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
        """AUTH: yes, unless the fault says no; struck once per conversation, as clients try several ways."""
        if not getattr(session, "struck", False):
            session.struck = bool(self._faults.strikes("smtp", frozenset({"credential"})))
        return AuthResult(success=not session.struck, handled=False)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        """RCPT TO."""
        match self._faults.strikes("smtp", frozenset({"greylist", "refuse"}), address):
            case "greylist":
                return GREYLISTED
            case "refuse":
                return "550 5.1.1 No such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """The mail. A dropped line has kept the mail, as the bad moment of a real server would."""
        to = ", ".join(envelope.rcpt_tos)
        known_by, words = read_through(envelope.content)
        fault = self._faults.strikes("smtp", READ_AT["smtp"], to, Read(f"{to} {known_by}", words))
        if fault == "greylist":
            return GREYLISTED
        if fault == "content":
            return "554 5.6.0 Message refused"
        if fault == "hang":
            await asyncio.sleep(HANG_SECONDS)
        kept = self._mailbox.keep(envelope.mail_from or "", to, envelope.content)
        if fault:
            server.transport.abort()
        return f"250 OK queued as {kept.id:06d}"


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
