"""An errand 所办之事: a notice that asks one thing of one person on a page of its own, and no signature.

Confirm a hold, approve a statement, relay it, read what changed. Whoever gets one is told that thing alone: no comment,
no reasons, not who else was told; and it lets nobody read the incident (`escalation/web/scope.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from escalation.link import Link, Purpose, token
from escalation.notice.addressee import Addressee
from escalation.notice.wording import Article, NoticeView
from escalation.procedure import Source

if TYPE_CHECKING:
    from escalation.notice.issue import Letterhead

LIVES = timedelta(days=7)
PAGES = {Purpose.VOICE: "v", Purpose.TASK: "t"}


@dataclass(frozen=True, slots=True)
class Errand:
    """What such a notice says. `verb` stands on its button (确认知悉); the addressee's own reason follows the facts.

    `due`: by when, in words, for the subject of the mail.

    Its link is for one `purpose` and names the notice, or `about`: the id of the thing that its page is about.
    """

    title: str
    facts: tuple[str, ...]
    asks: tuple[str, ...]
    verb: str
    articles: tuple[Article, ...] = ()
    source: str = ""
    log: str = "无需签收"
    lives: timedelta = LIVES
    purpose: Purpose = Purpose.VOICE
    about: int = 0
    due: str = ""

    def url(self, letterhead: Letterhead, notice_id: int, person_id: str, expires_at: datetime) -> str:
        """The signed link to the errand's page, for this person alone."""
        made = token(letterhead.link_key, self.purpose, Link(self.about or notice_id, person_id, expires_at))
        return f"{letterhead.public_url.rstrip('/')}/{PAGES[self.purpose]}/{made}"

    def put_on(self, view: NoticeView, one: Addressee) -> NoticeView:
        """The notice's view with these words alone. What cites no clause and names no figure is ours and says so."""
        articles = self.articles if self.articles or self.source else (Article(source=Source.DEFAULT.label),)
        said = {
            "title": self.title, "facts": [fact for fact in (*self.facts, one.reason) if fact], "asks": self.asks,
            "verb": self.verb, "articles": [article.model_dump() for article in articles],
            "deadline_source": self.source, "others_told": (), "why": (), "quote": "", "on_silence": "",
            "deadline": "", "passed": False, "unit": one.person.unit, "concerned": "", "lead": False, "due": self.due,
        }  # fmt: skip
        return NoticeView.model_validate(view.model_dump() | said)
