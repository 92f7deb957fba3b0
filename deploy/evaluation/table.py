"""The sheets in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table

from deploy.evaluation.sheet import Matrix, Sheet, Slice
from sentiment.evaluation import Bin


def show(console: Console, sheets: Sequence[Sheet]) -> None:
    """Print every sheet."""
    for sheet in sheets:
        console.print(Group(*_parts(sheet)))


def _parts(sheet: Sheet) -> Iterator[RenderableType]:
    yield f"[bold]{escape(sheet.name)}[/bold]　{sheet.rows:,} {'个场景' if sheet.courses else '条'}"
    yield escape(f"  {sheet.what}")
    yield from (escape(f"  {note}") for note in sheet.notes)
    if not sheet.judged:
        yield ""
        return
    yield _figures(sheet)
    if sheet.slices:
        yield _slices(sheet.slices)
    if sheet.matrix:
        yield _matrix(sheet.matrix)
    if sheet.bins:
        yield _reliability(sheet.bins)
    if sheet.courses:
        yield _courses(sheet)


def _figures(sheet: Sheet) -> Table:
    if not sheet.apart:
        return _table(
            "", ("指标", "数值", "95% 区间", ""), ((f.words, f.value(), f.interval(), f.note) for f in sheet.figures)
        )
    columns = ("指标", "全部规则", "", "逐个留出", "")
    both = zip(sheet.figures, sheet.apart, strict=True)
    return _table("", columns, ((one.words, one.shown(), one.note, two.shown(), two.note) for one, two in both))


def _slices(slices: Sequence[Slice]) -> Table:
    """One row a slice; the figures of all slices are the columns."""
    keys = list(dict.fromkeys((f.key, f.words) for one in slices for f in one.figures))
    rows = (
        (one.name, f"{one.rows:,}", *(found.shown() if (found := one.figure(key)) else "" for key, _ in keys))
        for one in slices
    )
    return _table("分项", ("", "条数", *(words for _, words in keys)), rows)


def _matrix(matrix: Matrix) -> Table:
    rows = ((name, *(f"{cell:,}" for cell in row)) for name, row in zip(matrix.classes, matrix.counts, strict=True))
    return _table("混淆表", ("标注 ╲ 判断", *matrix.classes), rows)


def _reliability(bins: Sequence[Bin]) -> Table:
    rows = (
        (
            f"{one.low:.1f}–{one.high:.1f}",
            f"{one.rows:,}",
            f"{one.said:.3f}",
            f"{one.true:.3f} [{one.true_low:.3f}, {one.true_high:.3f}]",
        )
        for one in bins
    )
    return _table("可靠性（所说的概率与实际的比例）", ("所说的概率", "条数", "平均所说", "实际比例"), rows)


def _courses(sheet: Sheet) -> Table:
    if not sheet.apart:
        return _table("逐个场景", ("场景", "应当", "结果"), ((c.scenario, c.expect, c.plain) for c in sheet.courses))
    columns = ("场景", "应当", "全部规则", "逐个留出", "拿掉的规则", "拿掉的词", "分数线")
    rows = (
        (
            c.scenario,
            c.expect,
            c.plain,
            c.apart if c.changed else "同左",
            " ".join(c.rules),
            str(c.words_out),
            f"{c.open_at:g}",
        )
        for c in sheet.courses
    )
    return _table("逐个场景", columns, rows)


def _table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(title=title or None, box=box.SIMPLE_HEAD, title_justify="left", title_style="")
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    return table
