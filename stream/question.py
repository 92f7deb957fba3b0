"""Question 问询: a short line that only asks how a service works: 借的书超期了怎么办, 意见箱在哪儿填.

The words by which it ends, and those that make a reproach of it (凭什么, 还没, 被), are lists of `rules/words.toml`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from stream.stance import CLAUSE

LONGEST = 20
"""Characters of a plain question; who tells more has more to tell."""
ENDS, TAILS, REPROACH = "question_ends", "question_tails", "question_reproach"
_CODE = re.compile(r"\[[^\[\]]{1,6}\]")


class Questions:
    """The lists made ready. `words`: those of the rulebook; without them nothing is a plain question."""

    def __init__(self, words: Mapping[str, Sequence[str]]) -> None:
        def any_of(name: str) -> str:
            return "|".join(map(re.escape, sorted(words.get(name, ()), key=len, reverse=True))) or r"(?!)"

        self._ends = re.compile(rf"(?:{any_of(ENDS)})(?:{any_of(TAILS)})?[\W_]*$")
        self._reproach = re.compile(any_of(REPROACH))

    def is_plain(self, text: str) -> bool:
        """Whether the (normalised) text is one clause that asks and reproaches nobody with anything."""
        said = _CODE.sub("", text[: 4 * LONGEST]).strip()
        if len(said) > LONGEST or len([clause for clause in CLAUSE.split(said) if clause]) != 1:
            return False
        return bool(self._ends.search(said)) and not self._reproach.search(said)
