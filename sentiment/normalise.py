"""Undo the common disguises of a text for matching and scoring, and keep the way back to what was written.

Every character is folded by itself (so the work is linear and spans stay sound), then gaps between Chinese characters
are closed and split characters joined (`sentiment.split`). The result is for machines only: whatever a person reads is
cut from the original with `original()`.

The gap rule (a gap is 1 to 3 characters between two Chinese characters):

1. a **mark** that ordinary writing does not put between two Chinese characters (`·` `_` `*` `|` `+`, an emoji, `★` ...,
   with or without a blank on either side; one `.`, `-` or `/`) is always removed: 食·堂, 学*费, 我们学校的食_堂;
2. blanks and line breaks are removed only in a **chain of single characters**, at least two of them: 食 堂,
   吃 坏 肚 子, a word written downwards. In a chain of three or more, ordinary punctuation may stand in place of a
   blank (食,堂,吃). Blanks at the ends of a chain go too (食堂吃 坏 肚 子). 今天的食堂 菜很好 keeps its blank: it
   stands between longer runs.

Brackets, `、`, `@` and `#` never belong to a gap, so lists, topics and the platforms' emoticon codes stay whole:
[怒][允悲].
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from itertools import compress
from pathlib import Path

import opencc
from opencc import OpenCC

from sentiment.split import Splits

ROUNDS = 6
"""Closing gaps and joining may open each other's way; a text that does not settle in so many rounds is not joined."""


class Step(StrEnum):
    """One way of disguising a word, named by what undoes it; in the order in which `steps` reports them."""

    WIDTH = "width"
    """Compatibility forms (NFKC): full width, circled, mathematical letters, ligatures."""
    INVISIBLE = "invisible"
    """Zero width, bidi controls, soft hyphens, tags, variation selectors, control characters, lone surrogates."""
    MARK = "mark"
    """Combining marks over or through a character, accents of Latin letters (pinyin tones)."""
    CASE = "case"
    TRADITIONAL = "traditional"
    GAP = "gap"
    SPLIT = "split"
    """Components written side by side for the character that they make up (拆字)."""
    PINYIN = "pinyin"
    INITIALS = "initials"
    HOMOPHONE = "homophone"
    EMOJI = "emoji"
    LOOKALIKE = "lookalike"


