"""Reply 回应: whom and what a danger is about that somebody names in reply to a line of an open matter.

回去，别让她一个人！ and 她把门插上了 are said of whom the line before is afraid for. Taken by themselves they would be
a matter beside the care case, told to people who must not know of it. A danger that is a matter of its own (a fire,
a beating) stays one, whatever it replies to. Of what only the model takes for a danger nobody knows what it is about
(its theme is right in half of them): in reply to a matter it is that matter's.
"""

from __future__ import annotations

from stream.assessment import Assessment, Hit
from stream.danger import matters
from stream.impression import DANGER
from stream.matter import CARE
from stream.post import Kind


def may_reply(assessment: Assessment) -> bool:
    """Whether it matters to what a line replies: one of others with a danger that may be a side of any matter."""
    post, hits = assessment.post, assessment.hits
    return (
        post.kind in (Kind.COMMENT, Kind.REPLY)
        and not post.by_school
        and post.parent_id not in (None, post.thread_id)
        and any(map(_is_of_any_matter, hits))
        and not any(hit.theme == CARE or (hit.rule != DANGER and matters(hit.kinds)) for hit in hits)
    )


def replying(assessment: Assessment, theme: str) -> Assessment:
    """The assessment of a reply to a line of a matter of this theme. In reply to a cry for help (CARE) each danger is
    that cry's and keeps what it tells of; in reply to another what only the model found, where no rule names one."""
    if theme == CARE:
        hits = tuple(map(_of_care, assessment.hits))
    elif any(hit.kinds and hit.rule != DANGER for hit in assessment.hits):
        return assessment
    else:
        hits = tuple(_of(hit, theme) for hit in assessment.hits)
    return assessment.model_copy(update={"hits": hits})


def _is_of_any_matter(hit: Hit) -> bool:
    return hit.rule == DANGER or bool(hit.kinds and not matters(hit.kinds))


def _of_care(hit: Hit) -> Hit:
    if not _is_of_any_matter(hit):
        return hit
    told = () if hit.rule == DANGER else hit.kinds
    return hit.model_copy(update={"theme": CARE, "kinds": tuple(dict.fromkeys((CARE, *told)))})


def _of(hit: Hit, theme: str) -> Hit:
    return hit.model_copy(update={"theme": theme, "kinds": ()}) if hit.rule == DANGER else hit
