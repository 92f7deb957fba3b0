"""A1 stored XSS: sixty payloads in every text that somebody else writes, on every page, mail and group line."""

from __future__ import annotations

from datetime import datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from sqlalchemy import Boolean, Connection, String, Table, select, update
from sqlalchemy.types import TypeEngine

from escalation import keeper, people
from escalation.incident import Actor, EntryKind, incidents, join, log
from escalation.notice import deliveries
from escalation.people import Role
from stream.account import accounts
from stream.store import metadata
from stream.store.types import Moment, Word
from tests.escalation.attacks.payloads import PAYLOADS
from tests.escalation.web.house import SCHOOL, UNIT
from tests.escalation.web.records import watched
from tests.escalation.web.role_table import Premises, rows

HANDLERS = ("on", "formaction", "srcdoc", "style")
ALLOWED_SCRIPTS = "/static/"
WRITABLE = [text.replace("\x00", "") for text in PAYLOADS]
"""What the store takes: every door drops NUL before (`act.plain`)."""


class Page(HTMLParser):
    """What a browser would take for an element, read as leniently as it does."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.bad: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "script" and not given.get("src", "").startswith(ALLOWED_SCRIPTS):
            self.bad.append(f"script {given}")
        if tag in ("iframe", "object", "embed", "base", "marquee", "image", "isindex", "template", "xmp", "math"):
            self.bad.append(tag)
        for name, value in given.items():
            if name.startswith(HANDLERS):
                self.bad.append(f"{tag} {name}")
            if name in ("href", "src", "action") and value.strip().lower().startswith(("javascript:", "data:", "//")):
                self.bad.append(f"{tag} {name}={value}")


def poisoned(premises: Premises) -> str:
    """An incident in which everything that anybody can write is a payload; its number."""
    house = premises.house
    watched(house)
    number = house.incident(" ".join(PAYLOADS[:3]), text=PAYLOADS[0], comments=1)
    posts = [house.post(text, words=(text[:8],), url=text) for text in PAYLOADS]
    with house.store.write() as conn:
        incident = conn.execute(select(incidents).where(incidents.c.number == number)).one()
        join(conn, incident.id, SCHOOL, [post.id for post in posts], 60, house.now)
        for n, text in enumerate(WRITABLE):
            log(conn, incident.id, house.now, list(EntryKind)[n % len(EntryKind)], text, text, actor=text, article=text)
        me = Actor("keeper", PAYLOADS[6], frozenset({Role.KEEPER}))
        for text in PAYLOADS[:20]:
            keeper.report(conn, incident.id, me, house.now, seen=text, done=text)
            short = text[:60]
            keeper.contact(conn, incident.id, me, house.now, platform=short, way=short, asked=text, ticket=short)
        conn.execute(update(people.people).values(name=PAYLOADS[0], title=PAYLOADS[45], unit=PAYLOADS[46]))
        conn.execute(update(accounts).values(name=PAYLOADS[10], unit=PAYLOADS[47]))
        conn.execute(update(deliveries).values(reason=PAYLOADS[6], vendor_id=PAYLOADS[47]))
        conn.execute(update(incidents).values(unit=PAYLOADS[46], assignee=PAYLOADS[47]))
    return number


def test_there_are_sixty_payloads_and_each_is_another_one() -> None:
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 60


def test_the_reader_of_this_test_sees_the_payloads_where_nothing_escapes_them() -> None:
    assert sum(bool(Page(text).bad) for text in PAYLOADS) >= 40


NOUNS: dict[str, tuple[str, ...]] = {
    "consultations": ("promise", "answer", "clause"), "docket_lines": ("heading", "text"),
    "silences": ("words", "reason"),
    "breaches": ("why", "basis"), "bulletins": ("facts", "done", "next_step"), "holds": ("basis",),
    "hold_subjects": ("why",), "statements": ("text", "why"), "statement_facts": ("text", "source"),
    "statement_checks": ("note",), "approvals": ("words", "basis"), "tasks": ("words", "office"),
    "recaps": ("cause", "course", "well", "badly"), "absences": ("note",),
    "permits": ("subject", "text", "planned", "why"),
    "submissions": ("title", "text"), "submission_versions": ("text",), "handovers": ("words", "remark"),
}  # fmt: skip
"""What persons type into the nouns of issue 4, by table."""


def nouns(premises: Premises, number: str) -> dict[str, int]:
    """One of every noun, each of its texts a payload; gives how many rows of each table were poisoned."""
    house, things = premises.house, premises.things
    things.task(number)
    things.bulletin(number)
    tables = {name: metadata.tables[name] for name in NOUNS}
    day, poisoned = timedelta(days=1), {}
    with house.store.write() as conn:
        incident = conn.execute(select(incidents.c.id).where(incidents.c.number == number)).scalar_one()
        begun = {"incident_id": incident, "at": house.now, "written_by": "publicity", "cause": "", "course": ""}
        measures = [{"what": PAYLOADS[0], "owner": PAYLOADS[6], "until": "2026-12-01"}]
        conn.execute(tables["recaps"].insert().values(**begun, well="", badly="", measures=measures))
        conn.execute(tables["absences"].insert().values(
            school=SCHOOL, person_id="keeper", kind="leave", starts_at=house.now - day, ends_at=house.now + day,
            substitute_id="leader", note="", entered_by="keeper", entered_at=house.now,
        ))  # fmt: skip
        conn.execute(tables["handovers"].insert().values(
            school=SCHOOL, at=house.now, outgoing=["monitor"], incoming=["mate"], state="written", sheet={}, words="",
            written_by="monitor", written_at=house.now, due_at=house.now + day,
        ))  # fmt: skip
        paper = {"school": SCHOOL, "account_id": "wx-hq", "unit": UNIT}
        _put(conn, tables["permits"], paper | {"state": "asked", "number": "SQ-2026-0001"}, house.now)
        _put(conn, tables["submissions"], paper | {"state": "with_unit", "number": "SS-2026-0001"}, house.now)
        _put(conn, tables["submission_versions"], {"submission_id": 1}, house.now)
        for place, (name, columns) in enumerate(NOUNS.items()):
            texts = {column: WRITABLE[(7 * place + n) % len(WRITABLE)] for n, column in enumerate(columns)}
            poisoned[name] = conn.execute(update(tables[name]).values(**texts)).rowcount
    things.permit, things.submission, things.handover = "SQ-2026-0001", "SS-2026-0001", "1"
    return poisoned


def _put(conn: Connection, table: Table, given: dict[str, Any], now: datetime) -> None:
    """A row with what the schema demands: its texts are put in later."""

    def blank(kind: TypeEngine[Any]) -> Any:
        if isinstance(kind, Moment):
            return now
        return "keeper" if isinstance(kind, (String, Word)) else False if isinstance(kind, Boolean) else 1

    row = {
        one.name: given.get(one.name, blank(one.type))
        for one in table.columns if not one.nullable and not (one.primary_key and one.autoincrement is True)
    }  # fmt: skip
    conn.execute(table.insert().values(**row | given))


@pytest.mark.parametrize("column", ["publicity", "administrator", "unit leader", "keeper"])
def test_no_payload_becomes_an_element_on_any_page(premises: Premises, column: str) -> None:
    number = poisoned(premises)
    rows_of = nouns(premises, number)
    assert all(rows_of.values()), f"nothing of this is poisoned: {[one for one, n in rows_of.items() if not n]}"
    client, seen = premises.client(column), 0
    for (method, path), cells in rows().items():
        if method != "GET" or not cells[column].opens:
            continue
        if "{number}" in path and column == "unit leader":
            continue
        answer = premises.ask(client, method, path, number, "")
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        seen += 1
        assert not Page(answer.text).bad, (path, Page(answer.text).bad[:3])
        assert "\u202e" not in answer.text, path
        assert "\x00" not in answer.text, path
    assert seen >= 6


def test_no_payload_becomes_an_element_in_any_mail(premises: Premises) -> None:
    house = premises.house
    for n in range(0, len(PAYLOADS), 6):
        house.incident(PAYLOADS[n], text=PAYLOADS[n], comments=1)
    with house.store.read() as conn:
        letters = conn.execute(select(deliveries.c.html, deliveries.c.subject)).all()
    shown = [row for row in letters if row.html]
    assert len(shown) >= 10
    for row in shown:
        bad = [one for one in Page(row.html).bad if not one.endswith(" style")]  # mail has no style sheet
        assert not bad, bad[:3]
        assert "\n" not in row.subject
