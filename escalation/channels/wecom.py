"""The 企业微信 group robot. A group gives no receipt: `Accepted` is not read, and signing goes by the link."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from escalation.channels import Channel, Message, Outcome, RateLimited
from escalation.channels.bucket import ROBOT
from escalation.channels.cutoff import Cutoff
from escalation.channels.exchange import JSON, Answer, Line, encoded
from escalation.channels.letter import Clock, utc_now
from escalation.channels.robot_answer import judge
from escalation.channels.robot_text import payload
from escalation.channels.window import OwnWindows, Windows, place

VENDOR = "https://qyapi.weixin.qq.com"


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
        self.line()
        if not re.fullmatch(r"[A-Za-z0-9_-]{8,128}", self.key):
            raise ValueError(
                f"企业微信机器人“{self.name}”的密钥格式不对：应为机器人地址中 key= 之后的一段，请重新复制。"
            )

    def line(self) -> Line:
        """The way to the vendor."""
        return Line("企业微信", self.base, self.proxy, self.connect_seconds, self.total_seconds)


class Robot(Channel):
    """One robot in one group. `windows` keeps its allowance, for all who speak with this key."""

    name = "wecom_robot"
    title = "企业微信群机器人"

    def __init__(
        self, address: RobotAddress, now: Clock = utc_now, probe_line: str = "【测试】风信机器人连通性测试，无须处理。",
        windows: Windows | None = None,
    ) -> None:  # fmt: skip
        self._address = address
        self._now = now
        self._probe_line = probe_line
        self._windows = windows or OwnWindows()
        self._place = place(self.name, address.key)

    def send(self, message: Message) -> Outcome:
        """Post one text to the group; see `Channel`."""
        held = self._windows.take(self._place, ROBOT, self._now(), message.level)
        if held is not None:
            return RateLimited(held.wait, "本机器人一分钟内已发 18 条（为Ⅰ、Ⅱ级留 4 条），稍后自动重发。")
        with Cutoff(self._address.total_seconds) as cutoff:
            answer = self._address.line().call(
                cutoff, "POST", "/cgi-bin/webhook/send", params={"key": self._address.key},
                body=encoded(payload(message)), headers=JSON,
            )  # fmt: skip
        return judge(answer.status, answer.body) if isinstance(answer, Answer) else answer

    def probe(self) -> Outcome:
        """A marked test line: the vendor has no way to prove a key without saying something in the group."""
        return self.send(Message("", "", self._address.name, 2, "", self._probe_line, None, ""))
