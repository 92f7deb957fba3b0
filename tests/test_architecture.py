"""The arrows of the design, read from the imports of every module: one that runs the wrong way fails here by name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("sentiment", "stream", "crawlers", "escalation", "deploy")


@dataclass(frozen=True)
class Arrow:
    """One import: which module (dotted) imports which name (dotted), and where."""

    module: str
    imported: str
    place: str


@dataclass(frozen=True)
class Rule:
    """Modules under `inside`, except those under `but`, import nothing under `never`, except what is under `save`."""

    why: str
    inside: tuple[str, ...]
    never: tuple[str, ...]
    but: tuple[str, ...] = ()
    save: tuple[str, ...] = ()

    def broken_by(self, arrow: Arrow) -> bool:
        """Whether this import runs against the rule."""
        return (
            under(arrow.module, self.inside)
            and not under(arrow.module, self.but)
            and under(arrow.imported, self.never)
            and not under(arrow.imported, self.save)
        )


CORE = tuple(
    f"escalation.{noun}"
    for noun in ("watch", "incident", "procedure", "duty", "notice", "voice", "audit", "people", "timer")
)
OUTSIDE_CORE = ("escalation.web", "escalation.report", "escalation.register")
RULES = (
    Rule("sentiment knows nothing of ours", ("sentiment",), ("stream", "crawlers", "escalation", "deploy")),
    Rule("stream knows sentiment only", ("stream",), ("crawlers", "escalation", "deploy")),
    Rule("crawlers know stream only", ("crawlers",), ("sentiment", "escalation", "deploy")),
    Rule("escalation never knows the crawlers", ("escalation",), ("crawlers", "deploy")),
    Rule("nothing that is shipped knows the tests", ROOMS, ("tests",)),
    Rule("escalation's core knows no page, report or register", CORE, OUTSIDE_CORE),
    Rule(
        "escalation's core knows the channel port, no adapter",
        CORE,
        ("escalation.channels",),
        save=(
            "escalation.channels.Accepted",
            "escalation.channels.Channel",
            "escalation.channels.Fault",
            "escalation.channels.Message",
            "escalation.channels.Outcome",
            "escalation.channels.Partial",
            "escalation.channels.Permanent",
            "escalation.channels.RateLimited",
            "escalation.channels.Transient",
            "escalation.channels.Unknown",
        ),
    ),
    Rule(
        "the platform sandbox shares nothing with the readers", ("crawlers.sandbox",), ROOMS, save=("crawlers.sandbox",)
    ),
    Rule("no crawler knows the platform sandbox", ("crawlers",), ("crawlers.sandbox",), but=("crawlers.sandbox",)),
    Rule(
        "the channel sandbox is another house than ours",
        ("escalation.channels.sandbox",),
        ROOMS,
        save=("escalation.channels.sandbox",),
    ),
    Rule(
        "nobody in escalation knows the channel sandbox",
        ("escalation",),
        ("escalation.channels.sandbox",),
        but=("escalation.channels.sandbox",),
    ),
    Rule(
        "kafka stays behind the log port",
        ROOMS,
        ("kafka",),
        but=("stream.log.kafka", "stream.log.kafka_reader", "stream.log.kafka_settings"),
    ),
    Rule(
        "the search engine stays behind the search port",
        ROOMS,
        ("elasticsearch", "elastic_transport"),
        but=(
            "stream.search.elastic",
            "stream.search.elastic_about",
            "stream.search.elastic_bulk",
            "stream.search.elastic_faults",
            "stream.search.elastic_months",
        ),
    ),
    Rule("scrapy and twisted stay in the crawlers", ROOMS, ("scrapy", "twisted"), but=("crawlers",)),
    Rule(
        "sentiment does no input or output of its own",
        ("sentiment",),
        ("sqlalchemy", "sqlite3", "httpx", "requests", "socket"),
    ),
    Rule(
        "web frameworks stay with the pages",
        ("sentiment", "stream", *CORE),
        ("fastapi", "starlette", "uvicorn"),
    ),
    Rule("alembic stays in deploy", ROOMS, ("alembic",), but=("deploy",)),
)


def under(name: str, places: tuple[str, ...]) -> bool:
    """Whether a dotted name is one of the places or lies below one."""
    return any(name == place or name.startswith(place + ".") for place in places)


def dotted(root: Path, file: Path) -> str:
    """The module's dotted name: `stream/log/__init__.py` is `stream.log`."""
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def arrows(root: Path, rooms: tuple[str, ...] = ROOMS) -> Iterator[Arrow]:
    """Every import of every module of the rooms, wherever it stands in the file; `from a import b` gives `a.b`."""
    for file in sorted(one for room in rooms for one in (root / room).rglob("*.py")):
        module = dotted(root, file)
        package = module if file.name == "__init__.py" else module.rpartition(".")[0]
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            for name in imported(node, package):
                yield Arrow(module, name, f"{file.relative_to(root)}:{getattr(node, 'lineno', 0)}")


