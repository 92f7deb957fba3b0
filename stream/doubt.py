"""Doubt 存疑: where a rule names a danger and the model takes the line for nothing of concern, one line is not enough.

A rule reads words and not what they are about: of the harmless lines in which a grave rule holds the model knows some.
The hit stays with what it tells of and weighs as much as a danger of which the model is fairly sure: others who say so
open. A cry for help is never doubted, nor what somebody reports by hand, nor a school's own post.

Signs: a rule that knows a danger by what it leaves behind (a stretcher at the door, a bed that nobody slept in) reads
everyday words. It counts only where the model is sure of a concern: each by itself errs often, both together hardly.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sentiment.engine import Score
from stream.assessment import Hit
from stream.impression import DANGERS
from stream.match import Found
from stream.matter import CARE
from stream.rules import Slot

BELOW = 0.09
"""Of `p_concern`: below every danger of our own examples and demos that people must hear of alone (README.md)."""
SIGNS_FROM = 0.8
"""Of `p_concern`, for rules of signs: of 10,243 ordinary comments none opens by one from here on, and 47 without the
bar; of what they find beyond the other rules in dangers that others wrote more than half is left (README.md)."""
UNSURE = "说的是征兆，模型没有把握是真事，不算命中。"
ALREADY = "说的是征兆，险情已由别的规则说出，不另计。"
WEIGHT = DANGERS[1].weight
WORDS = "模型看不像真有其事，一条不立"
MARK = f"（{WORDS}）"
"""Stands behind the title of a hit that is doubted."""
DOUBTED = frozenset({Slot.COMMENT, Slot.MESSAGE})


def signs_count(named: Iterable[Found], slot: Slot, score: Score | None) -> bool:
    """Whether signs are read: where the model is sure, or a person reports, and no other rule names a danger. `score`:
    None where no engine was asked."""
    concern = score.p_concern if score is not None else None
    if slot in DOUBTED and (concern is None or concern < SIGNS_FROM):
        return False
    return not any(one.rule.grave for one in named)


def plainest(signs: Sequence[Found]) -> list[Found]:
    """Of several signs the one that has most to show: a line tells one danger, and its sides would part a matter."""
    return sorted(signs, key=lambda one: (-len(one.spans), one.rule.level_floor or 5, one.rule.id))[:1]


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
