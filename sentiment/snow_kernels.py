"""What `segment.py` and `snow.py` do by arrays, one character after another, for numba to turn into machine code.

Imported by `snow_compiled.py` alone, since numba is an extra. The same additions and comparisons in the same order, so
the same result to the last bit. Names and shapes are those of `snow_tables.Tables`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np

from sentiment.snow_tables import (
    BITS,
    FIRST,
    LAST,
    PAIR_BITS,
    SPREAD,
    TRIPLE_BITS,
    Flags,
    Floats,
    Numbers,
    Places,
)

F = TypeVar("F", bound=Callable[..., object])

WORD_BITS = 17
"""Of a place in the hash table of words, a third full."""
CLEAR = 1e-6
"""A lead that no rounding of a sum can turn into a tie: doubles lie closer than 1e-7 up to a billion."""
NEVER = -np.inf
_WORD_SEED, _WORD_FACTOR, _MASK = 2166136261, 16777619, 0xFFFFFFFF


def _compiled(function: F) -> F:
    compile_: Callable[[F], Any] = numba.njit(cache=True, nogil=True)
    made: F = compile_(function)
    return made


@_compiled
def _place(keys: Numbers, wanted: int, bits: int) -> int:
    """Where `wanted` lies in the hash table, or -1."""
    place = ((wanted * SPREAD) & _MASK) >> (32 - bits)
    while keys[place] < wanted:
        place = (place + 1) & ((1 << bits) - 1)
    return place if keys[place] == wanted else -1


@_compiled
def _found(
    points: Numbers, numbers: Any, pair_keys: Numbers, pair_spans: Numbers, triple_keys: Numbers,
    triple_spans: Numbers, unknown: int, row_of: Any, pair_of: Any, triple_of: Any,
) -> None:  # fmt: skip
    """Look up every character beforehand, so that the waits for memory overlap: its row (or -1), its spans (or 0)."""
    before, pair = 0, -1
    for at in range(len(points)):
        row_of[at], pair_of[at], triple_of[at] = -1, 0, 0
        if not FIRST <= points[at] <= LAST:
            before, pair = 0, -1
            continue
        number = int(numbers[points[at] - FIRST])
        last, pair = pair, -1
        if number != unknown:
            row_of[at] = number - 1
            place = _place(pair_keys, before << BITS | number, PAIR_BITS)
            if place >= 0:
                pair_of[at] = pair_spans[place]
                pair = pair_of[at] >> 5
            triple = _place(triple_keys, last << BITS | number, TRIPLE_BITS) if last >= 0 else -1
            if triple >= 0:
                triple_of[at] = triple_spans[triple]
        before = number


@_compiled
def _step(state: Floats, new: Floats, row: Floats, history: Any) -> None:
    """The best of the 64 candidates for each of 16 new states; of equals the first history wins."""
    for last in range(4):
        zero, one, two, three = state[last], state[4 + last], state[8 + last], state[12 + last]
        high, low = (zero, one) if zero > one else (one, zero)
        upper, lower = (two, three) if two > three else (three, two)
        best = max(upper, high)
        second = max(low, upper) if high > upper else max(high, lower)
        if best - second > CLEAR:
            leader = 0 if best == zero else 1 if best == one else 2 if best == two else 3
            for tag in range(4):
                value = best + row[last * 4 + tag]
                new[last * 4 + tag] = value
                history[last * 4 + tag] = leader if value > NEVER else 0
        else:
            _step_in_full(zero, one, two, three, last, new, row, history)


@_compiled
def _step_in_full(
    zero: float, one: float, two: float, three: float, last: int, new: Floats, row: Floats, history: Any
) -> None:
    for tag in range(4):
        likely = row[last * 4 + tag]
        best, chosen = zero + likely, 0
        other = one + likely
        if other > best:
            best, chosen = other, 1
        other = two + likely
        if other > best:
            best, chosen = other, 2
        other = three + likely
        if other > best:
            best, chosen = other, 3
        new[last * 4 + tag] = best
        history[last * 4 + tag] = chosen


@_compiled
def _run(
    begin: int, end: int, start: Flags, history: Any, row_of: Any, pair_of: Any, triple_of: Any, rows: Floats,
    pair_places: Any, pair_values: Floats, entry_places: Any, entry_values: Floats,
) -> None:  # fmt: skip
    """Mark where words begin in the run of Chinese characters `begin`..`end`."""
    state, new, row = np.zeros(16), np.zeros(16), np.empty(16)
    for at in range(begin, end):
        marks = history[at - begin]
        if row_of[at] < 0:
            for key in range(16):
                new[key] = state[12 + (key >> 2)]
                marks[key] = 3
        else:
            row[:] = rows[row_of[at]]
            for entry in range(pair_of[at] >> 5, (pair_of[at] >> 5) + (pair_of[at] & 31)):
                row[pair_places[entry]] = pair_values[entry]
            _step(state, new, row, marks)
            for entry in range(triple_of[at] >> 7, (triple_of[at] >> 7) + (triple_of[at] & 127)):
                first, key = entry_places[entry] >> 4, entry_places[entry] & 15
                better = state[first * 4 + (key >> 2)] + entry_values[entry]
                if better > new[key] or (better == new[key] and first < marks[key]):
                    new[key] = better
                    marks[key] = first
        state, new = new, state
    best = 0
    for order in range(16):  # SnowNLP asks the last tag first
        key = (order & 3) << 2 | order >> 2
        if order == 0 or state[key] > state[best]:
            best = key
    for at in range(end - 1, begin - 1, -1):
        tag = best & 3
        if tag == 2 and at + 1 < end:
            start[at + 1] = True
        start[at] = tag == 0 or tag == 3
        best = history[at - begin, best] << 2 | best >> 2
    start[begin] = True


@_compiled
def starts(
    points: Numbers, blank: Flags, numbers: Any, rows: Floats, pair_keys: Numbers, pair_spans: Numbers,
    pair_places: Any, pair_values: Floats, triple_keys: Numbers, triple_spans: Numbers, entry_places: Any,
    entry_values: Floats, unknown: int,
) -> Flags:  # fmt: skip
    """Whether a word begins at each code point."""
    row_of, pair_of = np.empty(len(points), np.int64), np.empty(len(points), np.int64)
    triple_of = np.empty(len(points), np.int64)
    _found(
        points, numbers, pair_keys, pair_spans, triple_keys, triple_spans, unknown, row_of, pair_of, triple_of
    )  # fmt: skip
    start = np.zeros(len(points), np.bool_)
    longest, length = 0, 0
    for point in points:
        length = length + 1 if FIRST <= point <= LAST else 0
        longest = max(longest, length)
    history = np.empty((longest, 16), np.uint8)
    at, inside = 0, False
    while at < len(points):
        if FIRST <= points[at] <= LAST:
            begin = at
            while at < len(points) and FIRST <= points[at] <= LAST:
                at += 1
            _run(
                begin, at, start, history, row_of, pair_of, triple_of, rows, pair_places, pair_values, entry_places,
                entry_values,
            )  # fmt: skip
            inside = False
        else:
            empty = blank[min(int(points[at]), len(blank) - 1)]
            start[at] = not empty and not inside
            inside = not empty
            at += 1
    return start


@_compiled
def _hash(points: Numbers, begin: int, end: int) -> int:
    total = _WORD_SEED
    for at in range(begin, end):
        total = ((total ^ int(points[at])) * _WORD_FACTOR) & _MASK
    return (total ^ (total >> 15)) & ((1 << WORD_BITS) - 1)


@_compiled
def filed(points: Numbers, ends: Places) -> Places:
    """A hash table of the words `points[ends[i - 1]:ends[i]]`: the word's number, or -1."""
    table = np.full(1 << WORD_BITS, -1, np.intp)
    begin = 0
    for word in range(len(ends)):
        place = _hash(points, begin, ends[word])
        while table[place] >= 0:
            place = (place + 1) & ((1 << WORD_BITS) - 1)
        table[place] = word
        begin = ends[word]
    return table


@_compiled
def looked_up(
    points: Numbers, begins: Places, ends: Places, table: Places, known: Numbers, known_ends: Places, unknown: int
) -> Places:
    """The number of each word `points[begins[i]:ends[i]]`; compared letter by letter, `unknown` where it is none."""
    found = np.empty(len(begins), np.intp)
    for word in range(len(begins)):
        size = ends[word] - begins[word]
        place = _hash(points, begins[word], ends[word])
        found[word] = unknown
        while table[place] >= 0:
            other = table[place]
            first = known_ends[other - 1] if other else 0
            same = known_ends[other] - first == size
            at = 0
            while same and at < size:
                same = known[first + at] == points[begins[word] + at]
                at += 1
            if same:
                found[word] = other
                break
            place = (place + 1) & ((1 << WORD_BITS) - 1)
    return found
