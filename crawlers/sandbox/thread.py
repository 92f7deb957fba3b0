"""Posts and comments as the platform holds them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from crawlers.sandbox.people import Account, Author


@dataclass(slots=True, eq=False)
class Comment:
    """One comment. `author` is None where the account itself writes; `number` counts from 1 within its thread;
    `gone_at` is when it was deleted; `answer` is the account's own WeChat reply; all instants are aware UTC."""

    id: int
    number: int
    thread: Thread
    author: Author | None
    text: str
    at: datetime
    answers: Comment | None = None
    selected: bool = False
    nameless: bool = False
    answer: tuple[str, datetime] | None = None
    gone_at: datetime | None = None

    def stands(self, now: datetime) -> bool:
        """Whether the platform shows it at this instant."""
        return self.at <= now and (self.gone_at is None or self.gone_at > now)


@dataclass(slots=True, eq=False)
class Thread:
    """One post (Weibo) or article (WeChat). `id` is Weibo's id or WeChat's mid; `index` is 0 for the first article."""

    key: str
    account: Account
    id: int
    index: int
    title: str
    text: str
    topic: str
    at: datetime
    mass: bool = False
    closed: bool = False
    pics: int = 0
    retweet_of: str = ""
    by_hand: bool = False
    gone_at: datetime | None = None
    comments: list[Comment] = field(default_factory=list)

    def stands(self, now: datetime) -> bool:
        """Whether the platform shows it at this instant."""
        return self.at <= now and (self.gone_at is None or self.gone_at > now)
