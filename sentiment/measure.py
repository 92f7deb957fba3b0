"""Measure an engine on labelled comments: `python -m sentiment.measure CSV... [--engine NAME] [--band A B] [--fit]`.

The files have at least the columns `text` and `label` (also common: `source`, `campus`). Labels are 0 and 1 (negative,
positive), or -1, 0 and 1 (negative, neutral, positive) where the file holds a -1. In a file of two classes an engine
answers by its leaning (`p_negative` of at least 0.5 is negative), so the band plays no part; in one of three classes by
its polarity.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sentiment.engine import ENGINES, Band, Engine, Score, engine_by_name
from sentiment.normalise import normalise
from sentiment.polarity import Polarity

_TWO = {"0": Polarity.NEGATIVE, "1": Polarity.POSITIVE}
_THREE = {"-1": Polarity.NEGATIVE, "0": Polarity.NEUTRAL, "1": Polarity.POSITIVE}
_WORDS = {Polarity.NEGATIVE: "负面", Polarity.NEUTRAL: "中性", Polarity.POSITIVE: "正面"}
_STEPS = [step / 40 for step in range(41)] + [0.985, 0.99, 0.995, 0.999]


@dataclass(frozen=True, slots=True)
class Labelled:
    """The comments of one file with their true classes, in the order of the file; `classes` is two or three long."""

    texts: tuple[str, ...]
    truth: tuple[Polarity, ...]
    classes: tuple[Polarity, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares between 0 and 1; `f1` by class, in the order of the classes asked for."""

    accuracy: float
    f1: tuple[float, ...]

    @property
    def macro_f1(self) -> float:
        return sum(self.f1) / len(self.f1)


def read_labelled(path: Path) -> Labelled:
    """The comments of a CSV file in UTF-8. Raises ValueError, in Chinese, that names the file and the line."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = {"text", "label"} - set(reader.fieldnames or ())
        if missing:
            raise ValueError(f"{path} 缺少列：{'、'.join(sorted(missing))}。首行应含 text 与 label 两列。")
        rows = [(reader.line_num, row["text"] or "", (row["label"] or "").strip()) for row in reader]
    if not rows:
        raise ValueError(f"{path} 没有数据行。")
    meaning = _THREE if any(label == "-1" for _, _, label in rows) else _TWO
    for line, _, label in rows:
        if label not in meaning:
            raise ValueError(f"{path} 第 {line} 行的标签“{label}”无法识别，应为 {'、'.join(meaning)} 之一。")
    return Labelled(
        tuple(text for _, text, _ in rows), tuple(meaning[label] for _, _, label in rows), tuple(meaning.values())
    )


def figures(truth: Sequence[Polarity], said: Sequence[Polarity], classes: Iterable[Polarity]) -> Figures:
    """Accuracy and the F1 of every class. A class that neither side knows has an F1 of 0. `truth` is not empty."""
    right = Counter(true for true, answer in zip(truth, said, strict=True) if true == answer)
    true, answered = Counter(truth), Counter(said)
    f1 = tuple(2 * right[one] / (true[one] + answered[one]) if right[one] else 0.0 for one in classes)
    return Figures(right.total() / len(truth), f1)


def answers(scores: Iterable[Score], classes: Sequence[Polarity]) -> list[Polarity]:
    """What the scores say, in the classes of a file: the polarity for three, the leaning for two."""
    if Polarity.NEUTRAL in classes:
        return [score.polarity for score in scores]
    return [Polarity.NEGATIVE if score.p_negative >= 0.5 else Polarity.POSITIVE for score in scores]


def best_band(truth: Sequence[Polarity], positive: Sequence[float]) -> Band:
    """The band with the best macro-F1 over three classes on these figures for positive (0..1)."""
    bands = [Band(low, high) for low in _STEPS for high in _STEPS if low <= high]
    counts = Counter(zip(truth, (_cell(one) for one in positive), strict=True))

    def quality(band: Band) -> float:
        answered: Counter[Polarity] = Counter()
        true: Counter[Polarity] = Counter()
        right: Counter[Polarity] = Counter()
        for (truly, middle), count in counts.items():
            said = band.polarity(middle)
            answered[said] += count
            true[truly] += count
            right[truly] += count if said == truly else 0
        return sum(2 * right[one] / (true[one] + answered[one]) for one in Polarity if right[one])

    return max(bands, key=quality)


def _cell(positive: float) -> float:
    """A figure that stands for every figure between the same two neighbouring borders."""
    if positive in _STEPS:
        return positive
    below = max((step for step in _STEPS if step < positive), default=0.0)
    above = min((step for step in _STEPS if step > positive), default=1.0)
    return (below + above) / 2


def report(path: Path, engine: Engine, as_normalised: bool = False, fit: bool = False) -> str:
    """One file's figures in Chinese; scoring is timed without loading the weights, which the first comment does."""
    labelled = read_labelled(path)
    texts = [normalise(text).text for text in labelled.texts] if as_normalised else list(labelled.texts)
    engine.score(["好"])
    began = time.perf_counter()
    scores = engine.score(texts)
    seconds = time.perf_counter() - began
    said = figures(labelled.truth, answers(scores, labelled.classes), labelled.classes)
    lines = [
        f"{path.name}：{len(texts)} 条，引擎 {engine.name}",
        f"  准确率 {said.accuracy:.3f}，宏平均 F1 {said.macro_f1:.3f}"
        f"（{'，'.join(f'{_WORDS[one]} {f1:.2f}' for one, f1 in zip(labelled.classes, said.f1, strict=True))}）",
        f"  速度 {len(texts) / seconds:.0f} 条/秒",
    ]
    if fit and Polarity.NEUTRAL in labelled.classes:
        band = best_band(labelled.truth, [1 - score.p_negative for score in scores])
        lines.append(f"  宏平均 F1 最高的分界：{band.negative_below} {band.positive_above}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; figures go to the standard output. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m sentiment.measure", description="用带标签的评论检验情感引擎")
    parser.add_argument("files", nargs="+", type=Path, metavar="CSV", help="含 text、label 两列的 UTF-8 文件")
    parser.add_argument("--engine", choices=list(ENGINES), default="snow", help="引擎名")
    parser.add_argument(
        "--band", nargs=2, type=float, metavar=("负面上限", "正面下限"), help="中性区间，缺省用引擎自带的"
    )
    parser.add_argument("--normalised", action="store_true", help="先还原变体再打分")
    parser.add_argument("--fit", action="store_true", help="另求三分类宏平均 F1 最高的分界")
    asked = parser.parse_args(arguments)
    try:
        engine = engine_by_name(asked.engine, Band(*asked.band) if asked.band else None)
        for path in asked.files:
            sys.stdout.write(report(path, engine, asked.normalised, asked.fit) + "\n")
    except (ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
