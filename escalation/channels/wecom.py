"""The 企业微信 group robot. A group gives no receipt: `Accepted` is not read, and signing goes by the link."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx

from escalation.channels import Channel, Message, Outcome, RateLimited, Transient, Unknown
from escalation.channels.bucket import Bucket
from escalation.channels.cutoff import Cutoff
from escalation.channels.letter import Clock, utc_now
from escalation.channels.robot_answer import judge
from escalation.channels.robot_text import payload

VENDOR = "https://qyapi.weixin.qq.com"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_ANSWER_BYTES = 65_536
_KEY_IN_ADDRESS = re.compile(r"(key=)[^&\s\"']+")


class _KeylessLog(logging.Filter):
    """httpx writes every address it calls into the log; the robot's key is part of the address."""

    def filter(self, record: logging.LogRecord) -> bool:
        line = record.getMessage()
        if "key=" in line:
            record.msg, record.args = _KEY_IN_ADDRESS.sub(r"\1***", line), ()
        return True


logging.getLogger("httpx").addFilter(_KeylessLog())


@dataclass(frozen=True, slots=True)
class RobotAddress:
    """A robot: `name` as the duty rules know it, `key` from its webhook address.

    `base` is a setting: the vendor's host, or the sandbox on the loopback. `proxy` is for schools that reach the
    internet through one; the environment's proxy variables are not read.

    Raises:
        ValueError: an unprotected line to another machine, or a key that is none.
    """

    name: str
    key: str = field(repr=False)
    base: str = VENDOR
    proxy: str | None = field(default=None, repr=False)
    connect_seconds: float = 3.0
    total_seconds: float = 8.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.base)
        local = parts.scheme == "http" and parts.hostname in _LOOPBACK
        if not local and (parts.scheme != "https" or not parts.hostname):
            raise ValueError(
                f"企业微信接口地址“{self.base}”不对：应以 https:// 开头（本机演示可用 http://127.0.0.1）。"
            )
        if not re.fullmatch(r"[A-Za-z0-9_-]{8,128}", self.key):
            raise ValueError(
                f"企业微信机器人“{self.name}”的密钥格式不对：应为机器人地址中 key= 之后的一段，请重新复制。"
            )


class Robot(Channel):
    """One robot in one group. The allowance is kept here, so give all threads of a process the same instance."""

    name = "wecom_robot"
    title = "企业微信群机器人"

    def __init__(
        self, address: RobotAddress, now: Clock = utc_now, probe_line: str = "【测试】风信机器人连通性测试，无须处理。"
    ) -> None:
        self._address = address
        self._now = now
        self._probe_line = probe_line
        self._lock = threading.Lock()
        self._bucket = Bucket()

    def send(self, message: Message) -> Outcome:
        """Post one text to the group; see `Channel`."""
        with self._lock:
            self._bucket, wait = self._bucket.take(self._now(), message.level)
        if wait is not None:
            return RateLimited(wait, "本机器人一分钟内已发 18 条（为Ⅰ、Ⅱ级留 4 条），稍后自动重发。")
        with Cutoff(self._address.total_seconds) as cutoff:
            return _Call(self._address, cutoff).post(payload(message))

    def probe(self) -> Outcome:
        """A marked test line: the vendor has no way to prove a key without saying something in the group."""
        return self.send(Message("", "", self._address.name, 2, "", self._probe_line, None, ""))


class _Call:
    """One HTTP call; knows whether the body had left when something broke."""

    def __init__(self, address: RobotAddress, cutoff: Cutoff) -> None:
        self._address = address
        self._cutoff = cutoff
        self._body_left = False

    def post(self, body: Mapping[str, object]) -> Outcome:
        limits = httpx.Timeout(self._address.total_seconds, connect=self._address.connect_seconds)
        try:
            with (
                httpx.Client(
                    timeout=limits, trust_env=False, proxy=self._address.proxy, follow_redirects=False
                ) as client,
                client.stream(
                    "POST",
                    f"{self._address.base.rstrip('/')}/cgi-bin/webhook/send",
                    params={"key": self._address.key},
                    json=body,
                    headers={"Accept-Encoding": "identity"},
                    extensions={"trace": self._trace},
                ) as answer,
            ):
                return judge(answer.status_code, self._read(answer))
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError) as error:
            why = "未在时限内答复" if self._cutoff.passed or isinstance(error, httpx.TimeoutException) else "连接中断"
            if self._body_left:
                return Unknown(f"企业微信{why}（{type(error).__name__}），消息已发出，可能已送达，将以同一通知号重发。")
            return Transient(f"连不上企业微信：{why}（{type(error).__name__}），未送出，将自动重发。")

    def _read(self, answer: httpx.Response) -> bytes:
        read = b""
        for piece in answer.iter_raw():
            read += piece
            if len(read) > _ANSWER_BYTES:
                break
        return read

    def _trace(self, event: str, info: dict[str, Any]) -> None:
        if event.endswith("send_request_body.started"):
            self._body_left = True
        stream = info.get("return_value")
        if isinstance(stream, httpcore.NetworkStream):
            with suppress(KeyError):
                if (sock := stream.get_extra_info("socket")) is not None:
                    self._cutoff.hold(sock)
