"""The release 发布: the school's own account first, the approved words and no others, not before their time.

Nothing is posted by machine. A person posts it and records where; the crawled post is then laid beside the words.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Row, Table, Text, insert, select, update

from escalation import people
from escalation.clock_words import moment
from escalation.deed import must_be_open, must_fit, write_down
from escalation.duty import proxy
from escalation.incident import Actor, EntryKind, log
from escalation.incident.state import IllegalStep
from escalation.notice import ERRANDS, GROUP, NoticeKind, notices
from escalation.notice.addressee import gather
from escalation.notice.errand import Errand
from escalation.notice.issue import Letterhead, issue
from escalation.people import Role
from escalation.procedure import thaw
from escalation.voice import hold, hold_notice, relay, statement, validity, withdrawal
from escalation.voice.approval import answered, must_be_covered, steps_of, supersede
from escalation.voice.coverage import must_stand
from escalation.voice.hold_notice import named
from escalation.voice.match import CARRIED, MATCH_WORDS, Match, match
from escalation.voice.reading import readers
from escalation.voice.state import StatementEvent, StatementState
from escalation.voice.statement import Kind, move, statement_of, statements
from stream.account import Account, book
from stream.kept import posts, revisions
from stream.post import Kind as PostKind
from stream.store import metadata
from stream.store.types import Moment, Word

URL_MOST, WHY_MOST = 500, 300
LOOK_BACK = timedelta(hours=24)
"""A post that was crawled so long before the release was recorded may be it."""

releases = Table(
    "releases",
    metadata,
    Column("statement_id", ForeignKey("statements.id"), primary_key=True, autoincrement=False),
    Column("account_id", Word(100), nullable=False),
    Column("url", Text, nullable=False),
    Column("text_hash", Word(64), nullable=False),
    Column("posted_at", Moment(), nullable=False),
    Column("recorded_at", Moment(), nullable=False),
    Column("recorded_by", Word(100), nullable=False),
    Column("found", Word(16)),
    Column("found_post", Word(200)),
    Column("found_at", Moment()),
)


def release(
    conn: Connection, letterhead: Letterhead, statement_id: int, actor: Actor, now: datetime, *, account_id: str,
    url: str, text_hash: str, posted_at: datetime | None = None, relayed_by: Collection[str] | None = None,
) -> None:  # fmt: skip
    """Record what a person posted: holds end, the answer is given, the relay list goes out. `posted_at`: else now.

    `text_hash`: of the words that were posted, as the page showed them; any other than the approved is refused. Refused
    as well: what rests on a fact taken back, was posted after it was valid, or lacks an approver of the level of today.
    """
    found, row = statement_of(conn, statement_id)
    must_be_open(row, "登记发布")
    posted = posted_at or now
    account = _may_release(conn, found, row, actor, account_id, text_hash, posted, now)
    url = must_fit(url, URL_MOST, "链接")
    if not url.startswith(("http://", "https://")):
        raise IllegalStep("请填写发布的链接，以 http:// 或 https:// 开头。未作任何更改。")
    old = supersede(conn, row.id, found, actor, now)
    move(conn, found, StatementEvent.RELEASE, actor, now)
    conn.execute(insert(releases).values(
        statement_id=found.id, account_id=account_id, url=url, text_hash=text_hash, posted_at=posted,
        recorded_at=now, recorded_by=actor.name,
    ))  # fmt: skip
    words = f"口径第 {found.n} 版由{named(account)}发布"
    log(conn, row.id, now, EntryKind.PERSON, words, f"{url}；指纹 {found.text_hash[:12]}", actor=actor.name)
    if old is not None:
        validity.forget(conn, row, old.id, now)
        relay.call_off(conn, letterhead, old.id, row, now, take_down=False, why=f"由第 {found.n} 版取代")
        tell_readers(conn, letterhead, old, row, f"口径第 {old.n} 版已由第 {found.n} 版取代，以新版为准", now)
    hold.release(conn, letterhead, row, actor, now, words)
    answered(conn, row, actor, now, found.text, url)
    relay.set_out(conn, letterhead, found, row, account_id, relayed_by, now)
    validity.watch(conn, row, found, now)
    tell_involved(conn, letterhead, found, row, now)
    look_back(conn, found, row, now)
    write_down(
        conn, row, actor, "statement_release", now, n=found.n, account=account_id, url=url, text_hash=text_hash
    )  # fmt: skip


def _may_release(
    conn: Connection, found: Row[Any], row: Row[Any], actor: Actor, account_id: str, text_hash: str,
    posted: datetime, now: datetime,
) -> Account:  # fmt: skip
    if StatementState(found.state) is StatementState.APPROVED:
        if text_hash != found.text_hash:
            raise IllegalStep("发布的文字与审批通过的不一致（指纹不符），不能登记为发布。未作任何更改。")
        must_stand(conn, found, row, posted, "发布")
        must_be_covered(conn, found, row, "发布")
    known = {one.id: one for one in book(conn, row.school).values() if one.active}
    first = [one for one in known.values() if one.main]
    if account_id not in known:
        raise IllegalStep("名册中没有这个账号，或已停用。未作任何更改。")
    if first and not known[account_id].main:
        names = "、".join(named(one) for one in first)
        raise IllegalStep(f"口径须先由学校账号发布（{names}），再由各账号转发。未作任何更改。")
    if posted > now:
        raise IllegalStep("发布时间不能在现在之后：请先发布，再来登记。未作任何更改。")
    _must_follow_approval(conn, found, posted, now)
    if found.embargo_until is not None and posted < found.embargo_until:
        when = moment(found.embargo_until, now)
        raise IllegalStep(f"这一版口径不得早于 {when} 发布。未作任何更改。")
    keeps = people.holders(conn, row.school, Role.KEEPER, account_id=account_id)
    if not (actor.roles and Role.PUBLICITY in actor.roles) and actor.id not in {one.id for one in keeps}:
        raise IllegalStep("登记发布由宣传部或该账号的管理人员办理。未作任何更改。")
    return known[account_id]


def _must_follow_approval(conn: Connection, found: Row[Any], posted: datetime, now: datetime) -> None:
    """Refuse a time of posting before the last approval; people type whole minutes."""
    decided = max((one.decided_at for one in steps_of(conn, found.id) if one.decided_at is not None), default=None)
    if decided is not None and posted < decided.replace(second=0, microsecond=0):
        raise IllegalStep(f"发布时间早于审批（{moment(decided, now)} 审批通过），请核对发布时间。未作任何更改。")


def withdraw(
    conn: Connection, letterhead: Letterhead, statement_id: int, actor: Actor, now: datetime, why: str,
    again: bool | None = None,
) -> None:  # fmt: skip
    """撤回 a version in force, with the reason: whoever posted or relayed it takes it down, whoever drafted, approved,
    read or was sent it is told, 首次回应 runs anew. `again`: whether the accounts keep silent again; asked where a
    release had set something free."""
    found, row = statement_of(conn, statement_id)
    why = must_fit(why, WHY_MOST, "撤回的理由")
    if not why:
        raise IllegalStep("请写明撤回的理由。未作任何更改。")
    move(conn, found, StatementEvent.WITHDRAW, actor, now, why)
    what = f"口径第 {found.n} 版" if Kind(found.kind) is Kind.STATEMENT else "“不公开回应”的决定"
    log(conn, row.id, now, EntryKind.PERSON, f"撤回{what}", why, actor=actor.name)
    out = release_of(conn, found.id)
    if out is not None:
        relay.first_post(conn, out)
    relay.call_off(conn, letterhead, found.id, row, now, take_down=True, why=why)
    validity.forget(conn, row, found.id, now)
    others = withdrawal.concerned(conn, found, out) - {actor.id}
    tell_readers(conn, letterhead, found, row, f"{what}已撤回：{why}。请不再引用", now, others)
    withdrawal.settle_hold(conn, letterhead, row, actor, now, why, again)
    withdrawal.answer_again(conn, row, out.url if out is not None else "", now)
    write_down(conn, row, actor, "statement_withdraw", now, n=found.n, why=why)


def release_of(conn: Connection, statement_id: int) -> Row[Any] | None:
    """Where a version was released."""
    return conn.execute(select(releases).where(releases.c.statement_id == statement_id)).first()


def check_found(
    conn: Connection, found: Row[Any], row: Row[Any], out: Row[Any], post_id: str, url: str, text: str, now: datetime
) -> bool:
    """Lay a crawled post of the releasing account beside the words; gives whether it was taken for the release."""
    if out.found in CARRIED:
        return False
    how = match(found.text, text)
    same_place = bool(url) and url == out.url
    if how is Match.NONE and not same_place:
        return False
    how = Match.ALTERED if how is Match.NONE else how
    if how is out.found and post_id == out.found_post:
        return False
    conn.execute(
        update(releases).where(releases.c.statement_id == found.id).values(found=how, found_post=post_id, found_at=now)
    )
    words = f"学校账号发布的口径第 {found.n} 版：{MATCH_WORDS[how]}"
    kind = EntryKind.MACHINE if how in CARRIED else EntryKind.LEVEL
    log(conn, row.id, now, kind, words, "" if how in CARRIED else "与审批的文字不一致，请核对并更正")
    return True


def out_since(conn: Connection, out: Row[Any]) -> datetime:
    """Since when a release is out, to the second, as platforms tell time: as it was recorded, or as the school's own
    post was seen, whichever is earlier."""
    seen: datetime | None = None
    if out.found in CARRIED:
        school = select(statements.c.school).where(statements.c.id == out.statement_id).scalar_subquery()
        own = (posts.c.school == school) & (posts.c.id == out.found_post)
        seen = conn.execute(select(posts.c.published_at).where(own)).scalar()
    recorded: datetime = out.posted_at.replace(microsecond=0)
    return recorded if seen is None else min(recorded, seen)


def look_back(conn: Connection, found: Row[Any], row: Row[Any], now: datetime) -> None:
    """What was crawled of the school's accounts shortly before the release was recorded may be it, or its relay."""
    out = release_of(conn, found.id)
    if out is None:
        return
    crawled = own_posts(conn, row.school, out.posted_at - LOOK_BACK)
    for post in crawled:
        if post.account_id == out.account_id and (fresh := release_of(conn, found.id)) is not None:
            check_found(conn, found, row, fresh, post.id, post.url, post.text, now)
    since = out_since(conn, release_of(conn, found.id) or out)
    for post in crawled:
        for one in relay.relays_of(conn, found.id):
            if one.account_id == post.account_id:
                relay.seen(conn, row, one, post, found.text, now, since=since)


