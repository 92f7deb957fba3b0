"""The port of every sentiment engine: texts in, scores out.

The contract, which `tests/sentiment/test_engine.py` holds every engine to:

* one score per text, in the order of the texts; an empty list gives an empty list;
* the same text gives the same score, whatever stands beside it in the list and in whatever process;
* any string is scored and none raises: empty, emoji only, lone surrogates, a megabyte;
* **a text without a single letter or digit says nothing**: 0.5, 0.5, neutral and unsure, whatever the band;
* `p_negative` and `p_positive` together are at most 1; what is left is neutral, and nothing is left where an engine
  knows no neutral. In a file of two classes an engine is judged by `Score.leaning`;
* what an engine does not judge (abuse, concern, grave, theme) is None, never a made-up figure;
* work per text is bounded: an engine whose time grows with length reads the beginning and the end, and says how much;
* emoticon codes of the platforms ([允悲]) are ordinary text to the port: an engine sees them as written;
* weights are loaded at the first text, once per process; building an engine is free.

Engines score what they are given. The caller decides whether that is the post's own text or the normalised one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sentiment.polarity import Polarity

_LETTER_OR_DIGIT = re.compile(r"[^\W_]")
"""What `str.isalnum` holds of, ten times as fast over a megabyte."""


@dataclass(frozen=True, slots=True)
class Score:
    """What an engine says of one text. Every figure lies in 0..1; `snow` is SnowNLP's own figure for positive.

    `unsure`: no class is likely enough to lean on. `p_abuse`: that the words insult. `p_concern`: that somebody at the
    school should look at it. None: this engine does not judge that. `p_grave`: that one such line is enough,
    `p_weighty`: that it tells of something that must be checked (no mood, no wish), `theme`:
    of the corpus, `matter`: that where it is no cry for help, all three only where the concern is worth asking
    (`sentiment.subject.ASKED_FROM`). `stretches`: (start, end) in the text, what weighed most for these, the heaviest
    first; only where either is high enough to be shown (`STRETCHED_FROM`). `grounds`: the same widened to whole words,
    for a reader; empty where an engine cuts no words.
    """

    polarity: Polarity
    p_negative: float
    p_positive: float
    snow: float
    unsure: bool = False
    p_abuse: float | None = None
    p_concern: float | None = None
    p_grave: float | None = None
    p_weighty: float | None = None
    theme: str | None = None
    matter: str | None = None
    stretches: tuple[tuple[int, int], ...] = ()
    grounds: tuple[tuple[int, int], ...] = ()

    @property
    def leaning(self) -> float:
        """How negative the text is given that it leans at all: 0..1; 0.5 where it leans nowhere."""
        both = self.p_negative + self.p_positive
        return self.p_negative / both if both else 0.5


SILENT = Score(Polarity.NEUTRAL, p_negative=0.5, p_positive=0.5, snow=0.5, unsure=True)
"""The score of a text that says nothing."""


@dataclass(frozen=True, slots=True)
class Band:
    """Where neutral lies on an engine's figure for positive, both borders included.

    Raises ValueError, in Chinese, unless 0 <= negative_below <= positive_above <= 1.
    """

    negative_below: float
    positive_above: float

    def __post_init__(self) -> None:
        if not 0 <= self.negative_below <= self.positive_above <= 1:
            raise ValueError(
                f"情感分界不成立：负面上限 {self.negative_below}，正面下限 {self.positive_above}。"
                "两者都应在 0 到 1 之间，且负面上限不得大于正面下限。"
            )

    def polarity(self, positive: float) -> Polarity:
        """The class of a text whose figure for positive is `positive` (0..1)."""
        if positive < self.negative_below:
            return Polarity.NEGATIVE
        if positive > self.positive_above:
            return Polarity.POSITIVE
        return Polarity.NEUTRAL


class Engine(Protocol):
    """Anything that keeps the contract at the top of this module."""

    @property
    def name(self) -> str:
        """The name in the settings and on every assessment."""
        ...

    def score(self, texts: Sequence[str]) -> list[Score]:
        """One score for each text, in their order; any string is taken, and nothing is raised for its content."""
        ...


def says_something(text: str) -> bool:
    """Whether there is a letter (Chinese characters are letters) or a digit in `text`; linear, stops at the first."""
    return _LETTER_OR_DIGIT.search(text) is not None


def _snow(band: Band | None = None, _folder: Path | None = None) -> Engine:
    from sentiment.snow import Snow

    return Snow() if band is None else Snow(band)


def _linear(band: Band | None = None, folder: Path | None = None) -> Engine:
    from sentiment.linear import SHIPPED, Linear

    return Linear(band, folder or SHIPPED)


def _blend(band: Band | None = None, folder: Path | None = None) -> Engine:
    from sentiment.linear import SHIPPED, Blend

    return Blend(band, folder or SHIPPED)


DEFAULT = "blend"
"""The engine where nothing else is said."""
STOCK = "snow"
"""The engine whose figures are no probabilities."""
ENGINES: dict[str, Callable[[Band | None, Path | None], Engine]] = {STOCK: _snow, "linear": _linear, "blend": _blend}
"""Every engine by its name in the settings; a new engine is one more line. `snow` has no weights but SnowNLP's."""


def engine_by_name(name: str = DEFAULT, band: Band | None = None, folder: Path | None = None) -> Engine:
    """The engine called `name`, with its own measured band unless one is given. `folder`: weights that `fengxin train`
    wrote, in place of those that come with us. Raises ValueError, in Chinese."""
    if name not in ENGINES:
        raise ValueError(f"没有名为“{name}”的情感引擎，可用的有：{'、'.join(ENGINES)}。请在设置中改用其中之一。")
    return ENGINES[name](band, folder)
