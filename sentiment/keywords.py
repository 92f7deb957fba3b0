"""Keywords 热词: the words by which texts differ from what is ordinarily written, none of them a person or a number.

A word is shown where it is known (`known_words`), so that no name, handle or slip is ever one, and where it does not
stand as a given name after a surname or before a title (张建设, 江山老师). Addresses, handles, figures and the marks of
redaction are taken out first. Weight: how many different texts hold it, times how much more often than ordinarily.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

from sentiment.emoticon import CODE
from sentiment.known_words import (
    COMPOUND,
    COMPOUND_ENDS,
    CONTACTS,
    FAMILIAR,
    SURNAMES,
    TALK,
    TITLES,
    begins_like_a_name,
    is_stop,
    known,
)
from sentiment.ordinary import latin
from sentiment.segment import cut
from sentiment.snow import unknown_word, vocabulary
from sentiment.snow_tables import tables

SHOWN = 12
READ = 400
"""Characters of each text that are read."""
LEAST = ((30, 3), (5, 2), (0, 1))
"""From how many different texts on a word must stand in how many of them."""
LONGEST = 6
PART = 1.5
"""A word in this many times the texts of a longer one that holds it is a word of its own."""
OFTEN = 0.6
"""The share of a word's places at which its neighbour must stand that both be shown as one."""
VEIL = "〔略〕"
"""Stands for an address, a handle or a long figure that redaction at the door has left."""
EVERYDAY = frozenset("都那管楼门来全和包查封白连成盖关井简国时明安平方路车边花水应任解计支官海和党房师修原单南台区常强")
"""Surnames that as often are a word of their own: by themselves they make no name."""
_POINTS = r"https?://\S+|www\.\S+|(?<![\w.%+\-])[a-z\d._%+\-]{1,64}@[a-z\d.\-]{1,63}|@[\w\-·]+"
_FIGURE = r"(?<![a-z\d])[a-z]*\d"
_VEILED = re.compile(rf"{_POINTS}|{_FIGURE}[a-z\d\-_]{{4,}}", re.IGNORECASE)
_NOTHING = re.compile(
    rf"〔[^〕]{{0,12}}〕|{CODE.pattern}|{_POINTS}|{_FIGURE}[a-z\d\-_]*",
    re.IGNORECASE,
)
_CHINESE = re.compile("[\u4e00-\u9fff]{1,6}")
_NOT_LETTERS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Keyword:
    """A word with the number of texts in which these letters stand (`holds`), and its weight (above 0)."""

    word: str
    texts: int
    weight: float


def plain(text: str) -> str:
    """The beginning of a text without addresses, handles, figures, codes and marks of redaction."""
    return _NOTHING.sub(" ", text[:READ])


def holds(text: str, word: str) -> bool:
    """Whether a text counts for a keyword."""
    return word in plain(text).lower()


def veiled(text: str) -> str:
    """The beginning of a text as it may be shown: addresses, handles and long figures are veiled."""
    return _VEILED.sub(VEIL, text[:READ])


def words_of(texts: Sequence[str]) -> list[list[str]]:
    """Of each text the words that may be shown, in order, with an empty one wherever something else stands."""
    return [list(_shown(list(_mended(words)))) for words in cut([plain(text) for text in texts])]


def keywords(texts: Iterable[str], most: int = SHOWN) -> list[Keyword]:
    """The words that mark these (redacted) texts, the weightiest first. The same text many times weighs once."""
    many = Counter(texts)
    different = {_NOT_LETTERS.sub("", text): text for text in many}
    read = dict(zip(different, words_of(list(different.values())), strict=True))
    said = _joined(read)
    held = Counter(word for words in said.values() for word in set(words) if word)
    least = next(times for lines, times in LEAST if len(said) >= lines)
    total = max(1, sum(len(words) for words in said.values()))
    found = [
        Keyword(word, texts_with, weight)
        for word, texts_with in held.items()
        if texts_with >= least and (weight := texts_with * math.log(texts_with / total / _ordinary(word))) > 0
    ]
    found.sort(key=lambda one: (-one.weight, one.word))
    lines = [(plain(text).lower(), times) for text, times in many.items()]
    return [replace(one, texts=sum(times for line, times in lines if one.word in line)) for one in _whole(found)[:most]]


