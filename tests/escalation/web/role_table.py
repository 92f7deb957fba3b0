"""The table of routes and roles as `escalation/web/roles.md` has it, and a school to try it against."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import func, select

import escalation.web
from escalation import audit, people, user
from escalation.incident import entries, incidents
from escalation.link import Link, Purpose, token
from escalation.notice import GROUP, calling, calls, deliveries, notices
from escalation.people import Held, Person, Role
from escalation.report.week import Week
from escalation.web.app import ROUTERS, build
from tests.escalation.web.house import OTHER_UNIT, PASSWORD, SCHOOL, House, _secret
from tests.escalation.web.role_things import ABSENT, Things

TABLE = Path(escalation.web.__file__).with_name("roles.md")
ROW = re.compile(r"^\| `(GET|POST) (\S+)` ([^|]*)\| (.+) \|$", re.MULTILINE)
MARKS = {"yes", "403", "404", "409", "sign-in"}
DECIDED = "## Where persons decide"
"""The heading of the second table: each of its rows is one deed on one paper in one state (`role_cases.py`)."""
NOBODY, DUTY_LEAD = "nobody", "duty lead"
NAMES = {
    "monitor": "monitor", "publicity": "publicity", "school leader": "school", "unit leader": "leader",
    "another unit's": "other", "keeper": "keeper", "another account's": "stranger", "administrator": "admin",
    DUTY_LEAD: "lead", "care": "carer",
}  # fmt: skip
"""The columns and the sign-in name that stands for each."""
SIGNED_IN = {
    "stranger": Role.KEEPER, "lead": Role.UNIT_LEADER, "mate": Role.UNIT_LEADER, "carer": Role.CARE,
}  # fmt: skip
"""Who is given a sign-in besides the people of the house."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One route for one role: what the table says."""

    method: str
    path: str
    column: str
    said: str

    @property
    def opens(self) -> bool:
        return self.said == "yes"


Rows = dict[tuple[str, str], dict[str, Cell]]


def plain() -> Rows:
    """The first table by (method, path) and column. Raises ValueError for a row written twice or with odd cells."""
    found: Rows = {}
    for method, path, when, said in _read(TABLE.read_text("utf-8").partition(DECIDED)[0]):
        if (method, path) in found or when:
            raise ValueError(f"{method} {path} {when}")
        found[method, path] = {one: Cell(method, path, one, said[one]) for one in said}
    return found


def rows() -> Rows:
    """Every route, also those of the second table: a role gets in where it does in any state of the paper."""
    found = plain()
    known = set(found)
    for method, path, _, said in _read(TABLE.read_text("utf-8").partition(DECIDED)[2]):
        if (method, path) in known:
            raise ValueError(f"{method} {path} stands in both tables")
        into = found.setdefault((method, path), {})
        for column, one in said.items():
            before = into.get(column)
            seen = "yes" if one in ("yes", "409") else one
            into[column] = before if before is not None and before.opens else Cell(method, path, column, seen)
    return found


def _read(text: str) -> Iterator[tuple[str, str, str, dict[str, str]]]:
    """The rows of a table: method, path, state of the paper, and what is said in each column."""
    columns = [one.strip() for one in re.findall(r"^\| route[^|]*\| (.+) \|$", text, re.MULTILINE)[0].split("|")]
    for method, path, when, cells in ROW.findall(text):
        said = [one.strip() for one in cells.split("|")]
        if len(said) != len(columns) or set(said) - MARKS:
            raise ValueError(f"{method} {path}: {said}")
        yield method, path, when.strip(), dict(zip(columns, said, strict=True))


def routes() -> Iterator[tuple[str, str]]:
    """Every route that the application serves."""
    for router in ROUTERS:
        for route in router.routes:
            for method in sorted(getattr(route, "methods", None) or ()):
                if method != "HEAD":
                    yield method, str(getattr(route, "path", route))


