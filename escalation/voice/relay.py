"""The relay list 转发清单: after a release each account carries the statement, by a deadline (JY 16, TF 10; else ours).

A relay is done when a crawled post of the account carries the statement, or when its keeper says so with a link. What
is overdue is reminded once and told to the 宣传部 as a list. A withdrawn statement is taken down again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Index, Integer, Row, Table, Text, select, update

from escalation import timer
from escalation.clock_words import moment
from escalation.deed import must_fit, write_down
from escalation.incident import Actor, EntryKind, StateMoved, log
from escalation.incident.state import IllegalStep
from escalation.notice import NoticeKind
from escalation.notice.errand import Errand
from escalation.notice.issue import Letterhead, issue
from escalation.procedure import basis_words, say_span, thaw
from escalation.timer import TimerKind
from escalation.voice import hold_notice
from escalation.voice.hold_notice import Reached
from escalation.voice.match import CARRIED, Match, match
from escalation.voice.state import OWED, RELAY, RelayEvent, RelayState
from escalation.voice.statement import statement_of, statements
from stream.account import book
from stream.post import Post
from stream.store import insert_new, metadata
from stream.store.types import Moment, Serial, Word

WHY_MOST, URL_MOST = 200, 500

relays = Table(
    "relays",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("statement_id", ForeignKey("statements.id"), nullable=False),
    Column("account_id", Word(100), nullable=False),
    Column("state", Word(16), nullable=False),
    Column("set_at", Moment(), nullable=False),
    Column("due_at", Moment(), nullable=False),
    Column("done_at", Moment()),
    Column("done_by", Word(100)),
    Column("how", Word(16)),
    Column("url", Text),
    Column("post_id", Word(200)),
    Column("words", Text),
    Index("uq_relays_account", "statement_id", "account_id", unique=True),
    Index(None, "account_id", "state"),
)

relay_persons = Table(
    "relay_persons",
    metadata,
    Column("statement_id", ForeignKey("statements.id"), primary_key=True),
    Column("account_id", Word(100), primary_key=True),
    Column("person_id", Word(64), primary_key=True),
    Column("keeps", Integer, nullable=False),
)


def set_out(
    conn: Connection, letterhead: Letterhead, found: Row[Any], row: Row[Any], but: str,
    accounts: Collection[str] | None, now: datetime,
) -> int:  # fmt: skip
    """The relay list of a release: every active account but the releasing one, or those chosen; gives how many.

    Each keeper is told once. On trial the list stands and nobody is told.
    """
    reached = [
        one for one in hold_notice.reached(conn, letterhead, row, now)
        if one.account.id != but and (accounts is None or one.account.id in accounts)
    ]  # fmt: skip
    if not reached:
        return 0
    pack = thaw(row.frozen["pack"])
    clock = pack.voice.relay_within
    due = now + clock.after
    insert_new(conn, relays, [
        {"statement_id": found.id, "account_id": one.account.id, "state": RelayState.WAITING, "set_at": now,
         "due_at": due}
        for one in reached
    ], key=["statement_id", "account_id"])  # fmt: skip
    answer_for(conn, found.id, reached)
    errand = Errand(
        title=f"请转发学校口径第 {found.n} 版", verb="登记转发",
        facts=("学校口径已由学校账号发布，请原文转发，不增不减", f"全文见页面；指纹 {found.text_hash[:12]}"),
        asks=(
            f"请于 {moment(due, now)} 前转发", "阅看口径卡：可以说、不可以说、答问",
            "转发后系统会自行核对，也可在页面上登记链接；人工巡查的账号系统看不到，须登记",
        ),
        articles=hold_notice.articles(pack, pack.voice.relay),
        source=f"转发时限 {say_span(clock.after)}：{clock.label}", log="请转发并阅看口径卡",
        due=moment(due, now),
    )  # fmt: skip
    whom = [] if row.trial else hold_notice.addressees(reached, basis_words(pack.voice.relay), pack)
    issue(conn, letterhead, row, whom, NoticeKind.RELAY, f"relay:{found.id}", now, errand=errand)
    words = f"转发清单：{len(reached)} 个账号，{moment(due, now)} 前"
    log(conn, row.id, now, EntryKind.MACHINE, words, article=basis_words(pack.voice.relay))
    _clock(conn, row, f"relay:{found.id}", "各账号转发口径", found.id, now, due, clock.source, clock.article)
    return len(reached)


def answer_for(conn: Connection, statement_id: int, reached: Sequence[Reached]) -> None:
    """These persons answer for the relays of these accounts."""
    insert_new(conn, relay_persons, [
        {"statement_id": statement_id, "account_id": one.account.id, "person_id": person.id, "keeps": int(one.kept)}
        for one in reached for person in one.persons
    ])  # fmt: skip


def _clock(
    conn: Connection, row: Row[Any], name: str, words: str, statement_id: int, now: datetime, due: datetime,
    source: str, article: str,
) -> None:  # fmt: skip
    timer.set_timers(conn, [{
        "school": row.school, "incident_id": row.id, "kind": TimerKind.VOICE, "name": name, "words": words,
        "source": source, "article": article, "set_at": now, "due_at": due, "data": {"statement": statement_id},
    }])  # fmt: skip


def register(conn: Connection, relay_id: int, person_id: str, actor: Actor, now: datetime, url: str, via: str) -> None:
    """The keeper says that the relay is done, with the link; or that a withdrawn one is taken down (no link)."""
    one, found, row = relay_of(conn, relay_id)
    if person_id not in persons_of(conn, one):
        raise IllegalStep("这一转发任务不是您的账号的，不能代他人登记。未作任何更改。")
    acting = {"keeper"}
    if RelayState(one.state) is RelayState.RECALLED:
        _settle(conn, one, RelayEvent.TAKE_DOWN, acting, now, actor.name, how="keeper")
        heading = "已撤下"
    else:
        url = must_fit(url, URL_MOST, "链接")
        if not url.startswith(("http://", "https://")):
            raise IllegalStep("请填写转发的链接，以 http:// 或 https:// 开头。未作任何更改。")
        _settle(conn, one, RelayEvent.RELAY, acting, now, actor.name, how="keeper", url=url)
        heading = "已转发"
    name = _account(conn, row, one)
    log(conn, row.id, now, EntryKind.PERSON, f"{name} {heading}口径第 {found.n} 版", url, actor=actor.name)
    write_down(conn, row, actor, "relay", now, n=found.n, account=one.account_id, url=url, via=via, done=heading)


def excuse(conn: Connection, relay_id: int, actor: Actor, now: datetime, why: str) -> None:
    """免于转发: the 宣传部 takes an account off the list, with the reason."""
    one, found, row = relay_of(conn, relay_id)
    why = must_fit(why, WHY_MOST, "免于转发的理由")
    if not why:
        raise IllegalStep("请写明免于转发的理由。未作任何更改。")
    _settle(conn, one, RelayEvent.EXCUSE, actor.roles, now, actor.name, words=why)
    log(conn, row.id, now, EntryKind.PERSON, f"{_account(conn, row, one)} 免于转发", why, actor=actor.name)
    write_down(conn, row, actor, "relay_excuse", now, n=found.n, account=one.account_id, why=why)


def seen(
    conn: Connection, row: Row[Any], one: Row[Any], post: Post | Row[Any], words: str, now: datetime, *, since: datetime
) -> bool:
    """A crawled post of the account carries the statement: the relay is done. `words`: of the statement.

    Not by what stood there before the statement was out (`since`), nor by what says more than it: a person looks.
    """
    if RelayState(one.state) not in (RelayState.WAITING, RelayState.OVERDUE):
        return False
    how = match(words, post.text)
    if how not in (*CARRIED, Match.ADDED):
        return False
    name = _account(conn, row, one)
    if post.published_at < since:
        log(conn, row.id, now, EntryKind.MACHINE, f"{name} 先于学校账号发布口径文字，不计为转发，请核对", post.url)
        return False
    if how is Match.ADDED:
        log(conn, row.id, now, EntryKind.MACHINE, f"{name} 转发口径时另加了内容，不计为转发，请核对", post.url)
        return False
    _settle(conn, one, RelayEvent.RELAY, None, now, "系统", how="crawled", url=post.url, post_id=post.id)
    log(conn, row.id, now, EntryKind.MACHINE, f"{name} 已转发口径，文字已核对", post.url)
    return True


def first_post(conn: Connection, out: Row[Any]) -> None:
    """The first publisher's own post of a release that is about to be withdrawn: one more on the list to take down."""
    insert_new(conn, relays, [
        {"statement_id": out.statement_id, "account_id": out.account_id, "state": RelayState.DONE,
         "set_at": out.recorded_at, "due_at": out.posted_at, "done_at": out.posted_at, "done_by": out.recorded_by,
         "how": "first", "url": out.url}
    ], key=["statement_id", "account_id"])  # fmt: skip


