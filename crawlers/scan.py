"""A scan: the job a spider is given, what it brings back, and how it ended (exactly one ScanResult)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from crawlers.failure import Failure
from crawlers.scope import Scope
from crawlers.settings import RouteSettings
from stream.appearance import Shown
from stream.post import Counts, Post


@dataclass(frozen=True, slots=True)
class Job:
    """What to read and from where. `cursor`: as the last complete scan left it, at `last_full`; `known`: ids seen under
    the target. `incident`: a grave one is open there and this stream is hurried; `reserve`: it may use the reserve."""

    source_id: str
    account_id: str
    platform: str
    stream: str
    target: str
    cursor: Mapping[str, Any]
    scope: Scope
    route: RouteSettings
    token: str
    history_from: datetime
    known: frozenset[str] = frozenset()
    failures: int = 0
    incident: bool = False
    thread: str = ""
    last_full: datetime | None = None
    reserve: bool = False


@dataclass(frozen=True, slots=True)
class NewSource:
    """A thing to poll that a scan has found. `dormant`: not polled, only known; `gap`: opened with it (Chinese)."""

    stream: str
    target: str
    promised_s: int
    essential: bool = False
    cursor: Mapping[str, Any] = field(default_factory=dict)
    dormant: bool = False
    gap: str = ""


@dataclass(frozen=True, slots=True)
class ScanResult:
    """How a scan ended. `cursor` None: leave it as it is. `complete`: nothing new was missed.

    `exhaustive`: the id of the thread that was read to its end, so that what is absent may count as missing.
    `gap`: why something was not seen (Chinese); `gap_open`: it stays so until a later scan mends it. `until`: not
    before then (the platform's wish, or the end of a used-up quota). `unfinished`: go on at once. `final`: the platform
    itself says that it is gone. `lost`: its own word that the account is not there (Chinese).
    """

    failure: Failure
    cursor: Mapping[str, Any] | None = None
    complete: bool = False
    exhaustive: str = ""
    shown: int | None = None
    note: str = ""
    gap: str = ""
    gap_open: bool = False
    unfinished: bool = False
    until: datetime | None = None
    final: bool = False
    lost: str = ""
    follow: tuple[NewSource, ...] = ()


@dataclass(slots=True)
class Harvest:
    """What one crawl has brought so far; the newest sight of a post wins. `answered`: requests by class; `refused`: odd
    rows that were left out while their neighbours were read; `clock_off`: by how much the platform's clock is ahead of
    ours, zero where that is a minute at most; `shown`: how the platform shows the account; `lost`: its word, instead of
    a token, that the account is not there."""

    posts: dict[str, Post] = field(default_factory=dict)
    counts: dict[str, Counts] = field(default_factory=dict)
    quoted: dict[str, Post] = field(default_factory=dict)
    answered: dict[Failure, int] = field(default_factory=dict)
    clock_off: timedelta = timedelta(0)
    requests: int = 0
    refused: int = 0
    shown: Shown | None = None
    lost: str = ""
    result: ScanResult | None = None

    def take(self, item: object) -> None:
        """Take what a spider yields; a second result is a fault of ours and raises RuntimeError."""
        match item:
            case Post():
                self.posts[item.id] = item
            case Counts():
                self.counts[item.post_id] = item
            case Quoted():
                self.quoted.setdefault(item.post.id, item.post)
            case Shown():
                self.shown = item
            case ScanResult():
                if self.result is not None:
                    raise RuntimeError("a spider may end only once")
                self.result = item
            case _:
                raise TypeError(
                    f"a spider yields posts, counts, how the account is shown and one result, not {type(item).__name__}"
                )


@dataclass(frozen=True, slots=True)
class Quoted:
    """A post as another answer mentions it (often cut): taken only where it is not known yet."""

    post: Post
