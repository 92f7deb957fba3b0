"""Hostile text made plain: what a platform sends, before it stands in a notice.

Everything here is pure and quick on any input, a megabyte of invisible characters included.
"""

from __future__ import annotations

import re
import unicodedata

CUT = "……（已截断）"
_KEPT_CONTROLS = "\n"
_SPACES = re.compile(r"[ \t\u00a0\u2000-\u200a\u202f\u205f]+")
_ALL_SPACES = re.compile(r"\s+")


def plain(text: str, limit: int) -> str:
    """`text` without control, bidirectional-order, invisible and unpaired characters, at most `limit` characters.

    A text that is cut ends with a visible mark, which counts. Line breaks stay, other white space becomes one space.
    """
    # Invisible characters are dropped before the cut; looking at four times the limit keeps a megabyte cheap.
    seen = (
        text[: limit * 4 + 64].replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    )
    kept = "".join(letter for letter in seen if letter in "\n\t" or unicodedata.category(letter) not in _DROPPED)
    shown = _SPACES.sub(" ", kept).strip()
    if len(shown) <= limit and len(seen) == len(text):
        return shown
    return shown[: max(0, limit - len(CUT))].rstrip() + CUT


def one_line(text: str, limit: int) -> str:
    """`plain` on a single line: for subjects, titles and table cells."""
    return _ALL_SPACES.sub(" ", plain(text, limit)).strip()


def cut_bytes(text: str, limit: int) -> str:
    """The longest start of `text` that fits `limit` bytes of UTF-8 together with the mark; never half a character."""
    whole = text.encode("utf-8", "replace")
    if len(whole) <= limit:
        return whole.decode("utf-8")
    return whole[: limit - len(CUT.encode("utf-8"))].decode("utf-8", "ignore").rstrip() + CUT


# Cc control, Cf format (bidirectional marks, zero width, tags), Cs lone surrogate, Co private use, Cn unassigned.
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
