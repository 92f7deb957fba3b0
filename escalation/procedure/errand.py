"""How long a task to the unit may take and how often it is asked for: our figures until a school gives its own.

情况说明 and 公开答复 have their deadline with the level (`facts`, `first_answer`); here is only how often one asks.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from escalation.procedure.figure import Clock, Strict
from escalation.procedure.words import Source


def _after(**span: float) -> Clock:
    return Clock(after=timedelta(**span), source=Source.DEFAULT)


class TaskClock(Strict):
    """`due`: when the answer is late, None where the level says so or nothing does; `remind`: asked for every so often
    until it is answered or `reminders` are used up."""

    due: Clock | None = None
    remind: Clock


class Times(Strict):
    """How many times, with its source. `rule` needs the article that gives the figure."""

    times: Annotated[int, Field(ge=1, le=100)]
    source: Source
    article: str = ""

    @property
    def label(self) -> str:
        """What stands beside the figure: the article, or 系统默认，非校规."""
        return self.article if self.source is Source.RULE else self.source.label


class TaskClocks(Strict):
    """The clocks by kind of task; the defaults are those of an incident that froze a pack without this table.

    `reminders`: how many reminders leave after the deadline (all, where there is none); then the desk is told, once.
    """

    reminders: Times = Times(times=6, source=Source.DEFAULT)
    facts: TaskClock = TaskClock(remind=_after(hours=1))
    public_answer: TaskClock = TaskClock(remind=_after(hours=2))
    platform_contact: TaskClock = TaskClock(due=_after(days=1), remind=_after(hours=4))
    clarification: TaskClock = TaskClock(due=_after(hours=4), remind=_after(hours=2))
    handling: TaskClock = TaskClock(due=_after(days=1), remind=_after(hours=4))
    correction: TaskClock = TaskClock(due=_after(minutes=30), remind=_after(minutes=30))
    other: TaskClock = TaskClock(due=_after(days=1), remind=_after(hours=8))
