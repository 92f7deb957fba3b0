"""Redaction at the door: what points at a person becomes a mark such as 〔手机号〕 before a text is logged anywhere.

Matching runs on a shadow of the text (same length; full-width, circled and other digits as ASCII, invisible characters
as blanks), the marks are set into the original, so that every other character stays as written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

PHONE, LANDLINE, IDENTITY, STUDENT = "〔手机号〕", "〔电话号码〕", "〔身份证号〕", "〔学号〕"
MAIL, QQ, WECHAT, CARD, PLATE, SOMEONE = (
    "〔邮箱〕",
    "〔QQ号〕",
    "〔微信号〕",
    "〔银行卡号〕",
    "〔车牌号〕",
    "〔某用户〕",
)
MARKS = (PHONE, LANDLINE, IDENTITY, STUDENT, MAIL, QQ, WECHAT, CARD, PLATE, SOMEONE)

NAME_WEIGHT = 30
"""A platform name is at most 30 narrow or 15 wide characters; what runs on after that is text, not a name."""

_GAP = r"[\s\-–—_.·•]{0,3}"
_DAY = r"(?:0{g}[1-9]|[12]{g}\d|3{g}[01])"
_MONTH = r"(?:0{g}[1-9]|1{g}[0-2])"
_LINK = r"\s*(?:号码|账号|号|群|id)?\s*[:：=是为]?\s*"


def _digits(pattern: str) -> str:
    return pattern.replace("{g}", _GAP)


_IDENTITY = _digits(
    r"(?<!\d)[1-9]{g}(?:\d{g}){5}(?:(?:19|2{g}0|1{g}9){g}\d{g}\d{g}" + _MONTH + "{g}" + _DAY + r"{g}(?:\d{g}){3}[\dXx]"
    r"|\d{g}\d{g}" + _MONTH + "{g}" + _DAY + r"{g}(?:\d{g}){2}\d)(?!\d)"
)
_CARD = _digits(r"(?<!\d)(?:\d{g}){15,18}\d(?!\d)")
_PHONE = _digits(r"(?<!\d)(?:\+?{g}8{g}6{g})?1{g}[3-9]{g}(?:\d{g}){8}\d(?!\d)")
_LANDLINE = r"(?<!\d)[(（]?0\d{2,3}[)）]?[\s\-–—]{0,2}[2-8]\d{2,3}[\s\-–—]?\d{4}(?!\d)"
_MONTH_DAY = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领"

_RULES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (MAIL, re.compile(r"[a-z0-9._%+\-]{1,64}\s?@\s?[a-z0-9\-]{1,63}(?:\.[a-z0-9\-]{1,63}){1,4}", re.IGNORECASE)),
    (
        STUDENT,
        re.compile(
            r"(?:学号|考生号|准考证号?|工号)" + _LINK + r"(?P<it>[a-z]{0,4}(?:\d[\s\-]?){4,18}\d)", re.IGNORECASE
        ),
    ),
    (
        QQ,
        re.compile(
            r"(?:q{1,2}|扣扣|企鹅|抠抠|群号|🐧)" + _LINK + r"(?P<it>[1-9](?:[\s\-]?\d){4,10})(?!\d)", re.IGNORECASE
        ),
    ),
    (
        WECHAT,
        re.compile(
            r"(?:微信|薇信|威信|v信|vx|wx|v❤|卫星|weixin|wechat|加v|加我v|\+v|➕v)"
            + _LINK
            + r"(?P<it>[a-z][a-z0-9_\-]{5,19})(?![a-z0-9_\-])",
            re.IGNORECASE,
        ),
    ),
    (IDENTITY, re.compile(_IDENTITY)),
    (CARD, re.compile(_CARD)),
    (PHONE, re.compile(_PHONE)),
    (LANDLINE, re.compile(_LANDLINE)),
    (STUDENT, re.compile(rf"(?<![\d.])(?:20[0-4]\d{{6,9}}|20[0-4]\d(?!{_MONTH_DAY}(?!\d))\d{{4}})(?![\d.])")),
    (
        PLATE,
        re.compile(
            rf"[{_PROVINCES}][A-HJ-NP-Z][·•\s]?(?=[A-HJ-NP-Z]{{0,5}}\d)[A-HJ-NP-Z0-9]{{5,6}}(?![a-z0-9])",
            re.IGNORECASE,
        ),
    ),
)
_AT = re.compile(r"@(?P<it>[\w\-·]+)")
_TEMPTING = re.compile(r"[\d@]|微信|薇信|威信|v信|vx|wx|v❤|卫星|weixin|wechat|[加我+➕]v", re.IGNORECASE)


class _Shadow(dict[int, str]):
    """Character to its one-character shadow, worked out once each."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        self[code] = shadow = _shadow(char)
        return shadow


def _shadow(char: str) -> str:
    digit = unicodedata.digit(char, None)
    if digit is not None:
        return str(digit)
    if 0xFF01 <= ord(char) <= 0xFF5E:
        return chr(ord(char) - 0xFEE0)
    if unicodedata.category(char) in ("Cf", "Mn", "Zs"):
        return " "
    return char


_TABLE = _Shadow()


def redact(text: str, keep: Collection[str] = ()) -> str:
    """The text with marks in place of what points at a person. `keep`: names of own accounts after an @."""
    shadow = text.translate(_TABLE)
    if not _TEMPTING.search(shadow):
        return text
    taken: list[tuple[int, int, str]] = []
    for mark, rule in _RULES:
        for found in rule.finditer(shadow):
            span = found.span("it") if "it" in rule.groupindex else found.span()
            taken.append((*span, mark))
        text, shadow = _set(text, shadow, taken)
        taken.clear()
    for found in _AT.finditer(shadow):
        end = _name_end(shadow, found.start("it"), found.end("it"), keep)
        if end > found.start("it"):
            taken.append((found.start(), end, SOMEONE))
    return _set(text, shadow, taken)[0]


def _name_end(shadow: str, start: int, end: int, keep: Collection[str]) -> int:
    if any(shadow.startswith(name, start) for name in keep if name):
        return start
    weight = 0
    for place in range(start, end):
        weight += 1 if shadow[place].isascii() else 2
        if weight > NAME_WEIGHT:
            return place
    return end


def _set(text: str, shadow: str, taken: list[tuple[int, int, str]]) -> tuple[str, str]:
    if not taken:
        return text, shadow
    out: list[str] = []
    dim: list[str] = []
    done = 0
    for start, end, mark in taken:
        out += (text[done:start], mark)
        dim += (shadow[done:start], mark)
        done = end
    return "".join(out) + text[done:], "".join(dim) + shadow[done:]
