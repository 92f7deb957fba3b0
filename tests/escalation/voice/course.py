"""The course of a statement for tests: each step by its person, in one transaction each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from escalation.incident import Actor
from escalation.people import Role
from escalation.procedure import load
from escalation.voice import approval, release, statement
from escalation.voice.approval import approvals
from escalation.voice.statement import Card, Draft, statements
from tests.escalation.office import IN_LEAD, Office

TEXT = (
    "今日中午，部分同学在第二食堂就餐后出现身体不适。学校已安排校医院接诊，"
    "暂停相关窗口供餐，封存留样送检，结果将及时公布。"
)
CARD = Card(
    core="已接诊、停餐、送检，结果及时公布", may_say=("接诊、停餐、留样送检",), may_not_say=("人数、病因、责任单位",),
    answers=(("有多少人", "以学校公布为准"),), spokesperson="宣传部 何岚",
)  # fmt: skip
HEAD = Actor("school", "沈澄", frozenset({Role.SCHOOL_LEADER}))
LEADER = Actor("leader", "罗广平", frozenset({Role.UNIT_LEADER}))
URL = "https://weibo.example/2/statement"


def do(office: Office, act: Callable[[Connection], Any]) -> Any:
    """One transaction."""
    with office.store.write() as conn:
        return act(conn)


def drafted(office: Office, incident_id: int, actor: Actor = IN_LEAD, **changes: Any) -> int:
    """A version."""
    given = replace(Draft(TEXT, CARD), **changes)
    return int(do(office, lambda conn: statement.draft(conn, incident_id, actor, office.now, given)))


def checked(office: Office, statement_id: int, actor: Actor = IN_LEAD) -> int:
    """Every item looked at."""
    for item in load("JY").voice.check:
        with office.store.write() as conn:
            statement.check(conn, statement_id, actor, office.now, item.key, passed=True)
    return statement_id


def submitted(office: Office, statement_id: int) -> Row[Any]:
    """Sent to its approver; gives the step that waits."""
    do(office, lambda conn: approval.submit(conn, office.head, statement_id, IN_LEAD, office.now))
    return office.rows(approvals, statement_id=statement_id)[-1]


def decide(office: Office, step: Row[Any], actor: Actor = HEAD, **changes: Any) -> None:
    """Decide the step."""
    given = {"approve": True, "comment": "", "seal": step.seal, "via": "desk"} | changes
    do(office, lambda conn: approval.decide(conn, office.head, step.id, actor, office.now, **given))


def approved(office: Office, incident_id: int, **changes: Any) -> int:
    """A version that may be released."""
    made = checked(office, drafted(office, incident_id, **changes))
    decide(office, submitted(office, made))
    return made


def put_out(office: Office, statement_id: int, actor: Actor = IN_LEAD, **changes: Any) -> None:
    """Released by the school's own account."""
    found = version(office, statement_id)
    given: dict[str, Any] = {"account_id": "main", "url": URL, "text_hash": found.text_hash} | changes
    do(office, lambda conn: release.release(conn, office.head, statement_id, actor, office.now, **given))


def released(office: Office, incident_id: int, **changes: Any) -> int:
    """A version that is out."""
    made = approved(office, incident_id, **changes)
    put_out(office, made)
    return made


def version(office: Office, statement_id: int) -> Row[Any]:
    """A version as it stands."""
    (row,) = office.rows(statements, id=statement_id)
    return row


def at(office: Office, **by: float) -> datetime:
    """Let time pass and say what time it is."""
    office.later(**by)
    return office.now
