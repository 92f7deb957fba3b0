"""Sheets 测评表: what was measured on one file or on the scenarios, in one form for the terminal, JSON and the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sentiment.evaluation import DRAWS, SEED, Bin, Counts, Estimate


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. `key`: its name for machines; `words`: for people; `digits`: after the point; `note`: counts."""

    key: str
    words: str
    at: Estimate
    digits: int = 3
    note: str = ""

    def shown(self) -> str:
        """`0.875 [0.866, 0.884]`, or a dash where it is not defined."""
        return f"{self.value()} {self.interval()}".rstrip()

    def value(self) -> str:
        """The figure alone."""
        return "—" if self.at.value is None else f"{self.at.value:.{self.digits}f}"

    def interval(self) -> str:
        """Its interval alone; empty where there is none."""
        if self.at.low is None or self.at.high is None:
            return ""
        return f"[{self.at.low:.{self.digits}f}, {self.at.high:.{self.digits}f}]"


@dataclass(frozen=True, slots=True)
class Slice:
    """The same figures over some of the rows."""

    name: str
    rows: int
    figures: tuple[Figure, ...]

    def figure(self, key: str) -> Figure | None:
        """The figure of this name."""
        return next((one for one in self.figures if one.key == key), None)


@dataclass(frozen=True, slots=True)
class Matrix:
    """How often which class (row) was answered as which (column)."""

    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, classes: Sequence[str], counts: Counts) -> Matrix:
        """Out of a table of counts."""
        return cls(tuple(classes), tuple(tuple(int(cell) for cell in row) for row in counts))


@dataclass(frozen=True, slots=True)
class Course:
    """How one scenario went: with all rules, and apart (empty where it was not asked for).

    Left out for it: `left_out` words, `anchors` (`rule word`) by which rules held in it, `rules` of which none is left.
    """

    scenario: str
    expect: str
    plain: str
    apart: str = ""
    left_out: tuple[str, ...] = ()
    anchors: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    open_at: float | None = None

    @property
    def changed(self) -> bool:
        """Whether it went otherwise apart."""
        return bool(self.apart) and self.apart != self.plain

    @property
    def words_out(self) -> int:
        """How many words were left out for it, an anchor once for each rule."""
        return len(self.left_out) + len(self.anchors)

    def as_json(self) -> dict[str, Any]:
        """For a machine."""
        return asdict(self) | {"changed": self.changed}


@dataclass(frozen=True, slots=True)
class Sheet:
    """What was measured on one file, or why nothing was. `kind`: for machines; `what`: in a sentence."""

    name: str
    kind: str
    what: str
    rows: int = 0
    figures: tuple[Figure, ...] = ()
    slices: tuple[Slice, ...] = ()
    matrix: Matrix | None = None
    bins: tuple[Bin, ...] = ()
    notes: tuple[str, ...] = field(default=())
    judged: bool = True
    apart: tuple[Figure, ...] = ()
    """The same figures with what was chosen without the scenario that is judged."""
    courses: tuple[Course, ...] = ()


def as_json(sheets: Sequence[Sheet], about: dict[str, Any]) -> dict[str, Any]:
    """All sheets for a machine; a figure that is not defined is null."""
    return {
        "about": about | {"bootstrap": {"draws": DRAWS, "seed": SEED, "interval": 0.95}},
        "sheets": [
            {
                "name": one.name, "kind": one.kind, "what": one.what, "judged": one.judged, "rows": one.rows,
                "figures": _figures(one.figures), "cross_validated": _figures(one.apart) or None,
                "slices": [
                    {"name": part.name, "rows": part.rows, "figures": _figures(part.figures)} for part in one.slices
                ],
                "confusion": asdict(one.matrix) if one.matrix else None,
                "reliability": [asdict(part) for part in one.bins],
                "scenarios": [course.as_json() for course in one.courses], "notes": list(one.notes),
            }
            for one in sheets
        ],
    }  # fmt: skip


def _figures(figures: Sequence[Figure]) -> dict[str, Any]:
    return {one.key: asdict(one.at) | {"note": one.note} for one in figures}
