"""One of everything on which persons decide, each in the state in which it is decided, for `role_cases.py`.

The cast: the keeper asks and hands in; the school entered the school leader as the deciding office (授权人), the unit
leader signs for the unit, the 宣传部 reviews; the monitor leaves the desk to the keeper, who leaves it to the monitor;
the unit leader is on leave; the 宣传部 drafts and proposes; the keeper's account relays.
"""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import Connection, Table, select

from escalation import handling, people
from escalation.deed import incident_of
from escalation.duty import handover, handover_opening, handover_sheet, leave
from escalation.duty.absence import absences
from escalation.duty.handover import handovers
from escalation.handling import FalseAlarm
from escalation.incident import Actor, incidents
from escalation.measure import deciding, measures, proposing
from escalation.notice import deliveries, notices
from escalation.people import Held, Role
from escalation.permit import permits
from escalation.procedure import load
from escalation.submission import submissions, versions
from escalation.timer import timers
from escalation.voice import approval, relay, release, statement
from escalation.voice.approval import approvals
from escalation.voice.relay import relays
from escalation.voice.statement import Draft, statements
from escalation.web.app import build
from tests.escalation.voice.course import CARD
from tests.escalation.voice.course import TEXT as WORDS
from tests.escalation.web.house import OTHER_UNIT, SCHOOL, UNIT, House
from tests.escalation.web.role_table import NAMES, NOBODY, Premises
from tests.escalation.web.test_papers import TEXT
from tests.escalation.web.test_rota_page import served

LEAD = Actor("publicity", "何岚", frozenset({Role.PUBLICITY}))
HEAD = Actor("school", "沈澄", frozenset({Role.SCHOOL_LEADER}))
KEEPER = Actor("keeper", "谢晓", frozenset({Role.KEEPER}))
OWN = Actor("leader", "罗广平", frozenset({Role.UNIT_LEADER}))
NOUNS = (permits, submissions, versions, handovers, absences, measures, statements, approvals, relays, incidents,
         notices, deliveries, timers)  # fmt: skip
READING = ("read_by", "read_at")
"""Who read a sheet last: written wherever it is shown."""


