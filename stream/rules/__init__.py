"""Rule packs: what a duty officer looks for, as TOML, one file per theme; loaded strictly, all faults told at once.

The form of a rule is described in README.md beside this file. A term is plain text; `A…B` is A followed by B at most
GAP characters later; `<数字N>` is a run of at least N digits; `@name` in a list stands for a list of `words.toml`.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from sys import intern
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sentiment.shelf import shelved
from stream.assessment import Target
from stream.danger import DANGERS, GRAVE_FROM
from stream.post import Kind, Post
from stream.stance import Stance

HERE = Path(__file__).parent
WORDS = "words.toml"
MACHINERY = 3
"""One more whenever the same rules judge otherwise, as `match`, `stance`, `target` or `doubt` read them otherwise."""
LARGE = 50_000
"""Bytes of rule files from which on what they hold is kept on the shelf; fewer are read as fast."""
GAP = 8
"""Characters allowed between the two sides of a term `A…B`."""
DIGITS = re.compile(r"<数字(\d{1,2})>")
THEMES = (
    *("canteen", "dorm", "fees", "teacher", "safety", "self_harm", "bullying", "exam", "admissions", "privacy"),
    *("image", "unauthorised_post", "prohibited", "rumour", "internship", "awards", "admin", "any"),
)
"""`any` is for cues that count toward whatever matter the thread already has (echo, escalation, irony, advert)."""


class Slot(StrEnum):
    """Where words stand: the account's own post, words under it (or a student's own post), a letter, a lead."""

    OWN_POST = "own_post"
    COMMENT = "comment"
    MESSAGE = "message"
    LEAD = "lead"


class Category(StrEnum):
    """What a rule recognises. `prohibited` is for own posts only and cites an article; the rest are service labels.

    `illegal`: words that no law allows anybody (gambling, drugs for sale), never criticism.
    """

    INCIDENT = "incident"
    GRIEVANCE = "grievance"
    QUESTION = "question"
    RUMOUR = "rumour"
    MOOD = "mood"
    PROHIBITED = "prohibited"
    ILLEGAL = "illegal"
    ECHO = "echo"
    ESCALATION = "escalation"
    IRONY = "irony"
    ADVERT = "advert"


CUES = frozenset({Category.ECHO, Category.ESCALATION, Category.IRONY, Category.ADVERT})


TAKEN: Mapping[Category, tuple[Stance, ...]] = {
    Category.INCIDENT: (Stance.TOLD, Stance.QUOTED),
    Category.GRIEVANCE: (Stance.TOLD, Stance.ASKED, Stance.QUOTED),
    Category.RUMOUR: (Stance.TOLD, Stance.ASKED, Stance.QUOTED, Stance.SUPPOSED),
}
"""Which stances an anchor may have, by category; of the others any. Rules for own posts alone take any as well."""
IMPLIED = {Category.INCIDENT: "implied_incident", Category.GRIEVANCE: "implied_grievance"}
"""The list of `words.toml` that every rule of a category has in its `not`, but for own posts and `guards = false`."""


class RuleError(ValueError):
    """Rule files that cannot be used. The text has one Chinese sentence a line: file, rule, field and cure."""


class Examples(BaseModel):
    """Texts that must and must not match; each is a test."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    match: tuple[str, ...] = Field(min_length=1)
    miss: tuple[str, ...] = Field(min_length=1)


