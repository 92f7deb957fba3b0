"""The submission 送审单: a text is approved before an account publishes it, where the document asks that of each post.

ZG 11: every official WeChat article, by 党委宣传部. TF 14: what units publish on the school's own accounts, signed and
sealed by the unit first. NX 17: every post, by the unit's 主管负责人. The others ask no submission of single posts. A
school that does it on paper leaves it off (未启用) and sees no findings.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    Integer,
    Row,
    Table,
    Text,
    and_,
    or_,
    select,
)

from escalation import paper
from escalation.incident import Actor
from escalation.notice import docket
from escalation.opening import Ground
from escalation.paper import Noun
from escalation.procedure import Pack
from escalation.state_table import IllegalStep
from escalation.submission import asking, use
from escalation.submission.state import (
    LAST_SIGNER,
    REVIEWER,
    SIGNER,
    STATE_WORDS,
    SUBMISSION,
    WRITER,
    Event,
    State,
)
from stream.account import Account, book
from stream.store import metadata
from stream.store.types import Moment, Serial, Word

submissions = Table(
    "submissions",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("school", Word(32), nullable=False),
    Column("number", Word(32), nullable=False),
    Column("account_id", Word(100), nullable=False),
    Column("unit", Word(100), nullable=False),
    Column("title", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("text_hash", Word(64), nullable=False),
    Column("written_by", Word(64), nullable=False),
    Column("written_at", Moment(), nullable=False),
    Column("handed_in_at", Moment(), nullable=False),
    Column("article", Text, nullable=False),
    Column("unit_office", Text, nullable=False),
    Column("centre_office", Text, nullable=False),
    Column("seal", Boolean, nullable=False),
    Column("state", Word(16), nullable=False),
    Column("signed_by", Word(64)),
    Column("signed_at", Moment()),
    Column("sealed", Boolean, nullable=False),
    Column("approved_by", Word(64)),
    Column("approved_at", Moment()),
    Column("approved_hash", Word(64)),
    Column("ended_at", Moment()),
    Column("used_post_id", Word(200)),
    Column("used_at", Moment()),
    Column("published_text", Text),
    Column("published_hash", Word(64)),
    Column("likeness", Integer),
    Index("uq_submissions_number", "school", "number", unique=True),
    Index(None, "school", "account_id", "state"),
)

versions = Table(
    "submission_versions",
    metadata,
    Column("submission_id", ForeignKey("submissions.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("at", Moment(), nullable=False),
    Column("text", Text, nullable=False),
    Column("text_hash", Word(64), nullable=False),
)
"""Every text that was handed in; none is edited."""

NO_CLAUSE = "本校规程没有要求这个账号逐篇送审（校规未规定），不必送审。未作任何更改。"
NOT_IN_USE = "本校未启用送审单。要启用，请宣传部在“送审单”页启用。未作任何更改。"
NOBODY = (
    "规程写的是“{office}”，名册里没有您以外的人担任（{unit}）。请系统管理员在名册“任职”表填人后再送审。未作任何更改。"
)
ANOTHER = "须由另一人审核：这份送审单是您代表单位审签的。未作任何更改。"
ALONE = "须由另一人审核，而“{office}”在名册里只有您或送审人。请系统管理员在名册“任职”表填人后再审签。未作任何更改。"
UNSEALED = "条文要求加盖公章，请确认已盖章后再签。未作任何更改。"


def hand_in(
    conn: Connection, ground: Ground, account: Account, actor: Actor, now: datetime, *, title: str, text: str
) -> str:
    """Hand a text in for approval; gives the number. Raises IllegalStep in words."""
    school, pack = account.school, ground.pack
    clause = pack.submission_for(main=account.main, platform=account.platform)
    if clause is None:
        raise IllegalStep(NO_CLAUSE)
    if use.in_use_since(conn, school) is None:
        raise IllegalStep(NOT_IN_USE)
    if not _may_write(conn, account, actor):
        raise IllegalStep("您不管理这个账号，不能代它送审。未作任何更改。")
    title = paper.must_say(title, paper.SUBJECT_MOST, "标题")
    text = paper.must_say(text, paper.TEXT_MOST, "送审原文")
    paper.must_be_new(conn, Noun.SUBMISSION, account, text, submissions.c.written_by, submissions.c.written_at, now)
    unit = _unit_of(conn, account, actor)
    for office, scope in ((clause.unit, unit), (clause.centre, "")):
        known = paper.holders_of(conn, school, pack.role_of(office), scope, now)
        if office and not [one for one in known if one.id != actor.id]:
            raise IllegalStep(NOBODY.format(office=office, unit=unit if scope else "学校"))
    number = paper.next_number(conn, submissions, Noun.SUBMISSION, school, now)
    values = {
        "school": school, "number": number, "account_id": account.id, "unit": unit, "title": title,
        "version": 1, "text": text, "text_hash": paper.digest(text), "written_by": actor.id, "written_at": now,
        "handed_in_at": now, "article": clause.article, "unit_office": clause.unit, "centre_office": clause.centre,
        "seal": clause.seal, "state": State.WITH_UNIT, "sealed": False,
    }  # fmt: skip
    made = conn.execute(submissions.insert().values(**values).returning(submissions.c.id)).scalar_one()
    _keep(conn, made, 1, text, now)
    paper.enter(conn, Noun.SUBMISSION, school, made, number, now)
    paper.note(conn, Noun.SUBMISSION, school, made, now, f"送审，请“{clause.unit}”审签", "", actor.name)
    asking.to_the_unit(conn, ground, conn.execute(select(submissions).where(submissions.c.id == made)).one(), now)
    paper.write_down(
        conn, Noun.SUBMISSION, school, number, actor, "hand_in", now, account=account.id, text=values["text_hash"]
    )
    return number


def _may_write(conn: Connection, account: Account, actor: Actor) -> bool:
    """Own account; on the school's own accounts every unit's keeper or head may hand in (TF 14: 各单位、部门)."""
    own = paper.accounts_of(conn, account.school, actor)
    return account.id in {one.id for one in own} or (account.main and bool(own))


def _unit_of(conn: Connection, account: Account, actor: Actor) -> str:
    """Whose head signs: the unit of who hands in for the school's own account, else the account's."""
    own = paper.accounts_of(conn, account.school, actor)
    if account.id in {one.id for one in own} or not own:
        return account.unit
    return own[0].unit


def _keep(conn: Connection, submission_id: int, version: int, text: str, now: datetime) -> None:
    conn.execute(
        versions.insert().values(
            submission_id=submission_id, version=version, at=now, text=text, text_hash=paper.digest(text)
        )
    )


def standing(conn: Connection, pack: Pack, row: Row[Any], actor: Actor, now: datetime) -> frozenset[str] | None:
    """The actor's roles towards this submission; nobody signs what they wrote, or reviews what they wrote or signed."""
    if actor.roles is None:
        return None
    own: set[str] = set(actor.roles)
    if actor.id == row.written_by:
        return frozenset(own | {WRITER})
    if paper.holds(conn, row.school, pack.role_of(row.unit_office), row.unit, actor.id, now):
        own.add(SIGNER if row.centre_office else LAST_SIGNER)
    reviews = row.centre_office and actor.id != row.signed_by
    if reviews and paper.holds(conn, row.school, pack.role_of(row.centre_office), "", actor.id, now):
        own.add(REVIEWER)
    return frozenset(own)


