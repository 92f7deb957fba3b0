"""Faults by name: what the demo mail server and the demo vendors shall do wrong, and how often."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

SMTP_FAULTS = {
    "greylist": "收件人处答 451（灰名单）；写有 first 或 words 的，正文后答",
    "credential": "登录处答 535（授权码不对）",
    "refuse": "收件人处答 550（地址不存在）",
    "content": "正文后答 554（内容被拒）",
    "hang": "正文后不作答",
    "drop": "正文收下后断线",
}
ROBOT_FAULTS = {
    "45009": "答 errcode 45009（限频）",
    "93000": "答 errcode 93000（地址无效）",
    "-1": "答 errcode -1（系统繁忙）",
    "429": "答 HTTP 429",
    "500": "答 HTTP 500",
    "timeout": "收下后不作答",
    "garbage": "答一页 HTML",
}
HTTP_FAULTS = {
    "429": "答 HTTP 429",
    "500": "答 HTTP 500",
    "timeout": "收下后不作答",
    "garbage": "答一页 HTML",
}
APP_FAULTS = HTTP_FAULTS | {
    "42001": "答 errcode 42001（access_token 过期）",
    "45009": "答 errcode 45009（限频）",
    "60020": "答 errcode 60020（来源 IP 不可信）",
    "81013": "答 errcode 81013（全部收件人无效）",
    "-1": "答 errcode -1（系统繁忙）",
    "invaliduser": "答 errcode 0，收件人列在 invaliduser",
    "40001": "取 access_token 时答 40001（Secret 不对）",
}
DINGTALK_FAULTS = HTTP_FAULTS | {
    "310000": "答 errcode 310000（签名、关键词或 IP 不合）",
    "130101": "答 errcode 130101（发送过快，罚停十分钟）",
    "300001": "答 errcode 300001（access_token 不存在）",
    "430102": "答 errcode 430102（文字不合规）",
    "-1": "答 errcode -1（系统繁忙）",
}
FEISHU_FAULTS = HTTP_FAULTS | {
    "19021": "答 code 19021（签名不合）",
    "19024": "答 code 19024（关键词不合）",
    "19001": "答 code 19001（地址无效）",
    "11232": "答 code 11232（限频）",
    "9499": "答 code 9499（请求不合）",
}
WEBHOOK_FAULTS = HTTP_FAULTS | {
    "302": "答 HTTP 302（转到别处）",
    "401": "答 HTTP 401（签名不对）",
    "404": "答 HTTP 404（地址不对）",
    "422": "答 HTTP 422（内容不合）",
    "503": "答 HTTP 503（暂停服务）",
}
SMS_FAULTS = HTTP_FAULTS | {
    "isv.BUSINESS_LIMIT_CONTROL": "发送处答该码（该号码超限）",
    "isv.OUT_OF_SERVICE": "发送处答该码（余额不足）",
    "isv.MOBILE_NUMBER_ILLEGAL": "发送处答该码（号码不对）",
    "isv.SMS_TEMPLATE_ILLEGAL": "发送处答该码（模板不对）",
    "isv.PARAM_NOT_SUPPORT_URL": "发送处答该码（变量含链接）",
    "isp.SYSTEM_ERROR": "发送处答该码（系统出错）",
    "query": "查回执处答 isp.SYSTEM_ERROR",
}
PLACES = {
    "smtp": SMTP_FAULTS, "robot": ROBOT_FAULTS, "app": APP_FAULTS, "dingtalk": DINGTALK_FAULTS,
    "feishu": FEISHU_FAULTS, "webhook": WEBHOOK_FAULTS, "sms": SMS_FAULTS,
}  # fmt: skip
READ_AT = {
    "smtp": frozenset({"greylist", "content", "hang", "drop"}), "robot": frozenset(ROBOT_FAULTS),
    "app": frozenset(APP_FAULTS) - {"40001"}, "dingtalk": frozenset(DINGTALK_FAULTS),
    "feishu": frozenset(FEISHU_FAULTS), "webhook": frozenset(WEBHOOK_FAULTS), "sms": frozenset(SMS_FAULTS) - {"query"},
}  # fmt: skip
"""The faults that strike where the message has been read, so that its `words` can be told."""
KNOWN_AGAIN = frozenset({"smtp", "robot"})
"""The places where a message that comes again is the same to the byte, so that `first` can be told."""


class UnknownFaultError(ValueError):
    """A place or a fault that does not exist, or cannot be limited so; the sentence says what there is."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`address` limits it to one recipient (SMTP); `times` counts down, below zero means until it is lifted.

    `words` limits it to messages that carry them; with `first` each message is struck the first time it comes and
    taken when it comes again, as a greylist does (`KNOWN_AGAIN` alone).
    """

    name: str
    address: str = ""
    times: int = -1
    words: str = ""
    first: bool = False

    @property
    def reads(self) -> bool:
        """Whether it can only strike where the message has been read."""
        return bool(self.words) or self.first


@dataclass(frozen=True, slots=True)
class Read:
    """A message that has been read: what it is known by when it comes again, and its words."""

    key: str
    words: str


class Faults:
    """The faults in force, one for each place ("smtp", "robot", "app" ...). Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now: dict[str, Fault] = {}
        self._seen: dict[str, set[str]] = {}

    def set(self, place: str, fault: Fault | None) -> None:
        """Put a fault in force, or lift it.

        Raises:
            UnknownFaultError: no such place or fault, or one that strikes before the message is read.
        """
        known = PLACES.get(place)
        if known is None:
            raise UnknownFaultError(f"没有“{place}”这一处；可选：{'、'.join(PLACES)}。")
        if fault is not None and fault.name not in known:
            raise UnknownFaultError(f"“{place}”没有故障“{fault.name}”；可选：{'、'.join(known)}。")
        if fault is not None and fault.reads and fault.name not in READ_AT.get(place, ()):
            raise UnknownFaultError(f"“{place}”的故障“{fault.name}”不能写 words 或 first：出现时尚未读到消息。")
        if fault is not None and fault.first and place not in KNOWN_AGAIN:
            raise UnknownFaultError(f"“{place}”的故障不能写 first：重发的消息带新的时间或随机数，认不出是同一条。")
        with self._lock:
            self._seen.pop(place, None)
            if fault is None:
                self._now.pop(place, None)
            else:
                self._now[place] = fault

    def strikes(self, place: str, names: frozenset[str], address: str = "", read: Read | None = None) -> str:
        """The name of the fault that strikes here and now, or an empty string. Counts down."""
        with self._lock:
            fault = self._now.get(place)
            if fault is None or fault.name not in names or (fault.address and fault.address != address.lower()):
                return ""
            if fault.reads and (read is None or fault.words not in read.words or self._came_again(place, fault, read)):
                return ""
            if fault.times == 1:
                del self._now[place]
            elif fault.times > 1:
                self._now[place] = replace(fault, times=fault.times - 1)
            return fault.name

    def _came_again(self, place: str, fault: Fault, read: Read) -> bool:
        seen = self._seen.setdefault(place, set())
        again = fault.first and read.key in seen
        seen.add(read.key)
        return again

    def in_force(self) -> Mapping[str, Mapping[str, object]]:
        """For the control page."""
        with self._lock:
            return {place: asdict(fault) for place, fault in self._now.items()}
