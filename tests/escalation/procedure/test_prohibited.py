"""A finding cites pack, article and item number, never a tag alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from escalation.procedure import load
from escalation.procedure.prohibited import items

SMALL = load(Path(__file__).parent / "small.toml")


def test_an_item_is_cited_by_pack_article_and_number() -> None:
    assert SMALL.cite_item("第四条", 2) == "small 第四条第 2 项"


@pytest.mark.parametrize(("article", "no"), [("第四条", 3), ("第一条", 1)])
def test_an_item_that_the_list_has_not_cannot_be_cited(article: str, no: int) -> None:
    with pytest.raises(KeyError):
        SMALL.cite_item(article, no)


def test_numbered_items_are_told_from_other_lines_and_figures() -> None:
    text = "禁止：\n1. 甲的；\n 2、乙，3. 丙\n7日内备案\n10.丁"
    assert items(text) == {1: "甲的；", 2: "乙，3. 丙", 10: "丁"}
