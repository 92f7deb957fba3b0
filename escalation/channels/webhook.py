"""The generic webhook 网络回调: a signed JSON notice to a system of the school's own.

Header `X-Fengxin-Signature` is `sha256=` and the HMAC-SHA256, in hex, of `X-Fengxin-Timestamp`, a dot and the body;
the receiver compares it, refuses a timestamp (seconds) that is off by more than five minutes, and takes each
`delivery` once. No redirect is followed, and only the configured host is called (`address_guard`).
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from urllib.parse import quote, urlsplit

from escalation.channels import Accepted, Channel, Fault, Message, Outcome, Permanent, RateLimited, Transient
from escalation.channels.address_guard import ForbiddenAddressError, Resolve, literal, pinned, resolve
from escalation.channels.bucket import Allowance
from escalation.channels.cutoff import Cutoff
from escalation.channels.exchange import JSON, Answer, Line, encoded, is_own_machine
from escalation.channels.letter import Clock, utc_now
from escalation.channels.robot_text import fitted
from escalation.channels.window import OwnWindows, Windows, place

TITLE = "网络回调"
TEXT_BYTES = 9_000
ALLOWANCES = (Allowance(60, 10),)
SHORTEST_SECRET = 32
LONGEST_PAUSE = 3600
KEPT = 2000
CONFLICT = "409"
_AGAIN = frozenset({408, 425})
_CONTENT = frozenset({400, 413, 415, 422})


@dataclass(frozen=True, slots=True)
class Hook:
    """Where notices are handed in. `name` is what people call the receiver. `secret` signs, `ca_file` is a PEM file.

    `allow_private` lets the host lead to a private address (10.x, 192.168.x, loopback): a system on the campus.

    Raises:
        ValueError: no https address, an address with a password or a fragment, or too short a secret.
    """

    name: str
    url: str = field(repr=False)
    secret: str = field(repr=False)
    allow_private: bool = False
    ca_file: str | None = None
    connect_seconds: float = 3.0
    total_seconds: float = 8.0

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            port = parts.port
        except ValueError:
            raise ValueError(f"{TITLE}地址“{self.name}”读不懂，请写成 https://主机/路径。") from None
        own = parts.scheme == "http" and self.allow_private and is_own_machine(parts.hostname or "")
        if not own and (parts.scheme != "https" or not parts.hostname):
            raise ValueError(f"{TITLE}地址“{self.name}”不对：应以 https:// 开头（本机演示可用 http://127.0.0.1）。")
        if parts.username is not None or parts.password is not None or parts.fragment or port == 0:
            raise ValueError(f"{TITLE}地址“{self.name}”里不能带用户名、口令或 #，签名密钥请写在 secret。")
        if not self.url.isascii() or any(letter <= " " for letter in self.url):
            raise ValueError(f"{TITLE}地址“{self.name}”只能含英文字母、数字与符号，不含空格。")
        if why := literal(parts.hostname or "", self.allow_private):
            raise ValueError(f"{TITLE}地址“{self.name}”的{why}。")
        if len(self.secret) < SHORTEST_SECRET:
            raise ValueError(f"{TITLE}“{self.name}”的签名密钥太短：至少 {SHORTEST_SECRET} 个字符，两边须一致。")


def sign(secret: str, stamp: int, body: bytes) -> str:
    """The value of the signature header for a body handed in at `stamp` (seconds)."""
    return "sha256=" + hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()


class Webhook(Channel):
    """One receiver. `windows` keeps its allowance, for all who send to this address."""

    name = "webhook"
    title = TITLE

    def __init__(
        self, hook: Hook, now: Clock = utc_now, probe_line: str = "【测试】风信网络回调测试，无须处理。",
        look_up: Resolve = resolve, windows: Windows | None = None,
    ) -> None:  # fmt: skip
        self._hook = hook
        self._now = now
        self._probe_line = probe_line
        self._look_up = look_up
        self._refused: dict[str, None] = {}
        self._windows = windows or OwnWindows()
        self._place = place(self.name, hook.url)

    def send(self, message: Message) -> Outcome:
        """Hand in one notice; see `Channel`."""
        held = self._windows.take(self._place, ALLOWANCES, self._now(), message.level)
        if held is not None:
            return RateLimited(held.wait, "网络回调一分钟内已发 60 条（为Ⅰ、Ⅱ级留 10 条），稍后自动重发。")
        try:
            line, path = self._way()
        except ForbiddenAddressError as refused:
            return Permanent(Fault.CREDENTIAL, f"{TITLE}的{refused}。")
        except (OSError, UnicodeError):
            return Transient("找不到网络回调的主机，未送出，将自动重发；请核对地址与本机域名解析。")
        return self._post(line, path, message)

    def probe(self) -> Outcome:
        """A marked test notice: only the receiver can say whether it takes our signature."""
        stamp = int(self._now().timestamp())
        return self.send(Message("", f"test-{stamp}", self._hook.name, 2, "", self._probe_line, None, ""))

    def _way(self) -> tuple[Line, str]:
        """The line to an address that was looked at, and the path with its query."""
        parts = urlsplit(self._hook.url)
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = pinned(host, port, self._hook.allow_private, self._look_up)
        machine = f"[{address}]" if ":" in address else address
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        line = Line(
            TITLE, f"{parts.scheme}://{machine}:{port}", None, self._hook.connect_seconds, self._hook.total_seconds,
            host=parts.netloc, ca_file=self._hook.ca_file,
        )  # fmt: skip
        return line, path

    def _post(self, line: Line, path: str, message: Message) -> Outcome:
        now = self._now()
        stamp = int(now.timestamp())
        body = encoded({
            "version": 1, "delivery": message.delivery_id, "notice": message.notice, "to": self._hook.name,
            "level": message.level, "subject": message.subject, "text": fitted(message, TEXT_BYTES),
            "url": message.url, "sent_at": now.astimezone(UTC).isoformat(timespec="seconds"),
        })  # fmt: skip
        headers = JSON | {
            "X-Fengxin-Timestamp": str(stamp),
            "X-Fengxin-Signature": sign(self._hook.secret, stamp, body),
            "X-Fengxin-Delivery": quote(message.delivery_id, safe="", errors="replace"),
        }
        with Cutoff(self._hook.total_seconds) as cutoff:
            answer = line.call(cutoff, "POST", path, body=body, headers=headers)
        outcome = judge(answer) if isinstance(answer, Answer) else answer
        return self._known(message, outcome)

    def _known(self, message: Message, outcome: Outcome) -> Outcome:
        """A receiver that takes each delivery once answers a repetition with 409: it has it.

        Not where it refused the tries before as well, or the first one: then 409 is a refusal like another.
        """
        one = message.delivery_id
        if outcome.answer == CONFLICT and message.attempt > 1 and one not in self._refused:
            return Accepted("", answer=CONFLICT)
        self._refused.pop(one, None)
        if isinstance(outcome, Permanent):
            self._refused[one] = None
            if len(self._refused) > KEPT:
                self._refused.pop(next(iter(self._refused)))
        return outcome


def judge(answer: Answer) -> Outcome:
    """The outcome of a complete answer, by its status alone."""
    return replace(_by_status(answer), answer=str(answer.status))


def _by_status(answer: Answer) -> Outcome:
    status = answer.status
    if 200 <= status < 300:
        return Accepted("")
    if status == 429:
        return RateLimited(_pause(answer), "对方系统限频（HTTP 429），稍后自动重发。")
    if status >= 500 or status in _AGAIN:
        return Transient(f"对方系统暂不能收（HTTP {status}），将自动重发。")
    if status in _CONTENT:
        return Permanent(Fault.CONTENT, f"对方系统不收这份内容（HTTP {status}），将改发简短通知；请核对其接口。")
    if 300 <= status < 400:
        return Permanent(
            Fault.CREDENTIAL, f"对方系统要求转到别处（HTTP {status}），出于安全不跟随；请把设置改为最终地址。"
        )
    return Permanent(Fault.CREDENTIAL, f"对方系统拒收（HTTP {status}）；请核对地址、签名密钥与两边时间。")


def _pause(answer: Answer) -> timedelta:
    """What the receiver asks for in `Retry-After` (seconds), at most an hour; a minute where it says nothing."""
    said = answer.headers.get("retry-after", "")
    return timedelta(seconds=min(max(int(said), 1), LONGEST_PAUSE) if said.isdecimal() and len(said) < 9 else 60)
