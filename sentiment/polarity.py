"""The three classes an engine may give a text."""

from enum import StrEnum


class Polarity(StrEnum):
    """How a text sounds, which is not its risk: a calm sentence may report a grave thing, an angry one a mood."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"
