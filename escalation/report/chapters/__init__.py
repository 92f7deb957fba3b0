"""The chapters of the weekly report, in the order in which they are printed. How to add one: `report/README.md`."""

from __future__ import annotations

from datetime import datetime

from escalation.report.chapter import Chapter, listed
from escalation.report.chapters import (
    alterations,
    consultations,
    duty,
    handling,
    hot_words,
    one_voice,
    own_posts,
    tasks,
)
from escalation.report.items import Items
from escalation.report.rows import WeekRows

CHAPTERS: tuple[Chapter, ...] = (
    handling.CHAPTER, tasks.CHAPTER, one_voice.CHAPTER, own_posts.CHAPTER, consultations.CHAPTER, duty.CHAPTER,
    hot_words.CHAPTER, alterations.CHAPTER,
)  # fmt: skip


def chapter_items(rows: WeekRows, what: str, now: datetime) -> Items | None:
    """The list behind a chapter's figure, by its address (`handling.told`); None where there is none."""
    name, _, key = what.partition(".")
    for one in CHAPTERS:
        if one.name == name and name in rows.chapters:
            return listed(one, rows, key, now)
    return None
