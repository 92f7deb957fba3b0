"""Reading a pack from its TOML files: strict, all mistakes at once, each with file, line, field and cure."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from escalation.procedure.consistency import inconsistencies
from escalation.procedure.pack import Pack
from escalation.procedure.problem import Place, Problem, dotted, echo, say_shape

POLICIES = Path(__file__).resolve().parent.parent / "policies"
_HEADER = re.compile(r"^\s*\[\[?\s*([A-Za-z_.]+)\s*\]?\]\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*([A-Za-z_]+)\s*=")
_SYNTAX = re.compile(r"\(at (?:line (\d+), column (\d+)|end of document)\)")


class PackError(ValueError):
    """A pack that cannot be used; `problems` holds one Chinese sentence per mistake."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


@dataclass
class _Read:
    """The merged tables of all files, and where each table and key stands."""

    raw: dict[str, Any] = field(default_factory=dict)
    places: dict[tuple[str | int, ...], Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def where(self, path: tuple[str | int, ...]) -> Place:
        """The nearest known place of a field path, going outward."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        return self.places[()]


def codes() -> tuple[str, ...]:
    """The codes of the packs that come with Fengxin."""
    return tuple(sorted(one.name for one in POLICIES.iterdir() if (one / "pack.toml").is_file()))


def load(path_or_code: str | Path) -> Pack:
    """Read a shipped pack by code (`JY`, `neutral`), a pack folder, or a pack in one file. Raises PackError."""
    files = _files(path_or_code)
    read = _Read(places={(): Place(_name(files[0]), None)})
    digest = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        digest.update(f"{file.name}\0{len(content)}\0".encode() + content)
        _take(read, file, content)
    if read.problems:
        raise PackError(tuple(read.problems))
    return _build(read, digest.hexdigest())


def _build(read: _Read, version: str) -> Pack:
    problems: list[Problem] = []
    pack: Pack | None = None
    if "version" in read.raw:
        place = read.where(("version",))
        problems.append(Problem(place, "version", "版本由文件内容算出，不能手写，请删去这一行"))
    try:
        text = json.dumps({**read.raw, "version": version}, default=str)
        pack = Pack.model_validate_json(text)
    except ValidationError as error:
        problems += [say_shape(one, read.where(one["loc"])) for one in error.errors() if not echo(one)]
    problems += [Problem(read.where(path), dotted(path), text) for path, text in inconsistencies(read.raw)]
    if problems or pack is None:
        raise PackError(tuple(sorted(problems, key=lambda one: (one.place.file, one.place.line or 0))))
    return pack


def _files(path_or_code: str | Path) -> list[Path]:
    path = Path(path_or_code)
    if isinstance(path_or_code, str) and re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", path_or_code) and not path.exists():
        path = POLICIES / path_or_code
    if path.is_file():
        return [path]
    if (path / "pack.toml").is_file():
        return [path / "pack.toml", *sorted(one for one in path.glob("*.toml") if one.name != "pack.toml")]
    known = "、".join(codes())
    problem = Problem(Place(str(path_or_code), None), "", f"找不到规程包，请写文件夹路径，或自带的代号之一：{known}")
    raise PackError((problem,))


def _name(file: Path) -> str:
    return f"{file.parent.name}/{file.name}"


def _take(read: _Read, file: Path, content: bytes) -> None:
    """Merge one file: lists of tables are joined, any other key may stand in one file only."""
    name = _name(file)
    try:
        text = content.decode("utf-8-sig")
        tables = tomllib.loads(text)
    except UnicodeDecodeError:
        read.problems.append(Problem(Place(name, None), "", "不是 UTF-8 编码，请用 UTF-8 重新保存"))
        return
    except tomllib.TOMLDecodeError as error:
        read.problems.append(_syntax(name, error))
        return
    offsets = {key: len(value) for key, value in read.raw.items() if isinstance(value, list)}
    _mark(read, name, text, offsets)
    for key, value in tables.items():
        if key not in read.raw:
            read.raw[key] = value
        elif isinstance(value, list) and isinstance(read.raw[key], list):
            read.raw[key] = read.raw[key] + value
        else:
            place = read.where((key,))
            read.problems.append(Problem(place, key, "在两个文件里都写了，请只留一处"))


def _syntax(name: str, error: tomllib.TOMLDecodeError) -> Problem:
    found = _SYNTAX.search(str(error))
    line = int(found[1]) if found and found[1] else None
    return Problem(Place(name, line), "", "不是合格的 TOML，请检查引号、括号、等号是否成对，键名是否重复")


def _mark(read: _Read, name: str, text: str, offsets: dict[str, int]) -> None:
    """Note the line of every table header and key; text inside triple quotes is passed over."""
    counts: dict[tuple[str | int, ...], int] = {(key,): size for key, size in offsets.items()}
    at: tuple[str | int, ...] = ()
    quoted = False
    for number, line in enumerate(text.splitlines(), start=1):
        header, key = _HEADER.match(line), _KEY.match(line)
        if not quoted and header:
            at = _enter(header[1].split("."), counts, listed=line.lstrip().startswith("[["))
            read.places[at] = Place(name, number)
        elif not quoted and key:
            read.places.setdefault((*at, key[1]), Place(name, number))
        quoted ^= line.count('"""') % 2 == 1


def _enter(parts: list[str], counts: dict[tuple[str | int, ...], int], *, listed: bool) -> tuple[str | int, ...]:
    at: tuple[str | int, ...] = ()
    for part in parts[:-1]:
        at = (*at, part)
        if at in counts:
            at = (*at, counts[at] - 1)
    at = (*at, parts[-1])
    if not listed:
        return at
    counts[at] = counts.get(at, 0) + 1
    return (*at, counts[at] - 1)
