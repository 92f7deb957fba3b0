"""The chapter on hot words: what the week speaks of, each word with its comments, and no person among them."""

from __future__ import annotations

from dataclasses import replace

from escalation.report.chapter import Section
from escalation.report.chapters import chapter_items
from escalation.report.figures import figures
from escalation.report.page import html
from escalation.report.rows import WeekRows
from tests.escalation.report.sample import HOT_WORDS, NOW, empty, rich


def chapter(rows: WeekRows) -> Section:
    (found,) = (one for one in figures(rows, NOW).sections if one.name == "hot_words")
    return found


def test_words_of_the_week_stand_with_their_comments_and_the_negative_among_them() -> None:
    found = chapter(rich())
    assert found.figs["热水器"].value == 21
    assert found.figs["read"].value == len(HOT_WORDS) == 24
    assert next(one.negative for one in found.said["words"] if one.key == "热水器") == 21
    assert not [one.key for one in found.said["words"] if "建国" in one.key or "王" in one.key]
    listed = chapter_items(rich(), "hot_words.热水器", NOW)
    assert listed is not None
    assert (listed.total, len(listed.lines)) == (21, 21)
    assert {cell.href for line in listed.lines for cell in line} == {"", "https://example.test/1"}


def test_a_week_of_few_comments_has_no_hot_words_and_says_so() -> None:
    rows = replace(empty(), chapters={"hot_words": HOT_WORDS[:19]})
    assert chapter(rows).said["words"] == []
    assert "没有可列的热词" in html(figures(rows, NOW), marks="", stylesheets=())
