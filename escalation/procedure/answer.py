"""The routing decision: who is told of a trigger, by which article, by when, and what else the clause demands."""

from __future__ import annotations

from typing import Any

from escalation.procedure.due import Deadline, strictest
from escalation.procedure.figure import Strict
from escalation.procedure.words import DutyKind, Source, Trigger


class Ground(Strict):
    """One reason why an office is told. `office` is the clause's own word; a default has no article and no quote."""

    trigger: Trigger
    office: str
    chapter: str = ""
    article: str = ""
    cited: str = ""
    quote: str = ""
    inferred: bool = False
    reading: str = ""
    source: Source
    reason: str


class Recipient(Strict):
    """One office or person role to be told, once, with every ground; the first ground gives the shown name."""

    role: str
    grounds: tuple[Ground, ...]

    @property
    def office(self) -> str:
        """The office in the words of its first article (or of the pack's default)."""
        return self.grounds[0].office

    @property
    def told_by(self) -> tuple[Ground, ...]:
        """The grounds that a notice names: the articles where there are any. A default says that the document names
        nobody; beside an article that does, of another circumstance of the same matter, that would mislead."""
        return tuple(ground for ground in self.grounds if ground.source is Source.RULE) or self.grounds

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that a ground uses for this recipient, without repeats: each clause keeps its own word."""
        return tuple(dict.fromkeys(ground.office for ground in self.grounds))

    @property
    def chapter(self) -> str:
        """Chapter of the first ground, empty for a default."""
        return self.grounds[0].chapter

    @property
    def articles(self) -> tuple[str, ...]:
        """Every article that names this recipient, as it is to be cited, without repeats."""
        return tuple(dict.fromkeys(ground.cited for ground in self.grounds if ground.cited))

    @property
    def article(self) -> str:
        """All articles in one line (`第十三条、第十四条`), empty for a default."""
        return "、".join(self.articles)

    @property
    def quote(self) -> str:
        """The words of the first ground's article, empty for a default."""
        return self.grounds[0].quote

    @property
    def reason(self) -> str:
        """Why this recipient is told: one sentence per distinct reason; no default's where an article names them."""
        return "；".join(dict.fromkeys(ground.reason for ground in self.told_by))

    @property
    def source(self) -> Source:
        """RULE where at least one article names the recipient, else DEFAULT."""
        return Source.RULE if any(ground.source is Source.RULE for ground in self.grounds) else Source.DEFAULT

    @property
    def inferred(self) -> bool:
        """Whether every article ground is a reading of ours and none says it plainly."""
        ruled = [ground for ground in self.grounds if ground.source is Source.RULE]
        return bool(ruled) and all(ground.inferred for ground in ruled)

    @property
    def basis(self) -> str:
        """What the notice prints: the articles, marked where inferred, or 系统默认，非校规."""
        if self.source is not Source.RULE:
            return self.source.label
        return f"{self.article}（推断）" if self.inferred else self.article


class Duty(Strict):
    """Something else that the clause demands. `actor` is the clause's own word for who must do it, empty if none;
    `role` is the key of that office where the pack registers it. `left_open` is what the clause does not say and a
    person has to fill in before it can be done (上报对象); empty where nothing is missing."""

    kind: DutyKind
    what: str
    actor: str = ""
    role: str = ""
    chapter: str
    article: str
    cited: str
    quote: str
    inferred: bool = False
    reading: str = ""
    left_open: str = ""


class Answer(Strict):
    """The decision for one or several triggers at a level (1 gravest). Recipients named by articles stand first."""

    school: str
    pack: str
    triggers: tuple[Trigger, ...]
    level: int
    recipients: tuple[Recipient, ...]
    deadlines: tuple[Deadline, ...] = ()
    duties: tuple[Duty, ...] = ()
    silent: bool

    @property
    def trigger(self) -> Trigger:
        """The first trigger asked about."""
        return self.triggers[0]

    def asked_of(self, role: str) -> tuple[Duty, ...]:
        """The duties whose actor is this role, for its own notice and page."""
        return tuple(duty for duty in self.duties if duty.role == role)

    @property
    def named(self) -> tuple[Recipient, ...]:
        """Only the recipients whom an article names or implies."""
        return tuple(one for one in self.recipients if one.source is Source.RULE)

    @property
    def also_told(self) -> tuple[Recipient, ...]:
        """Recipients told by default, whom no article names under these triggers."""
        return tuple(one for one in self.recipients if one.source is not Source.RULE)

    @property
    def deadline(self) -> Deadline:
        """The strictest deadline: the shortest number, else the words with all their articles, else 校规未规定."""
        return strictest(self.deadlines)

    def as_json(self) -> dict[str, Any]:
        """The shape of `fengxin policy who --json`: one row per office and article, defaults apart in `also_told`."""
        return {
            "school": self.school,
            "pack": self.pack,
            "trigger": "+".join(self.triggers),
            "level": self.level,
            "recipients": [_row(one, g) for one in self.named for g in one.grounds if g.source is Source.RULE],
            "also_told": [_row(one, g) for one in self.recipients for g in one.grounds if g.source is not Source.RULE],
            "deadline": {**self.deadline.model_dump(mode="json"), "note": self.deadline.note},
            "duties": [duty.model_dump(mode="json") for duty in self.duties],
            "silent": self.silent,
        }


def _row(recipient: Recipient, ground: Ground) -> dict[str, Any]:
    return {"role": recipient.role, **ground.model_dump(mode="json")}