def call_off(
    conn: Connection, letterhead: Letterhead, statement_id: int, row: Row[Any], now: datetime, *, take_down: bool,
    why: str,
) -> None:  # fmt: skip
    """The statement is no longer in force: nobody relays it any more; withdrawn, those that did take it down again."""
    down: list[str] = []
    for one in relays_of(conn, statement_id):
        state = RelayState(one.state)
        if state in (RelayState.WAITING, RelayState.OVERDUE):
            _settle(conn, one, RelayEvent.CALL_OFF, None, now, "系统", words=why)
        elif state is RelayState.DONE and take_down:
            _settle(conn, one, RelayEvent.RECALL, None, now, "系统", words=why)
            down.append(str(one.account_id))
    timer.stop_named(conn, row.id, f"relay:{statement_id}", now)
    if not down:
        return
    pack = thaw(row.frozen["pack"])
    clock = pack.voice.relay_within
    due = now + clock.after
    found = conn.execute(select(statements).where(statements.c.id == statement_id)).one()
    reached = [one for one in hold_notice.reached(conn, letterhead, row, now) if one.account.id in down]
    answer_for(conn, statement_id, reached)
    errand = Errand(
        title=f"请撤下学校口径第 {found.n} 版", verb="登记撤下",
        facts=(f"口径第 {found.n} 版已撤回：{why}", "已发布、转发的，请撤下，等候新的口径"),
        asks=(f"请于 {moment(due, now)} 前撤下，并在页面上登记",),
        source=f"撤下时限 {say_span(clock.after)}：{clock.label}", log="请撤下",
        due=moment(due, now),
    )  # fmt: skip
    whom = [] if row.trial else hold_notice.addressees(reached, "", pack)
    issue(conn, letterhead, row, whom, NoticeKind.RELAY, f"recall:{statement_id}", now, errand=errand)
    log(conn, row.id, now, EntryKind.MACHINE, f"{len(down)} 个账号须撤下口径第 {found.n} 版", why)
    _clock(conn, row, f"recall:{statement_id}", "各账号撤下口径", statement_id, now, due, clock.source, clock.article)


