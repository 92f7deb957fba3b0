"""The chart of the report: one Vega-Lite specification, our theme, drawn to SVG on the server. No network, no browser.

The axis counts hours from Monday 00:00, so no time zone of the machine can move it. Names in the chart are bounded
and plain. Where drawing fails the caller gets None and shows the table instead.
"""

from __future__ import annotations

import json
import logging
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import vl_convert

from escalation.notice.plain import one_line
from escalation.report.trend import Trend

HERE = Path(__file__).parent
VEGA_LITE = "5.20"
LANE = 17
HEIGHT = 100
WEEKDAYS = "一二三四五六日"
SHAPES = {
    1: "M0,-1L1.7,-1L1.2,-0.55L1.7,-0.1L0,-0.1ZM0,0.1L1.7,0.1L1.2,0.55L1.7,1L0,1Z",
    2: "M0,-0.9L1.9,-0.9L1.3,-0.1L1.9,0.7L0,0.7Z",
    3: "M0,-0.9L1.9,-0.1L0,0.7Z",
    4: "M0,0A0.7,0.7 0 1 1 0,0.01Z",
}
"""Two swallowtails, one swallowtail, a pennant, a ball: the flags of the desk as Vega shapes."""
log = logging.getLogger(__name__)


@cache
def theme(name: str) -> dict[str, Any]:
    """The `day` or `night` configuration of the desk's charts."""
    themes: dict[str, dict[str, Any]] = json.loads((HERE / "vega-theme.json").read_text("utf-8"))
    return themes[name]


@cache
def _specification() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((HERE / "trend.vl.json").read_text("utf-8"))
    return found


def specification(trend: Trend, name: str = "day") -> dict[str, Any]:
    """The specification with the week's data in it. Pure."""
    made = deepcopy(_specification())
    style = theme(name)["style"]
    monday = trend.week.monday.toordinal()
    made["params"][0]["value"] = [
        f"周{WEEKDAYS[day]} {trend.week.monday.fromordinal(monday + day).day}日" for day in range(7)
    ]
    made["datasets"]["hours"] = [
        {
            "hour": hour.index + 0.5, "lines": hour.lines, "negative": hour.negative, "low": hour.low,
            "high": hour.high, "past": hour.index < trend.drawn,
        }
        for hour in trend.hours
    ]  # fmt: skip
    made["datasets"]["flags"] = [
        {
            "hour": flag.hour, "label": one_line(flag.label, 12), "leftward": flag.leftward, "foot": HEIGHT,
            "top": -LANE * (flag.lane + 1) - 4, "cloth": -LANE * (flag.lane + 1) + 4, "shape": SHAPES[flag.level],
            "fill": style[f"lv{flag.level}"]["color"],
            "edge": style[f"lv{flag.level}"].get("stroke", style[f"lv{flag.level}"]["color"]),
        }
        for flag in trend.flags
    ]  # fmt: skip
    made["config"] = theme(name)
    return made


def draw(trend: Trend, name: str = "day") -> str | None:
    """The chart as SVG; None where it could not be drawn, which is logged and never stops a report."""
    try:
        return str(vl_convert.vegalite_to_svg(specification(trend, name), vl_version=VEGA_LITE))
    except (ValueError, RuntimeError, OSError) as error:
        log.warning("周报走势图未能绘出，改列数字表：%s", error)
        return None
