"""The second look: listed words that were written in pinyin, by initials, by sound, with emoji or by look-alikes.

Such writing is common in ordinary texts too (师德 sounds like 是的, sx is many a word), so this is done for listed
words only, and each step has its own bar:

* **pinyin** (tousu, tou诉, tou su): letters that are whole syllables from end to end;
* **initials** (fdy): a word of letters by itself, of three letters and more, that no other word of `by_sound` could
  mean; two letters only in a suspicious text;
* **homophone** (偷素): a changed character of it stands in a pair that nobody writes; words whose sound is too common
  (not in `by_sound`) only in a suspicious text;
* **emoji** (🔥灾): an emoji that is read as one of the word's characters, or sounds like it, the others as they are;
* **lookalike** (评仑, tоusu with a Cyrillic о): one character of a like shape, in no ordinary pair; where it is no rare
  component of the other, only in a suspicious text.

A text is suspicious when a surer disguise was found in it: split characters, pinyin, an emoji, a look-alike.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate, chain, islice
from operator import attrgetter
from pathlib import Path
from typing import Any

import daachorse
import numpy as np

from sentiment import lookalike, sound
from sentiment.lookalike import EMOJI, LETTERS, Shaped, is_part, odd_pairs
from sentiment.normalise import Normalised, Step, has_split, normalise
from sentiment.ordinary import is_ordinary, is_rare, latin
from sentiment.ordinary import source as pairs
from sentiment.segment import points_of
from sentiment.shelf import shelved
from sentiment.snow_tables import Numbers
from sentiment.sound import FIRST, LAST, codes_by_sound, readings, spellings
from sentiment.spelled import HAN, LATIN, LONGEST, letters_of

RARE_WORDS = frozenset(["投宿", "世袭", "移情", "义士", "礁石", "苍鹰", "拳王", "庶吉", "七世", "触点", "聚宝", "校场"])
"""Words that are written, though too rarely to be ordinary pairs, and that sound like words one would list."""
ENGLISH = frozenset(
    ("women", "change", "dance", "guide", "name", "game", "same", "mine", "here", "made", "make", "time")
)
"""English words that read like pinyin."""
HEAD, TAIL = 3072, 1024
"""Characters that are looked at, from the beginning and from the end of a long text."""
MOST = 200
"""Places looked at of each kind; a text that is full of disguised words has said so before."""
MANY = 1000
"""Words from which on what is made of them is kept on the shelf; of fewer it is made as fast as read."""
_LISTED = re.compile(f"[\u4e00-\u9fff]{{1,{LONGEST}}}")
_EMOJI = str.maketrans(EMOJI)
_LETTERS = str.maketrans(LETTERS)
_FOREIGN = re.compile(rf"[a-z][{''.join(LETTERS)}]|[{''.join(LETTERS)}][a-z]")
_PICTURES = re.compile("[\u2600-\u2bff\U0001f000-\U0001faff]")
"""Where all of EMOJI lie: a look at ranges takes a tenth of one at each."""
_IN_ORDER = attrgetter("word", "start", "end", "step")


@dataclass(frozen=True, slots=True)
class Seen:
    """A listed word found disguised: `raw[start:end]` is how it was written, `step` how it was read."""

    word: str
    start: int
    end: int
    step: Step


class Disguises:
    """A list of words made ready; build once per process (0.2 s for six thousand), then look at any text."""

    def __init__(
        self,
        words: Iterable[str],
        by_sound: Collection[str] | None = None,
        ordinary: Callable[[str, str], bool] = is_ordinary,
    ) -> None:
        """`words`: normalised; those with other than Chinese characters are passed over.

        `by_sound`: those that are found by their sound in any text, and by their initials; None for all.
        `ordinary`: whether two characters ordinarily stand side by side.
        """
        self.words = sorted(set(filter(_LISTED.fullmatch, words)))
        self._by_sound = frozenset(self.words if by_sound is None else by_sound)
        self._ordinary = ordinary
        known = _patterns(self.words, sorted(self._by_sound.intersection(self.words)))
        self._sounds, self._spelled = _Finder(known.sounds), _Finder(known.spelled)
        self._alike = Shaped(self.words, known.odd)
        self._initials = known.initials
        self._sounding = _Sounding(known.codes)

    def look(self, text: Normalised) -> list[Seen]:
        """Every listed word that stands disguised in a text, in order; spans point into `text.raw`.

        Words may overlap (投诉 in 投诉电话), and several that sound alike may have one span. Work is bounded: of a long
        text its beginning and its end are looked at, and of each kind the first MOST places.
        """
        return self.look_all((text,))[0]

    def look_all(self, texts: Sequence[Normalised]) -> list[list[Seen]]:
        """As `look`, for each of many texts, at a third of the cost: most are passed over together."""
        found: list[list[tuple[bool, Seen]]] = [[] for _ in texts]
        suspicious: set[int] = set()
        parts = [part for owner, text in enumerate(texts) for part in _parts(owner, text)]
        for part, heard, shaped in chain(
            self._candidates([part for part in parts if not part.drawn]),
            self._candidates([part for part in parts if part.drawn]),
        ):
            if heard or shaped or LATIN.search(part.base.text):
                some, strange = self._found(part, heard, shaped)
                found[part.owner] += some
                if strange:
                    suspicious.add(part.owner)
        return [
            sorted({seen for sure, seen in some if sure or owner in suspicious}, key=_IN_ORDER) if some else []
            for owner, some in enumerate(found)
        ]

    def _candidates(self, parts: Sequence[_Part]) -> Iterator[tuple[_Part, Sequence[_Heard], Sequence[int]]]:
        """Each part with the places where a word may be heard and those where one may stand in a like shape; the parts
        have an emoji to be read in all of them, or in none."""
        for portion in _portions(parts):
            joined = "\n".join([*(part.base.text for part in portion), ""])
            points = points_of(joined)
            ends = list(accumulate(len(part.base.text) + 1 for part in portion))
            heard: defaultdict[int, list[_Heard]] = defaultdict(list)
            for start, end, words in self._audible(joined, points, drawn=bool(portion[0].drawn)):
                first = ends[number - 1] if (number := bisect_right(ends, start)) else 0
                heard[number].append((start - first, end - first, words))
            shaped: defaultdict[int, list[int]] = defaultdict(list)
            for start in self._alike.places(joined, points):
                number = bisect_right(ends, start)
                shaped[number].append(start - (ends[number - 1] if number else 0))
            for number, part in enumerate(portion):
                yield part, heard.get(number, ()), shaped.get(number, ())

    def _audible(self, joined: str, points: Numbers, *, drawn: bool) -> Iterator[_Heard]:
        """Where listed words sound; without emoji (`drawn`) only those for which nobody writes what stands there."""
        ordinary, known = self._ordinary, self._sounds.words
        for start, end, number in self._sounds.hits(self._sounding.of(points)):
            written, words = joined[start:end], known[number]
            if drawn:
                yield start, end, words
            elif words == (written,) or all(map(ordinary, written, written[1:])):
                continue
            elif odd := self._odd(joined, start, end, words):
                yield start, end, odd

    def _odd(self, text: str, start: int, end: int, words: Sequence[str]) -> tuple[str, ...]:
        """Of the words that sound like what stands here those for which nobody ordinarily writes it."""
        written = text[start:end]
        if written in RARE_WORDS:
            return ()
        return tuple(word for word in words if word != written and self._is_odd(text, start, end, word))

    def _found(
        self, part: _Part, heard: Sequence[_Heard], shaped: Sequence[int]
    ) -> tuple[list[tuple[bool, Seen]], bool]:
        """(sure whatever the text, what was seen), and whether the text is suspicious."""
        base, there = part.base, part.there
        ways = (self._heard(base, part.drawn, heard), self._shaped(base, shaped), self._read(base))
        found = [one for way in ways for one in islice(way, MOST)]
        sure = any(sure and seen.step is not Step.HOMOPHONE for sure, seen in found)
        if there:
            found = [(sure, replace(one, start=one.start + there, end=one.end + there)) for sure, one in found]
        return found, sure or (bool(found) and has_split(base))

    def _heard(self, base: Normalised, drawn: frozenset[int], places: Iterable[_Heard]) -> Iterator[tuple[bool, Seen]]:
        """Words by sound: (sure whatever the text, what was seen)."""
        for start, end, words in places:
            if drawn and not drawn.isdisjoint(base.starts[start:end]):
                yield from self._drawn(base, drawn, (start, end), words)
                continue
            for word in self._odd(base.text, start, end, words) if drawn else words:
                yield word in self._by_sound, Seen(word, *base.original(start, end), Step.HOMOPHONE)

    @staticmethod
    def _drawn(
        base: Normalised, drawn: frozenset[int], span: tuple[int, int], words: Iterable[str]
    ) -> Iterator[tuple[bool, Seen]]:
        """Of the words that sound like what stands here those of which all but emoji are written as they are."""
        for word in words:
            letters = zip(base.text[slice(*span)], word, base.starts[slice(*span)], strict=True)
            if all(one == other or place in drawn for one, other, place in letters):
                yield True, Seen(word, *base.original(*span), Step.EMOJI)

    def _is_odd(self, text: str, start: int, end: int, word: str) -> bool:
        """Whether nobody ordinarily writes what stands here instead of the word.

        A changed character stands in an odd pair; and a word of two characters begins or ends at the edge of its run of
        Chinese characters, or in an odd pair too: else it is the end of one word and the beginning of the next.
        """
        changed = [one != other for one, other in zip(text[start:end], word, strict=True)]
        inside = any(
            (changed[place - start] or changed[place - start + 1]) and not self._ordinary(text[place], text[place + 1])
            for place in range(start, end - 1)
        )
        if not inside or len(word) > 2:
            return inside
        before, after = text[start - 1 : start], text[end : end + 1]
        if not (HAN.match(before) and HAN.match(after)):
            return True
        return (changed[0] and not self._ordinary(before, text[start])) or (
            changed[-1] and not self._ordinary(text[end - 1], after)
        )

    def _shaped(self, base: Normalised, places: Iterable[int]) -> Iterator[tuple[bool, Seen]]:
        for start, end, word in self._alike.find(base.text, places):
            like, char = next(
                (one, other) for one, other in zip(base.text[start:end], word, strict=True) if one != other
            )
            yield is_rare(like) and is_part(like, char), Seen(word, *base.original(start, end), Step.LOOKALIKE)

    def _read(self, base: Normalised) -> Iterator[tuple[bool, Seen]]:
        """Words by their letters."""
        step, text = Step.PINYIN, base.text
        if not LATIN.search(text):
            return
        if _FOREIGN.search(text):
            step, text = Step.LOOKALIKE, text.translate(_LETTERS)
        for run in LATIN.finditer(text):
            if (word := self._initials.get(run.group())) and not _touches_digit(text, *run.span()):
                short = run.end() - run.start() < 3
                yield not short, Seen(word, *base.original(*run.span()), Step.INITIALS)
        spelled = letters_of(text)
        for start, end, number in self._spelled.hits(spelled.letters):
            first, last = spelled.places[start], spelled.places[end - 1] + 1
            written = text[first:last]
            if LATIN.search(written) and written not in ENGLISH:
                for word in self._spelled.words[number]:
                    if spelled.is_whole(start, end, word):
                        yield len(word) > 1, Seen(word, *base.original(first, last), step)


_Heard = tuple[int, int, tuple[str, ...]]
"""Start, end and the listed words that sound so."""
_CHUNK = 16_384
"""Characters looked at together."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What is looked at of a text: all of it, or its beginning or end. `owner`: the text's place among others; `drawn`:
    where in `base.raw` an emoji is read, which begins at `there` in the text's own raw."""

    owner: int
    base: Normalised
    drawn: frozenset[int] = frozenset()
    there: int = 0


