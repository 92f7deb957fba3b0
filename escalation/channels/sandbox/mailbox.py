"""The mailbox: each mail as it came, as an .eml file, with an index beside it that a restart reads back."""

from __future__ import annotations

import email
import json
import re
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default as modern
from pathlib import Path

KEPT = 1000
_LINK = re.compile(r"https?://[^\s<>\"'“”，。；）】]+")


@dataclass(frozen=True, slots=True)
class Letter:
    """One line of the index. `at` is UTC in ISO 8601; `times` how often the same Message-ID arrived."""

    id: int
    at: str
    sender: str
    to: str
    subject: str
    message_id: str
    times: int = 1


class Mailbox:
    """A folder of mails. Safe to use from several threads of one process."""

    def __init__(self, folder: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._folder = folder
        self._now = now
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        self._index = folder / "index.jsonl"
        self._letters = self._read_index()
        self._last = max((int(path.stem) for path in folder.glob("[0-9]*.eml")), default=0)

    def keep(self, sender: str, to: str, raw: bytes) -> Letter:
        """Keep a mail. The file stands before the index line, so that the index never names a missing mail."""
        mail = _parse(raw)
        with self._lock:
            self._last += 1
            letter = Letter(
                self._last,
                self._now().isoformat(timespec="seconds"),
                sender,
                to,
                str(mail.get("subject", "")),
                str(mail.get("message-id", "")).strip(),
            )
            part = self._folder / f"{letter.id:06d}.part"
            part.write_bytes(raw)
            part.rename(self._file(letter.id))
            with self._index.open("a", encoding="utf-8") as index:
                index.write(json.dumps(asdict(letter), ensure_ascii=True) + "\n")
            self._letters.append(letter)
            while len(self._letters) > KEPT:
                self._file(self._letters.pop(0).id).unlink(missing_ok=True)
        return letter

    def newest(self) -> list[Letter]:
        """Newest first; a mail that came again stands once, with how often."""
        with self._lock:
            letters = list(self._letters)
        shown: dict[str, Letter] = {}
        for letter in letters:
            key = letter.message_id or str(letter.id)
            before = shown.pop(key, None)
            values = asdict(letter) | {"times": before.times + 1 if before else 1}
            shown[key] = Letter(**values)
        return list(reversed(shown.values()))

    def letter(self, number: int) -> Letter | None:
        """One line of the index."""
        return next((letter for letter in self.newest() if letter.id == number), None)

    def part(self, number: int, subtype: str) -> str:
        """The text of a part ("plain" or "html"), empty where there is none. Never raises on a broken mail."""
        try:
            return _part(_parse(self._file(number).read_bytes()), subtype)
        except OSError:
            return ""

    def links(self, number: int) -> list[str]:
        """The http(s) addresses in the text part, in their order, each once."""
        return list(dict.fromkeys(_LINK.findall(self.part(number, "plain"))))

    def _file(self, number: int) -> Path:
        return self._folder / f"{number:06d}.eml"

    def _read_index(self) -> list[Letter]:
        found = {}
        for line in self._index.read_text("utf-8").splitlines() if self._index.exists() else []:
            try:
                letter = Letter(**json.loads(line))
            except (ValueError, TypeError):
                continue  # a line torn by a kill; the mail itself is on the disk and read below
            found[letter.id] = letter
        numbers = sorted(int(path.stem) for path in self._folder.glob("[0-9]*.eml"))
        return [found.get(number) or self._reread(number) for number in numbers][-KEPT:]

    def _reread(self, number: int) -> Letter:
        mail = _parse(self._file(number).read_bytes())
        at = datetime.fromtimestamp(self._file(number).stat().st_mtime, UTC).isoformat(timespec="seconds")
        head = {name: str(mail.get(name, "")).strip() for name in ("from", "to", "subject", "message-id")}
        return Letter(number, at, head["from"], head["to"], head["subject"], head["message-id"])


def read_through(raw: bytes) -> tuple[str, str]:
    """A mail's Message-ID, and its subject with its text part; never raises on a broken mail."""
    mail = _parse(raw)
    return str(mail.get("message-id", "")).strip(), f"{mail.get('subject', '')}\n{_part(mail, 'plain')}"


def _part(mail: EmailMessage, subtype: str) -> str:
    try:
        body = mail.get_body((subtype,))
        return str(body.get_content()) if body is not None else ""
    except (LookupError, ValueError, AttributeError):
        return ""


def _parse(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, _class=EmailMessage, policy=modern)
