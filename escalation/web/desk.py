"""Desk: everything that the pages are given from outside, as one frozen value. Nothing here reads settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from escalation.channels import Channel
from escalation.notice.issue import Letterhead
from escalation.opening import Ground
from stream.search import Document, Facets, Query
from stream.store import Store


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a lead or a file: how many records were taken in, or every problem and nothing taken. `past`: how
    many of them tell of days long past and open nothing."""

    count: int
    problems: tuple[str, ...] = ()
    past: int = 0


class Intake(Protocol):
    """Where leads and imports go. Problems are Chinese sentences with row and column; nothing is half taken in."""

    def take_lead(self, form: Mapping[str, str]) -> Taken:
        """Take one lead as typed at the desk; the form's keys are the names of its fields."""

    def take_message(self, form: Mapping[str, str]) -> Taken:
        """Take one private message that an account received: `account` (its id), `text`, `sent_at` (local)."""

    def take_file(self, name: str, body: bytes) -> Taken:
        """Take a CSV or xlsx file whole, or say by row and column what is wrong with it."""

    def template(self) -> bytes:
        """The xlsx to fill in."""


class Find(Protocol):
    """Search. Raises SearchUnavailable with a Chinese sentence."""

    def __call__(self, query: Query, /) -> Sequence[Document]:
        """The newest documents that answer."""


class Count(Protocol):
    """How what is found is spread. Raises SearchUnavailable with a Chinese sentence."""

    def __call__(self, query: Query, /) -> Facets:
        """Counts of all that answers."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The collaborators of the pages. `roles`: processes that must be alive; `clock` gives aware UTC.

    `ground`: pack and versions by which a person at the desk opens an incident, the same as the watch's.
    `aliases`: the school's other names, the same as the worker's. `disks`: what of ours lies on this machine's disks.
    """

    store: Store
    letterhead: Letterhead
    clock: Callable[[], datetime]
    channels: Mapping[str, Channel]
    intake: Intake
    search: Find
    facets: Count
    roles: tuple[str, ...]
    secure_cookies: bool
    ground: Ground
    aliases: tuple[str, ...] = ()
    disks: Mapping[str, Path] = field(default_factory=dict)

    @property
    def own_names(self) -> tuple[str, ...]:
        """What the school is called; a line that says one of them speaks of no other school."""
        return tuple(name for name in (self.letterhead.school_name, *self.aliases) if name)

    @property
    def school(self) -> str:
        """The school's code."""
        return self.letterhead.school
