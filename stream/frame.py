"""Frame 场面: under a post about a drill, a play or a game, its words of danger are about that.

我被毒死了 under the notice of a murder mystery is a joke of the evening; 真有人晕倒了 is not. What frames, and what
breaks a frame, is data: `frames.toml`. Outside of it nothing is taken away, a cry for help never.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sentiment.normalise import normalise
from stream.assessment import Assessment, Hit
from stream.impression import DANGER, IMPRESSIONS
from stream.matter import CARE
from stream.post import Kind

FILE = Path(__file__).with_name("frames.toml")
WEIGHT = 3
"""What a framed hit still weighs: a dozen jokers are no incident, and the line stays below what is shown as risk."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One kind of frame. `post`: words of the root post; `unless`: words by which it is none; `real`: words of a
    comment that speaks of the world after all. All normalised. `danger`: words of danger are about it; `felt`: so is
    what only the model found, as long as it weighs less than `felt_below`; `asking`: only in lines that ask.
    """

    id: str
    title: str
    post: tuple[str, ...]
    unless: tuple[str, ...]
    real: tuple[str, ...]
    danger: bool = True
    felt: bool = False
    asking: bool = False
    felt_below: int = 101

    def holds(self, root: str, line: str) -> bool:
        """Whether a (normalised) line is said within this frame of its (normalised) root post."""
        if self.asking and not _ASKS.search(line):
            return False
        return has(root, self.post) and not has(root, (*self.unless, *self.real)) and not has(line, self.real)

    def covers(self, hit: Hit) -> bool:
        """Whether a hit is about what the root post tells of."""
        felt = self.felt and hit.rule in IMPRESSIONS and hit.theme != CARE and hit.weight < self.felt_below
        return felt or (self.danger and _is_danger(hit))


def has(text: str, words: Sequence[str]) -> bool:
    """Whether one of the words stands in the text."""
    return any(word in text for word in words)


@cache
def frames() -> tuple[Frame, ...]:
    """Every kind of frame of the file."""
    rows = tomllib.loads(FILE.read_text("utf-8"))["frame"]
    return tuple(_frame(row) for row in rows)


def _frame(row: Mapping[str, Any]) -> Frame:
    post, unless, real = (tuple(normalise(word).text for word in row[name]) for name in _LISTS)
    danger, felt, asking = row.get("danger", True), row.get("felt", False), row.get("asking", False)
    return Frame(row["id"], row["title"], post, unless, real, danger, felt, asking, row.get("felt_below", 101))


_LISTS = ("post", "unless", "real")
_ASKS = re.compile(r"[?？]|[吗么呢]\W*$|请问|能不能|是不是|有没有|会不会|多少|什么时候|几[点号月天]")


def may_be_framed(assessment: Assessment) -> bool:
    """Whether a look at the root post can change anything: a comment of others with a danger or what the model felt."""
    post = assessment.post
    return (
        post.kind is Kind.COMMENT
        and not post.by_school
        and post.id != post.thread_id
        and any(_is_danger(hit) or hit.rule in IMPRESSIONS for hit in assessment.hits)
    )


def framed(assessment: Assessment, root_text: str, kinds: Sequence[Frame] | None = None) -> Assessment:
    """The assessment with what its root post (`root_text`, as written) leaves of its hits of danger.

    `kinds`: of frame that there are, those of the file where none are given.
    """
    if not may_be_framed(assessment):
        return assessment
    root, line = normalise(root_text).text, normalise(assessment.post.text).text
    frame = next((one for one in (frames() if kinds is None else kinds) if one.holds(root, line)), None)
    if frame is None:
        return assessment
    return assessment.model_copy(update={"hits": tuple(_weakened(hit, frame) for hit in assessment.hits)})


def _is_danger(hit: Hit) -> bool:
    return hit.theme != CARE and (hit.grave or bool(hit.kinds) or hit.rule == DANGER)


def _weakened(hit: Hit, frame: Frame) -> Hit:
    if not frame.covers(hit):
        return hit
    less = {"title": f"{hit.title}（原帖说的是{frame.title}）", "grave": False, "weight": min(hit.weight, WEIGHT)}
    return hit.model_copy(update=less | {"kinds": (), "level_floor": None})
