"""What 企业微信 answers to an application: by `errcode` alone, and by who stands in `invaliduser`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from escalation.channels import Accepted, Fault, Outcome, Partial, Permanent, RateLimited, Transient, Unknown
from escalation.channels.exchange import Answer

MINUTE = timedelta(seconds=60)
TOKEN_SECONDS = 7200
STALE = frozenset({40014, 41001, 42001})
"""The token is bad, missing or over: worth one refresh."""
_CREDENTIAL = frozenset({40001, 40013, 40056, 40091, 48001, 48002, 48004, 50001, 301002, 60011, 701008})
_CONTENT = frozenset({40008, 40033, 40035, 40039, 40058, 40063, 44004, 45002, 45003, 45004, 45008, 47001})
_CONTACT = frozenset({81013, 60111, 40003, 46004})
BUSY = -1
FREQUENT = frozenset({45009, 45033})
OVER_QUOTA = frozenset({45026, 45029})


def judge_sent(answer: Answer, to: str) -> Outcome:
    """The outcome of `message/send` to the member `to`."""
    code = answer.number("errcode") if answer.status == 200 else None
    if code != 0:
        return _refused(answer, code)
    said = answer.json() or {}
    msgid = _word(said.get("msgid"))
    kept = f"0 · {msgid}" if msgid else "0"
    why = next((why for field, why in _UNREACHED.items() if to.lower() in _names(said.get(field))), "")
    return Partial(msgid, {to: why}, answer=kept) if why else Accepted(msgid, answer=kept)


_UNREACHED = {
    "invaliduser": "企业微信中没有该账号，或不在应用可见范围（invaliduser）；请核对人员名册与应用可见范围",
    "unlicenseduser": "该账号没有基础接口许可（unlicenseduser）；请联系企业微信管理员",
}


def judge_token(answer: Answer) -> tuple[str, float] | Outcome:
    """The token and its seconds, or the outcome of a refusal."""
    code = answer.number("errcode") if answer.status == 200 else None
    said = answer.json() or {}
    token = said.get("access_token")
    if code == 0 and isinstance(token, str) and token:
        seconds = answer.number("expires_in") or TOKEN_SECONDS
        return token, float(min(max(seconds, 1), TOKEN_SECONDS))
    if code in (None, 0) and answer.status == 200:
        return Transient(
            "企业微信答复的 access_token 读不懂，可能被代理改写；未送出，将自动重发。", answer=f"HTTP {answer.status}"
        )
    return _refused(answer, code)


def _refused(answer: Answer, code: int | None) -> Outcome:
    return replace(_by_status(answer.status) if code is None else by_code(code),
                   answer=f"HTTP {answer.status}" if code is None else str(code))  # fmt: skip


def _by_status(status: int) -> Outcome:
    if status == 429:
        return RateLimited(MINUTE, "企业微信限频（HTTP 429），一分钟后重发。")
    if status >= 500:
        return Transient(f"企业微信服务器出错（HTTP {status}），将自动重发。")
    if status != 200:
        return Permanent(
            Fault.CREDENTIAL, f"企业微信接口地址不对（HTTP {status}）；请核对接口地址，或经过的代理是否拦截。"
        )
    return Unknown("企业微信的答复读不懂（不是预期的 JSON），可能被代理改写；可能已送达，将以同一通知号重发。")


def by_code(code: int) -> Outcome:
    """The outcome for an `errcode` other than 0."""
    if code == BUSY:
        return Transient("企业微信系统繁忙（-1），将自动重发。")
    if code in FREQUENT:
        return RateLimited(MINUTE, f"企业微信限频（{code}：接口调用超过上限），一分钟后重发。")
    if code in OVER_QUOTA:
        return Permanent(Fault.QUOTA, f"企业微信应用当日可发消息已用完（{code}）；请改用其他通道，次日恢复。")
    if code == 60020:
        return Permanent(
            Fault.CREDENTIAL, "企业微信拒收（60020：本机出口地址不在可信 IP 中）；请在应用页的“企业可信IP”中加上。"
        )
    if code in STALE:
        return Transient(f"企业微信不认 access_token（{code}），已重新获取，将自动重发。")
    if code in _CREDENTIAL:
        return Permanent(
            Fault.CREDENTIAL, f"企业微信拒收（{code}：企业 ID、Secret 或应用权限不对）；请核对设置与应用状态。"
        )
    if code in _CONTACT:
        return Permanent(
            Fault.CONTACT,
            f"企业微信中没有该账号，或不在应用可见范围（{code}）；已改用其他方式，请在人员名册中更正。",
        )
    if code in _CONTENT:
        return Permanent(Fault.CONTENT, f"企业微信拒收（{code}：消息格式或长度不合要求），将改发简短通知。")
    return Permanent(Fault.CONTENT, f"企业微信拒收（{code}：含义未收录），将改发简短通知；请查阅企业微信全局错误码。")


def _names(listed: object) -> frozenset[str]:
    return frozenset(name.lower() for name in listed.split("|") if name) if isinstance(listed, str) else frozenset()


def _word(value: object) -> str:
    return value[:120] if isinstance(value, str) and value.isprintable() else ""
