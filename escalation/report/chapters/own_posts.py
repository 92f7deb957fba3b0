"""The chapter on the school's own posts 发布核对: findings, permits, submissions, and who passed on what it said.

A finding belongs to the week in which it was found; those of incidents on trial count nowhere. What it was is said by a
person: until then it is undecided. Relaying is reckoned where the document asks it every day, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, and_, or_, select

from escalation.breach import KIND_WORDS, STATE_WORDS, Kind, State, breaches
from escalation.incident import incidents
from escalation.permit import permits
from escalation.procedure import Source, thaw
from escalation.relay import Relays, relays
from escalation.report import words
from escalation.report.chapter import Chapter, Written
from escalation.report.items import Cell, Items
from escalation.report.rows import WeekRows
from escalation.report.week import Week
from escalation.submission import submissions
from stream.account import book

HEAD = ("编号", "事项", "账号", "责任单位", "发布", "发现", "状态", "依据")
PAPER_HEAD = ("编号", "账号", "责任单位", "时间", "状态")
RELAY_HEAD = ("学校账号", "发布", "账号", "责任单位", "转发")


@dataclass(frozen=True, slots=True)
class Found:
    """One finding of the week."""

    number: str
    kind: Kind
    account: str
    unit: str
    published_at: datetime
    found_at: datetime
    state: State
    basis: str


@dataclass(frozen=True, slots=True)
class Paper:
    """A permit that was asked for, or a submission that was handed in, within the week; `used`: its post was seen."""

    number: str
    path: str
    account: str
    unit: str
    at: datetime
    state: str
    used: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """One post of the school's main account and one account that is asked to pass it on; `at` None: not seen."""

    main: str
    published_at: datetime
    account: str
    unit: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Rows:
    """Everything of the chapter. `relay`: the article of the daily duty; empty where the document has none, or where
    this school has opened nothing yet and so no procedure is kept with anything."""

    found: tuple[Found, ...] = ()
    permits: tuple[Paper, ...] = ()
    submissions: tuple[Paper, ...] = ()
    relay: str = ""
    pairs: tuple[Pair, ...] = ()
    cut: bool = False
    """More was published than is read: posts of the school that could not be reckoned are left out."""


def fetch(conn: Connection, school: str, week: Week) -> Rows:
    """The week's findings and papers, and the relays of what the school said in it."""
    names = {one.id: one.name for one in book(conn, school).values()}
    counted = or_(breaches.c.incident_id.is_(None), incidents.c.trial.is_(False))
    rows = conn.execute(
        select(breaches)
        .outerjoin(incidents, incidents.c.id == breaches.c.incident_id)
        .where(breaches.c.school == school, counted)
        .where(breaches.c.found_at >= week.starts, breaches.c.found_at < week.ends)
        .order_by(breaches.c.found_at, breaches.c.id)
    )
    found = tuple(
        Found(
            row.number, Kind(row.kind), names.get(row.account_id, row.account_id), row.unit, row.published_at,
            row.found_at, State(row.state), row.basis,
        )
        for row in rows
    )  # fmt: skip
    article, pairs, cut = _relays(conn, school, week)
    return Rows(
        found, _papers(conn, permits, "asked_at", school, week, names),
        _papers(conn, submissions, "written_at", school, week, names), article, pairs, cut,
    )  # fmt: skip


def _papers(
    conn: Connection, table: Table, at: str, school: str, week: Week, names: dict[str, str]
) -> tuple[Paper, ...]:
    inside = and_(table.c[at] >= week.starts, table.c[at] < week.ends)
    rows = conn.execute(select(table).where(table.c.school == school, inside).order_by(table.c[at], table.c.id))
    return tuple(_paper(row, table.name, at, names) for row in rows)


def _paper(row: Row[Any], path: str, at: str, names: dict[str, str]) -> Paper:
    return Paper(
        row.number, f"/{path}/{row.number}", names.get(row.account_id, row.account_id), row.unit, row._mapping[at],
        row.state, row.used_post_id is not None,
    )  # fmt: skip


def _relays(conn: Connection, school: str, week: Week) -> tuple[str, tuple[Pair, ...], bool]:
    """By the procedure under which the newest incident of before the week's end was opened."""
    frozen = conn.execute(
        select(incidents.c.frozen)
        .where(incidents.c.school == school, incidents.c.opened_at < week.ends)
        .order_by(incidents.c.id.desc())
        .limit(1)
    ).scalar()
    pack = thaw(frozen["pack"]) if frozen else None
    if pack is None or pack.relay.source is Source.NONE or pack.relay.campaigns_only:
        return "", (), False
    found = relays(conn, pack, school, week.starts, week.ends, week.ends)
    if found is None:
        return pack.relay.article, (), False
    return pack.relay.article, _pairs(conn, school, found), found.cut or any(one.cut for one in found.items)


