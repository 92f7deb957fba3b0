"""The page needs nothing else, holds its charts, and shows what stands in files as text."""

from __future__ import annotations

import re

import numpy as np
import pytest

from deploy.evaluation.page import page
from deploy.evaluation.sheet import Figure, Matrix, Sheet, Slice
from sentiment.evaluation import Estimate, reliability

ABOUT = {
    "version": "0", "engine": "e", "rules": "r", "measured_at": "2026-11-22T00:00:00+00:00", "draws": 2000,
}  # fmt: skip


@pytest.fixture(scope="module")
def text() -> str:
    figure = Figure("accuracy", "准确率", Estimate(0.75, 0.5, 1.0))
    parts = (Slice("<b>甲</b>", 3, (figure,)), Slice("乙", 1, (figure,)))
    bins = reliability([True, False, True, False], [0.9, 0.1, 0.8, 0.4])
    matrix = Matrix.of(("负面", "正面"), np.array([[1200, 2], [3, 4]]))
    judged = Sheet("<script>.csv", "leaning", "两类", 4, (figure,), parts, matrix, bins, ("快",))
    return page([judged, Sheet("谣言.csv", "other", "没有测评", 1, judged=False)], ABOUT)


def test_it_loads_nothing_from_anywhere(text: str) -> None:
    assert not re.findall(r"""(?:src|href)=["'](?!#|data:,)[^"']*""", text.replace("xlink:href", ""))
    assert "@import" not in text
    assert "url(http" not in text


def test_it_shows_figures_charts_tables_and_what_was_not_judged(text: str) -> None:
    assert text.count("<svg") == 2
    assert "[0.500, 1.000]" in text
    assert "1,200" in text
    assert "没有测评" in text
    assert "校准：" in text


def test_names_out_of_files_are_text(text: str) -> None:
    assert "<script>" not in text
    assert "&lt;script&gt;.csv" in text
    assert "<b>甲" not in text
