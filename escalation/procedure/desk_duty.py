"""What a pack says of the desk itself: watching around the clock, how soon a hand-over is taken, quiet hours by level.

JY 第十三条 and ZG 第十四条 demand watching for 24 hours; NX 第十四条 asks that non-urgent matters 尽量 do not go to
work groups after hours: a principle without a figure. Every figure else is ours (系统默认，非校规).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import time, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from escalation.procedure.figure import Clock, Strict
from escalation.procedure.words import Source

_HOUR = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def _hour(text: str) -> str:
    if not _HOUR.fullmatch(text):
        raise ValueError(f"钟点“{text}”读不懂，请写成 22:00 这样的形式")
    return text


def _not_gravest(levels: tuple[int, ...]) -> tuple[int, ...]:
    if 1 in levels:
        raise ValueError("Ⅰ级不设静默时段，请删去 1")
    return levels


Hour = Annotated[str, AfterValidator(_hour)]
_DEFAULT_TAKE = Clock(after=timedelta(minutes=15), source=Source.DEFAULT)
_DEFAULT_TELL = Clock(after=timedelta(minutes=30), source=Source.DEFAULT)


class DeskDuty(Strict):
    """`around_the_clock`: a clause demands 24 hours, so that a roster with a hole is refused; else a hole is only said.

    A hand-over that nobody took `take_over` after the change of shift is reminded, `tell_lead` after it the 带班领导 is
    told.
    """

    around_the_clock: bool = False
    source: Source = Source.DEFAULT
    article: str = ""
    quote: str = ""
    take_over: Clock = _DEFAULT_TAKE
    tell_lead: Clock = _DEFAULT_TELL

    @property
    def label(self) -> str:
        """What stands beside a hole: the article, or 系统默认，非校规."""
        return self.article if self.source is Source.RULE else self.source.label


class Quiet(Strict):
    """Hours (Asia/Shanghai) in which a message of these levels waits for the morning; never level 1.

    `groups`: only messages to work groups; `days_off`: also all day on days that are not worked. `article` and `quote`
    are what the document says of it, `reading` what is ours.
    """

    levels: Annotated[tuple[Annotated[int, Field(ge=1, le=4)], ...], Field(min_length=1), AfterValidator(_not_gravest)]
    starts: Hour
    ends: Hour
    source: Source = Source.DEFAULT
    groups: bool = False
    days_off: bool = False
    article: str = ""
    quote: str = ""
    reading: str = ""

    @property
    def hours(self) -> tuple[time, time]:
        """From when to when, by the clock of the school."""
        return time.fromisoformat(self.starts), time.fromisoformat(self.ends)

    @property
    def label(self) -> str:
        """What stands beside the hours: 系统默认，非校规, with the article that they are after where there is one."""
        return f"{self.source.label}，参照{self.article}" if self.article else self.source.label


Cite = Callable[[str], list[str]]


def desk_inconsistencies(raw: dict[str, Any], resolve: Cite) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every breach in `[desk]` and `[[quiet]]`: (field path, Chinese sentence); `resolve` gives an article's texts."""
    desk = raw.get("desk")
    rows: list[tuple[tuple[str | int, ...], Any]] = [(("desk",), desk)] if isinstance(desk, dict) else []
    quiet = raw.get("quiet")
    rows += [(("quiet", number), row) for number, row in enumerate(quiet if isinstance(quiet, list) else [])]
    for path, row in rows:
        if not isinstance(row, dict):
            continue
        if row.get("source") == "rule" and not row.get("article"):
            yield (*path, "source"), "写明 rule 就要写 article；校规没有规定时写 default"
        if path[0] == "desk" and row.get("around_the_clock") and row.get("source") != "rule":
            yield (
                (*path, "around_the_clock"),
                '24 小时值守须有条文，请写 source = "rule" 和 article；没有条文请写 false',
            )
        cited, quote = row.get("article"), row.get("quote")
        if not cited:
            continue
        found = resolve(str(cited))
        if len(found) != 1:
            yield (*path, "article"), f"没有{cited}，或同号不止一条，请改正条号或连章名一起写"
        elif not isinstance(quote, str) or not quote or quote not in found[0]:
            yield (*path, "quote"), f"引文不在{cited}里，请逐字照抄"
