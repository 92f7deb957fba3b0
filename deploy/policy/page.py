"""The pages of `fengxin policy`: each one template filled in, then laid out for the terminal."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from deploy.policy import words
from deploy.policy.clause import cited_in, clauses, deadline_words, gaps
from deploy.policy.decision import Row, deadline, rows, signed
from deploy.policy.difference import Section, ladder
from deploy.policy.lines import column, laid, plain, terminal_width
from deploy.policy.own_post import own_posts
from deploy.policy.task import accountability, task_clocks
from deploy.policy.voice import one_voice
from escalation.procedure import Level, Pack, Source, Trigger, say_span

TEMPLATES = Path(__file__).with_name("templates")


def listing(packs: list[Pack]) -> str:
    """All packs, two lines each."""
    return _filled("list.txt", packs=packs)


def pack_page(pack: Pack, articles: tuple[str, ...] = ()) -> str:
    """The whole pack, or only these articles (as they are cited) with their full text."""
    return _filled("articles.txt" if articles else "show.txt", pack=pack, chosen=articles)


def answer_page(pack: Pack, triggers: tuple[Trigger, ...], level: Level, *, level_given: bool) -> str:
    """Who is told of these triggers at this level, by which words."""
    answer = pack.who(triggers, level.number)
    return _filled(
        "who.txt", pack=pack, answer=answer, level=level, level_given=level_given,
        deadline=deadline(pack, answer, level), signed=signed(triggers),
        quoted={ground.quote for one in answer.named for ground in one.grounds},
        clauses=clauses(pack, triggers), silent_triggers=[one for one in triggers if not clauses(pack, [one])],
    )  # fmt: skip


def difference_page(one: Pack, other: Pack, sections: tuple[Section, ...], names: tuple[str, str]) -> str:
    """What differs."""
    return _filled("diff.txt", one=one, other=other, sections=sections, names=names)


def table(pack: Pack) -> str:
    """The table of all triggers in Markdown, as it stands in `escalation/policies/who/<CODE>.md`."""
    return _environment().get_template("table.md").render(pack=pack, rows=rows(pack), unknown=Source.NONE.label) + "\n"


def _filled(template: str, **given: Any) -> str:
    return laid(_environment().get_template(template).render(**given), terminal_width())


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        finalize=plain, autoescape=False,  # noqa: S701 - text for a terminal and for Markdown, never HTML
    )  # fmt: skip
    made.filters |= {
        "column": column,
        "span": say_span,
        "cell": _cell,
        "said": deadline_words,
        "flat": lambda text: " ".join(text.split()),
        "triggers": lambda some: "、".join(words.TRIGGERS[one] for one in some),
        "offices": _offices_of,
    }
    made.globals |= {
        "TRIGGERS": words.TRIGGERS, "DUTIES": words.DUTIES, "CHANNELS": words.CHANNELS, "CLOCKS": words.CLOCKS,
        "role_word": words.role_word, "clauses": clauses, "cited_in": cited_in, "gaps": gaps, "ladder": ladder,
        "NUMERALS": "ⅠⅡⅢⅣ", "own_posts": own_posts, "one_voice": one_voice,
        "task_clocks": task_clocks, "accountability": accountability,
    }  # fmt: skip
    return made


def _cell(text: str) -> str:
    """A text as one cell of a Markdown table, its own marks taken as text."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def _offices_of(row: Row) -> str:
    """Whom the articles name, each office once, every clause's own word for it."""
    return "、".join(f"{'／'.join(one.names)}{'（推断）' if one.inferred else ''}" for one in row.answer.named)
