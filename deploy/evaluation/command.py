"""`fengxin evaluate`: how well the product judges labelled comments and scenarios, each figure with an interval."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sentiment.engine import DEFAULT, ENGINES

if TYPE_CHECKING:
    from deploy.evaluation.case import Case
    from deploy.evaluation.sheet import Sheet
    from deploy.rehearsal import House
    from deploy.scoring import Scoring
    from sentiment.labelled import Labelled

WIDE = 220
"""Columns of a table that is written into a file, so that no cell of it is cut or folded."""
DATA = "带标签的评论（.csv）、语料（.tsv）、场景（.jsonl，旁边须有 .truth.json 与 accounts.json），或放这些文件的目录。"


def evaluate(
    data: Annotated[list[Path], typer.Argument(help=DATA)],
    cross_validate: Annotated[
        bool,
        typer.Option(
            "--cross-validate", help="场景另按“逐个留出”再判一遍：只用别处也站得住的规则，看有多少是照着场景写的。"
        ),
    ] = False,
    ordinary: Annotated[
        bool,
        typer.Option("--week", help="把这些评论当作寻常的一周（每天 1000 条）走完整条链路，数每班误报几起。"),
    ] = False,
    engine: Annotated[str, typer.Option("--engine", help=f"情感引擎：{'、'.join(ENGINES)}。")] = DEFAULT,
    pack: Annotated[str, typer.Option("--pack", help="场景所用规程包的代号或路径。")] = "neutral",
    as_json: Annotated[Path | None, typer.Option("--json", help="把全部数字写成一个 JSON 文件。")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="写成一页可单独打开的网页报告。")] = None,
) -> None:
    """测评研判：在带标签的评论、语料和场景上量准确程度，每个数字都有区间。"""
    from rich.console import Console

    from deploy.evaluation import sheet, table
    from sentiment.evaluation import DRAWS

    try:
        given = _given(data)
        judges = _judges(engine, pack)
        if ordinary:
            _week(given, judges, as_json, html)
            return
        sheets = list(_sheets(given, judges, cross_validate))
    except Refusals.known() as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    about = {
        "version": version("fengxin"), "engine": engine, "rules": judges.house.rulebook.edition(),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"), "draws": DRAWS,
    }  # fmt: skip
    table.show(Console(width=None if sys.stdout.isatty() else WIDE), sheets)
    if as_json is not None:
        _write(as_json, json.dumps(sheet.as_json(sheets, about), ensure_ascii=False, indent=1) + "\n")
    if html is not None:
        from deploy.evaluation.page import page

        _write(html, page(sheets, about))


@dataclass(frozen=True, slots=True)
class Given:
    """What was asked to be judged, read."""

    files: tuple[Labelled, ...]
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Judges:
    """What judges: single texts, and the whole chain."""

    scoring: Scoring
    house: House


class Refusals:
    """What may be wrong with what a person gave; each says it in Chinese with the cure."""

    @staticmethod
    def known() -> tuple[type[Exception], ...]:
        """The errors whose text is for a person."""
        from deploy.scenario import ScenarioError
        from escalation.procedure import PackError
        from sentiment.labelled import LabelError
        from stream.rules import RuleError

        return LabelError, ScenarioError, PackError, RuleError, NothingToJudge, UnknownEngine


class NothingToJudge(ValueError):
    """A path that holds no data; the message says what is expected."""


class UnknownEngine(ValueError):
    """An engine that there is not; the message names those that there are."""


def _given(paths: Sequence[Path]) -> Given:
    """Read everything first: nothing is measured while a file is wrong."""
    from deploy.evaluation import case
    from sentiment import labelled

    texts: list[Path] = []
    scenarios: list[Path] = []
    for path in paths:
        if not path.exists():
            raise NothingToJudge(f"{path}：没有这个文件或目录，请检查路径。")
        here = [path] if path.is_file() else sorted(path.rglob("*"))
        texts += [one for one in here if one.suffix in (".csv", ".tsv") and one.is_file()]
        scenarios += case.files(path)
        if not any(one.suffix in (".csv", ".tsv") for one in here) and not case.files(path):
            raise NothingToJudge(f"{path}：没有可测评的数据。应为：{DATA}")
    found = [labelled.read_file(one) for one in dict.fromkeys(texts)]
    return Given(tuple(found), tuple(case.read(list(dict.fromkeys(scenarios)))))


def _judges(engine: str, pack: str) -> Judges:
    from deploy.rehearsal import House
    from deploy.scoring import Scoring
    from escalation.procedure import load as load_pack
    from sentiment.engine import engine_by_name
    from stream import rules

    try:
        chosen = engine_by_name(engine)
    except ValueError as error:
        raise UnknownEngine(str(error)) from None
    return Judges(Scoring(chosen), House(chosen, rules.load(), load_pack(pack)))


def _sheets(given: Given, judges: Judges, cross_validate: bool) -> Iterator[Sheet]:
    """Every sheet: files in their order, disguises after them, what nobody can judge, the scenarios."""
    from deploy.evaluation import disguises, playing, scenarios, texts
    from sentiment.labelled import Kind

    if given.files:
        with _bar("文本", texts.texts_of(given.files)) as step:
            yield from texts.sheets(given.files, judges.house.engine, judges.scoring, step)
        book = judges.house.rulebook
        yield from (disguises.sheet(one, given.files, book) for one in given.files if one.kind is Kind.DISGUISE)
        yield from (texts.unjudged(one) for one in given.files if one.kind is Kind.OTHER)
    if given.cases:
        with _bar("场景", playing.plays(len(given.cases), cross_validate)) as step:
            yield scenarios.sheet(given.cases, judges.house, lambda: step(1), cross_validate=cross_validate)


def _week(given: Given, judges: Judges, as_json: Path | None, html: Path | None) -> None:
    """The ordinary week of these comments; scenarios among the data are left alone."""
    from deploy.evaluation import week

    texts = [row.text for row in week.ordinary(row for one in given.files for row in one.rows)][: week.WHOLE]
    if not texts:
        raise NothingToJudge("--week 须有寻常的评论：带标签的 .csv 或 .tsv，其中没有注明值得学校看的。")
    if html is not None:
        raise NothingToJudge("--week 没有网页报告，请去掉 --html，或改用 --json。")
    with _bar("寻常一周", week.lines(week.PER_DAY, week.DAYS)) as step:
        found = week.play(texts, judges.house, lambda: step(1))
    typer.echo("\n".join(week.told(found)))
    if as_json is not None:
        _write(as_json, json.dumps(week.as_document(found), ensure_ascii=False, indent=1) + "\n")


@contextmanager
def _bar(what: str, total: int) -> Iterator[Any]:
    """A progress bar on a terminal, nothing elsewhere."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=total)
        yield lambda count: progress.advance(task, count)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        typer.echo(f"{file} 写不了（{error.strerror}）；请换一个能写的位置。", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"已写入 {file}")
