"""Hostile text on a page: what was matched is marked, what is invisible is taken out, what is too long is cut.

Spans are positions in the writer's own text, so marking comes first and cleaning after. All of it is escaped.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape

from stream.post import CUT_MARK, TEXT_LIMIT

SHOWN = 800
CUT = "……（已截断，全文共 {n} 字）"
CUT_AT_DOOR = "……（已截断，原文超过 {n} 字）"
"""Of a text that was cut when it came in nobody knows any more how long it was."""
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_BLANK = re.compile(r"[ \t\u00a0\u2000-\u200a\u202f\u205f\u2028\u2029]+")
_LINES = re.compile(r"\n{3,}")
STACKED = 2
"""Combining marks kept upon one letter."""


def clean(text: str) -> str:
    """Without control, bidirectional-order, invisible and unpaired characters; white space runs become one space."""
    kept: list[str] = []
    marks = 0
    for letter in text.replace("\r\n", "\n").replace("\r", "\n"):
        if letter != "\n" and letter != "\t" and unicodedata.category(letter) in _DROPPED:
            continue
        marks = marks + 1 if unicodedata.combining(letter) else 0
        if marks <= STACKED:
            kept.append(letter)
    return _LINES.sub("\n\n", _BLANK.sub(" ", "".join(kept)))


def merged(spans: Iterable[Sequence[int]], end: int) -> list[tuple[int, int]]:
    """Spans in order, clipped to 0..end, overlapping ones joined."""
    found: list[tuple[int, int]] = []
    for start, stop in sorted((max(0, int(a)), min(end, int(b))) for a, b in spans):
        if stop <= start:
            continue
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(stop, found[-1][1]))
        else:
            found.append((start, stop))
    return found


def marked(text: str, spans: Iterable[Sequence[int]], limit: int = SHOWN) -> Markup:
    """The text as safe HTML with its matched places in `<mark>`."""
    shown = text[:limit]
    parts: list[Markup] = []
    at = 0
    for start, stop in merged(spans, len(shown)):
        parts.append(escape(clean(shown[at:start])))
        parts.append(Markup("<mark>{}</mark>").format(clean(shown[start:stop])))
        at = stop
    parts.append(escape(clean(shown[at:])))
    if len(text) > limit:
        cut_before = text.endswith(CUT_MARK)
        parts.append(escape(CUT_AT_DOOR.format(n=TEXT_LIMIT) if cut_before else CUT.format(n=len(text))))
    return Markup("").join(parts)


def highlighted(text: str, words: Iterable[str]) -> Markup:
    """A title with these words marked wherever they stand."""
    spans = [
        (found.start(), found.end())
        for word in {word for word in words if len(word) > 1}
        for found in re.finditer(re.escape(word), text)
    ]
    return marked(text, spans, limit=200)
