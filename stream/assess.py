"""Assess: posts in, assessments out; stateless and pure, so any number of workers give the same answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property

from sentiment.disguise import Seen
from sentiment.engine import Engine, Score
from sentiment.normalise import Normalised, Step, normalise
from stream.assessment import Assessment, Hit, Target
from stream.doubt import doubted, plainest, signs_count
from stream.impression import Impressions
from stream.listed import disguises
from stream.match import Found, Matcher, Page
from stream.novelty import fingerprint
from stream.post import CUT_MARK, TEXT_LIMIT, Post
from stream.rules import Rulebook, Slot, slot_of
from stream.stance import Span
from stream.target import TargetWords

LONGEST = TEXT_LIMIT + len(CUT_MARK)
"""Characters of a text that are read."""
HANDED_ON = 1000
"""Characters of a text whose normal form is handed on with its assessment; a longer one would fill the record."""
SPANS_KEPT = 20
"""Spans kept of one hit; a text that repeats a word a thousand times needs no more to be believed."""

Read = tuple[Target, tuple[Hit, ...]]
"""Whom words are about, and what holds of them."""


class Reader:
    """Rulebook, automaton and target words made ready for one school. `aliases`: the school's own names."""

    def __init__(self, book: Rulebook, aliases: Sequence[str] = ()) -> None:
        self.book, self.edition = book, book.edition()
        self.targets = TargetWords(book.words, aliases)
        named = replace(book, rules=tuple(rule for rule in book.rules if not rule.sign))
        self.matcher = Matcher(named, sorted(self.targets.terms()))
        self.disguises = disguises(book)
        dangers = {term for rule in named.rules if rule.kind for term in rule.any}
        self.impressions = Impressions(book.words, self.matcher.stances, dangers)

    @cached_property
    def signs(self) -> Matcher:
        """The rules of signs, which are read where the model is sure of a concern: one line in twenty."""
        return Matcher(replace(self.book, rules=tuple(rule for rule in self.book.rules if rule.sign)))

    @cached_property
    def whole(self) -> Matcher:
        """All rules together, for whoever explains."""
        return Matcher(self.book, sorted(self.targets.terms()))

    def page(self, text: Normalised) -> Page:
        """The text as all rules and target words read it."""
        second = self.look(text)
        return self.whole.page(second.text.text, second.places)

    def look(self, text: Normalised) -> SecondLook:
        """The text with what stands disguised in it."""
        return self.looks((text,))[0]

    def looks(self, texts: Iterable[Normalised]) -> list[SecondLook]:
        """As `look`, for each of many texts, which cost less together."""
        earnest = [self._earnest(text) for text in texts]
        return list(map(SecondLook, earnest, self.disguises.look_all(earnest)))

    def _earnest(self, text: Normalised) -> Normalised:
        earnest = self.matcher.stances.earnest(text.text)
        return text if earnest == text.text else replace(text, text=earnest)

    def _page(self, second: SecondLook) -> Page:
        return self.matcher.page(second.text.text, second.places)

    def read(self, post: Post, text: Normalised, score: Score | None = None) -> Read:
        """Whom a post is about, which rules hold and, with its `score`, what the model adds; `text` is its normalised
        text, spans point into its own."""
        return self.judge(slot_of(post), self.look(text), score)

    def judge(self, slot: Slot | None, second: SecondLook, score: Score | None = None) -> Read:
        """As `read`, of words that stand in this slot."""
        page = self._page(second)
        target = self.targets.decide(page)
        found = self.matcher.find(page, slot, target) if slot is not None else []
        if slot is not None and signs_count(found, slot, score):
            found = [*found, *plainest(self.signs.find(self.signs.page(second.text.text, second.places), slot, target))]
        concern = score.p_concern if score is not None else None
        hits = doubted([hit_of(one, second) for one in found], slot, concern)
        felt = self.impressions.impression(score, slot, target, hits, second.text) if score is not None else None
        return target, (*hits, felt) if felt is not None else hits


