"""Impression 印象: what the model says of a text, as one transparent piece of evidence beside the rules.

A rule knows the wordings that somebody thought of; the model knows what such texts look like, and errs more often. So
an impression never speaks where a rule says more, nor where a word shows that nothing is the matter; it names the
stretches that weighed most; and it opens alone only where hardly a quiet text was taken for grave (`MODEL_CARD.md`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sentiment.engine import Score
from sentiment.normalise import Normalised
from stream.assessment import Hit, Target
from stream.matter import CARE
from stream.rules import Category, Slot
from stream.stance import Span, Stance, StanceWords

VERSION = 3
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
COMPLAINTS = (Step(0.9, 28, "把握大", floor=3), Step(0.8, 20, "把握较大", floor=3), Step(0.7, 12, "有一定把握"))
"""By `p_concern`. Of held-out corpus rows .76, .68, .60 and .08 (risk 3, 2, 1, 0) reach .7, and .57, .44, .34 and .01
reach .9; of 343 ordinary comments on school life ten and one. `floor`: what published scenarios bear."""
DANGERS = (
    Step(0.75, 90, "把握大", grave=True, floor=2),
    Step(0.5, 36, "把握较大", floor=2),
    Step(0.35, 22, "有一定把握", floor=3),
)
"""By `p_grave`. Of held-out corpus rows .29, .02, 0 and 0 (risk 3, 2, 1, 0) reach .75, and .44, .07, 0 and .003 reach
.5; of 5,192 ordinary comments none and three. From .6 on some told too early, before anything had happened."""
TITLES = {COMPLAINT: "用语近似投诉（模型推断，{}）", DANGER: "用语近似危及人身的情形（模型推断，{}）"}
ASKING = "asking_politely"
"""A list too: one word of it, and the line is a question and no complaint; it may still be a danger."""
GUARDS = ("drill", "fiction", "game", "laugh", "course", "care_news", "recovered")
"""Lists of `rules/words.toml`: one word of them, and the model is not heard."""
KINDS: Mapping[str, tuple[str, ...]] = {CARE: (CARE,), "privacy": ("leak",), "canteen": ("poisoning",)}
"""Which kind of danger a theme tells of; the others name none, so that they join a matter and call nothing a fire."""
CARE_BAR = 0.85
"""What a cry for help takes to open alone by the model: exam weeks are full of people who say they want to die."""
ALONE = frozenset({"safety", CARE, "bullying", "teacher", "dorm", "canteen", "privacy", "internship"})
"""Themes in which one line may be a danger; elsewhere it is weighty at most."""
PRAISE = 0.5
"""From this `p_positive` on a text is kindly meant, whatever it looks like."""
REST = 2
"""An impression speaks beside rules only where it weighs more than so many times the heaviest of them."""
MEANT = (Stance.TOLD, Stance.QUOTED)
PLACES = frozenset({Slot.COMMENT, Slot.MESSAGE, Slot.LEAD})


class Impressions:
    """The guards made ready. `words`: the lists of the rulebook."""

    def __init__(self, words: Mapping[str, Sequence[str]], stances: StanceWords) -> None:
        self._guards = tuple(sorted({term for name in GUARDS for term in words.get(name, ()) if "…" not in term}))
        self._asking = tuple(sorted(words.get(ASKING, ())))
        self._stances = stances

    def impression(
        self, score: Score, slot: Slot | None, target: Target, hits: Sequence[Hit], text: Normalised
    ) -> Hit | None:
        """The evidence, or None. `score`: of the normalised text; `hits`: of the rules; spans are of the original."""
        if slot not in PLACES or target is Target.OUTSIDER or score.theme is None or not score.stretches:
            return None
        if score.p_positive >= PRAISE:
            return None
        if any(hit.category == Category.ADVERT for hit in hits) or any(term in text.text for term in self._guards):
            return None
        said = [hit for hit in hits if hit.theme != "any"]
        theme = max(said, key=lambda hit: (hit.grave, hit.weight)).theme if said else score.theme
        most = max((hit.weight for hit in said), default=0)
        rule, step = self._step(score, theme, text)
        if rule == COMPLAINT and any(term in text.text for term in self._asking):
            return None
        if rule == COMPLAINT and theme == CARE:
            if said or score.matter is None:
                return None  # a low mood is no complaint
            theme = score.matter
        if step is None or step.weight <= REST * most or any(hit.grave for hit in said):
            return None
        return _hit(rule, step, theme, score.stretches, text)

    def _step(self, score: Score, theme: str, text: Normalised) -> tuple[str, Step | None]:
        danger = _reached(DANGERS, score.p_grave)
        if danger is not None and danger.grave and not self._opens(score, theme, text):
            danger = DANGERS[1]
        if danger is not None:
            return DANGER, danger
        return COMPLAINT, _reached(COMPLAINTS, score.p_concern)

    def _opens(self, score: Score, theme: str, text: Normalised) -> bool:
        """Whether a grave impression may open by itself."""
        sure = theme != CARE or (score.p_grave or 0.0) >= CARE_BAR
        return sure and theme in ALONE and self._is_meant(score.stretches, text)

    def _is_meant(self, stretches: Sequence[Span], text: Normalised) -> bool:
        """Whether what weighed most is told and not denied, supposed, asked or a title."""
        return self._stances.stance(text.text, stretches[0]) in MEANT


def _reached(steps: Sequence[Step], figure: float | None) -> Step | None:
    return next((step for step in steps if figure is not None and figure >= step.bar), None)


def _hit(rule: str, step: Step, theme: str, stretches: Sequence[Span], text: Normalised) -> Hit:
    spans = tuple(dict.fromkeys(text.original(*span) for span in stretches))
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
        steps=tuple(dict.fromkeys(one for span in stretches for one in text.steps(*span))),
        kinds=KINDS.get(theme, ()) if rule == DANGER else (),
    )