def _pairs(conn: Connection, school: str, found: Relays) -> tuple[Pair, ...]:
    known = book(conn, school)
    out: list[Pair] = []
    for one in (item for item in found.items if not item.cut):
        main = known[one.said.account_id].name
        out += [
            Pair(main, one.said.at, known[name].name, known[name].unit, at) for name, at in sorted(one.relayed.items())
        ]
        out += [Pair(main, one.said.at, account.name, account.unit, None) for account in one.missing]
    return tuple(sorted(out, key=lambda one: (one.published_at, one.account)))


def write(rows: Rows, week_rows: WeekRows, now: datetime) -> Written:
    """The lists and what is said about them."""
    del week_rows, now
    undecided = [one for one in rows.found if one.state in (State.FOUND, State.EXPLAINED)]
    lists = {
        str(kind): _findings(KIND_WORDS[kind], [one for one in rows.found if one.kind is kind]) for kind in Kind
    } | {
        "undecided": _findings("尚未认定", undecided),
        "confirmed": _findings("认定属实", [one for one in rows.found if one.state is State.CONFIRMED]),
        "dismissed": _findings("认定不属", [one for one in rows.found if one.state is State.DISMISSED]),
        "asked": _listed("本周申请授权", rows.permits),
        "used": _listed("其中已按授权发布", [one for one in rows.permits if one.used]),
        "handed": _listed("本周送审", rows.submissions),
        "published": _listed("其中已发布", [one for one in rows.submissions if one.used]),
        "relays": _relayed("应转发", rows.pairs),
        "relayed": _relayed("已转发", [one for one in rows.pairs if one.at is not None]),
        "unrelayed": _relayed("未见转发", [one for one in rows.pairs if one.at is None]),
    }
    said = {"relay": rows.relay, "units": _by_unit(rows.pairs, lists), "cut": rows.cut}
    return Written(lists, said, frozenset({*map(str, Kind), "asked", "handed"}))


@dataclass(frozen=True, slots=True)
class UnitLine:
    """One account of the table on relaying; the figures are keys of the chapter's lists."""

    account: str
    unit: str
    key: str


def _by_unit(pairs: Sequence[Pair], lists: dict[str, Items]) -> list[UnitLine]:
    lines = []
    for n, (account, unit) in enumerate(dict.fromkeys((one.account, one.unit) for one in pairs)):
        own = [one for one in pairs if (one.account, one.unit) == (account, unit)]
        lists[f"relays-{n}"] = _relayed(f"{account} 应转发", own)
        lists[f"relayed-{n}"] = _relayed(f"{account} 已转发", [one for one in own if one.at is not None])
        lines.append(UnitLine(account, unit, str(n)))
    return lines


def _findings(title: str, found: Sequence[Found]) -> Items:
    lines = tuple(
        (
            Cell(one.number, f"/own-posts/{one.number}"), Cell(KIND_WORDS[one.kind]), Cell(one.account), Cell(one.unit),
            Cell(words.day_time(one.published_at)), Cell(words.day_time(one.found_at)), Cell(STATE_WORDS[one.state]),
            Cell(one.basis),
        )
        for one in found
    )  # fmt: skip
    return Items(title, HEAD, lines, len(found), "系统指出的，是不是由人认定")


def _listed(title: str, papers: Sequence[Paper]) -> Items:
    lines = tuple(
        (
            Cell(one.number, one.path), Cell(one.account), Cell(one.unit), Cell(words.day_time(one.at)),
            Cell("已看到发布" if one.used else "未看到发布"),
        )
        for one in papers
    )  # fmt: skip
    return Items(title, PAPER_HEAD, lines, len(papers))


def _relayed(title: str, pairs: Sequence[Pair]) -> Items:
    lines = tuple(
        (
            Cell(one.main), Cell(words.day_time(one.published_at)), Cell(one.account), Cell(one.unit),
            Cell(words.day_time(one.at) if one.at else "未见"),
        )
        for one in pairs
    )  # fmt: skip
    return Items(title, RELAY_HEAD, lines, len(pairs), "只按文字看，只发图片、链接的转发看不到")


CHAPTER = Chapter("own_posts", fetch, write)
