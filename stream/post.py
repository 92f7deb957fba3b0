"""Post: one thing somebody wrote where the school is the host, as it travels from a page reader to the watch.

Wire version 1. Golden files in `tests/wire/v1` are kept for ever; readers accept version N and N-1.
"""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum
from typing import Literal

from pydantic import Field

from stream.wire import Instant, Wire

TEXT_LIMIT = 20_000
"""Characters kept of one text; what is longer is cut at the door, marked, and known by the hash of the whole."""
URL_LIMIT = 4000
COUNT_LIMIT = 2**31 - 1
"""What a column of counts can hold."""
CUT_MARK = "……〔原文过长，已截断〕"
NAMED_LEAD = "lead:at:"
"""How the id of a lead begins whose writer named the account under which the words stand."""


class Kind(StrEnum):
    """What a post is: the account's own post, words under it, a letter, or a lead typed at the desk."""

    POST = "post"
    COMMENT = "comment"
    REPLY = "reply"
    MESSAGE = "message"
    LEAD = "lead"


class Route(StrEnum):
    """How a post came to us."""

    PUSH = "push"
    API = "api"
    FEED = "feed"
    MANUAL = "manual"
    SANDBOX = "sandbox"


class Visibility(StrEnum):
    """Whether the public can see it: shown, held back by the account (not selected), or no longer visible."""

    PUBLIC = "public"
    HIDDEN = "hidden"
    VANISHED = "vanished"


class Post(Wire):
    """One revision of one post. `revision` is the hash of the whole text, so the same words fetched twice are one row.

    `id` is `platform:native id`; `text` is redacted and at most TEXT_LIMIT characters plus CUT_MARK; `author_key` is a
    keyed pseudonym (never the platform's id) and empty where there is none; all instants are UTC.
    """

    v: Literal[1] = 1
    type: Literal["post"] = "post"
    school: str = Field(min_length=1, max_length=32)
    id: str = Field(min_length=1, max_length=200)
    kind: Kind
    platform: str = Field(min_length=1, max_length=32)
    account_id: str = Field(min_length=1, max_length=100)
    thread_id: str = Field(min_length=1, max_length=200)
    parent_id: str | None = Field(default=None, max_length=200)
    text: str
    text_hash: str = Field(min_length=64, max_length=64)
    cut: bool = False
    author_key: str = Field(default="", max_length=64)
    by_school: bool = False
    published_at: Instant
    first_seen_at: Instant
    fetched_at: Instant
    revision: str = Field(min_length=16, max_length=16)
    visibility: Visibility = Visibility.PUBLIC
    url: str = Field(default="", max_length=URL_LIMIT)
    route: Route

    @property
    def account_named(self) -> bool:
        """Whether it is known that the words stand under `account_id`; of a lead only where its writer said so."""
        return self.kind is not Kind.LEAD or self.id.startswith(NAMED_LEAD)


class Counts(Wire):
    """Likes, replies and reposts of a post when seen. A changed count is no new revision and is not scored again.

    The watch alone looks again at a comment whose likes rise above those of the post that it stands under.
    """

    v: Literal[1] = 1
    type: Literal["counts"] = "counts"
    school: str = Field(min_length=1, max_length=32)
    post_id: str = Field(min_length=1, max_length=200)
    likes: int | None = Field(default=None, ge=0, le=COUNT_LIMIT)
    replies: int | None = Field(default=None, ge=0, le=COUNT_LIMIT)
    reposts: int | None = Field(default=None, ge=0, le=COUNT_LIMIT)
    seen_at: Instant


_UNSOUND = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_INSTEAD = {place: "\ufffd" for place in range(0x10000) if _UNSOUND.match(chr(place))}


def sound_text(raw: str) -> str:
    """Text that every store, page and report can hold: no lone surrogates, NUL or other control characters.

    Tabs and line ends stay. What cannot be kept becomes U+FFFD, so positions do not move.
    """
    return raw.translate(_INSTEAD) if _UNSOUND.search(raw) else raw


def door(raw: str) -> tuple[str, str, bool]:
    """Cut a (redacted) text at the door: (kept text, SHA-256 hex of the whole, whether it was cut)."""
    whole = sound_text(raw)
    digest = hashlib.sha256(whole.encode()).hexdigest()
    if len(whole) <= TEXT_LIMIT:
        return whole, digest, False
    return whole[:TEXT_LIMIT] + CUT_MARK, digest, True
