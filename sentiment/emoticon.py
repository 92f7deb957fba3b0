"""Emoticons: the platforms' codes ([允悲], [doge]) and emoji, and a text without them.

An engine that has learned from emoticons looks better than it is: a text says what it says without them, too.
"""

from __future__ import annotations

import re
import unicodedata

CODE = re.compile(r"\[[\u4e00-\u9fffA-Za-z0-9]{1,8}\]")
"""A platform's code; what stands in such brackets is short and has no blank."""
_JOINERS = frozenset("\u200d\ufe0e\ufe0f\u20e3")


def without_emoticons(text: str) -> str:
    """The text without codes and emoji, in whatever it leaves behind; linear, never raises."""
    return "".join(char for char in CODE.sub("", text) if not _is_emoji(char)).strip()


def _is_emoji(char: str) -> bool:
    """A pictograph, a skin tone, or what joins them; signs that people write as words (℃, ㎡) are none."""
    point = ord(char)
    if point < 0x200D:
        return False
    drawn = (0x2300 <= point <= 0x2BFF or point >= 0x1F000) and unicodedata.category(char) == "So"
    return drawn or char in _JOINERS or 0x1F3FB <= point <= 0x1F3FF
