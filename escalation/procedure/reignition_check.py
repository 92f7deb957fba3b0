"""What a pack must keep of the watch after an answer: 14 days or more, except in a pack made for acceptance."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from escalation.procedure.figure import parse_span, say_span

Finding = tuple[tuple[str | int, ...], str]

SHORTEST_WATCH = timedelta(days=14)
"""系统默认，非校规: a matter that flares up again does so within two weeks (`research/escalation.md` §2)."""
FOR_ACCEPTANCE = "仅供验收"
"""What `purpose` says in a pack with clocks too short for a school; only settings that reach nobody run it."""


def watch_findings(raw: dict[str, Any]) -> Iterator[Finding]:
    """Every level whose watch is too short, as (field path, Chinese sentence with the cure)."""
    levels = raw.get("level")
    if raw.get("purpose") == FOR_ACCEPTANCE or not isinstance(levels, list):
        return
    for number, row in enumerate(levels):
        watch = row.get("watch") if isinstance(row, dict) else None
        try:
            after = parse_span(watch.get("after")) if isinstance(watch, dict) else SHORTEST_WATCH
        except ValueError:
            continue  # said by the shape check
        if after < SHORTEST_WATCH:
            least = say_span(SHORTEST_WATCH)
            yield ("level", number, "watch"), f"复燃观察期 {say_span(after)}太短，不得短于 {least}，请改为 14d 或更长"
