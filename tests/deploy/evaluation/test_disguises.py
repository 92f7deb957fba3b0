"""Disguises: the bars of what is found again and of what is misread, on the data files where they are."""

from pathlib import Path

import pytest

from deploy.evaluation.disguises import sheet
from sentiment.labelled import read_file
from stream.rules import load

DATA = Path(__file__).parents[4] / "shared" / "data"
HIDDEN, ORDINARY = DATA / "evasion_test.csv", DATA / "weibo_bin_test.csv"
FOUND = {"繁体": 0.99, "拆字": 0.85, "拼音": 0.95, "谐音": 0.60}


@pytest.mark.skipif(not (HIDDEN.exists() and ORDINARY.exists()), reason="the data files are not here")
def test_disguises_are_found_and_ordinary_comments_are_not_misread() -> None:
    result = sheet(read_file(HIDDEN), [read_file(ORDINARY)], load())
    figures = {part.name: part.figures[0].at.value or 0 for part in result.slices}
    assert {kind: figures[kind] for kind in FOUND if figures[kind] < FOUND[kind]} == {}
    misread = [part.figures[1].at.value or 0 for part in result.slices if ORDINARY.name in part.name]
    assert len(misread) == 2
    assert max(misread) <= 1