class World:
    """The school under a pack that knows permits and submissions (ZG); every paper has a name."""

    def __init__(self, house: House) -> None:
        self.house, self.premises = house, Premises(house, stocked=False)
        pack = load("ZG")
        desk = house.desk()
        assert desk.ground is not None
        self.app = build(dataclasses.replace(desk, ground=dataclasses.replace(desk.ground, pack=pack)))
        with house.store.write() as conn:
            people.enter(conn, people.everyone(conn, SCHOOL), [Held(pack.role_of(pack.permit.office), "", "school")])
        self.named: dict[str, str] = {}
        self.seals: dict[str, str] = {}
        self.clients = {column: self._client(column) for column in (NOBODY, *NAMES)}
        for make in (self._permits, self._submissions, self._duty, self._measures, self._voice):
            make()
        for client in self.clients.values():
            client.get("/me")  # each session is written down as used, once a minute
        self._file = sqlite3.connect(str(house.store.engine.url.database))
        self._kept = sqlite3.connect(":memory:")
        self._file.backup(self._kept)
        self.stood = self.stands()

    def _client(self, column: str) -> TestClient:
        client = TestClient(self.app, follow_redirects=False)
        if column != NOBODY:
            client.cookies.set("fengxin", self.house.session(NAMES[column]))
        return client

    def version(self) -> int:
        """Another number as soon as somebody wrote anything."""
        return int(self._file.execute("PRAGMA data_version").fetchone()[0])

    def put_back(self) -> None:
        """Everything stands again as it was made."""
        self._kept.backup(self._file)

    def close(self) -> None:
        """End it."""
        self._file.close()
        self._kept.close()
        self.house.store.close()

    def send(self, name: str, path: str, **form: str) -> None:
        """A form of somebody, which must be taken."""
        column = next(key for key, value in NAMES.items() if value == name)
        answer = self.clients[column].post(path, data={"csrf": f"csrf-{name}", **form})
        assert answer.status_code == 303, f"{path}: {answer.text}"

    def _newest(self, table: Table, column: str = "id") -> str:
        with self.house.store.read() as conn:
            return str(conn.execute(select(table.c[column]).order_by(table.c.id.desc()).limit(1)).scalar_one())

    def _permits(self) -> None:
        for name in ("asked permit", "granted permit"):
            self.send("keeper", "/permits", account="wx-hq", subject=name, text=f"{TEXT}{name}", why="须尽快说明")
            self.named[name] = self._newest(permits, "number")
        self.send("school", f"/permits/{self.named['granted permit']}/decide", grant="yes")

    def _submissions(self) -> None:
        self.send("publicity", "/submissions/switch", on="yes")
        course: dict[str, tuple[tuple[str, str], ...]] = {
            "submission with the unit": (), "submission with the 宣传部": (("leader", "sign"),),
            "returned submission": (("leader", "return"),),
            "approved submission": (("leader", "sign"), ("publicity", "approve")),
        }  # fmt: skip
        for name, steps in course.items():
            self.send("keeper", "/submissions", account="wx-hq", title="天气", text=f"{TEXT}{name}")
            self.named[name] = self._newest(submissions, "number")
            self.seals[name] = self._newest(submissions, "text_hash")
            for who, deed in steps:
                self.send(who, f"/submissions/{self.named[name]}/{deed}", why="请改", seen=self.seals[name])

    def _duty(self) -> None:
        """The monitor left ten minutes ago, nobody wrote; the keeper leaves in ten minutes and wrote already."""
        served(self.house, ("monitor", -8, -0.15), ("keeper", -0.15, 0.15), ("monitor", 0.15, 8))
        store, now = self.house.store, self.house.now
        with store.write() as conn:
            handover_opening.open_due(conn, SCHOOL, load("JY").desk, now)
            late, coming = conn.execute(select(handovers.c.id).order_by(handovers.c.at)).scalars()
            handover.read(conn, SCHOOL, KEEPER, now, late)
            handover.write(conn, SCHOOL, KEEPER, now, coming, "一切正常")
            soon = now + timedelta(days=3)
            gone = leave.enter(conn, SCHOOL, OWN, now, "leader", "leave", soon, soon + timedelta(days=1))
        self.named |= {"unwritten sheet": str(late), "written sheet": str(coming), "leave": str(gone)}
        with store.read() as conn:
            for row in conn.execute(select(handovers)):
                name = {late: "unwritten sheet", coming: "written sheet"}[row.id]
                self.seals[name] = handover_sheet.digest(row.sheet, row.words)
                self.named[f"{name}, to write"] = str(row.id)
                self.seals[f"{name}, to write"] = handover.seal_of(row)

    def _measures(self) -> None:
        number, other = self.premises.incident(), self.house.incident(account_id="wb-jw", unit=OTHER_UNIT)
        ended = self.house.incident()
        self.named |= {"incident": number, "other incident": other, "ended incident": ended}
        with self.house.store.write() as conn:
            ids = {row.number: row.id for row in conn.execute(select(incidents.c.id, incidents.c.number))}
            head, now = self.house.letterhead, self.house.now

            def propose(
                name: str, what: Callable[..., int], one: str, *steps: tuple[str, Actor], **given: object
            ) -> None:
                row = incident_of(conn, ids[one])
                made = what(conn, row, LEAD, now, reason="多次整改无效", **given)
                for event, by in steps:
                    deciding.act(conn, head, made, event, by, now, "经校领导研究")
                self.named[name] = str(made)

            decided, done = ("decide", HEAD), ("finish", LEAD)
            propose("order carried out", proposing.propose_closing, number, decided, done)
            propose("order proposed", proposing.propose_closing, number)
            propose("order decided", proposing.propose_closing, other, decided)
            package = {"authority": "属地公安机关", "manifest": []}
            propose("package proposed", proposing.propose_referral, number, **package)
            propose("package approved", proposing.propose_referral, other, decided, **package)
            handling.dismiss(conn, head, ids[ended], LEAD, now, FalseAlarm.DRILL)
            blame = {"grade": 0, "person_id": "", "whom": UNIT}
            propose("blame proposed", proposing.propose_accountability, ended, **blame)
            propose("blame decided", proposing.propose_accountability, ended, decided, **blame | {"whom": OTHER_UNIT})

    def _voice(self) -> None:
        asked, owed, recalled = (self.premises.incident() for _ in range(3))
        with self.house.store.write() as conn:
            self._in_review(conn, asked)
            step = conn.execute(select(approvals.c.id, approvals.c.seal)).one()
            self.named |= {"asked statement": asked, "approval": str(step.id)}
            self.seals["approval"] = step.seal
            for name, number in (("relay", owed), ("relay to be taken down", recalled)):
                version = self._released(conn, number)
                ids = select(relays.c.id).where(relays.c.statement_id == version, relays.c.account_id == "wx-hq")
                self.named |= {name: str(conn.execute(ids).scalar_one()), f"statement of {name}": number}
            gone, head, now = int(self.named["relay to be taken down"]), self.house.letterhead, self.house.now
            relay.register(conn, gone, KEEPER.id, KEEPER, now, "https://mp.example/1", "desk")
            release.withdraw(conn, head, version, LEAD, now, "有误", again=False)

    def _in_review(self, conn: Connection, number: str) -> int:
        head, now = self.house.letterhead, self.house.now
        one = conn.execute(select(incidents.c.id).where(incidents.c.number == number)).scalar_one()
        made = statement.draft(conn, one, LEAD, now, Draft(WORDS, CARD))
        for item in load("JY").voice.check:
            statement.check(conn, made, LEAD, now, item.key, passed=True)
        approval.submit(conn, head, made, LEAD, now)
        return made

    def _released(self, conn: Connection, number: str) -> int:
        head, now = self.house.letterhead, self.house.now
        made = self._in_review(conn, number)
        step = approval.steps_of(conn, made)[-1]
        approval.decide(conn, head, step.id, HEAD, now, approve=True, comment="", seal=step.seal, via="desk")
        release.release(
            conn, head, made, LEAD, now, account_id="wb-jw", url="https://weibo.example/1",
            text_hash=statement.hash_of(WORDS),
        )  # fmt: skip
        return made

    def stands(self) -> dict[str, list[Any]]:
        """Everything on which persons decide."""
        with self.house.store.read() as conn:
            return {table.name: list(conn.execute(select(*(one for one in table.c if one.name not in READING))))
                    for table in NOUNS}  # fmt: skip
