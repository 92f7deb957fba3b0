"""The comments behind a figure, page by page from the store, without their words: those are read at the desk."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, and_, exists, func, select

from escalation.report import words
from escalation.report.fetch import CURRENT, LETTERS, commented
from escalation.report.figures import APART_THEMES, Part
from escalation.report.items import Cell, Items
from escalation.report.week import Week
from escalation.report.words import day_time
from stream.account import accounts
from stream.kept import assessments, posts
from stream.line import marks

PAGE = 200
HEAD = ("发布", "平台", "账号", "类别", "倾向", "风险", "出处")
KINDS = {"comment": "评论", "reply": "回复", "message": "来信", "lead": "线索"}
POLARITY = {"negative": "负面", "neutral": "中性", "positive": "正面"}


def _clause(school: str, week: Week, what: str) -> tuple[str, ColumnElement[bool]] | None:
    theirs = commented(school, week.starts, week.ends)
    kind, _, key = what.partition("-")
    if what == "comments":
        return "本周新增评论", theirs
    if what == "negative":
        return "本周负面评论", and_(theirs, assessments.c.polarity == "negative")
    if what in ("messages", "leads"):
        span = and_(posts.c.published_at >= week.starts, posts.c.published_at < week.ends)
        letters = and_(posts.c.school == school, span, posts.c.kind == what[:-1], posts.c.kind.in_(LETTERS))
        return ("本周来信" if what == "messages" else "本周线索"), letters
    if kind == "platform" and key:
        return f"本周评论：{words.platform(key)}", and_(theirs, posts.c.platform == key)
    if kind == "account" and key:
        return "本周评论：一个账号", and_(theirs, posts.c.account_id == key)
    if kind == "theme" and key in words.THEMES and key not in APART_THEMES:
        return f"本周评论：{words.theme(key)}", and_(theirs, _marked(key))
    return None


def _marked(theme: str) -> ColumnElement[bool]:
    return exists().where(marks.c.school == posts.c.school, marks.c.post_id == posts.c.id, marks.c.theme == theme)


def rest_clause(school: str, week: Week, what: str, shown: tuple[Part, ...]) -> tuple[str, ColumnElement[bool]] | None:
    """Behind `其余`: what the lines shown in the table leave over."""
    theirs = commented(school, week.starts, week.ends)
    keys = [part.lines.what.partition("-")[2] for part in shown if not part.lines.what.endswith("s-rest")]
    if what == "platforms-rest":
        return "本周评论：其余平台", and_(theirs, posts.c.platform.not_in(keys))
    if what == "accounts-rest":
        return "本周评论：其余账号", and_(theirs, posts.c.account_id.not_in(keys))
    return None


def posts_behind(
    conn: Connection, school: str, week: Week, what: str, page: int, shown: tuple[Part, ...] = ()
) -> Items | None:
    """One page (from 1) of the comments behind a figure; None where there is no such list."""
    found = _clause(school, week, what) or rest_clause(school, week, what, shown)
    if found is None:
        return None
    title, clause = found
    joined = posts.outerjoin(assessments, CURRENT)
    total = int(conn.execute(select(func.count()).select_from(joined).where(clause)).scalar_one())
    book = select(accounts.c.id, accounts.c.name).where(accounts.c.school == school)
    names = {row.id: row.name for row in conn.execute(book)}
    rows = conn.execute(
        select(posts, assessments.c.polarity, assessments.c.risk)
        .select_from(joined)
        .where(clause)
        .order_by(posts.c.published_at.desc(), posts.c.row.desc())
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    )
    lines = tuple(
        (
            Cell(day_time(row.published_at)),
            Cell(words.platform(row.platform)),
            Cell(names.get(row.account_id, row.account_id)),
            Cell(KINDS.get(row.kind, row.kind)),
            Cell(POLARITY.get(row.polarity or "", "未判")),
            Cell("" if row.risk is None else str(row.risk)),
            Cell("原处", row.url) if row.url.startswith(("https://", "http://")) else Cell(""),
        )
        for row in rows
    )
    return Items(title, HEAD, lines, total, "清单不引评论原文；原文在值班台查阅，每次查阅留痕。")
