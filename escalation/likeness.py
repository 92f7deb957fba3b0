"""Likeness: whether what an account published is what was approved; small edits pass and are shown, others do not.

Compared are the letters of the normalised texts. Figures, words of denial and words that decide (属实, 停业, 开除) must
be the same and in the same order whatever the likeness: “无人受伤” and “二人受伤” are not one text, nor are “情况属实”
and “情况失实”. Of a part they must be those of the whole sentences it was taken from, and what refutes the rest may not
be left out. Known limits: what stands in a picture or behind a link is not compared.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import accumulate

from escalation.imprint import body
from sentiment.normalise import normalise
from stream.novelty import grams, jaccard, letters

FITS = 0.8
"""Shared grams over all from which an edited text still counts as the approved one (系统默认，非校规)."""
PART = 0.95
"""Share of the published grams that the approved text has, where only a part of it was published or read."""
NEAR = 0.3
"""From here on a text that does not fit is named as the nearest one, so that a person can compare."""
SHOWN_MOST = 3_000
"""Characters of either text of which the difference is worked out."""
COST_MOST = 2_000_000
"""Steps that one difference may take; beyond it both texts are shown whole. A hostile text would take for ever."""
_NUMERAL, NUMERAL_MOST = "[〇零一二三四五六七八九十百千万亿两]", 14
_IDIOMS = re.compile(
    "进一步|第一时间|一如既往|一系列|一方面|一次性|一并|一律|一些|一定|一切|一直|一般|一起|一同|一道|一线|一体|一经|一旦"
    "|一向|一贯|一样|一致|一一|逐一|统一|唯一|同一|单一|不一|万一|千万|万分|万众|十分(?!钟)|百姓|百年|四处|三令五申"
    "|五湖四海|千方百计"
)
"""Words in which a numeral counts nothing; written in or left out they change no figure."""
DECIDING = (
    "属实", "失实", "真实", "虚假", "谣言", "误传", "子虚乌有", "暂停", "停止", "停业", "停课", "停餐", "停职", "恢复",
    "正常", "异常", "关闭", "开放", "取消", "撤销", "解除", "同意", "拒绝", "批准", "驳回", "允许", "禁止", "严禁",
    "开除", "免予", "免于", "免除", "处分", "警告", "记过", "留校察看", "撤职", "免职", "辞退", "解聘", "拘留", "合格",
    "超标", "轻伤", "重伤", "死亡", "去世", "遇难", "住院", "出院", "病危", "故意", "过失", "增加", "减少", "上升",
    "下降", "提高", "降低", "全部", "个别", "少数", "多数",
)  # fmt: skip
"""Words of which one for another turns what a text says, though hardly a letter changes; of a pair one is enough."""
_FIRM = re.compile(
    rf"\d+|(?<!{_NUMERAL}){_NUMERAL}{{1,{NUMERAL_MOST}}}(?!{_NUMERAL})|{'|'.join(DECIDING)}|[不无未没非否勿]"
)
_REFUTES = re.compile("不实|失实|不属实|谣言|虚假|不存在|并非|[未没]有?发生|误传")
_SENTENCE = re.compile(r"[^。！？!?；;\n]+")
_CLAUSE = re.compile(r"[^。！？!?；;，,、：:\n]*[。！？!?；;，,、：:\n]+|[^。！？!?；;，,、：:\n]+")
_CUT_OFF = re.compile(r"(?:…+|\.{2,6}|。{2,6})\s{0,3}(?:全文|展开)?\s{0,3}$")
PLACES_MOST = 3
"""A piece that stands in the approved text more often than this is no part that one could check."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """`share` 0..1; `exact`: word for word; `fits`: it counts as the approved text; `why` in Chinese."""

    share: float
    exact: bool
    fits: bool
    why: str

    @property
    def per_cent(self) -> int:
        """The share in whole per cent, never 100 where it is not exact."""
        return 100 if self.exact else min(99, round(100 * self.share))


def compare(approved: str, published: str) -> Likeness:
    """How like the published text is to the approved one; what platforms and editors put around it does not count."""
    found = _compare(approved, published)
    if found.fits or (bare := body(published)) == published:
        return found
    dated = firm(normalise(approved).text) - firm(normalise(body(approved)).text)  # an approved date stays as it is
    other = found if dated - firm(normalise(published).text) else _compare(approved, bare)
    return replace(other, exact=False, why=f"{other.why}，另附有链接、署名或日期") if other.fits else found


def _compare(approved: str, published: str) -> Likeness:
    one, other = normalise(approved).text, normalise(published).text
    if letters(one) == letters(other):
        return Likeness(1.0, bool(letters(one)), bool(letters(one)), "与批准的文字一致" if letters(one) else "没有文字")
    asked, said = grams(one), grams(other)
    share = jaccard(asked, said)
    held = len(asked & said) / len(said) if said else 0.0
    asked_firm, spoken = firm(one), firm(other)
    unturned = asked_firm == spoken and _in_order(one, other)
    if share >= FITS and unturned:
        return Likeness(share, False, True, f"有小改动，相同 {min(99, round(100 * share))}%")
    if held >= PART and (unturned or _is_part(one, _CUT_OFF.sub("", other))):
        return Likeness(held, False, True, "只发了（或只看到）批准文字的一部分")
    if share >= FITS or held >= PART:
        return Likeness(share, False, False, f"数字、否定词或关键词与批准的不同：{_told(asked_firm, spoken)}")
    return Likeness(max(share, 0.0), False, False, f"与批准的文字不同，相同 {round(100 * share)}%")


def firm(text: str) -> Counter[str]:
    """The figures, words of denial and deciding words of a normalised text, which no small edit may change."""
    return Counter(_firm_words(text))


def _firm_words(text: str) -> list[str]:
    return [word.replace("两", "二") for word in _FIRM.findall(_IDIOMS.sub("\n", text))]


def _in_order(approved: str, published: str) -> bool:
    """Whether what is firm stands in the same order, or in the same sentences in another order."""
    if _firm_words(approved) == _firm_words(published):
        return True
    one, other = (Counter(tuple(_firm_words(part)) for part in _sentences(text)) for text in (approved, published))
    return one == other


def _told(before: Counter[str], after: Counter[str]) -> str:
    gone, new = before - after, after - before
    parts = [f"少了“{'、'.join(sorted(gone))}”"] if gone else []
    parts += [f"多了“{'、'.join(sorted(new))}”"] if new else []
    return "，".join(parts) or "换了位置"


def _is_part(approved: str, published: str) -> bool:
    """Whether the published text is one piece, or whole sentences in their order, with nothing turned round by it."""
    if len(_REFUTES.findall(letters(approved))) != len(_REFUTES.findall(letters(published))):
        return False
    asked, said = _sentences(approved), _sentences(published)
    rest = iter(asked)
    return _is_piece(asked, "".join(said)) or all(one in rest for one in said)


def _sentences(text: str) -> list[str]:
    return [kept for one in _SENTENCE.findall(text) if (kept := letters(one))]


def _is_piece(sentences: list[str], piece: str) -> bool:
    """Whether the letters stand there in one piece and the sentences cut by it lose no figure and no denial."""
    whole, ends = "".join(sentences), list(accumulate(map(len, sentences)))
    at, places = whole.find(piece), 0
    while at >= 0:
        begin = max((end for end in ends if end <= at), default=0)
        end = min(end for end in ends if end >= at + len(piece))
        places += 1
        if places > PLACES_MOST or firm(whole[begin:end]) != firm(piece):
            return False
        at = whole.find(piece, at + 1)
    return places > 0


def difference(approved: str, published: str) -> Iterator[tuple[str, str]]:
    """Pieces in order as (`same` | `ins` | `del`, text), for a page; of very long texts the beginning.

    Clauses are compared first, then the letters of those that changed; what would take too long is shown whole.
    """
    one, other = _CLAUSE.findall(approved[:SHOWN_MOST]), _CLAUSE.findall(published[:SHOWN_MOST])
    left = COST_MOST
    for tag, before, after in _steps(one, other, left):
        old, new = "".join(before), "".join(after)
        if tag == "equal":
            yield from _said("same", old)
            continue
        for kind, a, b in _steps(old, new, left):
            if kind == "equal":
                yield from _said("same", "".join(a))
            else:
                yield from _said("del", "".join(a))
                yield from _said("ins", "".join(b))
        left = max(0, left - _cost(old, new))


def _said(kind: str, text: str) -> Iterator[tuple[str, str]]:
    if text:
        yield kind, text


def _steps(one: Sequence[str], other: Sequence[str], most: int) -> Iterator[tuple[str, Sequence[str], Sequence[str]]]:
    """What is equal and what was replaced; between the like ends all at once where finding it would cost more."""
    head = _alike(one, other)
    tail = _alike(one[head:][::-1], other[head:][::-1])
    yield "equal", one[:head], other[:head]
    here, there = one[head : len(one) - tail], other[head : len(other) - tail]
    if _cost(here, there) > most:
        yield "replace", here, there
    else:
        for tag, a, b, c, d in SequenceMatcher(None, here, there, autojunk=False).get_opcodes():
            yield tag, here[a:b], there[c:d]
    yield "equal", one[len(one) - tail :], other[len(other) - tail :]


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    """How many pieces both begin with."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _cost(one: Sequence[str], other: Sequence[str]) -> int:
    """The most steps that comparing may take: every pair of like pieces, once for each piece."""
    here, there = Counter(one), Counter(other)
    return (sum(n * there[piece] for piece, n in here.items()) + len(one)) * min(len(one), len(other))
