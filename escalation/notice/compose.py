"""From rows to the words of a notice: what happened, why, by which article, what is asked, until when, what follows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row

from escalation.clock_words import moment, second
from escalation.notice import KIND_WORDS, NoticeKind
from escalation.notice.addressee import Addressee
from escalation.notice.asking import carried_out, contacting
from escalation.notice.due import receipt_of, rungs_of
from escalation.notice.lateness import say_minutes
from escalation.notice.wording import Article, NoticeView, Reason, Told
from escalation.people import office_in
from escalation.place import found_words, is_lead, is_unplaced
from escalation.procedure import Act, Pack, Source, say_span

if TYPE_CHECKING:
    from escalation.notice.issue import Letterhead

REASONS_SHOWN = 4
PLATFORM_CONTACT = "platform_contact"
"""The kind of duty that cannot be asked for words of which nobody knows where they stand."""
CARRIES = frozenset({NoticeKind.REOPENED, NoticeKind.REKINDLED, NoticeKind.ASSIGNED, NoticeKind.HANDED_ON})
"""Kinds that no article brings about: they carry the grounds of what they supersede and say their own reason."""
NEW_DANGER = "同一事件中又发现新的险情“{words}”，此前的通知没有写到"

BY_HAND = frozenset({NoticeKind.REPORT, NoticeKind.CHASED})
"""Kinds that ask their own things alone: no clause's duties, no clause's word for the time."""


def compose(
    letterhead: Letterhead,
    incident: Row[Any],
    pack: Pack,
    one: Addressee,
    everyone: Sequence[Addressee],
    kind: NoticeKind,
    number: str,
    asks: Sequence[str],
    sign_by: datetime | None,
    now: datetime,
    url: str,
    expires_at: datetime,
    about: NoticeKind,
) -> NoticeView:
    """The view of one person's notice; `about`: the kind of the notice that a reminder repeats, else its own."""
    others = [Told(office=o.office, person=o.person.name, article=o.basis) for o in everyone if o is not one]
    view = _view(
        letterhead, incident, pack, kind, number, now, url,
        office=one.office, person=one.person.name, person_title=one.person.title,
        asks=tuple(asks) if kind in BY_HAND else _asks(incident, one, asks), others_told=tuple(others),
        articles=_articles(pack, one),
        deadline=moment(sign_by, now) if sign_by else "", passed=sign_by is not None and sign_by <= now,
        deadline_source=_due(incident, pack, one, about), on_silence=_silence(pack, incident.level, one.role, about),
        validity=moment(expires_at, now) if sign_by or kind not in BY_HAND else "",
        facts=_facts(incident, now, one, kind),
    )  # fmt: skip
    return _called_off(view, one.reason) if kind is NoticeKind.DISMISSED else view


def _due(incident: Row[Any], pack: Pack, one: Addressee, kind: NoticeKind) -> str:
    """Where the time for signing comes from; the clause's word stands only where it names this addressee, as
    one to be told or as one who acts."""
    clock = receipt_of(pack.grade(incident.level), kind)
    if clock is None:
        return ""
    own = f"签收时限 {say_span(clock.after)}：{clock.label}"
    if kind in BY_HAND:
        return own
    named = {ground.cited for ground in one.grounds if ground.source is Source.RULE}
    if kind is not NoticeKind.ASSIGNED:  # whom a person chose the clause does not name
        named |= {str(duty["cited"]) for duty in incident.frozen.get("duties", []) if duty.get("role") == one.role}
    return _source(incident, own, named)


def _called_off(view: NoticeView, reason: str) -> NoticeView:
    """The short word that a matter was a false alarm: what it was, and that nothing is asked any more."""
    gone: dict[str, Any] = {
        "asks": (), "others_told": (), "why": (), "articles": (), "quote": "", "deadline": "", "deadline_source": "",
        "on_silence": "", "late": False, "lateness": "", "passed": False,
    }  # fmt: skip
    return view.model_copy(update=gone | {"over": True, "facts": (reason,) if reason else ()})


def _asks(incident: Row[Any], one: Addressee, asks: Sequence[str]) -> tuple[str, ...]:
    """First to sign, then what the clauses demand, then what we ask; where one carries out the other, they are one."""
    unplaced = is_unplaced(incident.frozen.get("account", {}))
    how = dict(carried_out(one.role))
    merged: set[str] = set()
    duties: list[str] = []
    for duty in incident.frozen.get("duties", []):
        if duty.get("role") != one.role or (unplaced and duty.get("kind") == PLATFORM_CONTACT):
            continue
        ask = how.get(str(duty.get("kind")), "")
        words = str(duty["what"])
        if ask in asks:
            merged.add(ask)
            words = f"{words.rstrip('。；')}：{ask}"
        duties.append(words)
    if incident.care and not any(duty.get("kind") == PLATFORM_CONTACT for duty in incident.frozen.get("duties", [])):
        asks = [ask for ask in asks if ask not in contacting()]
    return tuple(dict.fromkeys((*asks[:1], *duties, *(ask for ask in asks[1:] if ask not in merged))))


