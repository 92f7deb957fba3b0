"""Rehearsal 演练: scenarios through the whole chain on the scenario's own clock, in a store of its own.

The same workers do the work (assess, watch, notify); only the channels are replaced by one that keeps what it is given,
so nothing leaves the house. Nobody signs in a rehearsal: what follows on silence is shown as well.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select

from deploy.course import Outcomes, course
from deploy.scenario import Line, Page, Scenario
from escalation import people
from escalation.channels import Accepted, Message, Outcome
from escalation.channels import Channel as ChannelPort
from escalation.incident import MACHINE, incidents
from escalation.notice import ways
from escalation.notice.issue import Letterhead
from escalation.notify import Notify
from escalation.opening import Ground
from escalation.people import DUTY_LEAD, Held, Person, Role
from escalation.procedure import Channel, Pack
from escalation.submission import use
from escalation.timer import TimerKind, TimerState, timers
from escalation.watch import Watch
from sentiment.engine import Engine
from stream import account
from stream.account import Account
from stream.assess import Reader
from stream.assessing import Assessing
from stream.border import OPEN_AT
from stream.frame import Frame
from stream.log import Log, open_log
from stream.post import Counts, Post, Route, door
from stream.rules import Rulebook
from stream.store import Store, metadata
from stream.topic import POSTS, partitions

SCHOOL = "YL"
NO_NUMBER = "演练号码"
"""Everybody in a rehearsal can be telephoned, and nobody is."""
SILENCE = timedelta(days=7)
"""How long after the last line the clocks run on at the most, so that the whole ladder shows."""
CHANNELS = (Channel.MAIL, Channel.WECOM_APP, Channel.SMS, Channel.WECOM_ROBOT)
"""Taken as set up where nothing else is said: one of each kind."""
Step = Callable[[], None]
SHOWN = (TimerKind.SIGN, TimerKind.RUNG, TimerKind.DUTY, TimerKind.CONSULTATION)


@dataclass(slots=True)
class KeepingChannel(ChannelPort):
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
    """What judges: engine, rulebook, pack; loaded once for all scenarios. `channels`: taken as set up.

    `submissions`: posts are held against submissions 送审单 from the first line on; a scenario has none. `open_at`:
    points from which several voices open an incident. `frames`: of `stream.frame`; None: those of its file.
    `tells`: nobody is told otherwise, and no clock runs: enough for what opens, in half the time.
    """

    engine: Engine
    rulebook: Rulebook
    pack: Pack
    channels: tuple[str, ...] = CHANNELS
    submissions: bool = False
    open_at: float = OPEN_AT
    frames: tuple[Frame, ...] | None = None
    tells: bool = True


class SubmissionsError(ValueError):
    """Submissions are to be held against posts where the pack demands none; the message says so."""


class ChannelError(ValueError):
    """A channel that there is not; the message names those that there are."""


def channels_of(names: Sequence[str]) -> tuple[str, ...]:
    """The channels of these names, the usual ones where none is given. Raises ChannelError."""
    known = [str(one) for one in (*ways.PERSONAL, *ways.GROUPS)]
    for name in names:
        if name not in known:
            raise ChannelError(f"没有通道“{name}”，可写：{'、'.join(known)}。")
    return tuple(dict.fromkeys(names)) or CHANNELS


def submissions_of(pack: Pack, wanted: bool) -> bool:
    """Whether posts are held against submissions. Raises SubmissionsError where the pack demands none."""
    if wanted and not pack.submission:
        raise SubmissionsError(f"规程包 {pack.code} 没有要求逐篇送审（校规未规定），不能加 --submissions，请去掉再试。")
    return wanted


def rehearse(scenario: Scenario, house: House, step: Step = lambda: None) -> Outcomes:
    """Play one scenario in an empty store, line by line on its own clock; `step` is called after each line."""
    with tempfile.TemporaryDirectory(prefix="fengxin-rehearsal-") as folder, ExitStack() as stack:
        store = Store(f"sqlite:///{folder}/store.db", lasting=False)
        stack.callback(store.close)
        metadata.create_all(store.engine)
        log = open_log(f"sqlite:///{folder}/log.db")
        stack.callback(log.close)
        log.ensure(partitions(1))
        return _Stage(scenario, house, store, log).play(step)


READERS = 4
"""Rulebooks made ready that are kept: playing after playing asks for the same, and each takes a third of a second."""
_readers: list[tuple[Rulebook, tuple[str, ...], Reader]] = []


def reader_of(book: Rulebook, names: tuple[str, ...]) -> Reader:
    """The rulebook made ready for a college of these names; what was asked for last is kept."""
    kept = next((one for one in _readers if one[0] is book and one[1] == names), None)
    found = kept or (book, names, Reader(book, names))
    _readers[:] = [found, *(one for one in _readers if one is not found)][:READERS]
    return found[2]


def post_of(scenario: Scenario, line: Line) -> Post:
    """A line as the post that the door lets through."""
    kept, digest, cut = door(line.text)
    ours = line.author == "school"
    platform = next((page.platform for page in scenario.college.accounts if page.key == line.account), "manual")
    return Post(
        school=SCHOOL, id=line.id, kind=line.kind, platform=platform, account_id=line.account, thread_id=line.thread,
        parent_id=line.parent, text=kept, text_hash=digest, cut=cut, author_key="" if ours else line.author,
        by_school=ours, published_at=line.at, first_seen_at=line.at, fetched_at=line.at, revision=digest[:16],
        route=Route.MANUAL,
    )  # fmt: skip


class _Stage:
    """The chain for one scenario, with a clock that only the scenario moves."""

    def __init__(self, scenario: Scenario, house: House, store: Store, log: Log) -> None:
        self._scenario, self._store, self._log = scenario, store, log
        self._now = scenario.lines[0].at
        college = scenario.college
        self._pages = {page.key: page for page in college.accounts}
        head = Letterhead(
            school=SCHOOL, school_name=college.college, public_url="http://rehearsal.invalid", link_key=b"rehearsal",
            channels=frozenset(house.channels), robot="演练群", duty_phone=NO_NUMBER,
        )  # fmt: skip
        keeping = [KeepingChannel(str(name), ways.TITLES[Channel(name)]) for name in house.channels]
        self._pack, self._submissions, self._tells = house.pack, house.submissions, house.tells
        ground = Ground(house.pack, head, {"rules": "演练"}, rehearsal=True, open_at=house.open_at, frames=house.frames)
        places = (*house.rulebook.places(), *(unit.name for unit in college.units))
        reader = reader_of(house.rulebook, college.names)
        self._assessing = Assessing(log, store, house.engine, reader, self._clock)
        self._watch = Watch(log, store, SCHOOL, ground, self._clock, places)
        self._notify = Notify(store, head, {channel.name: channel for channel in keeping}, self._clock)
        self._level_at_opening: dict[str, int] = {}

    def _clock(self) -> datetime:
        return self._now

    def play(self, step: Step) -> Outcomes:
        """Every line in order, the clocks in between, then silence until the ladder ends."""
        with self._store.write() as conn:
            account.enter(conn, [self._account(page) for page in self._pages.values()])
            people.enter(conn, *self._people())
            if self._submissions:
                use.switch(conn, self._pack, SCHOOL, MACHINE, self._now, on=True)
        for line in self._scenario.lines:
            self._run_clocks_until(line.at)
            self._now = line.at
            self._put(line)
            step()
        last = self._now + SILENCE
        while self._tells and (due := self._next_rung()) is not None and due <= last:
            self._run_clocks_until(max(due, self._now))
        with self._store.read() as conn:
            return course(conn, SCHOOL, self._scenario, self._level_at_opening)

    def _next_rung(self) -> datetime | None:
        """When the next clock of somebody's silence, of a report or of an answer that is due, runs out."""
        with self._store.read() as conn:
            return conn.execute(
                select(func.min(timers.c.due_at)).where(timers.c.state == TimerState.SET, timers.c.kind.in_(SHOWN))
            ).scalar()

    def _account(self, page: Page) -> Account:
        start = self._scenario.lines[0].at - timedelta(days=1)
        return Account(SCHOOL, page.key, page.platform, page.name, page.key, page.unit, "manual", start, page.main)

    def _people(self) -> tuple[list[Person], list[Held]]:
        persons: dict[str, Person] = {}
        held: list[Held] = []

        def appoint(who: str, title: str, unit: str, role: str, scope: str = "") -> None:
            mail = f"{len(persons)}@rehearsal.invalid"
            persons[who] = Person(SCHOOL, who, f"演练·{title}", title, unit, mail, NO_NUMBER, who)
            held.append(Held(role, scope, who))

        for page in self._pages.values():
            appoint(f"keeper:{page.key}", f"{page.name}管理员", page.unit, Role.KEEPER, page.key)
        for unit in self._scenario.college.units:
            appoint(f"leader:{unit.key}", f"{unit.name}{unit.leader_role}", unit.name, Role.UNIT_LEADER, unit.name)
        appoint("publicity", "党委宣传部", "党委宣传部", Role.PUBLICITY)
        appoint("school_leader", "主管校领导", "学校", Role.SCHOOL_LEADER)
        appoint("monitor", "值班员", "党委宣传部", Role.MONITOR)
        appoint("duty_lead", "带班领导", "党委宣传部", DUTY_LEAD)
        for office in self._pack.office:  # a rehearsal shows the rules, so no office of theirs is vacant
            if office.key not in {one.role for one in held}:
                appoint(office.key, office.words[0], office.words[0], office.key)
        return list(persons.values()), held

    def _put(self, line: Line) -> None:
        post = post_of(self._scenario, line)
        counts = Counts(school=SCHOOL, post_id=line.id, likes=line.likes, seen_at=line.at)
        self._log.append(POSTS, [(line.thread, counts.wire()), (line.thread, post.wire())])
        while self._assessing.step(wait=0) or self._watch.step(wait=0):
            pass
        while self._tells and self._notify.step():
            pass
        with self._store.read() as conn:
            for row in conn.execute(select(incidents.c.number, incidents.c.level)):
                self._level_at_opening.setdefault(row.number, row.level)

    def _run_clocks_until(self, end: datetime) -> None:
        """Let every clock that is due before `end` run out at its own time."""
        while self._tells:
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
