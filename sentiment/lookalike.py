"""Look-alikes: emoji that stand for a character, letters of other scripts, and Chinese characters of a like shape."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sentiment import components
from sentiment.ordinary import followers, is_ordinary
from sentiment.ordinary import source as pairs
from sentiment.segment import points_of
from sentiment.shelf import shelved
from sentiment.snow_tables import SPREAD, Numbers

EMOJI = {
    "🐔": "鸡", "🐓": "鸡", "🐴": "马", "🐎": "马", "🍚": "饭", "🔥": "火", "💊": "药", "🐷": "猪", "🐖": "猪",
    "🐶": "狗", "🐕": "狗", "🐮": "牛", "🐂": "牛", "🐑": "羊", "🐏": "羊", "🦌": "鹿", "🐭": "鼠", "🐀": "鼠",
    "🪰": "蝇", "🪳": "螂", "🐛": "虫", "🪱": "虫", "🐜": "蚁", "🐍": "蛇", "🐢": "龟", "🐟": "鱼", "🐠": "鱼",
    "🐣": "鸡", "🦆": "鸭", "🥚": "蛋", "🍜": "面", "🍞": "包", "🥬": "菜", "🥩": "肉", "🍎": "果", "🍵": "茶",
    "🍷": "酒", "🍺": "酒", "🚬": "烟", "💩": "屎", "💰": "钱", "💴": "钱", "💵": "钱", "💸": "钱", "🔪": "刀",
    "🗡": "刀", "🔫": "枪", "💣": "炸", "💥": "炸", "💀": "死", "☠": "死", "🩸": "血", "💉": "针", "🚑": "救",
    "👮": "警", "🚓": "警", "🏥": "医", "🏫": "校", "🏢": "楼", "🏠": "房", "🏭": "厂", "🚗": "车", "🚌": "车",
    "🚲": "车", "✈": "机", "📱": "机", "💻": "脑", "⚡": "电", "💧": "水", "💦": "水", "☀": "日", "🌙": "月",
    "⭐": "星", "❄": "雪", "🌧": "雨", "💨": "风", "🌳": "树", "🌸": "花", "👄": "口", "👅": "舔", "👂": "耳",
    "👀": "看", "👃": "鼻", "✋": "手", "🤚": "手", "🦶": "脚", "🦵": "腿", "❤": "心", "🧠": "脑", "🦷": "牙",
    "👨": "男", "👩": "女", "👴": "爷", "👵": "奶", "👶": "婴", "👻": "鬼", "🤡": "丑", "🚶": "走", "🏃": "跑",
    "🏊": "泳", "🛏": "床", "🚪": "门", "🔑": "钥", "🔒": "锁", "📖": "书", "📚": "书", "📄": "卷", "🖊": "笔",
    "🪪": "证", "🎓": "学", "👗": "裙", "👖": "裤", "👟": "鞋", "👙": "裸", "🈲": "禁", "🈶": "有", "🈚": "无",
    "🉑": "可", "🀄": "中", "🐦": "鸟", "🐺": "狼", "🐯": "虎", "🐰": "兔", "🐵": "猴", "🐒": "猴", "🐉": "龙",
    "🐲": "龙", "🦴": "骨", "🧪": "毒", "☣": "毒",
}  # fmt: skip
"""What an emoji is read as: what it shows, or what that sounds like. `sentiment.disguise` reads it by sound."""

LETTERS = dict(
    zip(
        "аеорсухіјѕһԁԛԝвкмнтαοριυκνετ",
        "aeopcyxijshdqwbkmhtaopiukvet",
        strict=True,
    )
)
"""Cyrillic and Greek letters that look like Latin ones, from Unicode's table of confusables; lower case."""

LIKE = (
    "己已巳",
    "未末",
    "土士",
    "日曰",
    "人入",
    "拆折",
    "侯候",
    "兔免",
    "戊戌戍",
    "干千于",
    "天夭",
    "大太犬",
    "贷货",
    "治冶",
)
"""Characters of a like shape that no common component shows."""

MOST = 24
"""A component of more characters than this is a radical, and says nothing of the shape."""


MOST_PLACES = 500
"""Pairs that may be part of a word in a like shape, after which no more are looked at; a comment has one in ten."""


@dataclass(frozen=True, slots=True)
class _Shapes:
    """`parts`: of each character its components; `halves`: those of them that make it up by twos; `holders`: of each
    such component the ordinary characters that hold it, where they are not more than MOST."""

    parts: dict[str, str]
    halves: dict[str, str]
    holders: dict[str, str]


@cache
def _shapes() -> _Shapes:
    """About 3 MB."""
    return shelved("shapes", sources(), _made, _read)


def sources() -> tuple[bytes, ...]:
    """What tells which characters look alike."""
    return Path(__file__).read_bytes(), pairs(), *components.sources()


def _read(kept: Mapping[str, Any]) -> _Shapes:
    return _Shapes(*({str(char): str(some) for char, some in kept[name].items()} for name in _Shapes.__slots__))


def _made() -> dict[str, object]:
    data = components.decompositions()
    ordinary = followers()
    parts: dict[str, str] = {}
    halves: dict[str, str] = {}
    holders: defaultdict[str, str] = defaultdict(str)
    for char in sorted(ordinary.keys() & data.keys()):
        halves[char] = "".join(sorted({part for split in data[char] if len(split) == 2 for part in split}))
        for half in halves[char]:
            holders[half] += char
    few = {part: chars for part, chars in holders.items() if len(chars) <= MOST}
    for char in sorted(data.keys() & {*ordinary, *few, *"".join(LIKE)}):
        parts[char] = "".join(sorted({part for split in data[char] for part in split}))
    return {"parts": parts, "halves": halves, "holders": few}


