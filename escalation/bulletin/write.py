"""Writing a bulletin: one transaction with its row, its notices, its clock, its log line and its audit row."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, update

from escalation.bulletin import (
    BulletinKind,
    Figure,
    bulletins,
    bulletins_of,
    last_number,
    since_last,
    step_of,
    title_of,
)
from escalation.bulletin.clock import start_follow_up, stop_follow_up
from escalation.bulletin.round import by_choice, due
from escalation.bulletin.state import BULLETINS, series_after
from escalation.deed import incident_of, must_be_open, must_fit, write_down
from escalation.incident import Actor, EntryKind, log
from escalation.notice import NoticeKind, notices
from escalation.notice.addressee import Addressee
from escalation.notice.issue import Letterhead, issue
from escalation.state_table import IllegalStep

MOST = 2_000


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person typed: the facts so far, what was done, what comes next; whom they add (ids).

    `after`: the number of the newest bulletin that the writer saw, 0 for none: two who write at once do not both leave.
    """

    kind: BulletinKind
    facts: str
    done: str
    next_step: str
    after: int
    add: frozenset[str] = frozenset()


def write(
    conn: Connection, letterhead: Letterhead, incident_id: int, actor: Actor, now: datetime, draft: Draft,
    figures: Sequence[Figure],
) -> int:  # fmt: skip
    """Write the next bulletin and send it; gives its number. `figures` are the service's own, counted now.

    Raises IllegalStep: not the next of its series, nothing said, too long, nobody to tell, or another was quicker.
    """
    row = incident_of(conn, incident_id)
    must_be_open(row, "写情况报告")
    before = bulletins_of(conn, incident_id)
    last = last_number(before)
    if draft.after != last:
        raise IllegalStep(f"刚有人写了情况报告第 {last} 号，请先看过再写。未作任何更改。")
    BULLETINS.step(series_after([one.kind for one in before]), draft.kind, actor.roles)
    facts, done, next_step = _said(draft, last)
    told = due(conn, letterhead, row, actor.id, now)
    extra = [
        one for one in by_choice(conn, letterhead, row, {one.person.id for one in told} | {actor.id})
        if one.person.id in draft.add
    ]  # fmt: skip
    everyone = [*told, *extra]
    if not everyone:
        raise IllegalStep("没有可报送的人员：规程所列岗位都没有可联系的人员。请先在名册补上。未作任何更改。")
    number = last + 1
    values: dict[str, Any] = {
        "school": row.school, "incident_id": incident_id, "number": number, "kind": draft.kind, "level": row.level,
        "person_id": actor.id, "written_at": now, "facts": facts, "done": done, "next_step": next_step, "left_at": None,
        "figures": [{"name": one.name, "value": one.value, "source": one.source} for one in figures],
        "told": [_addressed(one, {one.person.id for one in extra}) for one in everyone],
    }  # fmt: skip
    made = conn.execute(bulletins.insert().values(**values).returning(bulletins.c.id)).scalar_one()
    sent = _send(conn, letterhead, row, everyone, values, actor, now)
    conn.execute(update(notices).where(notices.c.id.in_(sent)).values(bulletin_id=made))
    if draft.kind is BulletinKind.FINAL:
        stop_follow_up(conn, incident_id, now)
    else:
        start_follow_up(conn, row, now)
    names = "、".join(f"{one.person.name}（{one.office}）" for one in everyone)
    log(conn, incident_id, now, EntryKind.PERSON, title_of(draft.kind, number), f"报送 {names}", actor=actor.name)
    write_down(
        conn, row, actor, "bulletin", now, number=number, kind=draft.kind, facts=facts, done=done, next_step=next_step,
        people=[one.person.id for one in everyone],
    )  # fmt: skip
    return number


def _said(draft: Draft, last: int) -> tuple[str, str, str]:
    facts = must_fit(draft.facts, MOST, "事实")
    done, next_step = must_fit(draft.done, MOST, "处置情况"), must_fit(draft.next_step, MOST, "下一步")
    for text, what in ((facts, "事实"), (done, "处置情况")):
        if not text:
            raise IllegalStep(f"请填写“{what}”。未作任何更改。")
    if last and not facts.removeprefix(since_last(last).rstrip("：")).strip("： \n"):
        raise IllegalStep(f"“事实”还没有写：请写明第 {last} 号之后的新情况；确无新情况的，写“无新情况”。未作任何更改。")
    if not next_step and draft.kind is not BulletinKind.FINAL:
        raise IllegalStep("请填写“下一步”。未作任何更改。")
    return facts, done, next_step


def _addressed(one: Addressee, chosen: Collection[str]) -> dict[str, Any]:
    return {
        "person": one.person.id, "name": one.person.name, "office": one.office, "basis": one.basis,
        "by_choice": one.person.id in chosen,
    }  # fmt: skip


def _send(
    conn: Connection, letterhead: Letterhead, row: Row[Any], everyone: Sequence[Addressee], values: dict[str, Any],
    actor: Actor, now: datetime,
) -> list[int]:  # fmt: skip
    """The notices that carry it; gives their ids."""
    figures = [Figure(**one).line for one in values["figures"]]
    parts = (
        ("事实", values["facts"].splitlines()), ("数据", figures), ("处置", values["done"].splitlines()),
        ("下一步", values["next_step"].splitlines()),
    )  # fmt: skip
    sections = [{"title": title, "lines": _lines(lines)} for title, lines in parts if _lines(lines)]
    said = {
        "kind": title_of(values["kind"], values["number"]), "facts": (), "why": (), "quote": "",
        "sections": () if row.care else sections, "writer": actor.name,
    }  # fmt: skip
    step = step_of(values["number"])
    return issue(conn, letterhead, row, everyone, NoticeKind.REPORT, step, now, said=said)


def _lines(lines: Sequence[str], most: int = 380) -> list[str]:
    """Lines without the empty ones; a long one in pieces that a notice can carry whole."""
    kept = [line.strip() for line in lines if line.strip()]
    return [line[at : at + most] for line in kept for at in range(0, len(line), most)]