def names_somebody(texts: Sequence[str]) -> list[bool]:
    """Of each text whether a person may be named in it: before a title or by a surname. Rather too often than not."""
    return [any(_is_name(*three) for three in _in_threes(list(_mended(words)))) for words in cut(list(texts))]


def _in_threes(words: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Each word with the one before and the one behind, empty at either end."""
    return zip(("", *words), words, (*words[1:], ""), strict=False)


def _is_name(before: str, word: str, behind: str) -> bool:
    if not _CHINESE.fullmatch(word):
        return False
    strange = len(word) == 1 or word not in known()
    titled = behind in TITLES and len(behind) > 1 and not is_stop(word)
    if titled and (strange or begins_like_a_name(word) or before in SURNAMES):
        return True
    if (before in SURNAMES and before not in EVERYDAY) or before in COMPOUND:
        return not is_stop(word)
    surname = (word[0] in SURNAMES and word[0] not in EVERYDAY) or word[:2] in COMPOUND
    return surname and 2 <= len(word) <= 4 and strange


def _mended(words: Sequence[str]) -> Iterator[str]:
    """Two pieces that make a known word, of which not both are known by themselves, are that word."""
    at = 0
    while at < len(words):
        pair = words[at] + words[at + 1] if at + 1 < len(words) else ""
        if pair in known() and not (words[at] in known() and words[at + 1] in known()):
            yield pair
            at += 2
        else:
            yield words[at]
            at += 1


def _shown(words: Sequence[str]) -> Iterator[str]:
    """Each word that may be shown, else an empty one."""
    for at, word in enumerate(words):
        before = words[at - 1] if at else ""
        behind = words[at + 1] if at + 1 < len(words) else ""
        yield word.lower() if _may_be_shown(word.lower(), before, behind) else ""


def _may_be_shown(word: str, before: str, behind: str) -> bool:
    if word.isascii():
        return len(word) > 1 and word in latin() and word not in CONTACTS
    if word not in known() or word in TALK or word in TITLES or is_stop(word):
        return False
    return not (_ends_like_a_surname(before) or (behind in TITLES and begins_like_a_name(word)))


def _ends_like_a_surname(word: str) -> bool:
    """Whether what follows may be a given name: after a surname by itself, or at the end of what is no known word."""
    if not word or not _CHINESE.fullmatch(word):
        return False
    if word in COMPOUND:
        return True
    return word not in known() and (word[-1] in SURNAMES or word[-1] in FAMILIAR or word[-1] in COMPOUND_ENDS)


def _joined(read: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The words of each text, those that mostly stand side by side as one."""
    single, pairs = Counter[str](), Counter[tuple[str, str]]()
    for words in read.values():
        single.update(words)
        pairs.update((a, b) for a, b in pairwise(words) if a and b and not (a + b).isascii())
    one = {
        pair
        for pair, times in pairs.items()
        if times >= 2 and times >= OFTEN * min(single[pair[0]], single[pair[1]]) and len(pair[0] + pair[1]) <= LONGEST
    }
    return {key: list(_merged(words, one)) for key, words in read.items()}


def _merged(words: Sequence[str], one: set[tuple[str, str]]) -> Iterator[str]:
    at = 0
    while at < len(words):
        if at + 1 < len(words) and (words[at], words[at + 1]) in one:
            yield words[at] + words[at + 1]
            at += 2
        else:
            yield words[at]
            at += 1


def _whole(found: Sequence[Keyword]) -> list[Keyword]:
    """Without words that are nothing but a part of a longer one."""
    return [one for one in found if not any(_is_part(one, other) for other in found)]


def _is_part(one: Keyword, other: Keyword) -> bool:
    return one.word != other.word and one.word in other.word and one.texts <= PART * other.texts


def _ordinary(word: str) -> float:
    """How often a word ordinarily stands among words: in reviews or in our corpus, whichever is more; 0..1."""
    return max(_reviewed().get(word, _unseen()), known().get(word, 0.0))


@cache
def _reviewed() -> dict[str, float]:
    """The shares of the words of SnowNLP's own reviews."""
    negative, positive = tables().word_values
    places = vocabulary()
    shares = [(math.exp(a) + math.exp(b)) / 2 for a, b in zip(negative.tolist(), positive.tolist(), strict=True)]
    return {word: shares[place] for word, place in places.items()}


def _unseen() -> float:
    negative, positive = tables().word_values[:, unknown_word()].tolist()
    return (math.exp(negative) + math.exp(positive)) / 2
