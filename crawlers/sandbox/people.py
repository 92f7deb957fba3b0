"""Accounts of the fictional college and the invented people who comment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Platform = Literal["weibo", "wechat"]


@dataclass(slots=True, eq=False)
class Account:
    """One official account. `native_id` is Weibo's uid or WeChat's appid; `daily_posts` is (fewest, most) a day;
    `mass_sent_hours_ago` is how long before the epoch it mass-sent an article. `name`, `verified` and `gone` are what a
    hand may change."""

    key: str
    platform: Platform
    name: str
    native_id: str
    daily_posts: tuple[int, int]
    token: str = ""
    secret: str = ""
    mass_sent_hours_ago: float | None = None
    verified: bool = True
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Author:
    """An invented person, known by a number. Every field carries a marker that a grep for personal data can find."""

    number: int

    @property
    def name(self) -> str:
        return f"网友阿檀{self.number:03d}"

    @property
    def uid(self) -> int:
        return 9_100_000_000 + self.number

    @property
    def openid(self) -> str:
        return f"oSANDBOX_atan_{self.number:012d}x"

    @property
    def avatar(self) -> str:
        return f"https://avatar.invalid/atan/{self.uid}.png"

    @property
    def location(self) -> str:
        return "虚构省 阿檀市"

    @property
    def ip(self) -> str:
        return f"192.0.2.{self.number % 254 + 1}"

    @property
    def gender(self) -> str:
        return ("m", "f", "n")[self.number % 3]
