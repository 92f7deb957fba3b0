"""Which approved paper a crawled post is, by its text: a permit or a submission that fits and is still free."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, select

from escalation import paper
from escalation.likeness import Likeness, compare
from escalation.paper import Noun
from stream.post import Post


def approved_by(post: Post) -> datetime:
    """By when a paper must have been approved for a post to be under it: platforms tell whole seconds only."""
    return post.published_at + timedelta(seconds=1)


def fitting(
    conn: Connection, table: Table, noun: Noun, states: Collection[str], in_force: ColumnElement[bool],
    order: ColumnElement[Any], post: Post,
) -> tuple[Row[Any] | None, Likeness | None]:  # fmt: skip
    """The first paper in `order` whose text this post is, held; else None, with the nearest one's likeness, if any.

    `states`: those in which it may be published under; `in_force`: that it was so when the post was published. A paper
    covers one post: one that another post used does not count.
    """
    rows = conn.execute(
        select(table)
        .where(table.c.school == post.school, table.c.account_id == post.account_id)
        .where(table.c.state.in_(states), in_force)
        .order_by(order)
    ).all()
    nearest: Likeness | None = None
    for row in rows:
        if row.used_post_id not in (None, post.id):
            continue
        found = compare(row.text, post.text)
        if found.fits:
            mine = paper.held(conn, table, noun, row.school, row.number)
            if mine.state in states and mine.used_post_id in (None, post.id):  # nobody was quicker
                return mine, found
        nearest = max((one for one in (nearest, found) if one), key=lambda one: one.share)
    return None, nearest
