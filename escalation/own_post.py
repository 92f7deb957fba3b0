"""A post of the school's own account, as the watch judges it: under a permit, submitted, on a held subject, or neither.

What a permit covers is left alone and uses the permit; so is what carries a released statement. Where the document has
no standing ban (NX) a post that merely speaks of such a matter is none of ours, unless its subject is held. Nothing
here decides what a finding was: that is a person's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, select

from escalation import breach, own_answer, paper_letter, permit
from escalation.breach import Finding, Kind
from escalation.deed import incident_of
from escalation.incident import EntryKind, log, members
from escalation.likeness import NEAR, Likeness
from escalation.opening import UNAUTHORISED_THEME, Ground
from escalation.paper import Noun
from escalation.procedure import Pack, Source, Trigger
from escalation.submission import published, use
from escalation.voice.carried import carried
from escalation.voice.hold_notice import named
from escalation.voice.speech import denies_of_the_school
from escalation.voice.stood import holds_at
from escalation.voice.subject import THEME_WORDS, touches
from sentiment.normalise import normalise
from stream import rules
from stream.account import Account
from stream.assess import Reader
from stream.assessment import Assessment, Hit
from stream.post import Kind as PostKind
from stream.post import Post
from stream.rules import Category

HELD_RULE = "HOLD"
"""The rule of a hit that no rule file has: the post speaks of what is held."""
HELD_SHOWN = 40
BESIDE = "（在学校口径之外另加的文字）"
MAYBE = " 发布了否认的说法，可能涉及暂停发声的事项，请核对"


@dataclass(frozen=True, slots=True)
class Judged:
    """The line as it is to be weighed, and what was found in it besides."""

    assessment: Assessment
    findings: tuple[Finding, ...] = ()


def judge(
    conn: Connection, pack: Pack, account: Account | None, assessment: Assessment, now: datetime,
    places: Sequence[str] = (),
) -> Judged:  # fmt: skip
    """Look at one new revision of a post; permits and submissions that it fits are used in the same transaction.

    `places`: names that name a matter, from the settings.
    """
    post = assessment.post
    if account is None or not post.by_school:
        return Judged(assessment)
    if post.kind is not PostKind.POST:
        return Judged(assessment, own_answer.findings(conn, account, post, places, _spoken_of))
    covered, near = permit.fitting(conn, post)
    if covered is not None and near is not None:
        permit.use(conn, covered, post, near, now)
    findings = [*_unsubmitted(conn, pack, account, post, now)]
    if account.main:
        return Judged(assessment, tuple(findings))
    beside = carried(conn, post) if covered is None else ""
    if beside == "":
        return Judged(_without(assessment), tuple(findings))
    said = assessment if beside is None else _only(assessment, beside)
    spoken = [hit for hit in said.hits if hit.theme == UNAUTHORISED_THEME]
    if (held := _held(conn, said, places)) is not None:
        return Judged(assessment if spoken else _with_hold(assessment), (held, *findings))
    if not spoken or pack.standing_ban.source is Source.NONE:
        _look_at(conn, account, post, now)
        return Judged(_without(assessment), tuple(findings))
    titles = "、".join(dict.fromkeys(hit.title for hit in spoken)) + (BESIDE if beside else "")
    why = f"没有授权：{titles}{_nearest('授权', near)}"
    return Judged(assessment, (Finding(Kind.UNAUTHORISED, pack.standing_ban.basis, why), *findings))


def _without(assessment: Assessment) -> Assessment:
    rest = tuple(hit for hit in assessment.hits if hit.theme != UNAUTHORISED_THEME)
    return assessment.model_copy(update={"hits": rest}) if len(rest) < len(assessment.hits) else assessment


def _with_hold(assessment: Assessment) -> Assessment:
    """The line as if a rule had found it: no rule knows what is held today, and the rest of the way is the same."""
    end = min(len(assessment.post.text), HELD_SHOWN)
    hit = Hit(
        rule=HELD_RULE, version=1, title="在暂停发声的事项上另行发声", theme=UNAUTHORISED_THEME,
        category=Category.PROHIBITED, level_floor=3, weight=100, spans=((0, end),),
        words=(assessment.post.text[:end],),
    )  # fmt: skip
    return assessment.model_copy(update={"hits": (*assessment.hits, hit)})


def _held(conn: Connection, assessment: Assessment, places: Sequence[str]) -> Finding | None:
    """The first hold that stood when this post was published and whose subject it speaks of, ended since or not."""
    post = assessment.post
    themes = {hit.theme for hit in assessment.hits}
    standing = holds_at(conn, post.school, post.published_at)
    spoken = _spoken_of(post) if standing else {}
    for one in standing:
        signs = [word for theme in one.subject.themes for word in spoken.get(theme, ())]
        why = touches(one.subject, post.text, themes=themes, thread=post.thread_id, named=places, signs=signs)
        if not why and UNAUTHORISED_THEME in themes and (same := spoken.keys() & set(one.subject.themes)):
            why = tuple(f"同类突发、敏感事项“{THEME_WORDS.get(theme, theme)}”" for theme in sorted(same))
        if why:
            words = f"{one.number} 的事项暂停发声：{'，'.join(why)}"
            return Finding(Kind.HELD, one.basis, words, one.incident_id)
    return None


def _look_at(conn: Connection, account: Account, post: Post, now: datetime) -> None:
    """A denial about the school without a word of the subject: a line in the incident's log; nobody is accused."""
    if not denies_of_the_school(normalise(post.text).text):
        return
    for incident_id in dict.fromkeys(one.incident_id for one in holds_at(conn, post.school, post.published_at)):
        incident_of(conn, incident_id)
        log(conn, incident_id, now, EntryKind.MACHINE, f"{named(account)}{MAYBE}", post.url or post.id)


