"""Scenarios on a sheet: the figures with all rules, and apart from what each scenario alone taught, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import sentiment
from deploy.evaluation.case import Case
from deploy.evaluation.playing import Played, Step, play
from deploy.evaluation.sheet import Course, Sheet
from deploy.evaluation.tally import FAULTS, Tally, figures
from deploy.rehearsal import House
from sentiment import labelled

TRAINING = Path(sentiment.__file__).parent / "corpus" / "train"
"""Texts that anybody who writes rules may read; what stands in them is supported by more than one scenario."""
EXPECTED = {"incident": "应立事件", "watch": "只须留意", "quiet": "平静"}
WRONG = {
    "quiet_alarms": "误报", "forbidden": "立在不该立的帖下", "stray": "立在未标注的帖下", "premature": "过早",
    "split": "一事多立", "merged": "多事合一", "watch_over": "反应过度",
}  # fmt: skip
PLAIN = "每个场景按自己的时钟走完整条链路，与旁边写明的应立事件比对"
APART = (
    "“逐个留出”：判一个场景时，规则和词表中只在这个场景出现、在其余场景和训练语料里都没有的词先拿掉，"
    "立事件的分数线只按其余场景选；所有场景都没有的词视为通用词而保留。两列之差就是规则照着场景写了多少"
)


def sheet(cases: Sequence[Case], house: House, step: Step, *, cross_validate: bool) -> Sheet:
    """Play the scenarios. `step` is called after each playing. Raises LabelError where the corpus is spoilt."""
    corpus = list(_corpus()) if cross_validate else []
    played = play(cases, house, corpus, step, cross_validate=cross_validate)
    notes = [f"区间按整个场景抽样；引擎 {house.engine.name}，规程包 {house.pack.code}"]
    if cross_validate:
        notes.append(f"{APART}（本次训练语料 {len(corpus)} 条）")
    return Sheet(
        "场景", "scenarios", PLAIN, len(cases), figures(played.plain), notes=tuple(notes),
        apart=figures(played.apart) if cross_validate else (), courses=tuple(_courses(played)),
    )  # fmt: skip


def _corpus() -> Iterator[str]:
    if any(TRAINING.glob("*.tsv")):
        for one in labelled.read([TRAINING]):
            yield from (row.text for row in one.rows)


def _courses(played: Played) -> Iterator[Course]:
    for number, one in enumerate(played.plain):
        plain = _said(one)
        if not played.folds:
            yield Course(one.scenario, EXPECTED[one.expect], plain)
            continue
        fold = played.folds[number]
        apart = _said(played.apart[number])
        yield Course(one.scenario, EXPECTED[one.expect], plain, apart, fold.terms, fold.open_at)


def _said(one: Tally) -> str:
    """How a scenario went, in some words."""
    said = [f"及时 {one.of('found')}/{one.of('wanted')}"] if one.of("wanted") else []
    said += [f"迟 {one.of('late')}"] if one.of("late") else []
    said += [f"{WRONG[name]} {one.of(name)}" for name in FAULTS if one.of(name)]
    if one.of("found") > one.of("level_fits"):
        said.append("级别不在范围内")
    said += [f"{delay.lines} 条后" if delay.lines else "当条即立" for delay in one.delays]
    return "，".join(said) or "没有误报"
