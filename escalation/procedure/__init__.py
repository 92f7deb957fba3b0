"""Procedures as data: policy packs, who is told by which article, and the ladder on silence.

`load(code)` gives a `Pack`; `Pack.who(triggers, level)` is the routing decision; `Pack.freeze()` is what an incident
keeps and `thaw` reads back, so that a changed pack never touches a running incident.
"""

from escalation.procedure.answer import Answer, Duty, Ground, Recipient
from escalation.procedure.due import Deadline
from escalation.procedure.figure import Clock, say_span
from escalation.procedure.ladder import Ladder, Level, Step
from escalation.procedure.pack import Article, Office, Pack, thaw
from escalation.procedure.pack_file import PackError, codes, load
from escalation.procedure.problem import Problem
from escalation.procedure.prohibited import Prohibited
from escalation.procedure.voice import Approver, Basis, Check, Voice, basis_words
from escalation.procedure.words import Act, Channel, DutyKind, Every, Role, Source, Trigger

__all__ = [
    "Act",
    "Answer",
    "Approver",
    "Article",
    "Basis",
    "Channel",
    "Check",
    "Clock",
    "Deadline",
    "Duty",
    "DutyKind",
    "Every",
    "Ground",
    "Ladder",
    "Level",
    "Office",
    "Pack",
    "PackError",
    "Problem",
    "Prohibited",
    "Recipient",
    "Role",
    "Source",
    "Step",
    "Trigger",
    "Voice",
    "basis_words",
    "codes",
    "load",
    "say_span",
    "thaw",
]