@dataclass(frozen=True, slots=True)
class Normalised:
    """A text without its disguises. `starts[i]` and `ends[i]` are the span in `raw` of the character `text[i]`.

    Several characters of `text` may share a span (a ligature); spans never go backwards. Characters of `raw` that
    were removed belong to no span. `text` holds no lone surrogate: it can always be encoded.
    """

    text: str
    starts: Sequence[int]
    ends: Sequence[int]
    raw: str

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The span in `raw` that `text[start:end]` was written as, removed characters between its ends included.

        An empty span gives an empty span. Raises IndexError unless 0 <= start <= end <= len(text).
        """
        if not 0 <= start <= end <= len(self.text):
            raise IndexError(f"span {start}:{end} lies outside a normalised text of {len(self.text)} characters")
        if start < end:
            return self.starts[start], self.ends[end - 1]
        here = self.starts[start] if start < len(self.text) else len(self.raw)
        return here, here

    def within(self, start: int, end: int) -> tuple[int, int]:
        """The span in `text` of the characters written in `raw[start:end]`, those that reach into it included."""
        return bisect_right(self.ends, start), max(bisect_right(self.ends, start), bisect_left(self.starts, end))

    def steps(self, start: int, end: int) -> tuple[Step, ...]:
        """Which disguises were undone in `text[start:end]` or between its characters, in the order of `Step`.

        “，” read as “,” hid nothing and is none.
        """
        first, last = self.original(start, end)
        if self.raw[first:last] == self.text[start:end]:
            return ()
        kept = set(self.starts[start:end])
        spans = zip(self.starts[start:end], self.ends[start:end], strict=True)
        inside = {place for first, last in spans for place in range(first + 1, last)}
        found: set[Step] = set()
        for place in range(first, last):
            folded, steps = _undo(self.raw[place])
            if steps != _WIDENED or not _SIGNS.fullmatch(self.raw[place] + folded):
                found.update(steps)
            if folded and place not in kept:
                found.add(Step.SPLIT if place in inside and not _NOT_HAN.match(folded) else Step.GAP)
        return tuple(step for step in Step if step in found)


def normalise(raw: str) -> Normalised:
    """`raw` without disguises, for any string: empty, with lone surrogates, of a megabyte. Linear time, never raises.

    Normalising the result again changes nothing.
    """
    text = folded(raw)
    starts: Sequence[int]
    if text == raw or (len(text) == len(raw) and _UNEVEN.isdisjoint(raw)):
        starts = range(len(raw))
        return _settled(Normalised(text, starts, range(1, len(raw) + 1), raw))
    starts, done = [], 0
    for place in [place for place, char in enumerate(raw) if char in _UNEVEN]:
        starts += range(done, place)
        starts += [place] * _width(raw[place])
        done = place + 1
    starts += range(done, len(raw))
    return _settled(Normalised(text, starts, [place + 1 for place in starts], raw))


def folded(raw: str) -> str:
    """`raw` with the disguises of single characters undone, gaps and split characters left as they are."""
    return raw.translate(_FOLD)


def has_split(text: Normalised) -> bool:
    """Whether a split character was joined in this text."""
    return not isinstance(text.ends, range) and any(
        end - start > 1 for start, end in zip(text.starts, text.ends, strict=True)
    )


def _settled(text: Normalised) -> Normalised:
    """Gaps closed and split characters joined until nothing changes; else only the gaps closed."""
    closed = settled = _closed(text)
    for _ in range(ROUNDS):
        joined = _joined(settled)
        if joined is settled:
            return settled
        settled = _closed(joined)
    return closed


# One character at a time ----------------------------------------------------------------------------------------------

_BLANK = "\t\n\x0b\x0c\r\x85"  # control characters that are white space
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u17b4\u17b5")  # letters by category, seen by nobody
_VOICED = frozenset("\u3099\u309a")  # part of a Japanese letter, not laid over one


@cache
def _opencc() -> OpenCC:
    return OpenCC("t2s")


def _is_invisible(char: str) -> bool:
    if char in _FILLERS:
        return True
    category = unicodedata.category(char)
    if category == "Cc":
        return char not in _BLANK
    if category == "Cn":  # reserved for characters that are not drawn
        return 0xE0000 <= ord(char) <= 0xE0FFF or 0xFFF0 <= ord(char) <= 0xFFF8 or char == "\u2065"
    return category in ("Cf", "Cs") or "VARIATION SELECTOR" in unicodedata.name(char, "")


def _is_laid_over(char: str) -> bool:
    """A mark for any letter (accent, strike, enclosing ring); not the vowel signs of Tibetan, Thai, Arabic."""
    return unicodedata.category(char) in ("Mn", "Me") and unicodedata.name(char, "").startswith("COMBINING")


def _without_marks(text: str) -> str:
    parts = unicodedata.normalize("NFD", text)
    if _VOICED.isdisjoint(parts) and any(_is_laid_over(part) for part in parts):
        return unicodedata.normalize("NFC", "".join(part for part in parts if not _is_laid_over(part)))
    return "" if text in _VOICED else text


_OWN = str.maketrans("瞭寜", "了宁")  # OpenCC leaves them for 瞭望 and for names; disguised text means these


def _simplified(text: str) -> str:
    plain = _opencc().convert(text).translate(_OWN) if any(char > "\u2e7f" for char in text) else text
    return plain if len(plain) == len(text) else text


_UNDOING = (
    (Step.WIDTH, lambda text: "".join(unicodedata.normalize("NFKC", char) for char in text)),
    (Step.INVISIBLE, lambda text: "".join(char for char in text if not _is_invisible(char))),
    (Step.MARK, lambda text: "".join(_without_marks(char) for char in text)),
    (Step.CASE, str.lower),
    (Step.TRADITIONAL, _simplified),
)


_WIDENED = (Step.WIDTH,)
_SIGNS = re.compile(r"[^\w]+")


@lru_cache(maxsize=65_536)
def _undo(char: str) -> tuple[str, tuple[Step, ...]]:
    """What one character becomes, and by which steps; repeated until nothing changes (薴 -> 苧 -> 苎)."""
    text, before, found = char, "", set[Step]()
    undoings = _UNDOING[-1:] if "\u4e00" <= char <= "\u9fff" else _UNDOING  # nothing else becomes of these
    while text != before:
        before = text
        for step, undoing in undoings:
            changed = undoing(text)
            if changed != text:
                text = changed
                found.add(step)
    return text, tuple(step for step in Step if step in found)


class _Fold(dict[int, int | str]):
    """Code point to what it becomes, filled as characters are met; at most one entry per assigned character."""

    def __missing__(self, point: int) -> int | str:
        char = chr(point)
        folded, _ = _undo(char)
        if len(folded) != 1:
            _UNEVEN.add(char)
        value = point if folded == char else folded
        if unicodedata.category(char) != "Cn":
            self[point] = value
        return value


_UNEVEN: set[str] = set()  # characters met so far that become none or several
_FOLD = _Fold()


def _width(char: str) -> int:
    value = _FOLD[ord(char)]
    return 1 if isinstance(value, int) else len(value)


# Gaps between Chinese characters --------------------------------------------------------------------------------------

_HAN = "[\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af]"
_CLOSED = re.escape("、@#()[]{}<>《》〈〉「」『』【】〖〗〔〕")  # never part of a gap
_ORDINARY = _CLOSED + re.escape(",.!?:;-/~\"'%…⋯—–。“”‘’")  # may stand between two ordinary words
_MARK = rf"(?:[^\w\s{_ORDINARY}]|_)"
_LOOSE = rf"(?:[^\w{_CLOSED}]|_){{1,3}}"
_SINGLE = rf"{_HAN}(?!{_HAN})"

_MARKED = rf"(?:[./-]| ?{_MARK}{{1,3}} ?)"
_SUSPECT = re.compile(rf"{_HAN}(?!{_HAN})(?:{_MARKED}{_HAN}|(?<!{_HAN}{_HAN}){_LOOSE}{_SINGLE})")
"""What every text has that has a gap: a mark, or the beginning of a chain."""
_MARK_GAP = re.compile(rf"(?<={_HAN}){_MARKED}(?={_HAN})")
_CHAIN = re.compile(
    rf"(?:(?<={_HAN}) {{1,3}})?(?<!{_HAN}){_HAN}"
    rf"(?:(?:{_LOOSE}{_SINGLE}){{2,}}|\s{{1,3}}{_SINGLE})"
    rf"(?: {{1,3}}(?={_HAN}))?"
)
_NOT_HAN = re.compile(rf"(?!{_HAN}).", re.DOTALL)


def _closed(text: Normalised) -> Normalised:
    if _SUSPECT.search(text.text):
        return _without_gaps(_CHAIN, _without_gaps(_MARK_GAP, text))
    return text


def _without_gaps(pattern: re.Pattern[str], text: Normalised) -> Normalised:
    """`text` without everything that is not Chinese inside the matches of `pattern`."""
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    done = 0
    for match in pattern.finditer(text.text):
        kept = [place for place in range(*match.span()) if not _NOT_HAN.match(text.text[place])]
        parts.append(text.text[done : match.start()])
        parts.extend(text.text[place] for place in kept)
        starts += [*text.starts[done : match.start()], *(text.starts[place] for place in kept)]
        ends += [*text.ends[done : match.start()], *(text.ends[place] for place in kept)]
        done = match.end()
    if not done:
        return text
    parts.append(text.text[done:])
    return Normalised("".join(parts), [*starts, *text.starts[done:]], [*ends, *text.ends[done:]], text.raw)


# Split characters -----------------------------------------------------------------------------------------------------


def _folding() -> Iterator[bytes]:
    """What `folded` is made of."""
    yield Path(__file__).read_bytes()
    yield opencc.__version__.encode()
    for path in sorted(Path(opencc.__file__).parent.rglob("TS*.ocd2")):
        yield path.read_bytes()


_SPLITS = Splits(folded, _folding)


def _joined(text: Normalised) -> Normalised:
    """`text` with split characters joined; the same object where there are none."""
    joins = _SPLITS.find(text.text)
    if not joins:
        return text
    kept, chars, ends = bytearray(b"\x01") * len(text.text), list(text.text), list(text.ends)
    for start, end, char in joins:
        chars[start], ends[start] = char, ends[end - 1]
        kept[start + 1 : end] = bytes(end - start - 1)
    starts = list(compress(text.starts, kept))
    return Normalised("".join(compress(chars, kept)), starts, list(compress(ends, kept)), text.raw)