def imported(node: ast.AST, package: str) -> list[str]:
    """The dotted names that a statement (or an `import_module("...")` call) imports."""
    match node:
        case ast.Import(names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module, names, level):
            above = package.split(".")[: len(package.split(".")) - level + 1] if level else []
            base = ".".join([*above, *([module] if module else [])])
            return [f"{base}.{alias.name}" for alias in names]
        case ast.Call(func, [ast.Constant(str(name)), *_]) if ast.unparse(func).endswith(
            ("import_module", "__import__")
        ):
            return [name]
    return []


@cache
def ours() -> tuple[Arrow, ...]:
    """Every import of what is shipped, read once for all rules."""
    return tuple(arrows(ROOT))


def violations(found: Iterable[Arrow], rule: Rule) -> list[str]:
    """The places that break a rule."""
    return [f"{one.place}: {one.module} imports {one.imported}" for one in found if rule.broken_by(one)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.why)
def test_no_import_runs_against_the_arrow(rule: Rule) -> None:
    assert violations(ours(), rule) == []


def test_every_room_is_read_by_this_test() -> None:
    seen = {one.module.partition(".")[0] for one in ours()}
    assert {"stream", "escalation", "deploy", "sentiment", "crawlers"} <= seen


@pytest.mark.parametrize(
    ("file", "line", "why"),
    [
        ("sentiment/score.py", "from stream.post import Post", "sentiment knows nothing of ours"),
        ("stream/risk.py", "def f():\n    import escalation.people", "stream knows sentiment only"),
        ("crawlers/weibo.py", "from escalation import people", "crawlers know stream only"),
        ("escalation/watch.py", "import crawlers.service", "escalation never knows the crawlers"),
        (
            "escalation/watch.py",
            "import importlib\nimportlib.import_module('deploy.settings')",
            "escalation never knows the crawlers",
        ),
        ("escalation/notice/send.py", "from ..web import page", "escalation's core knows no page, report or register"),
        (
            "escalation/notice/send.py",
            "from escalation.channels import mail",
            "escalation's core knows the channel port, no adapter",
        ),
        ("deploy/role.py", "from tests.conftest import x", "nothing that is shipped knows the tests"),
        ("stream/assessing.py", "import kafka", "kafka stays behind the log port"),
        ("escalation/web/app.py", "import scrapy.http", "scrapy and twisted stay in the crawlers"),
        (
            "crawlers/sandbox/page.py",
            "from crawlers.reader import LIMIT",
            "the platform sandbox shares nothing with the readers",
        ),
    ],
)
def test_a_wrong_arrow_is_found(tmp_path: Path, file: str, line: str, why: str) -> None:
    target = tmp_path / file
    target.parent.mkdir(parents=True)
    target.write_text(line)
    broken = {rule.why for rule in RULES if violations(arrows(tmp_path), rule)}
    assert why in broken


def test_right_arrows_are_let_through(tmp_path: Path) -> None:
    (tmp_path / "escalation").mkdir()
    (tmp_path / "escalation" / "watch.py").write_text(
        "from stream.post import Post\nfrom escalation.channels import Message\n"
    )
    assert [rule.why for rule in RULES if violations(arrows(tmp_path), rule)] == []


def hosts(file: Path) -> set[str]:
    """Names of hosts under `.invalid` that stand in a module's strings, parts of f-strings among them."""
    strings = (
        node.value
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    return {found for one in strings for found in re.findall(r"[a-z0-9.-]+\.invalid\b", one)}


def beside(root: Path) -> dict[str, set[str]]:
    """Which modules of the house, the sandbox left out, name a host that only the sandbox has."""
    sandbox = root / "crawlers" / "sandbox"
    own = set().union(*(hosts(file) for file in sandbox.rglob("*.py")))
    modules = (file for room in ROOMS for file in (root / room).rglob("*.py") if sandbox not in file.parents)
    return {str(file.relative_to(root)): found for file in modules if (found := hosts(file) & own)}


def test_no_host_of_the_platform_sandbox_stands_in_what_reads_platforms() -> None:
    assert any(hosts(file) for file in (ROOT / "crawlers" / "sandbox").rglob("*.py"))
    assert beside(ROOT) == {}


def test_a_host_of_the_sandbox_in_a_reader_is_found(tmp_path: Path) -> None:
    for name, line in (("sandbox/page.py", 'LINK = f"http://mp.platform.invalid/s?mid={1}"'), ("lead.py", "")):
        (tmp_path / "crawlers" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "crawlers" / name).write_text(line or 'AT = frozenset({"mp.weixin.qq.com", "mp.platform.invalid"})')
    assert beside(tmp_path) == {"crawlers/lead.py": {"mp.platform.invalid"}}
