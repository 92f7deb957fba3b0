"""Doubt 存疑: where a rule names a danger and the model takes the line for nothing of concern, one line is not enough.

A rule reads words and not what they are about: of the harmless lines in which a grave rule holds the model knows some.
The hit stays with what it tells of and weighs as much as a danger of which the model is fairly sure: others who say so
open. A cry for help is never doubted, nor what somebody reports by hand, nor a school's own post.
"""

from __future__ import annotations

from collections.abc import Sequence

from stream.assessment import Hit
from stream.impression import DANGERS
from stream.matter import CARE
from stream.rules import Slot

BELOW = 0.09
"""Of `p_concern`: below every danger of our own examples and demos that people must hear of alone (README.md)."""
WEIGHT = DANGERS[1].weight
WORDS = "模型看不像真有其事，一条不立"
MARK = f"（{WORDS}）"
"""Stands behind the title of a hit that is doubted."""
DOUBTED = frozenset({Slot.COMMENT, Slot.MESSAGE})


def doubted(hits: Sequence[Hit], slot: Slot | None, p_concern: float | None) -> tuple[Hit, ...]:
    """The hits of the rules as the model leaves them. `p_concern`: None of an engine that gives none."""
    if slot not in DOUBTED or p_concern is None or p_concern >= BELOW:
        return tuple(hits)
    return tuple(_weakened(hit) if is_doubtful(hit) else hit for hit in hits)


def is_doubtful(hit: Hit) -> bool:
    """Whether a hit may be doubted: a danger that opens alone, and no cry for help."""
    return hit.grave and hit.theme != CARE


def _weakened(hit: Hit) -> Hit:
    less = {"title": f"{hit.title}{MARK}", "grave": False, "weight": min(hit.weight, WEIGHT)}
    return hit.model_copy(update=less)
