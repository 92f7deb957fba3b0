"""Labelled comments, read from files: what training learns from and evaluation judges by. One place reads them all.

A file is one of two forms, told by its ending; a folder stands for every such file below it, in the order of the paths:

* `*.csv`, UTF-8, columns at least `text` and `label`, also read: `source`, `campus` (1 where school life is mentioned).
  What the labels mean is decided once for a file (`Kind`): by its columns, by its sources, by its labels.
* `*.tsv`, the rows of the corpus, tab-separated without quoting; every column is explained in `corpus/README.md`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sentiment.polarity import Polarity


class Kind(StrEnum):
    """What the labels of a file say."""

    LEANING = "leaning"
    """0 negative, 1 positive; no neutral comment is among them."""
    POLARITY = "polarity"
    """-1 negative, 0 neutral, 1 positive: a file in which a -1 stands."""
    ABUSE = "abuse"
    """1 offensive, 0 not: every source begins with `cold`."""
    CONCERN = "concern"
    """1 a press office would want to see it, 0 not: a column `categories`, or every source begins with `verdict`."""
    CORPUS = "corpus"
    """Rows of the corpus: polarity, risk and much more of each."""
    DISGUISE = "disguise"
    """Disguised texts with their originals: columns `original` and `disguised_words`. For judging disguises only."""
    OTHER = "other"
    """Labels that no engine answers: rumours, departments. Read, so that a folder that holds them can be read."""


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled comment. None: its file says nothing about that. `where`: file and line, for telling a person.

    `risk` is 0 to 3 as in the corpus; `concern` says that somebody should look at it (risk of at least 1).
    """

    text: str
    where: str
    source: str = ""
    campus: bool = False
    polarity: Polarity | None = None
    offensive: bool | None = None
    concern: bool | None = None
    risk: int | None = None
    label: str = ""
    family: str = ""
    slot: str = ""
    target: str = ""
    theme: str = ""
    matter: str = ""
    """The corpus column `kind`: incident, grievance, question, rumour, mood, praise, chat, advert."""
    disguise: str = ""
    original: str = ""
    disguised_words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Labelled:
    """The rows of one file, in its order; never empty."""

    path: Path
    kind: Kind
    rows: tuple[Row, ...]


class LabelError(ValueError):
    """Files that cannot be used: in Chinese, each line with the file, the line and what to do."""


SOURCES: Mapping[str, Kind] = {
    "cold": Kind.ABUSE, "verdict": Kind.CONCERN, "ced": Kind.OTHER, "taidi": Kind.OTHER,
}  # fmt: skip
"""What the beginning of every source of a file says of its labels, where the columns say nothing."""

_TWO = {"0": Polarity.NEGATIVE, "1": Polarity.POSITIVE}
_THREE = {"-1": Polarity.NEGATIVE, "0": Polarity.NEUTRAL, "1": Polarity.POSITIVE}
_FORMS: Mapping[str, frozenset[str]] = {
    "slot": frozenset({"post", "comment", "message"}),
    "polarity": frozenset(Polarity),
    "target": frozenset({"school", "staff", "service", "student", "outsider", "none"}),
    "kind": frozenset({"incident", "grievance", "question", "rumour", "mood", "praise", "chat", "advert"}),
    "risk": frozenset("0123"),
    "disguise": frozenset(
        {"", "traditional", "split", "pinyin", "homophone", "initials", "emoji", "gap", "lookalike"}
    ),
}  # fmt: skip
CORPUS_COLUMNS = ("family", "slot", "text", "polarity", "target", "theme", "kind", "risk", "disguise", "why")
_TOLD = 10
"""Wrong rows that one message tells of."""


