"""The page: all sheets as one HTML file that needs nothing else, for reading, printing and passing on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from deploy.evaluation import chart
from deploy.evaluation.sheet import Sheet

TEMPLATES = Path(__file__).parent / "templates"


def page(sheets: Sequence[Sheet], about: Mapping[str, Any]) -> str:
    """The whole page; what comes from files is shown as text."""
    surroundings = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, autoescape=True, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    drawn = [(sheet, chart.calibration(sheet), chart.slices(sheet)) for sheet in sheets]
    return surroundings.get_template("page.html").render(drawn=drawn, about=about, style=_style())


def _style() -> str:
    return (TEMPLATES / "page.css").read_text("utf-8")
