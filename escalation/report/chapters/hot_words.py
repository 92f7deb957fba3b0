"""The chapter on hot words 热词: by which words the comments of the week differ from what is ordinarily written, and
what people say with them: a sentence of each of the first words, as it was written.

Never a person's name, a number or a handle (`sentiment.keywords`); cries for help, what belongs to a care case, and
letters are not read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, exists, select

from escalation.incident import incidents, members
from escalation.report import words
from escalation.report.chapter import Chapter, Written
from escalation.report.items import Cell, Items
from escalation.report.rows import WeekRows
from escalation.report.week import Week
from sentiment.digest import digest
from sentiment.keywords import holds, keywords, names_somebody
from stream.account import accounts
from stream.kept import assessments, posts, revisions
from stream.matter import CARE
from stream.post import Kind

READ = 3_000
"""Comments of the week that are read, the newest; the chapter says so where there were more."""
SHOWN = 15
LEAST = 20
"""Comments below which a week has no hot words."""
HEAD = ("发布", "平台", "账号", "倾向", "风险", "出处")
POLARITY = {"negative": "负面", "neutral": "中性", "positive": "正面"}
TOLD = 5
"""Words of which a sentence is told."""
CHOSEN = 6
"""Sentences of a word among which the first is taken that names nobody."""
NOTE = "清单不引评论原文；原文在值班台查阅，每次查阅留痕。"


@dataclass(frozen=True, slots=True)
class Said:
    """One public comment of the week."""

    at: datetime
    platform: str
    account: str
    polarity: str
    risk: int
    url: str
    text: str


@dataclass(frozen=True, slots=True)
class HotWord:
    """A line of the table; `key` of its list, how many of its comments are negative."""

    key: str
    negative: int


@dataclass(frozen=True, slots=True)
class Talk:
    """What people say with a word (`key` of its list): the most central of their sentences, as it was written."""

    key: str
    sentence: str


def fetch(conn: Connection, school: str, week: Week) -> tuple[Said, ...]:
    """The newest comments of other people, judged and public; no cry for help, nothing of a care case."""
    current = and_(
        revisions.c.school == posts.c.school, revisions.c.post_id == posts.c.id,
        revisions.c.revision == posts.c.revision,
    )  # fmt: skip
    judged = and_(
        assessments.c.school == posts.c.school, assessments.c.post_id == posts.c.id,
        assessments.c.revision == posts.c.revision,
    )  # fmt: skip
    cared = and_(
        members.c.school == posts.c.school, members.c.post_id == posts.c.id, members.c.incident_id == incidents.c.id
    )
    rows = conn.execute(
        select(posts.c.published_at, posts.c.platform, posts.c.account_id, posts.c.url, accounts.c.name,
               assessments.c.polarity, assessments.c.risk, assessments.c.themes, revisions.c.text)
        .select_from(posts)
        .join(revisions, current)
        .join(assessments, judged)
        .outerjoin(accounts, and_(accounts.c.school == posts.c.school, accounts.c.id == posts.c.account_id))
        .where(posts.c.school == school, posts.c.by_school.is_(False), posts.c.visibility == "public")
        .where(posts.c.kind.in_((Kind.COMMENT, Kind.REPLY)))
        .where(posts.c.published_at >= week.starts, posts.c.published_at < week.ends)
        .where(~exists().where(cared, incidents.c.care))
        .order_by(posts.c.published_at.desc(), posts.c.row.desc())
        .limit(READ)
    )  # fmt: skip
    return tuple(
        Said(row.published_at, row.platform, row.name or row.account_id, row.polarity, row.risk, row.url, row.text)
        for row in rows
        if CARE not in row.themes
    )


def write(found: Sequence[Said], rows: WeekRows, now: datetime) -> Written:
    """The words, each with its comments; nothing of it is signed for, as comments are not kept for ever."""
    del rows, now
    hot = keywords([one.text for one in found], SHOWN) if len(found) >= LEAST else []
    held = {one.word: [said for said in found if holds(said.text, one.word)] for one in hot}
    lists = {word: _list(word, said) for word, said in held.items()}
    lines = [HotWord(word, sum(one.polarity == "negative" for one in said)) for word, said in held.items()]
    read = {"read": Items("热词所读的评论", HEAD, tuple(map(_line, found)), len(found), NOTE)}
    return Written(lists | read, {"words": lines, "talk": talk(held), "full": len(found) >= READ})


def talk(held: Mapping[str, Sequence[Said]]) -> list[Talk]:
    """Of the first words a sentence each; none that names somebody, none of what an earlier word told of."""
    told: list[Talk] = []
    for word, found in held.items():
        fresh = [one.text for one in found if not any(holds(one.text, before.key) for before in told)]
        if 2 * len(fresh) > len(found):
            told += [Talk(word, said) for said in _sentence(word, fresh)]
        if len(told) == TOLD:
            break
    return told


def _sentence(word: str, texts: Sequence[str]) -> list[str]:
    """The most central sentence with this word that names nobody; one or none. One text is its own summary: none."""
    found = [one for one in digest(texts, CHOSEN) if word in one.lower()]
    return [one for one, named in zip(found, names_somebody(found), strict=True) if not named][:1]


def _list(word: str, found: Sequence[Said]) -> Items:
    return Items(f"含“{word}”的评论", HEAD, tuple(map(_line, found)), len(found), NOTE)


def _line(one: Said) -> tuple[Cell, ...]:
    return (
        Cell(words.day_time(one.at)),
        Cell(words.platform(one.platform)),
        Cell(one.account),
        Cell(POLARITY.get(one.polarity, "未判")),
        Cell(str(one.risk)),
        Cell("原处", one.url) if one.url.startswith(("https://", "http://")) else Cell(""),
    )


CHAPTER = Chapter("hot_words", fetch, write)
