"""From SnowNLP's counts to the tables of `snow_tables.py`: its formulas, its order of adding, its logarithms."""

from __future__ import annotations

import gzip
import marshal
import math
from array import array
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


def build(segmenter: bytes, classifier: bytes, stop: bytes) -> dict[str, Any]:
    """The fields of `Tables` from the contents of SnowNLP's three data files; about 6 s and 500 MB."""
    return {**_segmenter(_opened(segmenter)), **_words(_opened(classifier), stop)}


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
    """What the counts of `model` come to under SnowNLP's formula, added in its order."""
    uni, bi = model["uni"]["d"], model["bi"]["d"]
    known = sorted({char for char, _ in uni if char and FIRST <= ord(char) <= LAST})
    number = {"": 0, **{char: place for place, char in enumerate(known, 1)}}
    numbers = np.full(LAST - FIRST + 1, len(known) + 1, np.uint16)
    numbers[[ord(char) - FIRST for char in known]] = np.arange(1, len(known) + 1)
    seen = np.zeros((len(known) + 1, 4))
    bos = float(uni.get(("", "BOS"), 0))
    for (char, tag), count in uni.items():
        if number.get(char):
            seen[number[char], TAGS.index(tag)] = count
    alone = model["l1"] * (seen / model["uni"]["total"])
    pairs, counts, keys = _pairs(bi, number)
    before = np.where(keys[:, None] >> BITS == 0, bos, seen[keys >> BITS])
    with np.errstate(divide="ignore", invalid="ignore"):
        bigram = np.where(before[:, :, None] == 0, 0.0, model["l2"] * counts / before[:, :, None])
    sums = alone[keys & ((1 << BITS) - 1)][:, None, :] + bigram
    triples, values = _triples(model, number, pairs, counts, sums)
    rows = np.concatenate([np.tile(alone[1:], (1, 4)), np.ones((1, 16))])
    row, place = np.nonzero(counts.reshape(-1, 16))
    pair_keys, pair_spans = _filed(keys, np.searchsorted(row, np.arange(len(keys))), np.bincount(row), 32, PAIR_BITS)
    return {
        "numbers": numbers, "rows": _logarithms(rows), "pair_keys": pair_keys, "pair_spans": pair_spans,
        "pair_places": place.astype(np.uint8), "pair_values": _logarithms(sums.reshape(-1, 16)[row, place]),
        **_entries(triples, values),
    }  # fmt: skip


def _pairs(bi: dict[Any, int], number: dict[str, int]) -> tuple[dict[int, int], Floats, npt.NDArray[np.int64]]:
    """The row of every pair of characters by its key, the counts (row, tag, tag), the keys by row."""
    rows: dict[int, int] = {}
    places, times = array("q"), array("q")
    for ((one, tag), (two, then)), count in bi.items():
        if (first := number.get(one)) is not None and (second := number.get(two)):
            row = rows.setdefault(first << BITS | second, len(rows))
            # after the beginning there is but one history; it stands under every tag, so that it needs no case
            for place in range(4) if tag == "BOS" else (TAGS.index(tag),):
                places.append(row * 16 + place * 4 + TAGS.index(then))
                times.append(count)
    counts = np.zeros(len(rows) * 16)
    counts[np.array(places)] = times
    return rows, counts.reshape(-1, 4, 4), np.fromiter(rows, np.int64, len(rows))


def _triples(
    model: dict[str, Any], number: dict[str, int], pairs: dict[int, int], counts: Floats, sums: Floats
) -> tuple[npt.NDArray[np.int64], Floats]:
    """Key * 64 + place of every entry, and its logarithm. Of the very first character it goes into `sums` instead."""
    keys, history, base, many = array("q"), array("q"), array("q"), array("q")
    start, weight = float(model["bi"]["d"].get((("", "BOS"), ("", "BOS")), 0)), model["l3"]
    for ((one, tag), (two, then), (three, last)), times in model["tri"]["d"].items():
        if number.get(one) is None or number.get(two) is None or not number.get(three):
            continue
        end = pairs[number[two] << BITS | number[three]]
        if then == "BOS":
            sums[end, :, TAGS.index(last)] += weight * times / start
            continue
        begin = pairs[number[one] << BITS | number[two]]
        for place in range(4) if tag == "BOS" else (TAGS.index(tag),):
            keys.append((begin << BITS | number[three]) * 64 + place * 16 + TAGS.index(then) * 4 + TAGS.index(last))
            history.append(begin * 16 + place * 4 + TAGS.index(then))
            base.append(end * 16 + TAGS.index(then) * 4 + TAGS.index(last))
            many.append(times)
    model.clear()  # 400 MB
    found = np.array(keys)
    firsts = np.concatenate([[0], np.cumsum(np.count_nonzero(counts.reshape(-1, 16), axis=1))])
    found += (firsts[found >> (BITS + 6)] - (found >> (BITS + 6))) << (BITS + 6)  # from the pair's row to its number
    values = sums.ravel()[np.array(base)] + weight * np.array(many) / counts.ravel()[np.array(history)]
    order = np.argsort(found)
    return found[order], _logarithms(values[order])


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
    """The place of each key (all different) and the table; linear probing, all keys a step at once."""
    table = np.full(1 << bits, EMPTY, np.uint32)
    place = ((keys * np.uint32(SPREAD)) >> np.uint32(32 - bits)).astype(np.intp)
    still = np.arange(len(keys))
    while still.size:
        free = still[table[place[still]] == EMPTY]
        table[place[free]] = keys[free]
        still = still[table[place[still]] != keys[still]]
        place[still] = (place[still] + 1) & ((1 << bits) - 1)
    return place, table


def _logarithms(values: Floats) -> Floats:
    """`math.log` of each, as SnowNLP takes it (numpy's own differs in the last bit); 0 gives minus infinity."""
    different, where = np.unique(values, return_inverse=True)
    logs = np.array([math.log(value) if value else -math.inf for value in different.tolist()])
    return np.asarray(logs[where].reshape(values.shape))