def _parts(owner: int, text: Normalised) -> list[_Part]:
    """The text, or of a long one its beginning and its end."""
    if len(text.text) <= HEAD + TAIL:
        return [_part(owner, text)]
    return [
        _part(owner, Normalised(text.text[part], text.starts[part], text.ends[part], text.raw))
        for part in (slice(HEAD), slice(-TAIL, None))
    ]


def _part(owner: int, text: Normalised) -> _Part:
    if not _PICTURES.search(text.raw) or EMOJI.keys().isdisjoint(text.raw):
        return _Part(owner, text)
    there, last = text.original(0, len(text.text)) if len(text.raw) > HEAD + TAIL else (0, len(text.raw))
    raw = text.raw[there:last]
    drawn = frozenset(place for place, char in enumerate(raw) if char in EMOJI)
    return _Part(owner, replace(normalise(raw.translate(_EMOJI)), raw=raw), drawn, there)


def _portions(parts: Iterable[_Part]) -> Iterator[list[_Part]]:
    """The parts in lists of about _CHUNK characters, in order."""
    portion: list[_Part] = []
    size = 0
    for part in parts:
        if portion and size + len(part.base.text) > _CHUNK:
            yield portion
            portion, size = [], 0
        portion.append(part)
        size += len(part.base.text) + 1
    if portion:
        yield portion


