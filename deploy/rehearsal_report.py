"""What a rehearsal led to, for the screen: what was opened and why; who was told what, when, by which article; what was
found on the school's own posts; what was asked of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.course import Opened, Outcomes, Telling
from deploy.rehearsal import House
from escalation.procedure.pack_file import codes

SHANGHAI = ZoneInfo("Asia/Shanghai")
LEVELS = "ⅠⅡⅢⅣ"
REASONS_SHOWN = 3
FOLDED_FROM = 4
DRILL = "演练·"


def begin(console: Console, house: House, one_office: Iterable[str] = ()) -> None:
    """Say by whose rules it is played, how to choose others, and whether submissions are held against posts.

    `one_office`: what the school made one, in a line each.
    """
    shipped, pack = "、".join(codes()), house.pack
    console.print(f"【演练】规程包 {pack.code}：{pack.title}", markup=False)
    console.print(f"【演练】换一个用 --pack，随附的有 {shipped}，也可写规程包的路径", markup=False)
    for line in one_office:
        console.print(f"【演练】{line}", markup=False)
    if pack.submission:
        articles = "、".join(dict.fromkeys(one.article for one in pack.submission))
        held = "视为已启用，场景中的账号均未送审" if house.submissions else "视为未启用；加 --submissions 则视为已启用"
        console.print(f"【演练】送审单（{articles}）：{held}", markup=False)


def show(console: Console, outcomes: Outcomes) -> None:
    """Print one scenario's outcome, every line marked 演练."""
    head = f"【演练】{outcomes.scenario}：{outcomes.lines} 条"
    parts = [f"立事件 {len(outcomes.opened)} 件" if outcomes.opened else "未立事件"]
    parts += [f"核对单 {len(outcomes.found)} 份"] if outcomes.found else []
    parts += [f"咨询 {len(outcomes.asked)} 件"] if outcomes.asked else []
    console.print("，".join((head, *parts)), markup=False, style="bold" if len(parts) > 1 or outcomes.opened else None)
    for one in outcomes.opened:
        _incident(console, one)
    if outcomes.found:
        console.print(_found(outcomes))
    if outcomes.asked:
        console.print(_asked(outcomes))
    if outcomes.told:
        console.print(_told(outcomes))


def _incident(console: Console, one: Opened) -> None:
    console.print(
        f"  {one.number} {LEVELS[one.level - 1]}级 {one.title}（{_at(one.opened_at)} 第 {one.opened_at_id} 条时立，"
        f"涉及 {len(one.members)} 条）",
        markup=False,
    )
    for reason in one.reasons[:REASONS_SHOWN]:
        cited = f" § {reason['article']}" if reason.get("article") else ""
        console.print(f"    {reason['name']} {reason['share']}%：{reason['sentence']}{cited}", markup=False)


def _found(outcomes: Outcomes) -> Table:
    columns = ("时间", "编号", "事项", "账号", "发布", "事件", "依据", "缘由")
    return _table("【演练】本校账号所发，列为核对单（由人认定）", columns, [
        (_at(one.at), one.number, one.kind, one.account, f"第 {one.post} 条", one.incident, one.basis, one.why)
        for one in outcomes.found
    ])  # fmt: skip


def _asked(outcomes: Outcomes) -> Table:
    columns = ("时间", "编号", "账号", "提问", "依据", "答复期限", "平台窗口至", "结果")
    return _table("【演练】咨询（不立事件；假定无人登记答复）", columns, [
        (
            _at(one.at), one.number, one.account, f"第 {one.post} 条", one.basis, _at(one.due_at),
            _at(one.window_until), one.end,
        )
        for one in outcomes.asked
    ])  # fmt: skip


def _told(outcomes: Outcomes) -> Table:
    columns = ("时间", "编号", "通知", "谁", "以何身份", "依据", "通道", "签收至")
    return _table("【演练】会通知谁（未向外发送；假定无人签收）", columns, [
        (
            _at(some[0].at), some[0].incident, some[0].kind, _people(some), some[0].office, some[0].basis,
            some[0].channel, _at(some[0].sign_by),
        )
        for some in rounds(outcomes.told)
    ])  # fmt: skip


def rounds(told: Iterable[Telling]) -> list[list[Telling]]:
    """What is printed in one line each: the keepers of many accounts are told the same at once, with nothing to sign
    each for himself; everybody else has a line of their own."""
    found: list[list[Telling]] = []
    for one in told:
        if found and _same(found[-1][0]) == _same(one) and one.person and one.sign_by is None:
            found[-1].append(one)
        else:
            found.append([one])
    return [part for some in found for part in ([some] if len(some) >= FOLDED_FROM else [[one] for one in some])]


def _same(one: Telling) -> Telling:
    return replace(one, person="", reason="", at=one.at.replace(second=0, microsecond=0))


def _people(some: Sequence[Telling]) -> str:
    if len(some) == 1:
        return some[0].person
    return f"共{len(some)}人：{'、'.join(one.person.removeprefix(DRILL) for one in some)}"


def _table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(title=title, box=box.SIMPLE, title_justify="left")
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    return table


def _at(at: datetime | None) -> str:
    return f"{at.astimezone(SHANGHAI):%m-%d %H:%M}" if at is not None else ""
