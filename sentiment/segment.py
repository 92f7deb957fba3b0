"""Texts into words exactly as SnowNLP cuts them, many texts at once.

SnowNLP tags every Chinese character as beginning, middle or end of a word, or as a word by itself, with the likeliest
path (Viterbi) over pairs of tags. Here one step of that search is taken for all runs of Chinese characters of all texts
together, the longest first, so that those still going on are always the first columns. All 64 candidates of a step are
added as SnowNLP adds them and the first of the greatest is taken, so ties fall the same way.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from sentiment.snow_compiled import worth_compiling
from sentiment.snow_tables import (
    BITS,
    FIRST,
    LAST,
    PAIR_BITS,
    TRIPLE_BITS,
    Flags,
    Floats,
    Numbers,
    Places,
    Tables,
    located,
    tables,
)  # fmt: skip

CHUNK = 16_384
"""Characters worked on together: about 8 MB of candidates, so that they stay near the processor."""

_WIDE = 0x3000
"""The last character that `str.isspace` holds for."""
BLANK = np.array([chr(point).isspace() for point in range(_WIDE + 1)] + [False])
"""By code point; the last entry holds for all above."""
_BEGIN, _END, _SINGLE = 0, 2, 3

Tags = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Words:
    """The words of several texts: `joined[starts[i]:ends[i]]`, and how many belong to each text."""

    joined: str
    points: Numbers
    starts: Places
    ends: Places
    counts: Places

    def all(self) -> list[str]:
        """Every word, text after text."""
        joined = self.joined
        return [joined[start:end] for start, end in zip(self.starts.tolist(), self.ends.tolist(), strict=True)]


def cut(texts: Sequence[str]) -> list[list[str]]:
    """The words of each text, as `snownlp.seg.seg` gives them; any string, any length.

    Linear in the length of a text, but a long run of Chinese without a break takes its steps one by one (some 10 µs
    and 600 bytes a character): cut such a text short before. Raises RuntimeError, in Chinese, without SnowNLP's files.
    """
    return [words for part in chunks(texts) for words in _words(part)]


def _words(texts: Sequence[str]) -> Iterator[list[str]]:
    found = cut_together(texts)
    return by_text(found, found.all())


def chunks(texts: Iterable[str]) -> Iterator[list[str]]:
    """The texts in lists of about CHUNK characters, in order."""
    part: list[str] = []
    size = 0
    for text in texts:
        if part and size + len(text) > CHUNK:
            yield part
            part, size = [], 0
        part.append(text)
        size += len(text) + 1
    if part:
        yield part


def cut_together(texts: Sequence[str]) -> Words:
    """The words of several texts, worked on at once; see `chunks`."""
    joined = "\n".join([*texts, ""])  # a line break is a blank: no word crosses it
    points = points_of(joined)
    compiled = worth_compiling(len(points))
    blank = BLANK[np.minimum(points, _WIDE + 1)]
    start = compiled.starts(points) if compiled else starts_by_arrays(points, blank)
    starts = np.flatnonzero(start)
    ends = np.flatnonzero(~blank[:-1] & (start[1:] | blank[1:])) + 1
    borders = np.cumsum([len(text) + 1 for text in texts])
    return Words(joined, points, starts, ends, np.diff(np.searchsorted(starts, borders), prepend=0))


def points_of(text: str) -> Numbers:
    """The code points of a text, lone surrogates included."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")


def starts_by_arrays(points: Numbers, blank: Flags) -> Flags:
    """Whether a word begins at each code point; `blank`: which are blanks."""
    chinese = (points >= FIRST) & (points <= LAST)
    start = np.ones(len(points), bool)
    np.logical_or(blank[:-1], chinese[:-1], out=start[1:])
    start &= ~blank
    where = np.flatnonzero(chinese)
    if where.size:
        start[where] = beginnings(points[where] - np.uint32(FIRST), _runs(where))
    return start


def by_text(words: Words, said: list[str]) -> Iterator[list[str]]:
    """The words of each text; `said`: all of them."""
    for begin, end in pairwise([0, *np.cumsum(words.counts).tolist()]):
        yield said[begin:end]


def _runs(where: Places) -> Places:
    """Where in `where` (positions of Chinese characters) each run without a break begins."""
    return np.concatenate([[0], np.flatnonzero(np.diff(where) != 1) + 1])


def beginnings(characters: Numbers, runs: Places) -> Flags:
    """Whether a word begins at each character (code point - FIRST); runs of characters begin at `runs`."""
    tags = tagged(tables(), characters, runs)
    begin: Flags = (tags == _BEGIN) | (tags == _SINGLE)
    begin[1:] |= tags[:-1] == _END
    begin[runs] = True
    return begin


