"""Channels: how a notice leaves the house. This module is the port; its siblings are the adapters.

The contract every transport keeps (`tests/escalation/channels/test_channel.py` holds each one to it):

* `send` never raises and never blocks for long: 3 s to connect, 8 s in all (name resolution is bounded by the
  system's resolver). It may be called from any thread, and not from inside an event loop.
* It tells what is known and nothing more. `Accepted` means the vendor took the message, not that anybody read it.
  `Unknown` means the body had left when the answer got lost: the message may or may not arrive.
* A repeated `send` with the same `delivery_id` carries the same identity (mail: the same Message-ID) and the same
  printed notice number, so that a repetition is recognisable as one.
* Nothing in a message can change who receives it: line breaks in headers are refused, mentions in text are disarmed.
* No secret (password, key) stands in an outcome, a log line or `repr`.

What the sender does with an outcome:

| outcome | action |
|---|---|
| `Accepted` | record the vendor's id |
| `Partial` | record, treat each bad recipient as `Permanent(CONTACT)` |
| `RateLimited` | again after `retry_after`; for levels 1 and 2 use the person's next channel at once |
| `Transient` | again with back-off; after the third try the next channel as well |
| `Permanent` CREDENTIAL, QUOTA | alarm, next channel at once, again every few minutes until a person has mended it |
| `Permanent` CONTACT | next channel, or a telephone call where there is none |
| `Permanent` CONTENT | send the neutral text (number and link only) |
| `Unknown` | again with the same number: a repetition is harmless, a lost alarm is not (SMS looks the earlier one up) |

The next channel of a person is `escalation.notice.ways`' matter. `answer` of an outcome (the vendor's code and its
number of the request) is kept with each attempt in the delivery log.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TypeAlias


def _answer() -> str:
    """What the vendor said, for the delivery log: its code, then its number of the request ("45009 · 1E2F…").

    It is no part of what the outcome is: two outcomes are equal without it.
    """
    found: str = field(default="", compare=False, kw_only=True)
    return found


class Fault(StrEnum):
    """Why a refusal is final: our credentials, this person's contact, this text, or our allowance."""

    CREDENTIAL = "credential"
    CONTACT = "contact"
    CONTENT = "content"
    QUOTA = "quota"


@dataclass(frozen=True, slots=True)
class Message:
    """One notice to one recipient over one channel, already worded.

    `notice` is the number printed in it, e.g. "FX-2026-0147-03". `delivery_id` is stable over retries. `to` is a mail
    address, a mobile number or the name of a robot. `level` runs from 1 (gravest) to 4. `text` is complete without
    `html`. `url` is the one link the text may carry as a link. `mention` names the members a group robot shall call
    (user ids or mobile numbers): it is chosen by the duty rules, never taken from content. `attempt` counts from 1:
    a channel whose vendor forbids blind repetition (SMS) looks the earlier one up first.
    """

    notice: str
    delivery_id: str
    to: str
    level: int
    subject: str
    text: str
    html: str | None
    url: str
    mention: tuple[str, ...] = ()
    attempt: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The vendor took it. `vendor_id` is its own number for the message, or empty where it gives none."""

    vendor_id: str
    answer: str = _answer()


@dataclass(frozen=True, slots=True)
class Partial:
    """Taken for some recipients; `bad` maps each refused recipient to a sentence."""

    vendor_id: str
    bad: Mapping[str, str]
    answer: str = _answer()


@dataclass(frozen=True, slots=True)
class RateLimited:
    """Too many in too short a time; `retry_after` says when the next attempt makes sense."""

    retry_after: timedelta
    reason: str
    answer: str = _answer()


@dataclass(frozen=True, slots=True)
class Transient:
    """Not taken now, an attempt later may succeed. Nothing was delivered."""

    reason: str
    answer: str = _answer()


@dataclass(frozen=True, slots=True)
class Permanent:
    """Refused; the same attempt will be refused again until somebody mends what `kind` names."""

    kind: Fault
    reason: str
    answer: str = _answer()


@dataclass(frozen=True, slots=True)
class Unknown:
    """The body had left, the answer did not come. It may have been delivered."""

    reason: str
    answer: str = _answer()


Outcome: TypeAlias = Accepted | Partial | RateLimited | Transient | Permanent | Unknown


class Channel(ABC):
    """A transport. `name` stands in the store and in metrics, `title` on pages. Reasons are Chinese sentences.

    `quiet`: whether `probe` tells nobody; where it is not, a marked test line appears in the group.
    """

    name: str
    title: str
    quiet: bool = False

    @abstractmethod
    def send(self, message: Message) -> Outcome:
        """Hand over one message and say what became of it. Never raises; at most 8 s."""

    @abstractmethod
    def probe(self) -> Outcome:
        """Prove that the channel works (the test button), without telling anybody where that is possible."""


__all__ = [
    "Accepted",
    "Channel",
    "Fault",
    "Message",
    "Outcome",
    "Partial",
    "Permanent",
    "RateLimited",
    "Transient",
    "Unknown",
]
