"""The chapter on hot words: what the week speaks of, each word with its comments, and no person among them."""

from __future__ import annotations

from dataclasses import replace

from escalation.report.chapter import Section
from escalation.report.chapters import chapter_items
from escalation.report.figures import figures
from escalation.report.page import html
from escalation.report.rows import WeekRows
from tests.escalation.report.sample import HOT_WORDS, NOW, empty, rich, said


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


def test_a_sentence_of_each_of_the_first_words_is_told_as_it_was_written_and_none_that_names_somebody() -> None:
    told = {one.key: one.sentence for one in chapter(rich()).said["talk"]}
    assert list(told) == ["热水器", "路过"], "the other words stand in the same comments"
    assert told["热水器"].startswith("六栋的热水器又坏了，报修没人来")
    assert not [one for one in told.values() if "王" in one]
    page = html(figures(rich(), NOW), marks="", stylesheets=())
    assert "大家在说" in page
    assert f"<bdi>{told['热水器']}</bdi>" in page


def test_where_every_sentence_names_somebody_none_is_told() -> None:
    named = tuple(said(n, f"王建国老师说热水器没坏，第 {n} 天") for n in range(24))
    rows = replace(empty(), chapters={"hot_words": named})
    assert "热水器" in chapter(rows).figs
    assert chapter(rows).said["talk"] == []
    assert "大家在说" not in html(figures(rows, NOW), marks="", stylesheets=())
