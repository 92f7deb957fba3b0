"""What a mail server's answer means, by the step at which it came. Pure: a table that tests walk through.

Codes: RFC 5321 §4.2, enhanced codes RFC 3463 (X.7 = policy or security, 5.4.5 = sending quota).
"""

from __future__ import annotations

import re
from dataclasses import replace
from enum import StrEnum

from escalation.channels import Fault, Outcome, Permanent, Transient, Unknown

_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_UNSEEN = re.compile(r"[^\x20-\x7e\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]+")
_OURS = re.compile(
    r"relay|authenticat|log ?in|not (?:permitted|allowed|authori[sz]ed) to send|中继|转发|认证|登录", re.IGNORECASE
)
"""Words of a refusal by policy that speak of us. Without them one mailbox does not take this mail (it takes internal
mail only, it has blocked us), and the others do: RFC 3463 X.7.1 says no more than “not authorized, message refused”."""
_LOGIN_CODES = frozenset({530, 534, 535, 538})
_GREYLIST_CODES = frozenset({421, 450, 451})


class Step(StrEnum):
    """The steps of a conversation, named as an operator reads them."""

    CONNECT = "连接"
    HELLO = "握手"
    TLS = "加密"
    LOGIN = "登录"
    SENDER = "发件人"
    RECIPIENT = "收件人"
    DATA = "开始传信"
    BODY = "正文"


def judge(step: Step, code: int, text: str) -> Outcome:
    """What a refusal (any code that is not the awaited one) means. `text` is the server's own wording."""
    enhanced = _ENHANCED.search(text)
    return replace(_judge(step, code, text), answer=f"{code} {enhanced.group(0)}" if enhanced else str(code))


def _judge(step: Step, code: int, text: str) -> Outcome:
    said = _said(step, code, text)
    if 400 <= code < 500:
        if code in _GREYLIST_CODES:
            return Transient(f"{said}邮件服务器要求稍后再试（可能是灰名单），将自动重发。")
        return Transient(f"{said}邮件服务器暂时不能收信，将自动重发。")
    if code < 500:
        return lost(step, f"{said}应答不合规程。")
    return Permanent(*_final(step, code, text, said))


def _final(step: Step, code: int, text: str, said: str) -> tuple[Fault, str]:
    enhanced = _ENHANCED.search(text)
    policy = enhanced is not None and enhanced.group(2) == "7"
    if enhanced is not None and enhanced.group(0) == "5.4.5":
        return Fault.QUOTA, f"{said}发信额度已用完；请联系邮件服务商，或改用其他通道。"
    if step in {Step.LOGIN, Step.CONNECT, Step.HELLO, Step.TLS} or code in _LOGIN_CODES:
        return Fault.CREDENTIAL, f"{said}请核对邮箱账号与授权码（不是登录密码）、端口与加密方式。"
    if step is Step.SENDER:
        if code == 552:
            return Fault.CONTENT, f"{said}信件超过服务器允许的大小，将改发简短通知。"
        return Fault.CREDENTIAL, f"{said}服务器不许以该地址发信；发件地址应与登录账号一致。"
    if step is Step.RECIPIENT:
        if policy and _OURS.search(text):
            return Fault.CREDENTIAL, f"{said}服务器不许我方向该地址转发；请核对登录设置与发信许可。"
        if code == 554:
            return Fault.CONTENT, f"{said}服务器拒收此信，将改发简短通知。"
        return Fault.CONTACT, f"{said}收件地址不可用，已改用其他方式；请在人员名册中更正。"
    return Fault.CONTENT, f"{said}服务器拒收信件内容，将改发简短通知。"


def lost(step: Step, why: str) -> Outcome:
    """A conversation that broke off. Once the body was on its way nobody can say whether it arrived."""
    if step is Step.BODY:
        return Unknown(f"信件已发出但未等到回执：{why}对方可能已收到，将以同一通知号重发。")
    return Transient(f"邮件在“{step.value}”一步中断：{why}未送出，将自动重发。")


def _said(step: Step, code: int, text: str) -> str:
    words = clean(text)
    return f"邮件服务器在“{step.value}”一步答复 {code}{f'（{words}）' if words else ''}。"


def clean(text: str) -> str:
    """A server's words on one line, without control characters, at most 160 characters."""
    return _UNSEEN.sub(" ", text).strip()[:160]
