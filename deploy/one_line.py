"""The lines of our processes' own log: one for each message, whatever stands in it."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

from deploy import waiting
from escalation.clock_words import SHANGHAI
from stream.logbook import FIELDS

WIDE = "\u3000"
"""The wide space of Chinese text, which Python does not call printable."""
OURS = ("crawlers", "deploy", "escalation", "sentiment", "stream")
"""The rooms whose daily work is written down; of libraries only what is a warning."""
_BARE = re.compile(r"[\w.:/@-]{1,200}", re.ASCII)


class OneLine(logging.Formatter):
    """One line for one message, whatever stands in it: what comes from outside can neither begin a line of its own nor
    move the cursor. The lines of a fault that follow are marked with a bar.

    `2026-11-20 16:42:08,123 INFO role=watch at=escalation.watch post=weibo:5301 incident=FX-2026-0001 立为事件`:
    Beijing time, then names with values (in quotes where they hold more than letters, digits and `.:/@_-`; several with
    commas between them), then words.
    """

    def __init__(self, role: str = "") -> None:
        """`role`: whose process this is."""
        super().__init__("%(asctime)s %(levelname)s %(message)s")
        self._role = role

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        """Beijing time, whatever the machine keeps."""
        del datefmt
        at = datetime.fromtimestamp(record.created, UTC).astimezone(SHANGHAI)
        return f"{at:%Y-%m-%d %H:%M:%S},{at.microsecond // 1000:03d}"

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (the name that logging calls)
        """The line itself."""
        named = {"role": self._role, "at": record.name} | {name: getattr(record, name, "") for name in FIELDS}
        head = " ".join(f"{name}={_values(value)}" for name, value in named.items() if value)
        return escaped(f"{record.asctime} {record.levelname} {head} {record.message}")

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """The fault, each of its lines behind a bar."""
        return "\n".join(f"  | {escaped(line)}" for line in super().formatException(ei).split("\n"))


def keep(role: str) -> None:
    """Write this process's log on its error stream: daily work of ours, warnings of libraries. While it waits for an
    engine, what libraries say of each attempt is left out: why it waits is written down."""
    written = logging.StreamHandler()
    written.addFilter(lambda line: line.name.partition(".")[0] in OURS or not waiting.sentence())
    written.setFormatter(OneLine(role))
    logging.basicConfig(level=logging.WARNING, handlers=[written])
    for room in OURS:
        logging.getLogger(room).setLevel(logging.INFO)


def _values(value: object) -> str:
    return ",".join(map(_value, value)) if isinstance(value, tuple) else _value(str(value))


def _value(text: str) -> str:
    return text if _BARE.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def escaped(text: str) -> str:
    """The text with everything that is not printed written out (`\\x1b`)."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() or letter == WIDE else ascii(letter)[1:-1] for letter in text)