class Premises:
    """The house with a second keeper and a duty lead, and one incident after another to try an act upon."""

    def __init__(self, house: House, *, stocked: bool = True) -> None:
        self.house = house
        self.app = build(house.desk())
        self.app.state.lookout.closing.set()  # an open line ends once it has said its opening
        mail = [
            ("stranger", "郑一", OTHER_UNIT), ("lead", "梁致远", "党委宣传部"), ("carer", "安宁", "学生工作部"),
        ]  # fmt: skip
        with house.store.write() as conn:
            persons = [Person(SCHOOL, key, name, "", unit, f"{key}@school.test", "138") for key, name, unit in mail]
            held = [Held(Role.KEEPER, "wb-jw", "stranger"), Held("duty_lead", "", "lead"), Held(Role.CARE, "", "carer")]
            known = conn.execute(select(people.offices)).all()
            kept = [Held(row.role, row.scope, row.person_id, row.rank) for row in known]
            people.enter(conn, [*people.everyone(conn, SCHOOL), *persons], [*kept, *held])
            for key, role in SIGNED_IN.items():
                user.enrol(conn, SCHOOL, key, key, _secret(), [role], house.now)
        self.spare = house.post("食堂涨价了").id
        self.things = Things(house, self.incident)
        self.number = self.incident()
        if stocked:
            self.things.make(self.number)
        self._fresh: tuple[str, tuple[int, str, int]] | None = None

    def incident(self) -> str:
        """A fresh incident of the unit leader's unit, told to the duty lead, with a telephone task."""
        number = self.house.incident()
        with self.house.store.write() as conn:
            row = conn.execute(select(incidents).where(incidents.c.number == number)).one()
            notice = conn.execute(
                select(notices).where(notices.c.incident_id == row.id, notices.c.addressee != GROUP)
            ).first()
            assert notice is not None
            calling.call(conn, notice, "test", self.house.now)
            values = {key: value for key, value in notice._asdict().items() if key != "id"}
            told = {"addressee": "lead", "number": f"{number}-99", "step": "told", "needs_signature": False}
            conn.execute(notices.insert().values(**values | told))
        return number

    def untouched(self) -> str:
        """An incident to try an act upon: the last one as long as nothing was done to it, or else a fresh one."""
        if self._fresh is None or self._fresh[1] != self.trace():
            number = self.incident()
            self._fresh = number, self.trace()
        return self._fresh[0]

    def client(self, column: str) -> TestClient:
        """A browser of this role, signed in anew."""
        client = TestClient(self.app, follow_redirects=False)
        if column != NOBODY:
            client.cookies.set("fengxin", self.house.session(NAMES[column]))
        return client

    def address(self, path: str, number: str) -> str:
        """The route with real values in its places."""
        return re.sub(r"\{(\w+)(?::path)?\}", lambda found: self._value(found[1], path, number), path)

    def _value(self, name: str, path: str, number: str) -> str:
        values: dict[str, Callable[[], str]] = {
            "number": lambda: self._number(path, number),
            "task_id": lambda: self.things.task(number),
            "absence_id": lambda: "1",
            "shift_id": lambda: self.things.shift,
            "person_id": lambda: self.things.person,
            "measure_id": lambda: "1",
            "event": lambda: "decide",
            "n": lambda: self.things.bulletin(number),
            "silence_id": lambda: self.things.silence,
            "approval_id": lambda: self.things.approval,
            "fact_id": lambda: self.things.fact,
            "hold_id": lambda: self.things.hold,
            "relay_id": lambda: "1",
            "statement_id": lambda: self.things.version,
            "call_id": lambda: self._call(number),
            "contact_id": lambda: "1",
            "name": lambda: "mail" if "probe" in path else "first_report",
            "week": lambda: str(Week.of(self.house.now)),
            "what": lambda: "opened",
            "given": lambda: self._link(path, number),
        }
        return values[name]()

    def _number(self, path: str, number: str) -> str:
        """Something of the noun that the route is about; permits and submissions are in `test_papers.py`."""
        if path.startswith("/incidents/"):
            return number
        made: dict[str, Callable[[], str]] = {
            "consultations": lambda: self.things.consultation, "own-posts": lambda: self.things.finding,
            "account-changes": lambda: self.things.alteration,
            "statements": lambda: self.things.told, "duty": lambda: self.things.handover,
            "permits": lambda: self.things.permit, "submissions": lambda: self.things.submission,
        }  # fmt: skip
        return made.get(path.split("/")[1], lambda: ABSENT)()

    def _call(self, number: str) -> str:
        with self.house.store.read() as conn:
            return str(
                conn.execute(
                    select(calls.c.id)
                    .join(notices, notices.c.id == calls.c.notice_id)
                    .where(notices.c.number.startswith(number))
                ).scalars().first()
            )  # fmt: skip

    def _link(self, path: str, number: str) -> str:
        if path.startswith("/t/"):
            return self.things.task_link(number)
        if path.startswith("/v/"):
            return self.things.errand
        purpose, who = (Purpose.KEEPER, "keeper") if path.startswith("/k/") else (Purpose.SIGN, "leader")
        told = self.house.notice(number, who)
        if path.startswith("/b/"):
            purpose, told = Purpose.BUNDLE, self._delivery(told)
        return token(self.house.letterhead.link_key, purpose, Link(told, who, self.house.now.replace(year=2027)))

    def _delivery(self, notice: int) -> int:
        with self.house.store.read() as conn:
            mine = select(deliveries.c.id).where(deliveries.c.notice_id == notice)
            return int(conn.execute(mine.order_by(deliveries.c.id).limit(1)).scalar_one())

    def ask(self, client: TestClient, method: str, path: str, number: str, csrf: str) -> Response:
        """Go there; an act carries the form's token and nothing else."""
        form = {"csrf": csrf} | ({"name": "mate", "password": PASSWORD} if path == "/sign-in" else {})
        form |= {"account": "wx-hq", "text": "食堂涨价了"} if path == "/leads" else {}
        where = self.address(path, number)
        if path in ("/raise", "/why"):
            form |= {"post": self.spare} if path == "/raise" else {}
            where += f"?post={self.spare}"
        answer: Response = client.get(where) if method == "GET" else client.post(where, data=form)
        return answer

    def trace(self) -> tuple[int, str, int]:
        """What changes with every act: the audit's head and the number of log lines."""
        with self.house.store.read() as conn:
            head = audit.head(conn)
            lines = conn.execute(select(func.count()).select_from(entries)).scalar_one()
        return head.seq, head.hash, int(lines)


def verdict(answer: Response) -> str:
    """What an answer comes to, in the words of the table."""
    asked = answer.request.method == "GET" and answer.status_code == 303
    if answer.status_code == 401 or (asked and answer.headers["location"].startswith("/sign-in")):
        return "sign-in"
    return str(answer.status_code) if answer.status_code in (403, 404) else "yes"
