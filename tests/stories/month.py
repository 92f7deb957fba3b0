"""A month of a busy school in one process: twelve accounts, three hundred matters, every kind of ending.

The watch reads a log, notify runs the clocks, the auditor looks. What people do is done by the same use-cases as on
the pages. The clock moves by hand; chance comes from a seed, so that a run can be repeated.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select

from escalation import archive, handling, keeper, people, recap, receipt, reignition, telephone
from escalation.auditor import Auditor
from escalation.by_hand import Wish, open_by_hand
from escalation.channels.phone import OUTCOMES, CallOutcome
from escalation.handling import FalseAlarm
from escalation.incident import Actor, incidents
from escalation.incident.state import IllegalStep, State
from escalation.notice import calls, is_owed, notices
from escalation.people import Held, Person, Role
from escalation.procedure import load
from escalation.recap import Measure, Recap
from escalation.task import TaskKind, deeds
from escalation.task.state import TaskState
from stream import account
from stream.account import Account
from stream.log.sqlite import SqliteLog
from stream.post import Post
from stream.topic import partitions
from tests.escalation.office import HELD, IN_LEAD, KEEPER, ON_DESK, STAFF
from tests.escalation.station import Station
from tests.stream.said import SCHOOL, START, a_post, assessed

CHANNELS = frozenset({"mail", "wecom_robot"})
PACK = "NX"
WATCHED = timedelta(days=15)
"""Before that nobody tries to close: the watch for a new flare lasts a fortnight."""
ACCOUNTS = 12
GRAVE = 0.06
"""The share of dangers: each is of level Ⅱ and holds every account of the school."""
MATTERS = 300
DAYS = 30
SAID = (
    "食堂那个窗口的饭吃完好几个人上吐下泻，去急诊了",
    "后厨爆炸了，两个打饭的同学被烧伤，正往救护车上抬",
    "宿舍楼着火了，浓烟很大，有人被困在楼上",
    "操场看台塌了，好几个同学被压在下面",
    "有人拿刀在教学楼砍人，保安拦不住，好几个人流血",
)
"""Each is a danger that one line is enough for; what stands around it is different every time."""
LETTERS = [chr(code) for code in range(0x4E00, 0x9FA0)]
SECOND = Actor("second", "温岭", frozenset({Role.PUBLICITY}))
HEAD = Actor("school", "沈澄", frozenset({Role.SCHOOL_LEADER}))


class Month:
    """The station of a month, its auditor, and what people do with each matter."""

    def __init__(self, folder: Path, seed: int = 4) -> None:
        self.station = Station(folder)
        self.office, self.chance = self.station.office, random.Random(seed)
        self.office.ground = replace(self.office.ground, pack=load(PACK))
        self.station.watch = self.station.watcher()
        self.station.log.ensure(partitions(1))
        self.auditor = Auditor(
            self.office.store, lambda: SqliteLog(folder / "log.db"), SCHOOL, CHANNELS, lambda: self.office.now,
            monotonic=self._seconds,
        )  # fmt: skip
        self.done: Counter[str] = Counter()
        self.said = 0
        self.again: set[int] = set()
        self.waited = 0
        self._enter()

    def _enter(self) -> None:
        persons = [
            Person(SCHOOL, key, name, "", "", f"{key}@x.example", "138")
            for key, name in (*STAFF.items(), ("second", "温岭"))
        ]
        held = [*HELD, Held(Role.PUBLICITY, "", "second", 1)]
        book = []
        for n in range(ACCOUNTS):
            unit = f"第{n}学院"
            persons += [
                Person(SCHOOL, f"{who}{n}", f"{who}{n}", "", unit, f"{who}{n}@x.example", "139") for who in ("k", "u")
            ]
            held += [Held(Role.KEEPER, f"a{n}", f"k{n}"), Held(Role.UNIT_LEADER, unit, f"u{n}")]
            book.append(Account(SCHOOL, f"a{n}", "weibo", f"青禾{n}", str(n), unit, "api", START - timedelta(days=30)))
        with self.office.store.write() as conn:
            people.enter(conn, persons, held)
            account.enter(conn, book)

    def _seconds(self) -> float:
        return self.office.now.timestamp()

    def close(self) -> None:
        self.auditor.close()
        self.station.close()

    # What happens.

    def happen(self) -> None:
        """Somebody writes under some account's post: a danger, which the watch opens, or what a person opens."""
        self.said += 1
        n, grave = self.chance.randrange(ACCOUNTS), self.chance.random() < GRAVE
        around = "".join(self.chance.choices(LETTERS, k=40))
        words = self.chance.choice(SAID) if grave else "大家来看一看"
        post: Post = a_post(
            f"{around}。{words}", f"weibo:m{self.said}", thread=f"weibo:t{self.said}", at=self.office.now,
            account=f"a{n}",
        )  # fmt: skip
        self.station.append(assessed(post, negative=True))
        self.station.listen()
        if not grave:
            wish = Wish(self.chance.choice((3, 4)), f"第{self.said}件：{around[:6]}", "多人反映，须有人管")
            with self.office.store.write() as conn:
                open_by_hand(conn, self.office.ground, post.id, wish, ON_DESK, self.office.now, SCHOOL)

    def until(self, end: datetime) -> None:
        """Let the clocks run, and the auditor look."""
        self.office.later(seconds=(end - self.office.now).total_seconds())
        self.waited += 1
        if self.waited % 4 == 0:
            self.auditor.step()

    # What people do.

    def work(self) -> None:
        """One round of the desk: each matter is taken one step further, or left alone for a while."""
        with self.office.store.read() as conn:
            found = conn.execute(select(*COLUMNS).where(incidents.c.state.not_in(DONE))).all()
        for row in found:
            step = PLANS[row.id % len(PLANS)].get(State(row.state))
            if step is not None and self.chance.random() < 0.7:
                try:
                    step(self, row)
                except IllegalStep as refused:
                    self.done[f"refused: {str(refused)[:12]}"] += 1

    def sign_all(self, row: Row[Any]) -> None:
        """Everybody signs who was told; of the telephone tasks the outcome is recorded."""
        with self.office.store.write() as conn:
            owed = conn.execute(select(notices).where(notices.c.incident_id == row.id, is_owed())).all()
            for one in owed:
                receipt.sign(conn, one.id, one.addressee, self.office.now, via="link")
        self.call(row)
        self.done["signed"] += 1

    def call(self, row: Row[Any]) -> None:
        with self.office.store.write() as conn:
            rung = conn.execute(
                select(calls.c.id).join(notices, notices.c.id == calls.c.notice_id)
                .where(notices.c.incident_id == row.id, calls.c.outcome.is_(None))
            ).scalars().all()  # fmt: skip
            for one in rung:
                telephone.record_call(conn, one, ON_DESK, self.office.now, OUTCOMES[CallOutcome.TOLD].title, "已告知")

    def dismiss(self, row: Row[Any]) -> None:
        with self.office.store.write() as conn:
            if row.level == 1 and row.confirmed_by is None:
                handling.confirm(conn, row.id, ON_DESK, self.office.now, "先看")
                return
            handling.dismiss(conn, self.office.head, row.id, IN_LEAD, self.office.now, FalseAlarm.MISREAD, "看过了")
        self.done["dismissed"] += 1

    def report(self, row: Row[Any]) -> None:
        """The keeper reports and answers in public."""
        with self.office.store.write() as conn:
            if row.confirmed_by is None:
                handling.confirm(conn, row.id, ON_DESK, self.office.now, "属实")
            keeper.report(conn, row.id, KEEPER, self.office.now, seen="看到了", done="已联系")
            keeper.answer(conn, row.id, KEEPER, self.office.now, text="学校已到场处置，请以通报为准。")
        self.explain(row)
        self.done["answered"] += 1

    def explain(self, row: Row[Any]) -> None:
        """What was asked of the unit is answered by telephone, and taken as done by another person."""
        with self.office.store.write() as conn:
            for one in deeds.open_tasks(conn, row.id):
                if one.state in WAITS:
                    deeds.answer(conn, one.id, ON_DESK, self.office.now, "情况已核实，见附页。")
                if one.kind != TaskKind.CORRECTION:
                    deeds.confirm(conn, one.id, IN_LEAD, self.office.now)
                self.done["tasks"] += 1

    def silent(self, row: Row[Any]) -> None:
        """The 宣传部 decides that nothing is said."""
        with self.office.store.write() as conn:
            if row.confirmed_by is None:
                handling.confirm(conn, row.id, ON_DESK, self.office.now, "属实")
            handling.no_answer(conn, row.id, IN_LEAD, self.office.now, "已平息", "沈澄")
        self.explain(row)
        self.done["no answer"] += 1

    def watch(self, row: Row[Any]) -> None:
        with self.office.store.write() as conn:
            reignition.begin(conn, row.id, ON_DESK, self.office.now, "转入观察")
        self.done["watched"] += 1

    def end(self, row: Row[Any]) -> None:
        """Recap and close, once the watch is over."""
        if self.office.now - row.opened_at < WATCHED:
            return
        self.call(row)
        with self.office.store.write() as conn:
            if recap.newest(conn, row.id) is None:
                until = (self.office.now + timedelta(days=30)).date()
                given = Recap("设备老化", "一小时内处置", "响应快", "通报慢", (Measure("检修", "后勤处", until),))
                recap.write(conn, row.id, ON_DESK, self.office.now, given)
        with self.office.store.write() as conn:
            handling.close(conn, row.id, SECOND, self.office.now, "已处置", "情况已当面说明")
        self.done["closed"] += 1

    def reopen(self, row: Row[Any]) -> None:
        """Once; what turns out to be a false alarm again stays one."""
        if row.id in self.again:
            return
        self.again.add(row.id)
        with self.office.store.write() as conn:
            handling.reopen(conn, self.office.head, row.id, IN_LEAD, self.office.now, "又有新情况")
        self.done["reopened"] += 1

    def file(self, row: Row[Any]) -> None:
        with self.office.store.write() as conn:
            archive.archive(conn, row.id, SECOND, self.office.now)
        self.done["archived"] += 1

    def settle(self, row: Row[Any]) -> None:
        """Who does not sign is settled for; then it goes on as usual."""
        with self.office.store.write() as conn:
            owed = conn.execute(select(notices.c.addressee).where(notices.c.incident_id == row.id, is_owed())).scalars()
            for who in sorted(set(owed) - {"publicity"}):
                handling.settle(conn, row.id, who, IN_LEAD, self.office.now, "出国，已电话告知")
        self.sign_all(row)
        self.done["settled"] += 1


