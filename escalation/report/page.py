"""The page of the report: Figures in, HTML out. All words stand in `templates/`; what came from outside is plain."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from escalation.clock_words import SHANGHAI, second
from escalation.incident import LEVELS
from escalation.notice.plain import one_line
from escalation.report import words
from escalation.report.figures import Figures, issue_date
from escalation.report.items import Fig

HERE = Path(__file__).parent
NUMERALS = ("", *"一二三四五六七八九", *(f"十{n}" for n in ("", *"一二三四五六七八九")))
"""Of the sections, as the paper numbers them."""
NAMED = 6
"""Accounts that the box on page 1 names; the rest is in the table."""


def _clean(text: object, limit: int = 60) -> str:
    return one_line(str(text), limit)


def _chinese_date(at: object) -> str:
    local = at.astimezone(SHANGHAI)  # type: ignore[attr-defined]
    return f"{local.year}年{local.month}月{local.day}日"


@cache
def environment() -> Environment:
    """The report's own templates: everything escaped, an unknown name is an error."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    made.filters.update(
        clean=_clean, thousands=words.thousands, span=words.span, clock=words.clock, day_time=words.day_time,
        month_day_time=words.month_day_time,
        platform=words.platform, channel=words.channel, second=second, date=_chinese_date,
        route=lambda name: words.ROUTES.get(name, name), path=lambda text: quote(text, safe=""),
    )  # fmt: skip
    made.globals.update(
        percent=words.percent, change=words.change, roman=LEVELS, lamps=words.LAMPS, named=NAMED,
        issue_date=issue_date, week_days="一二三四五六日", numerals=NUMERALS,
    )  # fmt: skip
    return made


def link_to(figures: Figures) -> Callable[[Fig], str]:
    """Where the items behind a figure are."""
    return lambda fig: f"/reports/{figures.week}/items/{quote(fig.what, safe='')}"


def html(figures: Figures, *, marks: str, stylesheets: tuple[str, ...], chart: str = "", bar: str = "") -> str:
    """The whole page. `chart`: address of the drawn chart, empty where there is none.

    `marks` (our SVG sprite) and `bar` (the desk's own line above the sheet, never printed) are HTML and trusted.
    """
    return environment().get_template("report.html").render(
        f=figures, marks=marks, stylesheets=stylesheets, chart=chart, bar=bar,
        to=link_to(figures),
    )  # fmt: skip
