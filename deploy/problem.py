"""One thing that is wrong with what an administrator wrote, as a Chinese sentence: where, which key, what, the cure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_QUOTED = re.compile(r"'([^']*)'")
_PART = re.compile(r"([A-Za-z_]+)|\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Problem:
    """`place` is a file and, where known, a line (`fengxin.toml 第 12 行`) or a sheet and row; `key` may be empty."""

    place: str
    key: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.place}，{self.key}：{self.sentence}" if self.key else f"{self.place}：{self.sentence}"


def at_line(file: str, line: int | None) -> str:
    """The file's name with its line, where that is known."""
    return f"{file} 第 {line} 行" if line else file


def dotted(path: Iterable[str | int]) -> str:
    """A field path for people: ("routes", 0, "base_url") is `routes[1].base_url`, counted from 1."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def parts(key: str) -> tuple[str | int, ...]:
    """The path that `dotted` wrote: `routes[1].base_url` is ("routes", 0, "base_url")."""
    return tuple(int(index) - 1 if index else name for name, index in _PART.findall(key))


def sentence(error: Mapping[str, Any], known: Iterable[str] = ()) -> str:
    """One error of the shape check as a sentence with its cure; `known` are the keys allowed at that place."""
    context = error.get("ctx", {})
    match error["type"]:
        case "extra_forbidden":
            return unknown(str(error["loc"][-1]), known)
        case "missing":
            return "缺少这一项，请补上。"
        case "value_error":
            return str(context["error"])
        case "union_tag_invalid":
            return f"不认识“{context['tag']}”，platform 可写：{str(context['expected_tags']).replace(chr(39), '')}。"
        case "union_tag_not_found":
            return '缺少 platform，请写明平台，例如 platform = "weibo"。'
        case "literal_error" | "enum":
            return f"不能写 {shown(error['input'])}，可写：{'、'.join(_QUOTED.findall(str(context['expected'])))}。"
        case "string_too_short" | "too_short":
            return "不能为空，请填写。"
        case "string_too_long":
            return f"太长，最多 {context['max_length']} 个字。"
        case "greater_than_equal" | "greater_than":
            return f"{shown(error['input'])} 太小，最小为 {context.get('ge', context.get('gt'))}。"
        case "less_than_equal" | "less_than":
            return f"{shown(error['input'])} 太大，最大为 {context.get('le', context.get('lt'))}。"
        case "string_pattern_mismatch":
            return f"{shown(error['input'])} 写法不对，只能用英文字母、数字、横线和下划线，以字母开头。"
        case kind:
            return f"类型不对，{_wanted(kind)}。"


def unknown(key: str, known: Iterable[str]) -> str:
    """An unknown key, with the nearest known one."""
    near = difflib.get_close_matches(key, list(known), n=1, cutoff=0.6)
    return f"没有这一项，是否想写“{near[0]}”？" if near else "没有这一项，请检查拼写或删去。"


def shown(value: object) -> str:
    """A wrong value in quotes, cut short."""
    text = str(value)
    return f"“{text[:40]}……”" if len(text) > 40 else f"“{text}”"


_WANTED = {
    "string": "应为加引号的文字",
    "int": "应为不加引号的整数",
    "float": "应为不加引号的数字",
    "bool": "应为 true 或 false（不加引号）",
    "tuple": "应为方括号列表，例如 [\"甲\", \"乙\"]",
    "list": "应为方括号列表，例如 [\"甲\", \"乙\"]",
    "datetime": "应为带时区的时间，例如 2026-11-21T08:00:00+08:00",
    "timezone": "应为带时区的时间，例如 2026-11-21T08:00:00+08:00",
    "model": "应为一节，例如 [mail]",
    "dict": "应为一节，例如 [mail]",
}  # fmt: skip


def _wanted(kind: str) -> str:
    return next((text for start, text in _WANTED.items() if kind.startswith(start)), f"请照样例改写（{kind}）")
