"""The record of an incident: nothing that belongs to it is missing, and what was merged into it lies in it."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, Table

from deploy.migrations import tables
from escalation import merging, record
from escalation.bulletin import BulletinKind
from escalation.bulletin.write import Draft, write
from escalation.incident import incidents
from escalation.web.page import render
from stream.store.types import Moment
from tests.escalation.office import IN_LEAD, ON_DESK, Office

ALL = tables()


def tables_that_lead_to(table: Table) -> list[Table]:
    """Every table from which references lead to this one, the nearer first."""
    found = [table]
    for one in ALL.sorted_tables:
        if one not in found and any(key.column.table in found for key in one.foreign_keys):
            found.append(one)
    return found[1:]


BELONGING = tables_that_lead_to(incidents)
MARKS = {one.name: f"<m{n}>" for n, one in enumerate(BELONGING, start=101)}


def filled(column: sa.Column[Any], office: Office, ids: dict[str, int]) -> Any:
    if column.foreign_keys:
        return ids[next(iter(column.foreign_keys)).column.table.name]
    kind = column.type
    if isinstance(kind, Moment):
        return office.now
    if isinstance(kind, (sa.Boolean, sa.Integer)):
        return 1
    return {} if isinstance(kind, sa.JSON) else MARKS[column.table.name]


def put(conn: Connection, table: Table, office: Office, ids: dict[str, int]) -> None:
    """A row that belongs to the incident, with the table's own mark in every text."""
    later = ("after_text", "after_hash")
    wanted = [one for one in table.columns if one.foreign_keys or not one.nullable or one.name in later]
    made = conn.execute(table.insert().values(**{
        one.name: filled(one, office, ids) for one in wanted if one.name != "id"
    }))  # fmt: skip
    if "id" in table.c:
        key = made.inserted_primary_key
        assert key is not None
        ids[table.name] = int(key[0])


@pytest.fixture
def held(office: Office) -> dict[str, Any]:
    """The record of an incident with one row in every table that belongs to it."""
    one = office.open(level=4)
    ids = {"incidents": one}
    with office.store.write() as conn:
        for table in BELONGING:
            put(conn, table, office, ids)
        return record.package(conn, office_row(conn, one))


def office_row(conn: Connection, incident_id: int) -> Any:
    return conn.execute(sa.select(incidents).where(incidents.c.id == incident_id)).one()


def test_every_table_that_leads_to_an_incident_is_kept_or_named_with_a_reason(held: dict[str, Any]) -> None:
    text = record.canonical(held)
    missing = {name for name, mark in MARKS.items() if mark not in text}
    assert missing == set(record.LEFT_OUT)
    assert all(record.LEFT_OUT.values())
    assert {"approvals", "relays", "task_turns", "corrections", "measures", "breaches", "attempts"} <= set(MARKS)


def test_a_correction_is_kept_with_the_post_before_and_after(held: dict[str, Any]) -> None:
    (kept,) = held["corrections"]
    assert (kept["before_text"], kept["after_text"]) == (MARKS["corrections"],) * 2


def test_the_page_of_an_archive_shows_every_part_of_the_record(office: Office, held: dict[str, Any]) -> None:
    one = {"at": office.now, "sha256": "0" * 64, "package": ""}
    page = render("archive.html", row={"number": "FX-1"}, kept=one, title="二食堂", told=held, now=office.now)
    unseen = {name for name, mark in MARKS.items() if f"&lt;{mark[1:-1]}&gt;" not in page}
    assert unseen == set(record.LEFT_OUT)


def test_what_was_merged_into_an_incident_lies_in_its_package(office: Office) -> None:
    gone = office.open(level=2)
    office.work()
    stays = office.open(keys=("dorm|thread|weibo:t2",), title="三栋：停热水", theme="dorm", level=2)
    office.work()
    with office.store.write() as conn:
        draft = Draft(BulletinKind.FIRST, "三名学生就餐后腹泻", "已送检", "等结果", 0)
        write(conn, office.head, gone, IN_LEAD, office.now, draft, [])
        merging.merge(conn, office.head, gone, office_row(conn, stays).number, ON_DESK, office.now, "同一件事")
    with office.store.write() as conn:
        (inner,) = record.package(conn, office_row(conn, stays))["merged"]
        assert inner["incident"]["number"] == office_row(conn, gone).number
        assert [one["facts"] for one in inner["bulletins"]] == ["三名学生就餐后腹泻"]
        assert "情况报告第 1 号" in "".join(one["heading"] for one in inner["log"])
        merging.unmerge(conn, gone, ON_DESK, office.now, "不是一件事")
        assert record.package(conn, office_row(conn, stays))["merged"] == []
