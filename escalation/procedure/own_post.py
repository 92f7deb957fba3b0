"""What a document says of the school's own posts: the standing ban, the permit, the submission, the relay duty.

Each stands empty (校规未规定) or is labelled a default of ours; nothing is filled from another school.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from escalation.procedure.figure import Clock, Strict
from escalation.procedure.words import Source

DAY = Clock(after=timedelta(hours=24), source=Source.DEFAULT)


class StandingBan(Strict):
    """Whether posts on major, sudden, hot or sensitive matters need leave, incident or not. NONE: no such clause."""

    source: Source = Source.DEFAULT
    article: str = ""
    quote: str = ""
    reading: str = ""

    @property
    def basis(self) -> str:
        """What a finding prints: the article, or 系统默认，非校规."""
        return self.article if self.source is Source.RULE else self.source.label


class PermitClause(Strict):
    """Who gives leave to speak 授权发布. `office`: one of the pack's office words; `left_open`: what nobody wrote.

    A document that says by whom only vaguely (学校相关部门) keeps its word; the school enters the person.
    """

    source: Source = Source.NONE
    office: str = ""
    article: str = ""
    quote: str = ""
    left_open: str = ""
    filing: str = ""
    expires: Clock = DAY

    @property
    def basis(self) -> str:
        """The article, or the label of the source."""
        return self.article if self.source is Source.RULE else self.source.label


class SubmissionClause(Strict):
    """Which posts are approved one by one before release 送审. `unit` and `centre` are office words, in this order.

    `scope`: every account, the school's main ones, or the second-level ones; `platforms` empty: every platform.
    `unit_by_default`: the unit's step is ours, the clause does not name its signer.
    """

    article: str
    quote: str
    scope: Literal["all", "main", "second"] = "all"
    platforms: tuple[str, ...] = ()
    unit: str = ""
    unit_by_default: bool = False
    centre: str = ""
    seal: bool = False
    reading: str = ""

    def binds(self, *, main: bool, platform: str) -> bool:
        """Whether posts of such an account are to be submitted."""
        fits = self.scope == "all" or (self.scope == "main") == main
        return fits and (not self.platforms or platform in self.platforms)


class RelayClause(Strict):
    """The everyday duty to relay and to mention. `campaigns_only`: in major campaigns only, no share is reckoned."""

    source: Source = Source.NONE
    article: str = ""
    quote: str = ""
    mention: bool = False
    second_only: bool = False
    campaigns_only: bool = False
    span: Clock = DAY
