"""The 飞书 group robot: signed in the body, five a second, and not at full and half hours where it can wait."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import zlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from escalation.channels import Accepted, Channel, Fault, Message, Outcome, Permanent, RateLimited, Transient, Unknown
from escalation.channels.bucket import Allowance
from escalation.channels.cutoff import Cutoff
from escalation.channels.exchange import JSON, Answer, Line, encoded
from escalation.channels.letter import Clock, utc_now
from escalation.channels.robot_text import fitted
from escalation.channels.window import OwnWindows, Windows, place

VENDOR = "https://open.feishu.cn"
TEXT_BYTES = 9_000
"""Far below the body's 20 KB, also where every character is escaped."""
ALLOWANCES = (Allowance(80, 16), Allowance(4, 1, timedelta(seconds=1)))
BUSY_FOR = timedelta(seconds=30)
"""The vendor limits many at full and half hours: for so long after each, levels 3 and 4 wait."""
SPREAD_SECONDS = 20
_FREQUENT = frozenset({11232, 11233, 230020, 99991400})
_CREDENTIAL = {
    19001: "机器人地址无效或已移除；请从群里重新复制机器人地址",
    19021: "签名不合或时间相差一小时以上；请核对签名密钥与本机时间",
    19022: "来源 IP 不在机器人白名单中；请在机器人安全设置中加上本机出口地址",
    19024: "没有命中自定义关键词；请在机器人安全设置中只勾选“签名校验”",
}
_CONTENT = frozenset({9499, 19002, 11246, 230025})


@dataclass(frozen=True, slots=True)
class FeishuRobot:
    """A robot: `hook` from its webhook address, `secret` from its 签名校验 setting.

    Raises:
        ValueError: an unprotected line to another machine, or a hook or secret that is none.
    """

    name: str
    hook: str = field(repr=False)
    secret: str = field(repr=False)
    base: str = VENDOR
    proxy: str | None = field(default=None, repr=False)
    connect_seconds: float = 3.0
    total_seconds: float = 8.0

    def __post_init__(self) -> None:
        self.line()
        if not re.fullmatch(r"[A-Za-z0-9_-]{8,128}", self.hook):
            raise ValueError(f"飞书机器人“{self.name}”的 hook 格式不对：应为机器人地址中 hook/ 之后的一段。")
        if not re.fullmatch(r"[A-Za-z0-9_-]{8,128}", self.secret):
            raise ValueError(f"飞书机器人“{self.name}”的签名密钥格式不对：应为安全设置“签名校验”一栏中的一串。")

    def line(self) -> Line:
        """The way to the vendor."""
        return Line("飞书", self.base, self.proxy, self.connect_seconds, self.total_seconds)


def sign(secret: str, stamp: int) -> str:
    """The signature at `stamp` (seconds): the text is the key and the message is empty, unlike 钉钉."""
    return base64.b64encode(hmac.new(f"{stamp}\n{secret}".encode(), b"", hashlib.sha256).digest()).decode()


class Feishu(Channel):
    """One robot in one group. `windows` keeps its allowance, for all who speak with this address."""

    name = "feishu_robot"
    title = "飞书群机器人"

    def __init__(
        self, robot: FeishuRobot, now: Clock = utc_now, probe_line: str = "【测试】风信机器人连通性测试，无须处理。",
        windows: Windows | None = None,
    ) -> None:  # fmt: skip
        self._robot = robot
        self._now = now
        self._probe_line = probe_line
        self._windows = windows or OwnWindows()
        self._place = place(self.name, robot.hook)

    def send(self, message: Message) -> Outcome:
        """Post one text to the group; see `Channel`."""
        now = self._now()
        if message.level > 2 and (wait := busy(now, message.delivery_id)):
            return RateLimited(wait, "整点与半点飞书容易限流，避开后自动发送。")
        held = self._windows.take(self._place, ALLOWANCES, now, message.level)
        if held is not None:
            return RateLimited(held.wait, "本机器人已近每分钟、每秒的上限（为Ⅰ、Ⅱ级留有余量），稍后自动重发。")
        stamp = int(now.timestamp())
        body = {
            "timestamp": str(stamp), "sign": sign(self._robot.secret, stamp),
            "msg_type": "text", "content": {"text": fitted(message, TEXT_BYTES)},
        }  # fmt: skip
        with Cutoff(self._robot.total_seconds) as cutoff:
            path = f"/open-apis/bot/v2/hook/{self._robot.hook}"
            answer = self._robot.line().call(cutoff, "POST", path, body=encoded(body), headers=JSON)
        return judge(answer) if isinstance(answer, Answer) else answer

    def probe(self) -> Outcome:
        """A marked test line: the vendor has no way to prove a robot without saying something in the group."""
        return self.send(Message("", "", self._robot.name, 2, "", self._probe_line, None, ""))


def busy(now: datetime, delivery_id: str) -> timedelta | None:
    """How long to wait at a full or half hour (any whole-hour zone), each delivery a little apart; else None. Pure."""
    since = timedelta(minutes=now.minute % 30, seconds=now.second, microseconds=now.microsecond)
    if since >= BUSY_FOR:
        return None
    return BUSY_FOR - since + timedelta(seconds=zlib.crc32(delivery_id.encode("utf-8", "replace")) % SPREAD_SECONDS)


def judge(answer: Answer) -> Outcome:
    """The outcome of a complete answer, by `code` (older robots: `StatusCode`) alone."""
    code = None
    if answer.status == 200 or (400 <= answer.status < 500 and answer.status != 429):
        code = answer.number("code")
        code = answer.number("StatusCode") if code is None else code
    said = str(code) if code is not None else f"HTTP {answer.status}"
    number = answer.headers.get("x-tt-logid", "")
    outcome = by_code(code) if code is not None else _by_status(answer.status)
    return replace(outcome, answer=f"{said} · {number[:80]}" if number.isprintable() and number else said)


def by_code(code: int) -> Outcome:
    """The outcome for the vendor's code."""
    if code == 0:
        return Accepted("")
    if code in _FREQUENT:
        return RateLimited(timedelta(seconds=10), f"飞书限频（{code}），稍后自动重发。")
    if code in _CREDENTIAL:
        return Permanent(Fault.CREDENTIAL, f"飞书拒收（{code}：{_CREDENTIAL[code]}）。")
    if code in _CONTENT:
        return Permanent(Fault.CONTENT, f"飞书拒收（{code}：消息格式、长度或内容不合要求），将改发简短通知。")
    return Permanent(Fault.CONTENT, f"飞书拒收（{code}：含义未收录），将改发简短通知；请查阅飞书错误码。")


def _by_status(status: int) -> Outcome:
    if status == 429:
        return RateLimited(timedelta(minutes=1), "飞书限频（HTTP 429），一分钟后重发。")
    if status >= 500:
        return Transient(f"飞书服务器出错（HTTP {status}），将自动重发。")
    if status != 200:
        return Permanent(Fault.CREDENTIAL, f"飞书接口地址不对（HTTP {status}）；请核对接口地址与经过的代理。")
    return Unknown("飞书的答复读不懂（不是预期的 JSON），可能被代理改写；可能已送达，将以同一通知号重发。")