def tagged(model: Tables, characters: Numbers, runs: Places) -> Tags:
    """The tag (place in TAGS) of each character."""
    lengths = np.diff(runs, append=len(characters))
    order = np.argsort(-lengths, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    active = len(runs) - np.cumsum(np.bincount(lengths))[:-1]
    offsets = np.concatenate([[0], np.cumsum(active)])
    step = np.arange(len(characters)) - np.repeat(runs, lengths)
    column = offsets[step] + np.repeat(rank, lengths)
    likely = _likely(model, characters, runs, column)
    ending = _forward(likely, offsets.tolist(), len(runs))
    tags: Tags = _back(likely, ending, offsets.tolist(), model, characters, column)[column]
    return tags


def _likely(model: Tables, characters: Numbers, runs: Places, column: Places) -> Floats:
    """Logarithms (tag before last, last tag, tag, column) of every step."""
    number = model.numbers[characters].astype(np.uint32)
    before = np.empty_like(number)
    before[1:] = number[:-1]
    before[runs] = 0
    place, pair = located(model.pair_keys, before << np.uint32(BITS) | number, PAIR_BITS)
    span = model.pair_spans.take(place)
    ordered = np.empty(len(number), np.intp)
    ordered[column] = number
    ordered -= 1
    likely = np.empty((4, 16, len(column)))
    likely[:] = model.rows.take(ordered, axis=0).T
    first = np.zeros(len(pair), bool)
    first[runs] = True
    places, values, columns = _entries(model.pair_places, model.pair_values, span[pair], 5, column[pair])
    likely.reshape(4, -1)[:, places * len(column) + columns] = values
    third = np.flatnonzero(~first[1:] & pair[:-1]) + 1
    place, triple = located(
        model.triple_keys, span[third - 1] >> np.uint32(5) << np.uint32(BITS) | number[third], TRIPLE_BITS
    )
    places, values, columns = _entries(
        model.entry_places, model.entry_values, model.triple_spans[place[triple]], 7, column[third[triple]]
    )
    likely.reshape(-1)[places * len(column) + columns] = values
    likely[:3, :, column[number == model.unknown]] = -np.inf
    return likely.reshape(4, 4, 4, -1)


def _entries(places: Tags, values: Floats, spans: Numbers, bits: int, columns: Places) -> tuple[Places, Floats, Places]:
    """Place, logarithm and column of every entry of the spans, whose low `bits` say how many."""
    many = (spans & np.uint32((1 << bits) - 1)).astype(np.intp)
    ends = np.cumsum(many)
    entry = np.arange(int(many.sum())) + np.repeat((spans >> np.uint32(bits)).astype(np.intp) - (ends - many), many)
    return places.take(entry).astype(np.intp), values.take(entry), np.repeat(columns, many)


def _forward(likely: Floats, offsets: list[int], runs: int) -> Places:
    """Turn `likely` into the candidates of every step; the best last state of every run."""
    best = np.zeros((4, 4, runs))
    last = np.empty((4, 4, runs))
    going = runs
    for begin, end in pairwise(offsets):
        size = end - begin
        if size < going:
            last[:, :, size:going] = best[:, :, size:]
            going = size
        candidates = likely[:, :, :, begin:end]
        candidates += best[:, :, None, :size]
        best = candidates.max(axis=0)
    last[:, :, :going] = best
    found = last.transpose(1, 0, 2).reshape(16, runs).argmax(axis=0)  # SnowNLP asks the last tag first
    state: Places = (found & 3) << 2 | found >> 2
    return state


def _back_alone(before: bytes, state: int, size: int, states: Tags, steps: Sequence[tuple[int, int]]) -> int:
    """The way back where only the longest run still goes on: by numbers, as an array of one costs ten times as much."""
    for column, _ in reversed(steps):
        states[column] = state
        state = before[state * size + column]
    return state


def _back(
    candidates: Floats, state: Places, offsets: list[int], model: Tables,
    characters: Numbers, column: Places,
) -> Tags:  # fmt: skip
    """The tag at every column; `state` is last tag * 4 + tag of every run at its end."""
    size = offsets[-1]
    four = candidates.reshape(4, 16, size)
    history = np.zeros((16, size), np.uint8)
    best = four[0].copy()
    for tag in (1, 2, 3):
        np.maximum(history, (four[tag] > best).view(np.uint8) * np.uint8(tag), out=history)
        np.maximum(best, four[tag], out=best)
    # after a character never seen SnowNLP keeps the last history it looked at, not the best
    history[:, column[model.numbers[characters] == model.unknown]] = 3
    before = (history << 2 | (np.arange(16, dtype=np.uint8) >> 2)[:, None]).reshape(-1)
    states = np.empty(size, np.uint8)
    columns = np.arange(size)
    steps = list(pairwise(offsets))
    alone = bisect_left(steps, -1, key=lambda step: step[0] - step[1])
    state[0] = _back_alone(before.tobytes(), int(state[0]), size, states, steps[alone:])
    for begin, end in reversed(steps[:alone]):
        now = state[: end - begin]
        states[begin:end] = now
        now[:] = before.take(now * size + columns[begin:end])
    states &= 3
    return states
