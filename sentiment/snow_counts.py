"""From SnowNLP's counts to the tables of `snow_tables.py`: its formulas, its order of adding, its logarithms."""

from __future__ import annotations

import gc
import gzip
import marshal
import math
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from sentiment.snow_tables import (
    BITS,
    EMPTY,
    FIRST,
    LAST,
    PAIR_BITS,
    SPREAD,
    TAGS,
    TRIPLE_BITS,
    Floats,
    Numbers,
    Places,
)

Codes = npt.NDArray[np.int64]


def build(segmenter: bytes, classifier: bytes, stop: bytes) -> dict[str, Any]:
    """The fields of `Tables` from the contents of SnowNLP's three data files; some 5 s and 435 MB."""
    with _uncollected():
        return {**_segmenter(_opened(segmenter)), **_words(_opened(classifier), stop)}


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the garbage collector: its rounds over a million tuples that are made to stay take a third of reading."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _opened(content: bytes) -> dict[str, Any]:
    model: dict[str, Any] = marshal.loads(gzip.decompress(content))  # noqa: S302 (as SnowNLP does; the installed package)
    return model


def _words(bayes: dict[str, Any], stop: bytes) -> dict[str, Any]:
    classes = bayes["d"]
    stops = {line.strip() for line in stop.decode("utf-8").splitlines()}
    words = sorted({word for one in classes.values() for word in one["d"]} - stops)
    values = [
        [math.log(float(one["d"].get(word, one["none"])) / one["total"]) for word in words]
        + [math.log(float(one["none"]) / one["total"]), 0.0]
        for one in classes.values()
    ]
    priors = [math.log(one["total"]) - math.log(bayes["total"]) for one in classes.values()]
    lines = "\n".join([*words, "", *sorted(stops - {""})])
    return {
        "words": np.frombuffer(lines.encode("utf-8", "surrogatepass"), np.uint8),
        "word_values": np.array(values),
        "priors": np.array(priors),
        "classes": np.array([list(classes).index(name) for name in ("neg", "pos")], np.uint8),
    }


def _segmenter(model: dict[str, Any]) -> dict[str, Any]:
    """What the counts of `model` come to under SnowNLP's formula, added in its order; `model` is emptied."""
    uni = model["uni"]["d"]
    known = sorted({char for char, _ in uni if char and FIRST <= ord(char) <= LAST})
    number = {"": 0, **{char: place for place, char in enumerate(known, 1)}}
    numbers = np.full(LAST - FIRST + 1, len(known) + 1, np.uint16)
    numbers[[ord(char) - FIRST for char in known]] = np.arange(1, len(known) + 1)
    seen = np.zeros((len(known) + 1, 4))
    bos = float(uni.get(("", "BOS"), 0))
    start = float(model["bi"]["d"].get((("", "BOS"), ("", "BOS")), 0))
    for (char, tag), count in uni.items():
        if number.get(char):
            seen[number[char], TAGS.index(tag)] = count
    first, second, third = (model[name] for name in ("l1", "l2", "l3"))
    alone = first * (seen / model["uni"]["total"])
    codes = _Codes(number)
    two, three = (_counted(model[name]["d"], codes, many) for name, many in (("bi", 2), ("tri", 3)))
    model.clear()  # 400 MB
    counts, keys = _pairs(*two)
    before = np.where(keys[:, None] >> BITS == 0, bos, seen[keys >> BITS])
    with np.errstate(divide="ignore", invalid="ignore"):
        bigram = np.where(before[:, :, None] == 0, 0.0, second * counts / before[:, :, None])
    sums = alone[keys & ((1 << BITS) - 1)][:, None, :] + bigram
    triples, values = _triples(*three, keys, counts, sums, (start, third))
    rows = np.concatenate([np.tile(alone[1:], (1, 4)), np.ones((1, 16))])
    row, place = np.nonzero(counts.reshape(-1, 16))
    pair_keys, pair_spans = _filed(keys, np.searchsorted(row, np.arange(len(keys))), np.bincount(row), 32, PAIR_BITS)
    return {
        "numbers": numbers, "rows": _logarithms(rows), "pair_keys": pair_keys, "pair_spans": pair_spans,
        "pair_places": place.astype(np.uint8), "pair_values": _logarithms(sums.reshape(-1, 16)[row, place]),
        **_entries(triples, values),
    }  # fmt: skip


class _Codes(dict[tuple[str, str], int]):
    """Character with tag to the character's number * 8 + the tag's, BOS being 4; -1 where the character has none."""

    def __init__(self, number: dict[str, int]) -> None:
        self._number = number

    def __missing__(self, known: tuple[str, str]) -> int:
        char, tag = known
        found = self._number.get(char, -1)
        code = self[known] = -1 if found < 0 else found * 8 + (_BOS if tag == "BOS" else TAGS.index(tag))
        return code


_BOS = 4


def _counted(counts: dict[Any, int], codes: _Codes, many: int) -> tuple[Codes, Codes]:
    """The codes of each key of so `many` characters whose last one is known and no other is strange, and its count."""
    keys = np.fromiter(map(codes.__getitem__, chain.from_iterable(counts)), np.int64, many * len(counts))
    keys = keys.reshape(-1, many)
    taken = (keys >= 0).all(axis=1) & (keys[:, -1] >= 8)
    return keys[taken], np.fromiter(counts.values(), np.int64, len(counts))[taken]


