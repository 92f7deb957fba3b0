"""What the robot's answer means: by `errcode` alone. `errmsg` is prose and changes (vendor page 90455)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

from escalation.channels import Accepted, Fault, Outcome, Permanent, RateLimited, Transient, Unknown

MINUTE = timedelta(seconds=60)
_CREDENTIAL = frozenset({93000, 93004, 93008, 40001, 40014, 42001, 60020})
_CONTENT = frozenset({40008, 40033, 40058, 40063, 44004, 45002, 47001, 93017})


def judge(status: int, body: bytes) -> Outcome:
    """The outcome of a complete HTTP answer; `body` is what was read of it."""
    code = _errcode(body) if status == 200 else None
    return replace(_judge(status, code), answer=f"HTTP {status}" if code is None else str(code))


def _judge(status: int, code: int | None) -> Outcome:
    if status == 429:
        return RateLimited(MINUTE, "企业微信限频（HTTP 429），一分钟后重发。")
    if status >= 500:
        return Transient(f"企业微信服务器出错（HTTP {status}），将自动重发。")
    if status != 200:
        return Permanent(
            Fault.CREDENTIAL, f"企业微信机器人地址不对（HTTP {status}）；请核对接口地址，或经过的代理是否拦截。"
        )
    if code is None:
        return Unknown("企业微信的答复读不懂（不是预期的 JSON），可能被代理改写；可能已送达，将以同一通知号重发。")
    return by_code(code)


def by_code(code: int) -> Outcome:
    """The outcome for an `errcode` of the vendor."""
    if code == 0:
        return Accepted("")
    if code == 45009:
        return RateLimited(MINUTE, "企业微信限频（45009：每个机器人每分钟 20 条），一分钟后重发。")
    if code == -1:
        return Transient("企业微信系统繁忙（-1），将自动重发。")
    if code in _CREDENTIAL:
        return Permanent(
            Fault.CREDENTIAL, f"企业微信拒收（{code}：机器人地址无效或已移除）；请在群里重新添加机器人并更新密钥。"
        )
    if code in _CONTENT:
        return Permanent(Fault.CONTENT, f"企业微信拒收（{code}：消息格式或长度不合要求），将改发简短通知。")
    return Permanent(Fault.CONTENT, f"企业微信拒收（{code}：含义未收录），将改发简短通知；请查阅企业微信全局错误码。")


def _errcode(body: bytes) -> int | None:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    code = answer.get("errcode") if isinstance(answer, dict) else None
    return code if isinstance(code, int) and not isinstance(code, bool) else None
