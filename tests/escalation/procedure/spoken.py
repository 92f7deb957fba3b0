"""A reading of a school's document, made from the document and not from the pack, to be laid beside `Pack.who`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from escalation.procedure import Answer, Pack, Source, Trigger

Told = tuple[str, str, bool]
"""Office in the clause's own words, article, and whether it is inferred."""


@dataclass(frozen=True)
class Line:
    """What the document says of one trigger, and the phrases that prove it.

    `proof` are phrases by the article they stand in; `absent` are words that stand in no article (proof of silence).
    """

    told: frozenset[Told] = frozenset()
    articles: frozenset[str] = frozenset()
    words: str = ""
    figure: tuple[str, object] | None = None
    proof: tuple[tuple[str, str], ...] = ()
    absent: tuple[str, ...] = ()

    @property
    def silent(self) -> bool:
        """Whether the document says nothing of it."""
        return not self.articles


def says(
    *proof: tuple[str, str],
    told: tuple[Told, ...] = (),
    words: str = "",
    figure: tuple[str, object] | None = None,
) -> Line:
    """A line that the document speaks of; its articles are those of the phrases."""
    articles = frozenset(article for article, _ in proof)
    return Line(told=frozenset(told), articles=articles, words=words, figure=figure, proof=proof)


def nothing(*absent: str) -> Line:
    """A line that the document is silent about, with words it would need and has not."""
    return Line(absent=absent)


def as_read(answer: Answer) -> dict[str, Any]:
    """The decision in the columns of a reading."""
    deadline = answer.deadline
    figures = [(name, getattr(deadline, name)) for name in ("value", "months", "every", "in_month", "at_least")]
    rows = answer.as_json()["recipients"]
    return {
        "told": {(row["office"], row["cited"], row["inferred"]) for row in rows},
        "articles": {duty.cited for duty in answer.duties} | {row["cited"] for row in rows},
        "words": deadline.words,
        "source": deadline.source,
        "figures": {name: value for name, value in figures if value is not None},
        "silent": answer.silent,
    }


def expected(line: Line) -> dict[str, Any]:
    """The same columns from the line."""
    return {
        "told": set(line.told),
        "articles": set(line.articles),
        "words": line.words,
        "source": Source.RULE if line.words else Source.NONE,
        "figures": dict([line.figure] if line.figure else []),
        "silent": line.silent,
    }


def unproven(pack: Pack, line: Line) -> list[str]:
    """Phrases that do not stand in their article, recipients that no phrase of their article names, words found
    although they should be absent, and lines without any proof."""
    texts = {article.number: article.text.replace("\n", "") for article in pack.article}
    wrong = [f"{article}：{phrase}" for article, phrase in line.proof if phrase not in texts[article]]
    for office, article, inferred in line.told:
        phrases = [phrase for where, phrase in line.proof if where == article]
        if not phrases or (not inferred and not any(office in phrase for phrase in phrases)):
            wrong.append(f"{office}（{article}）")
    wrong += [word for word in line.absent if any(word in text for text in texts.values())]
    if line.words and not all(any(part in p for _, p in line.proof) for part in line.words.split("、")):
        wrong.append(line.words)
    return wrong if line.proof or line.absent else ["没有凭据"]


def everything(reading: dict[Trigger, Line]) -> set[Trigger]:
    """The triggers that the reading does not speak of."""
    return set(Trigger) - set(reading)
