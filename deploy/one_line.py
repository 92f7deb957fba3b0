"""The lines of our processes' own log: one for each message, whatever stands in it."""

from __future__ import annotations

import logging
from typing import Any

WIDE = "\u3000"
"""The wide space of Chinese text, which Python does not call printable."""


class OneLine(logging.Formatter):
    """One line for one message, whatever stands in it: what comes from outside can neither begin a line of its own nor
    move the cursor. The lines of a fault that follow are marked with a bar."""

    def __init__(self) -> None:
        """Time, level, module, words."""
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (the name that logging calls)
        """The line itself."""
        return escaped(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """The fault, each of its lines behind a bar."""
        return "\n".join(f"  | {escaped(line)}" for line in super().formatException(ei).split("\n"))


def escaped(text: str) -> str:
    """The text with everything that is not printed written out (`\\x1b`)."""
    return "".join(letter if letter.isprintable() or letter == WIDE else ascii(letter)[1:-1] for letter in text)
