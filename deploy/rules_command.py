"""The commands of `fengxin rules`: are the rule files sound, and why do they say of a text what they say.

How often they were right stands in `rule_statistics`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.manual import Command, Group
from deploy.rule_statistics import stats

if TYPE_CHECKING:
    from stream.assessment import Hit
    from stream.explanation import Explanation, Word
    from stream.rules import Rule, Rulebook

rules = typer.Typer(
    help="规则：检查规则文件，解释一句话为什么命中或没有命中，核算各条规则准不准。", cls=Group, no_args_is_help=True
)
AsJson = Annotated[bool, typer.Option("--json", help="输出一行 JSON。")]
rules.command(cls=Command)(stats)
PLACES = {"评论": "comment", "私信": "message", "线索": "lead", "官方帖文": "own_post"}


def _opened(folder: Path | None) -> Rulebook:
    """The rules of a folder, or the ones we ship; what is wrong is said, with exit code 1."""
    from deploy.command import fail
    from stream.rules import HERE, RuleError, load

    try:
        return load(folder or HERE)
    except RuleError as error:
        faults = str(error).splitlines()
        raise fail("\n".join(f"✘ {one}" for one in faults) + f"\n规则不能用，共 {len(faults)} 处须改。") from None


@rules.command(cls=Command)
def check(
    folder: Annotated[Path | None, typer.Argument(help="规则目录；不写则检查自带的规则。")] = None,
    as_json: AsJson = False,
) -> None:
    """逐个读规则文件，把每条规则的例句都过一遍；有不对的逐处列出，以 1 结束。"""
    from collections import Counter

    from deploy.command import fail
    from stream.assess import Reader
    from stream.explanation import broken_examples

    book = _opened(folder)
    reader = Reader(book)
    broken = list(broken_examples(reader))
    themes = Counter(rule.theme for rule in book.rules)
    examples = sum(len(rule.examples.match) + len(rule.examples.miss) for rule in book.rules)
    if as_json:
        found = {
            "rules": len(book.rules), "themes": dict(sorted(themes.items())), "examples": examples,
            "pieces": len(reader.whole.pieces), "edition": book.edition(), "broken": broken,
        }  # fmt: skip
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        for one in broken:
            typer.echo(f"✘ {one}")
        typer.echo(
            f"{len(book.rules)} 条规则，{len(themes)} 类主题，{len(reader.whole.pieces)} 个词，"
            f"{examples} 个例句，版次 {book.edition()}"
        )
        typer.echo("　".join(f"{theme} {number}" for theme, number in sorted(themes.items())))
    if broken:
        raise fail(f"有 {len(broken)} 个例句与规则不符，须改。")
    if not as_json:
        typer.echo("规则可以用。")


@rules.command(cls=Command)
def explain(
    text: Annotated[str, typer.Argument(help="要解释的文字。")],
    place: Annotated[str, typer.Option("--as", help="按哪里的话研判：评论、私信、线索或官方帖文。")] = "评论",
    folder: Annotated[Path | None, typer.Option("--rules", help="规则目录；不写则用自带的规则。")] = None,
    name: Annotated[list[str] | None, typer.Option("--school", help="本校的名称或别称，可写几次。")] = None,
    as_json: AsJson = False,
) -> None:
    """一句话命中哪些规则、凭哪些词，哪些规则差一点、差在哪里，说的是谁。"""
    from deploy.command import fail
    from deploy.policy.lines import labelled, terminal_width
    from sentiment.engine import engine_by_name
    from stream.assess import Reader
    from stream.explanation import explain as explained
    from stream.explanation import told
    from stream.rules import Slot

    if place not in PLACES:
        raise fail(f"--as 不认识“{place}”，可用：{'、'.join(PLACES)}。")
    found = explained(Reader(_opened(folder), name or ()), text, Slot(PLACES[place]), engine=engine_by_name())
    typer.echo(json.dumps(_as_json(found), ensure_ascii=False) if as_json else labelled(told(found), terminal_width()))


def _as_json(found: Explanation) -> dict[str, Any]:
    return {
        "slot": found.slot,
        "target": found.target,
        "named": found.named,
        "held": [_rule(one.rule) | {"words": _words(one.words), "kinds": one.kinds} for one in found.held],
        "inferred": _inferred(found.felt) if found.felt else None,
        "nearly": [_rule(one.rule) | {"words": _words(one.words), "why": one.why} for one in found.nearly],
    }


def _inferred(hit: Hit) -> dict[str, Any]:
    return {
        "rule": hit.rule, "version": hit.version, "title": hit.title, "theme": hit.theme, "category": hit.category,
        "grave": hit.grave, "kinds": hit.kinds, "words": hit.words, "spans": hit.spans,
    }  # fmt: skip


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "rule": rule.id, "version": rule.version, "title": rule.title, "theme": rule.theme, "category": rule.category,
        "grave": rule.grave, "level_floor": rule.level_floor, "article": rule.article,
    }  # fmt: skip


def _words(words: tuple[Word, ...]) -> list[dict[str, Any]]:
    return [
        {"text": w.text, "span": (w.start, w.end), "steps": w.steps, "reading": w.reading, "stance": w.stance}
        for w in words
    ]
