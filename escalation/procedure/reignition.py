"""When a matter that was answered is on again 复燃: figures of a pack, with their source."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from escalation.procedure.figure import Span, Strict
from escalation.procedure.words import Source


class Reignition(Strict):
    """Within this span of the watch: so many new lines, or `least` of them by as many people and so negative.

    `negative` is a share in percent. No school's document gives any of these figures; a danger to people is always one.
    """

    within: Span = timedelta(hours=24)
    lines: Annotated[int, Field(ge=1)] = 10
    least: Annotated[int, Field(ge=1)] = 3
    negative: Annotated[int, Field(ge=1, le=100)] = 60
    source: Source = Source.DEFAULT
    article: str = ""

    @property
    def label(self) -> str:
        """What stands beside the figures: the article, or 系统默认，非校规."""
        return self.article if self.source is Source.RULE else self.source.label
