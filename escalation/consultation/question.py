"""What is a consultation 咨询: a question to an official account about its business. Words: `question.toml`.

A complaint with a question mark is none: where the rules found a grievance, an incident, irony, play or a cry for help
in a comment, it goes its own way. In a private message the rules decide nothing: who writes to the school asks it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from sentiment.normalise import normalise
from stream.assessment import Assessment, Target
from stream.post import Kind

WORDS = Path(__file__).with_name("question.toml")
GAP = 8
ELSEWHERE = frozenset({"incident", "grievance", "rumour", "mood", "prohibited", "irony", "advert", "escalation"})
"""Categories of rules under which a comment is something else than a consultation."""
CARE = "self_harm"
HASTE = re.compile(r"[?？吗呢问怎啥哪几何多么请盼望恳求么能会有是要退希麻]")
"""Without one of these there is no question: most comments are passed over before they are looked at closely."""


def normal_form(text: str) -> str:
    """The text as its words are looked for."""
    return normalise(text).text


def is_consultation(found: Assessment, plain: Callable[[str], str] = normal_form) -> bool:
    """Whether this line asks the school something that one of its offices answers. Pure; the same on every replay.

    `plain` gives a text's normal form, from who has it already.
    """
    post = found.post
    if post.by_school or post.kind not in (Kind.COMMENT, Kind.MESSAGE) or not HASTE.search(post.text):
        return False
    if any(hit.theme == CARE for hit in found.hits):
        return False
    if post.kind is Kind.MESSAGE:
        text = plain(post.text)
        return says(text, "plain") or says(text, "request")
    if found.target is Target.OUTSIDER or any(hit.category in ELSEWHERE for hit in found.hits):
        return False
    return asks(plain(post.text))


def asks(text: str) -> bool:
    """Whether a (normalised) comment asks about the school's business."""
    if says(text, "never"):
        return False
    return says(text, "plain") or (says(text, "asking") and says(text, "topic"))


def says(text: str, name: str) -> bool:
    """Whether a word of this list stands in the text."""
    return _patterns()[name].search(text) is not None


def examples() -> tuple[Sequence[str], Sequence[str]]:
    """What must be found and what must not, as the word list says."""
    said = tomllib.loads(WORDS.read_text("utf-8"))["examples"]
    return said["match"], said["miss"]


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    lists = tomllib.loads(WORDS.read_text("utf-8"))
    lists.pop("examples")
    return {name: re.compile("|".join(map(_term, words))) for name, words in lists.items()}


def _term(word: str) -> str:
    parts = [re.escape(part) for part in word.lower().split("…")]
    return rf".{{0,{GAP}}}?".join(parts)
