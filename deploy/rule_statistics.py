"""`fengxin rules stats`: how often each rule was right by what the monitors said, and what the shifts had to bear."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from deploy.settings import Settings
    from escalation.verdict.budget import Border, Load
    from escalation.verdict.past import Past
    from escalation.verdict.rule_figures import RuleFigures
    from stream.rules import Rule

WIDE = 160
FIGURE = 17
"""Columns of a share with its interval."""
SHOWN = 40
"""Rules that the table lists; the JSON has all."""
"""What stands where no rule but the model spoke (`stream.impression`)."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """All that is told of a period of `days` days."""

    days: int
    budget: int
    open_at: float
    past: Past
    rules: Sequence[RuleFigures]
    load: Load
    border: Border
    titles: Mapping[str, str]
    book: Mapping[str, Rule]

    @property
    def judged(self) -> int:
        """Incidents of which a person said something."""
        return sum(case.verdict is not None for case in self.past.cases)


def stats(
    days: Annotated[int, typer.Option("--days", min=1, max=90, help="看最近多少天（原文保存 90 天）。")] = 30,
    settings: Annotated[Path, typer.Option("--settings", help="设置文件。")] = Path("fengxin.toml"),
    as_json: Annotated[bool, typer.Option("--json", help="输出一行 JSON。")] = False,
) -> None:
    """按值班员的研判结论，核算各条规则准不准、每班误报几起，建议收紧哪些规则、门槛定在多少。"""
    from rich.console import Console

    from deploy.command import fail, read, with_tables
    from stream.store import StoreUnavailable

    try:
        found = statistics(with_tables(read(settings)), days, datetime.now(UTC))
    except StoreUnavailable as error:
        raise fail(f"{error}；请稍后再试。") from None
    if as_json:
        typer.echo(json.dumps(as_document(found), ensure_ascii=False))
        return
    console = Console(width=None if sys.stdout.isatty() else WIDE, highlight=False)
    show(console, found)


def statistics(settings: Settings, days: int, now: datetime) -> Statistics:
    """Read the store of a school. Raises StoreUnavailable."""
    from deploy.wiring import opened_store
    from escalation.heading import without_degree
    from escalation.verdict import budget
    from escalation.verdict.past import past
    from escalation.verdict.rule_figures import figures
    from stream import rules
    from stream.impression import TITLES

    since = now - timedelta(days=days)
    with opened_store(settings) as store, store.read() as conn:
        found = past(conn, settings.school.code, since, now)
    book = {rule.id: rule for rule in rules.load().rules}
    most, open_at = settings.risk.false_alarms_per_shift, float(settings.risk.open_at)
    inferred = {rule: without_degree(title) for rule, title in TITLES.items()}
    titles = inferred | {rule.id: rule.title for rule in book.values()}
    return Statistics(
        days, most, open_at, found, figures(found.cases, found.hits), budget.load(found.matters, since, now, most),
        budget.border(found.matters, most, open_at), titles, book,
    )  # fmt: skip


def show(console: Console, found: Statistics) -> None:
    """The table and what is to be said of it, as wide as the console; no title and no figure is cut."""
    from rich import box
    from rich.table import Table

    table = Table(title=f"最近 {found.days} 天各条规则", box=box.SIMPLE, title_justify="left")
    table.add_column("规则", overflow="fold")
    for name in ("命中", "参与立事件", "属实", "级别不当", "误报"):
        table.add_column(name, justify="right")
    table.add_column("准确率（95% 区间）", justify="right", min_width=FIGURE, no_wrap=True)
    for one in found.rules[:SHOWN]:
        table.add_row(
            f"{one.rule} {found.titles.get(one.rule, '（现已没有这条规则）')}", str(one.hits), str(one.incidents),
            str(one.confirmed), str(one.wrong_level), str(one.false_alarms), _share(one),
        )  # fmt: skip
    if found.rules:
        console.print(table)
    for line in told(found):
        console.print(line, soft_wrap=True)


def _share(one: RuleFigures) -> str:
    if one.precision is None or one.interval is None:
        return "尚无结论"
    return f"{one.precision:.2f}（{one.interval[0]:.2f}–{one.interval[1]:.2f}）"


def told(found: Statistics) -> Iterator[str]:
    """What a person reads below the table."""
    past, load = found.past, found.load
    if len(found.rules) > SHOWN:
        yield f"另有 {len(found.rules) - SHOWN} 条规则有命中，用 --json 全部列出。"
    yield (
        f"系统立事件 {len(past.cases)} 起，其中 {found.judged} 起有研判结论；人工另立 {past.by_hand} 起。"
        "级别不当的计为属实；因演练、测试记为误报的不计。"
    )
    for (machine, right), many in sorted(past.levels.items()):
        yield f"级别不当：系统初判 {LEVELS[machine]}级、应为 {LEVELS[right]}级的 {many} 起。"
    yield (
        f"每班 12 小时（8 点、20 点交班），共 {load.shifts} 班：一班最多立事件 {load.most_opened} 起，最多误报 "
        f"{load.most_false} 起；上限 {found.budget} 起（系统默认，非校规），超出的有 {load.over} 班。"
    )
    yield from _of_border(found)
    yield from advice(found)


LEVELS = {1: "Ⅰ", 2: "Ⅱ", 3: "Ⅲ", 4: "Ⅳ"}


def _of_border(found: Statistics) -> Iterator[str]:
    from escalation.verdict.budget import FEWEST
    from stream.because import enough_at
    from stream.border import MOST

    at, border = found.open_at, found.border
    now_at = f"立事件的门槛现为 {at:g} 分（页面上的风险 {enough_at(at)}）"
    if found.judged < FEWEST:
        yield f"{now_at}。有结论的事件不足 {FEWEST} 起，暂不建议调整。"
        return
    if not border.kept:
        yield (
            f"{now_at}；提到最高的 {MOST:g} 分，仍有班次误报超过上限："
            "一条即须上报的情形不受门槛影响，请先按下面的建议收紧规则。"
        )
        return
    to = math.ceil(border.open_at)
    if to > at:
        yield (
            f"{now_at}，提到 {to} 分即可每班不超过上限：少立误报 {border.spared} 起，"
            f"属实的也会少立 {border.lost} 起。要改的，写在设置 [risk] open_at，再重新启动。"
        )
    elif to < at:
        yield (
            f"{now_at}，降到 {to} 分也不会超过上限，会多立 {border.more} 起"
            "（无人看过，按误报计）。要改的，写在设置 [risk] open_at，再重新启动。"
        )
    else:
        yield f"{now_at}，正合上限。"


def advice(found: Statistics) -> Iterator[str]:
    """Which rules to tighten, with why; the figures say where to look, the words a person changes."""
    poor = [one for one in found.rules if one.is_poor and not _is_cue(found.book.get(one.rule))]
    for one in poor:
        why = "、".join(f"{reason} {many}" for reason, many in one.reasons.items())
        rule = found.book.get(one.rule)
        yield (
            f"建议收紧：{one.rule}“{found.titles.get(one.rule, '')}”参与的 {one.judged} 起中误报 {one.false_alarms} 起"
            f"（{why}），准确率 {_share(one)}。{_cure(rule)}"
        )
    if not poor:
        from escalation.verdict.rule_figures import FEWEST

        yield f"没有需要收紧的规则（有结论的不少于 {FEWEST} 起、准确率区间上限仍低于 0.5 的才建议）。"


def _is_cue(rule: Rule | None) -> bool:
    """Cues count towards what other rules say; a false alarm is not theirs."""
    return rule is not None and rule.theme == "any"


def _cure(rule: Rule | None) -> str:
    if rule is None:
        return "这是模型推断或已删去的规则，请用这些事件的结论重新训练（fengxin verdicts、fengxin train）。"
    if rule.grave:
        return "这条规则一条即立事件：请逐一看误报的原文，给 unless、not 补上词，不要降低分量。"
    return "请逐一看误报的原文，给 near、unless、not 补上词，或降低 weight；改后执行 fengxin rules check。"


def as_document(found: Statistics) -> dict[str, Any]:
    """The same for programs."""
    load, border = found.load, found.border
    return {
        "days": found.days, "opened": len(found.past.cases), "judged": found.judged, "by_hand": found.past.by_hand,
        "rules": [
            {
                "rule": one.rule, "title": found.titles.get(one.rule, ""), "hits": one.hits, "incidents": one.incidents,
                "confirmed": one.confirmed, "wrong_level": one.wrong_level, "false_alarms": one.false_alarms,
                "precision": one.precision, "interval": one.interval, "reasons": one.reasons, "tighten": one.is_poor,
            }
            for one in found.rules
        ],
        "wrong_levels": [
            {"machine": machine, "right": right, "incidents": many}
            for (machine, right), many in sorted(found.past.levels.items())
        ],
        "shifts": {
            "number": load.shifts, "most_opened": load.most_opened, "false_alarms": load.false,
            "most_false_alarms": load.most_false, "budget": found.budget, "over": load.over,
        },
        "border": {
            "now": found.open_at, "kept_from": border.open_at, "kept": border.kept, "spared": border.spared,
            "lost": border.lost, "more": border.more,
        },
        "advice": list(advice(found)),
    }  # fmt: skip
