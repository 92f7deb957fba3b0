"""Likeness: whether what an account published is what was approved; small edits pass and are shown, others do not.

Compared are the letters of the normalised texts. Figures and words of denial must be the same whatever the likeness:
“无人受伤” and “二人受伤” are not one text. Known limit: what stands in a picture or behind a link is not compared.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

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
_FIRM = re.compile(r"\d+|[一二三四五六七八九十百千两]+(?=[人名位例起次死伤])|[不无未没非否勿]")


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
    """How like the published text is to the approved one."""
    one, other = normalise(approved).text, normalise(published).text
    if letters(one) == letters(other):
        return Likeness(1.0, bool(letters(one)), bool(letters(one)), "与批准的文字一致" if letters(one) else "没有文字")
    asked, said = grams(one), grams(other)
    share = jaccard(asked, said)
    held = len(asked & said) / len(said) if said else 0.0
    asked_firm, spoken = firm(one), firm(other)
    if share >= FITS and asked_firm == spoken:
        return Likeness(share, False, True, f"有小改动，相同 {min(99, round(100 * share))}%")
    if held >= PART and not spoken - asked_firm:
        return Likeness(held, False, True, "只发了（或只看到）批准文字的一部分")
    if share >= FITS or held >= PART:
        return Likeness(share, False, False, f"数字或否定词与批准的不同：{_told(asked_firm, spoken)}")
    return Likeness(max(share, 0.0), False, False, f"与批准的文字不同，相同 {round(100 * share)}%")


def firm(text: str) -> Counter[str]:
    """The figures and words of denial of a normalised text, which no small edit may change."""
    return Counter(_FIRM.findall(text))


def _told(before: Counter[str], after: Counter[str]) -> str:
    gone, new = before - after, after - before
    parts = [f"少了“{'、'.join(sorted(gone))}”"] if gone else []
    parts += [f"多了“{'、'.join(sorted(new))}”"] if new else []
    return "，".join(parts)


def difference(approved: str, published: str) -> Iterator[tuple[str, str]]:
    """Pieces in order as (`same` | `ins` | `del`, text), for a page; of very long texts the beginning."""
    one, other = approved[:SHOWN_MOST], published[:SHOWN_MOST]
    for tag, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if tag == "equal":
            yield "same", one[a:b]
        else:
            if b > a:
                yield "del", one[a:b]
            if d > c:
                yield "ins", other[c:d]
