"""The words of a notice: one view, four renderings (mail subject, text and HTML; robot text; what to say by phone).

The view is frozen with the notice and rendered once. All words stand in `templates/`; here is only what may be filled
in, and that whatever a platform sent is plain text of a bounded length before a template sees it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from escalation.notice.fold import fold
from escalation.notice.plain import one_line

TEMPLATES = Path(__file__).with_name("templates")
ENDS = "。；！？…）"


def _word(text: str) -> str:
    return one_line(text, 80)


def _sentence(text: str) -> str:
    return one_line(text, 400)


def _link(text: str) -> str:
    parts = urlsplit(text)
    if text and (
        parts.scheme not in {"http", "https"} or not parts.hostname or any(c <= " " or c in "<>\"'" for c in text)
    ):
        raise ValueError("签收链接应以 http:// 或 https:// 开头，且不含空格与引号；请核对设置中的 public_url。")
    return text


Word = Annotated[str, AfterValidator(_word)]
"""At most 80 characters on one line, no invisible ones."""
Sentence = Annotated[str, AfterValidator(_sentence)]
"""At most 400 characters on one line, no invisible ones."""
Link = Annotated[str, AfterValidator(_link)]


class Part(BaseModel):
    """A frozen part of what is said; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Reason(Part):
    """Why it was reported: a name, its share in percent (shares add up to 100), one sentence that can be checked."""

    reason: Word
    share: int = Field(ge=0, le=100)
    sentence: Sentence = ""


class Told(Part):
    """Who else was told: the office, the person where known, and by which article."""

    office: Sentence
    person: Word = ""
    article: Sentence = ""


class Article(Part):
    """A cited article ("《…办法》第十三条"), its words, and the label of a figure that no school rule gives."""

    article: Sentence = ""
    quote: Sentence = ""
    source: Word = ""


class Section(Part):
    """A part of a report that a person wrote: 事实 · 数据 · 处置 · 下一步."""

    title: Word
    lines: tuple[Sentence, ...]


class _Written(Part):
    """What every notice and every letter says."""

    number: Word
    kind: Word
    school: Word
    title: Word
    sign_url: Link
    rehearsal: bool = False
    trial: bool = False
    late: bool = False
    lateness: Sentence = ""
    sent_late: Word = ""
    passed: bool = False
    over: bool = False
    office: Sentence = ""
    person: Word = ""
    person_title: Word = ""
    facts: tuple[Sentence, ...] = ()
    asks: tuple[Sentence, ...] = ()
    deadline: Word = ""
    deadline_source: Sentence = ""
    validity: Word = ""
    duty_phone: Word = ""
    written: Word = ""
    verb: Word = ""


class LetterView(_Written):
    """Everything a letter 函 says: a notice that belongs to no incident (`escalation/notice/letter.py`).

    `kind` is the word shown (咨询待办, 授权申请 ...), `title` the heading, `facts` its lines. `deadline` is the time by
    which it is to be answered, `signs` whether a receipt is asked for. `basis` is the clause or the label of a default.
    `path` and `personal` lead on from the letter's page, behind sign-in and by the person's own link.
    """

    letter: Literal[True] = True
    basis: Sentence = ""
    signs: bool = False
    path: str = ""
    personal: str = ""


class NoticeView(_Written):
    """Everything a notice says. Times are already worded in Beijing time by the copy guide (`16:47`).

    `number` is the notice's ("FX-2026-0147-03"), `incident` the incident's ("FX-2026-0147"). `kind` is the word shown
    (首报, 续报, 升级, 催签 ...). Without `person` it is the group's message: nobody is addressed, nobody signs by it.
    `deadline` is empty where no signature is asked for. `quote` is at most one redacted comment; it is never shown
    when `care` is set, and then the title gives way to a fixed phrase. `on_silence` says what follows
    an unsigned deadline. `validity` is until when the link works. `written` is the time of writing with seconds.
    `passed`: the deadline is over
    when this is read out or sent. `over`: the word that the matter was a false alarm; nothing is asked.
    `due`: by when that is to be done, for the subject alone. `concerned`: the unit that a person named.
    `verb`: what is done on the page behind the link instead of signing (确认知悉).
    `late` marks an incident that was opened late and `lateness` says how, in figures; `sent_late` is how long after
    writing this copy left ("48 分钟"), empty where it left in time.

    `lead`: typed in at the desk, so that the quote is no comment. `sections`: what `writer` reports, in place of facts.

    Raises:
        pydantic.ValidationError: a field is missing or unknown, a share outside 0..100, a link that is no http(s) link.
    """

    incident: Word
    level: int = Field(ge=1, le=4)
    level_name: Word
    care: bool = False
    publisher: Word = ""
    platform: Word = ""
    account: Word = ""
    unit: Word = ""
    concerned: Word = ""
    due: Word = ""
    lead: bool = False
    sections: tuple[Section, ...] = ()
    writer: Word = ""
    quote: Sentence = ""
    why: tuple[Reason, ...] = ()
    others_told: tuple[Told, ...] = ()
    articles: tuple[Article, ...] = ()
    on_silence: Sentence = ""


View = NoticeView | LetterView


def read_view(kept: Mapping[str, Any]) -> View:
    """The view as it was kept with a notice, a letter's or an incident's. Raises pydantic.ValidationError."""
    return LetterView.model_validate(kept) if "letter" in kept else NoticeView.model_validate(kept)


def render_mail(view: View) -> tuple[str, str, str]:
    """Subject (one line), text part (72 columns) and HTML part of the mail; both parts say the same in one order."""
    subject = one_line(_render("mail_subject.txt", view), 150)
    return subject, _render("mail.txt", view), _render("mail.html", view)


def render_robot(view: View) -> str:
    """The group robot's text: level, title, unit, deadline, link. No comment text, ever."""
    return _render("robot.txt", view)


def render_for(channel: str, view: View) -> tuple[str, str, str | None]:
    """Subject, text and HTML for a channel; only mail has HTML. An SMS says number and phone, and has no link.

    Of a care case no channel is told what it is: level, number, until when to sign and the link, nothing else.
    """
    if isinstance(view, NoticeView) and view.care and channel != "sms":
        return one_line(_render("care_subject.txt", view), 150), _render("care.txt", view), None
    if channel == "mail":
        return render_mail(view)
    if channel == "sms":
        return view.number, _render("sms.txt", view), None
    return one_line(_render("mail_subject.txt", view), 150), render_robot(view), None


def render_phone(view: View) -> str:
    """What the caller says, in the order in which it is said."""
    return _render("phone.txt", view)


def render_neutral(number: str, url: str) -> str:
    """Number and link only: what is sent where a channel refuses the words themselves."""
    return environment(html=False).get_template("neutral.txt").render(number=number, url=url)


def _render(name: str, view: View) -> str:
    own = f"letter_{name}" if isinstance(view, LetterView) else name
    text = environment(name.endswith(".html")).get_template(own).render(view=view).strip("\n")
    return text if name.endswith("_subject.txt") else text + "\n"


def _ended(sentence: str) -> str:
    """A sentence with exactly one mark at its end."""
    return sentence if sentence.endswith(tuple(ENDS)) else sentence + "。"


def _bare(sentence: str) -> str:
    return sentence.rstrip("。；，、")


@cache
def environment(html: bool) -> Environment:
    """One environment per kind of text: an imported macro escapes by its own template's name, not by its caller's."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(enabled_extensions=(), disabled_extensions=(), default=html),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(fold=fold, ended=_ended, bare=_bare)
    environment.globals["roman"] = ("", "Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ")
    return environment
