"""Assess: posts in, assessments out; stateless and pure, so any number of workers give the same answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sentiment.engine import Engine, Score
from sentiment.normalise import Normalised, normalise
from stream.assessment import Assessment, Hit, Polarity, Target
from stream.match import Found, Matcher, Page
from stream.post import Post
from stream.rules import Rulebook, slot_of
from stream.target import TargetWords

SPANS_KEPT = 20
"""Spans kept of one hit; a text that repeats a word a thousand times needs no more to be believed."""


class Reader:
    """Rulebook, automaton and target words made ready for one school. `aliases`: the school's own names."""

    def __init__(self, book: Rulebook, aliases: Sequence[str] = ()) -> None:
        self.edition = book.edition()
        self.targets = TargetWords(book.words, aliases)
        self.matcher = Matcher(book, sorted(self.targets.terms()))

    def page(self, text: Normalised) -> Page:
        """The text as rules and target words read it."""
        return self.matcher.page(text.text)

    def read(self, post: Post, text: Normalised) -> tuple[Target, tuple[Hit, ...]]:
        """Whom a post is about and which rules hold; `text` is its normalised text, spans point into its own."""
        page = self.page(text)
        target = self.targets.decide(page)
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
        kinds=found.kinds,
    )


def assess(posts: Sequence[Post], engine: Engine, rulebook: Reader | Rulebook, now: datetime) -> list[Assessment]:
    """Judge posts, in order, by their normalised text. A worker builds one Reader and passes it; `now`: aware, UTC."""
    reader = rulebook if isinstance(rulebook, Reader) else Reader(rulebook)
    texts = [normalise(post.text) for post in posts]
    scores = engine.score([text.text for text in texts])
    return [
        _assessment(post, score, reader.read(post, text), engine.name, reader.edition, now)
        for post, text, score in zip(posts, texts, scores, strict=True)
    ]


def _assessment(
    post: Post, score: Score, read: tuple[Target, tuple[Hit, ...]], engine: str, rules: str, now: datetime
) -> Assessment:
    return Assessment(
        post=post,
        polarity=Polarity(score.polarity.value),
        p_negative=score.p_negative,
        p_positive=score.p_positive,
        unsure=score.unsure,
        p_abuse=score.p_abuse,
        p_concern=score.p_concern,
        snow=score.snow,
        engine=engine,
        hits=read[1],
        target=read[0],
        assessed_at=now,
        rules=rules,
    )
