"""Heading: what an incident is called, in the rules' words and never in the writer's."""

from __future__ import annotations

import re
from collections.abc import Collection

from sentiment.normalise import normalise
from stream.assessment import Assessment, Hit
from stream.doubt import MARK
from stream.evidence import Evidence
from stream.impression import IMPRESSIONS
from stream.matter import places

PLACES_NAMED = 2
MATTER_LEAST = 4
"""Characters of a title in short, beside its place, the colon among them, that say something of the matter."""
_DEGREE = re.compile(r"（模型推断，[^）]*）")


def heading(
    assessment: Assessment, evidence: Evidence, theme: str, account: str, *, care: bool, kinds: Collection[str] = ()
) -> str:
    """What is said and where, never in the writer's words: titles stand in subjects and on the big screen.

    The place is the one the line itself names; a cry for help has a fixed title. `kinds`: of danger, to be named first.
    """
    if care:
        return "疑似心理求助，原文已收起"
    hits = [hit for hit in assessment.hits if not set(kinds).isdisjoint(hit.kinds)]
    hits = hits or [hit for hit in assessment.hits if hit.theme == theme] or list(assessment.hits)
    what = max(hits, key=_names).title if hits else "评论集中压过原帖"
    text = normalise(assessment.post.text).text
    here = [place for place in evidence.scene.places if place in text]
    named = [place for place in here if not any(place != other and place in other for other in here)] or places(text)
    return f"{'、'.join(named[:PLACES_NAMED]) or account}：{without_degree(what)}"


def _names(hit: Hit) -> tuple[bool, bool, int]:
    """Which hit names a matter: the gravest, a rule before the model, the heaviest."""
    return hit.grave, hit.rule not in IMPRESSIONS, hit.weight


def without_degree(title: str) -> str:
    """A title of a hit without how sure the model was or that it doubted, which differs from line to line."""
    return _DEGREE.sub("（模型推断）", title).replace(MARK, "")


def brief(title: str, length: int) -> str:
    """A title in at most so many characters: where its place would leave the matter no room, the matter alone."""
    place, _, what = title.partition("：")
    said = what if what and len(title) > length and length - len(place) < MATTER_LEAST else title
    return said if len(said) <= length else f"{said[: length - 1]}…"


def cut(text: str, length: int) -> str:
    """The first so many characters on one line."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[:length] + "…"
