"""A clause of a pack as people see it: what one rule demands, cited, with the phrase that proves it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from escalation.procedure import Deadline, Duty, Pack, Source, Trigger
from escalation.procedure.pack import Rule


@dataclass(frozen=True, slots=True)
class Clause:
    """One rule: `tell` and `quote` in the document's words; `cited` is the article, with its chapter before it."""

    rule: Rule
    chapter: str
    cited: str
    duties: tuple[Duty, ...]

    @property
    def place(self) -> str:
        """`第四章第十三条`."""
        return self.cited if self.cited.startswith(self.chapter) else self.chapter + self.cited

    @property
    def deadline(self) -> str:
        """The clause's own words for its deadline, with the event from which it counts; empty where it has none."""
        clause = self.rule.deadline
        return deadline_words(Deadline(source=Source.RULE, **clause.model_dump())) if clause else ""


def deadline_words(deadline: Deadline) -> str:
    """`一周内（第十条；自变更起；……按自然日、次日起算）`: the words, the article, how days count."""
    if deadline.source is Source.DEFAULT:
        return f"{deadline.words}（{Source.DEFAULT.label}）"
    if deadline.source is not Source.RULE:
        return deadline.shown
    before = deadline.anchor.endswith("前")
    from_when = deadline.anchor if before or not deadline.anchor else f"自{deadline.anchor}起"
    parts = [one for one in (deadline.article, from_when, deadline.note) if one]
    return f"{deadline.words}（{'；'.join(parts)}）" if parts else deadline.words


def clauses(pack: Pack, triggers: Iterable[Trigger] = Trigger) -> tuple[Clause, ...]:
    """The rules that bind under any of these triggers, in the pack's order."""
    asked = set(triggers)
    return tuple(_clause(pack, rule) for rule in pack.rule if asked & set(rule.triggers))


def cited_in(pack: Pack, words: str) -> str:
    """How the article is to be cited: `第十三条`, or with its chapter where the number occurs twice."""
    article = pack.cite(words)
    return next(cited for cited, one in pack.articles.items() if one == article)


def gaps(pack: Pack) -> tuple[str, ...]:
    """Articles that have neither a rule nor a reason in `not_in_scope`, as they are cited."""
    named = [rule.article for rule in pack.rule] + [one.article for one in pack.not_in_scope]
    covered = {cited_in(pack, one) for one in named}
    return tuple(cited for cited in pack.articles if cited not in covered)


def _clause(pack: Pack, rule: Rule) -> Clause:
    article, cited = pack.cite(rule.article), cited_in(pack, rule.article)
    duties = tuple(
        Duty(
            **duty.model_dump(exclude={"quote"}),
            role=next((office.key for office in pack.office if duty.actor in office.words), ""),
            chapter=article.chapter,
            article=article.number,
            cited=cited,
            quote=duty.quote or rule.quote,
        )
        for duty in rule.duty
    )
    return Clause(rule, article.chapter, cited, duties)
