"""Texts: labelled comments through the engine, and through the whole judgement of a single text where labels say risk.

What is judged is the normalised text, as in the running product. One sheet per file; the files of one corpus folder
make one sheet of polarity and one of risk.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deploy.evaluation.sheet import Figure, Matrix, Sheet, Slice
from deploy.scoring import Scoring
from sentiment import evaluation as figures_of
from sentiment.emoticon import without_emoticons
from sentiment.engine import Engine, Score
from sentiment.evaluation import Share
from sentiment.labelled import Kind, Labelled, Row
from sentiment.normalise import normalise
from sentiment.polarity import Polarity
from stream.risk import SHOWN_FROM

Step = Callable[[int], None]
"""Called with how many texts were just judged."""
BATCH = 200
ENGINE_ALONE = "只凭引擎的关注概率（不低于 0.5），不看规则"
TRAINED = "文件名写明是训练用的（train）：权重若由它训练，这里的数字偏高"
SOURCES_MOST = 12
"""Slices by source that one sheet has; the rarest are left out and named as such."""
POLARITIES = {Polarity.NEGATIVE: "负面", Polarity.NEUTRAL: "中性", Polarity.POSITIVE: "正面"}
RISKS = {1: "风险 1（值得答复或留意）", 2: "风险 2（有人附和即成事件）", 3: "风险 3（一条即须上报）"}
DISGUISES = {
    "traditional": "繁体", "split": "拆字", "pinyin": "拼音", "homophone": "谐音", "initials": "缩写", "emoji": "表情",
    "gap": "间隔", "lookalike": "形近",
}  # fmt: skip
SLOTS = {"post": "本校帖文", "comment": "评论", "message": "来信"}
CHOICE: dict[str, tuple[str, Share]] = {
    "accuracy": ("准确率", figures_of.accuracy),
    "macro_f1": ("宏平均 F1", figures_of.macro_f1),
    "precision": ("精确率", figures_of.precision),
    "recall": ("召回率", figures_of.recall),
    "f1": ("F1", figures_of.f1),
}
"""Figures that a table of counts gives, by key."""
WHOLE, SAME = ("accuracy", "macro_f1"), ("accuracy",)
FOUND = ("precision", "recall", "f1")


@dataclass(frozen=True, slots=True)
class Answers:
    """Of the rows of a file: the true class and the answered one (indexes), and the figure given for the class `of`."""

    classes: tuple[str, ...]
    truth: NDArray[np.int64]
    said: NDArray[np.int64]
    given: NDArray[np.float64]
    of: int

    def figures(self, keys: Sequence[str], here: NDArray[np.bool_] | None = None) -> tuple[Figure, ...]:
        """The figures of these keys over all rows or over those that are `here`; then how well the figure ranks."""
        chosen = slice(None) if here is None else here
        truth, given = self.truth[chosen], self.given[chosen]
        counts = figures_of.table(truth, self.said[chosen], len(self.classes))
        shares = (Figure(key, CHOICE[key][0], figures_of.estimate(counts, CHOICE[key][1])) for key in keys)
        if "macro_f1" not in keys and "f1" not in keys:
            return tuple(shares)
        return (*shares, Figure("auc", "AUC", figures_of.auc_estimate(truth == self.of, given)))

    def matrix(self) -> Matrix:
        """How often which class was answered as which."""
        return Matrix.of(self.classes, figures_of.table(self.truth, self.said, len(self.classes)))


def sheets(files: Sequence[Labelled], engine: Engine, judge: Scoring, step: Step) -> Iterator[Sheet]:
    """The sheets of files that an engine or the whole judgement answers, in their order; corpora last."""
    for one in files:
        if one.kind is Kind.CONCERN:
            yield _concern(one.path.name, one.rows, judge, step, _sources(one.rows))
        elif one.kind in (Kind.LEANING, Kind.POLARITY, Kind.ABUSE):
            yield _scored(one.path.name, one.kind, one.rows, engine, step, _sources(one.rows))
    corpora: dict[str, list[Row]] = {}
    for one in files:
        if one.kind is Kind.CORPUS:
            corpora.setdefault(one.path.parent.name, []).extend(one.rows)
    for name, rows in corpora.items():
        yield _scored(f"corpus/{name} 情感", Kind.POLARITY, rows, engine, step, _corpus_slices(rows))
        yield _concern(f"corpus/{name} 风险", rows, judge, step, _corpus_slices(rows))


def texts_of(files: Sequence[Labelled]) -> int:
    """How many texts `sheets` will count, at the least."""
    twice = (Kind.CORPUS,)
    return sum(len(one.rows) * (2 if one.kind in twice else 1) for one in files if one.kind not in UNJUDGED)


def unjudged(one: Labelled) -> Sheet:
    """A file whose labels nothing in the product answers, told plainly."""
    return Sheet(one.path.name, str(one.kind), NO_JUDGE, len(one.rows), judged=False)


NO_JUDGE = "没有测评：这份数据的标签（如是否谣言、归哪个部门办）本产品不判断；风信只提示须核实，真伪由人核查。"
UNJUDGED = (Kind.OTHER, Kind.DISGUISE)


def _scored(
    name: str, kind: Kind, rows: Sequence[Row], engine: Engine, step: Step, parts: Sequence[tuple[str, list[bool]]]
) -> Sheet:
    """A file that the engine answers by its score."""
    engine.score(["好"])
    began = time.perf_counter()
    scores = _scores([row.text for row in rows], engine, step)
    speed = len(rows) / (time.perf_counter() - began)
    whole = _answers(kind, rows, scores)
    plain = [without_emoticons(row.text) for row in rows]
    changed = [number for number, row in enumerate(rows) if plain[number] != row.text.strip()]
    stripped = list(scores)
    for number, score in zip(changed, _scores([plain[number] for number in changed], engine, None), strict=True):
        stripped[number] = score
    bare, had = _answers(kind, rows, stripped), np.isin(np.arange(len(rows)), changed)
    slices = [Slice("全部，去掉表情", len(rows), bare.figures(WHOLE))]
    if changed:
        here = had.tolist()
        slices += _slices(whole, WHOLE, [("有表情的，照原文", here)])
        slices += _slices(bare, WHOLE, [("有表情的，去掉表情", here)])
    slices += _slices(whole, WHOLE, parts)
    bins = figures_of.reliability(whole.truth == whole.of, whole.given)
    error = figures_of.Estimate(figures_of.calibration_error(bins))
    notes = [f"引擎 {engine.name}，每秒 {speed:,.0f} 条（含还原变体）"]
    if "train" in name:
        notes.append(TRAINED)
    if kind is Kind.ABUSE and scores[0].p_abuse is None:
        notes.append("这个引擎不判断冒犯，以负面程度代替")
    return Sheet(
        name, str(kind), WHAT[kind], len(rows),
        (*whole.figures(WHOLE), Figure("calibration_error", "校准误差", error), _speed(speed)),
        tuple(slices), whole.matrix(), bins, tuple(notes),
    )  # fmt: skip


WHAT = {
    Kind.LEANING: "正面与负面两类，以倾向作答",
    Kind.POLARITY: "负面、中性、正面三类；AUC 是负面对其余",
    Kind.ABUSE: "是否冒犯",
    Kind.CONCERN: f"宣传部门是否须看：单条研判的风险不低于 {SHOWN_FROM} 即视为会给值班员看",
}


def _speed(speed: float) -> Figure:
    return Figure("per_second", "每秒条数", figures_of.Estimate(speed), 0)


def _scores(texts: Sequence[str], engine: Engine, step: Step | None) -> list[Score]:
    found: list[Score] = []
    for at in range(0, len(texts), BATCH):
        part = texts[at : at + BATCH]
        found += engine.score([normalise(text).text for text in part])
        if step is not None:
            step(len(part))
    return found


def _answers(kind: Kind, rows: Sequence[Row], scores: Sequence[Score]) -> Answers:
    if kind is Kind.ABUSE:
        given = np.array([score.leaning if score.p_abuse is None else score.p_abuse for score in scores])
        truth = np.array([bool(row.offensive) for row in rows], np.int64)
        return Answers(("不冒犯", "冒犯"), truth, (given >= 0.5).astype(np.int64), given, 1)
    classes = (Polarity.NEGATIVE, Polarity.POSITIVE) if kind is Kind.LEANING else tuple(POLARITIES)
    place = {one: number for number, one in enumerate(classes)}
    truth = np.array([place[row.polarity or Polarity.NEUTRAL] for row in rows], np.int64)
    if kind is Kind.LEANING:
        given = np.array([score.leaning for score in scores])
        said = np.where(given >= 0.5, 0, 1).astype(np.int64)
    else:
        given = np.array([score.p_negative for score in scores])
        said = np.array([place[score.polarity] for score in scores], np.int64)
    return Answers(tuple(POLARITIES[one] for one in classes), truth, said, given, 0)


def _concern(
    name: str, rows: Sequence[Row], judge: Scoring, step: Step, parts: Sequence[tuple[str, list[bool]]]
) -> Sheet:
    """A file whose labels say whether somebody at the school should look: the whole judgement of each text."""
    judge.concern_of("好")
    began, values = time.perf_counter(), list[tuple[int, float | None]]()
    for at in range(0, len(rows), BATCH):
        part = rows[at : at + BATCH]
        values += [judge.concern_of(row.text, row.slot or "comment") for row in part]
        step(len(part))
    speed = len(rows) / (time.perf_counter() - began)
    given = np.array([risk for risk, _ in values], np.float64) / 100
    truth = np.array([bool(row.concern) for row in rows], np.int64)
    said = (given >= SHOWN_FROM / 100).astype(np.int64)
    answers = Answers(("不必看", "须有人看"), truth, said, given, 1)
    graded = [(words, [row.risk == risk for row in rows]) for risk, words in RISKS.items()]
    slices = [
        Slice(words, sum(here), answers.figures(("recall",), np.array(here))) for words, here in graded if any(here)
    ]
    shares = np.array([share or 0.0 for _, share in values])  # None: a text that says nothing
    alone = any(share is not None for _, share in values)
    if alone:
        by_engine = Answers(answers.classes, truth, (shares >= 0.5).astype(np.int64), shares, 1)
        slices.insert(0, Slice(ENGINE_ALONE, len(rows), by_engine.figures(FOUND)))
    notes = [f"整条研判（还原、情感、规则、风险）每秒 {speed:,.0f} 条", f"全部当作须看时 F1 为 {_all_shown(truth):.3f}"]
    if alone:
        notes.append("校准图与可靠性表说的是引擎的关注概率，不是风险")
    return Sheet(
        name, str(Kind.CONCERN), WHAT[Kind.CONCERN], len(rows),
        (*answers.figures(FOUND), answers.figures(SAME)[0], _speed(speed)),
        (*slices, *_slices(answers, FOUND, parts)), answers.matrix(),
        figures_of.reliability(truth == 1, shares) if alone else (), tuple(notes),
    )  # fmt: skip


def _all_shown(truth: NDArray[np.int64]) -> float:
    true = int(truth.sum())
    return 2 * true / (true + len(truth))


def _slices(answers: Answers, keys: Sequence[str], parts: Sequence[tuple[str, list[bool]]]) -> Iterator[Slice]:
    """The slices by these parts; where all rows are of one class only the share of right answers says something."""
    for name, member in parts:
        here = np.array(member)
        one_class = len(set(answers.truth[here].tolist())) < 2
        yield Slice(name, int(here.sum()), answers.figures(SAME if one_class else keys, here))


def _sources(rows: Sequence[Row]) -> list[tuple[str, list[bool]]]:
    """Campus or not, and every source: first by its beginning (`smp_virus`), then whole (`smp_virus:sad`)."""
    parts = [("谈到校园生活", [row.campus for row in rows]), ("不谈校园", [not row.campus for row in rows])]
    for names in ([row.source.partition(":")[0] for row in rows], [row.source for row in rows]):
        if len(set(names)) > 1:
            common = [name for name, _ in Counter(names).most_common(SOURCES_MOST)]
            parts += [(f"来源 {one or '未写'}", [name == one for name in names]) for one in common]
    return _whole(list(dict(parts).items()))


def _corpus_slices(rows: Sequence[Row]) -> list[tuple[str, list[bool]]]:
    parts = [(f"主题 {one}", [row.theme == one for row in rows]) for one in sorted({row.theme for row in rows})]
    parts += [(words, [row.slot == slot for row in rows]) for slot, words in SLOTS.items()]
    parts += [(f"变体 {words}", [row.disguise == name for row in rows]) for name, words in DISGUISES.items()]
    return _whole(parts)


def _whole(parts: Sequence[tuple[str, list[bool]]]) -> list[tuple[str, list[bool]]]:
    """The parts that hold some rows and not all of them."""
    return [(name, here) for name, here in parts if any(here) and not all(here)]