@cache
def _reader() -> Reader:
    """The rules, made ready once; asked only while something is held."""
    return Reader(rules.load())


def _spoken_of(post: Post) -> dict[str, list[str]]:
    """Which kinds of incident the words name, denied or not, and by which of them.

    Else no rule for comments is asked of an own post.
    """
    reader, plain = _reader(), normalise(post.text).text
    page = reader.matcher.page(plain)
    found: dict[str, list[str]] = {}
    for rule in reader.matcher.book.rules:
        if rule.category is Category.INCIDENT and (spans := page.group(rule.any)):
            found.setdefault(rule.theme, []).extend(plain[start:end] for start, end in spans)
    return found


def _only(assessment: Assessment, words: str) -> Assessment:
    """The line as if only these of its words were there, by the same rules: those put beside a released statement."""
    post = assessment.post.model_copy(update={"text": words})
    _, hits = _reader().read(post, normalise(words))
    return assessment.model_copy(update={"post": post, "hits": hits})


def _unsubmitted(conn: Connection, pack: Pack, account: Account, post: Post, now: datetime) -> list[Finding]:
    """The post of an account whose posts are submitted one by one, and no approved submission is this text."""
    clause = pack.submission_for(main=account.main, platform=account.platform)
    since = use.in_use_since(conn, post.school)
    if clause is None or since is None or post.published_at < since:
        return []
    row, near = published.fitting(conn, post)
    if row is not None and near is not None:
        published.appear(conn, row, post, near, now)
        return []
    return [Finding(Kind.UNSUBMITTED, clause.article, f"没有批准的送审单与它相符{_nearest('送审单', near)}")]


def _nearest(what: str, near: Likeness | None) -> str:
    return f"；与最接近的{what}相比：{near.why}" if near is not None and near.share >= NEAR else ""


def write_down(conn: Connection, ground: Ground, judged: Judged, account: Account | None, now: datetime) -> None:
    """Keep the findings, each once, beside the incident that the post belongs to where it opened or joined one.

    What opens no incident, and every answer, is told by letter to whom the pack names for speaking without leave.
    """
    post = judged.assessment.post
    for one in judged.findings:
        mine = _incident(conn, post) if one.kind is not Kind.UNSUBMITTED else None
        number = breach.record(
            conn, post, account.unit if account else "", one.kind, one.basis, one.why, now,
            incident_id=mine.incident_id if mine else None, held_incident_id=one.held_incident_id,
        )  # fmt: skip
        if number is not None and (mine is None or post.kind is not PostKind.POST) and account is not None:
            _tell(conn, ground, account, number, now)


def _tell(conn: Connection, ground: Ground, account: Account, number: str, now: datetime) -> None:
    row = breach.by_number(conn, account.school, number)
    persons = paper_letter.named(conn, ground, account, Trigger.UNAUTHORISED_PUBLICATION, now)
    paper_letter.to(
        conn, ground.letterhead, row, Noun.BREACH, "found", persons, now, kind="发布核对",
        heading=f"{account.name}：{breach.KIND_WORDS[Kind(row.kind)]}", lines=(row.why,), basis=row.basis,
        asked=("登录后核对：单位说明情况，由宣传部认定。",),
    )  # fmt: skip


def _incident(conn: Connection, post: Post) -> Row[Any] | None:
    return conn.execute(
        select(members.c.incident_id)
        .where(members.c.school == post.school, members.c.post_id == post.id)
        .order_by(members.c.incident_id.desc())
    ).first()
