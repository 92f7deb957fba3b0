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
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, islice
from operator import attrgetter

import daachorse

from sentiment.lookalike import EMOJI, LETTERS, Shaped, is_part
from sentiment.normalise import Normalised, Step, has_split, normalise
from sentiment.ordinary import is_ordinary, is_rare, latin
from sentiment.sound import borders, readings, spellings

LONGEST = 6
"""Characters of the longest word that is listed; longer ones are sentences, and rules hold by their other words."""
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
LONGEST_RUN = 40
"""Letters of the longest run that is read as pinyin."""
_EMOJI = str.maketrans(EMOJI)
_LETTERS = str.maketrans(LETTERS)
_FOREIGN = re.compile(rf"[a-z][{''.join(LETTERS)}]|[{''.join(LETTERS)}][a-z]")
_LATIN = re.compile("[a-z]+")
_HAN = re.compile("[\u4e00-\u9fff]")
_GAP = " '-"
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
        self.words = sorted({word for word in words if len(word) <= LONGEST and all(map(_HAN.match, word)) and word})
        self._by_sound = frozenset(self.words if by_sound is None else by_sound)
        self._ordinary = ordinary
        self._codes: dict[str, str] = {}
        self._sounds = _Finder(self._sound_patterns())
        self._spelled = _Finder(_spelled(self.words))
        self._alike = Shaped(self.words)
        self._initials = _initials(sorted(self._by_sound.intersection(self.words)))
        self._table = _SoundTable(self._codes)

    def look(self, text: Normalised) -> list[Seen]:
        """Every listed word that stands disguised in a text, in order; spans point into `text.raw`.

        Words may overlap (投诉 in 投诉电话), and several that sound alike may have one span. Work is bounded: of a long
        text its beginning and its end are looked at, and of each kind the first MOST places.
        """
        found: list[tuple[bool, Seen]] = []
        suspicious = False
        for part in _ends(text):
            some, strange = self._found(part)
            found += some
            suspicious = suspicious or strange
        return sorted({seen for sure, seen in found if sure or suspicious}, key=_IN_ORDER) if found else []

    def _found(self, text: Normalised) -> tuple[list[tuple[bool, Seen]], bool]:
        """(sure whatever the text, what was seen), and whether the text is suspicious."""
        base, drawn, there = text, frozenset[int](), 0
        if not EMOJI.keys().isdisjoint(text.raw):
            there, last = text.original(0, len(text.text)) if len(text.raw) > HEAD + TAIL else (0, len(text.raw))
            raw = text.raw[there:last]
            drawn = frozenset(place for place, char in enumerate(raw) if char in EMOJI)
            base = replace(normalise(raw.translate(_EMOJI)), raw=raw)
        ways = (self._heard(base, drawn), self._shaped(base), self._read(base))
        found = [one for way in ways for one in islice(way, MOST)]
        sure = any(sure and seen.step is not Step.HOMOPHONE for sure, seen in found)
        if there:
            found = [(sure, replace(one, start=one.start + there, end=one.end + there)) for sure, one in found]
        return found, sure or (bool(found) and has_split(base))

    def _sound_patterns(self) -> dict[str, list[str]]:
        patterns: defaultdict[str, list[str]] = defaultdict(list)
        for word in self.words:
            if len(word) > 1:
                sounds = [readings(char)[:1] for char in word]
                patterns["".join(self._code(one) for known in sounds for one in known)].append(word)
        return patterns

    def _code(self, sound: str) -> str:
        return self._codes.setdefault(sound, chr(0xF0000 + len(self._codes)))

    def _heard(self, base: Normalised, drawn: frozenset[int]) -> Iterator[tuple[bool, Seen]]:
        """Words by sound: (sure whatever the text, what was seen)."""
        text = base.text
        for start, end, words in self._sounds.find(text.translate(self._table)):
            written = text[start:end]
            if drawn and not drawn.isdisjoint(base.starts[start:end]):
                yield from self._drawn(base, drawn, (start, end), words)
            elif written not in RARE_WORDS:
                for word in words:
                    if written != word and self._is_odd(text, start, end, word):
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
        if not (_HAN.match(before) and _HAN.match(after)):
            return True
        return (changed[0] and not self._ordinary(before, text[start])) or (
            changed[-1] and not self._ordinary(text[end - 1], after)
        )

    def _shaped(self, base: Normalised) -> Iterator[tuple[bool, Seen]]:
        for start, end, word in self._alike.find(base.text):
            like, char = next(
                (one, other) for one, other in zip(base.text[start:end], word, strict=True) if one != other
            )
            yield is_rare(like) and is_part(like, char), Seen(word, *base.original(start, end), Step.LOOKALIKE)

    def _read(self, base: Normalised) -> Iterator[tuple[bool, Seen]]:
        """Words by their letters."""
        step, text = Step.PINYIN, base.text
        if not _LATIN.search(text):
            return
        if _FOREIGN.search(text):
            step, text = Step.LOOKALIKE, text.translate(_LETTERS)
        for run in _LATIN.finditer(text):
            if (word := self._initials.get(run.group())) and not _touches_digit(text, *run.span()):
                short = run.end() - run.start() < 3
                yield not short, Seen(word, *base.original(*run.span()), Step.INITIALS)
        spelled = _letters(text)
        for start, end, words in self._spelled.find(spelled.letters):
            first, last = spelled.places[start], spelled.places[end - 1] + 1
            written = text[first:last]
            if _LATIN.search(written) and written not in ENGLISH:
                for word in words:
                    if spelled.is_whole(start, end, word):
                        yield len(word) > 1, Seen(word, *base.original(first, last), step)


