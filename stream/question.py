"""Question 问询: a short line that only asks how a service works: 借的书超期了怎么办, 意见箱在哪儿填.

The words by which it ends, and those that make a reproach of it (凭什么, 还没, 被), are lists of `rules/words.toml`. So
are those by which somebody wonders whether anything happened (救护车来是怎么了): such a line has seen nothing itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from stream.stance import CLAUSE

LONGEST = 20
"""Characters of a plain question; who tells more has more to tell."""
ENDS, TAILS, REPROACH, WONDERS = "question_ends", "question_tails", "question_reproach", "question_wonders"
_CODE = re.compile(r"\[[^\[\]]{1,6}\]")


class Questions:
    """The lists made ready. `words`: those of the rulebook; without them nothing is a plain question."""

    def __init__(self, words: Mapping[str, Sequence[str]]) -> None:
        def any_of(name: str) -> str:
            return "|".join(map(re.escape, sorted(words.get(name, ()), key=len, reverse=True))) or r"(?!)"

        self._ends = re.compile(rf"(?:{any_of(ENDS)})(?:{any_of(TAILS)})?[\W_]*$")
        self._reproach = re.compile(any_of(REPROACH))
        self._wonders = re.compile(any_of(WONDERS))

    def is_plain(self, text: str) -> bool:
        """Whether the (normalised) text is one clause that asks and reproaches nobody with anything."""
        said = _clause(text)
        return bool(self._ends.search(said)) and not self._reproach.search(said)

    def wonders(self, text: str) -> bool:
        """Whether the (normalised) text is one clause that asks whether anything happened."""
        return bool(self._wonders.search(_clause(text)))


def _clause(text: str) -> str:
    """A short text of one clause, without its faces; empty where there is more."""
    said = _CODE.sub("", text[: 4 * LONGEST]).strip()
    return said if len(said) <= LONGEST and len([one for one in CLAUSE.split(said) if one]) == 1 else ""
