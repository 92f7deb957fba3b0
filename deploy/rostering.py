"""`fengxin roster`: the rota of the coming 30 days, who is away, what is wrong ahead; its import and its template."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from deploy import migrations
from deploy.parts import channels, load_pack
from deploy.settings import Settings
from deploy.wiring import opened_store
from escalation import people
from escalation.clock_words import SHANGHAI, hours, moment
from escalation.duty import absence, calendar, coverage, leave, readiness, rota, rota_file
from escalation.duty.coverage import AHEAD, Turn
from escalation.duty.readiness import Kind, Wanting
from escalation.incident import Actor
from escalation.people import Role
from escalation.state_table import IllegalStep
from stream.store import Store


class NotTaken(Exception):
    """A rota that was not taken in; the message is for the operator."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the answer; `good` False: to be mended, None: something is asked for."""

    good: bool | None
    words: str


def lines(settings: Settings) -> list[Line]:
    """Who is on, who is away, what is wrong ahead. Raises StoreUnavailable."""
    now, school, pack = datetime.now(UTC), settings.school.code, load_pack(settings)
    with opened_store(settings) as store, store.read() as conn:
        return [
            *_serving(conn, school, now), *_days(conn, school, now), *_away(conn, school, now),
            *_wanting(readiness.wanting(_ahead(conn, settings, now), now), pack.desk.around_the_clock),
        ]  # fmt: skip


def _ahead(conn: Connection, settings: Settings, now: datetime) -> readiness.Ahead:
    return readiness.ahead(conn, settings.school.code, load_pack(settings), frozenset(channels(settings)), now)


def _serving(conn: Connection, school: str, now: datetime) -> Iterator[Line]:
    serving = people.on_duty(conn, school, now)
    for leads, word in ((False, "在班"), (True, "带班领导")):
        said = "、".join(f"{one.person.name}（至 {moment(one.ends_at, now)}）" for one in serving if one.leads is leads)
        yield Line(True, f"{word}：{said or '未排'}")
    yield Line(True, f"现在接收值班台通知：{'、'.join(one.name for one in people.desk(conn, school, now)) or '无'}")


def _days(conn: Connection, school: str, now: datetime) -> Iterator[Line]:
    """The holidays and swapped days of the coming 30 days; the years whose arrangement nobody knows yet."""
    first = now.astimezone(SHANGHAI).date()
    last, special = first + AHEAD, calendar.read(conn, school)
    for one in sorted((one for one in special.values() if first <= one.day <= last), key=lambda one: one.day):
        words = f"{one.day} {'上班' if one.working else '放假'} {one.name}".strip()
        yield Line(True, f"{words}，{one.source}")
    for year in sorted({first.year, last.year}):
        if names := calendar.untold(year, special):
            yield Line(None, f"{calendar.say_untold(year, names)}；请在“值守”页登记，或用值班表文件导入。")


def _away(conn: Connection, school: str, now: datetime) -> Iterator[Line]:
    names = {one.id: one.name for one in people.everyone(conn, school)}
    for one in absence.between(conn, school, now, now + AHEAD):
        instead = names.get(one.substitute, "")
        span = hours(one.starts_at, one.ends_at, now)
        words = (
            f"{names.get(one.person, one.person)}{one.word} {span}，{f'代理人 {instead}' if instead else '没有代理人'}"
        )
        yield Line(bool(instead), words)
    for person, at in absence.leaving(conn, school).items():
        yield Line(True, f"{names.get(person, person)} {moment(at, now)} 离任")


def _wanting(found: list[Wanting], around_the_clock: bool) -> Iterator[Line]:
    for one in found:
        if one.about == f"{Role.CARE}|":  # the duty desk gets a cry for help then, as `fengxin check` says
            yield Line(None, one.words)
        else:
            yield Line(one.kind is Kind.ROTA and not around_the_clock, one.words)
    if not any(one.kind is Kind.ROTA for one in found):
        yield Line(True, "未来 30 日的值班表没有空档。")


def findings(settings: Settings) -> list[tuple[bool, str]]:
    """For `fengxin check`: (whether it must be mended, words); before the first run, by the roster alone."""
    now, desk = datetime.now(UTC), load_pack(settings).desk
    store = Store(settings.store_url)
    try:
        with store.read() as conn:
            if migrations.standing(conn) == migrations.newest() and people.everyone(conn, settings.school.code):
                found = readiness.wanting(_ahead(conn, settings, now), now)
                return [
                    (one.kind is not Kind.ROTA or desk.around_the_clock, one.words)
                    for one in found if "没有人担任" not in one.words
                ]  # fmt: skip
    finally:
        store.close()
    planned = [Turn(row.person, row.starts_at, row.ends_at, row.leads) for row in settings.roster.shifts]
    seen = readiness.Ahead(
        seats=(), persons={}, desk=desk, scheduled=bool(planned),
        holes=tuple(coverage.holes([(t.starts_at, t.ends_at) for t in planned if not t.leads], now, now + AHEAD)),
    )  # fmt: skip
    return [(desk.around_the_clock, one.words) for one in readiness.wanting(seen, now)]


def take(settings: Settings, path: Path, person_id: str) -> list[Line]:
    """Import a rota in the name of somebody who keeps it; gives the holes it leaves. Raises NotTaken, OSError."""
    now, school, desk = datetime.now(UTC), settings.school.code, load_pack(settings).desk
    data = path.read_bytes()
    with opened_store(settings) as store:
        with store.read() as conn:
            roles = [
                role for role in leave.EDITORS if person_id in {one.id for one in people.holders(conn, school, role)}
            ]
            known = {one.id for one in people.everyone(conn, school) if one.active}
            special = calendar.read(conn, school)
        if person_id not in known:
            raise NotTaken(
                f"已录入的名册里没有工号“{person_id}”；名册填好或改动后，请先执行 fengxin enter。未作任何更改。"
            )
        if not roles:
            raise NotTaken(f"工号“{person_id}”不是系统管理员，也不在宣传部任职，不能导入值班表。未作任何更改。")
        plan, problems = rota_file.read(data, known, special)
        if problems:
            said = "\n".join(f"  ✘ {one}" for one in problems)
            raise NotTaken(f"{path.name} 有 {len(problems)} 处须改，未录入任何内容：\n{said}")
        actor = Actor(person_id, person_id, frozenset(roles))
        try:
            left = store.run(
                lambda conn: rota.save(conn, school, desk, actor, now, plan, path.name, rota_file.digest(plan))
            )
        except IllegalStep as refused:
            raise NotTaken(str(refused)) from None
        with store.read() as conn:
            lacking = rota.leads_missing(conn, school, now)
    done = [Line(True, f"已导入 {len(plan.turns)} 班、{len(plan.days)} 个节假日与调休。")]
    done += [Line(False, f"还有空档：{coverage.say(left, now)}（{desk.label}）。")] if left else []
    return done + ([Line(False, f"带班领导还有空档：{coverage.say(lacking, now)}。")] if lacking else [])
