"""What the demo vendors heard: every message that a member, a group or a number would have got, with its channel."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

KEPT = 500


@dataclass(frozen=True, slots=True)
class Heard:
    """One message. `at` is UTC in ISO 8601; `way` the place ("app", "dingtalk" ...), `to` who would have got it."""

    at: str
    way: str
    to: str
    title: str
    content: str
    url: str = ""


class Ledger:
    """Messages in memory and in `heard.jsonl`. Safe to use from several threads of one process."""

    def __init__(self, folder: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "heard.jsonl"
        self._lock = threading.Lock()
        self.now = now
        self._heard = self._read()

    def keep(self, way: str, to: str, title: str, content: str, url: str = "") -> None:
        """Keep a message."""
        one = Heard(self.now().isoformat(timespec="seconds"), way, to, title, content, url)
        with self._lock:
            self._heard = [*self._heard, one][-KEPT:]
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(one)) + "\n")

    def newest(self, way: str = "") -> list[Heard]:
        """Newest first; of one place, or of all."""
        with self._lock:
            return [one for one in reversed(self._heard) if not way or one.way == way]

    def _read(self) -> list[Heard]:
        heard = []
        for line in self._file.read_text("utf-8").splitlines() if self._file.exists() else []:
            try:
                heard.append(Heard(**json.loads(line)))
            except (ValueError, TypeError):
                continue  # a line torn by a kill
        return heard[-KEPT:]
