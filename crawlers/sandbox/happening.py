"""What will appear on the platforms and when: plain data, made from (seed, epoch) before anybody asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class NewThread:
    """A post or article that appears at `at`. `mass` is a WeChat mass-sent article; `closed` has comments off."""

    at: datetime
    key: str
    account: str
    text: str
    title: str = ""
    topic: str = "general"
    bundle: str = ""
    pics: int = 0
    mass: bool = False
    closed: bool = False
    retweet_of: str = ""


@dataclass(frozen=True, slots=True)
class NewComment:
    """A comment that appears at `at`. Where `thread` is empty the world picks a fresh one; where `text` is empty it
    draws one. `draw` seeds whatever is left to chance. `answers` is the key of the comment it replies to."""

    at: datetime
    draw: str
    key: str = ""
    thread: str = ""
    text: str = ""
    author: int = 0
    answers: str = ""


Happening = NewThread | NewComment
