"""What a rehearsal led to, for the screen: what was opened and why; who was told what, when, by which article."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.course import Opened, Outcomes
from escalation.procedure import Pack
from escalation.procedure.pack_file import codes

SHANGHAI = ZoneInfo("Asia/Shanghai")
LEVELS = "ⅠⅡⅢⅣ"
REASONS_SHOWN = 3


def begin(console: Console, pack: Pack) -> None:
    """Say by whose rules it is played, and how to choose others."""
    shipped = "、".join(codes())
    console.print(f"【演练】规程包 {pack.code}：{pack.title}", markup=False)
    console.print(f"【演练】换一个用 --pack，随附的有 {shipped}，也可写规程包的路径", markup=False)


def show(console: Console, outcomes: Outcomes) -> None:
    """Print one scenario's outcome, every line marked 演练."""
    head = f"【演练】{outcomes.scenario}：{outcomes.lines} 条"
    if not outcomes.opened:
        console.print(f"{head}，未立事件", markup=False)
        return
    console.print(f"{head}，立事件 {len(outcomes.opened)} 件", markup=False, style="bold")
    for one in outcomes.opened:
        _incident(console, one)
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


def _told(outcomes: Outcomes) -> Table:
    table = Table(title="【演练】会通知谁（未向外发送；假定无人签收）", box=box.SIMPLE, title_justify="left")
    for name in ("时间", "事件", "通知", "谁", "以何身份", "依据", "通道", "签收至"):
        table.add_column(name, overflow="fold")
    for one in outcomes.told:
        table.add_row(
            *(
                escape(word)
                for word in (
                    _at(one.at),
                    one.incident,
                    one.kind,
                    one.person,
                    one.office,
                    one.basis,
                    one.channel,
                    _at(one.sign_by) if one.sign_by else "",
                )
            )
        )
    return table


def _at(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%m-%d %H:%M}"
