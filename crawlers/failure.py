"""What can go wrong with a platform: one vocabulary for all of them, and the table from each platform's codes to it.

The code in the body is read first, then the HTTP status, then the content type: HTTP 200 carries most errors.
Sources of the codes: the platforms' public error pages, as collected in the research notes on platform interfaces.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Failure(StrEnum):
    """How an answer, or a whole scan, is to be taken."""

    OK = "ok"
    OK_EMPTY = "ok_empty"
    SOFT_EMPTY = "soft_empty"
    SHAPE = "shape"
    TRANSIENT = "transient"
    THROTTLED = "throttled"
    QUOTA = "quota"
    TOKEN = "token"  # noqa: S105 (a class of failure)
    PERMISSION = "permission"
    RISK = "risk"
    LOGIN = "login"
    CHALLENGE = "challenge"
    CLOSED = "closed"
    GONE = "gone"
    BAD_TARGET = "bad_target"
    BUG = "bug"
    DECODE = "decode"


HEALTHY = frozenset({Failure.OK, Failure.OK_EMPTY, Failure.CLOSED})

WORDS: Mapping[Failure, str] = {
    Failure.OK: "正常",
    Failure.OK_EMPTY: "正常，没有新内容",
    Failure.SOFT_EMPTY: "平台返回空列表，但此前有内容；不视为删除，稍后重试",
    Failure.SHAPE: "平台返回的数据结构有变，请联系维护人员升级",
    Failure.TRANSIENT: "平台暂时繁忙或网络中断，稍后自动重试",
    Failure.THROTTLED: "请求过密，已按平台要求等待",
    Failure.QUOTA: "接口额度已用完，到期后自动恢复",
    Failure.TOKEN: "授权已失效，请由账号管理人员重新授权",
    Failure.PERMISSION: "接口权限不足，请核对应用权限、认证状态与 IP 白名单",
    Failure.RISK: "平台风控拒绝访问，已暂停，请人工核实",
    Failure.LOGIN: "平台要求登录，已暂停，请人工核实",
    Failure.CHALLENGE: "平台返回验证页面，已暂停；系统不会自动识别验证码，请人工核实",
    Failure.CLOSED: "评论已关闭",
    Failure.GONE: "内容已不可见",
    Failure.BAD_TARGET: "找不到所指内容，请核对文章链接",
    Failure.BUG: "请求参数被平台拒绝，请联系维护人员",
    Failure.DECODE: "文字编码无法识别",
}


def _table(groups: Mapping[Failure, tuple[int, ...]]) -> dict[int, Failure]:
    return {code: failure for failure, codes in groups.items() for code in codes}


WEIBO = _table(
    {
        Failure.TRANSIENT: (10001, 10002, 10003, 10009, 10010, 10011),
        Failure.RISK: (10004,),
        Failure.PERMISSION: (10005, 10014, 20112, 21335),
        Failure.BUG: (10006, 10008, 10012, 10016, 10017, 10020, 10021),
        Failure.BAD_TARGET: (10013, 20003),
        Failure.GONE: (20101, 20201),
        Failure.QUOTA: (10022, 10023, 10024),
        Failure.TOKEN: (21301, 21314, 21315, 21316, 21317, 21318, 21319, 21327, 21332),
    }
)
WECHAT = _table(
    {
        Failure.OK: (0,),
        Failure.TRANSIENT: (-1,),
        Failure.TOKEN: (40001, 40014, 42001),
        Failure.PERMISSION: (40013, 40125, 40164, 48001, 48004, 50001, 88000, 88002),
        Failure.BUG: (40097, 41001, 43002, 44002, 47001, 87009, 88010),
        Failure.QUOTA: (45009,),
        Failure.THROTTLED: (45011,),
        Failure.GONE: (45015, 53600, 88008),
        Failure.BAD_TARGET: (50002, 88001),
    }
)
CODES: Mapping[str, tuple[str, Mapping[int, Failure]]] = {
    "weibo": ("error_code", WEIBO),
    "wechat": ("errcode", WECHAT),
}
NO_ACCOUNT: Mapping[str, frozenset[int]] = {"weibo": frozenset({10013, 20003}), "wechat": frozenset({40013, 50002})}
"""A platform's own words that an account is not there: no such user, not a user; frozen or closed, no such appid.
Said of the account's own streams only; a wrong appid in the settings is answered alike, so what was never seen is not
called gone."""
ACCOUNT_GONE = "平台答复该账号不存在，或已被封停、注销（平台代码 {code}）"
HOURLY = frozenset({10022})
"""Quota codes whose window is the hour; the others are reset at midnight in Asia/Shanghai."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer is. `answer` is the parsed body where there was one; `code` 0 where the platform gave none."""

    failure: Failure
    code: int = 0
    answer: Any = None

    @property
    def hourly(self) -> bool:
        """Whether a used-up quota comes back with the next hour."""
        return self.code in HOURLY


def account_gone(platform: str, verdict: Verdict) -> str:
    """The platform's own word that the account is not there, as a sentence; empty where it does not say so."""
    return ACCOUNT_GONE.format(code=verdict.code) if verdict.code in NO_ACCOUNT[platform] else ""


def classify(platform: str, body: bytes, status: int, content_type: str) -> Verdict:
    """Say what an answer is. Pure; never raises on what a platform sends. Raises KeyError for an unknown platform."""
    field, codes = CODES[platform]
    answer, parsed = _parse(body)
    code = _code(answer, field)
    if code in codes:
        failure = codes[code]
        return Verdict(failure if failure != Failure.OK else _by_status(status), code, answer)
    if code:
        return Verdict(_by_status(status) if status not in (200, 400, 403) else Failure.BUG, code, answer)
    by_status = _by_status(status)
    if by_status != Failure.OK:
        return Verdict(by_status, 0, answer)
    if parsed:
        return Verdict(Failure.OK if isinstance(answer, dict | list) else Failure.SHAPE, 0, answer)
    return Verdict(_unreadable(body, content_type))


def _parse(body: bytes) -> tuple[Any, bool]:
    try:
        return json.loads(body), True
    except (ValueError, RecursionError):
        return None, False


def _code(answer: Any, field: str) -> int:
    raw = answer.get(field) if isinstance(answer, dict) else None
    if isinstance(raw, bool) or not isinstance(raw, int | str):
        return 0
    try:
        return int(raw)
    except ValueError:
        return 0


def _by_status(status: int) -> Failure:
    if 200 <= status < 300:
        return Failure.OK
    if 300 <= status < 400:
        return Failure.LOGIN
    table = {
        401: Failure.TOKEN,
        403: Failure.RISK,
        404: Failure.GONE,
        410: Failure.GONE,
        412: Failure.RISK,
        418: Failure.RISK,
        429: Failure.THROTTLED,
        432: Failure.RISK,
        408: Failure.TRANSIENT,
    }
    return table.get(status, Failure.TRANSIENT if status >= 500 else Failure.BUG)


def _unreadable(body: bytes, content_type: str) -> Failure:
    start = body.lstrip()[:1]
    if not start or start == b"<" or "html" in content_type.lower():
        return Failure.CHALLENGE
    return Failure.TRANSIENT if start in (b"{", b"[") else Failure.CHALLENGE
