"""What the tables on the school's own posts must keep: offices registered, quotes quoted, defaults cite nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Path = tuple[str | int, ...]
Finding = tuple[Path, str]
TABLES = ("standing_ban", "permit", "relay")


def own_post_findings(
    raw: dict[str, Any], offices: dict[str, set[str]], resolve: Callable[[str], list[str]]
) -> Iterator[Finding]:
    """Every breach, as (field path, Chinese sentence with the cure); `resolve`: texts of the article cited so."""
    for name in TABLES:
        row = raw.get(name)
        if isinstance(row, dict):
            yield from _sourced((name,), row, resolve)
            yield from _office((name, "office"), row.get("office"), offices)
    permit = raw.get("permit")
    if isinstance(permit, dict) and permit.get("source") in ("rule", "default") and not permit.get("office"):
        yield ("permit", "office"), "写明由哪个单位授权；条文没有具名的，登记一个由学校填人的单位"
    rows = raw.get("submission")
    for number, row in enumerate(rows if isinstance(rows, list) else ()):
        if not isinstance(row, dict):
            continue
        path: Path = ("submission", number)
        yield from _quoted(path, row, resolve)
        yield from _office((*path, "unit"), row.get("unit"), offices)
        yield from _office((*path, "centre"), row.get("centre"), offices)
        if not row.get("unit") and not row.get("centre"):
            yield path, "送审至少要有一步：写 unit（单位审签）或 centre（学校部门审核）"
        if row.get("centre") and row["centre"] not in str(row.get("quote", "")):
            yield (*path, "centre"), f"引文里没有“{row['centre']}”，审核部门只能用条文原词"


def _sourced(path: Path, row: dict[str, Any], resolve: Callable[[str], list[str]]) -> Iterator[Finding]:
    if row.get("source") == "rule":
        yield from _quoted(path, row, resolve)
    elif row.get("article") or row.get("quote"):
        yield (*path, "article"), "引了条文，来源就应是 rule；系统默认和校规未规定都不得引条文"


def _quoted(path: Path, row: dict[str, Any], resolve: Callable[[str], list[str]]) -> Iterator[Finding]:
    found = resolve(str(row.get("article", "")))
    if len(found) != 1:
        yield (*path, "article"), f"没有“{row.get('article', '')}”这一条，请改正条号，条号重复时连章名一起写"
    elif not row.get("quote") or str(row["quote"]) not in found[0]:
        yield (*path, "quote"), f"引文不在{row['article']}原文里，请逐字照抄"


def _office(path: Path, word: object, offices: dict[str, set[str]]) -> Iterator[Finding]:
    if isinstance(word, str) and word and not any(word in words for words in offices.values()):
        yield path, f"没有登记“{word}”这个单位，请写进 [[office]] 的 words"
