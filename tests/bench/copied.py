"""How many near copies are found among many comments, and how many rows of hashes are read for each.

`python -m tests.bench.copied FILE.csv…`: of all comments of the files 60,000 are kept, then changed ones (words added,
a character changed, a fifth cut off) are asked for; the same changes in every run.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sentiment.labelled import files, read
from sentiment.normalise import normalise
from stream.novelty import Postings, cluster_of, fingerprint, letters

KEPT, ASKED = 60_000, 6_000
LEAST = 12
"""Letters of a text that is asked for again; a shorter one is no copy of anything."""
ADDED = ("！", "转发", "同问", "大家看看", "真的吗")


@dataclass(frozen=True, slots=True)
class Copied:
    """`rows`: read for a text in the mean."""

    kept: int
    asked: int
    found: int
    rows: float


def copied(texts: Sequence[str]) -> Copied:
    """Keep the (normalised) texts, then look for the changed ones in the clusters of those that they were made of."""
    chance, postings = random.Random(2), Postings()
    clusters = [postings.join(str(number), text) for number, text in enumerate(texts)]
    asked = found = rows = 0
    for number in chance.sample(range(len(texts)), min(ASKED, len(texts))):
        if len(letters(texts[number])) < LEAST:
            continue
        changed = _changed(texts[number], chance)
        there = [(one, post) for one in fingerprint(changed) for post in postings.rows(one)]
        asked, rows = asked + 1, rows + len(there)
        found += cluster_of(changed, there, postings.texts.get) == clusters[number]
    return Copied(len(texts), asked, found, rows / max(1, asked))


def _changed(text: str, chance: random.Random) -> str:
    way = chance.randrange(3)
    if way == 0:
        return text + chance.choice(ADDED)
    if way == 1:
        at = chance.randrange(len(text))
        return text[:at] + chance.choice("的了吗呢") + text[at + 1 :]
    return text[: max(10, int(len(text) * 0.8))]


def said(one: Copied) -> str:
    """What was measured, in one line."""
    return (
        f"copied: of {one.asked:,} near copies among {one.kept:,} comments {one.found:,} found"
        f" ({one.found / max(1, one.asked):.3f}), {one.rows:.0f} rows read a text"
    )


def comments(paths: Iterable[Path]) -> list[str]:
    """The normalised comments of labelled files, mixed."""
    texts = [row.text for one in read(files(paths)) for row in one.rows]
    random.Random(1).shuffle(texts)
    return [normalise(text).text for text in texts[:KEPT]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    print(said(copied(comments(parser.parse_args().files))))


if __name__ == "__main__":
    main()