def compose_group(
    letterhead: Letterhead, incident: Row[Any], pack: Pack, told: Sequence[Addressee], kind: NoticeKind, number: str,
    sign_by: datetime, now: datetime, url: str,
) -> NoticeView:  # fmt: skip
    """The view of the group's message: nobody is addressed, and its link opens the incident after sign-in."""
    grade = pack.grade(incident.level)
    others = tuple(Told(office=o.office, person=o.person.name, article=o.basis) for o in told)
    view = _view(
        letterhead, incident, pack, kind, number, now, url, others_told=others, deadline=moment(sign_by, now),
        deadline_source=_source(incident, grade.sign.label), facts=_facts(incident, now, None, kind),
    )  # fmt: skip
    return _called_off(view, "") if kind is NoticeKind.DISMISSED else view


def _view(
    letterhead: Letterhead, incident: Row[Any], pack: Pack, kind: NoticeKind, number: str, now: datetime, url: str,
    **more: Any,
) -> NoticeView:  # fmt: skip
    account = incident.frozen.get("account", {})
    why = tuple(
        Reason(reason=r["name"], share=r["share"], sentence=r["sentence"]) for r in incident.reasons[:REASONS_SHOWN]
    )
    return NoticeView(
        number=number, incident=incident.number, kind=KIND_WORDS[kind], level=incident.level,
        level_name=pack.grade(incident.level).name, school=letterhead.school_name, title=incident.title, sign_url=url,
        rehearsal=incident.rehearsal, trial=incident.trial, late=incident.late, care=incident.care,
        lateness=_lateness(incident),
        publisher=account.get("publisher", ""), platform=account.get("platform", ""), account=account.get("name", ""),
        unit=incident.unit, concerned=incident.concerned or "", lead=is_lead(account), why=why,
        quote="" if incident.care else incident.frozen.get("quote", ""),
        duty_phone=letterhead.duty_phone, written=second(now), **more,
    )  # fmt: skip


def _lateness(incident: Row[Any]) -> str:
    """How the incident came late, in the figures it was opened with; never why."""
    if not incident.late:
        return ""
    waited = incident.opened_at - incident.detected_at
    return str(incident.frozen.get("late", "")) or f"发现后 {say_minutes(waited)}才立事件"


def _facts(incident: Row[Any], now: datetime, one: Addressee | None, kind: NoticeKind) -> tuple[str, ...]:
    facts = [*found_words(incident, now), *incident.frozen.get("facts", [])]
    if kind is NoticeKind.DANGER and incident.dangers:
        facts.insert(0, NEW_DANGER.format(words=incident.dangers[-1]["words"]))
    if one is not None and one.acts_for:
        facts.append(f"本应通知：{one.acts_for}。{one.reason}")
    elif one is not None and one.reason and (not one.grounds or kind in CARRIES):
        facts.append(one.reason)
    return tuple(facts)


def _articles(pack: Pack, one: Addressee) -> tuple[Article, ...]:
    """Every ground that counts (see `Recipient.told_by`) once; the full name stands at the document's first article."""
    seen: dict[tuple[str, str], Article] = {}
    ruled = {pack.role_of(ground.office) for ground in one.grounds if ground.source is Source.RULE}
    for ground in one.grounds:
        if ground.source is Source.RULE:
            first = not any(article.article for article in seen.values())
            name = f"《{pack.title}》{ground.cited}" if first and pack.title else ground.cited
            seen.setdefault((ground.cited, ground.quote), Article(article=name, quote=ground.quote))
        elif pack.role_of(ground.office) not in ruled:
            seen.setdefault(("", ground.reason), Article(quote=ground.reason, source=ground.source.label))
    return tuple(seen.values()) or (Article(source=Source.DEFAULT.label, quote=one.reason),)


def _source(incident: Row[Any], own: str, named: Collection[str] | None = None) -> str:
    """The clause's own word for the deadline beside our figure: 及时 stays a word. `named`: by which articles the
    reader is told, so that no other is cited to them; None: the group's message, which addresses nobody."""
    clause = incident.frozen.get("deadline", {})
    if clause.get("source") != Source.RULE:
        return own
    cited = [one for one in clause["article"].split("、") if named is None or one in named]
    return f"{'、'.join(cited)}要求“{clause['words']}”；{own}" if cited else own


def _silence(pack: Pack, level: int, role: str, kind: NoticeKind) -> str:
    """What follows when this person does not sign, from the ladder."""
    rungs = () if kind is NoticeKind.CHASED else rungs_of(pack, level, kind)
    return silence_words(pack, role, [(f"{say_span(one.clock.after)}后", one.act, one.role) for one in rungs])


def silence_words(pack: Pack, role: str, rungs: Sequence[tuple[str, Act, str]]) -> str:
    """What follows when the holder of `role` does not sign: for each rung when, in words, and what; empty for none.

    Nobody is told of silence twice: where a rung comes back to the same office, the duty desk telephones again.
    """
    words: list[str] = []
    told: set[str] = set()
    for when, act, named in rungs:
        if act is Act.REMIND:
            words.append(f"{when}催签")
        elif act is Act.PHONE:
            words.append(f"{when}电话通知")
        elif (above := named or pack.ladder.next_role(role)) and above != role:
            words.append(f"{when}值班台再次电话" if above in told else f"{when}报{office_in(pack, above)}")
            told.add(above)
    return f"{'，'.join(words)}（{Source.DEFAULT.label}）" if words else ""