def takes_part(conn: Connection, pack: Pack, row: Row[Any], actor: Actor, now: datetime) -> bool:
    """Whether this person signs or reviews it."""
    return bool((standing(conn, pack, row, actor, now) or frozenset()) & {SIGNER, LAST_SIGNER, REVIEWER})


def open_to(conn: Connection, pack: Pack, school: str, actor: Actor) -> list[Account]:
    """The accounts for which this person may hand in: posts of these are submitted one by one."""
    own = paper.accounts_of(conn, school, actor)
    known = book(conn, school).values() if own else ()
    mine = {one.id for one in own}
    return [
        one
        for one in known
        if one.active
        and (one.id in mine or one.main)
        and pack.submission_for(main=one.main, platform=one.platform) is not None
    ]


def sign(
    conn: Connection, ground: Ground, school: str, number: str, actor: Actor, now: datetime, *, seen: str,
    sealed: bool = False, note: str = "",
) -> None:  # fmt: skip
    """The unit's step: it goes on to the office that reviews, or is approved where no clause names one.

    `seen`: the hash of the text that the person had before them, here as in `approve` and `give_back`.
    """
    row = paper.held(conn, submissions, Noun.SUBMISSION, school, number)
    _not_the_writer(row, actor)
    last = not row.centre_office
    event = Event.CONSENT if last else Event.SIGN
    state = SUBMISSION.step(State(row.state), event, standing(conn, ground.pack, row, actor, now))
    _as_seen(row, seen)
    if row.seal and not sealed:
        raise IllegalStep(UNSEALED)
    if not last and not asking.reviewers(conn, ground, row, actor.id, now):
        raise IllegalStep(ALONE.format(office=row.centre_office))
    sealed, note = sealed and row.seal, paper.clean(note)[: paper.WHY_MOST]
    values: dict[str, Any] = {"state": state, "signed_by": actor.id, "signed_at": now, "sealed": sealed}
    if last:
        values |= {"approved_by": actor.id, "approved_at": now, "approved_hash": row.text_hash}
    paper.move(conn, submissions, row, **values)
    words = "单位审核同意，可以发布" if last else f"单位审签{'并加盖公章' if sealed else ''}，报“{row.centre_office}”"
    paper.note(conn, Noun.SUBMISSION, school, row.id, now, words, note, actor.name)
    if last:
        asking.answer(conn, ground, row, "审核同意，可以发布", note, now)
    else:
        asking.to_the_centre(conn, ground, row, actor.id, now)
    paper.write_down(conn, Noun.SUBMISSION, school, number, actor, event, now, text=row.text_hash, sealed=sealed)


