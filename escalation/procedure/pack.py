"""A policy pack: one school's rules as data, and the decision who is told. Facts: `escalation/policies/README.md`."""

from __future__ import annotations

import datetime
import marshal
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from pydantic import Field

from escalation.procedure.accountability import Accountability
from escalation.procedure.answer import Answer, Duty, Ground, Recipient
from escalation.procedure.desk_duty import DeskDuty, Quiet
from escalation.procedure.due import Deadline, RuleDeadline
from escalation.procedure.errand import TaskClocks
from escalation.procedure.figure import Strict
from escalation.procedure.ladder import Ladder, Level, LevelNumber
from escalation.procedure.own_post import PermitClause, RelayClause, StandingBan, SubmissionClause
from escalation.procedure.prohibited import Prohibited
from escalation.procedure.reignition import Reignition
from escalation.procedure.reignition_check import FOR_ACCEPTANCE
from escalation.procedure.same_office import unite
from escalation.procedure.service import Care, Consultation
from escalation.procedure.voice import Voice
from escalation.procedure.words import DutyKind, Source, Trigger

FROZEN_FORMAT = 1
_LIGHTEST = 4
_FIGURES = tuple(RuleDeadline.model_fields)


class Office(Strict):
    """An office or person role. `words` are all the names the document uses for it; one key is told once.

    `maybe_same_as` is the key of another office that may be the same department: apart until the school says so.
    """

    key: str = Field(pattern=r"^[a-z][a-z_]*$")
    words: tuple[str, ...] = Field(min_length=1)
    source: Source = Source.RULE
    note: str = ""
    maybe_same_as: str = ""


class Article(Strict):
    """One article, whole. Two articles may share a number; then the chapter must be cited too."""

    chapter: str = Field(pattern=r"^第[一二三四五六七八九十百]+章$")
    chapter_title: str
    number: str = Field(pattern=r"^第[一二三四五六七八九十百]+条$")
    text: str = Field(min_length=1)


class RuleDuty(Strict):
    """Something the clause demands besides telling somebody; `quote` empty means the rule's quote.

    `left_open` is what the clause does not say and a person has to fill in: 上报对象.
    """

    kind: DutyKind
    what: str = Field(min_length=1)
    actor: str = ""
    quote: str = ""
    inferred: bool = False
    reading: str = ""
    left_open: str = ""


class Rule(Strict):
    """What one clause demands under some triggers. `reading` says which choice was made where the clause is unclear."""

    triggers: tuple[Trigger, ...] = Field(min_length=1)
    article: str
    quote: str = Field(min_length=1)
    tell: tuple[str, ...] = ()
    reason: str = ""
    inferred: bool = False
    reading: str = ""
    deadline: RuleDeadline | None = None
    duty: tuple[RuleDuty, ...] = ()


class Default(Strict):
    """Recipients of our own, labelled 系统默认，非校规. `only_if_unnamed`: only where no article names a recipient."""

    triggers: tuple[Trigger, ...] = Field(min_length=1)
    tell: tuple[str, ...] = Field(min_length=1)
    levels: tuple[LevelNumber, ...] = (1, 2, 3, 4)
    only_if_unnamed: bool = False
    reason: str = Field(min_length=1)


class Omission(Strict):
    """An obligation of the document that this pack does not carry out, and why."""

    article: str
    what: str
    reason: str