class Rule(BaseModel):
    """One rule. `any` anchors it; every list in `near` must have a term within `within` characters of that anchor.

    `unless` takes away an anchor that has such a term within `guard` characters; `not` in the whole text takes away
    the rule. `target` empty means anybody but another school. `about`: what the matter is called, for a hold of it.
    `kind`: of danger (`stream.danger`); `tells`: words by which it is a danger of these kinds instead. `stance`: how an
    anchor may be meant, empty any; `load` writes out what the category implies, and the implied guards into `not`.
    `beside`: holds only where a rule of one of these categories holds in the same text. `sign`: it knows a matter by
    its signs, in words of harmless lines too, and so holds only where the model is sure of a concern (`stream.doubt`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    id: str = Field(pattern=r"^[A-Z]{2}-\d{2,3}$")
    version: int = Field(ge=1)
    title: str = Field(min_length=2, max_length=30)
    about: tuple[Annotated[str, Field(pattern=r"^[\u4e00-\u9fff]{2,8}$")], ...] = ()
    theme: str = ""
    category: Category
    sign: bool = False
    kind: str = ""
    tells: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    grave: bool = False
    level_floor: int | None = Field(default=None, ge=1, le=4)
    weight: int = Field(ge=0, le=100)
    applies_to: tuple[Slot, ...] = (Slot.COMMENT, Slot.MESSAGE, Slot.LEAD)
    any: tuple[str, ...] = Field(min_length=1)
    near: tuple[tuple[str, ...], ...] = ()
    within: int = Field(default=16, ge=0, le=200)
    unless: tuple[str, ...] = ()
    guard: int = Field(default=6, ge=0, le=200)
    not_: tuple[str, ...] = Field(default=(), alias="not")
    guards: bool = True
    stance: tuple[Stance, ...] = ()
    beside: tuple[Category, ...] = ()
    target: tuple[Target, ...] = ()
    article: str = ""
    label: Literal["service", ""] = ""
    owner: str = ""
    false_alarms: str = ""
    examples: Examples


@dataclass(frozen=True)
class Rulebook:
    """Every rule with its lists written out, and the shared word lists (`outsider`, `staff`, `place` …)."""

    rules: tuple[Rule, ...]
    words: Mapping[str, tuple[str, ...]]

    def rule(self, rule_id: str) -> Rule:
        """The rule of this id. Raises KeyError."""
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise KeyError(rule_id)

    def places(self) -> tuple[str, ...]:
        """Words that name a matter in any school: its places (操场) and facilities (热水)."""
        return (*self.words.get("place", ()), *self.words.get("facility", ()))

    def packs(self) -> dict[str, str]:
        """The edition of each theme's rules and of the word lists, as 12 hex digits: the same digits, the same judging.

        Examples, owners, known false alarms and names of the matter judge nothing and are left out.
        """
        by_theme: dict[str, list[object]] = {}
        for rule in sorted(self.rules, key=lambda rule: rule.id):
            judging = rule.model_dump(mode="json", exclude={"about", "examples", "false_alarms", "owner"})
            by_theme.setdefault(rule.theme, []).append(judging)
        found = {theme: _digits(rows) for theme, rows in sorted(by_theme.items())}
        return found | {"words": _digits({name: list(terms) for name, terms in self.words.items()})}

    def edition(self) -> str:
        """The edition of all rules together, as 12 hex digits."""
        return _digits([MACHINERY, self.packs()])


def _digits(value: object) -> str:
    canonical = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def slot_of(post: Post) -> Slot | None:
    """The slot a post is judged in; None for the school's own answers, which no rule reads."""
    if post.kind is Kind.LEAD:
        return Slot.LEAD
    if post.by_school:
        return Slot.OWN_POST if post.kind is Kind.POST else None
    return Slot.MESSAGE if post.kind is Kind.MESSAGE else Slot.COMMENT


def load(folder: Path = HERE) -> Rulebook:
    """Read every rule file of a folder. Raises RuleError naming all faults of all files at once."""
    faults: list[str] = []
    tables = _tables(sorted(folder.glob("*.toml")), faults)
    words = _words(tables.pop(WORDS, {}), faults)
    rules: list[Rule] = []
    for name, table in tables.items():
        rules += _file(name, table, words, faults)
    seen: dict[str, Rule] = {}
    for rule in rules:
        if rule.id in seen:
            faults.append(f"规则 {rule.id}：编号重复，请换一个没有用过的编号。")
        seen[rule.id] = rule
    if not rules and not faults:
        faults.append(f"{folder}：没有规则文件，请放入至少一个 .toml 规则文件。")
    if faults:
        raise RuleError("\n".join(faults))
    return Rulebook(tuple(rules), words)


