"""What differs between two packs, in words: head, offices, articles, rules, who is told per trigger, clocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from deploy.policy.clause import Clause, clauses, deadline_words
from deploy.policy.own_post import own_posts
from deploy.policy.task import accountability, task_clocks
from deploy.policy.voice import one_voice
from deploy.policy.words import ACTS, CHANNELS, CLOCKS, DUTIES, HEADS, TRIGGERS, role_word
from escalation.procedure import Duty, Level, Pack, Recipient, Source, Trigger, say_span

NOTHING = "没有"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs. `before` and `after` are words; empty means that it is not there."""

    what: str
    before: str
    after: str


Section = tuple[str, tuple[Change, ...]]


def differences(one: Pack, other: Pack) -> tuple[Section, ...]:
    """Every section in which the packs differ."""
    return _sections(one, other, WHOLE)


def told_differences(one: Pack, other: Pack, triggers: tuple[Trigger, ...]) -> tuple[Section, ...]:
    """What differs for these triggers only: who is told at which level, deadlines, rules."""
    asked: tuple[tuple[str, Facts], ...] = (
        ("告知谁", lambda pack: _told(pack, triggers)),
        ("规则", lambda pack: _rules(clauses(pack, triggers))),
    )
    return _sections(one, other, asked)


Said = Mapping[str, str | tuple[str, ...]]
"""What a pack says of each thing, whole or in parts; of parts only those that differ are shown."""
Facts = Callable[[Pack], Said]


def _sections(one: Pack, other: Pack, wanted: tuple[tuple[str, Facts], ...]) -> tuple[Section, ...]:
    found = ((title, tuple(_changes(facts(one), facts(other)))) for title, facts in wanted)
    return tuple((title, changes) for title, changes in found if changes)


def _changes(before: Said, after: Said) -> Iterator[Change]:
    for what in dict.fromkeys([*before, *after]):
        one, other = _parts(before.get(what, ())), _parts(after.get(what, ()))
        here, there = [part for part in one if part not in other], [part for part in other if part not in one]
        if one == other:
            continue
        if one and other and (here or there):
            yield Change(what, "；".join(here) or NOTHING, "；".join(there) or NOTHING)
        else:
            yield Change(what, "；".join(one), "；".join(other))


def _parts(said: str | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one for one in ((said,) if isinstance(said, str) else said) if one)


def _head(pack: Pack) -> dict[str, str]:
    given = pack.model_dump(mode="json", include=set(HEADS))
    return {
        HEADS[key]: "、".join(value) if isinstance(value, list) else str(value or "") for key, value in given.items()
    }


def _offices(pack: Pack) -> Said:
    return {
        f"{office.words[0]}（{office.key}）": (
            f"写法：{'、'.join(office.words)}",
            office.source.label if office.source is not Source.RULE else "",
            f"可能与 {office.maybe_same_as} 是一家" if office.maybe_same_as else "",
            f"说明：{office.note}" if office.note else "",
        )
        for office in pack.office
    }


def _articles(pack: Pack) -> dict[str, str]:
    return {cited: f"{one.chapter_title}：{' '.join(one.text.split())}" for cited, one in pack.articles.items()}


def _rules(some: tuple[Clause, ...]) -> Said:
    """One entry per rule, known by its article and its quote."""
    told: dict[str, tuple[str, ...]] = {}
    for clause in some:
        rule = clause.rule
        told[_free(f"{clause.cited}“{rule.quote}”", told)] = (
            f"情形：{'、'.join(TRIGGERS[one] for one in rule.triggers)}",
            f"告知：{'、'.join(rule.tell) or '条文未写'}",
            f"期限：{clause.deadline or Source.NONE.label}",
            "推断" if rule.inferred else "",
            f"读法：{rule.reading}" if rule.reading else "",
            f"理由：{rule.reason}" if rule.reason else "",
            *(_duty(duty) for duty in clause.duties),
        )
    return told


def _duty(duty: Duty) -> str:
    asides = [f"由人填写{duty.left_open}"] * bool(duty.left_open) + [f"读法：{duty.reading}"] * bool(duty.reading)
    inferred = "（推断）" if duty.inferred else ""
    who = f"{duty.actor}，" if duty.actor else ""
    return f"义务·{DUTIES[duty.kind]}：{who}{duty.what}{inferred}" + "".join(f"（{one}）" for one in asides)


