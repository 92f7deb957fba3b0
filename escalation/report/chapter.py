"""A chapter of the weekly report: rows of its own noun in, lists and what is said about them out.

A chapter never counts by hand. It gives lists; each figure is the length of its list, so the two cannot differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from escalation.report.items import Fig, Items
from escalation.report.rows import WeekRows
from escalation.report.week import Week


@dataclass(frozen=True, slots=True)
class Written:
    """What a chapter made of its rows.

    `lists`: every figure of the chapter by its key, as the list behind it. `said`: whatever else its template prints
    (spans, lines of tables). `signed_for`: keys of figures that a signature answers for: those that cannot change once
    the week is over; what moves on by itself (still open now) is not among them.
    """

    lists: Mapping[str, Items]
    said: Mapping[str, Any] = field(default_factory=dict)
    signed_for: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Chapter:
    """One chapter. `name`: of its template (`chapter-NAME.html`), its rows and its lists (`/items/NAME.KEY`).

    `fetch` reads the store: bounded questions in the report's one read block. `write` is pure.
    """

    name: str
    fetch: Callable[[Connection, str, Week], Any]
    write: Callable[[Any, WeekRows, datetime], Written]


@dataclass(frozen=True, slots=True)
class Section:
    """A written chapter as the page sees it: `figs` are the figures by key, each with the address of its list."""

    name: str
    figs: Mapping[str, Fig]
    said: Mapping[str, Any]
    signed_for: tuple[tuple[str, int], ...]

    @property
    def template(self) -> str:
        """The template part that prints it."""
        return f"chapter-{self.name}.html"


def section(chapter: Chapter, rows: WeekRows, now: datetime) -> Section:
    """The chapter of one week as it stands at `now`."""
    made = chapter.write(rows.chapters[chapter.name], rows, now)
    figs = {key: Fig(found.total, f"{chapter.name}.{key}") for key, found in made.lists.items()}
    fixed = tuple((figs[key].what, figs[key].value) for key in sorted(made.signed_for))
    return Section(chapter.name, figs, made.said, fixed)


def listed(chapter: Chapter, rows: WeekRows, key: str, now: datetime) -> Items | None:
    """The list behind one of the chapter's figures; None where it has none of this key."""
    return chapter.write(rows.chapters[chapter.name], rows, now).lists.get(key)