def is_part(one: str, other: str) -> bool:
    """Whether one of two characters is a component of the other: 仑 of 论."""
    parts = _shapes().parts
    return one in parts.get(other, "") or other in parts.get(one, "")


@cache
def lookalikes(char: str) -> str:
    """Characters that look like this one: its component, and what shares it. 论 has 仑, 轮, 伦; 未 has 末."""
    shapes = _shapes()
    found = set(shapes.holders.get(char, ""))
    for half in shapes.halves.get(char, ""):
        if half in shapes.holders:
            found.update(half, shapes.holders[half])
    for alike in LIKE:
        if char in alike:
            found.update(alike)
    return "".join(sorted(found - {char}))


_BITS = 23
"""Of a place in the filter of odd pairs, which takes 2**_BITS bits."""


def _hashed(first: Numbers, second: Numbers) -> Numbers:
    place: Numbers = (first << np.uint32(16) ^ second) * np.uint32(SPREAD) >> np.uint32(32 - _BITS)
    return place


def _filter(odd: Mapping[str, str]) -> npt.NDArray[np.uint8]:
    """A bit for every pair of a first character and its second ones; a pair whose bit is not set is none of them."""
    firsts = points_of("".join(first * len(seconds) for first, seconds in odd.items()))
    bits = np.zeros(1 << _BITS, bool)
    bits[_hashed(firsts, points_of("".join(odd.values())))] = True
    return np.packbits(bits, bitorder="little")


def _pairs(word: str) -> set[str]:
    return {one + other for one, other in pairwise(word)}


def odd_pairs(words: Iterable[str]) -> dict[str, str]:
    """First character to the second ones beside which it may be part of one of the words in a like shape."""
    before: defaultdict[str, set[str]] = defaultdict(set)
    after: defaultdict[str, set[str]] = defaultdict(set)
    for pair in set[str]().union(*map(_pairs, words)):
        before[pair[1]].add(pair[0])
        after[pair[0]].add(pair[1])
    ordinary = followers()
    alike = {char: {one for one in lookalikes(char) if one in ordinary} for char in {*before, *after}}
    odd: defaultdict[str, set[str]] = defaultdict(set)
    for second, firsts in before.items():
        for first in set[str]().union(*(alike[one] for one in firsts)):
            if second not in ordinary[first]:
                odd[first].add(second)
    for first, seconds in after.items():
        odd[first] |= set[str]().union(*(alike[one] for one in seconds)) - set(ordinary.get(first, ""))
    return {first: "".join(sorted(seconds)) for first, seconds in sorted(odd.items()) if seconds}


class Shaped:
    """Listed words with one character in a like shape, where that makes pairs that nobody writes: 评仑.

    No pattern is kept for each of the hundred thousand ways of writing them, only which two characters side by side
    may be of one.
    """

    def __init__(self, words: Sequence[str], odd: Mapping[str, str] | None = None) -> None:
        """`odd`: what `odd_pairs` gave for these words, where that is known."""
        self._known = frozenset(words)
        self._holding: defaultdict[str, list[str]] = defaultdict(list)
        for word in words:
            for pair in _pairs(word):
                self._holding[pair].append(word)
        self._odd = odd_pairs(words) if odd is None else odd
        self._may_be_odd = _filter(self._odd)

    def places(self, text: str, points: Numbers) -> Iterator[int]:
        """Where two characters stand that may be of a word in a like shape, in order. `points`: the text's own."""
        place = _hashed(points[:-1], points[1:])
        maybe = self._may_be_odd.take(place >> np.uint32(3)) >> (place & np.uint32(7)) & np.uint8(1)
        odd = self._odd
        return (at for at in np.flatnonzero(maybe).tolist() if text[at + 1] in odd.get(text[at], ""))

    def find(self, text: str, places: Iterable[int]) -> Iterator[tuple[int, int, str]]:
        """Start, end and word at every one of these `places` of the text, in any order; one may be told twice."""
        for place in islice(places, MOST_PLACES):
            first, second = text[place], text[place + 1]
            for char in lookalikes(first) if first in followers() else "":
                if char + second in self._holding:
                    yield from self._over(text, place, char + second, place)
            for char in lookalikes(second) if second in followers() else "":
                if first + char in self._holding:
                    yield from self._over(text, place, first + char, place + 1)

    def _over(self, text: str, place: int, pair: str, odd: int) -> Iterator[tuple[int, int, str]]:
        """Words that hold the pair and stand over it, but for the character at `odd`, which nobody writes there."""
        for word in self._holding[pair]:
            at = word.find(pair)
            while at >= 0:
                start, hole = place - at, odd - place + at
                written = text[start : start + len(word)] if start >= 0 else ""
                around = written[max(0, hole - 1) : hole + 2]
                if (
                    written[:hole] == word[:hole]
                    and written[hole + 1 :] == word[hole + 1 :]
                    and written not in self._known
                    and not any(map(is_ordinary, around, around[1:]))
                ):
                    yield start, start + len(word), word
                at = word.find(pair, at + 1)