def approve(
    conn: Connection, ground: Ground, school: str, number: str, actor: Actor, now: datetime, *, seen: str,
    note: str = "",
) -> None:  # fmt: skip
    """The office that the clause names approves this very text."""
    row = paper.held(conn, submissions, Noun.SUBMISSION, school, number)
    _not_the_writer(row, actor)
    _not_the_signer(row, actor)
    state = SUBMISSION.step(State(row.state), Event.APPROVE, standing(conn, ground.pack, row, actor, now))
    _as_seen(row, seen)
    note = paper.clean(note)[: paper.WHY_MOST]
    paper.move(conn, submissions, row, state=state, approved_by=actor.id, approved_at=now, approved_hash=row.text_hash)
    paper.note(conn, Noun.SUBMISSION, school, row.id, now, "审核通过，可以发布", note, actor.name)
    asking.answer(conn, ground, row, "审核通过，可以发布", note, now)
    paper.write_down(conn, Noun.SUBMISSION, school, number, actor, "approve", now, text=row.text_hash)


def give_back(
    conn: Connection, ground: Ground, school: str, number: str, actor: Actor, now: datetime, why: str, *, seen: str
) -> None:
    """Return it with a reason; the writer may hand it in again."""
    row = paper.held(conn, submissions, Noun.SUBMISSION, school, number)
    _not_the_writer(row, actor)
    _not_the_signer(row, actor)
    state = SUBMISSION.step(State(row.state), Event.RETURN, standing(conn, ground.pack, row, actor, now))
    _as_seen(row, seen)
    why = paper.must_say(why, paper.WHY_MOST, "退回理由")
    paper.move(conn, submissions, row, state=state)
    paper.note(conn, Noun.SUBMISSION, school, row.id, now, "退回", why, actor.name)
    asking.answer(conn, ground, row, "已退回", why, now)
    paper.write_down(conn, Noun.SUBMISSION, school, number, actor, "return", now, why=why)


