"""The second look: listed words that were written in pinyin, by initials, by sound, with emoji or by look-alikes.

Such writing is common in ordinary texts too (师德 sounds like 是的, sx is many a word), so this is done for listed
words only, and each step has its own bar:

* **pinyin** (tousu, tou诉, tou su): letters that are whole syllables from end to end; of a longer run of letters only
  five and more of them (nitousu), fewer in a suspicious text, and none beside characters (两条hua is no 跳hu); of a
  word that is not in `by_sound` all of it in letters, six and more (of a short list also in part), else only in a
  suspicious text;
* **initials** (fdy): a word of letters by itself, of three letters and more, that no other word of `by_sound` could
  mean; two letters only in a suspicious text;
* **homophone** (偷素): what is written is so unlikely where it stands that its sound does not explain it
  (`sentiment.odds`), the more words are heard, the more unlikely; less so where two of them stand in one text, and
  least in a suspicious text; words whose sound is too common (not in `by_sound`) only in a suspicious text;
* **emoji** (🔥灾): an emoji that is read as one of the word's characters, or sounds like it, the others as they are;
  only emoji, or one that but sounds like it for a word that is not in `by_sound`, only in a suspicious text;
* **lookalike** (评仑, tоusu with a Cyrillic о): one character of a like shape, in no ordinary pair, which makes what is
  written unlikely; where it is no rare component of the other, only in a suspicious text.

A text is suspicious when a surer disguise was found in it: split characters, pinyin, an emoji, a look-alike, two
homophones.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import accumulate, chain, islice, permutations
from math import log
from operator import attrgetter

from sentiment.lookalike import EMOJI, LETTERS, Shaped, is_part
from sentiment.normalise import Normalised, Step, has_split, normalise
from sentiment.odds import chance, coincidence, odds
from sentiment.ordinary import is_ordinary_throughout, is_rare, latin
from sentiment.segment import points_of
from sentiment.snow_tables import Numbers
from sentiment.sound import readings
from sentiment.spelled import HAN, LATIN, LONGEST, letters_of
from sentiment.writings import Finder, Sounding, writings_of

RARE_WORDS = frozenset(
    (
        "投宿", "世袭", "移情", "义士", "礁石", "苍鹰", "拳王", "庶吉", "七世", "触点", "聚宝", "校场", "初生", "初盛",
        "包扎", "保养", "抱养", "中度", "重度", "庆生", "情圣", "封好", "缝好", "会扣", "八零", "八科", "巴陵", "带宽",
        "办主任", "独播", "长廊", "强健", "强碱", "如麻", "消长", "小章", "小张", "氢生", "谱广", "石塘", "全退",
        "偷排", "帅锅",
    )
)  # fmt: skip
"""Words that are written, though too rarely to be ordinary pairs, and that sound like words one would list."""
ENGLISH = frozenset(
    ("women", "change", "dance", "guide", "name", "game", "same", "mine", "here", "made", "make", "time")
)
"""English words that read like pinyin."""
ALONE, EACH = 8.4, 2.0
"""Odds, in nats, from which one homophone is believed: ALONE for a list of one word, EACH more for every e-fold of
words, as false ones fall by a factor of 1.6 a nat."""
TOGETHER = 12.0
"""Odds from which each of two homophones in one text is believed."""
SUSPICIOUS, ANY_SUSPICIOUS = 10.0, 8.0
"""Odds from which a homophone is believed in a suspicious text; of words that are not in `by_sound` ANY_SUSPICIOUS for
a list of one, and 1 more for every e-fold."""
RARELY = 100
"""Times that ordinary pairs sound like a word, up to which it is read in letters and other characters (tou素)."""
LEAST_CUT, LEAST_SPELT = 5, 6
"""Letters of a word in pinyin: of one cut out of a longer run; of one that is not in `by_sound`. Of such a one written
partly so as many as the list has e-folds of words."""
LIKE, ANY_LIKE = 16.0, 10.0
"""Chance against it, in nats, from which a word in a like shape is believed; for words that are not in `by_sound`,
ANY_LIKE for a list of one word and EACH more for every e-fold."""
HEAD, TAIL = 3072, 1024
"""Characters that are looked at, from the beginning and from the end of a long text."""
MOST = 200
"""Places looked at of each kind; a text that is full of disguised words has said so before."""
_LISTED = re.compile(f"[\u4e00-\u9fff]{{1,{LONGEST}}}")
_EMOJI = str.maketrans(EMOJI)
_LETTERS = str.maketrans(LETTERS)
_FOREIGN = re.compile(rf"[a-z][{''.join(LETTERS)}]|[{''.join(LETTERS)}][a-z]")
_PICTURES = re.compile("[\u2600-\u2bff\U0001f000-\U0001faff]")
"""Where all of EMOJI lie: a look at ranges takes a tenth of one at each."""
_ADDRESS = re.compile(r"[/@]|.?[a-z]+\.(?:com|cn|net|org)")
"""A piece of an address on the net, from the character before its letters."""
_IN_ORDER = attrgetter("word", "start", "end", "step")


@dataclass(frozen=True, slots=True)
class Seen:
    """A listed word found disguised: `raw[start:end]` is how it was written, `step` how it was read."""

    word: str
    start: int
    end: int
    step: Step


class Trust(IntEnum):
    """How readily what was seen is believed: in a suspicious text, beside another one that is likely, always."""

    SUSPECTED = 1
    LIKELY = 2
    SURE = 3


class Disguises:
    """A list of words made ready; build once per process (0.2 s for six thousand), then look at any text."""

    def __init__(
        self,
        words: Iterable[str],
        by_sound: Collection[str] | None = None,
    ) -> None:
        """`words`: normalised; those with other than Chinese characters are passed over.

        `by_sound`: those that are found by their sound in any text, and by their initials; None for all.
        """
        self.words = sorted(set(filter(_LISTED.fullmatch, words)))
        self._by_sound = frozenset(self.words if by_sound is None else by_sound)
        self._alone = ALONE + EACH * log(max(1, len(self._by_sound)))
        self._suspicious = ANY_SUSPICIOUS + log(max(1, len(self.words)))
        self._shaped_from = ANY_LIKE + EACH * log(max(1, len(self.words)))
        known = writings_of(self.words, sorted(self._by_sound.intersection(self.words)))
        self._sounds, self._spelled = Finder(known.sounds), Finder(known.spelled)
        self._anywhere = [tuple(filter(self._by_sound.__contains__, words)) for words in self._sounds.words]
        self._alike = Shaped(self.words, known.odd)
        self._initials = known.initials
        self._sounding = Sounding(known.codes)

    def look(self, text: Normalised) -> list[Seen]:
        """Every listed word that stands disguised in a text, in order; spans point into `text.raw`.

        Words may overlap (投诉 in 投诉电话), and several that sound alike may have one span. Work is bounded: of a long
        text its beginning and its end are looked at, and of each kind the first MOST places.
        """
        return self.look_all((text,))[0]

    def look_all(self, texts: Sequence[Normalised]) -> list[list[Seen]]:
        """As `look`, for each of many texts, at a third of the cost: most are passed over together."""
        found: list[list[tuple[Trust, Seen]]] = [[] for _ in texts]
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
            sorted({seen for trust, seen in some if trust is Trust.SURE or owner in suspicious}, key=_IN_ORDER)
            if some
            else []
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
        """Where listed words sound; without emoji (`drawn`) only those that may be meant by what stands there."""
        known, anywhere = self._sounds.words, self._anywhere
        for start, end, number in self._sounds.hits(self._sounding.of(points)):
            if drawn:
                yield start, end, known[number]
                continue
            written = joined[start:end]
            words = anywhere[number] if is_ordinary_throughout(written) else known[number]
            if words and written not in RARE_WORDS and written not in known[number]:
                yield start, end, words

    def _found(
        self, part: _Part, heard: Sequence[_Heard], shaped: Sequence[int]
    ) -> tuple[list[tuple[Trust, Seen]], bool]:
        """What was seen, and whether the text is suspicious."""
        base, there = part.base, part.there
        ways = (self._heard(base, part.drawn, heard), self._shaped(base, shaped), self._read(base))
        found = [one for way in ways for one in islice(way, MOST)]
        strange = (
            any(trust is Trust.SURE and seen.step is not Step.HOMOPHONE for trust, seen in found)
            or (bool(found) and has_split(base))
            or _in_company(part.base.raw, found)
        )
        if there:
            found = [(trust, replace(one, start=one.start + there, end=one.end + there)) for trust, one in found]
        return found, strange

    def _heard(self, base: Normalised, drawn: frozenset[int], places: Iterable[_Heard]) -> Iterator[tuple[Trust, Seen]]:
        """Words by sound."""
        for start, end, words in places:
            if drawn and not drawn.isdisjoint(base.starts[start:end]):
                yield from self._drawn(base, drawn, (start, end), words)
                continue
            written = base.text[start:end]
            if drawn and (written in words or written in RARE_WORDS):
                continue
            for word in words:
                bar = SUSPICIOUS if word in self._by_sound else self._suspicious
                if (figure := odds(base.text, start, end, word)) >= bar:
                    yield self._trust(word, figure), Seen(word, *base.original(start, end), Step.HOMOPHONE)

    def _trust(self, word: str, figure: float) -> Trust:
        if word not in self._by_sound or figure < min(TOGETHER, self._alone):
            return Trust.SUSPECTED
        return Trust.SURE if figure >= self._alone else Trust.LIKELY

    def _drawn(
        self, base: Normalised, drawn: frozenset[int], span: tuple[int, int], words: Iterable[str]
    ) -> Iterator[tuple[Trust, Seen]]:
        """Of the words that sound like what stands here those of which all but emoji are written as they are."""
        written, places = base.text[slice(*span)], base.starts[slice(*span)]
        for word in words:
            same = [one == other for one, other in zip(written, word, strict=True)]
            if all(one or place in drawn for one, place in zip(same, places, strict=True)):
                sure = not drawn.issuperset(places) and (all(same) or word in self._by_sound)
                yield _surely(sure), Seen(word, *base.original(*span), Step.EMOJI)

    def _shaped(self, base: Normalised, places: Iterable[int]) -> Iterator[tuple[Trust, Seen]]:
        for start, end, word in self._alike.find(base.text, places):
            like, char = next(
                (one, other) for one, other in zip(base.text[start:end], word, strict=True) if one != other
            )
            if (figure := chance(base.text, start, end)) >= LIKE:
                sure = is_rare(like) and is_part(like, char) and (word in self._by_sound or figure >= self._shaped_from)
                yield _surely(sure), Seen(word, *base.original(start, end), Step.LOOKALIKE)

    def _read(self, base: Normalised) -> Iterator[tuple[Trust, Seen]]:
        """Words by their letters."""
        step, text = Step.PINYIN, base.text
        if not LATIN.search(text):
            return
        if _FOREIGN.search(text):
            step, text = Step.LOOKALIKE, text.translate(_LETTERS)
        for run in LATIN.finditer(text):
            if (word := self._initials.get(run.group())) and not _touches_digit(text, *run.span()):
                short = run.end() - run.start() < 3
                yield _surely(not short), Seen(word, *base.original(*run.span()), Step.INITIALS)
        spelled = letters_of(text)
        for start, end, number in self._spelled.hits(spelled.letters):
            first, last = spelled.places[start], spelled.places[end - 1] + 1
            written = text[first:last]
            if LATIN.search(written) and written not in ENGLISH:
                if _ADDRESS.match(text, max(0, first - 1)):
                    continue
                cut = _within_run(text, first) or _within_run(text, last)
                if cut and HAN.search(written):
                    continue
                for word in self._spelled.words[number]:
                    if spelled.is_whole(start, end, word):
                        sure = self._is_spelled(word, spelled.letters[start:end], written, cut=cut)
                        yield _surely(sure), Seen(word, *base.original(first, last), step)

    def _is_spelled(self, word: str, letters: str, written: str, *, cut: bool) -> bool:
        """Whether these letters are the word and hardly another; `cut`: out of a longer run of letters."""
        chars = HAN.findall(written)
        if len(word) == 1 or (cut and len(letters) < LEAST_CUT):
            return False
        if not set(chars) <= set(word):
            return word in self._by_sound and coincidence(word) <= RARELY
        if word in self._by_sound:
            return True
        usual = "".join(readings(char)[0] for char in word)
        least = log(len(self.words)) if chars else LEAST_SPELT
        return letters == usual and sum(map(len, LATIN.findall(written))) >= least and written not in latin()


def _within_run(text: str, place: int) -> bool:
    """Whether a run of letters goes on across this place."""
    return 0 < place < len(text) and LATIN.fullmatch(text, place - 1, place + 1) is not None


def _surely(sure: bool) -> Trust:
    return Trust.SURE if sure else Trust.SUSPECTED


def _in_company(raw: str, found: Iterable[tuple[Trust, Seen]]) -> bool:
    """Whether two homophones, at least likely and written differently, stand apart."""
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for trust, one in found:
        if trust >= Trust.LIKELY and one.step is Step.HOMOPHONE:
            written = raw[one.start : one.end]
            first[written] = min(one.end, first.get(written, one.end))
            last[written] = max(one.start, last.get(written, 0))
    return any(first[one] <= last[other] for one, other in permutations(first, 2))


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


def _touches_digit(text: str, start: int, end: int) -> bool:
    return text[start - 1 : start].isdigit() or text[end : end + 1].isdigit()
