"""Overlapping character pairs: the one way that text and queries are cut, for every search adapter.

A phrase query over pairs answers exactly as Python's `in` on the folded text (measured in `shared` on 100,000 posts).
Engines cut at ASCII signs and fold ASCII letters, so a pair is written without ASCII: in forms that NFKC folds away,
which therefore stand in no folded text (the full-width ones for what can be seen, half-width ones for the rest).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

SPACE = "▁"
"""Stands for every white-space character, so that a pair never holds what the tokenizer cuts at."""
END = "｡"
"""Closes a text, so that its last character begins a pair as well. NFKC folds it away: whatever people write, nothing
looks like the end of a text."""
CUT_AT_ONCE = 100
"""Texts that are cut in one piece of memory, which at the door's limit takes some 60 MB for a moment."""

_BLANK = re.compile(r"[\s\x00\x03]")
_UNSEEN = [code for code in (*range(0x20), 0x7F) if not _BLANK.match(chr(code))]
_WIDE = {code: 0xFEE0 + code for code in range(0x21, 0x7F)} | {
    code: 0xFF66 + place for place, code in enumerate(_UNSEEN)
}
_JAMO = range(0x1100, 0x1200)
_STYLES = range(0xFE00, 0xFE10)
_BY_TEXT = "\x00"
"""Stands in a text for a character whose form depends on its neighbours; no folded text holds it."""


def fold(text: str) -> str:
    """The form that text and query are compared in: NFKC, lower case, white space as SPACE."""
    lowered = unicodedata.normalize("NFKC", text.encode("utf-8", "replace").decode()).lower()
    return _BLANK.sub(SPACE, lowered)


class _Letters(dict[int, str]):
    """What one character becomes when it is folded and written without ASCII; filled as characters come."""

    def __missing__(self, code: int) -> str:
        self[code] = found = _letter(chr(code))
        return found


def _letter(char: str) -> str:
    """`_written` of one character, or _BY_TEXT where neighbours may compose with it or change its case."""
    folded = fold(char)
    alone = len(folded) == 1 and not 0xD800 <= ord(char) <= 0xDFFF
    if not alone or "Σ" in unicodedata.normalize("NFKC", char):
        return _BY_TEXT
    marks = unicodedata.category(folded)[0] == "M" and ord(folded) not in _STYLES
    return _BY_TEXT if marks or ord(folded) in _JAMO else folded.translate(_WIDE)


_LETTERS = _Letters()


def _written(text: str) -> str:
    """The folded text without ASCII, by a table wherever all characters are as they are by themselves."""
    found = text.translate(_LETTERS)
    return fold(text).translate(_WIDE) if _BY_TEXT in found else found


def pairs_of_texts(texts: Sequence[str]) -> list[str]:
    """Of each text every pair of neighbouring characters, the last one closed by END, separated by blanks."""
    found: list[str] = []
    for start in range(0, len(texts), CUT_AT_ONCE):
        found += _cut([_written(text) for text in texts[start : start + CUT_AT_ONCE]])
    return found


def _cut(texts: Sequence[str]) -> list[str]:
    """Texts to pairs, all at once: the joined text is laid beside itself, one character further, and a blank."""
    whole = (END.join(texts) + END).encode("utf-32-le")
    laid = bytearray(len(whole) * 3)
    for byte in range(3):
        laid[byte::12] = whole[byte::4]
        laid[4 + byte : -12 : 12] = whole[4 + byte :: 4]
    laid[8::12] = b" " * (len(whole) // 4)
    pairs = laid.decode("utf-32-le")
    found, at = [], 0
    for text in texts:
        end = at + 3 * len(text)
        found.append(pairs[at : max(at, end - 1)])
        at = end + 3
    return found


def pairs_of_query(words: str) -> list[str]:
    """The pairs of a query, in order; a single character gives that character alone (ask for it as a prefix)."""
    written = _written(words.strip())
    if len(written) <= 1:
        return [written] if written else []
    return [written[i : i + 2] for i in range(len(written) - 1)]
