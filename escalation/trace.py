"""Trace 经过: the whole way of one kept post, step by step with its times, and one sentence on where it ended and why.

From the store alone, and without anybody's words: rules, figures, times and the people of the school whom a notice
names. Reading it is no view of a text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, select

from escalation.breach import KIND_WORDS as BREACH_WORDS
from escalation.breach import breaches
from escalation.clock_words import SHANGHAI, second
from escalation.consultation import consultations
from escalation.incident import LEVELS, EntryKind, entries, incidents, members
from escalation.incident.state import OPEN
from escalation.notice import ERRANDS, GROUP, KIND_WORDS, DeliveryState
from escalation.notice.told import Sending, Told, told
from escalation.report.words import CHANNELS, ROUTES
from escalation.retention import GONE
from escalation.unopened import why_left
from escalation.web.words import KINDS
from stream.because import POLARITY
from stream.explanation import TARGETS
from stream.passage import Passage, Version, passage
from stream.platform import platform_name
from stream.post import Kind

STATES = {
    DeliveryState.WAITING: "待发", DeliveryState.SENDING: "发送中", DeliveryState.ACCEPTED: "已送出",
    DeliveryState.DEAD: "没有送达", DeliveryState.WITHDRAWN: "已撤回",
}  # fmt: skip
NOTICES_SHOWN = 60
TOLD_WHY = frozenset({EntryKind.MACHINE, EntryKind.NOTICE, EntryKind.DELIVERY})


class Stage(StrEnum):
    """The stages of the way, in their order."""

    FETCHED = "fetched"
    LOGGED = "logged"
    ASSESSED = "assessed"
    WATCHED = "watched"
    INDEXED = "indexed"
    TOLD = "told"


STAGE_WORDS = {
    Stage.FETCHED: "采集", Stage.LOGGED: "入流", Stage.ASSESSED: "研判", Stage.WATCHED: "监看", Stage.INDEXED: "检索",
    Stage.TOLD: "通知",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened, or did not. `at`: aware, None where no time is kept. `facts`: the same for programs."""

    stage: Stage
    at: datetime | None
    words: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trace:
    """The way of a post. `end`: the stage at which it ended; `why`: one sentence, with its full stop."""

    post_id: str
    title: str
    steps: tuple[Step, ...]
    end: Stage
    why: str

    @property
    def sentence(self) -> str:
        """The last line."""
        return f"止于{STAGE_WORDS[self.end]}：{self.why}"


def trace(conn: Connection, school: str, post_id: str) -> Trace | None:
    """The way of a post that the watch took in; None where there is none."""
    found = passage(conn, school, post_id)
    if found is None:
        return None
    joined = _joined(conn, school, post_id)
    steps = [*_fetched(found), *_logged(found), *_assessed(found)]
    if not joined:
        why = why_left(found)
        at = found.current.judged.watched_at if found.current and found.current.judged else None
        beside = list(_beside(conn, school, post_id))
        steps += [Step(Stage.WATCHED, at, f"未立事件：{why}", {"incident": None}), *beside]
        return Trace(post_id, title_of(found), tuple(steps), Stage.WATCHED, f"{why}{_untold(beside)}")
    steps += [_belongs(row, post_id) for row in joined]
    steps += _beside(conn, school, post_id)
    ends: list[tuple[Stage, str]] = []
    for row in joined:
        notices = told(conn, row.id)
        steps += _told(conn, row, notices)
        ends.append(_end(row, notices))
    return Trace(post_id, title_of(found), tuple(steps), ends[0][0], "；".join(one[1] for one in ends) + "。")


def _untold(beside: Sequence[Step]) -> str:
    """How the last sentence ends of what opened nothing."""
    if any("consultation" in step.facts for step in beside):
        return "；没有立事件，已列入咨询，由每日汇总提醒答复，没有单独发通知。"
    if numbers := [str(step.facts["breach"]) for step in beside if "breach" in step.facts]:
        return f"；没有立事件，另列为 {'、'.join(numbers)}，由该项处理。"
    return "，所以没有通知任何人。"


def title_of(found: Passage) -> str:
    """What it is and where it stands, without its words."""
    post = found.post
    name = found.account.name if found.account else post.account_id
    return f"{KINDS.get(post.kind, post.kind)}，{platform_name(post.platform)}“{name}”"


def _joined(conn: Connection, school: str, post_id: str) -> list[Row[Any]]:
    rows: Iterable[Row[Any]] = conn.execute(
        select(
            incidents.c.id, incidents.c.number, incidents.c.state, incidents.c.level, incidents.c.opened_at,
            incidents.c.opening_post_id, incidents.c.trial, incidents.c.rehearsal, members.c.joined_at, members.c.risk,
        )
        .join(members, members.c.incident_id == incidents.c.id)
        .where(members.c.school == school, members.c.post_id == post_id)
        .order_by(incidents.c.id.desc())
    )  # fmt: skip
    return sorted(rows, key=lambda row: row.state not in OPEN)