_Tables = dict[str, dict[str, Any]]
"""What each file holds, by its name."""


def _tables(paths: Sequence[Path], faults: list[str]) -> _Tables:
    """What the files hold, in their order; from the shelf where it lies there, for reading TOML takes 60 ms."""
    contents: dict[str, bytes] = {}
    for path in paths:
        try:
            contents[path.name] = path.read_bytes()
        except OSError as error:
            faults.append(f"{path.name}：读不到文件（{error.strerror}），请检查文件是否在位、能否读取。")
    if sum(map(len, contents.values())) < LARGE:
        return _read_all(contents, faults)
    made_of = (part for name, content in contents.items() for part in (name.encode("utf-8", "surrogatepass"), content))
    try:
        return shelved("rules", made_of, lambda: _read_all(contents, None), _of_tables)
    except (ValueError, TypeError):  # of a file that is no TOML, or of a date, which the shelf cannot hold
        return _read_all(contents, faults)


def _of_tables(kept: Mapping[str, Any]) -> _Tables:
    return {name: dict(table.items()) for name, table in kept.items()}


def _read_all(contents: Mapping[str, bytes], faults: list[str] | None) -> _Tables:
    """Raises ValueError, where there are no `faults` to tell of a file that cannot be read."""
    found: _Tables = {}
    for name, content in contents.items():
        try:
            found[name] = tomllib.loads(content.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            if faults is None:
                raise
            found[name] = {}
            faults.append(f"{name}：不是合格的 TOML（{error}），请改正该处写法，文件须用 UTF-8 保存。")
    return found


def _words(table: Mapping[str, Any], faults: list[str]) -> dict[str, tuple[str, ...]]:
    out: dict[str, tuple[str, ...]] = {}
    for name, terms in table.items():
        if not isinstance(terms, list) or not all(isinstance(t, str) for t in terms):
            faults.append(f"{WORDS} {name}：须是一列文字，例如 {name} = [“食堂”, “窗口”]。")
            continue
        out[name] = tuple(_expand(terms, out, f"{WORDS} {name}", faults))
    return out


def _expand(terms: Sequence[str], words: Mapping[str, Sequence[str]], where: str, faults: list[str]) -> Iterator[str]:
    for term in terms:
        if not term.startswith("@"):
            if ("…" in term or not term.strip()) and not all(_parts(term)):
                faults.append(f"{where}：词“{term}”有一边是空的，“…”两边都要有字。")
            yield intern(term.lower())  # many rules name the same words
        elif term[1:] in words:
            yield from words[term[1:]]
        else:
            faults.append(f"{where}：没有名为“{term}”的词表，请在 {WORDS} 中加上，或改用已有词表。")


def _parts(term: str) -> list[str]:
    return [part.strip() for part in term.split("…")]


def _file(name: str, raw: dict[str, Any], words: Mapping[str, Sequence[str]], faults: list[str]) -> Iterator[Rule]:
    theme, owner, rows = raw.pop("theme", ""), raw.pop("owner", ""), raw.pop("rule", [])
    faults.extend(f"{name}：不认识顶层的“{key}”，请删去或移入某条规则。" for key in raw)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        faults.append(f"{name}：规则须写成 [[rule]] 表。")
        return
    for row in rows:
        where = f"{name} 规则 {row.get('id', '（未写编号）')}"
        row = {"theme": theme, "owner": owner} | row
        try:
            rule = Rule.model_validate(row)
        except ValidationError as error:
            faults.extend(_fault(where, problem) for problem in error.errors())
            continue
        faults.extend(f"{where} {field}：{cure}" for field, cure in _senseless(rule))
        whole = _written_out(rule, words, where, faults)
        faults.extend(f"{where} tells：{cure}" for cure in _idle_tells(whole))
        yield whole


def _written_out(rule: Rule, words: Mapping[str, Sequence[str]], where: str, faults: list[str]) -> Rule:
    def out(terms: Sequence[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(_expand(terms, words, where, faults)))

    own_post = set(rule.applies_to) == {Slot.OWN_POST}
    implied = words.get(IMPLIED.get(rule.category, ""), ()) if rule.guards and not own_post else ()
    stance = rule.stance or (() if own_post else TAKEN.get(rule.category, ()))
    guards = tuple(dict.fromkeys((*out(rule.not_), *implied)))
    lists = {"any": out(rule.any), "unless": out(rule.unless), "not_": guards, "stance": stance}
    tells = {kind: out(terms) for kind, terms in rule.tells.items()}
    return rule.model_copy(update=lists | {"near": tuple(out(group) for group in rule.near), "tells": tells})


def _idle_tells(rule: Rule) -> Iterator[str]:
    """Words that tell a danger and cannot make the rule hold; asked of the rule with its lists written out."""
    held = {term for group in (rule.any, *rule.near) for term in group}
    idle = sorted({term for terms in rule.tells.values() for term in terms} - held)
    if idle:
        yield f"“{'、'.join(idle)}”不在 any 和 near 中，不会起作用，请改正或加上。"


def _senseless(rule: Rule) -> Iterator[tuple[str, str]]:
    if rule.theme not in THEMES:
        yield "theme", f"没有“{rule.theme}”这个主题，可用：{'、'.join(THEMES)}。"
    if bool(rule.article) == (rule.label == "service"):
        yield "article", "须二选一：引用学校条款写 article，服务标签写 label = “service”。"
    if rule.article and set(rule.applies_to) != {Slot.OWN_POST}:
        yield "article", "校规条款只约束官方账号自己的帖文，applies_to 须为 [“own_post”]；评论请用 label = “service”。"
    if rule.category is Category.PROHIBITED and not rule.article:
        yield "article", "禁止类规则须写明校规条款。"
    if (rule.category in CUES) != (rule.theme == "any"):
        yield "theme", "附和、升级、反讽、广告类须用主题 any，其余类别不得用 any。"
    if any(not group for group in rule.near):
        yield "near", "每一组近邻词至少要有一个词。"
    if rule.grave and rule.level_floor is None:
        yield "level_floor", "一条即开的规则须写明最轻等级（1 至 4）。"
    yield from _danger_faults(rule)
    if not rule.owner:
        yield "owner", "须写明规则由谁负责维护。"


def _danger_faults(rule: Rule) -> Iterator[tuple[str, str]]:
    """A rule for a danger says which; no other does."""
    known = "、".join(DANGERS)
    is_danger = rule.level_floor is not None and rule.level_floor <= GRAVE_FROM
    if not rule.kind and (rule.grave or (is_danger and rule.category is Category.INCIDENT)):
        yield "kind", f"一条即开或Ⅰ、Ⅱ级的事故类规则须写明是哪种险情，可用：{known}。"
    if rule.kind and not is_danger:
        yield "kind", "只有最轻等级（level_floor）为 1 或 2 的规则才是险情，请删去 kind 或改正等级。"
    for kind in {rule.kind, *rule.tells} - {"", *DANGERS}:
        yield "kind", f"没有“{kind}”这种险情，可用：{known}。"
    if rule.tells and not rule.kind:
        yield "tells", "写了 tells 的规则也须写 kind，其余的话按它算。"


WANTED = {"missing": "缺少这一项，请补上", "extra_forbidden": "不认识这一项，请删去或改正拼写"}


def _fault(where: str, problem: Mapping[str, Any]) -> str:
    field = ".".join(str(part) for part in problem["loc"])
    cure = WANTED.get(problem["type"], f"写法不对（{problem['msg']}），请按 README.md 改正")
    return f"{where} {field}：{cure}。"
