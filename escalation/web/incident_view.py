"""The incident's page as data: why, who knows, what is due, what happened, who belongs to it. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from markupsafe import Markup
from sqlalchemy import Connection, Row, and_, select

from escalation.incident import incidents, members
from escalation.keeper import answers, contacts, reports
from escalation.notice import notices
from escalation.people import people
from escalation.procedure import Act, Pack, thaw
from escalation.timer import TimerKind, TimerState, timers
from escalation.web.call_tasks import Task, tasks_of
from escalation.web.case_log import Step, log_of
from escalation.web.clocks import Running, clocks_of
from escalation.web.figures import Figures, by_hand, figures_of, speaks
from escalation.web.frozen import Frozen, Words
from escalation.web.heard import undone
from escalation.web.prose import marked
from escalation.web.receipts import Receipt, receipts_of
from escalation.web.scope import Scope
from escalation.web.whole import whole
from escalation.web.words import CARE_TITLE
from stream.assessment import Target
from stream.explanation import TARGETS
from stream.kept import assessments, counts, posts, revisions
from stream.matter import CARE
from stream.post import Kind

MEMBERS_SHOWN, MEMBERS_ALL = 12, 200
NO_END = ("提醒", "核对")
"""Clocks that ask again rather than come to an end."""
RUNG_WORDS = {"remind": "催签", "phone": "电话催办", "tell": "报上一级"}


@dataclass(frozen=True, slots=True)
class Member:
    """One post of an incident, its matched places marked; `text` is empty where it is folded away.

    `other`: it stands in the thread, but neither a rule nor a negative tone marks it. `folded`: a cry for help, or a
    private message, until it is unfolded.
    """

    id: str
    text: Markup | str
    at: datetime
    kind: str
    polarity: str
    p_negative: float | None
    by_school: bool
    reply: bool
    likes: int | None
    visibility: str
    url: str
    undone: str
    first: bool
    cut: bool
    other: bool = False
    folded: bool = False
    snow: float | None = None
    target: str = ""
    hits: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that the incident's page shows."""

    row: Row[Any]
    words: Words
    title: str
    clocks: list[Running]
    receipts: list[Receipt]
    figures: Figures
    steps: list[Step]
    calls: Sequence[Task]
    reports: Sequence[Row[Any]]
    contacts: Sequence[Row[Any]]
    answers: Sequence[Row[Any]]
    duties: Sequence[Mapping[str, Any]]
    confirmed_by: str
    keeper_ids: frozenset[str]

    @property
    def signed(self) -> int:
        """How many of those who must sign have signed."""
        return sum(one.must_sign and one.signed == "seal" for one in self.receipts)

    @property
    def needed(self) -> int:
        """How many must sign."""
        return sum(one.must_sign for one in self.receipts)

    @property
    def settled(self) -> int:
        """For how many somebody else settled."""
        return sum(one.must_sign and one.settled for one in self.receipts)

    @property
    def waited(self) -> int:
        """How many are waited for."""
        return self.needed - self.signed - self.settled


def find(conn: Connection, school: str, scope: Scope, number: str) -> Row[Any] | None:
    """The incident of this number, or None where it does not exist for this person."""
    row = conn.execute(select(incidents).where(incidents.c.school == school, incidents.c.number == number[:32])).first()
    if row is None:
        return None
    seen = scope.sees(
        incident_id=row.id, unit=row.unit, assignee=row.assignee, account_id=row.account_id, care=row.care
    )
    return row if seen else None


def case_of(conn: Connection, frozen: Frozen, row: Row[Any], now: datetime) -> Case:
    """Gather the page."""
    named = conn.execute(
        select(people.c.name).where(people.c.school == row.school, people.c.id == (row.confirmed_by or ""))
    ).scalar()
    told, words = row.frozen.get("recipients", []), frozen.of(conn, [row.id])[row.id]
    return Case(
        row=row,
        words=words,
        title=CARE_TITLE if row.care else row.title,
        clocks=clocks_of(conn, [row], now, {row.id: words}).get(row.id, []),
        receipts=receipts_of(conn, row.id, now),
        figures=figures_of(conn, row, now),
        steps=[*_ahead(conn, row, now), *log_of(conn, row)],
        calls=tasks_of(conn, row.id, now),
        reports=_kept(conn, reports, row),
        contacts=_kept(conn, contacts, row),
        answers=_kept(conn, answers, row),
        duties=row.frozen.get("duties", []),
        confirmed_by=named or row.confirmed_by or "",
        keeper_ids=frozenset(one["person"] for one in told if one.get("role") == "keeper"),
    )


def _kept(conn: Connection, table: Any, row: Row[Any]) -> Sequence[Row[Any]]:
    return conn.execute(
        select(table, people.c.name.label("who"))
        .outerjoin(people, and_(people.c.school == row.school, people.c.id == table.c.person_id))
        .where(table.c.incident_id == row.id)
        .order_by(table.c.id.desc())
    ).all()


