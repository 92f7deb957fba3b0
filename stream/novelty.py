"""Novelty: is this text new, or one more copy of words already seen? Near duplicates are found by rows of the store.

A text's fingerprint is its SKETCH smallest hashes of overlapping three-character grams. Texts that share SHARED of them
are candidates; only true Jaccard of the gram sets decides. Keep one row per fingerprint hash (school, hash, post id)
that is rare enough to tell anything (`to_leave`); `candidates` takes what those rows answer. Hashes are crc32, so they
mean the same in every process and for ever.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain

GRAM = 3
SKETCH = 6
SHARED = 3
ALIKE = 0.55
"""True Jaccard from which two texts count as the same words; a cut, a prefix or a typing error stays above it."""
SHORTEST = 8
"""Letters a text needs; shorter ones (恭喜！, 同问) are alike by chance and never form a cluster."""
AT_MOST = 20
"""Candidates that are looked at."""
FULL = 50
"""Texts under one hash from which it tells nothing: words that everybody uses. A year's comments hold thousands of
each, and every new line would read them all."""
_NOT_LETTERS = re.compile(r"[\W_]+")


def letters(text: str) -> str:
    """The (normalised) text without punctuation, blanks and emoji, which copies change first."""
    return _NOT_LETTERS.sub("", text)


def grams(text: str) -> frozenset[str]:
    """The set of overlapping grams of the letters; empty for a text too short to compare."""
    kept = letters(text)
    if len(kept) < SHORTEST:
        return frozenset()
    return frozenset([kept[at : at + GRAM] for at in range(len(kept) - GRAM + 1)])


def fingerprint(text: str) -> tuple[int, ...]:
    """At most SKETCH hashes (0..2**32-1), ascending; empty for a text too short to compare."""
    kept = letters(text)
    return _hashed([kept[at : at + GRAM] for at in range(len(kept) - GRAM + 1)]) if len(kept) >= SHORTEST else ()


def sketch(found: frozenset[str]) -> tuple[int, ...]:
    """The fingerprint of these grams."""
    return _hashed(found) if found else ()


def _hashed(found: Iterable[str]) -> tuple[int, ...]:
    coded = " ".join(found).encode("utf-8", "replace").split(b" ")  # no gram has a blank
    return tuple(sorted(set(map(zlib.crc32, coded)))[:SKETCH])


def jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    """Shared grams over all grams, 0..1; 0 where both are empty."""
    shared = len(a & b)
    return shared / (len(a) + len(b) - shared) if a or b else 0.0


def same(a: str, b: str) -> bool:
    """Whether two (normalised) texts are the same words: true Jaccard of at least ALIKE."""
    return jaccard(grams(a), grams(b)) >= ALIKE


def to_leave(hashes: Sequence[int], standing: Callable[[int], int]) -> tuple[int, ...]:
    """The hashes under which new words are kept: those that are not FULL, and one more than SHARED at the least, so
    that a copy finds them. `standing`: how many texts a hash has already."""
    rare = sorted(hashes, key=lambda one: (standing(one), one))
    room = sum(standing(one) < FULL for one in rare)
    return tuple(sorted(rare[: max(room, SHARED + 1)]))


def candidates(postings: Iterable[tuple[int, str]]) -> list[str]:
    """Post ids that share at least SHARED hashes, most shared first; `postings`: rows (hash, post id) of the text's."""
    by_hash: dict[int, set[str]] = {}
    for value, post in postings:
        by_hash.setdefault(value, set()).add(post)
    return sharing(by_hash.values())


def sharing(posts_of: Iterable[AbstractSet[str]]) -> list[str]:
    """As `candidates`, of the posts that have each of the text's hashes; no post twice under one hash."""
    return [post for _, post in ranked(posts_of)]


def ranked(posts_of: Iterable[AbstractSet[str]]) -> list[tuple[int, str]]:
    """As `sharing`, with how many hashes each shares as a negative number, so that it sorts as they stand."""
    known = sorted((posts for posts in posts_of if posts), key=len)
    if len(known) < SHARED:
        return []
    enough = len(known) - SHARED + 1  # a post under so many of them as to be asked for is under one of these
    shared = Counter(chain.from_iterable(known[:enough]))
    for many in known[enough:]:
        shared.update(shared.keys() & many)
    if not shared or max(shared.values()) < SHARED:
        return []
    return sorted([(-n, post) for post, n in shared.items() if n >= SHARED])


def cluster_of(
    text: str, postings: Iterable[tuple[int, str]], text_of: Callable[[str], str | None], at_most: int = AT_MOST
) -> str | None:
    """The post whose words these are, or None for new words.

    `text_of` gives the normalised text of a post, None where it is gone. Keep the cluster's first post as the one
    that has postings and every copy finds it, whatever order the copies come in.
    """

    def grams_of(post: str) -> frozenset[str] | None:
        other = text_of(post)
        return None if other is None else grams(other)

    return first_alike(grams(text), candidates(postings)[:at_most], grams_of)


def first_alike(
    mine: frozenset[str], near: Iterable[str], grams_of: Callable[[str], frozenset[str] | None]
) -> str | None:
    """The first of these posts whose words the text of the grams `mine` has; see `cluster_of`."""
    for post in near:
        other = grams_of(post)
        if other is not None and jaccard(mine, other) >= ALIKE:
            return post
    return None


class Postings:
    """The rows in memory, for a rehearsal or a test: first texts of clusters by hash."""

    def __init__(self) -> None:
        self._rows: dict[int, list[str]] = {}
        self._texts: dict[str, str] = {}

    def join(self, post_id: str, text: str) -> str:
        """The cluster of a (normalised) text: the id of its first post, which is this one if the words are new."""
        hashes: Sequence[int] = fingerprint(text)
        rows = [(hashed, post) for hashed in hashes for post in self.rows(hashed)]
        first = cluster_of(text, rows, self._texts.get)
        if first is not None:
            return first
        for hashed in to_leave(hashes, lambda one: len(self._rows.get(one, ()))):
            self._rows.setdefault(hashed, []).append(post_id)
        self._texts[post_id] = text
        return post_id

    def rows(self, hashed: int) -> Sequence[str]:
        """First posts of the clusters that stand under a hash."""
        return self._rows.get(hashed, ())

    @property
    def texts(self) -> Mapping[str, str]:
        """The first text of every cluster by post id."""
        return self._texts
