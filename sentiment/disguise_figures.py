"""Figures of disguises: which share of disguised words is found, by kind of disguise, and what is found wrongly.

`python -m sentiment.disguise_figures FILE.csv`, columns `text`, `source` (the kind of disguise, none: harmless) and
`disguised_words` (parted by |). Every disguised word of the file is listed, as somebody who watches for them would.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sentiment.disguise import Disguises
from sentiment.normalise import normalise

HARMLESS = "none"


@dataclass(frozen=True, slots=True)
class Recovered:
    """Of `words` disguised in one way so many were `found`."""

    kind: str
    words: int
    found: int

    @property
    def share(self) -> float:
        """Between 0 and 1; 0 where there were none."""
        return self.found / self.words if self.words else 0.0


def recovered(rows: Iterable[Mapping[str, str]]) -> list[Recovered]:
    """The figures of each kind of disguise, by name. Rows of harmless texts are passed over."""
    hidden = [(row["source"], row["text"], _words(row)) for row in rows if row["source"] != HARMLESS]
    look = Disguises(word for _, _, words in hidden for word in words)
    told: defaultdict[str, list[bool]] = defaultdict(list)
    for kind, raw, words in hidden:
        text = normalise(raw)
        seen = {one.word for one in look.look(text)}
        told[kind] += [word in text.text or word in seen for word in words]
    return [Recovered(kind, len(found), sum(found)) for kind, found in sorted(told.items())]


def false_hits(texts: Sequence[str], look: Disguises) -> float:
    """In how many of 1,000 ordinary texts a listed word is seen disguised."""
    return 1000 * sum(bool(look.look(normalise(text))) for text in texts) / max(1, len(texts))


def _words(row: Mapping[str, str]) -> list[str]:
    return [normalise(word).text for word in row["disguised_words"].split("|") if word]


def main(path: str) -> None:
    """Print the figures of one file."""
    with Path(path).open(encoding="utf-8", newline="") as file:
        for one in recovered(csv.DictReader(file)):
            sys.stdout.write(f"{one.kind}\t{one.share:.3f}\t{one.found}/{one.words}\n")


if __name__ == "__main__":
    main(sys.argv[1])
