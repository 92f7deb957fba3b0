"""One voice of an incident as data: holds, facts, versions with checks and approvals, release, relays. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from escalation.procedure import Approver, Check, Pack, thaw
from escalation.task import TaskKind, deeds, tasks
from escalation.task.state import TASK, TaskState
from escalation.voice import approval, fact, hold, reading, release, statement
from escalation.voice.effect import Effect, effect_of
from escalation.voice.hold import hold_accounts, hold_confirmations, holds
from escalation.voice.match import MATCH_WORDS, Match
from escalation.voice.state import (
    HOLD,
    IN_FORCE,
    IN_WORK,
    STATEMENT,
    HoldState,
    StatementState,
)
from escalation.voice.statement import Card, Kind, card_of
from escalation.voice.subject import THEME_WORDS, Subject, read
from escalation.web.relay_view import Known, Relayed, knowledge, relayed
from stream.account import Account


@dataclass(frozen=True, slots=True)
class Held:
    """One account under a hold. `who`: persons who answer for it; `by`: who confirmed this version, empty if none."""

    id: str
    name: str
    who: tuple[tuple[str, str], ...]
    kept: bool
    by: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class HoldView:
    """A hold with its subject as it is now."""

    row: Row[Any]
    n: int
    subject: Subject
    why: str
    accounts: tuple[Held, ...]

    @property
    def standing(self) -> bool:
        """Whether it stands."""
        return HoldState(self.row.state) is HoldState.STANDING

    @property
    def state(self) -> str:
        """Its state in words."""
        return HOLD.state_words[HoldState(self.row.state)]

    @property
    def said(self) -> str:
        """Its subject in words."""
        return self.subject.said()

    @property
    def themes(self) -> str:
        """Its themes in words."""
        return "、".join(THEME_WORDS.get(one, one) for one in self.subject.themes)

    @property
    def confirmed(self) -> int:
        """How many accounts have confirmed."""
        return sum(one.at is not None for one in self.accounts)


@dataclass(frozen=True, slots=True)
class Asked:
    """One step of the chain: asked, decided, or still to come. `id` 0: not asked yet."""

    id: int
    words: str
    basis: str
    who: str
    decision: str
    comment: str
    at: datetime | None
    due_at: datetime | None
    seal: str
    may: frozenset[str]


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the statement."""

    row: Row[Any]
    card: Card
    looked: tuple[tuple[Check, Row[Any] | None], ...]
    steps: tuple[Asked, ...]
    facts: tuple[Row[Any], ...]
    lacking: tuple[str, ...]
    out: Row[Any] | None
    out_name: str
    relays: tuple[Relayed, ...]
    readings: Sequence[Row[Any]]
    effect: Effect | None

    @property
    def state(self) -> str:
        """Its state in words."""
        return STATEMENT.state_words[StatementState(self.row.state)]

    @property
    def silence(self) -> bool:
        """Whether it is the decision to say nothing."""
        return Kind(self.row.kind) is Kind.SILENCE

    @property
    def checked(self) -> int:
        """How many items passed."""
        return sum(row is not None and row.passed for _, row in self.looked)

    @property
    def relayed(self) -> int:
        """How many relays are done."""
        return sum(one.done_at is not None for one in self.relays)

    @property
    def relay_words(self) -> str:
        """How far the list is; of a withdrawn version how many accounts still show it."""
        down = sum(one.down for one in self.relays)
        if down or any(one.gone for one in self.relays):
            return f"待撤下 {down}，已撤下 {sum(one.gone for one in self.relays)}"
        return f"已转发 {self.relayed} / {len(self.relays)}"

    @property
    def matched(self) -> str:
        """How the crawled post stands to the words."""
        return MATCH_WORDS[Match(self.out.found)] if self.out is not None and self.out.found else "待核对"


@dataclass(frozen=True, slots=True)
class Voice:
    """Everything of one incident."""

    pack: Pack
    level: int
    holds: tuple[HoldView, ...]
    facts: Sequence[Row[Any]]
    asked: Sequence[tuple[Row[Any], str, Row[Any] | None]]
    versions: tuple[Version, ...]
    accounts: Mapping[str, Account]

    @property
    def standing(self) -> tuple[HoldView, ...]:
        """The holds that stand."""
        return tuple(one for one in self.holds if one.standing)

    @property
    def work(self) -> Version | None:
        """The version in work."""
        return next((one for one in self.versions if StatementState(one.row.state) in IN_WORK), None)

    @property
    def force(self) -> Version | None:
        """The version in force."""
        return next((one for one in self.versions if StatementState(one.row.state) in IN_FORCE), None)

    @property
    def withdrawn(self) -> Version | None:
        """The last version that was in force, where it was withdrawn and nothing has taken its place."""
        ended = (StatementState.WITHDRAWN, StatementState.SUPERSEDED)
        last = next((one for one in self.versions if StatementState(one.row.state) in ended), None)
        gone = last is not None and StatementState(last.row.state) is StatementState.WITHDRAWN
        return last if gone and self.force is None else None

    @property
    def freed(self) -> list[str]:
        """The subjects that a release set free and that nothing holds now."""
        newest = {one.said: one for one in reversed(self.holds)}
        return [said for said, one in newest.items() if HoldState(one.row.state) is HoldState.RELEASED]

    @property
    def main_accounts(self) -> list[Account]:
        """The accounts that may release first: the school's own; every one where the roster marks none."""
        active = [one for one in self.accounts.values() if one.active]
        return [one for one in active if one.main] or active

    @property
    def empty(self) -> bool:
        """Whether nothing of one voice belongs to the incident."""
        return not (self.holds or self.versions)


