"""Replaying: `fengxin replay`, the decision of an incident rebuilt and laid out for the terminal."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from deploy.policy import words
from deploy.policy.lines import laid, plain, terminal_width
from deploy.settings import Settings
from deploy.wiring import ground, opened_store
from escalation.clock_words import second
from escalation.incident import LEVELS
from escalation.replay import Replay, replay

TEMPLATES = Path(__file__).with_name("templates")


def replayed(settings: Settings, number: str) -> Replay:
    """The decision of an incident, rebuilt. Raises NotRebuilt, StoreUnavailable."""
    standing = ground(settings)
    with opened_store(settings) as store, store.read() as conn:
        return replay(conn, settings.school.code, number, standing.pack, standing.versions)


def page(rebuilt: Replay, now: datetime | None = None) -> str:
    """The page, in Chinese."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        finalize=plain, autoescape=False,  # noqa: S701 - text for a terminal, never HTML
    )  # fmt: skip
    made.filters.update(second=second)
    made.globals.update(TRIGGERS=words.TRIGGERS, LEVELS=LEVELS)
    text = made.get_template("replay.txt").render(one=rebuilt, now=now or datetime.now(UTC))
    return laid(text, terminal_width())


def as_json(rebuilt: Replay) -> dict[str, Any]:
    """The same for a program."""
    return asdict(rebuilt) | {"opened_at": rebuilt.opened_at.isoformat()}
