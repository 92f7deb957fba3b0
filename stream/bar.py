"""Bar 未立之故: what kept a line that was judged from opening an incident, with the figures that the watch had then.

It is told beside `stream.risk.decide` and never decides: where that opens nothing there is one, where it opens none.
The border and the crowd of that moment are gone when somebody asks; so the bar is kept with the line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from stream.border import OPEN_AT
from stream.evidence import Evidence
from stream.risk import OUTLIKED_LEAST, VOICES_LEAST, Risk
from stream.rules import CUES


class Bar(StrEnum):
    """What stood in the way. The first five keep a line out whatever it says."""

    UNKNOWN = "unknown"
    """Its account was not in the book."""
    OFF = "off"
    """Its account was not watched."""
    BEFORE = "before"
    """It was published before its account was watched."""
    PAST = "past"
    """A file told of it and of days long past."""
    LATE = "late"
    """A later text of the same post was known already."""
    ADVERT = "advert"
    NOTHING = "nothing"
    """No rule and no model said anything of it."""
    CUES = "cues"
    """It only joined in, and there was nothing to join in with."""
    SETTLED = "settled"
    """What it says belongs to a matter that is settled, or is older than any evidence."""
    ANSWER = "answer"
    """The school's own comment, which is no post."""
    MAIN = "main"
    """A post of the school's main account, which speaks with leave."""
    POINTS = "points"
    VOICES = "voices"


@dataclass(frozen=True, slots=True)
class Barred:
    """`risk`, `points`, `voices` as they were weighed, `open_at` the border of points then; 0 where nothing was.

    `outliked`: writers whose line was liked above the post, where this was one of them. `alone`: weighed without what
    belongs to another matter at the same place.
    """

    bar: Bar
    risk: int = 0
    points: float = 0.0
    voices: int = 0
    open_at: float = 0.0
    outliked: int = 0
    alone: bool = False

    def kept(self) -> Mapping[str, Any]:
        """As it is kept with the line; nobody changes it."""
        return _kept(self)

    @staticmethod
    def of(kept: Mapping[str, Any] | None) -> Barred | None:
        """The same again; None where nothing was kept."""
        return None if kept is None else Barred(**{**kept, "bar": Bar(kept["bar"])})


@lru_cache(maxsize=512)  # most are of the first five, whose figures are all 0
def _kept(one: Barred) -> Mapping[str, Any]:
    figures = {
        "risk": one.risk, "points": one.points, "voices": one.voices, "open_at": one.open_at, "outliked": one.outliked,
        "alone": one.alone,
    }  # fmt: skip
    return {"bar": one.bar.value} | {name: value for name, value in figures.items() if value}


def barred(evidence: Evidence, found: Risk, open_at: float = OPEN_AT, *, alone: bool = False) -> Barred | None:
    """What kept this line, of the risk that `stream.risk.risk` found in it, from opening; None where it opens."""
    bar = _bar(evidence, found, open_at)
    if bar is None:
        return None
    outliked = evidence.outliked if evidence.is_outliked else 0
    return Barred(bar, found.value, found.points, found.voices, open_at, outliked, alone)


def _bar(evidence: Evidence, found: Risk, open_at: float) -> Bar | None:
    if evidence.advert:
        return Bar.ADVERT
    if evidence.by_school and not evidence.own_post:
        return Bar.ANSWER
    if not found.theme:
        return _silent(evidence)
    if evidence.by_school:
        with_leave = evidence.lead_account and all(hit.theme == "unauthorised_post" for hit in evidence.hits)
        return Bar.MAIN if with_leave or not evidence.hits else None
    if any(hit.grave for hit in evidence.hits):
        return None
    if evidence.is_outliked and evidence.outliked >= OUTLIKED_LEAST:
        return None
    if found.points < open_at:
        return Bar.POINTS
    return Bar.VOICES if found.voices < VOICES_LEAST else None


def _silent(evidence: Evidence) -> Bar:
    """Of a line that has no matter."""
    if not evidence.hits:
        return Bar.NOTHING
    only_cues = all(hit.category in CUES or hit.theme == "any" for hit in evidence.hits)
    return Bar.CUES if only_cues else Bar.SETTLED
