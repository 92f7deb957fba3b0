"""Ways 送达方式: on which channels a person or the group is told, and which comes next where one of them fails.

The level of the pack names the channels; of these the ones are used that are set up and for which the roster has a
contact. A person whom one channel cannot reach is told on that person's next one, be it named by the level or not:
a level chooses clocks and channels, never who hears of it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, select

from escalation import people
from escalation.notice import GROUP, DeliveryState, deliveries, notices, outbox
from escalation.notice.wording import View, read_view, render_for
from escalation.people import Person
from escalation.procedure import Channel

if TYPE_CHECKING:
    from escalation.notice.issue import Letterhead

PERSONAL = (Channel.WECOM_APP, Channel.MAIL, Channel.SMS)
"""Channels to one person, in the order in which one takes over for another."""
GROUPS = (Channel.WECOM_ROBOT, Channel.DINGTALK_ROBOT, Channel.FEISHU_ROBOT, Channel.WEBHOOK)
"""Channels to a place where many read: nobody is addressed and nobody signs by them."""
TITLES = {
    Channel.WECOM_APP: "企业微信应用消息",
    Channel.MAIL: "邮件",
    Channel.SMS: "短信",
    Channel.WECOM_ROBOT: "企业微信群机器人",
    Channel.DINGTALK_ROBOT: "钉钉群机器人",
    Channel.FEISHU_ROBOT: "飞书群机器人",
    Channel.WEBHOOK: "网络回调",
    Channel.PHONE: "电话通知",
}
ON_THE_WAY = (DeliveryState.WAITING, DeliveryState.SENDING)


def contact(person: Person, channel: str) -> str:
    """Where the channel finds the person; empty where the roster does not say."""
    return person.contact(Channel(channel))


def ways_to(person: Person, set_up: Collection[str], wanted: Collection[str]) -> list[Channel]:
    """The personal channels of the level that can be used for this person; none for who is no longer there. Pure."""
    if not person.active:
        return []
    return [one for one in PERSONAL if one in wanted and one in set_up and contact(person, one)]


def has_way(person: Person, set_up: Collection[str]) -> bool:
    """Whether any channel that is set up reaches the person. Pure."""
    return bool(ways_to(person, set_up, PERSONAL))


def groups_of(letterhead: Letterhead, wanted: Collection[str]) -> list[Channel]:
    """The group channels of the level that are set up."""
    return [one for one in GROUPS if one in wanted and one in letterhead.channels]


def rows(
    school: str, notice_id: int, level: int, view: View, places: Sequence[tuple[str, str]], subject: str = ""
) -> list[dict[str, object]]:
    """Deliveries of one notice, one for each (channel, address). An SMS carries no link."""
    found: list[dict[str, object]] = []
    for channel, address in places:
        title, text, html = render_for(channel, view)
        found.append({
            "school": school, "notice_id": notice_id, "channel": str(channel), "address": address, "level": level,
            "subject": subject or title, "text": text, "html": html,
            "url": "" if channel == Channel.SMS else view.sign_url,
        })  # fmt: skip
    return found


def next_way(conn: Connection, set_up: Collection[str], failed: int, now: datetime) -> str | None:
    """Let the person's next channel carry a notice that this delivery could not bring.

    Gives the title of the channel that took over; an empty text where another channel has brought it already or is
    just about to; None where there is no way left but the telephone (and for the group, which nobody telephones).
    """
    row = conn.execute(
        select(deliveries, notices.c.addressee, notices.c.view)
        .join(notices, notices.c.id == deliveries.c.notice_id)
        .where(deliveries.c.id == failed)
    ).one()
    person = None if row.addressee == GROUP else people.person(conn, row.school, row.addressee)
    if person is None:
        return None
    others = conn.execute(
        select(deliveries).where(deliveries.c.notice_id == row.notice_id, deliveries.c.id != failed)
    ).all()
    used = {row.channel, *(one.channel for one in others)}
    free = [one for one in ways_to(person, set_up, PERSONAL) if one not in used]
    if any(_carries(one, set_up) for one in others):
        return ""
    if not free:
        return None
    view = read_view(row.view)
    place = (free[0], contact(person, free[0]))
    outbox.post(conn, rows(row.school, row.notice_id, row.level, view, [place]), now)
    return TITLES[free[0]]


def _carries(other: Row[Any], set_up: Collection[str]) -> bool:
    """Whether another delivery brought the notice, or is about to on a channel that is there and has not failed yet."""
    if other.state == DeliveryState.ACCEPTED:
        return True
    return other.state in ON_THE_WAY and other.attempts <= 1 and other.channel in set_up
