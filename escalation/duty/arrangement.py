"""The State Council's holiday arrangement 国务院办公厅放假安排, as the library `chinesecalendar` has it.

Public holidays and swapped working days 调休, year by year. A year that the library lacks is unknown here, not guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from importlib.metadata import version

from chinese_calendar.constants import Holiday, holidays, workdays

LIBRARY = f"chinesecalendar {version('chinesecalendar')}"
SOURCE = f"依国务院办公厅放假安排（程序库 {LIBRARY}）"
YEARS: tuple[int, int] = (min(holidays).year, max(holidays).year)
"""The first and the last year that the library has."""
SWAPPED = "调休"
STATUTORY: Mapping[str, tuple[str, ...]] = {
    "元旦": ("元旦",), "春节": ("春节", "除夕"), "清明节": ("清明",), "劳动节": ("劳动", "五一"), "端午节": ("端午",),
    "中秋节": ("中秋",), "国庆节": ("国庆",),
}  # fmt: skip
"""The holidays of 《全国年节及纪念日放假办法》 第二条, each with the words that tell it in the name of a day off."""


def days() -> Iterator[tuple[date, bool, str]]:
    """Every day that the arrangement names: the day, whether it is worked, its name."""
    for day, name in holidays.items():
        yield day, False, _said(name)
    for day, name in workdays.items():
        yield day, True, _said(name) + SWAPPED


def _said(name: str) -> str:
    """The holiday's name in the words of the law: 清明 is 清明节."""
    said = str(Holiday(name).chinese)
    return next((full for full, told in STATUTORY.items() if said in told), said)