COLUMNS = [incidents.c[name] for name in ("id", "state", "level", "confirmed_by", "number", "opened_at")]
WAITS = (TaskState.SET, TaskState.ACCEPTED, TaskState.RETURNED)
DONE = (State.ARCHIVED, State.MERGED)
Step = Callable[[Month, Row[Any]], None]
S = State
ANSWERED: dict[State, Step] = {
    S.NOTIFIED: Month.sign_all, S.ACKNOWLEDGED: Month.report, S.ASSESSING: Month.report, S.HANDLING: Month.report,
    S.RESPONDED: Month.watch, S.WATCHING: Month.end,
}  # fmt: skip
FALSE: dict[State, Step] = {S.NOTIFIED: Month.dismiss}
SAID_NOTHING: dict[State, Step] = ANSWERED | {S.ACKNOWLEDGED: Month.silent, S.ASSESSING: Month.silent}
PLANS: tuple[dict[State, Step], ...] = (
    ANSWERED, FALSE, ANSWERED | {S.CLOSED: Month.file}, FALSE, SAID_NOTHING, FALSE,
    ANSWERED | {S.NOTIFIED: Month.settle}, FALSE,
    FALSE | {S.FALSE_ALARM: Month.reopen, S.HANDLING: Month.dismiss},
    {},  # nobody ever does anything: the ladder goes to its end
)  # fmt: skip
"""What people do in each state; an incident follows the plan of its number."""
