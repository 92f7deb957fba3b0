"""Copies 转抄: of which earlier post each text of a batch is a near copy; what is near says `stream.novelty`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, bindparam, select

from sentiment.normalise import normalise
from stream.assessment import Assessment
from stream.line import postings
from stream.novelty import AT_MOST, SHARED, first_alike, grams, ranked, sketch, to_leave
from stream.post import Post
from stream.store import Among, add_new

TextOf = Callable[[str], str | None]
SHORT = 400
"""Characters of a text that may be remembered beyond its batch."""
POSTED = Among(
    select(postings.c.hash, postings.c.post_id).where(postings.c.school == bindparam("owner")), postings.c.hash
)
Posted = dict[int, dict[str, None]]
"""By hash: the posts that have left it."""


class Copies:
    """The words of one batch and of the posts that share hashes with it. Nothing is written before `write`."""

    def __init__(self, conn: Connection, school: str, expected: Sequence[Assessment], text_of: TextOf) -> None:
        """`expected`: the lines that may come; `text_of`: the current text of a post, None where it has none."""
        self._school, self._text_of = school, text_of
        self._plain: dict[str, str] = {}
        self._prints: dict[str, tuple[int, ...]] = {}
        self._grams: dict[str, frozenset[str]] = {}
        self._near: dict[str, list[tuple[int, str]]] = {}
        """By text as written: what it may be a copy of, of the posts before this batch (`novelty.ranked`)."""
        self._fresh: Posted = {}
        self._rows: list[dict[str, Any]] = []
        for one in expected:
            self._take(one)
        self._posted, self._older = self._before(conn, {one.post.id for one in expected})

    def _take(self, line: Assessment) -> None:
        """What the worker has handed on of a line's words, or made anew."""
        text = line.post.text
        if text not in self._plain:
            self._plain[text] = line.normal if line.normal is not None else _normal(text)
        if text not in self._prints and not line.post.by_school:
            self._prints[text] = line.prints if line.prints is not None else sketch(_grams(self._plain[text]))

    def _before(self, conn: Connection, ids: set[str]) -> tuple[Posted, set[str]]:
        """The posts that had these hashes before this batch; which of its own are among them."""
        posted: Posted = {}
        older: set[str] = set()
        hashes = sorted({one for values in self._prints.values() for one in values})
        for value, post_id in POSTED.ask(conn, hashes, owner=self._school):
            posted.setdefault(value, {})[post_id] = None
            if post_id in ids:
                older.add(post_id)
        return posted, older

    def asked(self) -> set[str]:
        """The posts whose texts will be asked for."""
        if self._posted:
            self._near = {text: _near(self._posted, hashes) for text, hashes in self._prints.items()}
        return {post for near in self._near.values() for _, post in near}

    def likely(self, text: str) -> list[str]:
        """The posts before this batch of which a text may be a copy, the likeliest first."""
        return [post for _, post in self._near.get(text, ())]

    def plain(self, text: str) -> str:
        """The normalised text; each text is normalised once in a batch."""
        if text not in self._plain:
            self._plain[text] = _normal(text)
        return self._plain[text]

    def cluster(self, post: Post) -> str:
        """The first post of the near duplicates; a text of new words leaves its hashes, a short one stays alone."""
        hashes = self._print(post.text)
        if not hashes:
            return post.id
        near = self._near.get(post.text)
        if near is None:
            near = self._near[post.text] = _near(self._posted, hashes)
        if fresh := _near(self._fresh, hashes):
            near = sorted(near + fresh)[:AT_MOST]
        if near and (first := self._alike(post.text, near)) is not None:
            return first
        left = self._fresh
        if post.id in self._older:  # it may have left others before: all that it left is counted together
            left, self._near = self._posted, {}
        for value in to_leave(hashes, self._standing):
            left.setdefault(value, {})[post.id] = None
            self._rows.append({"school": self._school, "hash": value, "post_id": post.id})
        return post.id

    def _standing(self, value: int) -> int:
        return len(self._posted.get(value, ())) + len(self._fresh.get(value, ()))

    def write(self, conn: Connection) -> None:
        """Write what the batch left; neighbours go to one page."""
        add_new(conn, postings, sorted(self._rows, key=itemgetter("hash")))

    def _alike(self, text: str, near: Sequence[tuple[int, str]]) -> str | None:
        """The first of these posts that says the same words as this text."""

        def grams_of(post_id: str) -> frozenset[str] | None:
            other = self._text_of(post_id)
            return None if other is None else self._cut(other)

        return first_alike(self._cut(text), [post for _, post in near], grams_of)

    def _print(self, text: str) -> tuple[int, ...]:
        """The hashes of a text as written; each text is cut once in a batch."""
        if text not in self._prints:
            self._prints[text] = sketch(_grams(self.plain(text)))
        return self._prints[text]

    def _cut(self, text: str) -> frozenset[str]:
        """The grams of a text as written; few are asked for, each cut once in a batch."""
        if text not in self._grams:
            self._grams[text] = _grams(self.plain(text))
        return self._grams[text]


def _near(posted: Mapping[int, Mapping[str, None]], hashes: Sequence[int]) -> list[tuple[int, str]]:
    known = [posted[value].keys() for value in hashes if value in posted]
    return ranked(known)[:AT_MOST] if len(known) >= SHARED else []


def _grams(plain: str) -> frozenset[str]:
    return _grams_short(plain) if len(plain) <= SHORT else grams(plain)


@lru_cache(maxsize=1024)  # what is copied, or nearly, is compared with every batch; some five kilobytes each
def _grams_short(plain: str) -> frozenset[str]:
    return grams(plain)


def _normal(text: str) -> str:
    return _normal_short(text) if len(text) <= SHORT else normalise(text).text


@lru_cache(maxsize=1024)
def _normal_short(text: str) -> str:
    return normalise(text).text
