"""One voice in a pack: the clauses a hold and a relay rest on, who approves a statement, what is checked before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from pydantic import Field

from escalation.procedure.figure import Clock, Strict
from escalation.procedure.ladder import LevelNumber
from escalation.procedure.words import Source

HALF_AN_HOUR = Clock(after=timedelta(minutes=30), source=Source.DEFAULT)
TWO_HOURS = Clock(after=timedelta(hours=2), source=Source.DEFAULT)


class Basis(Strict):
    """A clause that something rests on. `reading` says how it was read where it does not say so plainly."""

    article: str
    quote: str = Field(min_length=1)
    inferred: bool = False
    reading: str = ""


class Cited(Strict):
    """Something that a clause demands, or that is ours: `source` default has no article and no quote."""

    source: Source = Source.DEFAULT
    article: str = ""
    quote: str = ""
    reading: str = ""

    @property
    def label(self) -> str:
        """What stands beside it: the article, or 系统默认，非校规."""
        return self.article if self.source is Source.RULE else self.source.label


class Check(Cited):
    """One item that somebody looks at before a statement goes to its approver."""

    key: str = Field(pattern=r"^[a-z][a-z_]*$")
    what: str = Field(min_length=1)


class Approver(Cited):
    """One step of the approval chain: the office (its key in the pack) and the levels at which it is asked."""

    office: str = Field(pattern=r"^[a-z][a-z_]*$")
    levels: tuple[LevelNumber, ...] = (1, 2, 3, 4)


CHECKS = (
    Check(key="secrecy", what="不涉及国家秘密和工作秘密"),
    Check(key="internal", what="不含学校内部办公信息和暂不宜公开的事项"),
    Check(key="personal", what="不含个人信息（姓名、学号、电话、病情等）"),
    Check(key="prohibited", what="不含禁止发布的内容"),
)
APPROVERS = (
    Approver(office="publicity", levels=(3, 4)),
    Approver(office="school_leader", levels=(1, 2)),
)


class Voice(Strict):
    """One voice 统一发声. What no clause gives is our default, labelled; empty lists mean: the document is silent.

    `confirm`: by when a keeper confirms a hold; `approve`: by when an approver decides; `relay_within`: by when an
    account relays a release.
    """

    hold: tuple[Basis, ...] = ()
    publisher: tuple[Basis, ...] = ()
    relay: tuple[Basis, ...] = ()
    check: tuple[Check, ...] = CHECKS
    approver: tuple[Approver, ...] = APPROVERS
    confirm: Clock = TWO_HOURS
    approve: Clock = HALF_AN_HOUR
    relay_within: Clock = TWO_HOURS

    def chain(self, level: int) -> tuple[Approver, ...]:
        """Who approves at this level, in order; never nobody: the last step of the chain where no level fits."""
        asked = tuple(one for one in self.approver if level in one.levels)
        return asked or self.approver[-1:] or APPROVERS[-1:]


def basis_words(some: Sequence[Basis]) -> str:
    """The articles in one line (`第十条、第十五条`), marked where inferred; the default's label where there is none."""
    cited = dict.fromkeys(f"{one.article}（推断）" if one.inferred else one.article for one in some)
    return "、".join(cited) or Source.DEFAULT.label
