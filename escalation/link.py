"""Signed links: one purpose, one notice, one person, one time of validity; nothing secret rests in the store.

A link opens a page; only a POST from that page acts (mail scanners and chat previews fetch links).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

DIGEST_BYTES = 20


class Purpose(StrEnum):
    """What a link is for; a link for one purpose is refused for another."""

    SIGN = "sign"
    KEEPER = "keeper"
    BUNDLE = "bundle"
    LETTER = "letter"
    VOICE = "voice"
    TASK = "task"


class Refusal(StrEnum):
    """Why a link was not taken; each has its own sentence on the page."""

    FORGED = "forged"
    EXPIRED = "expired"


class LinkRefused(Exception):
    """The link is not ours, was altered, or its time is over."""

    def __init__(self, refusal: Refusal) -> None:
        """Keep the reason for the page."""
        super().__init__(refusal)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Link:
    """What a link says: which notice, for whom, until when (UTC)."""

    notice_id: int
    person_id: str
    expires_at: datetime


def _signature(key: bytes, purpose: Purpose, body: str) -> str:
    mac = hmac.new(key, f"{purpose}:{body}".encode(), hashlib.sha256).digest()[:DIGEST_BYTES]
    return base64.urlsafe_b64encode(mac).decode().rstrip("=")


def token(key: bytes, purpose: Purpose, link: Link) -> str:
    """The last part of the address: short enough for a robot message, safe in a path."""
    person = base64.urlsafe_b64encode(link.person_id.encode()).decode().rstrip("=")
    body = f"{link.notice_id:x}.{int(link.expires_at.timestamp()):x}.{person}"
    return f"{body}.{_signature(key, purpose, body)}"


def read(key: bytes, purpose: Purpose, given: str, now: datetime) -> Link:
    """Read a token. Raises LinkRefused; compares in constant time before anything else is looked at."""
    body, _, signature = given.rpartition(".")
    if not hmac.compare_digest(_signature(key, purpose, body).encode(), signature.encode()):
        raise LinkRefused(Refusal.FORGED)
    number, expires, person = body.split(".")
    expires_at = datetime.fromtimestamp(int(expires, 16), UTC)
    if expires_at <= now:
        raise LinkRefused(Refusal.EXPIRED)
    person_id = base64.urlsafe_b64decode(person + "=" * (-len(person) % 4)).decode()
    return Link(int(number, 16), person_id, expires_at)
