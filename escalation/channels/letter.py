"""The letter: a `Message` as an RFC 5322 mail, with nothing in a header that could become a second header."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import TypeAlias

from escalation.channels import Fault, Message

Clock: TypeAlias = Callable[[], datetime]

_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@(?=.{1,253}$)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
_BREAKS = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029]")
_PLAIN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,60}")
_BEIJING = timezone(timedelta(hours=8))


class UnfitLetterError(ValueError):
    """The message cannot become a mail; `fault` and the sentence say why."""

    def __init__(self, fault: Fault, reason: str) -> None:
        super().__init__(reason)
        self.fault = fault
        self.reason = reason


def utc_now() -> datetime:
    """The wall clock, as an aware UTC datetime."""
    return datetime.now(UTC)


def is_address(text: str) -> bool:
    """Whether `text` is one bare ASCII mail address: no display name, no list, no line break."""
    return _ADDRESS.fullmatch(text) is not None


def message_id(delivery_id: str, domain: str) -> str:
    """The Message-ID of a delivery, the same for every retry. Odd delivery ids are hashed, never cut."""
    if _PLAIN_ID.fullmatch(delivery_id):
        return f"<{delivery_id}@{domain}>"
    return f"<{hashlib.sha256(delivery_id.encode('utf-8', 'replace')).hexdigest()[:40]}@{domain}>"


def compose(message: Message, sender: Address, at: datetime) -> bytes:
    """The mail on the wire, CRLF lines, 7-bit: base64 bodies leave no bare CR or LF for a smuggled command.

    Raises:
        UnfitLetterError: the recipient is no address, or a header would carry a line break or control character.
    """
    if not is_address(message.to):
        raise UnfitLetterError(Fault.CONTACT, "收件地址不是有效的邮箱地址，未发送；请在人员名册中更正。")
    for name, value in (("主题", message.subject), ("通知号", message.notice)):
        if _BREAKS.search(value):
            raise UnfitLetterError(Fault.CONTENT, f"邮件{name}中含换行或控制字符，已拒绝发送；请检查通知模板。")
    letter = EmailMessage(policy=SMTP)
    letter["Subject"] = _encodable(message.subject)
    letter["From"] = sender
    letter["To"] = Address(addr_spec=message.to)
    letter["Date"] = at.astimezone(_BEIJING)
    letter["Message-ID"] = message_id(message.delivery_id, sender.domain)
    letter["Auto-Submitted"] = "auto-generated"
    letter["X-Auto-Response-Suppress"] = "All"
    letter["X-Fengxin-Notice"] = _encodable(message.notice)
    if message.level <= 2:
        letter["Importance"] = "high"
    letter.set_content(_encodable(message.text), charset="utf-8", cte="base64")
    if message.html is not None:
        letter.add_alternative(_encodable(message.html), subtype="html", charset="utf-8", cte="base64")
    return letter.as_bytes()


def _encodable(text: str) -> str:
    """Lone surrogates cannot be encoded; each becomes a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")
