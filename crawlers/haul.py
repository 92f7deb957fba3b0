"""A haul: what of a harvest is new. Appended to the log first, each record in its lane; cursor and all else follow in
one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection, and_, select

from crawlers import sighting
from crawlers.failure import HEALTHY
from crawlers.scan import Harvest, Job
from crawlers.sighting import Presence, Sighting
from stream.history import is_history
from stream.kept import posts as kept_posts
from stream.kept import revisions as kept_revisions
from stream.post import Counts, Kind, Post, Visibility
from stream.topic import HISTORY, POSTS

SUSPECT = "一次扫描中有 {lost} 条（共 {known} 条）同时消失，疑为平台返回不全，未按不可见处理"


@dataclass(slots=True)
class Haul:
    """`posts` and `counts` go to the log; `rows` are the sightings to write; `fresh`: how many were never seen."""

    posts: list[Post] = field(default_factory=list)
    counts: list[tuple[str, Counts]] = field(default_factory=list)
    rows: dict[str, Sighting] = field(default_factory=dict)
    fresh: int = 0
    vanished: int = 0
    suspect: str = ""

    def entries(self) -> dict[str, list[tuple[str, bytes]]]:
        """What is appended to which topic, keyed by thread; posts before their counts, old before new, fresh first.

        Counts go the way of their post where it comes with them, else with what is fresh.
        """
        ordered = sorted(self.posts, key=lambda post: (post.published_at, post.kind != Kind.POST, post.id))
        past = {post.id for post in ordered if is_history(post)}
        found: dict[str, list[tuple[str, bytes]]] = {POSTS: [], HISTORY: []}
        for post in ordered:
            found[HISTORY if post.id in past else POSTS].append((post.thread_id, post.wire()))
        for thread, seen in self.counts:
            found[HISTORY if seen.post_id in past else POSTS].append((thread, seen.wire()))
        return found


def sort_out(conn: Connection, job: Job, harvest: Harvest, now: datetime) -> Haul:
    """Compare a harvest with what is known."""
    school, haul = job.scope.school, Haul()
    known = sighting.those(conn, school, [*harvest.posts, *harvest.counts, *harvest.quoted])
    for post in harvest.posts.values():
        _take(haul, known, post)
    for post in harvest.quoted.values():
        if post.id not in known and post.id not in harvest.posts:
            _take(haul, known, post)
    for seen in harvest.counts.values():
        row = haul.rows.get(seen.post_id) or known.get(seen.post_id)
        if row is not None and row.counted != sighting.counted(seen):
            haul.rows[seen.post_id] = replace(row, counted=sighting.counted(seen))
            haul.counts.append((row.thread_id, seen))
    result = harvest.result
    if result is not None and result.exhaustive and result.failure in HEALTHY:
        _miss(conn, school, haul, harvest, result.exhaustive, now)
    elif result is not None and result.complete and job.thread and harvest.posts:
        _doubt(conn, school, haul, harvest, job.thread)
    return haul


def _doubt(conn: Connection, school: str, haul: Haul, harvest: Harvest, thread: str) -> None:
    """A scan that did not reach the end still tells when many rows are absent from the stretch that it did read."""
    oldest = min(post.published_at for post in harvest.posts.values())
    within = {
        one
        for one, row in sighting.under(conn, school, thread).items()
        if row.presence == Presence.SEEN and row.published_at >= oldest
    }
    lost = within - set(harvest.posts)
    if sighting.suspect(len(within), len(lost)):
        haul.suspect = SUSPECT.format(lost=len(lost), known=len(within))


def _take(haul: Haul, known: Mapping[str, Sighting], post: Post) -> None:
    old = known.get(post.id)
    if old is None:
        haul.posts.append(post)
        haul.rows[post.id] = sighting.first_sight(post)
        haul.fresh += 1
        return
    row = sighting.seen_again(old, post)
    if (row.revision, row.visibility) != (old.revision, old.visibility):
        haul.posts.append(post.model_copy(update={"first_seen_at": old.first_seen_at}))
    if row != old:
        haul.rows[post.id] = row


def _miss(conn: Connection, school: str, haul: Haul, harvest: Harvest, thread: str, now: datetime) -> None:
    there = sighting.under(conn, school, thread)
    standing = {one: row for one, row in there.items() if row.presence != Presence.VANISHED}
    lost = {one: row for one, row in standing.items() if one not in harvest.posts}
    newly = sum(row.presence == Presence.SEEN for row in lost.values())
    if sighting.suspect(sum(row.presence == Presence.SEEN for row in standing.values()), newly):
        haul.suspect = SUSPECT.format(lost=len(lost), known=len(standing))
        return
    for one, row in lost.items():
        after = sighting.absent(row, now)
        if after.presence == Presence.VANISHED:
            post = _kept(conn, school, one, now)
            if post is None:
                continue  # not yet kept by the watch; the next scan says it again
            haul.posts.append(post)
            haul.vanished += 1
        haul.rows[one] = after


def _kept(conn: Connection, school: str, post_id: str, now: datetime) -> Post | None:
    """The post as the store keeps it, as no longer visible from `now`."""
    joined = and_(
        kept_revisions.c.school == kept_posts.c.school,
        kept_revisions.c.post_id == kept_posts.c.id,
        kept_revisions.c.revision == kept_posts.c.revision,
    )
    query = (
        select(kept_posts, kept_revisions.c.text, kept_revisions.c.text_hash, kept_revisions.c.cut)
        .join(kept_revisions, joined)
        .where(kept_posts.c.school == school, kept_posts.c.id == post_id)
    )
    row = conn.execute(query).mappings().first()
    if row is None:
        return None
    fields = {name: value for name, value in row.items() if name != "row"}
    return Post(**fields | {"visibility": Visibility.VANISHED, "fetched_at": now})
