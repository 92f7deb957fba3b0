"""Lines of Chinese text for a reader with a fixed-width screen: 72 columns, a Han character takes two."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

WIDTH = 72
HANG = 4
_NEVER_FIRST = frozenset("，。；：、！？）》”’〉】…—%％,.;:!?)")


def columns(text: str) -> int:
    """How many columns `text` takes."""
    return len(text) if text.isascii() else sum(map(_width, text))


@lru_cache(maxsize=10_000)
def _width(letter: str) -> int:
    return 2 if unicodedata.east_asian_width(letter) in "WFA" else 1


@lru_cache(maxsize=1000)
def fold(text: str, first: str = "", rest: str = "", width: int = WIDTH) -> str:
    """`text` in lines of at most `width` columns; `first` and `rest` stand before the first and the other lines.

    Latin words and numbers stay whole as far as they fit, closing punctuation never begins a line (up to two
    of them hang over). Line breaks of the text are kept.
    """
    lines: list[str] = []
    for part in text.split("\n"):
        line, used, begun = (rest if lines else first), columns(rest if lines else first), False
        for piece in _pieces(part, width - max(columns(first), columns(rest))):
            wide = columns(piece)
            if begun and used + wide > width + (HANG if piece in _NEVER_FIRST else 0):
                lines.append(line.rstrip(" "))
                line, used, begun = rest, columns(rest), False
                if piece.isspace():
                    continue
            line, used, begun = line + piece, used + wide, True
        lines.append(line.rstrip(" "))
    return "\n".join(lines)


def _pieces(text: str, room: int) -> list[str]:
    """Words of printable ASCII, single other characters; a word that no line holds is cut up."""
    found: list[str] = []
    for word in re.findall(r"[!-~]+|[^!-~]", text):
        found.extend(word[at : at + room] for at in range(0, len(word), room))
    return found
