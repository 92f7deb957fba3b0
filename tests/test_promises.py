"""What the docs promise is there: the commands, settings, verbs, files and metrics that a document names exist."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pytest
import typer
from pydantic import BaseModel
from typer.main import get_command

from deploy import installation
from deploy.command import app
from deploy.settings import ROSTER_TABLES, Settings
from deploy.toml_file import is_secret, sections_of
from deploy.wiring import ROLES
from sentiment.normalise import Step, normalise
from stream.explanation import STEPS
from stream.rules import THEMES

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("crawlers", "stream", "sentiment", "escalation", "deploy")
DOCS = sorted(
    [ROOT / "README.md", ROOT / "CHANGELOG.md", *(path for room in ROOMS for path in (ROOT / room).rglob("README.md"))]
)
CHANGELOG = (ROOT / "CHANGELOG.md").read_text("utf-8")
TEMPLATE = (installation.TEMPLATES / "fengxin.toml").read_text(encoding="utf-8")


def commands() -> set[str]:
    """Every command, and every `group command`."""
    top = get_command(app)
    assert isinstance(top, typer.core.TyperGroup)
    found: set[str] = set()
    for name, command in top.commands.items():
        found.add(name)
        if isinstance(command, typer.core.TyperGroup):
            found |= {f"{name} {inner}" for inner in command.commands}
    return found


def keys(model: type[BaseModel]) -> Iterator[str]:
    for name, info in model.model_fields.items():
        key = info.alias or name
        yield f"{key}_file" if is_secret(info.annotation) else key


def settings_keys() -> dict[str, set[str]]:
    """Section → its keys as an administrator would write them (secrets by their `_file` twin)."""
    found: dict[str, set[str]] = {"": set()}
    for name, info in Settings.model_fields.items():
        inner = sections_of(info.annotation)
        if name in ROSTER_TABLES:
            continue
        if inner:
            found[name] = {key for model in inner for key in keys(model)}
        else:
            found[""].add(name)
    return found


def template_keys() -> dict[str, set[str]]:
    """The same from the template, its commented samples included."""
    found: dict[str, set[str]] = {"": set()}
    section = ""
    for line in TEMPLATE.splitlines():
        bare = line.removeprefix("# ")
        if header := re.fullmatch(r"\[\[?(\w+)\]\]?", bare.strip()):
            section = header.group(1)
            found.setdefault(section, set())
        elif key := re.match(r"(\w+) = ", bare):
            found[section].add(key.group(1))
    return found


def named(doc: Path, pattern: str) -> list[str]:
    """What a document names in code spans and code blocks."""
    text = doc.read_text(encoding="utf-8")
    code = re.findall(r"```.*?```", text, re.DOTALL)
    code += re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    return [found for span in code for found in re.findall(pattern, span)]


@cache
def metrics() -> set[str]:
    """Every metric that the code declares, as Prometheus prints it."""
    found = set()
    for file in (file for room in ROOMS for file in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    ast.Name("Counter" | "Gauge" | "Histogram" | "GaugeMetricFamily"), [ast.Constant(str(name)), *_]
                ):
                    found.add(name)
    return found


def test_every_setting_stands_in_the_template_with_its_file_twin() -> None:
    written = template_keys()
    for section, expected in settings_keys().items():
        either = {key.removesuffix("_file") for key in written.get(section, set())}
        missing = {key for key in expected if key.removesuffix("_file") not in either}
        assert not missing, f"[{section}] lacks {sorted(missing)} in deploy/templates/fengxin.toml"


def test_the_template_has_no_key_that_the_settings_refuse() -> None:
    known = settings_keys()
    for section, written in template_keys().items():
        assert section in known, section
        allowed = {key.removesuffix("_file") for key in known[section]} | known[section]
        assert written <= allowed, (section, written - allowed)


def test_the_template_is_valid_with_and_without_its_samples() -> None:
    tomllib.loads(TEMPLATE)
    samples = re.sub(r"^# (?=(\[|\w+ = ))", "", TEMPLATE, flags=re.MULTILINE)
    assert {"routes", "mail", "wecom_robot", "sandbox", "inbox"} <= set(tomllib.loads(samples))


def test_every_key_of_the_template_is_explained_in_chinese() -> None:
    for paragraph in TEMPLATE.split("\n\n"):
        assert re.search(r"^# .*[\u4e00-\u9fff]", paragraph, re.MULTILINE), paragraph


@pytest.mark.parametrize("doc", DOCS, ids=lambda doc: str(doc.relative_to(ROOT)))
def test_every_command_that_a_document_names_exists(doc: Path) -> None:
    known = commands()
    for words in named(doc, r"\bfengxin ([a-z]+(?: [a-z]+)?)"):
        first = words.partition(" ")[0]
        group = any(one.startswith(f"{first} ") for one in known)
        assert first in known, words
        assert not group or words == first or words in known, words


@pytest.mark.parametrize("doc", DOCS, ids=lambda doc: str(doc.relative_to(ROOT)))
def test_every_option_that_a_document_gives_a_command_exists(doc: Path) -> None:
    top = get_command(app)
    assert isinstance(top, typer.core.TyperGroup)
    for line in named(doc, r"\bfengxin [a-z]+[^`\n]*"):
        name = line.split()[1]
        command = top.commands.get(name)
        if command is None or isinstance(command, typer.core.TyperGroup):
            continue
        known = {option for param in command.params for option in param.opts}
        for option in re.findall(r"(?<!\S)--[a-z-]+", line):
            assert option in known, f"fengxin {name} {option}"


@pytest.mark.parametrize("doc", DOCS, ids=lambda doc: str(doc.relative_to(ROOT)))
def test_every_make_verb_that_a_document_names_exists(doc: Path) -> None:
    verbs = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for verb in named(doc, r"\bmake ([a-z]+)\b"):
        assert verb in verbs


@pytest.mark.parametrize("doc", DOCS, ids=lambda doc: str(doc.relative_to(ROOT)))
def test_every_role_that_a_document_runs_exists(doc: Path) -> None:
    for role in named(doc, r"\bfengxin run ([a-z]+)\b"):
        assert role in ROLES


@pytest.mark.parametrize("doc", DOCS, ids=lambda doc: str(doc.relative_to(ROOT)))
def test_every_metric_that_a_document_names_exists(doc: Path) -> None:
    known = metrics()
    for name in named(doc, r"\b(fengxin_[a-z_]+)\b"):
        assert name in known or re.sub(r"_(bucket|count|sum|created)$", "", name) in known, name


@pytest.mark.parametrize("doc", DOCS, ids=lambda doc: str(doc.relative_to(ROOT)))
def test_every_file_that_a_document_links_exists(doc: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", doc.read_text(encoding="utf-8")):
        assert (doc.parent / target).exists(), target


@pytest.mark.parametrize("doc", DOCS, ids=lambda doc: str(doc.relative_to(ROOT)))
def test_every_python_file_that_a_room_names_exists(doc: Path) -> None:
    for name in named(doc, r"(?<![\w/.*])((?:[\w]+/)*\w+\.py)\b"):
        places = (doc.parent / name, ROOT / name)
        assert any(place.exists() for place in places), name


def test_a_promise_that_is_not_kept_is_found(tmp_path: Path) -> None:
    doc = tmp_path / "README.md"
    doc.write_text("Run `fengxin fly` and watch `fengxin_flights_total`.\n```\nmake dinner\n```\n")
    assert named(doc, r"\bfengxin ([a-z]+)") == ["fly"]
    assert "fly" not in commands()
    assert named(doc, r"\b(fengxin_[a-z_]+)\b") == ["fengxin_flights_total"]
    assert named(doc, r"\bmake ([a-z]+)\b") == ["dinner"]


def test_metrics_carry_our_name_and_are_declared_once() -> None:
    assert metrics()
    assert all(name.startswith("fengxin_") for name in metrics())


@pytest.mark.parametrize(
    ("disguise", "written", "read"),
    [
        ("繁体", "食堂喫壞肚子", "食堂吃坏肚子"), ("全角", "Ｆｏｏｄ", "food"), ("夹空格", "吃 坏 肚 子", "吃坏肚子"),
        ("夹隐形字符", "食\u200b堂", "食堂"), ("拆字（木交长）", "木交长", "校长"),
    ],
)  # fmt: skip
def test_each_disguise_that_the_changelog_names_is_undone(disguise: str, written: str, read: str) -> None:
    (said,) = re.findall(r"(\S+?)等写法先还原再匹配", CHANGELOG)
    assert disguise in said.rpartition("；")[2].split("、")
    assert normalise(written).text == read


def test_the_changelog_names_every_disguise_and_counts_the_themes_right() -> None:
    (said,) = re.findall(r"规则里的词写成(\S+?)也能认出", CHANGELOG)
    seconds = {STEPS[step] for step in (Step.PINYIN, Step.INITIALS, Step.HOMOPHONE, Step.EMOJI, Step.LOOKALIKE)}
    assert set(re.sub(r"（.*?）", "", said).split("、")) == seconds
    assert normalise("实堂").text == "实堂", "such a writing is found for words of rules alone, never put into the text"
    assert f"{len(set(THEMES) - {'any'})} 类校园主题" in CHANGELOG, "`any` is no theme: what holds for all"


def test_the_changelog_tells_of_the_version_that_is_installed() -> None:
    assert re.findall(r"(?m)^## (\S+?)（", CHANGELOG)[0] == version("fengxin")