def _ends(text: Normalised) -> list[Normalised]:
    """The text, or of a long one its beginning and its end."""
    if len(text.text) <= HEAD + TAIL:
        return [text]
    return [
        Normalised(text.text[part], text.starts[part], text.ends[part], text.raw)
        for part in (slice(HEAD), slice(-TAIL, None))
    ]


class _SoundTable(dict[int, int | str]):
    """Characters to the code of their sound; filled as characters are met."""

    def __init__(self, codes: dict[str, str]) -> None:
        super().__init__()
        self._codes = codes

    def __missing__(self, point: int) -> int | str:
        sounds = readings(chr(point)) if 0x4E00 <= point <= 0x9FFF else ()
        self[point] = value = self._codes.get(sounds[0], point) if sounds else point
        return value


class _Finder:
    """Patterns with the words that each stands for."""

    def __init__(self, patterns: dict[str, list[str]]) -> None:
        known = sorted(patterns)
        self._words = [tuple(dict.fromkeys(patterns[one])) for one in known]
        self._automaton = daachorse.CharwiseDoubleArrayAhoCorasick(known) if patterns else None

    def find(self, text: str) -> Iterator[tuple[int, int, tuple[str, ...]]]:
        if self._automaton is not None:
            for start, end, number in self._automaton.find_overlapping(text):
                yield start, end, self._words[number]


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


@dataclass(frozen=True, slots=True)
class _Letters:
    """A text in letters. `places`: of each letter in the text; `left`, `right`: where a word may begin and end;
    `joints`: where a spelled-out character begins or ends.
    """

    letters: str
    places: list[int]
    left: set[int]
    right: set[int]
    joints: set[int]

    def is_whole(self, start: int, end: int, word: str) -> bool:
        """Whether these letters are this word, syllable by syllable, cut out of nothing else."""
        if start not in self.left or end not in self.right:
            return False
        joints = {place - start for place in range(start, end) if place in self.joints}
        return not joints or any(
            "".join(sounds) == self.letters[start:end] and joints <= {0, *accumulate(map(len, sounds))}
            for sounds in spellings(word)
        )


def _letters(text: str) -> _Letters:
    """The letters of a text and what stands within a word's length of them: Chinese characters are spelled out, gaps
    beside letters are left out, all else is a full stop.
    """
    parts: list[str] = []
    spelled = _Letters("", [], set(), set(), set())
    place = reach = 0
    while place < len(text):
        if place >= reach:
            run = _LATIN.search(text, place)
            if run is None:
                break
            place, reach = max(place, run.start() - LONGEST), run.end()
            parts.append(".")
            spelled.places.append(place)
        char, at = text[place], len(spelled.places)
        if run := _LATIN.match(text, place):
            before, after = borders(run.group()) if len(run.group()) <= LONGEST_RUN else (set[int](), set[int]())
            spelled.left.update(at + cut for cut in before)
            spelled.right.update(at + cut for cut in after)
            reach = run.end() + LONGEST
            parts.append(run.group())
            spelled.places.extend(range(place, run.end()))
            place = run.end()
            continue
        if sounds := readings(char) if _HAN.match(char) else ():
            parts.append(sounds[0])
            spelled.places.extend([place] * len(sounds[0]))
            spelled.left.add(at)
            spelled.right.add(at + len(sounds[0]))
            spelled.joints.update((at, at + len(sounds[0])))
        elif char not in _GAP or not (_LATIN.match(text, place + 1) or _LATIN.match(text[place - 1 : place])):
            parts.append(".")
            spelled.places.append(place)
        place += 1
    return replace(spelled, letters="".join(parts))
