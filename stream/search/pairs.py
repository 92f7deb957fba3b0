"""Overlapping character pairs: the one way that text and queries are cut, for every search adapter.

A phrase query over pairs answers exactly as Python's `in` on the folded text (measured in `shared` on 100,000 posts).
"""

from __future__ import annotations

import re
import unicodedata

SPACE = "▁"
"""Stands for every white-space character, so that a pair never holds what the tokenizer cuts at."""
END = "\x03"
"""Closes a text, so that its last character begins a pair as well. It is white space to `fold`, so no text or query
holds it: whatever people write, nothing looks like the end of a text."""

_BLANK = re.compile(r"[\s\x00\x03]")


def fold(text: str) -> str:
    """The form that text and query are compared in: NFKC, lower case, white space as SPACE."""
    lowered = unicodedata.normalize("NFKC", text.encode("utf-8", "replace").decode()).lower()
    return _BLANK.sub(SPACE, lowered)


def pairs_of_text(text: str) -> str:
    """Every pair of neighbouring characters, the last one closed by END, separated by blanks."""
    folded = fold(text) + END
    return " ".join(folded[i : i + 2] for i in range(len(folded) - 1))


def pairs_of_query(words: str) -> list[str]:
    """The pairs of a query, in order; a single character gives that character alone (ask for it as a prefix)."""
    folded = fold(words.strip())
    if len(folded) <= 1:
        return [folded] if folded else []
    return [folded[i : i + 2] for i in range(len(folded) - 1)]
