"""Which lines open an incident by themselves: of labelled rows by their risk, of ordinary comments as so many too many.

`python -m tests.bench.openings FILE…`, of comments (CSV) or of the corpus (TSV); `--hands me mf na`: only the rows of
these authors, by how their families begin; `--without-signs`: without the rules of signs.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from deploy.scoring import NOON, as_post
from sentiment.engine import DEFAULT, engine_by_name
from sentiment.labelled import Row, files, read
from stream import rules
from stream.assess import Reader, assess
from stream.evidence import Ledger
from stream.post import Kind
from stream.risk import decide, risk

AT_ONCE = 500


def openings(rows: Sequence[Row], *, signs: bool = True) -> Iterator[bool]:
    """Whether each row, the first and only line of its thread, opens an incident."""
    book = rules.load()
    kept = book if signs else replace(book, rules=tuple(rule for rule in book.rules if not rule.sign))
    engine, reader = engine_by_name(DEFAULT), Reader(kept)
    posts = [as_post(row.text, row.slot or Kind.COMMENT) for row in rows]
    for at in range(0, len(posts), AT_ONCE):
        for one in assess(posts[at : at + AT_ONCE], engine, reader, NOON):
            evidence = Ledger({}).note(one)
            yield decide(evidence, risk(evidence, NOON)) is not None


def by_hands(rows: Iterable[Row], hands: Sequence[str]) -> list[Row]:
    """Each text once; only of these authors, where some are named: `me` of the family `canteen-me-012`."""
    found = [row for row in rows if not hands or set(hands) & set(row.family.split("-"))]
    return list({(row.text, row.slot): row for row in found}.values())


def said(rows: Sequence[Row], opened: Iterable[bool]) -> Iterator[str]:
    """A line for each risk that the rows are labelled with."""
    many, open_ones = Counter(row.risk for row in rows), Counter[int | None]()
    for row, is_open in zip(rows, opened, strict=True):
        open_ones[row.risk] += is_open
    for label in sorted(many, key=lambda one: -1 if one is None else one):
        name = "without a label" if label is None else f"of risk {label}"
        yield f"{name}: {open_ones[label]} of {many[label]} open on one line ({open_ones[label] / many[label]:.3f})"


def main() -> None:
    """Judge and print, all files together."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--hands", nargs="*", default=[])
    parser.add_argument("--without-signs", action="store_true")
    given = parser.parse_args()
    rows = by_hands((row for one in read(files(given.files)) for row in one.rows), given.hands)
    print("\n".join(said(rows, openings(rows, signs=not given.without_signs))))


if __name__ == "__main__":
    main()
