"""Impression 印象: what the model says of a text, as one transparent piece of evidence beside the rules.

A rule knows the wordings that somebody thought of; the model knows what such texts look like, and errs more often. So
an impression never speaks where a rule says as much, nor where a word shows that nothing is the matter; it names the
words that weighed most; and it opens alone only where hardly a quiet text was taken for grave (`MODEL_CARD.md`).
A rule names what the model saw and never takes anything from it: of both the heavier counts.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sentiment.engine import Score
from sentiment.normalise import Normalised
from stream.assessment import Hit, Target
from stream.matter import CARE
from stream.question import Questions
from stream.rules import Category, Slot
from stream.stance import CLAUSE, Span, Stance, StanceWords

VERSION = 8
"""Of the bars, guards and kinds below; an incident freezes it as the version of MD-01 and MD-02."""


@dataclass(frozen=True, slots=True)
class Step:
    """From which probability on how much it weighs, and the words for it. `grave`: one line opens; `floor`: the mildest
    level of an incident that stands on it, None for any."""

    bar: float
    weight: int
    words: str
    grave: bool = False
    floor: int | None = None


COMPLAINT, DANGER = "MD-01", "MD-02"
IMPRESSIONS = frozenset({COMPLAINT, DANGER})
"""What stands in `Hit.rule` where no rule but the model speaks."""
COMPLAINTS = (Step(0.9, 28, "把握大", floor=3), Step(0.8, 20, "把握较大", floor=3), Step(0.712, 12, "有一定把握"))
"""By `p_concern`. The lowest is set by a rate: 25 of 1,000 ordinary comments on school life are marked (`README.md`);
new weights want it measured again. Of held-out corpus rows .76, .68, .60 and .08 (risk 3, 2, 1, 0) reach it, and
.59, .46, .36 and .01 reach .9. `floor`: what published scenarios bear."""
WEIGHTY = (
    Step(0.9, 70, "所说具体，把握大", floor=3),
    Step(0.75, 50, "所说具体，把握较大", floor=3),
    Step(0.6, 34, "所说具体，有一定把握", floor=3),
)
"""By `p_weighty`, of what is a complaint by `p_concern` too: something that must be checked weighs more than a grumble,
so that two such lines open. Of 10,243 ordinary comments 16 reach .6 and none .75; of held-out corpus rows .65, .48, .07
and .03 (risk 3, 2, 1, 0) reach .6, and .55, .33, .05 and .01 reach .75."""
DANGERS = (
    Step(0.65, 90, "把握大", grave=True, floor=2),
    Step(0.5, 36, "把握较大", floor=2),
    Step(0.35, 22, "有一定把握", floor=3),
)
"""By `p_grave`. Of held-out corpus rows .29, .02, 0 and 0 (risk 3, 2, 1, 0) reach .75, and .44, .07, 0 and .003 reach
.5, .32, .02, 0 and 0 reach .65; of 10,243 ordinary comments two reach .5 and none .65. From .6 on some told too early,
before anything had happened; no quiet file that authors of rules have read reaches .61."""
TITLES = {COMPLAINT: "疑似投诉（模型推断，{}）", DANGER: "疑似危及人身（模型推断，{}）"}
ASKING = "asking_politely"
"""A list too: one word of it, and the line is a question and no complaint; it may still be a danger."""
GUARDS = ("drill", "fiction", "game", "laugh", "course", "care_news", "recovered", "long_ago")
"""Lists of `rules/words.toml`: one word of them, and the model is not heard."""
KINDS: Mapping[str, tuple[str, ...]] = {CARE: (CARE,), "privacy": ("leak",), "canteen": ("poisoning",)}
"""Which kind of danger a theme tells of; the others name none, so that they join a matter and call nothing a fire."""
CARE_BAR = 0.85
"""What a cry for help takes to open alone by the model: exam weeks are full of people who say they want to die."""
ALONE = frozenset({"safety", CARE, "bullying", "teacher", "dorm", "canteen", "privacy", "internship"})
"""Themes in which one line may be a danger; elsewhere it is weighty at most."""
PRAISE = 0.5
"""From this `p_positive` on a text is kindly meant, whatever it looks like."""
SHORT = 8
"""Characters below which the model hears the mildest complaint at most: 吃了 白菜的 is no danger, 充电快吗 nothing to
be sure of. Of fresh rows so short .28 of risk 1 and .08 of risk 0 look like complaints, of longer ones .4 and .12."""
GROUND_LEAST = 2
"""Characters of a word that is shown as a ground: a single one (了、来) tells nobody why."""
DENIALS = "没不无未非哪谁"
"""Where none of these stands nothing is denied."""
BESIDE = 4
"""Characters by which a word of danger may reach over what weighed most."""
MEANT = (Stance.TOLD, Stance.QUOTED)
_WORDLESS = re.compile(r"[\W_]+")
PLACES = frozenset({Slot.COMMENT, Slot.MESSAGE, Slot.LEAD})


class Impressions:
    """The guards made ready. `words`: the lists of the rulebook."""

    def __init__(self, words: Mapping[str, Sequence[str]], stances: StanceWords, dangers: Iterable[str] = ()) -> None:
        """`dangers`: words of the rules by which a danger is told; denied, they are none."""
        self._guards = tuple(sorted({term for name in GUARDS for term in words.get(name, ()) if "…" not in term}))
        self._asking = tuple(sorted(words.get(ASKING, ())))
        self._stances = stances
        self._questions = Questions(words)
        self._dangers = frozenset(dangers)

    def impression(
        self, score: Score, slot: Slot | None, target: Target, hits: Sequence[Hit], text: Normalised
    ) -> Hit | None:
        """The evidence, or None. `score`: of the normalised text; `hits`: of the rules; spans are of the original."""
        if slot not in PLACES or target is Target.OUTSIDER or score.theme is None or not score.stretches:
            return None
        if score.p_positive >= PRAISE:
            return None
        if any(hit.category == Category.ADVERT for hit in hits) or self._is_guarded(score, text.text):
            return None
        said = [hit for hit in hits if hit.theme != "any"]
        theme = _theme(score, said)
        rule, step = self._step(score, {score.theme or "", *(hit.theme for hit in said)}, text)
        if step is not None and not step.grave and len(_WORDLESS.sub("", text.text)) < SHORT:
            rule, step = COMPLAINT, COMPLAINTS[-1]
        if rule == COMPLAINT and self._asks(text.text):
            return None
        most = max(((hit.grave, hit.weight) for hit in _named(said)), default=(False, 0))
        if rule == COMPLAINT and theme == CARE and not any(map(_is_cry, said)):
            if score.matter is None:
                return None  # a low mood is no complaint
            theme = score.matter
        if self._is_denied(score.stretches, text.text):
            return None
        if step is None or (step.grave, step.weight) <= most:
            return None
        if not _named(said):  # a low mood beside a matter makes no care case of it, and takes nothing from it
            step = replace(step, weight=max([step.weight, *(hit.weight for hit in said)]))
        return _hit(rule, step, theme, score, text)

    def _step(self, score: Score, themes: Collection[str], text: Normalised) -> tuple[str, Step | None]:
        danger = _reached(DANGERS, score.p_grave)
        if danger is not None and danger.grave and not self._opens(score, themes, text):
            danger = DANGERS[1]
        if danger is not None:
            return DANGER, danger
        complaint = _reached(COMPLAINTS, score.p_concern)
        return COMPLAINT, complaint and (_reached(WEIGHTY, score.p_weighty) or complaint)

    def _opens(self, score: Score, themes: Collection[str], text: Normalised) -> bool:
        """Whether a grave impression may open by itself, by what the model or a rule takes the text for."""
        cry = (score.p_grave or 0.0) >= CARE_BAR
        alone = any(one in ALONE and (cry or one != CARE) for one in themes)
        return alone and self._is_meant(score.stretches, text) and not self._questions.wonders(text.text)

    def _asks(self, text: str) -> bool:
        """Whether a line only asks: politely, how a service works, or whether it is true."""
        plain = self._questions.is_plain(text) or self._questions.wonders(text)
        return plain or any(term in text for term in self._asking)

    def _is_guarded(self, score: Score, text: str) -> bool:
        """Whether a word shows that nothing is the matter. Where the danger is plain, only if it stands beside all that
        weighed most: a song's title or a game's name elsewhere in a cry for help takes nothing from it.
        """
        found = [at for term in self._guards if (at := text.find(term)) >= 0]
        if not found or _reached(DANGERS[:1], score.p_grave) is None:
            return bool(found)
        guarded = {_clause(text, (at, at)) for at in found}
        return guarded.issuperset(_clause(text, span) for span in score.stretches)

    def _is_denied(self, stretches: Sequence[Span], text: str) -> bool:
        """Whether all that weighed most is a danger that is denied, and what stands in the same clause with it."""
        if not self._dangers or not any(sign in text for sign in DENIALS):
            return False
        denied = {_clause(text, span) for span in stretches if self._denies(text, span)}
        return bool(denied) and denied.issuperset(_clause(text, span) for span in stretches)

    def _denies(self, text: str, span: Span) -> bool:
        """Whether a word of danger on which a stretch lies is denied."""
        start, end = span
        return any(
            text[first:last] in self._dangers and self._stances.stance(text, (first, last)) is Stance.DENIED
            for first in range(max(0, start - BESIDE), end)
            for last in range(max(first, start) + 1, min(len(text), end + BESIDE) + 1)
        )

    def _is_meant(self, stretches: Sequence[Span], text: Normalised) -> bool:
        """Whether what weighed most is told and not denied, supposed, asked or a title."""
        return self._stances.stance(text.text, stretches[0]) in MEANT


def _clause(text: str, span: Span) -> int:
    """Where the clause of a span begins."""
    return max((found.end() for found in CLAUSE.finditer(text, 0, span[0])), default=0)


def _reached(steps: Sequence[Step], figure: float | None) -> Step | None:
    return next((step for step in steps if figure is not None and figure >= step.bar), None)


def _is_cry(hit: Hit) -> bool:
    """Whether a rule heard a cry for help; a low mood is none."""
    return hit.theme == CARE and hit.category != Category.MOOD


def _named(said: Sequence[Hit]) -> list[Hit]:
    """The hits that name a matter or a cry for help."""
    return [hit for hit in said if hit.theme != CARE or _is_cry(hit)]


def _theme(score: Score, said: Sequence[Hit]) -> str:
    """What the text is about: a cry for help before anything else, then by the heaviest rule that names a matter, else
    what the model takes it for."""
    heaviest = max(_named(said), key=lambda hit: (hit.theme == CARE, hit.weight), default=None)
    return heaviest.theme if heaviest is not None else score.theme or ""


def _hit(rule: str, step: Step, theme: str, score: Score, text: Normalised) -> Hit:
    shown = [span for span in score.grounds or score.stretches if span[1] - span[0] >= GROUND_LEAST]
    spans = tuple(dict.fromkeys(text.original(*span) for span in shown))
    return Hit(
        rule=rule,
        version=VERSION,
        title=TITLES[rule].format(step.words),
        theme=theme,
        category=(Category.INCIDENT if rule == DANGER else Category.GRIEVANCE).value,
        grave=step.grave,
        level_floor=step.floor,
        weight=step.weight,
        spans=spans,
        words=tuple(text.raw[start:end] for start, end in spans),
        steps=tuple(dict.fromkeys(one for span in shown for one in text.steps(*span))),
        kinds=KINDS.get(theme, ()) if rule == DANGER else (),
    )
