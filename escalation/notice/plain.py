"""Hostile text made plain: what a platform sends, before it stands in a notice.

Everything here is pure and quick on any input, a megabyte of invisible characters included.
"""

from __future__ import annotations

import re
import unicodedata

CUT = "……（已截断）"
_BREAKS = re.compile("\r\n|[\r\u2028\u2029\x85]")
_SPACES = re.compile(r"[ \t\u00a0\u2000-\u200a\u202f\u205f]+")
_ALL_SPACES = re.compile(r"\s+")


def plain(text: str, limit: int) -> str:
    """`text` without control, bidirectional-order, invisible and unpaired characters, at most `limit` characters.

    A text that is cut ends with a visible mark, which counts. Line breaks stay, other white space becomes one space.
    """
    return _cut(text, _SPACES.sub(" ", _visible(text, limit)).strip(), limit)


def one_line(text: str, limit: int) -> str:
    """`plain` on a single line: for subjects, titles and table cells."""
    return _cut(text, _ALL_SPACES.sub(" ", _visible(text, limit)).strip(), limit)


def _reach(limit: int) -> int:
    """How much of a text is looked at: invisible characters go before the cut, yet a megabyte of them stays cheap."""
    return limit * 4 + 64


def _visible(text: str, limit: int) -> str:
    seen = _BREAKS.sub("\n", text[: _reach(limit)])
    return "".join(letter for letter in seen if letter in "\n\t" or unicodedata.category(letter) not in _DROPPED)


def _cut(text: str, shown: str, limit: int) -> str:
    if len(shown) <= limit and len(text) <= _reach(limit):
        return shown
    return shown[: max(0, limit - len(CUT))].rstrip() + CUT


def cut_bytes(text: str, limit: int) -> str:
    """The longest start of `text` that fits `limit` bytes of UTF-8 together with the mark; never half a character."""
    whole = text.encode("utf-8", "replace")
    if len(whole) <= limit:
        return whole.decode("utf-8")
    return whole[: limit - len(CUT.encode("utf-8"))].decode("utf-8", "ignore").rstrip() + CUT


# Cc control, Cf format (bidirectional marks, zero width, tags), Cs lone surrogate, Co private use, Cn unassigned.
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