class Pack(Strict):
    """One school's procedure. Build it with `load`; `version` is the sha256 of the files it was read from.

    `purpose`: empty, or 仅供验收 for clocks that no school may have; see `reignition_check`.
    """

    code: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")
    school: str = Field(min_length=1)
    title: str = Field(min_length=1)
    date: datetime.date | None = None
    date_note: str = ""
    document: str = ""
    interpreter: str = ""
    school_names: tuple[str, ...] = ()
    purpose: str = Field(default="", pattern=rf"^({FOR_ACCEPTANCE})?$")
    office: tuple[Office, ...] = Field(min_length=1)
    level: tuple[Level, ...] = Field(min_length=1)
    ladder: Ladder
    article: tuple[Article, ...] = ()
    rule: tuple[Rule, ...] = ()
    default: tuple[Default, ...] = ()
    not_in_scope: tuple[Omission, ...] = ()
    prohibited: tuple[Prohibited, ...] = ()
    standing_ban: StandingBan = StandingBan()
    permit: PermitClause = PermitClause()
    submission: tuple[SubmissionClause, ...] = ()
    relay: RelayClause = RelayClause()
    reignition: Reignition = Reignition()
    voice: Voice = Voice()
    consultation: Consultation | None = None
    care: Care | None = None
    desk: DeskDuty = DeskDuty()
    quiet: tuple[Quiet, ...] = ()
    task: TaskClocks = TaskClocks()
    accountability: tuple[Accountability, ...] = ()
    version: str = Field(pattern=r"^[0-9a-f]{64}$")

    @property
    def label(self) -> str:
        """Code and short version, as shown on the incident page: `JY@1a2b3c4d`; and what it is only for."""
        return f"{self.code}@{self.version[:8]}" + (f"（{self.purpose}）" if self.purpose else "")

    @property
    def articles(self) -> dict[str, Article]:
        """Articles by the way they are cited: `第十三条`, or `第五章第十九条` where the number occurs twice."""
        return {self._cited(article): article for article in self.article}

    @property
    def offices(self) -> dict[str, Office]:
        """Offices by key, in the pack's order."""
        return {office.key: office for office in self.office}

    def grade(self, level: int) -> Level:
        """The level with this number (1 gravest); one lighter than the pack's lightest is the lightest.

        A pack may have fewer than the four levels that the watch tells apart. Raises KeyError outside 1..4.
        """
        level = min(level, max(one.number for one in self.level)) if level <= _LIGHTEST else level
        for one in self.level:
            if one.number == level:
                return one
        raise KeyError(level)

    def who(self, triggers: Iterable[Trigger], level: int, *, care: bool = False) -> Answer:
        """Who is told of these triggers at this level (1..4), by which articles, by when, and what else is demanded.

        A recipient whom an article names is told at every level. An office named by several articles is one
        recipient with all of them. The answer's level is the pack's own (see `grade`). Raises ValueError without a
        trigger, KeyError for a level outside 1..4.

        `care`: it is a cry for help, so the pack's care role is told besides, whatever else it is.
        """
        asked = tuple(sorted(set(triggers), key=list(Trigger).index))
        if not asked:
            raise ValueError("没有触发情形，无法决定上报对象")
        level = self.grade(level).number
        grounds = [ground for trigger in asked for ground in self._grounds(trigger, level)]
        if care and self.care is not None:
            grounds += [self.care.ground(asked[0], words) for words in self.care.tell]
        rules = [rule for rule in self.rule if set(rule.triggers) & set(asked)]
        deadlines = tuple(dict.fromkeys(self._deadline(rule) for rule in rules if rule.deadline))
        duties = tuple(dict.fromkeys(duty for rule in rules for duty in self._duties(rule)))
        return Answer(
            school=self.school,
            pack=self.label,
            triggers=asked,
            level=level,
            recipients=self._gather(grounds),
            deadlines=deadlines,
            duties=duties,
            silent=not rules,
        )

    def cite(self, words: str) -> Article:
        """The article cited as `第十三条` or `第五章第十九条`. Raises KeyError where it is unknown or ambiguous."""
        found = [one for one in self.article if words in (one.number, one.chapter + one.number)]
        if len(found) != 1:
            raise KeyError(words)
        return found[0]

    def role_of(self, words: str) -> str:
        """The key of the office that a clause calls so; empty where the pack registers none."""
        return self._role(words)

    def submission_for(self, *, main: bool, platform: str) -> SubmissionClause | None:
        """The clause by which posts of such an account are approved one by one; None where no clause asks it."""
        return next((one for one in self.submission if one.binds(main=main, platform=platform)), None)

    def cite_item(self, article: str, no: int) -> str:
        """An item of the prohibited list as a finding cites it: pack, article and number (`TF 第十一条第 6 项`).

        Raises KeyError where the pack's list has no such item.
        """
        if not any(one.article == article and one.no == no for one in self.prohibited):
            raise KeyError((article, no))
        return f"{self.code} {self._cited(self.cite(article))}第 {no} 项"

    def merged(self, confirmed: Iterable[str]) -> Pack:
        """The pack in which the school has said that these offices are the ones of their `maybe_same_as`.

        Such a department is told once, each ground in its clause's own word. The version becomes another one. Raises
        ValueError for a key of which the pack does not say so.
        """
        return unite(self, confirmed)

    def freeze(self) -> dict[str, Any]:
        """The whole pack as plain JSON, which an incident keeps and `thaw` reads back."""
        return {"format": FROZEN_FORMAT, "pack": self.model_dump(mode="json")}

    def _cited(self, article: Article) -> str:
        twice = sum(one.number == article.number for one in self.article) > 1
        return article.chapter + article.number if twice else article.number

    def _role(self, words: str) -> str:
        return next((office.key for office in self.office if words in office.words), "")

    def _grounds(self, trigger: Trigger, level: int) -> list[Ground]:
        named = [ground for rule in self.rule if trigger in rule.triggers for ground in self._ruled(rule, trigger)]
        defaults = [
            Ground(trigger=trigger, office=words, source=Source.DEFAULT, reason=default.reason)
            for default in self.default
            if trigger in default.triggers and level in default.levels and not (default.only_if_unnamed and named)
            for words in default.tell
        ]
        return named + defaults

    def _ruled(self, rule: Rule, trigger: Trigger) -> list[Ground]:
        article = self.cite(rule.article)
        cited = self._cited(article)
        return [
            Ground(
                trigger=trigger,
                office=words,
                chapter=article.chapter,
                article=article.number,
                cited=cited,
                quote=rule.quote,
                inferred=rule.inferred,
                reading=rule.reading,
                source=Source.RULE,
                reason=rule.reason or f"{cited}要求报告",
            )
            for words in rule.tell
        ]

    def _gather(self, grounds: list[Ground]) -> tuple[Recipient, ...]:
        by_role: dict[str, list[Ground]] = {}
        for ground in sorted(grounds, key=lambda ground: ground.source is not Source.RULE):
            by_role.setdefault(self._role(ground.office), []).append(ground)
        return tuple(Recipient(role=role, grounds=tuple(dict.fromkeys(some))) for role, some in by_role.items())

    def _deadline(self, rule: Rule) -> Deadline:
        clause = rule.deadline
        if clause is None:
            return Deadline()
        cited = self._cited(self.cite(rule.article))
        return Deadline(source=Source.RULE, article=cited, **{name: getattr(clause, name) for name in _FIGURES})

    def _duties(self, rule: Rule) -> list[Duty]:
        article = self.cite(rule.article)
        return [
            Duty(
                kind=duty.kind,
                what=duty.what,
                actor=duty.actor,
                role=self._role(duty.actor),
                chapter=article.chapter,
                article=article.number,
                cited=self._cited(article),
                quote=duty.quote or rule.quote,
                inferred=duty.inferred,
                reading=duty.reading,
                left_open=duty.left_open,
            )
            for duty in rule.duty
        ]


def thaw(frozen: dict[str, Any]) -> Pack:
    """Read back what `Pack.freeze` gave. Raises ValueError where the format is not ours."""
    if frozen.get("format") != FROZEN_FORMAT:
        raise ValueError(f"冻结的规程包格式是 {frozen.get('format')}，本版只认 {FROZEN_FORMAT}，请升级或回退程序")
    return _read(marshal.dumps(frozen["pack"], 2))


@lru_cache(maxsize=64)
def _read(kept: bytes) -> Pack:
    """Hundreds of open incidents froze the same few packs, and checking one costs ten times what comparing does."""
    return Pack.model_validate(marshal.loads(kept), strict=False)  # noqa: S302 (bytes made a line above)
