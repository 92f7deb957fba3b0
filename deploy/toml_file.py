"""A TOML file as an administrator wrote it: its values, where each key stands, secrets taken in from their files."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, SecretStr

from deploy.problem import Problem, at_line, dotted

_HEADER = re.compile(r"^\s*(\[\[?)\s*([\w.\-]+)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*([\w\-]+)\s*=")
_SYNTAX = re.compile(r"\(at line (\d+), column (\d+)\)")

Key = tuple[str | int, ...]


@dataclass
class TomlFile:
    """The values, the line of each table and key (counted from 1), what was wrong while reading, and which secrets
    could not be read."""

    path: Path
    raw: dict[str, Any] = field(default_factory=dict)
    lines: dict[Key, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unread: set[Key] = field(default_factory=set)

    def place(self, path: Key) -> str:
        """The file with the nearest known line of a key, going outward."""
        found = (self.lines[path[:length]] for length in range(len(path), 0, -1) if path[:length] in self.lines)
        return at_line(self.path.name, next(found, None))

    def wrong(self, path: Key, key: str, sentence: str) -> None:
        """Note a problem at a key."""
        self.problems.append(Problem(self.place(path), key, sentence))


def read(path: Path) -> TomlFile:
    """Read a file; what cannot be read is a problem of the result, never an exception."""
    file = TomlFile(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        file.problems.append(Problem(str(path), "", "没有这个文件；请先执行 fengxin init 生成，或用 --settings 指明。"))
        return file
    except OSError as error:
        file.problems.append(Problem(str(path), "", f"读不了（{error.strerror}），请检查权限。"))
        return file
    except UnicodeDecodeError:
        file.problems.append(Problem(path.name, "", "不是 UTF-8 编码，请另存为 UTF-8。"))
        return file
    try:
        file.raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        spot = _SYNTAX.search(str(error))
        line = int(spot.group(1)) if spot else text.count("\n") + 1
        cure = f"第 {spot.group(2)} 列附近" if spot else "文件末尾"
        sentence = f"{cure}不合 TOML 写法，请检查引号、等号与方括号是否成对，同一项是否写了两次。"
        file.problems.append(Problem(at_line(path.name, line), "", sentence))
    file.lines = _lines(text)
    return file


def _lines(text: str) -> dict[Key, int]:
    lines: dict[Key, int] = {}
    table: Key = ()
    counts: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            name = header.group(2)
            table = tuple(name.split("."))
            if header.group(1) == "[[":
                counts[name] = counts.get(name, -1) + 1
                table = (*table, counts[name])
            lines[table] = number
        elif key := _KEY.match(line):
            lines.setdefault((*table, key.group(1)), number)
    return lines


def is_secret(annotation: object) -> bool:
    """Whether a field holds a secret (`SecretStr` or `SecretStr | None`)."""
    return annotation is SecretStr or SecretStr in get_args(annotation)


def sections_of(annotation: object) -> list[type[BaseModel]]:
    """The models a field holds: itself, or what stands in its list, union or option."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for inner in get_args(annotation) for found in sections_of(inner)]


def take_in_secrets(file: TomlFile, model: type[BaseModel]) -> None:
    """Replace every `x_file` of a secret `x` by the file's content; each that cannot be read is a problem."""
    _take_in(file, [model], file.raw, ())


def _take_in(file: TomlFile, models: list[type[BaseModel]], raw: Any, at: Key) -> None:
    if isinstance(raw, list):
        for index, entry in enumerate(raw):
            _take_in(file, models, entry, (*at, index))
    if not isinstance(raw, dict):
        return
    for name, info in [pair for model in models for pair in model.model_fields.items()]:
        key = info.alias or name
        if is_secret(info.annotation) and f"{key}_file" in raw:
            _one_secret(file, raw, key, at)
        elif key in raw and (inner := sections_of(info.annotation)):
            _take_in(file, inner, raw[key], (*at, key))


def _one_secret(file: TomlFile, raw: dict[str, Any], key: str, at: Key) -> None:
    twin = f"{key}_file"
    named = raw.pop(twin)
    where = (*at, twin)
    shown = dotted(where)
    if key in raw:
        file.unread.add((*at, key))
        file.wrong(where, shown, f"与“{key}”只能写一个，请删去其中之一（建议保留 {twin}）。")
        return
    raw[key] = "-"  # so that one mistake gives one sentence
    file.unread.add((*at, key))
    if not isinstance(named, str) or not named:
        file.wrong(where, shown, "应为加引号的文件名。")
        return
    path = file.path.parent / named
    try:
        content = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        file.wrong(where, shown, f"没有文件 {named}，请建立它并只写入该密钥（权限 600）。")
    except (OSError, UnicodeDecodeError):
        file.wrong(where, shown, f"文件 {named} 读不了，请检查权限与编码。")
    else:
        raw[key] = content
        if content:
            file.unread.discard((*at, key))
        else:
            file.wrong(where, shown, f"文件 {named} 是空的，请写入该密钥。")