def lapse(conn: Connection, statement_id: int, now: datetime) -> list[Row[Any]]:
    """The deadline passed: what waits is overdue; gives what is still owed."""
    for one in relays_of(conn, statement_id):
        if RelayState(one.state) is RelayState.WAITING and one.due_at <= now:
            _settle(conn, one, RelayEvent.LAPSE, None, None, "")
    return [one for one in relays_of(conn, statement_id) if RelayState(one.state) in OWED]


def relays_of(conn: Connection, statement_id: int) -> Sequence[Row[Any]]:
    """The list, by account."""
    return conn.execute(select(relays).where(relays.c.statement_id == statement_id).order_by(relays.c.account_id)).all()


def relay_of(conn: Connection, relay_id: int) -> tuple[Row[Any], Row[Any], Row[Any]]:
    """One relay, its version and its incident, held. Raises IllegalStep."""
    statement_id = conn.execute(select(relays.c.statement_id).where(relays.c.id == relay_id)).scalar()
    if statement_id is None:
        raise IllegalStep("没有这一转发任务，可能链接有误。未作任何更改。")
    found, row = statement_of(conn, statement_id)
    return conn.execute(select(relays).where(relays.c.id == relay_id)).one(), found, row


def persons_of(conn: Connection, one: Row[Any]) -> set[str]:
    """Who answers for a relay."""
    own = (relay_persons.c.statement_id == one.statement_id) & (relay_persons.c.account_id == one.account_id)
    return set(conn.execute(select(relay_persons.c.person_id).where(own)).scalars())


def open_of(conn: Connection, incident_id: int) -> list[str]:
    """What of it holds up the closing."""
    owed = conn.execute(
        select(relays.c.state)
        .join(statements, statements.c.id == relays.c.statement_id)
        .where(statements.c.incident_id == incident_id, relays.c.state.in_(sorted(OWED)))
    ).scalars().all()  # fmt: skip
    down = sum(one == RelayState.RECALLED for one in owed)
    words = [f"{len(owed) - down} 个账号未转发口径"] if len(owed) > down else []
    return [*words, f"{down} 个账号未撤下口径"] if down else words


def _settle(
    conn: Connection, one: Row[Any], event: RelayEvent, roles: Collection[str] | None, now: datetime | None, by: str,
    **values: str,
) -> None:  # fmt: skip
    after = RELAY.step(RelayState(one.state), event, roles)
    done: dict[str, Any] = {"done_at": now, "done_by": by} if after in (RelayState.DONE, RelayState.TAKEN_DOWN) else {}
    moved = conn.execute(
        update(relays).where(relays.c.id == one.id, relays.c.state == one.state).values(state=after, **done, **values)
    )
    if moved.rowcount != 1:
        raise StateMoved("这一转发任务刚被他人处理，请刷新后再试。未作任何更改。")


def _account(conn: Connection, row: Row[Any], one: Row[Any]) -> str:
    known = book(conn, row.school).get(one.account_id)
    return hold_notice.named(known) if known else str(one.account_id)
