"""Figures: gathering evidence from the rows that kept lines left (`stream.line`); the contract is `stream.evidence`'s.

A line that no rule marked and nobody likes asks nothing, and its rows are written together with those of its batch.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    bindparam,
    case,
    distinct,
    func,
    select,
    update,
)

from sentiment.normalise import normalise
from stream.assessment import Assessment, Polarity
from stream.evidence import (
    LIKED_LEAST,
    QUICK_HOURS,
    SLOW_DAYS,
    Evidence,
    Host,
    Mark,
    ThreadFigures,
    asked_keys,
    marks_of,
    scene_at,
    unkind,
)
from stream.kept import chunks, counts, current_text
from stream.line import hours, lines, mark_keys, marks, postings
from stream.matter import CARE, Scene
from stream.novelty import AT_MOST, first_alike, grams, sharing, sketch
from stream.post import Kind, Post
from stream.store import Among, add_new, put_all
from stream.surge import CALM, READ_BACK, Surge, hour_start, surge

TextOf = Callable[[str], str | None]
KEY_LENGTH = 300
MARK_NAMES = (
    "author", "rule", "title", "category", "weight", "grave", "level_floor", "article", "cluster", "ours", "keys",
    "kinds",
)  # fmt: skip


@dataclass(slots=True)
class _Batch:
    """What is known of the lines of one transaction before the first is noted, and the rows that wait."""

    likes: dict[str, int]
    """By post id: of the lines and of the roots of their threads."""
    plain: dict[str, str]
    """By text as written: normalised."""
    prints: dict[str, tuple[frozenset[str], tuple[int, ...]]]
    """By text as written: its grams and its hashes."""
    posted: dict[int, dict[str, None]]
    """By hash: the posts that have it, those of this batch included."""
    noted: set[str]
    """The posts that have their line, those of this batch included."""
    earliest: dict[str, datetime]
    """By account: when the first of its lines in this batch was published."""
    text_of: TextOf
    near: dict[str, list[str]] = field(default_factory=dict)
    """By text as written: what it may be a copy of, of the posts before this batch."""
    fresh: set[int] = field(default_factory=set)
    """Hashes that lines of this batch have left."""
    postings: list[dict[str, Any]] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    counted: dict[tuple[str, datetime], list[int]] = field(default_factory=dict)
    """By account and hour: lines and negative ones to add."""
    past: dict[str, dict[datetime, int]] = field(default_factory=dict)
    """By account: lines per hour, with what is to be added."""
    recent: dict[str, list[datetime]] = field(default_factory=dict)
    """By account: when its lines were published, ascending, from an hour before `earliest` on."""
    decoded: dict[tuple[str, str], Mark] = field(default_factory=dict)
    """By post and theme: marks that were read. In a storm every line of a thread asks for the same thousands."""


class Gatherer:
    """Gathers evidence for one school from the store. `hosts` by account id; `named`: places and units of settings."""

    def __init__(self, school: str, hosts: Mapping[str, Host], named: Sequence[str] = ()) -> None:
        """Keep what must be known of the school."""
        self.school, self.hosts, self.named = school, hosts, tuple(named)
        self._batch: _Batch | None = None

    @contextmanager
    def batch(
        self,
        conn: Connection,
        expected: Sequence[Assessment],
        text_of: TextOf | None = None,
        expect: Callable[[Collection[str]], None] = lambda _: None,
    ) -> Iterator[_Batch]:
        """Note several lines in this block: the same evidence as one by one, from far fewer statements.

        Likes must not change inside the block; figures are complete when it ends. `text_of`: the current text of a
        post, for a caller whose posts are not all written yet; `expect` is told once of which posts it will be asked.
        """
        self._batch = self._ready(conn, expected, text_of or partial(current_text, conn, self.school))
        expect(_asked_of(self._batch, expected))
        try:
            yield self._batch
            self._write(conn, self._batch)
        finally:
            self._batch = None

    def _ready(self, conn: Connection, expected: Sequence[Assessment], text_of: TextOf) -> _Batch:
        found = [assessment.post for assessment in expected]
        plain = {text: normalise(text).text for text in {post.text for post in found}}
        prints = {text: _printed(plain[text]) for text in {post.text for post in found if not post.by_school}}
        ids = {post.id for post in found}
        liked = LIKES.ask(conn, sorted(ids | {post.thread_id for post in found}), owner=self.school)
        posted: dict[int, dict[str, None]] = {}
        hashes = sorted({one for _, values in prints.values() for one in values})
        for value, post_id in POSTED.ask(conn, hashes, owner=self.school):
            posted.setdefault(value, {})[post_id] = None
        noted = {post_id for (post_id,) in NOTED.ask(conn, sorted(ids), owner=self.school)}
        likes = {post_id: number or 0 for post_id, number in liked}
        return _Batch(likes, plain, prints, posted, noted, _earliest(found), text_of)

    def note(self, conn: Connection, assessment: Assessment, *, counts_for_incidents: bool) -> Evidence:
        """Take in one new line and give its evidence. Outside a `batch` it is a batch of its own.

        `counts_for_incidents` False (published before `watch_from`): it feeds the baselines and leaves no mark.
        """
        with self.batch(conn, [assessment]) if self._batch is None else nullcontext(self._batch) as batch:
            return self._note(conn, batch, assessment, counts_for_incidents=counts_for_incidents)

    def _note(self, conn: Connection, batch: _Batch, assessment: Assessment, *, counts_for_incidents: bool) -> Evidence:
        post = assessment.post
        cluster = self._cluster(batch, post) if not post.by_school else ""
        if post.id not in batch.noted:  # the first text of a post is the one that counts
            batch.noted.add(post.id)
            batch.lines.append(self._line(assessment, cluster, batch.likes.get(post.id, 0)))
        return self._weigh(conn, batch, assessment, cluster, counts_for_incidents=counts_for_incidents, is_new=True)

    def again(self, conn: Connection, assessment: Assessment, *, counts_for_incidents: bool) -> Evidence:
        """The evidence of a line that was noted before, as it stands now with its likes; nothing is written."""
        post = assessment.post
        known = select(lines.c.cluster).where(lines.c.school == self.school, lines.c.post_id == post.id)
        cluster = conn.execute(known).scalar() or ""
        with self.batch(conn, [assessment]) as batch:
            return self._weigh(
                conn, batch, assessment, cluster, counts_for_incidents=counts_for_incidents, is_new=False
            )

    def _weigh(
        self, conn: Connection, batch: _Batch, assessment: Assessment, cluster: str, *, counts_for_incidents: bool,
        is_new: bool,
    ) -> Evidence:  # fmt: skip
        post = assessment.post
        host = self.hosts.get(post.account_id, Host())
        outside = not post.by_school
        likes = batch.likes.get(post.id, 0)
        if not assessment.hits and likes < LIKED_LEAST:
            return self._plain(assessment, Scene(post.thread_id, cluster), host)
        root = batch.text_of(post.thread_id)
        root_likes = batch.likes.get(post.thread_id, 0) if root is not None else 0
        texts = (_plain(batch, post.text), _plain(batch, root or ""))
        scene = scene_at(post.thread_id, cluster, texts, "" if host.main else host.unit, self.named)
        own = marks_of(assessment, scene) if counts_for_incidents else ()
        is_outliked = likes > root_likes and likes >= LIKED_LEAST and post.id != post.thread_id and outside
        plain = self._plain(assessment, scene, host)
        if not counts_for_incidents or not (own or is_outliked):
            return plain
        if is_new:
            self._keep(conn, own)
            batch.decoded |= {(mark.post_id, mark.theme): mark for mark in own}
        found = self._found(conn, batch, self._wanted(conn, own, scene, is_outliked=is_outliked), post.published_at)
        self._write_lines(conn, batch)
        figures = self._figures(conn, post, cluster, root_likes)
        return replace(
            plain,
            marks=found,
            cues=self._cues(conn, batch, found, scene, post.published_at),
            thread=ThreadFigures(figures.lines, figures.authors, figures.negative),
            outliked=figures.outliked,
            is_outliked=is_outliked,
            copies=max(1, figures.copies) if cluster else 1,
            surge=self._surge(conn, batch, post) if outside else CALM,
        )

    def _plain(self, assessment: Assessment, scene: Scene, host: Host) -> Evidence:
        """The evidence of a line that no mark or like speaks for: only its own words."""
        post = assessment.post
        return Evidence(
            post_id=post.id,
            by_school=post.by_school,
            own_post=post.by_school and post.kind is Kind.POST,
            lead_account=host.main,
            target=assessment.target,
            polarity=assessment.polarity,
            hits=assessment.hits,
            scene=scene,
            p_negative=unkind(assessment),
        )

    def _cluster(self, batch: _Batch, post: Post) -> str:
        """The first post of the near duplicates; a text of new words leaves its hashes, a short one stays alone."""
        mine, hashes = _print(batch, post.text)
        if not hashes:
            return post.id
        if post.text in batch.near and batch.fresh.isdisjoint(hashes):
            near = batch.near[post.text]
        else:
            near = _near(batch, hashes)
        if near and (first := first_alike(mine, near, lambda post_id: _known(batch, post_id))) is not None:
            return first
        batch.fresh.update(hashes)
        for value in hashes:
            batch.posted.setdefault(value, {})[post.id] = None
            batch.postings.append({"school": self.school, "hash": value, "post_id": post.id})
        return post.id

    def _line(self, assessment: Assessment, cluster: str, likes: int) -> dict[str, Any]:
        """The figures of one line."""
        post = assessment.post
        return {
            "school": self.school, "post_id": post.id, "thread_id": post.thread_id, "account_id": post.account_id,
            "voice": post.author_key or post.id, "outside": not post.by_school,
            "negative": assessment.polarity is Polarity.NEGATIVE, "likes": likes, "cluster": cluster,
            "at": post.published_at,
        }  # fmt: skip

    def _write_lines(self, conn: Connection, batch: _Batch) -> None:
        """Write the lines that wait and count their hours."""
        add_new(conn, lines, batch.lines)
        for row in batch.lines:
            if row["outside"]:
                account, hour = row["account_id"], hour_start(row["at"])
                if account in batch.recent:
                    insort(batch.recent[account], row["at"])
                sums = batch.counted.setdefault((account, hour), [0, 0])
                sums[0] += 1
                sums[1] += int(row["negative"])
                if account in batch.past:
                    batch.past[account][hour] = batch.past[account].get(hour, 0) + 1
        batch.lines = []

    def _write(self, conn: Connection, batch: _Batch) -> None:
        self._write_lines(conn, batch)
        add_new(conn, postings, batch.postings)
        rows = [
            {"school": self.school, "account_id": account, "hour": hour, "lines": 0, "negative": 0}
            for account, hour in sorted(batch.counted)
        ]
        add_new(conn, hours, rows)
        for (account, hour), (seen, negative) in sorted(batch.counted.items()):
            more = {"owner": self.school, "account": account, "at": hour, "seen": seen, "bad": negative}
            conn.execute(COUNTED, more)

    def _keep(self, conn: Connection, own: Collection[Mark]) -> None:
        put_all(
            conn,
            marks,
            [
                {
                    "school": self.school, "post_id": m.post_id, "theme": m.theme, "at": m.at, "thread_id": m.thread,
                    "spent": False, "mark": {name: getattr(m, name) for name in MARK_NAMES}
                    | {"keys": list(m.keys), "kinds": list(m.kinds)},
                }
                for m in own
            ],
        )  # fmt: skip
        rows = [
            {"school": self.school, "key": key[:KEY_LENGTH], "post_id": m.post_id, "theme": m.theme}
            for m in own
            for key in dict.fromkeys(m.keys)
        ]
        add_new(conn, mark_keys, rows)

    def _wanted(self, conn: Connection, own: Sequence[Mark], scene: Scene, *, is_outliked: bool) -> tuple[str, ...]:
        themes = [mark.theme for mark in own if mark.theme != "any"]
        if (not themes and (own or is_outliked)) or any(mark.felt for mark in own):
            rows = conn.execute(THEMES, {"school": self.school, "thread": scene.thread})
            themes += [row.theme for row in rows if row.theme != CARE or not themes]
        return asked_keys(themes, scene)

    def _marks(
        self, conn: Connection, batch: _Batch, named: Among, keys: Sequence[str], since: datetime
    ) -> tuple[Mark, ...]:
        """The marks that `named` names by post and theme, the oldest first; each is read once in a batch."""
        rows = named.ask(conn, keys, school=self.school, since=since)
        wanted = {(post_id, theme) for post_id, theme in rows}
        missing = sorted({post_id for post_id, theme in wanted if (post_id, theme) not in batch.decoded})
        for some in chunks(missing):
            kept = conn.execute(MARKS, {"school": self.school, "ids": some})
            batch.decoded |= {(row.post_id, row.theme): _mark(row) for row in kept}
        found = [batch.decoded[one] for one in wanted]
        return tuple(sorted(found, key=lambda mark: (mark.at, mark.post_id, mark.theme)))

    def _found(self, conn: Connection, batch: _Batch, keys: Sequence[str], now: datetime) -> tuple[Mark, ...]:
        return self._marks(conn, batch, FOUND, [key[:KEY_LENGTH] for key in keys], now - timedelta(days=SLOW_DAYS))

    def _cues(
        self, conn: Connection, batch: _Batch, found: Sequence[Mark], scene: Scene, now: datetime
    ) -> tuple[Mark, ...]:
        threads = {mark.thread for mark in found} | {scene.thread}
        return self._marks(conn, batch, CUES, sorted(threads), now - timedelta(hours=QUICK_HOURS))

    def _figures(self, conn: Connection, post: Post, cluster: str, root_likes: int) -> Row[Any]:
        """Lines and voices of the thread and of the copies, up to this line."""
        at = post.published_at
        given = {
            "school": self.school, "thread": post.thread_id, "cluster": cluster, "day": at - timedelta(hours=24),
            "quick": at - timedelta(hours=QUICK_HOURS), "likes": max(root_likes + 1, LIKED_LEAST),
        }  # fmt: skip
        return conn.execute(FIGURES, given).one()

    def _recent(self, conn: Connection, batch: _Batch, post: Post) -> int:
        """Lines of the account in the hour before this one and after it, of those that are written."""
        name = post.account_id
        if name not in batch.recent:
            since = min(batch.earliest.get(name, post.published_at), post.published_at) - timedelta(hours=1)
            rows = conn.execute(RECENT, {"school": self.school, "account": name, "since": since})
            batch.recent[name] = [at for at, number in rows for _ in range(number)]
        known = batch.recent[name]
        return len(known) - bisect_right(known, post.published_at - timedelta(hours=1))

    def _surge(self, conn: Connection, batch: _Batch, post: Post) -> Surge:
        if post.account_id not in batch.past:
            own = (hours.c.school == self.school) & (hours.c.account_id == post.account_id)
            began = select(func.min(hours.c.hour)).where(own).scalar_subquery()  # since when it has been watched
            of_use = (hours.c.hour >= post.published_at - READ_BACK) | (hours.c.hour == began)
            rows = conn.execute(select(hours.c.hour, hours.c.lines).where(own, of_use))
            past = {row.hour: row.lines for row in rows}
            for (account, hour), (seen, _) in batch.counted.items():
                if account == post.account_id:
                    past[hour] = past.get(hour, 0) + seen
            batch.past[post.account_id] = past
        known = batch.past[post.account_id]
        current = hour_start(post.published_at)
        before = {hour: seen for hour, seen in known.items() if hour < current}
        return surge(before, self._recent(conn, batch, post), post.published_at, min(known, default=current))


def _figures_statement() -> Select[Any]:
    here = lines.c.school == bindparam("school")
    thread = lines.c.thread_id == bindparam("thread")
    voices = func.count(distinct(lines.c.voice))
    day = (
        select(
            func.count().label("lines"),
            voices.label("authors"),
            func.count(distinct(case((lines.c.negative, lines.c.voice)))).label("negative"),
        )
        .where(here, thread, lines.c.outside, lines.c.at >= bindparam("day"))
        .subquery()
    )
    liked = select(voices).where(
        here, thread, lines.c.outside, lines.c.likes >= bindparam("likes"), lines.c.post_id != bindparam("thread")
    )
    copies = select(voices).where(here, lines.c.cluster == bindparam("cluster"), lines.c.at >= bindparam("quick"))
    return select(
        day,
        liked.scalar_subquery().label("outliked"),
        copies.scalar_subquery().label("copies"),
    )


FIGURES = _figures_statement()
LIKES = Among(select(counts.c.post_id, counts.c.likes).where(counts.c.school == bindparam("owner")), counts.c.post_id)
NOTED = Among(select(lines.c.post_id).where(lines.c.school == bindparam("owner")), lines.c.post_id)
POSTED = Among(
    select(postings.c.hash, postings.c.post_id).where(postings.c.school == bindparam("owner")), postings.c.hash
)
COUNTED = (
    update(hours)
    .where(hours.c.school == bindparam("owner"), hours.c.account_id == bindparam("account"))
    .where(hours.c.hour == bindparam("at"))
    .values(lines=hours.c.lines + bindparam("seen"), negative=hours.c.negative + bindparam("bad"))
)
RECENT = (
    select(lines.c.at, func.count())
    .where(lines.c.school == bindparam("school"), lines.c.account_id == bindparam("account"), lines.c.outside)
    .where(lines.c.at > bindparam("since"))
    .group_by(lines.c.at)
    .order_by(lines.c.at)
)
_HERE, _SINCE = marks.c.school == bindparam("school"), marks.c.at >= bindparam("since")
MARKS = select(marks).where(_HERE, marks.c.post_id.in_(bindparam("ids", expanding=True)))
THEMES = (
    select(marks.c.theme, func.min(marks.c.at).label("first"))
    .where(_HERE, marks.c.thread_id == bindparam("thread"), marks.c.theme != "any", marks.c.spent.is_(False))
    .group_by(marks.c.theme)
    .order_by("first", marks.c.theme)
)
FOUND = Among(
    select(marks.c.post_id, marks.c.theme)
    .join(
        mark_keys,
        (mark_keys.c.school == marks.c.school)
        & (mark_keys.c.post_id == marks.c.post_id)
        & (mark_keys.c.theme == marks.c.theme),
    )
    .where(mark_keys.c.school == bindparam("school"), _SINCE, marks.c.spent.is_(False)),
    mark_keys.c.key,
)
CUES = Among(
    select(marks.c.post_id, marks.c.theme).where(_HERE, marks.c.theme == "any", _SINCE, marks.c.spent.is_(False)),
    marks.c.thread_id,
)


def _asked_of(batch: _Batch, expected: Sequence[Assessment]) -> set[str]:
    """The posts whose texts a batch will ask for: what its lines may be copies of, and roots of marked ones."""
    asked = {assessment.post.thread_id for assessment in expected if assessment.hits}
    if batch.posted:
        batch.near = {text: _near(batch, hashes) for text, (_, hashes) in batch.prints.items()}
        asked.update(*batch.near.values())
    return asked


def _near(batch: _Batch, hashes: Sequence[int]) -> list[str]:
    return sharing([batch.posted[value] for value in hashes if value in batch.posted])[:AT_MOST]


def _earliest(found: Sequence[Post]) -> dict[str, datetime]:
    first: dict[str, datetime] = {}
    for post in found:
        first[post.account_id] = min(first.get(post.account_id, post.published_at), post.published_at)
    return first


def _plain(batch: _Batch, text: str) -> str:
    """The normalised text; each text is normalised once in a batch."""
    if text not in batch.plain:
        batch.plain[text] = normalise(text).text
    return batch.plain[text]


def _printed(text: str) -> tuple[frozenset[str], tuple[int, ...]]:
    found = grams(text)
    return found, sketch(found)


def _print(batch: _Batch, text: str) -> tuple[frozenset[str], tuple[int, ...]]:
    """Grams and hashes of a text as written; each text is cut once in a batch."""
    if text not in batch.prints:
        batch.prints[text] = _printed(_plain(batch, text))
    return batch.prints[text]


def _known(batch: _Batch, post_id: str) -> frozenset[str] | None:
    text = batch.text_of(post_id)
    return None if text is None else _print(batch, text)[0]


def _mark(row: Row[Any]) -> Mark:
    kept = dict(row.mark)
    kept |= {"keys": tuple(kept["keys"]), "kinds": tuple(kept["kinds"])}
    return Mark(post_id=row.post_id, theme=row.theme, at=row.at, thread=row.thread_id, **kept)