class _Sounding:
    """Characters to the code of their sound, where a word has that sound; others stay."""

    def __init__(self, codes: Mapping[str, str]) -> None:
        self._codes = codes_by_sound(codes)

    def of(self, points: Numbers) -> str:
        """The text of these code points, in codes."""
        place = np.minimum(points - np.uint32(FIRST), LAST + 1 - FIRST)  # what lies before FIRST wraps around
        code = self._codes.take(place)
        return np.where(code, code, points).astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")


@dataclass(frozen=True, slots=True)
class _Patterns:
    """How a list of words may be written. `sounds` in `codes`, `spelled` in letters: to the words; `initials`: to the
    only word by sound that they stand for; `odd`: see `lookalike.odd_pairs`."""

    codes: Mapping[str, str]
    sounds: Mapping[str, Sequence[str]]
    spelled: Mapping[str, Sequence[str]]
    initials: Mapping[str, str]
    odd: Mapping[str, str]


def _patterns(words: Sequence[str], by_sound: Sequence[str]) -> _Patterns:
    """Those of these words, in order; of many from the shelf."""
    make = partial(_made, words, by_sound)
    if len(words) < MANY:
        return _Patterns(**make())
    listed = ("\n".join(some).encode() for some in (words, by_sound))
    made_of = (Path(__file__).read_bytes(), *listed, pairs(), *sound.sources(), *lookalike.sources())
    return shelved("disguises", made_of, make, _read)


