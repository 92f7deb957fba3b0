"""The words of a digest: how many, at which levels, the list, and one page to sign them one by one.

All words stand in `templates/digest*`. What a care case is about is not said, as in its own notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import Field
from sqlalchemy import Row

from escalation.channels import Message
from escalation.link import Link as Signed
from escalation.link import Purpose, token
from escalation.notice import GROUP
from escalation.notice.lateness import sent_late
from escalation.notice.outbox import first_due
from escalation.notice.plain import one_line
from escalation.notice.wording import Link, NoticeView, Part, Sentence, Word, environment
from escalation.procedure import Channel

if TYPE_CHECKING:
    from escalation.notice.issue import Letterhead

SIGN = "签收"
LIVES = timedelta(hours=24)
"""How long the page of a digest opens after it left; each notice's own link is bounded by its own time as well."""


class Item(Part):
    """One notice of a digest. `verb`: what its own page asks for (签收, 答复, 确认知悉), empty where it only tells."""

    incident: Word
    number: Word
    kind: Word
    level: int = Field(ge=1, le=4)
    level_name: Word
    title: Word
    deadline: Word = ""
    passed: bool = False
    care: bool = False
    marks: Word = ""
    verb: Word = ""


class DigestView(Part):
    """Everything a digest says. `incidents` are counted once each; `url` is the page that lists them."""

    school: Word
    person: Word = ""
    items: tuple[Item, ...]
    incidents: int = Field(ge=1)
    url: Link
    duty_phone: Word = ""
    lead: Word = ""
    validity: Sentence = ""


def way_of(view: NoticeView) -> str:
    """The path of the page that a notice's own link leads to, with its token."""
    return urlsplit(str(view.sign_url)).path


def signs(view: NoticeView) -> bool:
    """Whether that page takes a signature."""
    return way_of(view).startswith("/r/") and not view.over


def item_of(view: NoticeView, late: str = "") -> Item:
    """One line of the list from the frozen view of a notice."""
    flags = (
        (view.rehearsal, "【演练】"), (view.trial, "【试运行】"), (view.late, "【迟报】"), (bool(late), "【迟发】"),
    )  # fmt: skip
    return Item(
        incident=view.incident, number=view.number, kind=view.kind, level=view.level, level_name=view.level_name,
        title=view.title, deadline=view.deadline, passed=view.passed, care=view.care,
        marks="".join(words for flag, words in flags if flag), verb=view.verb or (SIGN if signs(view) else ""),
    )  # fmt: skip


def message_of(letterhead: Letterhead, rows: Sequence[Row[Any]], now: datetime) -> Message:
    """One message for several deliveries to the same reader, the gravest first; `rows` as the outbox selects them.

    Its number and identity are those of the first, so that a repetition is seen as one. An SMS names that number alone.
    """
    lead = rows[0]
    views = [NoticeView.model_validate(row.view) for row in rows]
    made = _view(letterhead, rows, views, now)
    if lead.channel == Channel.SMS:
        subject, text, html, url = lead.subject, lead.text, None, ""
    else:
        subject, text, html = render(lead.channel, made)
        url = made.url
    return Message(
        notice=lead.number, delivery_id=f"{lead.number}.{lead.id}", to=lead.address, level=lead.level, subject=subject,
        text=text, html=html, url=url, attempt=lead.attempts + 1,
    )  # fmt: skip


def _view(letterhead: Letterhead, rows: Sequence[Row[Any]], views: Sequence[NoticeView], now: datetime) -> DigestView:
    lead, base = rows[0], letterhead.public_url.rstrip("/")
    if lead.addressee == GROUP:
        url = f"{base}/incidents"
    else:
        url = f"{base}/b/{token(letterhead.link_key, Purpose.BUNDLE, Signed(lead.id, lead.addressee, now + LIVES))}"
    return DigestView(
        school=letterhead.school_name, person=views[0].person, url=url, duty_phone=letterhead.duty_phone,
        items=tuple(item_of(view, sent_late(first_due(row), now)) for view, row in zip(views, rows, strict=True)),
        incidents=len({view.incident for view in views}), lead=lead.number,
    )  # fmt: skip


def render(channel: str, view: DigestView) -> tuple[str, str, str | None]:
    """Subject, text and HTML of a digest; only mail has HTML."""
    subject = one_line(_filled("digest_subject.txt", view), 150)
    if channel == Channel.MAIL:
        return subject, _filled("digest.txt", view), _filled("digest.html", view)
    return subject, _filled("digest_robot.txt", view), None


def _filled(name: str, view: DigestView) -> str:
    text = environment(name.endswith(".html")).get_template(name).render(view=view).strip("\n")
    return text if name == "digest_subject.txt" else text + "\n"
