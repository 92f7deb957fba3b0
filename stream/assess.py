"""Assess: posts in, assessments out; stateless and pure, so any number of workers give the same answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from sentiment.normalise import Normalised, normalise
from stream.assessment import Assessment, Hit, Polarity, Target
from stream.match import Found, Matcher
from stream.post import Post
from stream.rules import Rulebook, slot_of
from stream.target import TargetWords

SPANS_KEPT = 20
"""Spans kept of one hit; a text that repeats a word a thousand times needs no more to be believed."""


class Score(Protocol):
    """What an engine says of one text; see `sentiment.engine`."""

    @property
    def polarity(self) -> str: ...
    @property
    def p_negative(self) -> float: ...
    @property
    def snow(self) -> float: ...


class Engine(Protocol):
    """An engine of `sentiment`: `name` is kept in the assessment, `score` answers in the order of the texts."""

    @property
    def name(self) -> str: ...
    def score(self, texts: Sequence[str], /) -> Iterable[Score]: ...


class Reader:
    """Rulebook, automaton and target words made ready for one school. `aliases`: the school's own names."""

    def __init__(self, book: Rulebook, aliases: Sequence[str] = ()) -> None:
        self.targets = TargetWords(book.words, aliases)
        self.matcher = Matcher(book, sorted(self.targets.terms()))

    def read(self, post: Post) -> tuple[Target, tuple[Hit, ...]]:
        """Whom a post is about and which rules hold; spans point into the post's own text."""
        text = normalise(post.text)
        page = self.matcher.page(text.text)
        target = self.targets.decide(page, text.text)
        slot = slot_of(post)
        found = self.matcher.find(page, slot, target) if slot is not None else []
        return target, tuple(_hit(one, text, post.text) for one in found)


def _hit(found: Found, text: Normalised, raw: str) -> Hit:
    spans = found.spans[:SPANS_KEPT]
    places = tuple(text.original(start, end) for start, end in spans)
    steps = dict.fromkeys(step for start, end in spans for step in text.steps(start, end))
    rule = found.rule
    return Hit(
        rule=rule.id,
        version=rule.version,
        title=rule.title,
        theme=rule.theme,
        category=rule.category.value,
        grave=rule.grave,
        level_floor=rule.level_floor,
        weight=rule.weight,
        spans=places,
        words=tuple(raw[start:end] for start, end in places),
        steps=tuple(steps),
        article=rule.article,
    )


def assess(posts: Sequence[Post], engine: Engine, rulebook: Reader | Rulebook, now: datetime) -> list[Assessment]:
    """Judge posts, in order. Pass a Reader (built once) where speed matters; `now`: aware, UTC."""
    reader = rulebook if isinstance(rulebook, Reader) else Reader(rulebook)
    scores = engine.score([post.text for post in posts])
    out: list[Assessment] = []
    for post, score in zip(posts, scores, strict=True):
        target, hits = reader.read(post)
        out.append(
            Assessment(
                post=post,
                polarity=Polarity(score.polarity),
                p_negative=score.p_negative,
                snow=score.snow,
                engine=engine.name,
                hits=hits,
                target=target,
                assessed_at=now,
            )
        )
    return out
