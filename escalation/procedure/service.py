"""What a pack says of the service to those who ask and those in need: consultations 咨询 and care cases 关爱个案."""

from __future__ import annotations

from pydantic import Field

from escalation.procedure.figure import Clock, Strict
from escalation.procedure.words import Source


class Consultation(Strict):
    """How long an account has to answer a question or to promise a time, where the document has the clause."""

    answer: Clock


class Care(Strict):
    """Who is told of a cry for help at once, by telephone and at the desk; `tell` are names of offices."""

    tell: tuple[str, ...] = Field(min_length=1)
    source: Source = Source.DEFAULT
    reason: str = Field(min_length=1)