def voice_of(
    conn: Connection, row: Row[Any], now: datetime, *, whole: bool = True, known: Known | None = None
) -> Voice:
    """Gather it; `whole` False: without effect and readings, for the strip on the incident's page. `known`: what was
    asked for already."""
    pack = thaw(row.frozen["pack"])
    known = known if known is not None else knowledge(conn, row.school)
    some = conn.execute(select(holds).where(holds.c.incident_id == row.id).order_by(holds.c.id.desc())).all()
    return Voice(
        pack=pack,
        level=pack.grade(row.level).number,
        holds=tuple(hold_view(conn, one, known) for one in some),
        facts=fact.facts_of(conn, row.id),
        asked=_facts_asked(conn, row.id) if whole else (),
        versions=tuple(
            _version(conn, row, pack, one, known, now, whole=whole) for one in statement.versions(conn, row.id)
        ),
        accounts=known.accounts,
    )


def _facts_asked(conn: Connection, incident_id: int) -> list[tuple[Row[Any], str, Row[Any] | None]]:
    """The 情况说明 that were asked for: the task, its state in words, and the newest answer."""
    rows = conn.execute(
        select(tasks).where(tasks.c.incident_id == incident_id, tasks.c.kind == TaskKind.FACTS).order_by(tasks.c.id)
    ).all()
    return [(one, TASK.state_words[TaskState(one.state)], deeds.last_answer(conn, one.id)) for one in rows]


def hold_view(conn: Connection, row: Row[Any], known: Known) -> HoldView:
    """One hold."""
    newest = hold.current(conn, row.id)
    confirmed = {
        one.account_id: one
        for one in conn.execute(
            select(hold_confirmations)
            .where(hold_confirmations.c.hold_id == row.id, hold_confirmations.c.n == newest.n)
            .order_by(hold_confirmations.c.at.desc())
        )
    }
    by_account: dict[str, list[Row[Any]]] = {}
    for one in conn.execute(
        select(hold_accounts).where(hold_accounts.c.hold_id == row.id).order_by(hold_accounts.c.account_id)
    ):
        by_account.setdefault(one.account_id, []).append(one)
    accounts = []
    for account_id, rows in by_account.items():
        done = confirmed.get(account_id)
        accounts.append(
            Held(
                account_id, known.account(account_id),
                tuple((one.person_id, known.name(one.person_id)) for one in rows),
                any(one.keeps for one in rows),
                known.name(done.person_id) if done else "", done.at if done else None,
            )
        )  # fmt: skip
    return HoldView(row, newest.n, read(newest.subject), newest.why, tuple(accounts))


def _version(
    conn: Connection, row: Row[Any], pack: Pack, one: Row[Any], known: Known, now: datetime, *,
    whole: bool,
) -> Version:  # fmt: skip
    looked = statement.looked_at(conn, one.id)
    out = release.release_of(conn, one.id)
    used = set(one.facts)
    is_draft = StatementState(one.state) is StatementState.DRAFT and Kind(one.kind) is Kind.STATEMENT
    return Version(
        row=one,
        card=card_of(one.card),
        looked=tuple((item, looked.get(item.key)) for item in pack.voice.check),
        steps=tuple(_steps(conn, row, pack, one, known)),
        facts=tuple(f for f in fact.facts_of(conn, row.id) if f.id in used),
        lacking=tuple(approval.unready(conn, one, row)) if is_draft else (),
        out=out,
        out_name=known.account(out.account_id) if out is not None and out.account_id in known.accounts else "",
        relays=tuple(relayed(conn, one.id, known)),
        readings=reading.readings_of(conn, row.school, one.id) if whole else (),
        effect=effect_of(conn, row, out.posted_at, now) if whole and out is not None else None,
    )


def _steps(conn: Connection, row: Row[Any], pack: Pack, one: Row[Any], known: Known) -> list[Asked]:
    """The steps that were asked, then those that the pack's chain still has."""
    asked = [
        Asked(
            s.id, s.words, s.basis, known.name(s.decided_by or s.asked), s.decision or "",
            s.comment or "", s.decided_at, s.due_at, s.seal,
            frozenset(approval.may_decide(conn, s, one, row)) if s.decision is None else frozenset(),
        )
        for s in approval.steps_of(conn, one.id)
    ]  # fmt: skip
    open_states = (StatementState.DRAFT, StatementState.REVIEW)
    further = pack.voice.chain(pack.grade(row.level).number)[len(asked) :]
    ahead = further if StatementState(one.state) in open_states else ()
    return asked + [_ahead(pack, step) for step in ahead]


def _ahead(pack: Pack, step: Approver) -> Asked:
    words = pack.offices[step.office].words[0] if step.office in pack.offices else step.office
    return Asked(0, words, step.label, "", "", "", None, None, "", frozenset())
