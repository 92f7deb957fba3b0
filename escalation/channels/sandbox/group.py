"""The demo group: a webhook that answers as 企业微信 does, and what the group saw."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

PER_MINUTE = 20
TEXT_BYTES = 2048
KEPT = 500
_KEY = re.compile(r"[A-Za-z0-9_-]{8,128}")
_LIVE = re.compile(r"(https?://[^\s<>\"'“”，。；）】]+|<@[^>]*>|@所有人|@all)")
MESSAGES = {
    0: "ok",
    -1: "system busy",
    40008: "invalid message type",
    40058: "content exceed max length. invalid Request Parameter",
    44004: "content is empty",
    45009: "api freq out of limit",
    47001: "data format error",
    93000: "invalid webhook url",
}


@dataclass(frozen=True, slots=True)
class Said:
    """One message in the group; `at` is UTC in ISO 8601, `called` whom it called."""

    at: str
    key: str
    content: str
    called: tuple[str, ...]

    def pieces(self) -> list[tuple[str, str]]:
        """The content as the vendor's client shows it: ("text" | "link" | "call", words)."""
        kinds = []
        for piece in _LIVE.split(self.content):
            kind = "text" if not _LIVE.fullmatch(piece) else "link" if piece.startswith("http") else "call"
            kinds.append((kind, piece))
        return [(kind, piece) for kind, piece in kinds if piece]


def answer(code: int) -> dict[str, object]:
    """The vendor's answer."""
    return {"errcode": code, "errmsg": MESSAGES.get(code, "error")}


class Group:
    """What the group saw, in memory and in `robot.jsonl`. `keys` None takes any key of the right shape."""

    def __init__(
        self,
        folder: Path,
        keys: frozenset[str] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "robot.jsonl"
        self._keys = keys
        self._now = now
        self._lock = threading.Lock()
        self._times: dict[str, list[datetime]] = {}
        self._said = self._read()

    def receive(self, key: str, body: bytes) -> int:
        """Take a request and give the `errcode`: key, then frequency, then form, as the vendor does."""
        if not _KEY.fullmatch(key) or (self._keys is not None and key not in self._keys):
            return 93000
        now = self._now()
        with self._lock:
            recent = [at for at in self._times.get(key, []) if at > now - timedelta(seconds=60)]
            self._times[key] = recent
            if len(recent) >= PER_MINUTE:
                return 45009
            recent.append(now)
            code, said = _read_body(key, body, now)
            if said is not None:
                self._said = [*self._said, said][-KEPT:]
                with self._file.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(said)) + "\n")
        return code

    def newest(self) -> list[Said]:
        """Newest first."""
        with self._lock:
            return list(reversed(self._said))

    def _read(self) -> list[Said]:
        said = []
        for line in self._file.read_text("utf-8").splitlines() if self._file.exists() else []:
            try:
                row = json.loads(line)
                said.append(Said(row["at"], row["key"], row["content"], tuple(row["called"])))
            except (ValueError, TypeError, KeyError):
                continue  # a line torn by a kill
        return said[-KEPT:]


def words_in(body: bytes) -> str:
    """What a request would have the group read, empty where it is no message."""
    said = _read_body("", body, datetime.now(UTC))[1]
    return said.content if said is not None else ""


def _read_body(key: str, body: bytes, now: datetime) -> tuple[int, Said | None]:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return 47001, None
    if not isinstance(message, dict) or message.get("msgtype") != "text":
        return 40008, None
    text = message.get("text")
    content = text.get("content") if isinstance(text, dict) else None
    if not isinstance(text, dict) or not isinstance(content, str) or not content:
        return 44004, None
    if len(content.encode("utf-8", "replace")) > TEXT_BYTES:
        return 40058, None
    called = [*_names(text.get("mentioned_list")), *_names(text.get("mentioned_mobile_list"))]
    return 0, Said(now.isoformat(timespec="seconds"), key, content, tuple(called))


def _names(listed: object) -> list[str]:
    return [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []
