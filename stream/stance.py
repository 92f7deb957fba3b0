"""Stance: how a text means a word in it: told, denied, supposed, asked, quoted, or part of a title.

没有人受伤 denies, 万一着火怎么办 supposes, 会不会着火 asks, 网传着火了 quotes, 《火灾案例》 is a title. A stance is
read off the words of the same clause around a span, never off the span itself: 没反应 and 没有意义 are terms. The words
that decide are the lists `stance_…` of `rules/words.toml`; without them everything is told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

Span = tuple[int, int]
REACH = 24
"""Characters of a clause that are read on either side."""
TITLE = 40
"""Characters that a title 《…》 may have on either side of a word in it."""
CLAUSE = re.compile(r"[,，.。!！?？;；:：~～\s…]")
PREFIX = "stance_"


class Stance(StrEnum):
    """How the words are meant."""

    TOLD = "told"
    DENIED = "denied"
    SUPPOSED = "supposed"
    ASKED = "asked"
    QUOTED = "quoted"
    TITLED = "titled"


WORDS: Mapping[Stance, str] = {
    Stance.TOLD: "是陈述",
    Stance.DENIED: "是在否认",
    Stance.SUPPOSED: "是假设、担心或比方",
    Stance.ASKED: "只是在问",
    Stance.QUOTED: "是在转述",
    Stance.TITLED: "是书名、课名",
}


class StanceWords:
    """The lists made ready. `words`: those of the rulebook."""

    def __init__(self, words: Mapping[str, Sequence[str]]) -> None:
        def any_of(name: str) -> str:
            terms = sorted(words.get(PREFIX + name, ()), key=lambda term: (-len(term), term))
            return "|".join(map(re.escape, terms)) or r"(?!)"

        inner = rf"(?:{any_of('inner')})*"
        self._denied = re.compile(rf"(?:{any_of('denied')}){inner}$")
        self._asked = re.compile(rf"(?:{any_of('asked')}){inner}$")
        self._may = re.compile(rf"(?:{any_of('may')}){inner}$")
        self._supposed = re.compile(rf"(?:{any_of('supposed')})(?!{any_of('again')})")
        self._mistaken = re.compile(any_of("mistaken"))
        self._refuted = re.compile(rf"[^,]{{0,6}}?(?:{any_of('refuted')})(?!{any_of('asking')}|[?？])")
        self._refuted_next = re.compile(rf"[,，](?:{any_of('refuted')})(?!{any_of('asking')}|[?？])")
        self._like = re.compile(rf"(?:{any_of('like')})[^,]{{0,8}}$")
        self._likewise = re.compile(rf".{{0,8}}?(?:{any_of('likewise')})")
        self._what_then = re.compile(any_of("what_then"))
        self._quoted = re.compile(any_of("quoted"))
        self._event = re.compile(any_of("event"))
        self._asking = re.compile(rf"(?:{any_of('asking')})$")
        self._unstaged = re.compile(
            rf"(?<!是)(?:不是|并非)(?:在|什么)?({any_of('staged')})(?!{any_of('asking')}|[?？])"
        )
        self._joined = re.compile(rf"(?:{any_of('joined')})*$")

    def earnest(self, text: str) -> str:
        """The text with 演练 blotted out of 不是演练, 剧情 of 不是剧情: there it excuses nothing. Of equal length."""
        if "不是" not in text and "并非" not in text:
            return text
        return self._unstaged.sub(lambda found: found[0][: -len(found[1])] + "□" * len(found[1]), text)

    def joined(self, text: str, before: Span, after: Span) -> bool:
        """Whether a second word stands under the same negation as the first: 没吃出过虫子, 没有打人和骂人."""
        return before[1] <= after[0] and bool(self._joined.match(text[before[1] : after[0]]))

    def stance(self, text: str, span: Span) -> Stance:
        """How `text[span]` is meant; `text` is normalised. Reads at most some forty characters on either side."""
        start, end = span
        if _within(text, start, end, "《", "》"):
            return Stance.TITLED
        left, right, asks = self._clause(text, start, end)
        after = end + len(right)
        told = right.startswith("了") or text[end - 1] == "了" or bool(self._event.search(right))
        if self._refuted.match(text, end, after) or self._refuted_next.match(text, after, after + REACH):
            return Stance.DENIED
        if self._asked.search(left):
            return Stance.TOLD if told else Stance.ASKED
        if self._denied.search(left):
            return Stance.DENIED if not asks else Stance.TOLD if told else Stance.ASKED
        if self._is_supposed(text, start, left, right):
            return Stance.SUPPOSED
        if asks and not told and self._may.search(left):
            return Stance.ASKED
        if self._quoted.search(left) or _within(text, start, end, "“", "”"):
            return Stance.QUOTED
        return Stance.TOLD

    def _clause(self, text: str, start: int, end: int) -> tuple[str, str, bool]:
        """What stands before and after the span in its clause, without what only looks like a word that decides;
        and whether the clause asks."""
        left = CLAUSE.split(text[max(0, start - REACH) : start])[-1]
        after = text[end : end + REACH]
        stop = CLAUSE.search(after)
        right = after[: stop.start()] if stop else after
        asks = bool(stop and stop.group() in "?？") or bool(self._asking.search(right))
        return self._mistaken.sub("□", left), right, asks

    def _is_supposed(self, text: str, start: int, left: str, right: str) -> bool:
        if self._supposed.search(left) or (self._like.search(left) and self._likewise.match(right)):
            return True
        if not self._what_then.search(right):
            return False
        before = re.split(r"[。!?;\n]", text[max(0, start - REACH) : start])[-1]
        return bool(self._supposed.search(self._mistaken.sub("□", before)))


def _within(text: str, start: int, end: int, opening: str, closing: str) -> bool:
    """Whether the span stands between an opening and its closing mark."""
    first = text.rfind(opening, max(0, start - TITLE), start)
    return first >= 0 and text.find(closing, first, start) < 0 and text.find(closing, end, end + TITLE) >= 0
