"""The exchange 往来: one HTTP conversation with a vendor, which knows whether the body had left when something broke.

Nothing is read from the environment's proxy variables, no redirect is followed, an answer is read up to 64 KiB, and
addresses never reach a log: keys, tokens and signatures are part of them.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import re
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from escalation.channels import Transient, Unknown
from escalation.channels.cutoff import Cutoff

if TYPE_CHECKING:
    import httpx

ANSWER_BYTES = 65_536
_AFTER_HOST = re.compile(r"(https?://[^/?#\s\"']+)[/?#][^\s\"']*")


class _BareLog(logging.Filter):
    """httpx writes every address it calls into the log; of an address only scheme and host are left."""

    def filter(self, record: logging.LogRecord) -> bool:
        line = record.getMessage()
        if "://" in line:
            record.msg, record.args = _AFTER_HOST.sub(r"\1/***", line), ()
        return True


logging.getLogger("httpx").addFilter(_BareLog())


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP answer; `body` is what was read of it, header names are in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    def json(self) -> dict[str, Any] | None:
        """The body as a JSON object, or None where it is none."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None

    def number(self, name: str) -> int | None:
        """A whole number of the JSON object, or None: a vendor's code is never guessed from a text or a flag."""
        found = (self.json() or {}).get(name)
        return found if isinstance(found, int) and not isinstance(found, bool) else None


@dataclass(frozen=True, slots=True)
class Line:
    """How a vendor is reached. `title` is what people call it. `base` begins every address.

    `host`: the name the certificate must carry, where `base` names a machine by its number. `again`: whether an
    unclear sending is simply repeated (chat) or first looked up (SMS); it is what the reason says. `ca_file`: a PEM
    file with the campus' own certificate authority.

    Raises:
        ValueError: an unprotected line to another machine.
    """

    title: str
    base: str
    proxy: str | None = field(default=None, repr=False)
    connect_seconds: float = 3.0
    total_seconds: float = 8.0
    host: str = ""
    again: str = "将以同一通知号重发"
    ca_file: str | None = None

    def __post_init__(self) -> None:
        parts = urlsplit(self.base)
        local = parts.scheme == "http" and is_own_machine(parts.hostname or "")
        if not local and (parts.scheme != "https" or not parts.hostname):
            raise ValueError(
                f"{self.title}接口地址“{self.base}”不对：应以 https:// 开头（本机演示可用 http://127.0.0.1）。"
            )

    def call(
        self,
        cutoff: Cutoff,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer | Transient | Unknown:
        """One call. `Transient`: the body had not left. `Unknown`: it had, and the answer got lost."""
        import httpx  # at the first call: every process reads the settings of channels, few send

        sent = _Sent(cutoff)
        given = {"Accept-Encoding": "identity", **(headers or {})}
        extensions: dict[str, Any] = {"trace": sent.trace}
        if self.host:
            given["Host"] = self.host
            extensions["sni_hostname"] = urlsplit(f"//{self.host}").hostname or ""
        limits = httpx.Timeout(cutoff.left, connect=min(self.connect_seconds, cutoff.left))
        try:
            with (
                httpx.Client(
                    verify=self._trusted(), timeout=limits, trust_env=False, proxy=self.proxy, follow_redirects=False
                ) as client,
                client.stream(
                    method, self.base.rstrip("/") + path, params=params, content=body, headers=given,
                    extensions=extensions,
                ) as answer,
            ):  # fmt: skip
                return Answer(answer.status_code, _read(answer), {k.lower(): v for k, v in answer.headers.items()})
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError) as error:
            late = cutoff.passed or isinstance(error, httpx.TimeoutException)
            why = f"{'未在时限内答复' if late else '连接中断'}（{type(error).__name__}）"
            if sent.body_left:
                return Unknown(f"{self.title}{why}，消息已发出，可能已送达，{self.again}。")
            return Transient(f"连不上{self.title}：{why}，未送出，将自动重发。")

    def _trusted(self) -> ssl.SSLContext | bool:
        return ssl.create_default_context(cafile=self.ca_file) if self.ca_file else True


def encoded(body: object) -> bytes:
    """A JSON body, text as it is: a vendor's limits count UTF-8 bytes, and escapes would be six each."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


JSON = {"Content-Type": "application/json; charset=utf-8"}


def is_own_machine(host: str) -> bool:
    """Whether the host is this machine by name or number."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _read(answer: httpx.Response) -> bytes:
    read = b""
    for piece in answer.iter_raw():
        read += piece
        if len(read) > ANSWER_BYTES:
            break
    return read


class _Sent:
    """Watches a call: whether its body left, and the socket that the cutoff must be able to shut."""

    def __init__(self, cutoff: Cutoff) -> None:
        self._cutoff = cutoff
        self.body_left = False

    def trace(self, event: str, info: dict[str, Any]) -> None:
        if event.endswith("send_request_body.started"):
            self.body_left = True
        import httpcore

        stream = info.get("return_value")
        if isinstance(stream, httpcore.NetworkStream):
            with suppress(KeyError):
                if (sock := stream.get_extra_info("socket")) is not None:
                    self._cutoff.hold(sock)