def _pairs(codes: Codes, times: Codes) -> tuple[Floats, Codes]:
    """Of every pair of characters, as they come: the counts (row, tag, tag) and the key."""
    keys, at, row = np.unique(_key(codes[:, 0], codes[:, 1]), return_index=True, return_inverse=True)
    order = np.argsort(at)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    counts = np.zeros((len(keys), 4, 4))
    for tag, some in _by_history(codes[:, 0]):
        counts[place[row[some]], tag, codes[some, 1] & 7] = times[some]
    return counts, keys[order]


def _key(first: Codes, second: Codes) -> Codes:
    return (first >> 3) << BITS | (second >> 3)


def _by_history(codes: Codes) -> Iterator[tuple[Codes | int, Codes]]:
    """The tags of these characters, and which of them have it. After the beginning there is but one history; it stands
    under every tag, so that it needs no case."""
    tags = codes & 7
    plain, begin = np.flatnonzero(tags != _BOS), np.flatnonzero(tags == _BOS)
    yield tags[plain], plain
    for tag in range(4):
        yield tag, begin


def _triples(
    codes: Codes, times: Codes, pairs: Codes, counts: Floats, sums: Floats, weight: tuple[float, float]
) -> tuple[Codes, Floats]:
    """Key * 64 + place of every entry, and its logarithm. Of the very first character it goes into `sums` instead.

    `weight`: how often a text began, and what a triple counts.
    """
    start, share = weight
    sort = np.argsort(pairs)

    def row(first: Codes, second: Codes) -> Codes:
        key = _key(first, second)
        found: Codes = sort[np.searchsorted(pairs, key, sorter=sort)]
        if (pairs[found] != key).any():
            raise KeyError("a triple of which no pair was counted")
        return found

    first = codes[:, 1] & 7 == _BOS
    end = row(codes[first, 1], codes[first, 2])
    for under in range(4):
        sums[end, under, codes[first, 2] & 7] += share * times[first] / start
    codes, times = codes[~first], times[~first]
    begin, end = row(codes[:, 0], codes[:, 1]), row(codes[:, 1], codes[:, 2])
    then, last = codes[:, 1] & 7, codes[:, 2] & 7
    found, values = [], []
    base = sums.ravel()[end * 16 + then * 4 + last]
    firsts = np.concatenate([[0], np.cumsum(np.count_nonzero(counts.reshape(-1, 16), axis=1))])  # the pair's number
    for tag, some in _by_history(codes[:, 0]):
        place = tag * 16 + then[some] * 4 + last[some]
        found.append((firsts[begin[some]] << BITS | codes[some, 2] >> 3) * 64 + place)
        values.append(base[some] + share * times[some] / counts.ravel()[begin[some] * 16 + tag * 4 + then[some]])
    keys, logarithms = np.concatenate(found), _logarithms(np.concatenate(values))
    order = np.argsort(keys)
    return keys[order], logarithms[order]


def _entries(triples: npt.NDArray[np.int64], values: Floats) -> dict[str, Any]:
    keys, first, many = np.unique(triples // 64, return_index=True, return_counts=True)
    triple_keys, spans = _filed(keys, first, many, 128, TRIPLE_BITS)
    return {
        "triple_keys": triple_keys, "triple_spans": spans,
        "entry_places": (triples % 64).astype(np.uint8), "entry_values": values,
    }  # fmt: skip


def _filed(keys: npt.NDArray[np.int64], first: Places, many: Places, room: int, bits: int) -> tuple[Numbers, Numbers]:
    """The hash table of the keys, and at the same places first * room + many."""
    places, table = _hashed(keys.astype(np.uint32), bits)
    spans = np.zeros(1 << bits, np.uint32)
    spans[places] = first * room + many
    return table, spans


def _hashed(keys: Numbers, bits: int) -> tuple[Places, Numbers]:
    """The place of each key (all different) and the table; linear probing, all keys a step at once.

    A key goes on past smaller ones only and drives out a larger one, which goes on itself (Amble and Knuth's ordered
    hash table), so that who looks for a key that is not there stops at the first larger one.
    """
    table = np.full(1 << bits, EMPTY, np.uint32)
    place = ((keys * np.uint32(SPREAD)) >> np.uint32(32 - bits)).astype(np.intp)
    np.minimum.at(table, place, keys)
    while (still := np.flatnonzero(table[place] != keys)).size:
        place[still] = (place[still] + 1) & ((1 << bits) - 1)
        np.minimum.at(table, place[still], keys[still])
    return place, table


def _logarithms(values: Floats) -> Floats:
    """`math.log` of each, as SnowNLP takes it (numpy's own differs in the last bit); 0 gives minus infinity."""
    different, where = np.unique(values, return_inverse=True)
    logs = np.array([math.log(value) if value else -math.inf for value in different.tolist()])
    return np.asarray(logs[where].reshape(values.shape))