def _made(words: Sequence[str], by_sound: Sequence[str]) -> dict[str, Any]:
    codes, sounds = _sounds(words)
    return {
        "codes": codes, "sounds": sounds, "spelled": _spelled(words), "initials": _initials(by_sound),
        "odd": odd_pairs(words),
    }  # fmt: skip


def _read(kept: Mapping[str, Any]) -> _Patterns:
    """Raises LookupError, TypeError, AttributeError, where it is something else."""
    for name, of in (("codes", str), ("sounds", list), ("spelled", list), ("initials", str), ("odd", str)):
        if not all(isinstance(one, of) for one in kept[name].values()):
            raise TypeError(name)
    return _Patterns(**{name: kept[name] for name in _Patterns.__slots__})


def _sounds(words: Sequence[str]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """The code of every sound, and the words by how they sound in codes."""
    codes: dict[str, str] = {}
    patterns: defaultdict[str, list[str]] = defaultdict(list)
    for word in words:
        if len(word) > 1:
            usual = [readings(char)[:1] for char in word]
            coded = (codes.setdefault(one, chr(0xF0000 + len(codes))) for known in usual for one in known)
            patterns["".join(coded)].append(word)
    return codes, patterns


class _Finder:
    """Patterns with the words that each stands for, by its number."""

    def __init__(self, patterns: Mapping[str, Sequence[str]]) -> None:
        known = sorted(patterns)
        self.words = [tuple(dict.fromkeys(patterns[one])) for one in known]
        self._automaton = daachorse.CharwiseDoubleArrayAhoCorasick(known) if patterns else None

    def hits(self, text: str) -> list[tuple[int, int, int]]:
        """Start, end and number of every place of every pattern."""
        return self._automaton.find_overlapping(text) if self._automaton is not None else []


def _spelled(words: Sequence[str]) -> dict[str, list[str]]:
    patterns: defaultdict[str, list[str]] = defaultdict(list)
    for word in words:
        for sounds in spellings(word):
            if len(word) > 1 or len(sounds[0]) > 2:
                patterns["".join(sounds)].append(word)
    return patterns


def _initials(words: Sequence[str]) -> dict[str, str]:
    """Initials to the only listed word that they stand for."""
    patterns: defaultdict[str, set[str]] = defaultdict(set)
    for word in words:
        if len(word) > 1:
            patterns["".join(sounds[0][0] for sounds in map(readings, word) if sounds)].add(word)
    return {letters: words.pop() for letters, words in patterns.items() if len(words) == 1 and letters not in latin()}


def _touches_digit(text: str, start: int, end: int) -> bool:
    return text[start - 1 : start].isdigit() or text[end : end + 1].isdigit()
