"""Leads 线索: what a person saw and typed in, pasted or brought in a file, becomes a Post like any other.

Nothing is half taken in: one bad field or row and nothing is, with every problem named by row and column in Chinese.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy import Column, Connection, Table, select

from crawlers.redaction import redact
from crawlers.settings import ARTICLE_HOST
from crawlers.shape import AHEAD, EARLIEST
from stream import account
from stream.account import Account
from stream.history import is_old
from stream.log import Log, LogUnavailable, PartlyAppended
from stream.post import NAMED_LEAD, Kind, Post, Route, door
from stream.store import Store, insert_new, metadata
from stream.store.types import Moment, Word
from stream.topic import HISTORY, POSTS
from stream.workbook import FORMULA

SHANGHAI = ZoneInfo("Asia/Shanghai")
AT_ONCE = 500
LINK_LIMIT = 2000
"""What an import puts for a cell that holds a formula: there is no text in it that anybody could have seen."""
PLATFORM, ACCOUNT, LINK, TEXT, PUBLISHED, SEEN = "平台", "账号", "链接", "原文", "发布时间", "看到时间"
COLUMNS = (PLATFORM, ACCOUNT, LINK, TEXT, PUBLISHED, SEEN)
FIELDS = {
    "platform": PLATFORM,
    "account": ACCOUNT,
    "link": LINK,
    "text": TEXT,
    "published_at": PUBLISHED,
    "seen_at": SEEN,
}
"""Names of the desk's form fields and the columns they stand for."""
PLATFORMS = {
    "微博": "weibo", "微信": "wechat", "微信公众号": "wechat", "公众号": "wechat", "抖音": "douyin",
    "哔哩哔哩": "bilibili", "B站": "bilibili", "快手": "kuaishou", "小红书": "xiaohongshu", "知乎": "zhihu",
    "贴吧": "tieba", "百度贴吧": "tieba", "今日头条": "toutiao", "头条": "toutiao", "视频号": "channels", "QQ": "qq",
    "QQ群": "qq", "论坛": "forum", "校园论坛": "forum", "网站": "site", "官网": "site", "信箱": "letter",
    "其他": "other",
}  # fmt: skip
_DATE = re.compile(
    r"(?P<year>\d{4})[-/.年](?P<month>\d{1,2})[-/.月](?P<day>\d{1,2})日?"
    r"(?:[ T]*(?P<hour>\d{1,2})[:：时](?P<minute>\d{1,2})(?:[:：分](?P<second>\d{1,2})(?:\.\d+)?秒?)?分?)?"
    r"(?P<zone>Z|[+-]\d{2}:?\d{2})?"
)

