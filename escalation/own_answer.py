"""What the school's own accounts say under a post while its subject is held: a hold forbids comments, too.

No rule reads an answer, so nothing but a hold is asked of it. The school's own account is left alone, and so is who
had leave for the words, passes on what the school released, or was asked by the desk to answer in public.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Connection, or_, select

from escalation import paper_match, permit
from escalation.breach import Finding, Kind
from escalation.consultation.find import thread_of
from escalation.incident import members
from escalation.people import Role, holders
from escalation.task import TaskKind, tasks
from escalation.task.state import TaskState
from escalation.voice.carried import carried
from escalation.voice.stood import holds_at
from escalation.voice.subject import touches
from stream.account import Account
from stream.post import Kind as PostKind
from stream.post import Post, Visibility

ANSWERS = (PostKind.COMMENT, PostKind.REPLY)
Spoken = Mapping[str, Sequence[str]]


def findings(
    conn: Connection, account: Account, post: Post, places: Sequence[str], spoken_of: Callable[[Post], Spoken]
) -> tuple[Finding, ...]:  # fmt: skip
    """The first hold that stood when this answer was given and that it breaks; empty where it breaks none.

    `places`: names of places in the settings; `spoken_of`: by which words the rules know which kinds of incident in it.
    """
    if account.main or post.kind not in ANSWERS or post.visibility is not Visibility.PUBLIC:
        return ()
    standing = holds_at(conn, post.school, post.published_at)
    if not standing or permit.fitting(conn, post)[0] is not None:
        return ()
    beside = carried(conn, post)
    if beside == "":
        return ()
    said = post.text if beside is None else beside
    spoken = spoken_of(post)
    for one in standing:
        signs = [word for theme in one.subject.themes for word in spoken.get(theme, ())]
        there = post.thread_id if _of_the_matter(conn, post, one.incident_id) else ""
        why = touches(one.subject, said, thread=there, named=places, signs=signs)
        if why and not _asked_for(conn, account, post, one.incident_id):
            words = f"{one.number} 的事项暂停发声：{'，'.join(why)}"
            return (Finding(Kind.HELD, one.basis, words, one.incident_id),)
    return ()


def _of_the_matter(conn: Connection, post: Post, incident_id: int) -> bool:
    """Whether it stands right under the post or answers a line of the matter: others ask of other things there."""
    if post.parent_id in (None, post.thread_id):
        return True
    answered = {post.parent_id, thread_of(conn, post)}
    own = (members.c.incident_id == incident_id) & members.c.post_id.in_(answered)
    return conn.execute(select(members.c.post_id).where(own).limit(1)).first() is not None


def _asked_for(conn: Connection, account: Account, post: Post, incident_id: int) -> bool:
    """Whether the desk had asked the account's unit or keeper to answer this matter in public."""
    keepers = {one.id for one in holders(conn, account.school, Role.KEEPER, account_id=account.id)}
    by = tasks.c
    asked = (
        select(by.id)
        .where(by.incident_id == incident_id, by.kind == TaskKind.PUBLIC_ANSWER)
        .where(or_(by.unit == account.unit, by.person_id.in_(keepers)))
        .where(by.set_at < paper_match.approved_by(post))
        .where(or_(by.state != TaskState.WITHDRAWN, by.ended_at > post.published_at))
    )
    return conn.execute(asked.limit(1)).first() is not None
