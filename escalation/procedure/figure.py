"""Figures of time in a pack: durations written as 5m, 2m30s, 4h, 14d, each clock with the source it comes from."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

from escalation.procedure.words import Source

_SHAPE = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_SPOKEN = re.compile(r"(\d{1,4}|[一二两三四五六七八九十]+)\s*个?\s*(分钟|小时|工作日|日|天|周|月)")
_SPOKEN_SECONDS = {
    "分钟": 60,
    "小时": 3_600,
    "日": 86_400,
    "天": 86_400,
    "工作日": 86_400,
    "周": 604_800,
    "月": 2_592_000,
}
_MONTHS = re.compile(r"(\d{1,2}|[一二两三四五六七八九十]+)\s*个月")
_TIMES = re.compile(r"至少[^，。；,;]{0,4}?(\d{1,2}|[一二两三四五六七八九十]+)\s*次")
_DIGITS = {digit: value for value, digit in enumerate("一二三四五六七八九十", start=1)} | {"两": 2}
_LONGEST = 10 * 366 * 86_400
_UNITS = ("d", "h", "m", "s")
_SECONDS = (86_400, 3_600, 60, 1)


def parse_span(text: object) -> timedelta:
    """Read `1d`, `4h`, `2m30s` into a positive timedelta. Raises ValueError with a Chinese sentence."""
    if isinstance(text, timedelta):
        return text
    found = _SHAPE.fullmatch(text) if isinstance(text, str) and text else None
    seconds = sum(int(part) * unit for part, unit in zip(found.groups(), _SECONDS, strict=True) if part) if found else 0
    if not 0 < seconds <= _LONGEST:
        raise ValueError(f"时长“{text}”读不懂，请写成 5m、2m30s、4h 或 14d 这样的形式")
    return timedelta(seconds=seconds)


def write_span(span: timedelta) -> str:
    """The same figure back as text: `timedelta(minutes=150)` is `2h30m`."""
    rest, parts = int(span.total_seconds()), []
    for unit, seconds in zip(_UNITS, _SECONDS, strict=True):
        count, rest = divmod(rest, seconds)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)


def say_span(span: timedelta) -> str:
    """The figure in Chinese for pages and notices: 5 分钟, 2 小时 30 分钟, 14 天."""
    names = {"d": "天", "h": "小时", "m": "分钟", "s": "秒"}
    return " ".join(f"{count} {names[unit]}" for count, unit in re.findall(r"(\d+)([dhms])", write_span(span)))


def spoken_spans(text: str) -> set[timedelta]:
    """Every figure of time that a clause gives: 2 小时内, 一周内, 7日内. A month counts as 30 days."""
    return {timedelta(seconds=_count(number) * _SPOKEN_SECONDS[unit]) for number, unit in _SPOKEN.findall(text)}


def spoken_months(text: str) -> set[int]:
    """Every number of months that a clause gives: 一个月内, 2个月. These are calendar months, not 30 days."""
    return {_count(number) for number in _MONTHS.findall(text)}


def spoken_times(text: str) -> set[int]:
    """Every least number of times that a clause gives: 至少一次, 至少举行2次."""
    return {_count(number) for number in _TIMES.findall(text)}


def _count(number: str) -> int:
    if number.isdecimal():
        return int(number)
    tens, ten, ones = number.rpartition("十")
    return (_DIGITS.get(tens, 1) * 10 if ten else 0) + _DIGITS.get(ones, 0)


Span = Annotated[timedelta, BeforeValidator(parse_span), PlainSerializer(write_span, return_type=str)]
"""A positive duration; text in files and JSON, timedelta in code."""


class Strict(BaseModel):
    """A frozen record that refuses unknown keys and wrong types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Clock(Strict):
    """A deadline figure with its source. `rule` needs the article that gives the figure."""

    after: Span
    source: Source
    article: str = ""

    @property
    def label(self) -> str:
        """What stands beside the figure: the article, or 系统默认，非校规."""
        return self.article if self.source is Source.RULE else self.source.label
