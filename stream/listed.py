"""Listed words: the words of the rules that are looked for in disguise, and which are found by their sound anywhere.

A new word of a rule is found in pinyin, with emoji and by look-alikes at once; by its sound only in a suspicious text.
By its sound and its initials in any text is found what stands in `rules/by_sound.txt`: words that people do hide, and
that ordinary comments do not sound like. Each further word costs about 0.004 false hits in 1,000 comments;

    python -m stream.listed FILE.csv...

says of the listed words what ordinary comments they were taken for.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from itertools import chain
from pathlib import Path

from sentiment.disguise import Disguises
from sentiment.normalise import normalise
from sentiment.spelled import LONGEST
from stream.lexicon import parts_of
from stream.rules import HERE, Category, Rulebook, load

BY_SOUND = HERE / "by_sound.txt"
FILLERS = frozenset("的了我你他她们就不都也有个上下里到着过得很又再还才要是在没一这那么吗给被把和跟来去说让")
OURS = frozenset((Category.PROHIBITED, Category.ADVERT))
"""Of the school's own posts, and of advertisers: nobody hides these words from us."""


def listed(book: Rulebook) -> set[str]:
    """The words that rules find, of two to six characters, without fillers; signs are words that nobody hides."""
    hidden = (rule for rule in book.rules if rule.category not in OURS and not rule.sign)
    groups = (group for rule in hidden for group in (rule.any, *rule.near))
    pieces = {piece for term in set(chain.from_iterable(groups)) for piece in parts_of(term)}
    return {piece for piece in pieces if 2 <= len(piece) <= LONGEST and FILLERS.isdisjoint(piece)}


@cache
def by_sound() -> frozenset[str]:
    """The words that are found by their sound in any text."""
    return frozenset(BY_SOUND.read_text("utf-8").split())


def disguises(book: Rulebook) -> Disguises:
    """The second look for these rules."""
    return Disguises(listed(book), by_sound())


def main(paths: Iterable[str]) -> None:
    """Print each word that was seen in these comments, how often, by which step, and as what."""
    look = disguises(load())
    texts = {text.text: text for path in paths for text in map(normalise, _comments(path))}
    taken: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for text in texts.values():
        for seen in look.look(text):
            taken[seen.word, seen.step.value].append(text.raw[seen.start : seen.end])
    for (word, step), written in sorted(taken.items(), key=lambda one: -len(one[1])):
        sys.stdout.write(f"{word}\t{step}\t{len(written)}\t{' '.join(sorted(set(written))[:5])}\n")
    sys.stdout.write(f"{len(texts)}\n")


def _comments(path: str) -> list[str]:
    with Path(path).open(encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file)]


if __name__ == "__main__":
    main(sys.argv[1:])
