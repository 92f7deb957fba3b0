"""Scope: what a page reader needs to know of the account it reads for; and the one place where a Post is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from crawlers.plain import article_text, comment_text
from crawlers.pseudonym import author_key
from crawlers.redaction import redact
from crawlers.shape import Shape
from stream.post import TEXT_LIMIT, Counts, Kind, Post, Route, Visibility, door

HEAD = 3 * TEXT_LIMIT
MARGIN = 500


def redacted(words: str, names: frozenset[str]) -> str:
    """The text without what points at a person. Of a text that is cut at the door anyway, the part that nobody will
    see is only hashed: a hostile megabyte costs no more than a page."""
    told = redact(words[:HEAD], names)
    rest = words[HEAD:]
    return told + (rest if len(told) > TEXT_LIMIT + MARGIN else redact(rest, names))


@dataclass(frozen=True, slots=True)
class Scope:
    """`native_id`: the account's id on the platform; `names`: names of the school's own accounts, kept after an @.

    `secret`: the pseudonym key; `now`: the instant of fetching, aware.
    """

    school: str
    account_id: str
    platform: str
    native_id: str
    names: frozenset[str]
    secret: bytes = field(repr=False)
    now: datetime
    route: Route = Route.API

    def post(
        self,
        *,
        native: str,
        kind: Kind,
        thread: str,
        raw: str,
        published_at: datetime,
        parent: str | None = None,
        writer: str = "",
        by_school: bool = False,
        visibility: Visibility = Visibility.PUBLIC,
        url: str = "",
        markup: bool = False,
        article: bool = False,
    ) -> Post:
        """A post of this account. `native`, `thread`, `parent`: ids without the platform; `raw`: as it was given.

        Raises Shape where a post cannot hold it (an id or address beyond all measure).
        """
        words = article_text(raw) if article else comment_text(raw) if markup else raw
        text, digest, cut = door(redacted(words, self.names))
        try:
            return Post(
                school=self.school,
                id=f"{self.platform}:{native}",
                kind=kind,
                platform=self.platform,
                account_id=self.account_id,
                thread_id=f"{self.platform}:{thread}",
                parent_id=f"{self.platform}:{parent}" if parent else None,
                text=text,
                text_hash=digest,
                cut=cut,
                author_key="" if by_school else author_key(self.secret, self.platform, published_at, writer),
                by_school=by_school,
                published_at=published_at,
                first_seen_at=self.now,
                fetched_at=self.now,
                revision=digest[:16],
                visibility=visibility,
                url=url,
                route=self.route,
            )
        except ValidationError as error:
            raise Shape(str(error.errors()[0]["loc"][0])) from None

    def counts(self, native: str, **seen: Any) -> Counts:
        """What was counted on a post of this account."""
        return Counts(school=self.school, post_id=f"{self.platform}:{native}", seen_at=self.now, **seen)
