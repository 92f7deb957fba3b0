"""Figures: gathering evidence from the rows that kept lines left (`stream.line`); the contract is `stream.evidence`'s.

A line that no rule marked and nobody likes asks nothing, and its rows are written together with those of its batch.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from sentiment.normalise import normalise
from stream.assessment import Assessment, Polarity
from stream.crowd import Crowds
from stream.evidence import (
    LIKED_LEAST,
    Evidence,
    Host,
    Mark,
    asked_keys,
    marks_of,
    scene_at,
    unkind,
)
from stream.impression import IMPRESSIONS
from stream.kept import counts, current_text
from stream.line import hours, lines, postings
from stream.marked import Marked
from stream.matter import CARE, Scene
from stream.novelty import AT_MOST, SHARED, first_alike, grams, ranked, sketch
from stream.post import Kind, Post
from stream.store import Among, add_new
from stream.surge import CALM, READ_BACK, Surge, hour_start, surge

TextOf = Callable[[str], str | None]
SHORT = 400
"""Characters of a text that may be remembered beyond its batch."""
FORESEEN = 3
"""Of the texts that a line may be a copy of, so many are asked about before it is known which it is."""


@dataclass(slots=True)
class _Batch:
    """What is known of the lines of one transaction before the first is noted, and the rows that wait."""

    likes: dict[str, int]
    """By post id: of the lines and of the roots of their threads."""
    plain: dict[str, str]
    """By text as written: normalised."""
    prints: dict[str, tuple[int, ...]]
    """By text as written: its hashes."""
    posted: dict[int, dict[str, None]]
    """By hash: the posts that had it before this batch."""
    noted: set[str]
    """The posts that have their line, those of this batch included."""
    older: set[str]
    """Of its posts, those that stand in `posted`."""
    earliest: dict[str, datetime]
    """By account: when the first of its lines in this batch was published."""
    text_of: TextOf
    marked: Marked
    crowds: Crowds
    since: datetime
    """When the first of its lines was published."""
    near: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    """By text as written: what it may be a copy of, of the posts in `posted` (`novelty.ranked`)."""
    grams: dict[str, frozenset[str]] = field(default_factory=dict)
    """By text as written: its grams, of texts that were compared."""
    fresh: dict[int, dict[str, None]] = field(default_factory=dict)
    """By hash: the posts of this batch that have left it."""
    postings: list[dict[str, Any]] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    """Those that wait to be written; all of them are counted."""
    counted: dict[tuple[str, datetime], list[int]] = field(default_factory=dict)
    """By account and hour: lines and negative ones to add."""
    past: dict[str, dict[datetime, int]] = field(default_factory=dict)
    """By account: lines per hour, with what is to be added."""
    recent: dict[str, list[datetime]] = field(default_factory=dict)
    """By account: when its lines were published, ascending, from an hour before `earliest` on."""


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
        self._foresee(conn, self._batch, expected)
        try:
            yield self._batch
            self._write(conn, self._batch)
        finally:
            self._batch = None

    def _ready(self, conn: Connection, expected: Sequence[Assessment], text_of: TextOf) -> _Batch:
        found = [assessment.post for assessment in expected]
        plain: dict[str, str] = {}
        prints: dict[str, tuple[int, ...]] = {}
        for one in expected:
            text = one.post.text
            if text not in plain:
                plain[text] = one.normal if one.normal is not None else _normal(text)
            if text not in prints and not one.post.by_school:
                prints[text] = one.prints if one.prints is not None else sketch(_grams(plain[text]))
        ids = {post.id for post in found}
        liked = LIKES.ask(conn, sorted(ids | {post.thread_id for post in found}), owner=self.school)
        posted: dict[int, dict[str, None]] = {}
        hashes = sorted({one for values in prints.values() for one in values})
        older: set[str] = set()
        for value, post_id in POSTED.ask(conn, hashes, owner=self.school):
            posted.setdefault(value, {})[post_id] = None
            if post_id in ids:
                older.add(post_id)
        noted = {post_id for (post_id,) in NOTED.ask(conn, sorted(ids), owner=self.school)}
        likes = {post_id: number or 0 for post_id, number in liked}
        since = min((post.published_at for post in found), default=datetime.max.replace(tzinfo=UTC))
        marked, crowds = Marked(self.school, since), Crowds(conn, self.school, since)
        return _Batch(likes, plain, prints, posted, noted, older, _earliest(found), text_of, marked, crowds, since)

    def _foresee(self, conn: Connection, batch: _Batch, expected: Sequence[Assessment]) -> None:
        """Ask at once what the marked lines of the batch will most likely ask one by one."""
        likely = [one for one in expected if one.hits or batch.likes.get(one.post.id, 0) >= LIKED_LEAST]
        if not likely:
            return
        threads = {one.post.thread_id for one in likely}
        near = {one.post.id: [one.post.id, *_posts(batch.near.get(one.post.text, ()))[:FORESEEN]] for one in likely}
        batch.crowds.ask(conn, threads, {cluster for some in near.values() for cluster in some})
        told = batch.marked.themes(conn, threads)
        keys: set[str] = set()
        for one in likely:
            post = one.post
            themes = {hit.theme for hit in one.hits} - {"any"}
            if not themes or any(hit.rule in IMPRESSIONS for hit in one.hits):
                themes |= told[post.thread_id]
            for cluster in near[post.id]:
                keys.update(asked_keys(sorted(themes), Scene(post.thread_id, cluster)))
        batch.marked.by_key(conn, keys, batch.since)
        batch.marked.cues(conn, threads, batch.since)

    def note(self, conn: Connection, assessment: Assessment, *, counts_for_incidents: bool) -> Evidence:
        """Take in one new line and give its evidence. Outside a `batch` it is a batch of its own.

        `counts_for_incidents` False (published before `watch_from`): it feeds the baselines and leaves no mark.
        """
        with self.batch(conn, [assessment]) if self._batch is None else nullcontext(self._batch) as batch:
            return self._note(conn, batch, assessment, counts_for_incidents=counts_for_incidents)

    def _note(self, conn: Connection, batch: _Batch, assessment: Assessment, *, counts_for_incidents: bool) -> Evidence:
        post = assessment.post
        cluster = self._cluster(batch, post) if not post.by_school else ""
        is_known = post.id in batch.noted
        if not is_known:  # the first text of a post is the one that counts
            batch.noted.add(post.id)
            self._count(batch, self._line(assessment, cluster, batch.likes.get(post.id, 0)))
        leave = partial(batch.marked.leave, conn, is_known=is_known)
        return self._weigh(conn, batch, assessment, cluster, counts_for_incidents=counts_for_incidents, leave=leave)

    def again(self, conn: Connection, assessment: Assessment, *, counts_for_incidents: bool) -> Evidence:
        """The evidence of a line that was noted before, as it stands now with its likes; nothing is written."""
        post = assessment.post
        known = select(lines.c.cluster).where(lines.c.school == self.school, lines.c.post_id == post.id)
        cluster = conn.execute(known).scalar() or ""
        with self.batch(conn, [assessment]) as batch:
            return self._weigh(conn, batch, assessment, cluster, counts_for_incidents=counts_for_incidents)

    def _weigh(
        self, conn: Connection, batch: _Batch, assessment: Assessment, cluster: str, *, counts_for_incidents: bool,
        leave: Callable[[Sequence[Mark]], None] = lambda _: None,
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
        leave(own)
        at = post.published_at
        wanted = self._wanted(conn, batch, own, scene, is_outliked=is_outliked)
        found = batch.marked.found(conn, wanted, at)
        crowds = self._crowds(conn, batch, post, cluster)
        return replace(
            plain,
            marks=found,
            cues=batch.marked.cues(conn, {mark.thread for mark in found} | {scene.thread}, at),
            thread=crowds.thread(post.thread_id, at),
            outliked=crowds.outliked(post.thread_id, root_likes + 1),
            is_outliked=is_outliked,
            copies=max(1, crowds.copies(cluster, at)) if cluster else 1,
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
        hashes = _print(batch, post.text)
        if not hashes:
            return post.id
        near = batch.near.get(post.text)
        if near is None:
            near = batch.near[post.text] = _near(batch.posted, hashes)
        if fresh := _near(batch.fresh, hashes):
            near = sorted(near + fresh)[:AT_MOST]
        if near and (first := _alike(batch, post.text, near)) is not None:
            return first
        left = batch.fresh
        if post.id in batch.older:  # it may have left others before: all that it left is counted together
            left, batch.near = batch.posted, {}
        for value in hashes:
            left.setdefault(value, {})[post.id] = None
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

    def _count(self, batch: _Batch, row: dict[str, Any]) -> None:
        """Take a line into what is counted; it waits to be written."""
        batch.lines.append(row)
        batch.crowds.heard(row)
        if row["outside"]:
            account, hour = row["account_id"], hour_start(row["at"])
            if account in batch.recent:
                insort(batch.recent[account], row["at"])
            sums = batch.counted.setdefault((account, hour), [0, 0])
            sums[0] += 1
            sums[1] += int(row["negative"])
            if account in batch.past:
                batch.past[account][hour] = batch.past[account].get(hour, 0) + 1

    def _write_lines(self, conn: Connection, batch: _Batch) -> None:
        """Write the lines that wait, before the rows are asked about them."""
        add_new(conn, lines, batch.lines)
        batch.lines = []

    def _crowds(self, conn: Connection, batch: _Batch, post: Post, cluster: str) -> Crowds:
        """The crowds of the batch, which know those of this line."""
        if not batch.crowds.knows(post.thread_id, cluster, post.published_at):
            self._write_lines(conn, batch)
            if post.published_at < batch.since:
                batch.since = post.published_at
                batch.crowds = Crowds(conn, self.school, batch.since)
            batch.crowds.ask(conn, [post.thread_id], [cluster] if cluster else [])
        return batch.crowds

    def _write(self, conn: Connection, batch: _Batch) -> None:
        self._write_lines(conn, batch)
        batch.marked.write(conn)
        add_new(conn, postings, sorted(batch.postings, key=itemgetter("hash")))  # neighbours go to one page
        rows = [
            {"school": self.school, "account_id": account, "hour": hour, "lines": 0, "negative": 0}
            for account, hour in sorted(batch.counted)
        ]
        add_new(conn, hours, rows)
        for (account, hour), (seen, negative) in sorted(batch.counted.items()):
            more = {"owner": self.school, "account": account, "at": hour, "seen": seen, "bad": negative}
            conn.execute(COUNTED, more)

    def _wanted(
        self, conn: Connection, batch: _Batch, own: Sequence[Mark], scene: Scene, *, is_outliked: bool
    ) -> tuple[str, ...]:
        themes = [mark.theme for mark in own if mark.theme != "any"]
        if (not themes and (own or is_outliked)) or any(mark.felt for mark in own):
            told = sorted(batch.marked.themes(conn, [scene.thread])[scene.thread])
            themes += [theme for theme in told if theme != CARE or not themes]
        return asked_keys(themes, scene)

    def _recent(self, conn: Connection, batch: _Batch, post: Post) -> int:
        """Lines of the account in the hour before this one and after it, of those that are written."""
        name = post.account_id
        if name not in batch.recent:
            self._write_lines(conn, batch)
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


def _asked_of(batch: _Batch, expected: Sequence[Assessment]) -> set[str]:
    """The posts whose texts a batch will ask for: what its lines may be copies of, and roots of marked ones."""
    asked = {assessment.post.thread_id for assessment in expected if assessment.hits}
    if batch.posted:
        batch.near = {text: _near(batch.posted, hashes) for text, hashes in batch.prints.items()}
        asked.update(post for near in batch.near.values() for _, post in near)
    return asked


def _near(posted: Mapping[int, Mapping[str, None]], hashes: Sequence[int]) -> list[tuple[int, str]]:
    known = [posted[value].keys() for value in hashes if value in posted]
    return ranked(known)[:AT_MOST] if len(known) >= SHARED else []


def _posts(near: Iterable[tuple[int, str]]) -> list[str]:
    return [post for _, post in near]


def _earliest(found: Sequence[Post]) -> dict[str, datetime]:
    first: dict[str, datetime] = {}
    for post in found:
        first[post.account_id] = min(first.get(post.account_id, post.published_at), post.published_at)
    return first


def _plain(batch: _Batch, text: str) -> str:
    """The normalised text; each text is normalised once in a batch."""
    if text not in batch.plain:
        batch.plain[text] = _normal(text)
    return batch.plain[text]


def _grams(plain: str) -> frozenset[str]:
    return _grams_short(plain) if len(plain) <= SHORT else grams(plain)


@lru_cache(maxsize=1024)  # what is copied, or nearly, is compared with every batch; some five kilobytes each
def _grams_short(plain: str) -> frozenset[str]:
    return grams(plain)


@lru_cache(maxsize=1024)
def _normal_short(text: str) -> str:
    return normalise(text).text


def _normal(text: str) -> str:
    return _normal_short(text) if len(text) <= SHORT else normalise(text).text


def _print(batch: _Batch, text: str) -> tuple[int, ...]:
    """The hashes of a text as written; each text is cut once in a batch."""
    if text not in batch.prints:
        batch.prints[text] = sketch(_grams(_plain(batch, text)))
    return batch.prints[text]


def _alike(batch: _Batch, text: str, near: Iterable[tuple[int, str]]) -> str | None:
    """The first of these posts that says the same words as this text."""

    def grams_of(post_id: str) -> frozenset[str] | None:
        other = batch.text_of(post_id)
        return None if other is None else _cut(batch, other)

    return first_alike(_cut(batch, text), _posts(near), grams_of)


def _cut(batch: _Batch, text: str) -> frozenset[str]:
    """The grams of a text as written; few are asked for, each cut once in a batch."""
    if text not in batch.grams:
        batch.grams[text] = _grams(_plain(batch, text))
    return batch.grams[text]
