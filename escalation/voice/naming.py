"""What a matter is called: the words that a hold of it goes by, from the rules that found it, never from a comment.

The words of a comment name quantities, hours and people (四个, 吃的) and may carry personal data; a hold that went by
them would find every second post, and tell them to every keeper.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cache

from stream import rules
from stream.rules import Rule

NAMES_MOST = 16


def names(theme: str, found: Iterable[str]) -> tuple[str, ...]:
    """The names of a matter of this theme, by the rules that found it: an id for each time.

    Where a grave rule is among them it says what the matter is, else those that may open an incident, the gravest and
    then the most frequent first; the lesser ones are left out. A rule that is gone names nothing. The first name is
    the one that a banner shows.
    """
    book, times = _book(), Counter(found)
    own = [book[one] for one, _ in times.most_common() if one in book and book[one].theme == theme]
    able = sorted((rule for rule in own if rule.level_floor), key=lambda rule: rule.level_floor or 0)
    said = [rule for rule in able if rule.grave] or able or own
    return tuple(dict.fromkeys(name for rule in said for name in rule.about))[:NAMES_MOST]


@cache
def _book() -> dict[str, Rule]:
    return {rule.id: rule for rule in rules.load().rules}