def _fetched(found: Passage) -> Iterator[Step]:
    post, name = found.post, found.account.name if found.account else found.post.account_id
    by = "值班台补录或导入" if post.kind == Kind.LEAD else f"账号“{name}”（{ROUTES.get(post.route, post.route)}）"
    scan, brought = found.scan, ""
    if scan is not None and post.kind != Kind.LEAD:
        brought = f"；该账号 {second(scan.at)} 记完的一次扫描带回 {scan.new} 条新内容"
    words = f"发布于 {second(post.published_at)}，由{by}首次读到{brought}"
    facts = {"route": post.route, "account": post.account_id, "published_at": post.published_at}
    yield Step(Stage.FETCHED, post.first_seen_at, words, facts | {"scan": scan.source_id if scan is not None else None})
    for version in found.versions[1:]:
        yield Step(Stage.FETCHED, version.fetched_at, "文字有改动，作为新的一版读到", {"revision": version.revision})


def _logged(found: Passage) -> Iterator[Step]:
    for version in found.versions:
        at = version.judged.logged_at if version.judged is not None else None
        which = "" if version is found.versions[0] else "，改动后的一版"
        when = "" if at is not None else "（时刻没有留存：由较早的版本研判）"
        yield Step(Stage.LOGGED, at, f"已写入日志流{which}{when}", {"revision": version.revision})


def _assessed(found: Passage) -> Iterator[Step]:
    for version in found.versions:
        one = version.judged
        if one is None:
            yield Step(Stage.ASSESSED, None, f"没有这一版（{version.revision}）的研判结果", {})
            continue
        hits = "、".join(dict.fromkeys(f"{hit['title']}（{hit['rule']}）" for hit in one.hits))
        said = f"命中 {hits}" if hits else "原有命中已按保存期限清除" if version.text == GONE else "没有命中规则"
        words = f"{POLARITY.get(one.polarity, one.polarity)}，对象：{TARGETS[one.target]}；{said}；引擎 {one.engine}"
        facts = {
            "polarity": one.polarity, "p_negative": one.p_negative, "engine": one.engine, "target": one.target,
            "revision": version.revision, "rules": {hit["rule"]: hit["version"] for hit in one.hits},
        }  # fmt: skip
        yield Step(Stage.ASSESSED, one.assessed_at, words, facts)
        yield _weighed(version)


def _weighed(version: Version) -> Step:
    one = version.judged
    assert one is not None  # noqa: S101 (for the type checker: the caller has looked)
    reasons = "；".join(f"{reason['name']} {_share(reason['share'])}：{reason['sentence']}" for reason in one.reasons)
    words = f"风险 {one.risk}" + (f"（{reasons}）" if reasons else "")
    facts = {"risk": one.risk, "reasons": [{"name": r["name"], "share": r["share"]} for r in one.reasons]}
    return Step(Stage.WATCHED, one.watched_at, words, facts)


def _share(share: int) -> str:
    """A share in whole per cent."""
    return f"{share}%" if share else "不足 1%"


def _belongs(row: Row[Any], post_id: str) -> Step:
    opened = row.opening_post_id == post_id
    how = "由它立为" if opened else "在其立时计入" if row.joined_at <= row.opened_at else "并入"
    kind = "（演练）" if row.rehearsal else ""
    words = f"{how} {row.number}{kind}，现为{LEVELS[row.level]}级，合计风险 {row.risk}"
    return Step(Stage.WATCHED, row.joined_at, words, {"incident": row.number, "opened": opened, "risk": row.risk})


def _beside(conn: Connection, school: str, post_id: str) -> Iterator[Step]:
    """What else stands on the post: a question that is owed an answer, speaking without leave."""
    asked = (consultations.c.school == school) & (consultations.c.post_id == post_id)
    for row in conn.execute(select(consultations.c.id, consultations.c.found_at).where(asked)):
        yield Step(Stage.WATCHED, row.found_at, "列入咨询，须按期答复，见“咨询”页", {"consultation": row.id})
    spoken = (breaches.c.school == school) & (breaches.c.post_id == post_id)
    for one in conn.execute(select(breaches.c.number, breaches.c.kind, breaches.c.found_at).where(spoken)):
        words = f"列为{BREACH_WORDS[one.kind]}，编号 {one.number}"
        yield Step(Stage.WATCHED, one.found_at, words, {"breach": one.number})


def _told(conn: Connection, incident: Row[Any], notices: Sequence[Told]) -> Iterator[Step]:
    for one in notices[:NOTICES_SHOWN]:
        yield Step(Stage.TOLD, one.row.created_at, _notice(one), _facts(one, incident.number))
    if len(notices) > NOTICES_SHOWN:
        yield Step(Stage.TOLD, None, f"另有 {len(notices) - NOTICES_SHOWN} 份通知，见 {incident.number} 的页面", {})
    if not notices:
        yield from _said_instead(conn, incident)