leads = Table(
    "leads",
    metadata,
    Column("school", Word(32), primary_key=True),
    Column("digest", Word(64), primary_key=True),
    Column("post_id", Word(200), nullable=False),
    Column("taken_at", Moment(), nullable=False),
)
"""By which links and texts a lead is known: hashes only."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong where: `row` counts as the spreadsheet does (0: the form or the whole file)."""

    row: int
    column: str
    message: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken in: ids of new leads, and which rows were there already (not taken in again). `past`: how many of
    the new ones tell of days long past: they are found and counted, and open nothing."""

    ids: tuple[str, ...]
    repeated: tuple[Problem, ...] = ()
    past: int = 0


def take_lead(
    store: Store,
    log: Log,
    school: str,
    form: Mapping[str, str],
    now: datetime,
    articles_at: frozenset[str] = frozenset({ARTICLE_HOST}),
) -> Taken | tuple[Problem, ...]:
    """Take one lead from the desk's form (fields as in FIELDS; only `text` or `link` must be there).

    `articles_at`: the hosts where articles of official accounts stand (`settings.article_hosts`).
    Raises LogUnavailable, StoreUnavailable: nothing is recorded, the same form may be sent again.
    """
    row = {column: str(form.get(name, "") or "").strip() for name, column in FIELDS.items()}
    if not row[TEXT] and _link(row[LINK]) and urlsplit(row[LINK]).hostname in articles_at:
        pasted = _article_link(store, school, row, now)
        if pasted is not None:
            return pasted
    return take_rows(store, log, school, [(0, row)], now, typed=True)


def _article_link(
    store: Store, school: str, row: Mapping[str, str], now: datetime
) -> Taken | tuple[Problem, ...] | None:
    """A link of one's own article without a text is no lead: it tells where the article's comments are to be read."""
    with store.read() as conn:
        book = account.book(conn, school).values()
    about = next((one for one in book if row[ACCOUNT] in (one.id, one.name) and one.platform == "wechat"), None)
    if about is None:
        return None
    from crawlers.article_link import take_link  # it brings Scrapy, which pages do not need

    visible, words = take_link(store, school, about.id, row[LINK], "", now)
    return Taken((row[LINK],)) if visible else (Problem(0, LINK, words),)


def take_rows(
    store: Store, log: Log, school: str, rows: Sequence[tuple[int, Mapping[str, str]]], now: datetime, *,
    typed: bool = False,
) -> Taken | tuple[Problem, ...]:  # fmt: skip
    """Take rows (number, column to text): all of them, or none and every problem.

    What a person has `typed` now is fresh; of a file, what was last seen long ago is history (`is_past`).

    Raises LogUnavailable, StoreUnavailable: nothing is recorded; PartlyAppended where the log cannot take all at once
    and went away midway. The same rows may be sent again: an id is made of link and text, so nothing doubles.
    """
    with store.read() as conn:
        book = account.book(conn, school)
    found: list[tuple[int, Post]] = []
    problems: list[Problem] = []
    for number, row in rows:
        read = read_lead(row, number, school, book, now)
        if isinstance(read, Post):
            found.append((number, read))
        else:
            problems += read
    if problems:
        return tuple(problems)
    with store.read() as conn:
        fresh, repeated = _sort_out(conn, school, found)
    past = set() if typed else {number for number, row in rows if is_past(row, now)}
    number_of = {post.id: number for number, post in found}
    lanes: dict[str, list[tuple[str, bytes]]] = {POSTS: [], HISTORY: []}
    for post in fresh:
        lanes[HISTORY if number_of[post.id] in past else POSTS].append((post.thread_id, post.wire()))
    _append(log, lanes)
    with store.write() as conn:
        for post in fresh:
            known = {"school": school, "post_id": post.id, "taken_at": now}
            insert_new(conn, leads, [{**known, "digest": digest} for digest in digests(post)])
    return Taken(tuple(post.id for post in fresh), tuple(repeated), len(lanes[HISTORY]))


def is_past(row: Mapping[str, str], now: datetime) -> bool:
    """Whether a row of a file tells of days long past: by when it was seen where that is said, else by its date. Pure.

    Without a date it is of now.
    """
    at = read_instant(row.get(SEEN, "")) or read_instant(row.get(PUBLISHED, ""))
    return at is not None and is_old(at, now)


def _append(log: Log, lanes: Mapping[str, Sequence[tuple[str, bytes]]]) -> None:
    of, done = sum(map(len, lanes.values())), 0
    at_once = max(of, 1) if log.whole else AT_ONCE
    for topic, entries in lanes.items():
        for start in range(0, len(entries), at_once):
            piece = entries[start : start + at_once]
            try:
                log.append(topic, piece)
            except LogUnavailable as error:
                if not done:
                    raise
                raise PartlyAppended(done, of, error) from error
            done += len(piece)


def _sort_out(conn: Connection, school: str, found: Sequence[tuple[int, Post]]) -> tuple[list[Post], list[Problem]]:
    wanted = sorted({digest for _, post in found for digest in digests(post)})
    known: dict[str, int] = {}
    for start in range(0, len(wanted), 500):
        part = leads.c.digest.in_(wanted[start : start + 500])
        known.update(
            (row.digest, -1) for row in conn.execute(select(leads.c.digest).where(leads.c.school == school, part))
        )
    fresh, repeated = [], []
    for number, post in found:
        before = next((known[digest] for digest in digests(post) if digest in known), None)
        if before is None:
            fresh.append(post)
            known.update(dict.fromkeys(digests(post), number))
        else:
            where = "此前已录入" if before < 0 else f"与第 {before} 行相同"
            repeated.append(Problem(number, LINK if post.url else TEXT, f"{where}（链接或原文一致），未重复录入"))
    return fresh, repeated


def digests(post: Post) -> tuple[str, ...]:
    """By what a lead is known again: link and text together; the link alone only where there is no text.

    Several comments stand under one link, and the same words under several links.
    """
    text = "" if post.text == post.url else "".join(post.text.split())
    marks = [f"link:{post.url}"] if post.url else []
    if text:
        marks = [f"link:{post.url}\ntext:{text}" if post.url else f"text:{text}"]
    return tuple(hashlib.sha256(mark.encode()).hexdigest() for mark in marks)


def read_lead(
    row: Mapping[str, str], number: int, school: str, book: Mapping[str, Account], now: datetime
) -> Post | list[Problem]:
    """One row as a post, or everything that is wrong with it. Pure.

    Its id says whether an account was named (`Post.account_named`); a row that names one and no platform has its.
    """
    problems: list[Problem] = []
    cells = {column: row.get(column, "").strip() for column in COLUMNS}
    for column in [column for column in COLUMNS if cells[column] == FORMULA]:
        problems.append(Problem(number, column, "单元格里是公式，读不到内容；请复制后以“值”粘贴，再保存"))
        cells[column] = ""
    written = cells[PLATFORM]
    platform = PLATFORMS.get(written or "其他", written if written in PLATFORMS.values() else "")
    if not platform:
        problems.append(Problem(number, PLATFORM, f"不认识“{cells[PLATFORM][:20]}”，可填：{'、'.join(PLATFORMS)}"))
    about = _account(cells[ACCOUNT], platform, book)
    if about is None:
        problems.append(Problem(number, ACCOUNT, _no_account(cells[ACCOUNT], book)))
    if cells[LINK] and not _link(cells[LINK]):
        problems.append(Problem(number, LINK, "链接须以 http:// 或 https:// 开头，且不超过 2000 字"))
    if not cells[TEXT] and not cells[LINK] and not problems:
        problems.append(Problem(number, TEXT, "原文与链接至少填一项"))
    seen = _instant(cells[SEEN], now, now, number, SEEN, problems)
    published = _instant(cells[PUBLISHED], seen, now, number, PUBLISHED, problems)
    if _seen_too_early(cells[SEEN], seen, published):
        problems.append(Problem(number, SEEN, f"“{cells[SEEN][:30]}”早于发布时间，请核对这两列"))
    if problems or about is None:
        return problems
    if cells[ACCOUNT] and not written:
        platform = book[about].platform
    names = frozenset(one.name for one in book.values())
    text, digest, cut = door(redact(cells[TEXT] or cells[LINK], names))
    begins = NAMED_LEAD if cells[ACCOUNT] else "lead:"
    name = f"{begins}{hashlib.sha256(f'{cells[LINK]}|{digest}'.encode()).hexdigest()[:24]}"
    return Post(
        school=school, id=name, kind=Kind.LEAD, platform=platform, account_id=about, thread_id=name, text=text,
        text_hash=digest, cut=cut, published_at=published, first_seen_at=now, fetched_at=now,
        revision=digest[:16], url=cells[LINK], route=Route.MANUAL,
    )  # fmt: skip


def _account(named: str, platform: str, book: Mapping[str, Account]) -> str | None:
    """Whose matter it is. Without a name: a main account in use, of the same platform first, then by its id."""
    if named:
        there = [one for one in book.values() if named in (one.id, one.name)]
        there.sort(key=lambda one: one.platform != platform)
        return there[0].id if there else None
    ordered = sorted(book.values(), key=lambda one: (not one.active, not one.main, one.platform != platform, one.id))
    return ordered[0].id if ordered else None


def _no_account(named: str, book: Mapping[str, Account]) -> str:
    if not book:
        return "账号登记册为空，请先登记账号"
    known = "、".join(sorted({one.name for one in book.values()})[:8])
    return f"登记册中没有“{named[:30]}”，请填登记册中的账号名称（如：{known}），不清楚可留空"


def _link(raw: str) -> bool:
    try:
        parts = urlsplit(raw)
    except ValueError:
        return False
    printable = raw.isprintable() and not any(one.isspace() for one in raw)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and printable and len(raw) <= LINK_LIMIT


def _instant(
    raw: str, otherwise: datetime, now: datetime, number: int, column: str, problems: list[Problem]
) -> datetime:
    if not raw:
        return otherwise
    at = read_instant(raw)
    if at is None:
        problems.append(Problem(number, column, f"“{raw[:30]}”不是时间，请写成 2026-11-03 18:02（北京时间）"))
    elif not EARLIEST <= at <= now + AHEAD:
        problems.append(Problem(number, column, f"“{raw[:30]}”早于 2005 年或晚于现在，请核对"))
    else:
        return at
    return otherwise


def _seen_too_early(raw: str, seen: datetime, published: datetime) -> bool:
    """Whether it was seen before it was published; a date without a time is seen until the end of its day."""
    if not raw or read_instant(raw) is None:
        return False
    if any(mark in raw for mark in ":：时"):
        return seen < published
    return seen.astimezone(SHANGHAI).date() < published.astimezone(SHANGHAI).date()


def read_instant(raw: str) -> datetime | None:
    """A date or time as people write it, Asia/Shanghai where no zone is given; None where it is none."""
    found = _DATE.fullmatch(raw.strip())
    if found is None:
        return None
    parts = {name: int(found[name] or 0) for name in ("year", "month", "day", "hour", "minute", "second")}
    try:
        at = datetime(**parts, tzinfo=SHANGHAI)
        zone = found["zone"]
        if zone:
            east = timedelta(0) if zone == "Z" else timedelta(hours=int(zone[:3]), minutes=int(zone[0] + zone[-2:]))
            at = at.replace(tzinfo=UTC) - east
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
