"""Rehearsal 演练: scenarios through the whole chain on the scenario's own clock, in a store of its own.

The same workers do the work (assess, watch, notify); only the channels are replaced by one that keeps what it is given,
so nothing leaves the house. Nobody signs in a rehearsal: what follows on silence is shown as well.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from deploy.scenario import Line, Page, Scenario
from escalation import people
from escalation.channels import Accepted, Channel, Message, Outcome
from escalation.incident import incidents, members
from escalation.notice import GROUP, KIND_WORDS, NoticeKind, calls, notices
from escalation.notice.issue import Letterhead
from escalation.notify import Notify
from escalation.opening import Ground
from escalation.people import Held, Person, Role
from escalation.procedure import Pack
from escalation.timer import TimerState, timers
from escalation.watch import Watch
from sentiment.engine import Engine
from stream import account
from stream.account import Account
from stream.assess import Reader
from stream.assessing import ASSESSED, POSTS, Assessing
from stream.log import Log, open_log
from stream.post import Counts, Post, Route, door
from stream.rules import Rulebook
from stream.store import Store, metadata

SCHOOL = "YL"
NO_NUMBER = "演练号码"
"""Everybody in a rehearsal can be telephoned, and nobody is."""
SILENCE = timedelta(hours=1)
"""How long after the last line the clocks run on, so that the ladder shows."""
PHONE = "电话通知"
CALLED = "未签收 {number}，由值班员拨打并登记"


@dataclass(frozen=True, slots=True)
class Telling:
    """Who was told what, when, as whom and by which article."""

    at: datetime
    incident: str
    kind: str
    person: str
    office: str
    basis: str
    reason: str


@dataclass(frozen=True, slots=True)
class Opened:
    """One incident of a rehearsal. `level` is the one it was opened with."""

    number: str
    title: str
    level: int
    theme: str
    opened_at: datetime
    opened_at_id: str
    threads: tuple[str, ...]
    members: tuple[str, ...]
    reasons: tuple[dict[str, Any], ...]

    def as_row(self, scenario: str) -> dict[str, Any]:
        """The form that the scenarios' score reads."""
        return {
            "scenario": scenario, "threads": list(self.threads), "members": list(self.members), "level": self.level,
            "opened_at_id": self.opened_at_id,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What a scenario led to."""

    scenario: str
    lines: int
    opened: tuple[Opened, ...]
    told: tuple[Telling, ...]


@dataclass(slots=True)
class KeepingChannel(Channel):
    """Keeps what it is given and sends nothing."""

    name: str
    title: str
    kept: list[Message] = field(default_factory=list)

    def send(self, message: Message) -> Outcome:
        """Keep it."""
        self.kept.append(message)
        return Accepted("演练")

    def probe(self) -> Outcome:
        """Nothing to prove."""
        return Accepted("演练")


@dataclass(frozen=True, slots=True)
class House:
    """What judges: engine, rulebook, pack. Loaded once for all scenarios."""

    engine: Engine
    rulebook: Rulebook
    pack: Pack


def rehearse(scenario: Scenario, house: House) -> Outcomes:
    """Play one scenario in an empty store, line by line on its own clock."""
    with tempfile.TemporaryDirectory(prefix="fengxin-rehearsal-") as folder, ExitStack() as stack:
        store = Store(f"sqlite:///{folder}/store.db")
        stack.callback(store.close)
        metadata.create_all(store.engine)
        log = open_log(f"sqlite:///{folder}/log.db")
        stack.callback(log.close)
        log.ensure({POSTS: 1, ASSESSED: 1})
        return _Stage(scenario, house, store, log).play()


class _Stage:
    """The chain for one scenario, with a clock that only the scenario moves."""

    def __init__(self, scenario: Scenario, house: House, store: Store, log: Log) -> None:
        self._scenario, self._store, self._log = scenario, store, log
        self._now = scenario.lines[0].at
        college = scenario.college
        self._pages = {page.key: page for page in college.accounts}
        head = Letterhead(
            school=SCHOOL, school_name=college.college, public_url="http://rehearsal.invalid", link_key=b"rehearsal",
            channels=frozenset({"mail", "wecom_robot"}), robot="演练群",
        )  # fmt: skip
        keeping = [KeepingChannel("mail", "邮件"), KeepingChannel("wecom_robot", "企业微信机器人")]
        ground = Ground(house.pack, head, {"rules": "演练"}, rehearsal=True)
        words = house.rulebook.words
        places = (*words.get("place", ()), *words.get("facility", ()), *(unit.name for unit in college.units))
        reader = Reader(house.rulebook, (college.college, *college.short))
        self._assessing = Assessing(log, store, house.engine, reader, self._clock)
        self._watch = Watch(log, store, SCHOOL, ground, self._clock, places)
        self._notify = Notify(store, head, {channel.name: channel for channel in keeping}, self._clock)
        self._level_at_opening: dict[str, int] = {}

    def _clock(self) -> datetime:
        return self._now

    def play(self) -> Outcomes:
        """Every line in order, the clocks in between, then an hour of silence."""
        with self._store.write() as conn:
            account.enter(conn, [self._account(page) for page in self._pages.values()])
            people.enter(conn, *self._people())
        for line in self._scenario.lines:
            self._run_clocks_until(line.at)
            self._now = line.at
            self._put(line)
        self._run_clocks_until(self._now + SILENCE)
        return self._outcomes()

    def _account(self, page: Page) -> Account:
        start = self._scenario.lines[0].at - timedelta(days=1)
        return Account(SCHOOL, page.key, page.platform, page.name, page.key, page.unit, "manual", start, page.main)

    def _people(self) -> tuple[list[Person], list[Held]]:
        persons: dict[str, Person] = {}
        held: list[Held] = []

        def appoint(who: str, title: str, unit: str, role: str, scope: str = "") -> None:
            mail = f"{len(persons)}@rehearsal.invalid"
            persons[who] = Person(SCHOOL, who, f"演练·{title}", title, unit, mail, NO_NUMBER)
            held.append(Held(role, scope, who))

        for page in self._pages.values():
            appoint(f"keeper:{page.key}", f"{page.name}管理员", page.unit, Role.KEEPER, page.key)
        for unit in self._scenario.college.units:
            appoint(f"leader:{unit.key}", f"{unit.name}{unit.leader_role}", unit.name, Role.UNIT_LEADER, unit.name)
        appoint("publicity", "党委宣传部", "党委宣传部", Role.PUBLICITY)
        appoint("school_leader", "主管校领导", "学校", Role.SCHOOL_LEADER)
        appoint("related_leaders", "学校相关领导", "学校", "related_leaders")
        appoint("monitor", "值班员", "党委宣传部", Role.MONITOR)
        appoint("duty_lead", "带班领导", "党委宣传部", "duty_lead")
        return list(persons.values()), held

    def _put(self, line: Line) -> None:
        kept, digest, cut = door(line.text)
        ours = line.author == "school"
        page = self._pages.get(line.account)
        post = Post(
            school=SCHOOL, id=line.id, kind=line.kind, platform=page.platform if page else "manual",
            account_id=line.account, thread_id=line.thread, parent_id=line.parent, text=kept, text_hash=digest, cut=cut,
            author_key="" if ours else line.author, by_school=ours, published_at=line.at, first_seen_at=line.at,
            fetched_at=line.at, revision=digest[:16], route=Route.MANUAL,
        )  # fmt: skip
        counts = Counts(school=SCHOOL, post_id=line.id, likes=line.likes, seen_at=line.at)
        self._log.append(POSTS, [(line.thread, counts.wire()), (line.thread, post.wire())])
        while self._assessing.step(wait=0) or self._watch.step(wait=0):
            pass
        while self._notify.step():
            pass
        with self._store.read() as conn:
            for row in conn.execute(select(incidents.c.number, incidents.c.level)):
                self._level_at_opening.setdefault(row.number, row.level)

    def _run_clocks_until(self, end: datetime) -> None:
        """Let every clock that is due before `end` run out at its own time."""
        while True:
            with self._store.read() as conn:
                due = conn.execute(
                    select(timers.c.due_at)
                    .where(timers.c.state == TimerState.SET, timers.c.due_at <= end)
                    .order_by(timers.c.due_at)
                    .limit(1)
                ).scalar()
            if due is None:
                break
            self._now = max(self._now, due)
            while self._notify.step():
                pass
        self._now = end

    def _outcomes(self) -> Outcomes:
        with self._store.read() as conn:
            found = conn.execute(select(incidents).order_by(incidents.c.id)).all()
            joined = conn.execute(select(members.c.incident_id, members.c.post_id)).all()
            told = conn.execute(
                select(notices, incidents.c.number.label("incident"))
                .join(incidents, incidents.c.id == notices.c.incident_id)
                .order_by(notices.c.created_at, notices.c.id)
            ).all()
            rung = conn.execute(
                select(calls.c.created_at, calls.c.person_id, notices, incidents.c.number.label("incident"))
                .join(notices, notices.c.id == calls.c.notice_id)
                .join(incidents, incidents.c.id == notices.c.incident_id)
                .order_by(calls.c.id)
            ).all()
            names = {person.id: person.name for person in people.everyone(conn, SCHOOL)} | {GROUP: "群机器人"}
        thread_of = {line.id: line.thread for line in self._scenario.lines}
        opened = []
        for row in found:
            ids = [line.post_id for line in joined if line.incident_id == row.id]
            ordered = tuple(line.id for line in self._scenario.lines if line.id in set(ids))
            threads = tuple(dict.fromkeys(thread_of[one] for one in ordered))
            opened.append(
                Opened(
                    row.number, row.title, self._level_at_opening[row.number], row.theme, row.opened_at,
                    row.opening_post_id, threads, ordered, tuple(row.reasons),
                )
            )  # fmt: skip
        tellings = tuple(
            Telling(
                n.created_at, n.incident, KIND_WORDS[NoticeKind(n.kind)], names.get(n.addressee, n.addressee), n.office,
                n.basis, n.reason,
            )
            for n in told
        )  # fmt: skip
        phoned = tuple(
            Telling(
                n[0], n.incident, PHONE, names.get(n.person_id, n.person_id), n.office,
                CALLED.format(number=n.number), n.reason,
            )
            for n in rung
        )  # fmt: skip
        told_all = tuple(sorted(tellings + phoned, key=lambda one: one.at))
        return Outcomes(self._scenario.name, len(self._scenario.lines), tuple(opened), told_all)
