"""A school's office for the tests of the core: people, one incident after another, a clock that a test moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, Table, select

import escalation.alert
import escalation.audit
import escalation.keeper
import escalation.trial
import escalation.user  # noqa: F401
from escalation import handling, people, recap, reignition
from escalation.bulletin import bulletins
from escalation.channels import Accepted, Channel, Message, Outcome
from escalation.incident import Actor, entries, incidents
from escalation.joining import add_to
from escalation.notice import calls, notices
from escalation.notice.issue import Letterhead
from escalation.notify import Notify
from escalation.opening import Ground, Matter, open_matter
from escalation.people import Held, Person, Role
from escalation.procedure import load
from escalation.recap import Measure, Recap
from escalation.timer import timers
from escalation.voice import hold
from stream.post import Post
from stream.store import Store
from tests.mould import pour
from tests.stream.said import POISONED, SCHOOL, START, a_post

UNIT = "后勤处"
STAFF = {
    "keeper": "谢晓", "leader": "罗广平", "publicity": "何岚", "school": "沈澄", "monitor": "陈屿", "lead": "梁致远",
}  # fmt: skip
HELD = (
    Held(Role.KEEPER, "canteen", "keeper"), Held(Role.UNIT_LEADER, UNIT, "leader"),
    Held(Role.PUBLICITY, "", "publicity"), Held(Role.SCHOOL_LEADER, "", "school"), Held(Role.MONITOR, "", "monitor"),
    Held("duty_lead", "", "lead"),
)  # fmt: skip
FOUR = {"keeper", "leader", "publicity", "school"}
ON_DESK = Actor("monitor", "陈屿", frozenset({Role.MONITOR}))
IN_LEAD = Actor("publicity", "何岚", frozenset({Role.PUBLICITY}))
KEEPER = Actor("keeper", "谢晓", frozenset({Role.KEEPER}))


RECAP = Recap("后厨抽检不严", "学生发帖，当日核实", "两小时内答复", "未先告知值班台", (
    Measure("每日抽检留样", "罗广平", date(2026, 12, 1)),
))  # fmt: skip


def conclude(conn: Connection, incident_id: int, now: datetime) -> None:
    """A 首报 and a 终报 stand in the record, as if they had been written and signed."""
    said = {
        "school": SCHOOL, "incident_id": incident_id, "level": 2, "person_id": "publicity", "written_at": now,
        "facts": "已核实", "figures": [], "done": "已整改", "next_step": "", "told": [], "left_at": now,
    }  # fmt: skip
    for number, kind in ((1, "first"), (2, "final")):
        conn.execute(bulletins.insert().values(**said, number=number, kind=kind))


class Scripted(Channel):
    """A channel that answers as it was told to, in order, and takes everything afterwards."""

    def __init__(self, name: str = "mail", title: str = "邮件") -> None:
        self.name, self.title = name, title
        self.answers: list[Outcome] = []
        self.sent: list[Message] = []

    def send(self, message: Message) -> Outcome:
        self.sent.append(message)
        return self.answers.pop(0) if self.answers else Accepted("taken")

    def probe(self) -> Outcome:
        return Accepted("probe")


@dataclass
class Office:
    """Everything that a use-case needs. `open` opens one incident; `later` lets the clocks run."""

    store: Store
    now: datetime = START
    mail: Scripted = field(default_factory=Scripted)
    robot: Scripted = field(default_factory=lambda: Scripted("wecom_robot", "企业微信机器人"))

    def __post_init__(self) -> None:
        channels = frozenset({"mail", "wecom_robot"})
        self.head = Letterhead(SCHOOL, "青禾职院", "https://fx.example", b"k" * 32, channels, "值班群", "8071")
        self.ground = Ground(load("JY"), self.head, {"engine": "said"})
        self.notify = Notify(self.store, self.head, {"mail": self.mail, "wecom_robot": self.robot}, lambda: self.now)

    @staticmethod
    def at(folder: Path, held: Sequence[Held] = HELD, **contacts: dict[str, str]) -> Office:
        """An office with its people; `contacts` overrides what is known of one (`keeper={"email": ""}`)."""
        store = pour(folder / "office.db")
        persons = [
            Person(SCHOOL, key, name, "", UNIT, given.get("email", f"{key}@x.example"), given.get("mobile", "138"))
            for key, name, given in ((key, name, contacts.get(key, {})) for key, name in STAFF.items())
        ]
        with store.write() as conn:
            people.enter(conn, persons, held)
        return Office(store)

    def matter(self, **changes: Any) -> Matter:
        """A matter that damages the school."""
        values: dict[str, Any] = {
            "title": "二食堂：饭菜有异物", "theme": "canteen", "level": 2, "risk": 60,
            "reasons": ({"name": "负面", "share": 100, "sentence": "三人这样说", "article": ""},),
            "keys": ("canteen|thread|weibo:t1",), "grave": False, "enough": True, "care": False,
            "member_ids": ("weibo:1",), "first_post_id": "weibo:1", "unit": UNIT,
            "account": {"platform": "微博", "name": "后勤", "id": "canteen"},
        }  # fmt: skip
        return Matter(**values | changes)

    def post(self, **changes: Any) -> Post:
        """The post that opens it, seen just now."""
        return a_post(POISONED, **{"at": self.now} | changes)

    def open(self, post: Post | None = None, **changes: Any) -> int:
        """Open an incident now."""
        with self.store.write() as conn:
            return open_matter(conn, self.ground, self.matter(**changes), post or self.post(), self.now)

    def add(self, incident_id: int, **changes: Any) -> None:
        """One more line of the same matter."""
        with self.store.write() as conn:
            add_to(conn, self.ground, incident_id, self.matter(**changes), self.post(), self.now)

    def later(self, **by: float) -> None:
        """Let time pass; every clock runs out at its own moment."""
        end = self.now + timedelta(**by)
        while True:
            with self.store.read() as conn:
                wanted = select(timers.c.due_at).where(timers.c.state == "set", timers.c.due_at <= end)
                due = conn.execute(wanted.order_by(timers.c.due_at)).scalars().first()
            if due is None:
                break
            self.now = max(self.now, due)
            self.work()
        self.now = end
        self.work()

    def work(self) -> None:
        """Let the notify role do all that it can do now."""
        while self.notify.step():
            pass

    def see_through(self, incident_id: int) -> None:
        """Decide that nothing is said in public, write the recap, and let the watch pass without a spark."""
        with self.store.write() as conn:
            handling.no_answer(conn, incident_id, IN_LEAD, self.now, "已当面答复", "沈澄")
            recap.write(conn, incident_id, ON_DESK, self.now, RECAP)
            self.wind_up(conn, incident_id)
            reignition.begin(conn, incident_id, ON_DESK, self.now)
        self.later(days=14)

    def wind_up(self, conn: Connection, incident_id: int) -> None:
        """Write the reports of the level, and end what was held."""
        conclude(conn, incident_id, self.now)
        for held in hold.standing_of(conn, incident_id):
            hold.lift(conn, self.head, held.id, IN_LEAD, self.now, "已当面答复，无需统一口径")

    def rows(self, table: Table, **where: Any) -> list[Row[Any]]:
        """Rows of a table, the oldest first."""
        wanted = [table.c[name] == value for name, value in where.items()]
        with self.store.read() as conn:
            return list(conn.execute(select(table).where(*wanted).order_by(*table.primary_key.columns)))

    def one(self, incident_id: int) -> Row[Any]:
        """An incident as it stands."""
        (row,) = self.rows(incidents, id=incident_id)
        return row

    def notice(self, who: str, kind: str = "first") -> Row[Any]:
        """The newest notice of a kind to somebody."""
        return self.rows(notices, addressee=who, kind=kind)[-1]

    def told(self, kind: str) -> list[str]:
        """To whom notices of a kind were written, the robot apart."""
        return [row.addressee for row in self.rows(notices, kind=kind) if row.addressee != "robot"]

    def running(self) -> set[str]:
        """Whose clocks run (signature and ladder)."""
        owners = {row.id: row.addressee for row in self.rows(notices)}
        clocks = [row for row in self.rows(timers, state="set") if row.kind in ("sign", "rung")]
        return {owners[row.notice_id] for row in clocks if row.notice_id}

    def phoned(self) -> list[str]:
        """For whom there are phone tasks."""
        return [row.person_id for row in self.rows(calls)]

    def headings(self) -> list[str]:
        """The log of all incidents."""
        return [row.heading for row in self.rows(entries)]