def _ahead(conn: Connection, row: Row[Any], now: datetime) -> list[Step]:
    """What will happen if nobody does anything, the farthest on top; steps of the same minute are one."""
    found = conn.execute(
        select(timers, notices.c.role, people.c.name.label("who"))
        .outerjoin(notices, notices.c.id == timers.c.notice_id)
        .outerjoin(people, and_(people.c.school == notices.c.school, people.c.id == notices.c.addressee))
        .where(timers.c.incident_id == row.id, timers.c.state == TimerState.SET, timers.c.due_at > now)
        .where(notices.c.signed_at.is_(None), notices.c.settled_at.is_(None))
        .order_by(timers.c.due_at)
    ).all()
    pack = thaw(row.frozen["pack"]) if any(one.kind == TimerKind.RUNG for one in found) else None
    together: dict[tuple[Any, ...], list[Row[Any]]] = {}
    for one in found:
        words = _rung(pack, one) if one.kind == TimerKind.RUNG else one.words
        together.setdefault((one.due_at.replace(second=0, microsecond=0), one.kind, words), []).append(one)
    steps = [_step(kind, words, rows) for (_, kind, words), rows in together.items()]
    return sorted(steps, key=lambda step: step.at, reverse=True)


def _rung(pack: Pack | None, one: Row[Any]) -> str:
    """What a rung does; above who stands at the top there is nobody, so the duty desk telephones."""
    above = one.data.get("role") or (pack.ladder.next_role(one.role) if pack is not None else "")
    if one.data.get("act") == Act.TELL and (not above or above == one.role):
        return "由值班台再次电话"
    return RUNG_WORDS.get(str(one.data.get("act")), "")


def _step(kind: str, words: str, rows: Sequence[Row[Any]]) -> Step:
    first = rows[0]
    who = "、".join(dict.fromkeys(row.who for row in rows if row.who))
    heading = words if kind == TimerKind.RUNG or words.endswith(NO_END) else f"{words}到期"
    text = f"{who} 仍未签收则{words}" if kind == TimerKind.RUNG else f"待 {who} 签收" if who else ""
    ruled = first.source == "rule"
    return Step(
        first.due_at, "i-clock", heading, text, "", first.article if ruled else "", ahead=True, default=not ruled
    )


def members_of(conn: Connection, row: Row[Any], *, revealed: bool, limit: int = MEMBERS_SHOWN) -> list[Member]:
    """The posts of an incident: the school's own, the opening one, the newest; at the end what does not speak of it.

    Not `revealed`: every line of a care case and every private message stays folded.
    """
    judged = and_(
        assessments.c.school == posts.c.school,
        assessments.c.post_id == posts.c.id,
        assessments.c.revision == posts.c.revision,
    )
    current = and_(
        revisions.c.school == posts.c.school,
        revisions.c.post_id == posts.c.id,
        revisions.c.revision == posts.c.revision,
    )
    found = conn.execute(
        select(posts, revisions.c.text, revisions.c.cut, assessments.c.polarity, assessments.c.p_negative,
               assessments.c.hits, assessments.c.reasons, assessments.c.snow, assessments.c.target, counts.c.likes)
        .select_from(members)
        .join(posts, and_(posts.c.school == members.c.school, posts.c.id == members.c.post_id))
        .join(revisions, current)
        .outerjoin(assessments, judged)
        .outerjoin(counts, and_(counts.c.school == posts.c.school, counts.c.post_id == posts.c.id))
        .where(members.c.incident_id == row.id)
        .order_by(posts.c.by_school.desc(), (posts.c.id == row.opening_post_id).desc(), posts.c.published_at.desc())
        .limit(MEMBERS_ALL)
    ).all()  # fmt: skip
    hand = by_hand(conn, row)
    made = [_member(one, row, revealed=revealed, other=not speaks(one, row.opening_post_id, hand)) for one in found]
    return sorted(made, key=lambda one: one.other)[:limit]


def _member(one: Row[Any], row: Row[Any], *, revealed: bool, other: bool) -> Member:
    hits = one.hits or []
    cry = bool(row.care) or any(hit.get("theme") == CARE for hit in hits)
    folded = not revealed and (cry or one.kind == Kind.MESSAGE)
    spans = whole(one.text, chain.from_iterable(hit.get("spans", ()) for hit in hits))
    return Member(
        id=one.id, text="" if folded else marked(one.text, spans), at=one.published_at, kind=one.kind,
        polarity=one.polarity or "neutral", p_negative=one.p_negative, by_school=one.by_school,
        reply=one.parent_id is not None, likes=one.likes, visibility=one.visibility, url=_web(one.url),
        undone=undone(hits), snow=one.snow, target=_about(one.target),
        hits=() if folded or other or one.by_school else hits,
        first=one.id == row.opening_post_id, cut=one.cut, other=other, folded=folded,
    )  # fmt: skip


def _about(target: str | None) -> str:
    """Whom the words are about; empty where they name nobody."""
    return "" if target in (None, Target.NONE) else TARGETS[Target(target)]


def _web(url: str) -> str:
    return url if url.startswith(("https://", "http://")) else ""
