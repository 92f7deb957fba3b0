"""Figures: gathering evidence from the rows that kept lines left (`stream.line`); the contract is `stream.evidence`'s.

A line that no rule marked and nobody likes asks nothing, and its rows are written together with those of its batch.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, bindparam, select

from stream.assessment import Assessment, Polarity
from stream.copies import Copies, TextOf
from stream.crowd import Crowds
from stream.evidence import (
    LIKED_LEAST,
    Evidence,
    Host,
    Mark,
    asked_keys,
    cue_key,
    cue_threads,
    marks_of,
    scene_at,
    unit_of,
    unkind,
    with_own,
)
from stream.impression import IMPRESSIONS
from stream.kept import counts, current_text
from stream.line import lines
from stream.marked import Marked
from stream.matter import CARE, CUE, Scene
from stream.post import Kind, Post
from stream.store import Among, add_new
from stream.surge import CALM, Surge
from stream.tally import Tally

FORESEEN = 3
"""Of the texts that a line may be a copy of, so many are asked about before it is known which it is."""


@dataclass(slots=True)
class _Batch:
    """What is known of the lines of one transaction before the first is noted, and the rows that wait."""

    likes: dict[str, int]
    """By post id: of the lines and of the roots of their threads."""
    noted: set[str]
    """The posts that have their line, those of this batch included."""
    text_of: TextOf
    copies: Copies
    tally: Tally
    marked: Marked
    crowds: Crowds
    since: datetime
    """When the first of its lines was published."""
    lines: list[dict[str, Any]] = field(default_factory=list)
    """Those that wait to be written; all of them are counted."""


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
        ids = {post.id for post in found}
        liked = LIKES.ask(conn, sorted(ids | {post.thread_id for post in found}), owner=self.school)
        likes = {post_id: number or 0 for post_id, number in liked}
        copies = Copies(conn, self.school, expected, text_of)
        noted = {post_id for (post_id,) in NOTED.ask(conn, sorted(ids), owner=self.school)}
        since = min((post.published_at for post in found), default=datetime.max.replace(tzinfo=UTC))
        marked, crowds = Marked(self.school, since), Crowds(conn, self.school, since)
        return _Batch(likes, noted, text_of, copies, Tally(self.school, found), marked, crowds, since)

    def _foresee(self, conn: Connection, batch: _Batch, expected: Sequence[Assessment]) -> None:
        """Ask at once what the marked lines of the batch will most likely ask one by one."""
        likely = [one for one in expected if one.hits or batch.likes.get(one.post.id, 0) >= LIKED_LEAST]
        if not likely:
            return
        threads = {one.post.thread_id for one in likely}
        near = {one.post.id: [one.post.id, *batch.copies.likely(one.post.text)[:FORESEEN]] for one in likely}
        batch.crowds.ask(conn, threads, {cluster for some in near.values() for cluster in some})
        told = batch.marked.themes(conn, threads)
        keys = {cue_key(thread) for thread in threads}
        for one in likely:
            post, scene = one.post, self._scene(batch, one, "")
            themes = {hit.theme for hit in one.hits} - {CUE}
            if not themes or any(hit.rule in IMPRESSIONS for hit in one.hits):
                themes |= told[post.thread_id]
            for at in [replace(scene, cluster=cluster) for cluster in near[post.id]]:
                keys.update(asked_keys(sorted(themes), at), *(mark.keys for mark in marks_of(one, at)))
        batch.marked.by_key(conn, keys, batch.since)

    def _scene(self, batch: _Batch, assessment: Assessment, cluster: str) -> Scene:
        post = assessment.post
        texts = (batch.copies.plain(post.text), batch.copies.plain(batch.text_of(post.thread_id) or ""))
        unit = unit_of(assessment, self.hosts.get(post.account_id, Host()))
        return scene_at(post.thread_id, cluster, texts, unit, self.named)

    def note(self, conn: Connection, assessment: Assessment, *, counts_for_incidents: bool) -> Evidence:
        """Take in one new line and give its evidence. Outside a `batch` it is a batch of its own.

        `counts_for_incidents` False (published before `watch_from`): it feeds the baselines and leaves no mark.
        """
        with self.batch(conn, [assessment]) if self._batch is None else nullcontext(self._batch) as batch:
            return self._note(conn, batch, assessment, counts_for_incidents=counts_for_incidents)

    def _note(self, conn: Connection, batch: _Batch, assessment: Assessment, *, counts_for_incidents: bool) -> Evidence:
        post = assessment.post
        cluster = batch.copies.cluster(post) if not post.by_school else ""
        is_known = post.id in batch.noted
        if not is_known:  # the first text of a post is the one that counts
            batch.noted.add(post.id)
            self._count(batch, self._line(assessment, cluster, batch.likes.get(post.id, 0)))

        def leave(own: Sequence[Mark]) -> Sequence[Mark]:
            batch.marked.leave(conn, own, is_known=is_known)
            return own

        return self._weigh(conn, batch, assessment, cluster, counts_for_incidents=counts_for_incidents, leave=leave)

    def again(self, conn: Connection, assessment: Assessment, *, counts_for_incidents: bool) -> Evidence:
        """The evidence of a line that was noted before, as it stands now with its likes; nothing is written."""
        post = assessment.post
        known = select(lines.c.cluster).where(lines.c.school == self.school, lines.c.post_id == post.id)
        cluster = conn.execute(known).scalar() or ""
        with self.batch(conn, [assessment]) as batch:
            stand = partial(batch.marked.stand, conn)
            return self._weigh(conn, batch, assessment, cluster, counts_for_incidents=counts_for_incidents, leave=stand)

    def _weigh(
        self, conn: Connection, batch: _Batch, assessment: Assessment, cluster: str, *, counts_for_incidents: bool,
        leave: Callable[[Sequence[Mark]], Sequence[Mark]],
    ) -> Evidence:  # fmt: skip
        """`leave` gives those of the line's own marks that count."""
        post = assessment.post
        host = self.hosts.get(post.account_id, Host())
        outside = not post.by_school
        likes = batch.likes.get(post.id, 0)
        if not assessment.hits and likes < LIKED_LEAST:
            return self._plain(assessment, Scene(post.thread_id, cluster), host)
        is_rooted = batch.text_of(post.thread_id) is not None
        root_likes = batch.likes.get(post.thread_id, 0) if is_rooted else 0
        scene = self._scene(batch, assessment, cluster)
        own: Sequence[Mark] = marks_of(assessment, scene) if counts_for_incidents else ()
        is_outliked = likes > root_likes and likes >= LIKED_LEAST and post.id != post.thread_id and outside
        plain = self._plain(assessment, scene, host)
        if not counts_for_incidents or not (own or is_outliked):
            return plain
        at = post.published_at
        wanted = self._wanted(conn, batch, own, scene, is_outliked=is_outliked)
        batch.marked.by_key(conn, [*wanted, *(key for mark in own for key in mark.keys)], at)
        own = leave(own)
        found = with_own(batch.marked.found(conn, wanted, at), own)
        crowds = self._crowds(conn, batch, post, cluster)
        return replace(
            plain,
            marks=found,
            cues=batch.marked.cues(conn, cue_threads(found, scene.thread), at),
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
        batch.tally.count(row)

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
        batch.copies.write(conn)
        batch.tally.write(conn)

    def _wanted(
        self, conn: Connection, batch: _Batch, own: Sequence[Mark], scene: Scene, *, is_outliked: bool
    ) -> tuple[str, ...]:
        themes = [mark.theme for mark in own if mark.theme != CUE]
        if (not themes and (own or is_outliked)) or any(mark.felt for mark in own):
            told = sorted(batch.marked.themes(conn, [scene.thread])[scene.thread])
            themes += [theme for theme in told if theme != CARE or not themes]
        return asked_keys(themes, scene)

    def _surge(self, conn: Connection, batch: _Batch, post: Post) -> Surge:
        if not batch.tally.knows(post):
            self._write_lines(conn, batch)
        return batch.tally.surge(conn, post)


LIKES = Among(select(counts.c.post_id, counts.c.likes).where(counts.c.school == bindparam("owner")), counts.c.post_id)
NOTED = Among(select(lines.c.post_id).where(lines.c.school == bindparam("owner")), lines.c.post_id)


def _asked_of(batch: _Batch, expected: Sequence[Assessment]) -> set[str]:
    """The posts whose texts a batch will ask for: what its lines may be copies of, and roots of marked ones."""
    return {assessment.post.thread_id for assessment in expected if assessment.hits} | batch.copies.asked()