class SecondLook:
    """A normalised text with the listed words that stand disguised in it (`sentiment.disguise`)."""

    __slots__ = ("_seen", "places", "text")

    def __init__(self, text: Normalised, seen: Sequence[Seen]) -> None:
        self.text = text
        self.places: dict[str, list[Span]] = {}
        self._seen: list[tuple[Span, Seen]] = []
        for one in seen:
            span = text.within(one.start, one.end)
            if span[0] < span[1]:
                self.places.setdefault(one.word, []).append(span)
                self._seen.append((span, one))

    def written(self, span: Span) -> tuple[Span, tuple[Step, ...], str]:
        """Where in the original a found word stands, by which steps it was found, and what a disguised one reads as."""
        start, end = self.text.original(*span)
        steps = self.text.steps(*span)
        inside = [one for place, one in self._seen if span[0] <= place[0] and place[1] <= span[1]]
        for one in inside:
            start, end = min(start, one.start), max(end, one.end)
        said: dict[Span, dict[str, None]] = {}
        for one in inside:  # a syllable may be read as several listed words
            said.setdefault((one.start, one.end), {})[one.word] = None
        reading = "…".join("或".join(words) for words in said.values())
        if steps and not inside and set(steps) != {Step.CASE}:
            reading = self.text.text[slice(*span)]
        return (start, end), (*steps, *(one.step for one in inside)), reading


def hit_of(found: Found, second: SecondLook) -> Hit:
    """A rule that holds, as it is kept: its spans in the original."""
    raw = second.text.raw
    written = [second.written(span) for span in found.spans[:SPANS_KEPT]]
    places = tuple(place for place, _, _ in written)
    steps = dict.fromkeys(step for _, some, _ in written for step in some)
    readings = tuple(reading for _, _, reading in written)
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
        readings=readings if any(readings) else (),
    )


def _read(text: str) -> Normalised:
    """What is read of a text: the door lets no more through, a record that came another way is read so far."""
    return normalise(text[:LONGEST])


def assess(
    posts: Sequence[Post], engine: Engine, rulebook: Reader | Rulebook, now: datetime, *, hand_on: bool = False,
    logged: Sequence[datetime] = (),
) -> list[Assessment]:  # fmt: skip
    """Judge posts, in order, by their normalised text. A worker builds one Reader and passes it; `now`: aware, UTC.

    `hand_on`: with the normal form and the fingerprint, for whoever looks for copies next. `logged`: when the log took
    each of the posts, aware, for whoever traces them later.
    """
    reader = rulebook if isinstance(rulebook, Reader) else Reader(rulebook)
    different = list(dict.fromkeys(post.text for post in posts))  # a tenth are copies, or 打卡 and 哈哈 again
    texts = {text: _read(text) for text in different}
    scores = engine.score([texts[post.text].text for post in posts])
    seconds = dict(zip(different, reader.looks(texts.values()), strict=True))
    handed = {text: _handed(text, normal.text) for text, normal in texts.items()} if hand_on else {}
    judged: dict[tuple[str, Slot | None], Read] = {}
    found: list[Assessment] = []
    for post, score, at in zip(posts, scores, logged or (None,) * len(posts), strict=True):
        words = (post.text, slot_of(post))
        if words not in judged:
            judged[words] = reader.judge(words[1], seconds[post.text], score)
        normal, prints = handed.get(post.text, _NOTHING)
        found.append(_assessment(post, score, judged[words], engine.name, reader.edition, now, (normal, prints, at)))
    return found


Handed = tuple[str | None, tuple[int, ...] | None]
_NOTHING: Handed = (None, None)


def _handed(text: str, normal: str) -> Handed:
    return (normal, fingerprint(normal)) if len(text) <= HANDED_ON else _NOTHING


def _assessment(
    post: Post, score: Score, read: Read, engine: str, rules: str, now: datetime,
    handed: tuple[str | None, tuple[int, ...] | None, datetime | None],
) -> Assessment:  # fmt: skip
    normal, prints, logged_at = handed
    return Assessment(
        post=post,
        polarity=score.polarity,
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
        normal=normal,
        prints=prints,
        logged_at=logged_at,
    )
