"""What must hold of a house after any number of kills: nothing lost, nothing twice, the right people told once."""

from __future__ import annotations

import email
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default as modern

from sqlalchemy import func, select

from deploy.wiring import opened_search
from escalation.incident import incidents, members
from escalation.notice import GROUP, DeliveryState, NoticeKind, deliveries, notices
from stream.dead_letter import dead_letters
from stream.kept import assessments, posts, revisions
from stream.line import hours, lines
from stream.search import Query
from stream.topic import READERS
from tests.kills.house import ADDRESSEES, House, until


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that the SMTP server accepted."""

    number: str
    message_id: str
    to: str
    text: str


def letters(house: House) -> list[Letter]:
    """Every mail that came, repeated ones too, in their order."""
    found = []
    for file in sorted((house.settings.path("inbox")).glob("[0-9]*.eml")):
        mail = email.message_from_bytes(file.read_bytes(), _class=EmailMessage, policy=modern)
        body = mail.get_body(("plain",))
        assert body is not None
        number, message_id, to = (str(mail[name]).strip() for name in ("X-Fengxin-Notice", "Message-ID", "To"))
        found.append(Letter(number, message_id, to, str(body.get_content())))
    return found


def heard(house: House) -> list[str]:
    """What the robot said in the group, repetitions too, in its order."""
    file = house.settings.path("inbox") / "robot.jsonl"
    return [json.loads(line)["content"] for line in file.open("rb")] if file.exists() else []


def nothing_lost_nothing_twice(house: House) -> None:
    """Exactly the comments of the platforms are kept, each once, in its own words, counted once and searchable."""
    with house.store.read() as conn:
        kept = {
            row.id: row.text
            for row in conn.execute(
                select(posts.c.id, revisions.c.text)
                .join(revisions, (revisions.c.post_id == posts.c.id) & (revisions.c.revision == posts.c.revision))
                .where(posts.c.kind != "post")
            )
        }
        count = {
            table.name: conn.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (posts, revisions, assessments, lines, dead_letters)
        }
        in_hours = conn.execute(select(func.sum(hours.c.lines))).scalar_one()
    assert kept.keys() - house.truth.keys() == set(), "comments that nobody wrote"
    assert house.truth.keys() - kept.keys() == set(), "comments lost"
    assert kept == house.truth
    whole = len(house.truth) + len(house.threads)
    assert count == {"posts": whole, "revisions": whole, "assessments": whole, "lines": whole, "dead_letters": 0}
    assert in_hours == len(house.truth), "a counter moved twice for one line, or not at all"
    with opened_search(house.settings) as search:
        assert search.count(Query(house.settings.school.code)) == whole


def one_incident(house: House) -> None:
    """The matter has one incident, and all that was said of it belongs to it."""
    with house.store.read() as conn:
        opened = conn.execute(select(incidents)).all()
        assert [row.thread_id for row in opened] == [f"weibo:{house.threads['wb_main']['id']}"]
        theirs = conn.execute(select(members.c.post_id)).scalars().all()
    assert len(theirs) == len(set(theirs))
    assert house.matter_ids <= set(theirs)


def everybody_told(house: House) -> Mapping[str, int]:
    """Each addressee has one first notice; every notice was taken by its channel, or its reason was gone before.

    Gives mails per notice number.
    """
    with house.store.read() as conn:
        frozen = conn.execute(select(incidents.c.frozen)).scalar_one()
        written = conn.execute(select(notices).order_by(notices.c.id)).all()
        posted = conn.execute(
            select(
                deliveries, notices.c.number, notices.c.superseded_by, notices.c.signed_at, notices.c.kind,
                notices.c.addressee, notices.c.opened_at,
            ).join(notices, notices.c.id == deliveries.c.notice_id)
        ).all()  # fmt: skip
    assert {one["person"] for one in frozen["recipients"]} == ADDRESSEES
    first = [row.addressee for row in written if row.kind == NoticeKind.FIRST]
    assert sorted(first) == sorted([*ADDRESSEES, GROUP])
    assert len({row.number for row in written}) == len(written), "a notice stands twice on the desk"
    assert len({(row.addressee, row.step) for row in written}) == len(written)
    assert {row.state for row in posted} <= {DeliveryState.ACCEPTED, DeliveryState.WITHDRAWN}
    withdrawn = {row.number for row in posted if row.state == DeliveryState.WITHDRAWN}
    signers = {row.addressee for row in written if row.signed_at is not None}
    for row in posted:
        answered = row.kind == NoticeKind.REMINDER and row.addressee in signers
        # a signature answers what came to that person's eyes: this notice, or one at least as new, sent or looked at
        seen = row.signed_at is not None and any(
            other.addressee == row.addressee and other.notice_id >= row.notice_id
            and (other.opened_at is not None or other.state == DeliveryState.ACCEPTED)
            for other in posted
        )  # fmt: skip
        assert row.number not in withdrawn or row.superseded_by or seen or answered, row.reason
    assert {row.number for row in posted} == {row.number for row in written}
    came: dict[str, list[Letter]] = defaultdict(list)
    for letter in letters(house):
        came[letter.number].append(letter)
    wanted = {row.number: row.address for row in posted if row.channel == "mail"}
    assert came.keys() <= wanted.keys(), "a notice came that nobody wrote"
    assert wanted.keys() - withdrawn <= came.keys(), "a notice that must be sent was not"
    for number, mails in came.items():
        assert {(one.to, one.message_id) for one in mails} == {(wanted[number], mails[0].message_id)}
    assert len({mails[0].message_id for mails in came.values()}) == len(came)
    spoken = heard(house)
    said = {row.text.strip(): row.number for row in posted if row.channel == "wecom_robot"}
    assert set(spoken) <= said.keys()
    assert {number for words, number in said.items() if words not in spoken} <= withdrawn
    return {number: len(mails) for number, mails in came.items()}


def readers_at_the_end(house: House) -> None:
    """Every reader's stored position is the end of its topic, or comes there: the platforms are read on meanwhile."""
    until(lambda: not any(house.lag(reader) for reader in READERS), "every reader is at the end of its topic")


def audit_whole(house: House) -> None:
    """`fengxin audit verify` finds every row in its place."""
    command = [sys.executable, "-m", "deploy.command", "audit", "verify", "--settings", str(house.file)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def all_holds(house: House) -> Mapping[str, int]:
    """All of it. Gives how many mails came per notice number."""
    nothing_lost_nothing_twice(house)
    one_incident(house)
    mails = everybody_told(house)
    readers_at_the_end(house)
    audit_whole(house)
    return mails
