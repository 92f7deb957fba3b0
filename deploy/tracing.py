"""Tracing: `fengxin trace POST`, the whole way of one post from the platform to who was told, for terminal or program.

It reads the store, and asks log and search where they are there; it writes nothing and shows nobody's words.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import Connection, Row, select

from crawlers import sighting
from crawlers.lead import leads
from deploy.policy.lines import laid, plain, terminal_width
from deploy.settings import Settings
from deploy.wiring import opened_search, opened_store
from escalation.clock_words import second
from escalation.inspection import READER_WORDS
from escalation.retention import GONE
from escalation.trace import STAGE_WORDS, Stage, Step, Trace, trace
from stream.backlog import waiting
from stream.kept import current_text, posts
from stream.log import LogError, open_log
from stream.passage import buried, ids_of, passage, spelt
from stream.post import Kind
from stream.pulse import freshest
from stream.search import Query, SearchUnavailable
from stream.topic import READERS

TEMPLATES = Path(__file__).with_name("templates")
PAST = ("assess.history", "watch.history")
"""Readers of the lane of history, which are named where records wait for them."""
SHOWN = 5
SAID = 80
"""Characters of what was asked for that a refusal repeats."""


class NotFound(Exception):
    """Nothing is known of the post, or too much; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Behind:
    """How many records wait for each reader; `away`: why the log cannot say, or empty."""

    records: dict[str, int]
    away: str = ""

    def words(self, reader: str) -> str:
        """What is to be said of one reader, without a full stop."""
        if self.away:
            return f"日志流现在问不到（{self.away.rstrip('。')}）"
        count = self.records[reader]
        return f"{READER_WORDS[reader]}已读到日志流末尾" if not count else f"{READER_WORDS[reader]}还有 {count} 条待读"


def traced(settings: Settings, given: str, now: datetime) -> Trace:
    """The way of the post that `given` names: our id, the platform's own, or its address. `now`: aware.

    Raises NotFound with a sentence, StoreUnavailable.
    """
    school, given = settings.school.code, given.strip()
    with opened_store(settings) as store, store.read() as conn:
        behind = _behind(settings, conn)
        ids = ids_of(conn, school, given)
        if not ids:
            return _on_its_way(conn, school, given, behind, now)
        _refuse_many(conn, school, ids, given)
        found = trace(conn, school, ids[0])
        if found is None:
            raise NotFound(f"{ids[0]} 刚被移走，请再查一次。")
        steps = (*found.steps, _indexed(settings, conn, ids[0], behind))
    order = list(Stage)
    return Trace(found.post_id, found.title, tuple(sorted(steps, key=lambda one: order.index(one.stage))), found.end,
                 found.why)  # fmt: skip


def _refuse_many(conn: Connection, school: str, ids: Sequence[str], given: str) -> None:
    """Several posts at one address: the one that the others stand under is meant, if it is among them."""
    first = conn.execute(select(posts.c.thread_id).where(posts.c.school == school, posts.c.id == ids[0])).scalar()
    if len(ids) > 1 and (first != ids[0] or "://" not in given):
        more = f" 等 {len(ids)} 条" if len(ids) > SHOWN else ""
        raise NotFound(f"“{given}”不止一条：{'、'.join(ids[:SHOWN])}{more}；请写完整编号。")


def _behind(settings: Settings, conn: Connection) -> Behind:
    try:
        log = open_log(settings.log_url, timedelta(days=settings.log.keep_days))
        try:
            return Behind({name: waiting(log, conn, topic, name) for name, topic in READERS.items()})
        finally:
            log.close()
    except LogError as error:
        return Behind({}, str(error))


def _on_its_way(conn: Connection, school: str, given: str, behind: Behind, now: datetime) -> Trace:
    """A post that the watch has not taken in: read and on the log, or buried on the way. Raises NotFound."""
    names = [name[:200] for name in spelt(conn, school, given)]
    seen = next(iter(sighting.those(conn, school, names).values()), None)
    lead = conn.execute(select(leads).where(leads.c.school == school, leads.c.post_id.in_(names)).limit(1)).first()
    dead = buried(conn, names)
    if seen is None and lead is None and not dead:
        raise NotFound(
            f"没有“{given[:SAID]}”：没有采集到，也没有补录过。请核对编号或网址；"
            "要知道该账号是否看全，请看“覆盖”页。"
        )  # fmt: skip
    steps = list(_first_sight(seen, lead))
    if dead:
        last = dead[-1]
        steps += [Step(Stage.LOGGED, one.at, f"{one.reader} 读不了，整条留为死信：{one.reason}", {"reader": one.reader})
                  for one in dead]  # fmt: skip
        why = f"{second(last.at)} 在 {last.reader} 处成为死信（{last.reason.rstrip('。')}），没有人收到通知。"
        return Trace(_name(seen, lead, given), "未入库的一条", tuple(steps), Stage.LOGGED, why)
    past = [behind.words(name) for name, many in behind.records.items() if name in PAST and many]
    said = "；".join([behind.words("assess"), behind.words("watch"), *past, *_troubles(conn, now)])
    why = f"已写入日志流，监看还没有取到，没有人收到通知：{said}。"
    steps.append(Step(Stage.LOGGED, None, f"已写入日志流；{said}", dict(behind.records)))
    return Trace(_name(seen, lead, given), "未入库的一条", tuple(steps), Stage.LOGGED, why)