def files(paths: Iterable[Path]) -> list[Path]:
    """The labelled files that `paths` stand for. Raises LabelError where one is missing or holds none."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(one for one in path.rglob("*") if one.suffix in (".csv", ".tsv") and one.is_file())
            if not inside:
                raise LabelError(f"目录 {path} 中没有 .csv 或 .tsv 文件；请写放有带标签评论的目录。")
            found += inside
        elif path.suffix not in (".csv", ".tsv"):
            raise LabelError(f"{path} 不是带标签的评论：须是 .csv（text、label 两列）、.tsv（语料）或其目录。")
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def read(paths: Iterable[Path]) -> Iterator[Labelled]:
    """Every file that `paths` stand for. Raises LabelError: what is wrong in which line of which file, and the cure."""
    for path in files(paths):
        yield read_file(path)


def read_file(path: Path) -> Labelled:
    """One file; see `read`."""
    try:
        return _corpus(path) if path.suffix == ".tsv" else _comments(path)
    except OSError as error:
        raise LabelError(f"{path} 读不了（{error.strerror}）；请核对文件名与权限。") from None
    except UnicodeDecodeError:
        raise LabelError(f"{path} 不是 UTF-8 编码；请另存为 UTF-8 后再试。") from None
    except csv.Error as error:
        raise LabelError(f"{path} 不是完好的 CSV（{error}）；请核对引号是否成对。") from None


def _comments(path: Path) -> Labelled:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames is None:
            raise LabelError(f"{path} 是空文件。首行应含 text 与 label 两列，以逗号分隔，每行一条评论。")
        columns = set(reader.fieldnames)
        missing = sorted({"text", "label"} - columns)
        if missing:
            raise LabelError(f"{path} 缺少列：{'、'.join(missing)}。首行应含 text 与 label 两列，以逗号分隔。")
        lines = [(reader.line_num, row) for row in reader]
    if not lines:
        raise LabelError(f"{path} 没有数据行；首行之下请写带标签的评论。")
    kind = _kind(columns, [row for _, row in lines])
    known = {Kind.POLARITY: set(_THREE), Kind.OTHER: None}.get(kind, set(_TWO))
    _refuse(
        f"{path} 第 {line} 行的标签“{_cell(row, 'label')}”无法识别，应为 {'、'.join(sorted(known))} 之一。"
        for line, row in lines
        if known is not None and _cell(row, "label") not in known
    )
    return Labelled(path, kind, tuple(_comment(f"{path} 第 {line} 行", row, kind) for line, row in lines))


def _kind(columns: set[str], rows: Sequence[Mapping[str, str | None]]) -> Kind:
    if {"original", "disguised_words"} <= columns:
        return Kind.DISGUISE
    if "categories" in columns:
        return Kind.CONCERN
    sources = {_cell(row, "source") for row in rows}
    for beginning, kind in SOURCES.items():
        if all(source.startswith(beginning) for source in sources):
            return kind
    return Kind.POLARITY if any(_cell(row, "label") == "-1" for row in rows) else Kind.LEANING


def _comment(where: str, row: Mapping[str, str | None], kind: Kind) -> Row:
    label = _cell(row, "label")
    meaning = {Kind.LEANING: _TWO, Kind.POLARITY: _THREE}.get(kind, {})
    return Row(
        text=row.get("text") or "",
        where=where,
        source=_cell(row, "source"),
        campus=_cell(row, "campus") == "1",
        polarity=meaning.get(label),
        offensive=label == "1" if kind is Kind.ABUSE else None,
        concern=label == "1" if kind is Kind.CONCERN else None,
        label=label,
        original=row.get("original") or "",
        disguised_words=tuple(word for word in _cell(row, "disguised_words").split("|") if word),
    )


def _cell(row: Mapping[str, str | None], column: str) -> str:
    return (row.get(column) or "").strip()


def _corpus(path: Path) -> Labelled:
    lines = path.read_text("utf-8-sig").split("\n")
    header = tuple(lines[0].rstrip("\r").split("\t"))
    if header != CORPUS_COLUMNS:
        raise LabelError(f"{path} 首行应是 {' '.join(CORPUS_COLUMNS)}，以制表符分隔；请照 corpus/README.md 改。")
    rows = [(at, line.rstrip("\r").split("\t")) for at, line in enumerate(lines[1:], 2) if line.strip()]
    if not rows:
        raise LabelError(f"{path} 没有数据行；首行之下请写语料。")
    _refuse(found for at, cells in rows for found in _wrong(f"{path} 第 {at} 行", cells))
    named = [(f"{path} 第 {at} 行", dict(zip(CORPUS_COLUMNS, cells, strict=True))) for at, cells in rows]
    return Labelled(path, Kind.CORPUS, tuple(_corpus_row(where, row) for where, row in named))


def _wrong(where: str, cells: Sequence[str]) -> Iterator[str]:
    if len(cells) != len(CORPUS_COLUMNS):
        yield f"{where}有 {len(cells)} 格，应为 {len(CORPUS_COLUMNS)} 格；请核对制表符，文字里不得有制表符或换行。"
        return
    for column, cell in zip(CORPUS_COLUMNS, cells, strict=True):
        allowed = _FORMS.get(column)
        if allowed is not None and cell not in allowed:
            yield f"{where}的 {column}“{cell}”无法识别，应为 {'、'.join(sorted(allowed - {''}))} 之一。"
        if column in ("family", "text") and not cell.strip():
            yield f"{where}没有写 {column}；请补上或删去这一行。"


def _corpus_row(where: str, row: Mapping[str, str]) -> Row:
    return Row(
        text=row["text"], where=where, source=f"corpus:{row['theme']}", campus=True,
        polarity=Polarity(row["polarity"]), risk=int(row["risk"]), concern=row["risk"] != "0", label=row["risk"],
        family=row["family"], slot=row["slot"], target=row["target"], theme=row["theme"], matter=row["kind"],
        disguise=row["disguise"],
    )  # fmt: skip


def _refuse(problems: Iterable[str]) -> None:
    found = list(problems)
    if found:
        more = [f"另有 {len(found) - _TOLD} 处。"] if len(found) > _TOLD else []
        raise LabelError("\n".join([*found[:_TOLD], *more]))
