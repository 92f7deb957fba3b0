"""The words of ordinary days: posts of the accounts and comments of students, drawn from `content/*.toml`."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

CONTENT = Path(__file__).parent / "content"
_SLOT = re.compile(r"\{(\w+)\}")


@cache
def content(name: str) -> dict[str, Any]:
    """Read `content/NAME.toml`. Raises FileNotFoundError or tomllib.TOMLDecodeError."""
    return tomllib.loads((CONTENT / f"{name}.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class PostText:
    """One thing an account may publish; `title` is empty on Weibo; `retweet_of` names a post that is gone."""

    topic: str
    text: str
    title: str = ""
    pics: int = 0
    closed: bool = False
    retweet_of: str = ""


def posts_of(account: str) -> list[PostText]:
    """The stock of posts of one account, in file order."""
    return [PostText(**row) for row in content("posts")[account]]


def _fill(line: str, rng: Random, slots: dict[str, list[str]]) -> str:
    return _SLOT.sub(lambda m: rng.choice(slots[m.group(1)]), line)


def comment_text(rng: Random, topic: str) -> str:
    """Draw a comment that suits a topic: mostly of that topic, else of the general stock."""
    book = content("comments")
    own = book["topic"].get(topic, {}).get("lines", [])
    lines = own if own and rng.random() < 0.65 else book["topic"]["general"]["lines"]
    text = _fill(rng.choice(lines), rng, book["slots"])
    if rng.random() < 0.18:
        text += rng.choice(book["tails"])
    return text


def numbers_lines() -> list[str]:
    """Comments that carry plainly false telephone and identity numbers (fault 37)."""
    lines: list[str] = content("comments")["topic"]["numbers"]["lines"]
    return lines


def answer_text(rng: Random, topic: str) -> str:
    """Draw what an account answers to a comment."""
    answers = content("comments")["answers"]
    return str(rng.choice(answers.get(topic) or answers["general"]))