def _name(seen: sighting.Sighting | None, lead: Row[Any] | None, given: str) -> str:
    return seen.post_id if seen else str(lead.post_id) if lead is not None else given


def _first_sight(seen: sighting.Sighting | None, lead: Row[Any] | None) -> Iterator[Step]:
    if seen is not None:
        words = f"账号 {seen.account_id} 的扫描首次读到，发布于 {second(seen.published_at)}"
        yield Step(Stage.FETCHED, seen.first_seen_at, words, {"account": seen.account_id})
    if lead is not None:
        yield Step(Stage.FETCHED, lead.taken_at, "值班台补录或导入", {})


def _troubles(conn: Connection, now: datetime) -> Iterator[str]:
    """What the roles on the way say of themselves."""
    pulses = freshest(conn, now)
    for name in ("assess", "watch"):
        word, one = READER_WORDS[name], pulses.get(name)
        if one is None:
            yield f"{word}进程没有报到过"
        elif not one.alive(now):
            yield f"{word}进程最近一次报到在 {second(one.at)}"
        elif one.trouble:
            yield f"{word}进程：{one.trouble.rstrip('。')}"


def _indexed(settings: Settings, conn: Connection, post_id: str, behind: Behind) -> Step:
    found = passage(conn, settings.school.code, post_id)
    assert found is not None  # noqa: S101 (it was traced in this very read)
    post = found.post
    if post.kind == Kind.MESSAGE:
        return Step(Stage.INDEXED, None, "私信不进检索", {"found": False})
    if current_text(conn, post.school, post.id) == GONE:
        return Step(Stage.INDEXED, None, "原文已按保存期限清除，检索里也已删去", {"found": False})
    span = Query(
        post.school, account_id=post.account_id, kind=post.kind, since=post.published_at,
        before=post.published_at + timedelta(milliseconds=1), limit=500,
    )  # fmt: skip
    try:
        with opened_search(settings) as search:
            there = next((one for one in search.find(span) if one.id == post_id), None)
    except SearchUnavailable as error:
        return Step(Stage.INDEXED, None, f"检索现在问不到（{str(error).rstrip('。')}）；不影响告警", {"found": None})
    if there is not None:
        stale = "，是改动前的一版" if there.fetched_at < post.fetched_at else ""
        how = "由 fengxin reindex 重建写入，首次写入的时刻不再留存；" if there.rebuilt else ""
        words = f"检索里查得到{stale}（{how}{behind.words('index')}）"
        facts = {"found": True, "stale": bool(stale), "rebuilt": there.rebuilt}
        return Step(Stage.INDEXED, there.indexed_at, words, facts)
    cure = "" if behind.away or behind.records["index"] else "，可执行 fengxin reindex 重建"
    return Step(Stage.INDEXED, None, f"检索里查不到：{behind.words('index')}{cure}；不影响告警", {"found": False})


def page(found: Trace) -> str:
    """The way as a page for the terminal."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        finalize=plain, autoescape=False,  # noqa: S701 - text for a terminal, never HTML
    )  # fmt: skip
    made.filters.update(second=second)
    text = made.get_template("trace.txt").render(one=found, words=STAGE_WORDS)
    return laid(text, terminal_width())


def as_json(found: Trace) -> str:
    """The same for a program; instants in ISO 8601, UTC."""
    steps = [
        {"stage": one.stage, "at": one.at, "words": one.words, "facts": dict(one.facts)} for one in found.steps
    ]  # fmt: skip
    whole = {
        "post": found.post_id, "title": found.title, "steps": steps, "end": found.end, "why": found.why,
    }  # fmt: skip
    return json.dumps(whole, ensure_ascii=False, default=datetime.isoformat)