def _said_instead(conn: Connection, incident: Row[Any]) -> Iterator[Step]:
    """What the incident's own log says where it has no notice."""
    mine = (entries.c.incident_id == incident.id) & entries.c.kind.in_([one.value for one in TOLD_WHY])
    for row in conn.execute(select(entries.c.at, entries.c.heading).where(mine).order_by(entries.c.id).limit(20)):
        yield Step(Stage.TOLD, row.at, row.heading, {"incident": incident.number})


def _notice(one: Told) -> str:
    row = one.row
    who = "工作群" if row.addressee == GROUP else row.name or row.addressee
    office = f"（{row.office}，{row.basis}）" if row.basis else f"（{row.office}）" if row.office else ""
    parts = [f"{KIND_WORDS.get(row.kind, row.kind)} {row.number} → {who}{office}"]
    parts += [_sending(each, row.created_at) for each in one.sendings] or ["没有可用的通道，没有发出"]
    if row.opened_at is not None:
        parts.append(f"{_beside_of(row.opened_at, row.created_at)} 打开")
    return "；".join([*parts, *_signature(row)])


def _signature(row: Row[Any]) -> Iterator[str]:
    if row.signed_at is not None:
        yield f"{_beside_of(row.signed_at, row.created_at)} {row.signer or '本人'} 签收"
    elif row.superseded_by:
        yield f"已由 {row.superseded_by} 代替"
    elif row.settled_at is not None:
        yield f"{_beside_of(row.settled_at, row.created_at)} 不再需要签收（{row.settled_why or '事件已了结'}）"
    elif row.needs_signature:
        until = f"须于 {_beside_of(row.sign_by, row.created_at)} 前签收" if row.sign_by else "须签收"
        yield f"{until}，尚未签收"


def _beside_of(at: datetime, other: datetime) -> str:
    """An instant in Beijing beside another that is told: the day only where it is another one."""
    local = at.astimezone(SHANGHAI)
    return f"{local:%H:%M:%S}" if local.date() == other.astimezone(SHANGHAI).date() else second(at)


def _sending(each: Sending, written: datetime) -> str:
    channel = CHANNELS.get(each.channel, each.channel)
    words = f"{channel} {_beside_of(each.queued_at, written)} 入列，{STATES[DeliveryState(each.state)]}"
    if each.accepted_at is not None:
        words += f"（{_beside_of(each.accepted_at, written)}，第 {len(each.tried) or 1} 次）"
    elif each.state == DeliveryState.WAITING:
        words += f"，{f'已试 {len(each.tried)} 次，' if each.tried else ''}{_beside_of(each.next_at, written)} 发"
    return words + (f"，{each.reason}" if each.reason and each.accepted_at is None else "")


def _facts(one: Told, incident: str) -> Mapping[str, Any]:
    row = one.row
    return {
        "incident": incident, "notice": row.number, "kind": row.kind, "person": row.addressee, "office": row.office,
        "sent_at": row.sent_at, "opened_at": row.opened_at, "sign_by": row.sign_by, "signed_at": row.signed_at,
        "superseded_by": row.superseded_by, "settled_at": row.settled_at,
        "deliveries": [
            {
                "channel": each.channel, "state": each.state, "queued_at": each.queued_at, "next_at": each.next_at,
                "accepted_at": each.accepted_at, "attempts": [tried.at for tried in each.tried],
            }
            for each in one.sendings
        ],
    }  # fmt: skip


def _end(incident: Row[Any], notices: Sequence[Told]) -> tuple[Stage, str]:
    """Where the way of a member of this incident ended."""
    number = incident.number
    if not notices:
        return Stage.WATCHED, f"已属 {number}，但该事件没有写出任何通知"
    sent = [one for one in notices if any(each.accepted_at is not None for each in one.sendings)]
    persons = len({one.row.addressee for one in sent} - {GROUP})
    trial = "试运行中只通知值班台，" if incident.trial else ""
    if incident.joined_at > max(incident.opened_at, *(one.row.created_at for one in notices)):
        trial += "没有带来新的情形，并入后未另发通知；"
    if not sent:
        why = next((each.reason for one in notices for each in one.sendings if each.reason), "")
        return Stage.TOLD, f"{trial}{number} 写出 {len(notices)} 份通知，都没有送出" + (f"（{why}）" if why else "")
    groups = "和工作群" if any(one.row.addressee == GROUP for one in sent) else ""
    asked = [one.row for one in notices if one.row.needs_signature and one.row.kind not in ERRANDS]
    signed = [row for row in asked if row.signed_at is not None]
    owed = [row for row in asked if not (row.signed_at or row.superseded_by or row.settled_at)]
    unsent = len(notices) - len(sent)
    return Stage.TOLD, "".join([
        f"{trial}{number} 已通知 {persons} 人{groups}，须签收 {len(asked)} 份，已签收 {len(signed)} 份",
        f"，{len(owed)} 份还在等签收" if owed else "", f"，另有 {unsent} 份没有送出" if unsent else "",
    ])  # fmt: skip