def _free(name: str, taken: Mapping[str, object]) -> str:
    number = 2
    free = name
    while free in taken:
        free, number = f"{name}（第 {number} 处）", number + 1
    return free


def _told(pack: Pack, triggers: tuple[Trigger, ...] = tuple(Trigger)) -> dict[str, str]:
    """Per trigger the recipients named by articles, the deadline, and those told by default with their levels."""
    told: dict[str, str] = {}
    for trigger in triggers:
        named = pack.who([trigger], 1)
        told[f"{TRIGGERS[trigger]}：条文点名"] = "、".join(map(_named, named.named)) or (
            "未规定" if named.silent else "条文未写"
        )
        told[f"{TRIGGERS[trigger]}：期限"] = deadline_words(named.deadline)
        for level in sorted(pack.level, key=lambda one: one.number):
            others = pack.who([trigger], level.number).also_told
            told[f"{TRIGGERS[trigger]}：{level.mark}级系统默认"] = "、".join(one.office for one in others) or NOTHING
    return told


def _named(one: Recipient) -> str:
    return f"{'／'.join(one.names)}（{one.basis}）"


def _levels(pack: Pack) -> dict[str, str]:
    told: dict[str, str] = {}
    for level in pack.level:
        told |= {f"{level.mark}级：{what}": words for what, words in _level(level).items()}
        told[f"{level.mark}级：无人签收"] = ladder(pack, level)
    chain = "、".join(f"{role_word(pack, low)}→{role_word(pack, high)}" for low, high in pack.ladder.chain.items())
    return told | {"上一级": chain}


def _level(level: Level) -> dict[str, str]:
    clocks = {words: getattr(level, key) for key, words in CLOCKS.items()}
    said = {what: f"{say_span(one.after)}（{one.label}）" for what, one in clocks.items() if one is not None}
    return {
        "名称": f"{level.name}（{level.article or level.source.label}）",
        "渠道": "、".join(CHANNELS[one] for one in level.channels),
        "暂停发声": "是" if level.hold else "否",
    } | said


def ladder(pack: Pack, level: Level) -> str:
    """The steps on silence in one line; where all figures have one source it stands once, at the end."""
    steps = pack.ladder.steps(level.number)
    acts = [
        f"{say_span(step.clock.after)}{'告知' + role_word(pack, step.role) if step.role else ACTS[step.act]}"
        for step in steps
    ]
    labels = [f"（{step.clock.label}）" for step in steps]
    if len(set(labels)) == 1:
        return " → ".join(acts) + labels[0]
    return " → ".join(act + label for act, label in zip(acts, labels, strict=True))


def _defaults(pack: Pack) -> dict[str, str]:
    told: dict[str, str] = {}
    for one in pack.default:
        levels = "、".join("ⅠⅡⅢⅣ"[number - 1] for number in one.levels)
        name = _free(f"{'、'.join(one.tell)}：{'、'.join(TRIGGERS[trigger] for trigger in one.triggers)}", told)
        told[name] = f"{levels} 级；{'条文没有点名时；' if one.only_if_unnamed else ''}{one.reason}"
    return told


def _omitted(pack: Pack) -> dict[str, str]:
    told: dict[str, str] = {}
    for one in pack.not_in_scope:
        told[_free(f"{one.article} {one.what}", told)] = one.reason
    return told


def _prohibited(pack: Pack) -> dict[str, str]:
    told: dict[str, str] = {}
    for one in pack.prohibited:
        told[_free(f"{one.article}第 {one.no} 项", told)] = f"{one.gloss}：“{one.quote}”"
    return told


WHOLE: tuple[tuple[str, Facts], ...] = (
    ("包头", _head),
    ("单位与职务", _offices),
    ("条文", _articles),
    ("规则", lambda pack: _rules(clauses(pack))),
    ("告知谁", _told),
    ("系统默认的告知对象（非校规）", _defaults),
    ("分级与时限", _levels),
    ("禁止发布的内容", _prohibited),
    ("自有账号的发布", own_posts),
    ("统一发声", one_voice),
    ("任务时限", task_clocks),
    ("追责", accountability),
    ("不执行的条文", _omitted),
)
