"""The 钉钉 group robot: signed, 20 messages a minute, and ten minutes of silence for who sends faster."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from escalation.channels import Accepted, Channel, Fault, Message, Outcome, Permanent, RateLimited, Transient, Unknown
from escalation.channels.bucket import ROBOT
from escalation.channels.cutoff import Cutoff
from escalation.channels.exchange import JSON, Answer, Line, encoded
from escalation.channels.letter import Clock, utc_now
from escalation.channels.robot_text import MOBILE, fitted
from escalation.channels.window import OwnWindows, Windows, place

VENDOR = "https://oapi.dingtalk.com"
TEXT_BYTES = 9_000
"""Far below the body's 20,000 bytes, also where every character is escaped."""
PUNISHED = timedelta(minutes=10)
TOO_FAST = frozenset({130101, 90030, 410100, 90018})
_CREDENTIAL = frozenset({310000, 300001, 300005, 40014, 400013, 400101, 400102, 400106, 40035})
_CONTENT = frozenset({400105, 430101, 430102, 430103, 430104, 460101, 40008, 43004})


@dataclass(frozen=True, slots=True)
class DingtalkRobot:
    """A robot: `token` from its webhook address, `secret` from its 加签 setting (begins with SEC).

    Raises:
        ValueError: an unprotected line to another machine, or a token or secret that is none.
    """

    name: str
    token: str = field(repr=False)
    secret: str = field(repr=False)
    base: str = VENDOR
    proxy: str | None = field(default=None, repr=False)
    connect_seconds: float = 3.0
    total_seconds: float = 8.0

    def __post_init__(self) -> None:
        self.line()
        if not re.fullmatch(r"[A-Za-z0-9_-]{8,128}", self.token):
            raise ValueError(
                f"钉钉机器人“{self.name}”的 access_token 格式不对：应为机器人地址中 access_token= 之后的一段。"
            )
        if not re.fullmatch(r"SEC[A-Za-z0-9_-]{8,128}", self.secret):
            raise ValueError(f"钉钉机器人“{self.name}”的加签密钥格式不对：应为安全设置“加签”一栏中以 SEC 开头的一串。")

    def line(self) -> Line:
        """The way to the vendor."""
        return Line("钉钉", self.base, self.proxy, self.connect_seconds, self.total_seconds)


def sign(secret: str, stamp: int) -> str:
    """The signature of a request at `stamp` (milliseconds), in base64; the address encodes it once more."""
    said = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
    return base64.b64encode(said).decode()


class Dingtalk(Channel):
    """One robot in one group. `windows` keeps its allowance and its punishment, for all who speak with this token."""

    name = "dingtalk_robot"
    title = "钉钉群机器人"

    def __init__(
        self, robot: DingtalkRobot, now: Clock = utc_now, probe_line: str = "【测试】风信机器人连通性测试，无须处理。",
        windows: Windows | None = None,
    ) -> None:  # fmt: skip
        self._robot = robot
        self._now = now
        self._probe_line = probe_line
        self._windows = windows or OwnWindows()
        self._place = place(self.name, robot.token)

    def send(self, message: Message) -> Outcome:
        """Post one text to the group; see `Channel`."""
        now = self._now()
        if (held := self._hold(now, message.level)) is not None:
            return held
        stamp = int(now.timestamp() * 1000)
        query = {
            "access_token": self._robot.token, "timestamp": str(stamp), "sign": sign(self._robot.secret, stamp)
        }  # fmt: skip
        with Cutoff(self._robot.total_seconds) as cutoff:
            answer = self._robot.line().call(
                cutoff, "POST", "/robot/send", params=query, body=encoded(payload(message)), headers=JSON
            )
        outcome = judge(answer) if isinstance(answer, Answer) else answer
        if isinstance(outcome, RateLimited) and outcome.retry_after >= PUNISHED:
            self._windows.close(self._place, now, PUNISHED)
        return outcome

    def probe(self) -> Outcome:
        """A marked test line: the vendor has no way to prove a robot without saying something in the group."""
        return self.send(Message("", "", self._robot.name, 2, "", self._probe_line, None, ""))

    def _hold(self, now: datetime, level: int) -> RateLimited | None:
        """Why nothing is sent now: punished (each further try would be lost), or the own allowance used up."""
        held = self._windows.take(self._place, ROBOT, now, level)
        if held is None:
            return None
        if held.closed:
            return RateLimited(held.wait, "钉钉因发送过快罚停本机器人十分钟，期满自动重发。")
        return RateLimited(held.wait, "本机器人一分钟内已发 18 条（为Ⅰ、Ⅱ级留 4 条），稍后自动重发。")


def payload(message: Message) -> dict[str, object]:
    """The request body. Who is called stands in `at`; the vendor also wants each number in the text."""
    mobiles = [name for name in message.mention if MOBILE.fullmatch(name)]
    members = [name for name in message.mention if not MOBILE.fullmatch(name)]
    calls = "".join(f"\n@{name}" for name in (*mobiles, *members))
    return {
        "msgtype": "text",
        "text": {"content": fitted(message, TEXT_BYTES) + calls},
        "at": {"atMobiles": mobiles, "atUserIds": members, "isAtAll": False},
    }


def judge(answer: Answer) -> Outcome:
    """The outcome of a complete answer, by `errcode` alone: the sentence beside it changes."""
    code = answer.number("errcode") if answer.status == 200 else None
    if code is not None:
        return replace(by_code(code), answer=str(code))
    return replace(_by_status(answer.status), answer=f"HTTP {answer.status}")


def by_code(code: int) -> Outcome:
    """The outcome for an `errcode`."""
    if code == 0:
        return Accepted("")
    if code in TOO_FAST:
        return RateLimited(PUNISHED, f"钉钉限频（{code}：每分钟 20 条，超出罚停十分钟），十分钟后重发。")
    if code in _CREDENTIAL:
        cure = _CURES.get(code, "机器人已停用、移除或地址不对；请在群里核对机器人并更新设置")
        return Permanent(Fault.CREDENTIAL, f"钉钉拒收（{code}：{cure}）。")
    if code in _CONTENT:
        return Permanent(Fault.CONTENT, f"钉钉拒收（{code}：消息格式、长度或内容不合要求），将改发简短通知。")
    if code == -1:
        return Transient("钉钉系统繁忙（-1），将自动重发。")
    return Permanent(Fault.CONTENT, f"钉钉拒收（{code}：含义未收录），将改发简短通知；请查阅钉钉错误码。")


_CURES: Mapping[int, str] = {
    310000: "签名、关键词或来源 IP 不合安全设置；请核对加签密钥与本机时间，并只勾选“加签”",
    300001: "access_token 不存在；请从机器人地址重新复制",
}


def _by_status(status: int) -> Outcome:
    if status == 429:
        return RateLimited(timedelta(minutes=1), "钉钉限频（HTTP 429），一分钟后重发。")
    if status >= 500:
        return Transient(f"钉钉服务器出错（HTTP {status}），将自动重发。")
    if status != 200:
        return Permanent(Fault.CREDENTIAL, f"钉钉接口地址不对（HTTP {status}）；请核对接口地址与经过的代理。")
    return Unknown("钉钉的答复读不懂（不是预期的 JSON），可能被代理改写；可能已送达，将以同一通知号重发。")
