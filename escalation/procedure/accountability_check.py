"""What the rows on accountability must keep: each grade stands in its article, and nobody is named that the clause
does not name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

Finding = tuple[tuple[str | int, ...], str]


def accountability_findings(raw: dict[str, Any], resolve: Callable[[str], Sequence[str]]) -> Iterator[Finding]:
    """Every breach, as (field path, Chinese sentence with the cure); `resolve` gives the texts of a cited article."""
    rows = raw.get("accountability")
    for number, row in enumerate(rows if isinstance(rows, list) else ()):
        if not isinstance(row, dict):
            continue
        path = ("accountability", number)
        cited, quote = str(row.get("article", "")), str(row.get("quote", ""))
        found = resolve(cited)
        if len(found) != 1:
            yield (*path, "article"), f"没有{cited}，或有几处；请改正条号，条号重复时连章名一起写"
        elif quote not in found[0]:
            yield (*path, "quote"), f"引文不在{cited}里，请逐字照抄"
        if str(row.get("when", "")) not in quote:
            yield (*path, "when"), "情形须是引文里的原词"
        whom = row.get("whom")
        for word in whom if isinstance(whom, list) else ():
            if isinstance(word, str) and word not in quote:
                yield (*path, "whom"), f"“{word}”不在引文里；条文没有写的，不补"
