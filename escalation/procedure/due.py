"""What a clause says about time: its words, a figure only where it gives one, and from when it counts.

Five shapes, all from the documents: a word (及时), a span after an event (7日内, 一周内), calendar months after one
(一个月内), what comes again (每天, 每学期至少一次), and what comes again in a month (每年12月).
"""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from typing import Annotated

from pydantic import Field

from escalation.procedure.figure import Span, Strict
from escalation.procedure.words import Every, Source

UNSAID_DAYS = "文件未写明自然日或工作日"
_SAID_DAYS = ("自然日", "工作日")
_MONTH_DAYS = 31


class RuleDeadline(Strict):
    """The clause's own deadline: its words, and a figure only where the clause gives a number.

    `value` is a span and `months` are calendar months after `anchor`; `every` comes again, `in_month` (1..12) and
    `at_least` (times) narrow it. At most one of `value`, `months` and `every`.
    """

    words: str = Field(min_length=1)
    value: Span | None = None
    months: Annotated[int, Field(ge=1, le=120)] | None = None
    every: Every | None = None
    in_month: Annotated[int, Field(ge=1, le=12)] | None = None
    at_least: Annotated[int, Field(ge=1)] | None = None
    anchor: str = ""


class Deadline(Strict):
    """By when the document wants it. 及时 stays a word: no figure unless the document gives a number."""

    value: Span | None = None
    months: int | None = None
    every: Every | None = None
    in_month: int | None = None
    at_least: int | None = None
    words: str = ""
    source: Source = Source.NONE
    article: str = ""
    anchor: str = ""

    @property
    def shown(self) -> str:
        """`及时（第十三条）`, or 校规未规定."""
        return f"{self.words}（{self.article}）" if self.source is Source.RULE else self.source.label

    @property
    def note(self) -> str:
        """How days are counted where the clause counts in days, weeks or months and does not say; else empty."""
        in_days = self.months is not None or (self.value is not None and self.value % timedelta(days=1) == timedelta())
        if not in_days or any(said in self.words for said in _SAID_DAYS):
            return ""
        return f"{UNSAID_DAYS}，按自然日、次日起算"

    @property
    def span(self) -> timedelta | None:
        """The figure as a length for comparing; a month counts at its longest. None where there is no such figure."""
        return self.value if self.months is None else timedelta(days=_MONTH_DAYS * self.months)

    def last_day(self, anchor: date) -> date | None:
        """The last day in time when the anchor's event was on this day, natural days from the next day on.

        Dates are the school's own calendar. None where the clause gives no number of days, weeks or months.
        """
        if self.months is not None:
            years, month = divmod(anchor.month - 1 + self.months, 12)
            year, month = anchor.year + years, month + 1
            return date(year, month, min(anchor.day, calendar.monthrange(year, month)[1]))
        if self.value is None or self.value < timedelta(days=1):
            return None
        return anchor + timedelta(days=self.value.days)


def strictest(deadlines: tuple[Deadline, ...]) -> Deadline:
    """The shortest figure, else the words with all their articles, else 校规未规定."""
    figured = [(one.span, one) for one in deadlines if one.span is not None]
    if figured:
        return min(figured, key=lambda pair: pair[0])[1]
    if len(deadlines) < 2:
        return deadlines[0] if deadlines else Deadline()
    words = "、".join(dict.fromkeys(one.words for one in deadlines))
    articles = "、".join(dict.fromkeys(one.article for one in deadlines))
    return Deadline(words=words, source=Source.RULE, article=articles)
