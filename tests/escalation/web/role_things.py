"""Something of every noun for the table of roles to be tried upon: of the keeper's account and the unit leader's unit.

Each is made once, when a route first asks for it, by whoever may make it on the pages.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cached_property

from sqlalchemy import select

from escalation import alteration, breach, people, silence
from escalation.alteration.compare import Difference
from escalation.alteration.compare import Kind as Changed
from escalation.breach import Kind
from escalation.bulletin import BulletinKind, bulletins
from escalation.bulletin.write import Draft, write
from escalation.incident import Actor, incidents
from escalation.people import Person, Role, shifts
from escalation.procedure import Deadline
from escalation.task import tasks
from escalation.task.telling import page_path
from escalation.voice.approval import approvals
from escalation.voice.fact import facts
from escalation.voice.hold import holds
from stream.account import book
from tests.escalation.web.house import SCHOOL, UNIT, House
from tests.escalation.web.test_consultations import ask
from tests.escalation.web.test_rota_page import served
from tests.escalation.web.test_tasks import set_facts
from tests.escalation.web.test_voice import drafted, errand, only, press

LEAD = Actor("publicity", "何岚", frozenset({Role.PUBLICITY}))
SOMEBODY = "somebody"
ABSENT = "none"
"""The number of a paper that does not exist; those that do are tried in `role_cases.py`."""


class Things:
    """What a route's address can name, by the name of the place in it."""

    def __init__(self, house: House, incident: Callable[[], str]) -> None:
        self.house, self._incident = house, incident
        self.hold = self.approval = self.version = ""
        self.permit = self.submission = ABSENT
        self.handover = "999"

    def make(self, number: str) -> None:
        """One of each now: what is made when it is first asked for looks as if asking had changed something."""
        papers = (self.consultation, self.finding, self.alteration, self.told, self.errand)
        assert all((*papers, self.person, self.shift, self.silence, self.task(number), self.bulletin(number)))

    @cached_property
    def consultation(self) -> str:
        return str(ask(self.house))

    @cached_property
    def finding(self) -> str:
        post = self.house.post("今日上午我院实训楼突发火情，原因正在调查", by_school=True)
        with self.house.store.write() as conn:
            return str(breach.record(conn, post, UNIT, Kind.UNAUTHORISED, "第十条", "没有授权", self.house.now))

    @cached_property
    def alteration(self) -> str:
        """The keeper's account under another name."""
        found = Difference(Changed.RENAMED, "旧名", "新名", self.house.now, self.house.now)
        with self.house.store.write() as conn:
            row = alteration.record(conn, book(conn, SCHOOL)["wx-hq"], found, "第十条", Deadline(), self.house.now)
        assert row is not None
        return str(row.number)

    @cached_property
    def told(self) -> str:
        """An incident with a hold, a fact, and a version of a statement that waits for its approval."""
        number, lead = self._incident(), self.house.client("publicity")
        press(lead, f"/statements/{number}/hold", words="食堂")
        self.hold = str(only(self.house, holds))
        press(lead, f"/statements/{number}/facts", text="已停餐", source="后勤管理处")
        self.version = str(drafted(self.house, number))
        assert press(lead, f"/statements/{number}/versions/{self.version}/submit") == (303, "")
        self.approval = str(only(self.house, approvals))
        return number

    @cached_property
    def errand(self) -> str:
        """The link by which the school leader is asked to approve."""
        assert self.told
        return errand(self.house, "approval", "school").removeprefix("/v/")

    @property
    def fact(self) -> str:
        return str(only(self.house, facts))

    @cached_property
    def person(self) -> str:
        with self.house.store.write() as conn:
            people.enter(conn, [Person(SCHOOL, SOMEBODY, "某人", "干事", UNIT, "some@school.test", "138")], [])
        return SOMEBODY

    @cached_property
    def shift(self) -> str:
        served(self.house, ("mate", 30, 40))
        return str(only(self.house, shifts))

    @cached_property
    def silence(self) -> str:
        target, ends = self.house.incident(), self.house.now + timedelta(hours=1)
        with self.house.store.write() as conn:
            return str(silence.begin(conn, SCHOOL, silence.Quiet.INCIDENT, target, LEAD, self.house.now, "核实", ends))

    def task(self, number: str) -> str:
        """A task of this very incident."""
        with self.house.store.read() as conn:
            mine = select(tasks.c.id).join(incidents, incidents.c.id == tasks.c.incident_id)
            found = conn.execute(mine.where(incidents.c.number == number)).scalars().first()
        return str(found if found is not None else set_facts(self.house, number).id)

    def task_link(self, number: str) -> str:
        """The link by which its holder does it."""
        with self.house.store.read() as conn:
            row = conn.execute(select(tasks).where(tasks.c.id == int(self.task(number)))).one()
        return page_path(self.house.letterhead, row.id, row.person_id, self.house.now).removeprefix("/t/")

    def bulletin(self, number: str) -> str:
        """The first bulletin of this very incident."""
        with self.house.store.write() as conn:
            incident = conn.execute(select(incidents.c.id).where(incidents.c.number == number)).scalar_one()
            if conn.execute(select(bulletins.c.id).where(bulletins.c.incident_id == incident)).first() is not None:
                return "1"
            said = Draft(BulletinKind.FIRST, "食堂有人不适。", "已停餐。", "继续核实。", 0)
            write(conn, self.house.letterhead, incident, LEAD, self.house.now, said, ())
        return "1"
