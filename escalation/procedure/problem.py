"""One mistake in a pack as a Chinese sentence: file, line, field, what is wrong, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Place:
    """A file (folder/name) and, where it could be found, the line, counted from 1."""

    file: str
    line: int | None

    def __str__(self) -> str:
        return f"{self.file} 第 {self.line} 行" if self.line else self.file


@dataclass(frozen=True)
class Problem:
    """A mistake; `str()` is the sentence an administrator reads."""

    place: Place
    path: str
    sentence: str

    def __str__(self) -> str:
        where = f"{self.place}，{self.path}" if self.path else str(self.place)
        return f"{where}：{self.sentence}"


_PATTERNS = {
    "key": "须用小写英文字母和下划线，例如 unit_leader",
    "chapter": "章须写成“第四章”这样的形式，用汉字数字",
    "number": "条须写成“第十三条”这样的形式，用汉字数字",
    "purpose": "只能写“仅供验收”，学校用的规程包请删去这一行",
    "code": "代号须以英文字母开头，只用字母、数字、横线和下划线",
}


def echo(error: Mapping[str, Any]) -> bool:
    """Whether the error only repeats another: a list counts as too short because its items were refused."""
    return error["type"] == "too_short" and bool(error.get("input"))


def say_shape(error: Mapping[str, Any], place: Place) -> Problem:
    """Turn one error of the shape check into a sentence with its cure."""
    path = dotted(error["loc"])
    last = next((part for part in reversed(error["loc"]) if isinstance(part, str)), "")
    return Problem(place, path, _sentence(error, last))


def dotted(path: tuple[str | int, ...]) -> str:
    """A field path for people: ("rule", 0, "tell") is `rule[1].tell`, counted from 1."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _sentence(error: Mapping[str, Any], last: str) -> str:
    context = error.get("ctx", {})
    given = str(error.get("input"))[:60]
    match error["type"]:
        case "extra_forbidden":
            return "没有这一项，请检查拼写或删去"
        case "missing":
            return "缺少这一项，请补上" + ("；每个时限都要写明来源 rule 或 default" if last == "source" else "")
        case "enum":
            return f"“{given}”不在可选范围，可写：{_choices(context['expected'])}"
        case "value_error":
            return str(context["error"])
        case "string_pattern_mismatch":
            return f"“{given}”写法不对，{_PATTERNS.get(last, '请照格式说明改写')}"
        case "too_short" | "string_too_short":
            return "不能为空，请填写"
        case "greater_than_equal" | "less_than_equal":
            return f"“{given}”超出范围，级别只能是 1 到 4（1 最重）"
        case "date_from_datetime_parsing" | "date_type" | "date_parsing":
            return f"“{given}”不是日期，请写成 2016-09-01"
        case kind:
            return f"类型不对（{kind}），{_wanted(kind)}"


def _choices(expected: str) -> str:
    return expected.replace("'", "").replace(" or ", "、").replace(", ", "、")


def _wanted(kind: str) -> str:
    names = {"string": "应为加引号的文字", "tuple": "应为方括号列表", "bool": "应为 true 或 false", "int": "应为整数"}
    names |= {"model": "应为一张表", "dict": "应为一张表", "date": "应为日期"}
    return next((text for start, text in names.items() if kind.startswith(start)), "请照格式说明改写")
