"""Cases 判例: scenarios with the truth beside them: what a careful press office would have opened, and what not.

The form is that of the scenarios' own README; a file that does not keep it is refused with field and cure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from deploy import scenario
from deploy.problem import dotted, sentence
from deploy.scenario import Scenario, ScenarioError

ENDING = ".truth.json"


class Wanted(BaseModel):
    """An incident that ought to be opened: on one of these threads, from `first_signal` to `latest`.

    Levels: 1 gravest .. 4; `level_ceiling` is the gravest accepted, `level_floor` the mildest.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")
    threads: tuple[str, ...] = Field(min_length=1)
    level_floor: int = Field(ge=1, le=4)
    level_ceiling: int = Field(ge=1, le=4)
    first_signal: str
    latest: str
    grave: bool = False


class Truth(BaseModel):
    """What a scenario asks for."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    expect: Literal["incident", "watch", "quiet"]
    not_incident: tuple[str, ...] = ()


class Incidents(Truth, Wanted):
    """A scenario that asks for an incident, or for several."""

    also: tuple[Wanted, ...] = ()


@dataclass(frozen=True)
class Case:
    """A scenario and its truth. `wanted` is empty unless an incident is expected. `folder`: the last two names of
    where it lies."""

    scenario: Scenario
    expect: str
    wanted: tuple[Wanted, ...] = ()
    not_incident: tuple[str, ...] = ()
    folder: str = ""

    @cached_property
    def place(self) -> dict[str, int]:
        """Where each line stands in the file, from 0."""
        return {line.id: number for number, line in enumerate(self.scenario.lines)}

    @cached_property
    def thread_of(self) -> dict[str, str]:
        """The thread of each line."""
        return {line.id: line.thread for line in self.scenario.lines}


def files(path: Path) -> list[Path]:
    """The scenario files that have a truth beside them, in a folder and below it; a file stands for itself."""
    if path.is_dir():
        return sorted(one.with_name(_stem(one) + ".jsonl") for one in path.rglob(f"*{ENDING}"))
    return [path] if path.suffix == ".jsonl" else []


def read(paths: Sequence[Path]) -> Iterator[Case]:
    """Every scenario with its truth. Raises ScenarioError: file, field and cure."""
    for path in paths:
        (found,) = scenario.read([path])
        yield _case(found, path.with_name(path.name.removesuffix(".jsonl") + ENDING))


def _stem(path: Path) -> str:
    return path.name.removesuffix(ENDING)


def _case(found: Scenario, file: Path) -> Case:
    try:
        given = json.loads(file.read_text("utf-8-sig"))
        if not isinstance(given, dict):
            raise ScenarioError(f"{file.name}：应为花括号写的 JSON 对象，请照场景格式改写。")
        model = Incidents if given.get("expect") == "incident" else Truth
        truth = model.model_validate(given)
    except FileNotFoundError:
        raise ScenarioError(f"{file}：没有这个文件；测评场景须在旁边写明应立哪些事件。") from None
    except UnicodeDecodeError:
        raise ScenarioError(f"{file.name}：不是 UTF-8 编码，请另存为 UTF-8。") from None
    except json.JSONDecodeError as error:
        where = f"第 {error.lineno} 行第 {error.colno} 列附近"
        raise ScenarioError(f"{file.name} {where}：不合 JSON 写法，请检查引号、逗号与括号是否成对。") from None
    except RecursionError:
        raise ScenarioError(f"{file.name}：括号嵌套过深，请照场景格式改写。") from None
    except ValidationError as error:
        known = [*Incidents.model_fields]
        said = [f"{file.name} {dotted(one['loc']) or '整个文件'}：{sentence(one, known)}" for one in error.errors()]
        raise ScenarioError("\n".join(said)) from None
    wanted = (truth, *truth.also) if isinstance(truth, Incidents) else ()
    case = Case(found, truth.expect, wanted, truth.not_incident, "/".join(file.resolve().parent.parts[-2:]))
    if faults := list(_faults(case)):
        raise ScenarioError("\n".join(f"{file.name} {one}" for one in faults))
    return case


def _faults(case: Case) -> Iterator[str]:
    """What the truth names and the lines do not have, and borders that are the wrong way round."""
    threads = set(case.thread_of.values())
    for name in (*case.not_incident, *(one for wanted in case.wanted for one in wanted.threads)):
        if name not in threads:
            yield f"threads：场景里没有帖子“{name}”，请改正编号。"
    for wanted in case.wanted:
        missing = [one for one in (wanted.first_signal, wanted.latest) if one not in case.place]
        for name in missing:
            yield f"first_signal、latest：场景里没有“{name}”这一行，请改正编号。"
        if not missing and case.place[wanted.first_signal] > case.place[wanted.latest]:
            yield "first_signal：写在 latest 之后，请对调。"
        if wanted.level_ceiling > wanted.level_floor:
            yield "level_ceiling：应是最重的级别，数字不得大于 level_floor，请对调。"
