"""The charts of the page: calibration and slices, as SVG in the colours of the reports. No network, no browser."""

from __future__ import annotations

import json
import logging
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import vl_convert

from deploy.evaluation.sheet import Sheet, Slice
from escalation.report.chart import VEGA_LITE, theme

HERE = Path(__file__).parent
MAIN = ("f1", "macro_f1", "found", "misread", "recall", "accuracy")
"""The figure by which slices are drawn: the first of these that most of them have."""
log = logging.getLogger(__name__)


def calibration(sheet: Sheet) -> str | None:
    """What was said against what was true; None without probabilities, or where it cannot be drawn."""
    if not sheet.bins:
        return None
    made = _specification("calibration")
    made["datasets"]["bins"] = [
        {"said": one.said, "true": one.true, "low": one.true_low, "high": one.true_high, "rows": one.rows}
        for one in sheet.bins
    ]
    return _drawn(made)


def slices(sheet: Sheet) -> tuple[str, str] | None:
    """The name of the figure and the bars of the slices with their intervals; None where nothing can be compared."""
    held = [(key, [one for one in sheet.slices if (f := one.figure(key)) and f.at.value is not None]) for key in MAIN]
    key, chosen = max(held, key=lambda pair: (len(pair[1]), -MAIN.index(pair[0])))
    if len(chosen) < 2:
        return None
    made = _specification("slices")
    made["datasets"]["slices"] = [_bar(one, key) for one in chosen]
    drawn = _drawn(made)
    figure = chosen[0].figure(key)
    return (figure.words, drawn) if drawn is not None and figure is not None else None


def _bar(one: Slice, key: str) -> dict[str, Any]:
    figure = one.figure(key)
    at = figure.at if figure is not None else None
    return {
        "name": f"{one.name}（{one.rows:,}）", "value": at.value if at else None, "low": at.low if at else None,
        "high": at.high if at else None, "said": figure.value() if figure else "",
    }  # fmt: skip


@cache
def _shipped(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((HERE / f"{name}.vl.json").read_text("utf-8"))
    return found


def _specification(name: str) -> dict[str, Any]:
    return deepcopy(_shipped(name)) | {"config": theme("day")}


def _drawn(specification: dict[str, Any]) -> str | None:
    try:
        return str(vl_convert.vegalite_to_svg(specification, vl_version=VEGA_LITE))
    except (ValueError, RuntimeError, OSError) as error:
        log.warning("测评图未能绘出，改列数字表：%s", error)
        return None
