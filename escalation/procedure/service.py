"""What a pack says of the service to those who ask and those in need: consultations 咨询 and care cases 关爱个案."""

from __future__ import annotations

from pydantic import Field

from escalation.procedure.answer import Ground
from escalation.procedure.figure import Clock, Strict
from escalation.procedure.words import Source, Trigger


class Consultation(Strict):
    """How long an account has to answer a question or to promise a time, where the document has the clause."""

    answer: Clock


class Care(Strict):
    """Who is told of a cry for help at once, by telephone and at the desk; `tell` are names of offices of the pack.

    None of the documents has a clause on it, so there is no article to cite: always 系统默认，非校规.
    """

    tell: tuple[str, ...] = Field(min_length=1)
    reason: str = Field(min_length=1)

    def ground(self, trigger: Trigger, office: str) -> Ground:
        """Why this office is told."""
        return Ground(trigger=trigger, office=office, source=Source.DEFAULT, reason=self.reason)
