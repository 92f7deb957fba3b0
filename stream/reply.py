"""Reply 回应: what is told of a person in reply to a cry for help is told of whom the cry is about.

有人晕倒了，快来人！ in reply to 室友把药都吃了 is the same person. Taken by itself it would be a matter beside the care
case, told to people who must not know of it. What it tells of stays with it and is news to those who know of the case.
Only what a rule names and what may have become of the same person is taken so: a fire, a beating, a lift that holds
three stays a matter of its own whatever it replies to, and so does what the model alone fears, of which nobody knows
what it is.
"""

from __future__ import annotations

from stream.assessment import Assessment, Hit
from stream.impression import DANGER
from stream.matter import CARE
from stream.post import Kind

OF_A_PERSON = frozenset({"emergency", "fall", "injury", "missing"})
"""Kinds of danger that may be what became of whom a cry for help is about."""
TOLD = "（回复求助的话，算同一件事）"


def may_reply(assessment: Assessment) -> bool:
    """Whether it matters to what a line replies: one of others in which rules name what may have become of a person,
    and no other danger."""
    post, hits = assessment.post, assessment.hits
    named = {kind for hit in hits if hit.rule != DANGER for kind in hit.kinds}
    return (
        post.kind in (Kind.COMMENT, Kind.REPLY)
        and not post.by_school
        and post.parent_id not in (None, post.thread_id)
        and bool(named)
        and named <= OF_A_PERSON
        and not any(hit.theme == CARE for hit in hits)
    )


def replying(assessment: Assessment) -> Assessment:
    """The assessment of a line for which `may_reply` holds, said in reply to a line of a care case: its dangers are
    that case's and keep what they tell of; what the model fears besides is what the rules say."""
    return assessment.model_copy(update={"hits": tuple(map(_of_care, assessment.hits))})


def _of_care(hit: Hit) -> Hit:
    if not hit.kinds and hit.rule != DANGER:
        return hit
    told = () if hit.rule == DANGER else hit.kinds
    kinds = tuple(dict.fromkeys((CARE, *told)))
    return hit.model_copy(update={"theme": CARE, "kinds": kinds, "title": f"{hit.title}{TOLD}"})
