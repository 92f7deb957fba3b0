"""The 企业微信 application message: a card to one member, with that member's own link.

The vendor drops what exceeds 30 messages a minute (1,000 an hour) for one member **without an error**, so the own
counter stays below. `errcode` 0 may still carry the member in `invaliduser`: that is `Partial`, not success.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta

from escalation.channels import Channel, Fault, Message, Outcome, Permanent, RateLimited
from escalation.channels.bucket import Allowance, Hold
from escalation.channels.cutoff import Cutoff
from escalation.channels.exchange import JSON, Answer, Line, encoded
from escalation.channels.letter import Clock, utc_now
from escalation.channels.robot_text import disarm
from escalation.channels.wecom import VENDOR
from escalation.channels.wecom_answer import STALE, judge_sent
from escalation.channels.wecom_token import Token
from escalation.channels.window import OwnWindows, Windows, place
from escalation.notice.plain import cut_bytes, one_line, plain

TITLE_BYTES, DESCRIPTION_BYTES, TEXT_BYTES = 128, 512, 2048
PER_MEMBER = (Allowance(25, 5), Allowance(900, 100, timedelta(hours=1)))
SAME_CONTENT = timedelta(minutes=30)
KEPT = 2000
NAMELESS = "风信通知"
_MEMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")


@dataclass(frozen=True, slots=True)
class Application:
    """A 自建应用: 企业 ID, the application's AgentId and Secret. `base` is a setting: the vendor, or the sandbox.

    Raises:
        ValueError: an unprotected line to another machine, or an id or secret that is none.
    """

    corp_id: str
    agent_id: int
    secret: str = field(repr=False)
    base: str = VENDOR
    proxy: str | None = field(default=None, repr=False)
    connect_seconds: float = 3.0
    total_seconds: float = 8.0

    def __post_init__(self) -> None:
        self.line()
        if not re.fullmatch(r"[A-Za-z0-9_-]{4,64}", self.corp_id):
            raise ValueError("企业微信的企业 ID 格式不对：请在管理后台“我的企业”中复制，形如 ww 开头的一串。")
        if not re.fullmatch(r"[A-Za-z0-9_-]{8,128}", self.secret):
            raise ValueError("企业微信应用的 Secret 格式不对：请在管理后台该应用的页面中重新复制。")

    def line(self) -> Line:
        """The way to the vendor."""
        return Line("企业微信", self.base, self.proxy, self.connect_seconds, self.total_seconds)


class App(Channel):
    """One application. Its token is kept here: give all threads the same instance. `windows` keeps the allowances."""

    name = "wecom_app"
    title = "企业微信应用消息"
    quiet = True

    def __init__(self, application: Application, now: Clock = utc_now, *, windows: Windows | None = None) -> None:
        self._application = application
        self._now = now
        self._token = Token(application.line(), application.corp_id, application.secret, now)
        self._windows = windows or OwnWindows()

    def send(self, message: Message) -> Outcome:
        """Hand one card to one member; see `Channel`."""
        if not _MEMBER.fullmatch(message.to):
            return Permanent(Fault.CONTACT, "企业微信账号格式不对，未发送；请在人员名册“企业微信账号”一列更正。")
        held = self._take(message.to.lower(), message.level)
        if held is not None:
            return RateLimited(
                held.wait, "发给该成员的消息已近每分钟 30 条、每小时 1,000 条的上限（超出会被静默丢弃），稍后自动重发。"
            )
        with Cutoff(self._application.total_seconds) as cutoff:
            return self._post(message, cutoff)

    def probe(self) -> Outcome:
        """Fetch a fresh token: proves 企业 ID, Secret and the trusted address, and tells nobody."""
        with Cutoff(self._application.total_seconds) as cutoff:
            return self._token.prove(cutoff)

    def _post(self, message: Message, cutoff: Cutoff) -> Outcome:
        """Send; where the vendor says that the token is stale, refresh it once and send again."""
        body = encoded(card(message, self._application.agent_id))
        first, stale = self._once(message.to, body, cutoff)
        return self._once(message.to, body, cutoff)[0] if stale else first

    def _once(self, to: str, body: bytes, cutoff: Cutoff) -> tuple[Outcome, bool]:
        """One try, and whether the token was stale; it is dropped then."""
        token = self._token.give(cutoff)
        if not isinstance(token, str):
            return token, False
        answer = self._application.line().call(
            cutoff, "POST", "/cgi-bin/message/send", params={"access_token": token}, body=body, headers=JSON
        )
        if not isinstance(answer, Answer):
            return answer, False
        stale = answer.number("errcode") in STALE
        if stale:
            self._token.drop(token)
        return judge_sent(answer, to), stale

    def _take(self, member: str, level: int) -> Hold | None:
        ours = self._application
        return self._windows.take(
            place(self.name, f"{ours.corp_id} {ours.agent_id} {member}"), PER_MEMBER, self._now(), level
        )


def card(message: Message, agent_id: int) -> dict[str, object]:
    """The request body: a text card with the member's link, or plain text where there is no link.

    The vendor reads simple HTML in a card, hence the disarmed text. The number of the notice stands in it, so that a
    repetition is seen as one; the vendor itself drops a repetition of the same content within half an hour.
    """
    common: dict[str, object] = {"touser": message.to, "agentid": agent_id}
    if not message.url:
        return common | {"msgtype": "text", "text": {"content": cut_bytes(_inert(message, TEXT_BYTES), TEXT_BYTES)}}
    number = f"\n{message.notice}" if message.notice else ""
    words = "\n".join(line for line in message.text.splitlines() if message.url not in line)
    room = DESCRIPTION_BYTES - len(number.encode("utf-8"))
    text = cut_bytes(disarm(plain(words, DESCRIPTION_BYTES), ""), room) + number
    heading = one_line(message.subject, TITLE_BYTES) or one_line(message.notice, TITLE_BYTES) or NAMELESS
    title = cut_bytes(disarm(heading, ""), TITLE_BYTES)
    return common | {
        "msgtype": "textcard",
        "textcard": {"title": title, "description": text, "url": message.url, "btntxt": "去签收"},
        "enable_duplicate_check": 1, "duplicate_check_interval": int(SAME_CONTENT.total_seconds()),
    }  # fmt: skip


def _inert(message: Message, limit: int) -> str:
    return disarm(plain(message.text, limit), "")