def hand_in_again(
    conn: Connection, ground: Ground, school: str, number: str, actor: Actor, now: datetime, text: str
) -> None:
    """A new version of what was returned goes the whole way again; the former signatures count no more."""
    row = paper.held(conn, submissions, Noun.SUBMISSION, school, number)
    state = SUBMISSION.step(State(row.state), Event.HAND_IN, standing(conn, ground.pack, row, actor, now))
    text = paper.must_say(text, paper.TEXT_MOST, "送审原文")
    version = row.version + 1
    paper.move(
        conn, submissions, row, state=state, text=text, text_hash=paper.digest(text), version=version,
        handed_in_at=now, signed_by=None, signed_at=None, sealed=False,
    )  # fmt: skip
    _keep(conn, row.id, version, text, now)
    paper.note(conn, Noun.SUBMISSION, school, row.id, now, f"第 {version} 版再送审", "", actor.name)
    asking.to_the_unit(conn, ground, conn.execute(select(submissions).where(submissions.c.id == row.id)).one(), now)
    paper.write_down(conn, Noun.SUBMISSION, school, number, actor, "hand_in", now, text=paper.digest(text))


def withdraw(conn: Connection, pack: Pack, school: str, number: str, actor: Actor, now: datetime, why: str) -> None:
    """Take it back, or an approval that nobody has used."""
    row = paper.held(conn, submissions, Noun.SUBMISSION, school, number)
    state = SUBMISSION.step(State(row.state), Event.WITHDRAW, standing(conn, pack, row, actor, now))
    why = paper.must_say(why, paper.WHY_MOST, "撤回原因")
    paper.move(conn, submissions, row, state=state, ended_at=now)
    paper.note(conn, Noun.SUBMISSION, school, row.id, now, "撤回", why, actor.name)
    docket.end(conn, school, paper.matter_of(Noun.SUBMISSION, row.id), now)
    paper.write_down(conn, Noun.SUBMISSION, school, number, actor, "withdraw", now, why=why)


def _as_seen(row: Row[Any], seen: str) -> None:
    """Raises IllegalStep where the text is another than the one that was judged."""
    if row.text_hash != seen:
        raise IllegalStep("送审稿在您打开之后已改动，请看过现在这一版再办。未作任何更改。")


def _not_the_writer(row: Row[Any], actor: Actor) -> None:
    if actor.id == row.written_by:
        raise IllegalStep("送审人不能审自己的稿，请由条文写明的审核人办理。未作任何更改。")


def _not_the_signer(row: Row[Any], actor: Actor) -> None:
    if row.state == State.WITH_CENTRE and actor.id == row.signed_by:
        raise IllegalStep(ANOTHER)


def own(conn: Connection, pack: Pack, school: str, actor: Actor, now: datetime) -> ColumnElement[bool]:
    """Which submissions this person wrote, signs or reviews, whatever the account."""
    by = submissions.c
    asked = conn.execute(select(by.unit_office, by.centre_office, by.unit).where(by.school == school).distinct()).all()
    units = {(one.unit_office, one.unit) for one in asked}
    holds = paper.scopes_of(conn, school, actor.id, now)
    signs = [
        and_(by.unit_office == office, by.unit == unit)
        for office, unit in sorted(units)
        if holds(pack.role_of(office), unit)
    ]
    reviews = [
        office for office in sorted({one.centre_office for one in asked} - {""}) if holds(pack.role_of(office), "")
    ]
    return or_(by.written_by == actor.id, by.centre_office.in_(reviews), *signs)


def listed(
    conn: Connection, school: str, accounts: Sequence[str] | None, also: ColumnElement[bool] | None = None,
    limit: int = 200,
) -> Sequence[Row[Any]]:  # fmt: skip
    """Submissions, what waits first, then the newest; where accounts are given, of these and those of `also` only."""
    query = select(submissions).where(submissions.c.school == school)
    if accounts is not None:
        mine = submissions.c.account_id.in_(list(accounts))
        query = query.where(mine if also is None else mine | also)
    waiting = submissions.c.state.in_([State.WITH_UNIT, State.WITH_CENTRE])
    return conn.execute(query.order_by(waiting.desc(), submissions.c.id.desc()).limit(limit)).all()


__all__ = ["STATE_WORDS", "SUBMISSION", "Event", "State", "submissions", "versions"]
