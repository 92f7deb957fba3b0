"""Scenarios 场景: what a rehearsal plays, read from files: lines of a comment section and the college they play at.

A file that cannot be read is refused with its line, its field and the cure; nothing is half taken in.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from deploy.problem import dotted, sentence
from stream.post import Kind

SHOWN = 20
"""So many mistakes of one file are told at once."""
_OBJECT = "应为花括号写的 JSON 对象，请照场景格式改写。"
SHAPES = {
    "json_invalid": "不合 JSON 写法，每行应为一个花括号写的对象；请检查引号、逗号与括号是否成对。",
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dict_type": _OBJECT,
}
"""Mistakes whose cure is another one here than in the settings' file."""


class ScenarioError(ValueError):
    """A scenario that cannot be read; the message names file, line, field and cure."""


class Line(BaseModel):
    """One line of a scenario; the form is described in the scenarios' own README."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: str = Field(min_length=1)
    kind: Kind
    account: str = Field(min_length=1)
    thread: str = Field(min_length=1)
    parent: str | None
    author: str
    text: str
    at: AwareDatetime
    likes: int = Field(ge=0)


class Unit(BaseModel):
    """A unit of the scenario's college."""

    key: str
    name: str
    leader_role: str = ""


class Page(BaseModel):
    """A registered account of the scenario's college."""

    key: str
    platform: str
    name: str
    unit: str
    leader_role: str = ""
    main: bool = False


class College(BaseModel):
    """`accounts.json` beside the scenarios."""

    college: str
    short: tuple[str, ...] = ()
    units: tuple[Unit, ...] = ()
    accounts: tuple[Page, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What the college is called."""
        return (self.college, *self.short)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A file of lines and the college it plays at."""

    name: str
    lines: tuple[Line, ...]
    college: College


def read(paths: Sequence[Path]) -> Iterator[Scenario]:
    """Every scenario of the files and folders, in the order of their names. Raises ScenarioError."""
    files: list[Path] = []
    for path in paths:
        if not path.exists():
            raise ScenarioError(f"{path}：没有这个文件或目录，请检查路径。")
        files += sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    if not files:
        raise ScenarioError(f"{'、'.join(map(str, paths))}：没有 .jsonl 场景文件。")
    for file in files:
        found = tuple(_lines(file))
        if not found:
            raise ScenarioError(f"{file.name}：没有一行内容，请补上场景或移走这个文件。")
        yield Scenario(file.name.removesuffix(".jsonl"), found, _college(file.with_name("accounts.json")))


def _lines(file: Path) -> Iterator[Line]:
    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise ScenarioError(f"{file.name}：不是 UTF-8 编码，请另存为 UTF-8。") from None
    wrong: list[str] = []
    for number, row in enumerate(text.split("\n"), 1):  # a comment may hold other line ends
        if not row.strip():
            continue
        try:
            yield Line.model_validate_json(row)
        except ValidationError as error:
            wrong += _said(f"{file.name} 第 {number} 行", error, Line)
    if wrong:
        more = f"\n还有 {len(wrong) - SHOWN} 处同类问题，改好以上再试。" if len(wrong) > SHOWN else ""
        raise ScenarioError("\n".join(wrong[:SHOWN]) + more)


def _said(place: str, error: ValidationError, model: type[BaseModel]) -> list[str]:
    """Each mistake as a sentence with its field and the cure."""
    known = [*model.model_fields]
    return [
        f"{place} {dotted(one['loc']) or '整行'}：{SHAPES.get(one['type']) or sentence(one, known)}"
        for one in error.errors()
    ]


def _college(file: Path) -> College:
    try:
        return College.model_validate(json.loads(file.read_text("utf-8-sig")))
    except FileNotFoundError:
        raise ScenarioError(f"{file}：场景旁须有 accounts.json（学校、单位、账号）。") from None
    except UnicodeDecodeError:
        raise ScenarioError(f"{file.name}：不是 UTF-8 编码，请另存为 UTF-8。") from None
    except json.JSONDecodeError as error:
        where = f"第 {error.lineno} 行第 {error.colno} 列附近"
        raise ScenarioError(f"{file.name} {where}：不合 JSON 写法，请检查引号、逗号与括号是否成对。") from None
    except ValidationError as error:
        raise ScenarioError("\n".join(_said(file.name, error, College))) from None
    except RecursionError:
        raise ScenarioError(f"{file.name}：括号嵌套过深，请照场景格式改写。") from None
