"""What the crawlers see of the school's own accounts: a release that is posted as approved, relays that are done."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from escalation.deed import incident_of
from escalation.voice import relay
from escalation.voice.release import check_found, out_since, releases
from escalation.voice.state import RelayState, StatementState
from escalation.voice.statement import statements
from stream.post import Kind, Post


def seen(conn: Connection, post: Post, now: datetime) -> int:
    """Lay an own post beside the statements in force; gives how many relays and releases it answered."""
    if not post.by_school or post.kind is not Kind.POST:
        return 0
    done = 0
    for statement_id in _concerned(conn, post):
        incident_id = conn.execute(
            select(statements.c.incident_id).where(statements.c.id == statement_id)
        ).scalar_one()  # fmt: skip
        row = incident_of(conn, incident_id)
        found = conn.execute(select(statements).where(statements.c.id == statement_id)).one()
        out = conn.execute(select(releases).where(releases.c.statement_id == statement_id)).one()
        if out.account_id == post.account_id:
            done += check_found(conn, found, row, out, post.id, post.url, post.text, now)
        for one in relay.relays_of(conn, statement_id):
            if one.account_id == post.account_id:
                done += relay.seen(conn, row, one, post, found.text, now, since=out_since(conn, out))
    return done


def _concerned(conn: Connection, post: Post) -> list[int]:
    """The released versions whose own post or whose relay this may be."""
    waiting = select(relay.relays.c.statement_id).where(
        relay.relays.c.account_id == post.account_id,
        relay.relays.c.state.in_([RelayState.WAITING, RelayState.OVERDUE]),
    )
    wanted = (releases.c.account_id == post.account_id) | statements.c.id.in_(waiting)
    return list(
        conn.execute(
            select(statements.c.id)
            .join(releases, releases.c.statement_id == statements.c.id)
            .where(statements.c.school == post.school, statements.c.state == StatementState.RELEASED, wanted)
            .order_by(statements.c.id)
        ).scalars()
    )