def own_posts(conn: Connection, school: str, since: datetime) -> list[Row[Any]]:
    """The school's own kept posts published since then, with their current text, the oldest first."""
    return list(
        conn.execute(
            select(posts.c.id, posts.c.account_id, posts.c.url, posts.c.published_at, revisions.c.text)
            .join(revisions, (revisions.c.school == posts.c.school) & (revisions.c.post_id == posts.c.id)
                  & (revisions.c.revision == posts.c.revision))
            .where(posts.c.school == school, posts.c.by_school, posts.c.kind == PostKind.POST)
            .where(posts.c.published_at >= since)
            .order_by(posts.c.published_at, posts.c.id)
        )
    )  # fmt: skip


def tell_involved(conn: Connection, letterhead: Letterhead, found: Row[Any], row: Row[Any], now: datetime) -> None:
    """Everybody who was told of the incident gets the card to read: what may be said, what not, who speaks."""
    if row.trial:
        return
    told = conn.execute(
        select(notices.c.addressee, notices.c.role, notices.c.office)
        .where(notices.c.incident_id == row.id, notices.c.addressee != GROUP, notices.c.needs_signature)
        .where(notices.c.kind.not_in(sorted(ERRANDS)))
        .order_by(notices.c.id)
    ).all()
    known = {one.addressee: one for one in told}
    whom = gather(
        found for one in known.values()
        for found in hold_notice.present(
            conn, letterhead, row.school, [one.addressee], one.role, proxy.office_of(one.office), "", now
        )
    )  # fmt: skip
    errand = Errand(
        title=f"学校口径第 {found.n} 版已发布，请阅看", verb="阅看",
        facts=("学校口径已发布，答复询问请以口径卡为准",), asks=("阅看口径卡：可以说、不可以说、答问",),
        log="请阅看口径卡",
    )  # fmt: skip
    issue(conn, letterhead, row, whom, NoticeKind.VOICE, f"card:{found.id}", now, errand=errand)


def tell_readers(
    conn: Connection, letterhead: Letterhead, old: Row[Any], row: Row[Any], words: str, now: datetime,
    others: Collection[str] = (),
) -> None:  # fmt: skip
    """Everybody who read the old version, or was asked to relay it, is told that it no longer stands; so are `others`
    (ids)."""
    asked = {person for one in relay.relays_of(conn, old.id) for person in relay.persons_of(conn, one)}
    ids = set(others) | readers(conn, old.id) | asked
    if row.trial:
        return
    title = people.office_in(thaw(row.frozen["pack"]), Role.KEEPER)
    whom = hold_notice.present(conn, letterhead, row.school, sorted(ids), Role.KEEPER, title, "", now)
    errand = Errand(title=words[:80], facts=(words,), asks=(), verb="阅看", log="告知看过旧版的人员")
    issue(conn, letterhead, row, whom, NoticeKind.VOICE, f"old:{old.id}", now, errand=errand)


def open_of(conn: Connection, incident_id: int) -> list[str]:
    """What of one voice holds up the closing: holds, a version in work, relays."""
    return [
        *hold.open_of(conn, incident_id), *statement.open_of(conn, incident_id), *relay.open_of(conn, incident_id),
    ]  # fmt: skip
