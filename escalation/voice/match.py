"""Whether a crawled post says what a statement says: word for word, in substance, more than that, or not at all. Pure.

A relay wraps the words (“转发学校声明：……”) and platforms cut them, so what counts is how much of the statement stands
in the post, not how alike the two are. Figures, words of denial and deciding words must all be there and no others;
what is put around the statement is read too: a figure, a denial or a charge beside the approved words is nobody's.
"""

from __future__ import annotations

import re
from enum import StrEnum

from escalation.imprint import body, undated
from escalation.likeness import SHOWN_MOST, difference, firm
from escalation.voice.speech import ACCUSES, DENIES
from sentiment.normalise import normalise
from stream.novelty import grams, letters

SAME = 0.85
"""From this share of the statement's grams on, a post carries the statement: a relay is done."""
NEAR = 0.4
"""From here on it speaks the statement's words, but altered."""
ADDED_MOST = 60
"""Letters that may be put around a statement unread: who passes it on, a call to keep to it, a name (系统默认)."""
_CALLS = re.compile(
    "(?:不信谣|不传谣|不造谣|不增不减|请?勿(?:轻信|信谣|传谣|传播|转发|听信)|不要(?:轻信|传播|转发|听信))"
)


class Match(StrEnum):
    """How a post stands to a statement."""

    EXACT = "exact"
    CARRIES = "carries"
    ADDED = "added"
    ALTERED = "altered"
    NONE = "none"


MATCH_WORDS = {
    Match.EXACT: "已核对",
    Match.CARRIES: "已核对（略有增减）",
    Match.ADDED: "口径文字之外另有内容",
    Match.ALTERED: "文字不符",
    Match.NONE: "未见",
}
CARRIED = frozenset({Match.EXACT, Match.CARRIES})


def match(statement: str, post: str) -> Match:
    """How much of the statement the post carries, and whether it says more; signs, blanks and disguise do not count."""
    one, other = normalise(statement).text, normalise(post).text
    words, found = letters(one), letters(other)
    if not words or not found:
        return Match.NONE
    if words in found:
        rest = beside(statement, post)
        return Match.ADDED if says(rest) or len(letters(rest)) > ADDED_MOST else Match.EXACT
    share = shared(statement, post)
    if share < SAME:
        return Match.ALTERED if share >= NEAR else Match.NONE
    gained = firm(_framed(body(other))) - firm(one)
    if firm(one) - firm(other) or gained:
        return Match.ALTERED
    rest = beside(statement, post)
    return Match.ADDED if says(rest) or len(letters(rest)) > ADDED_MOST else Match.CARRIES


def beside(statement: str, post: str) -> str:
    """What a post says besides the statement, normalised: before, behind and between; no link, byline or date."""
    one, other = normalise(statement).text, normalise(post).text
    if (place := _place(letters(one), other)) is not None:
        parts = [other[: place[0]], other[place[1] :]]
    else:
        parts = [text for kind, text in difference(one, other) if kind == "ins"] + [other[SHOWN_MOST:]]
    return "\n".join(part for part in map(_framed, map(body, parts)) if letters(part))


def says(rest: str) -> bool:
    """Whether what was put beside a statement says something of its own: a figure, a verdict, a denial, a charge."""
    return bool(firm(rest) or DENIES.search(rest) or ACCUSES.search(rest))


def _framed(text: str) -> str:
    return undated(_CALLS.sub(" ", text))


def _place(words: str, text: str) -> tuple[int, int] | None:
    """Where these letters stand in a text, signs and blanks between them included."""
    at = [place for place, sign in enumerate(text) if letters(sign)]
    begin = letters(text).find(words)
    return (at[begin], at[begin + len(words) - 1] + 1) if begin >= 0 else None


def shared(statement: str, post: str) -> float:
    """Which share of the statement's grams stands in the post, 0..1; 0 for a text too short to compare."""
    mine, theirs = grams(normalise(statement).text), grams(normalise(post).text)
    return len(mine & theirs) / len(mine) if mine else 0.0
