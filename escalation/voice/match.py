"""Whether a crawled post says what a statement says: word for word, in substance, or not at all. Pure.

A relay wraps the words (“转发学校声明：……”) and platforms cut them, so what counts is how much of the statement stands
in the post, not how alike the two are. Figures and words of denial must all be there.
"""

from __future__ import annotations

from enum import StrEnum

from escalation.likeness import firm
from sentiment.normalise import normalise
from stream.novelty import grams, letters

SAME = 0.85
"""From this share of the statement's grams on, a post carries the statement: a relay is done."""
NEAR = 0.4
"""From here on it speaks the statement's words, but altered."""


class Match(StrEnum):
    """How a post stands to a statement."""

    EXACT = "exact"
    CARRIES = "carries"
    ALTERED = "altered"
    NONE = "none"


MATCH_WORDS = {
    Match.EXACT: "已核对",
    Match.CARRIES: "已核对（略有增减）",
    Match.ALTERED: "文字不符",
    Match.NONE: "未见",
}


def match(statement: str, post: str) -> Match:
    """How much of the statement the post carries; signs, blanks and disguise do not count."""
    words, found = letters(normalise(statement).text), letters(normalise(post).text)
    if not words or not found:
        return Match.NONE
    if words in found:
        return Match.EXACT
    share = shared(statement, post)
    lost = firm(normalise(statement).text) - firm(normalise(post).text)
    if share >= SAME and not lost:
        return Match.CARRIES
    return Match.ALTERED if share >= NEAR else Match.NONE


def shared(statement: str, post: str) -> float:
    """Which share of the statement's grams stands in the post, 0..1; 0 for a text too short to compare."""
    mine, theirs = grams(normalise(statement).text), grams(normalise(post).text)
    return len(mine & theirs) / len(mine) if mine else 0.0
