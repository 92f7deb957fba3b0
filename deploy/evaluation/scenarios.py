"""Scenarios on a sheet: the figures with all rules, and with those chosen without the judged scenario, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import sentiment
from deploy.evaluation.case import Case
from deploy.evaluation.playing import Fold, Played, Step, play
from deploy.evaluation.sheet import Course, Sheet, Slice
from deploy.evaluation.support import Said
from deploy.evaluation.tally import FAULTS, Tally, figures
from deploy.rehearsal import House
from sentiment import labelled
from stream.rules import Slot

TRAINING = Path(sentiment.__file__).parent / "corpus" / "train"
"""Texts that anybody who writes rules may read, and none of them of a scenario."""
SLOTS = {"post": Slot.OWN_POST, "comment": Slot.COMMENT, "message": Slot.MESSAGE}
EXPECTED = {"incident": "应立事件", "watch": "只须留意", "quiet": "平静"}
WRONG = {
    "quiet_alarms": "误报", "forbidden": "立在不该立的帖下", "stray": "立在未标注的帖下", "premature": "过早",
    "split": "一事多立", "merged": "多事合一", "watch_over": "反应过度",
}  # fmt: skip
PLAIN = "每个场景按自己的时钟，从评论进来走到立不立事件，与旁边写明的应立事件比对"
APART = (
    "“逐个留出”：判一个场景时，只用别处也站得住的规则。规则的主词须在其余场景（平静的除外）或训练语料中值得一看的文本里让这条规则命中过，"
    "排除词、旁证词、词表和场面词须在其余场景或训练语料里出现过，没有主词的规则整条不用；立事件的分数线也只按其余场景选"
)
BOUND = (
    "规则终究由读过这些场景的人写成，挑选只能去掉别处没有依据的部分，去不掉写法与分值；各项分值、模型的门槛仍是全部场景上的那一套。"
    "所以这一列不是没见过的场景上的成绩，一般仍偏高；也可能偏低：值班员本来就懂的词，别处恰好没有的，也一并拿掉了"
)


def sheet(cases: Sequence[Case], house: House, step: Step, *, cross_validate: bool) -> Sheet:
    """Play the scenarios. `step` is called after each playing. Raises LabelError where the corpus is spoilt."""
    corpus = list(_corpus()) if cross_validate else []
    played = play(cases, house, corpus, step, cross_validate=cross_validate)
    courses = tuple(_courses(played))
    notes = [f"区间按整个场景抽样；引擎 {house.engine.name}，规程包 {house.pack.code}"]
    if cross_validate:
        notes += [f"{APART}（本次训练语料 {len(corpus)} 条）", BOUND, _left_out(played.folds), _changed(courses)]
    return Sheet(
        "场景", "scenarios", PLAIN, len(cases), figures(played.plain), tuple(_sets(cases, played)), notes=tuple(notes),
        apart=figures(played.apart) if cross_validate else (), courses=courses,
    )  # fmt: skip


def _corpus() -> Iterator[Said]:
    if any(TRAINING.glob("*.tsv")):
        for one in labelled.read([TRAINING]):
            yield from (Said(SLOTS[row.slot], row.text, bool(row.risk)) for row in one.rows)


def _sets(cases: Sequence[Case], played: Played) -> Iterator[Slice]:
    """The figures of each folder, where there are several."""
    folders = list(dict.fromkeys(case.folder for case in cases))
    if len(folders) < 2:
        return
    for folder in folders:
        here = [number for number, case in enumerate(cases) if case.folder == folder]
        for words, tallies in ((folder, played.plain), (f"{folder}，逐个留出", played.apart)):
            if tallies:
                yield Slice(words, len(here), figures([tallies[number] for number in here]))


def _left_out(folds: Sequence[Fold]) -> str:
    """How much was left out of the rules for the scenario that was judged."""
    fallen = [len(fold.rules) for fold in folds]
    words = sum(len(fold.anchors) + len(fold.terms) for fold in folds)
    with_some = sum(1 for many in fallen if many)
    return (
        f"{with_some} 个场景整条拿掉了在其中命中的规则，共 {sum(fallen)} 条次，一个场景最多 {max(fallen)} 条；"
        f"各场景另拿掉主词和其他词共 {words} 处"
    )


def _changed(courses: Sequence[Course]) -> str:
    changed = [one.scenario for one in courses if one.changed]
    return f"结果因此不同的 {len(changed)} 个：{'、'.join(changed)}" if changed else "没有一个场景的结果因此不同"


def _courses(played: Played) -> Iterator[Course]:
    for number, one in enumerate(played.plain):
        plain = _said(one)
        if not played.folds:
            yield Course(one.scenario, EXPECTED[one.expect], plain)
            continue
        fold = played.folds[number]
        anchors = tuple(f"{rule} {term}" for rule, term in fold.anchors)
        apart = _said(played.apart[number])
        yield Course(one.scenario, EXPECTED[one.expect], plain, apart, fold.terms, anchors, fold.rules, fold.open_at)


def _said(one: Tally) -> str:
    """How a scenario went, in some words."""
    said = [f"及时 {one.of('found')}/{one.of('wanted')}"] if one.of("wanted") else []
    said += [f"迟 {one.of('late')}"] if one.of("late") else []
    said += [f"{WRONG[name]} {one.of(name)}" for name in FAULTS if one.of(name)]
    if one.of("found") > one.of("level_fits"):
        said.append("级别不在范围内")
    said += [f"{delay.lines} 条后" if delay.lines else "当条即立" for delay in one.delays]
    return "，".join(said) or "没有误报"
