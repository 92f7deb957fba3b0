"""The watch: one ordered reader per school that keeps posts, weighs them, and opens incidents. All in one transaction.

Whether a line opens, joins or only feeds the baselines is decided from rows, so a replay decides the same; counters and
notices move only where a row was new.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache, partial

from sqlalchemy import Connection, select

from escalation import belonging, machine_audit, own_post
from escalation.belonging import Belonging
from escalation.consultation import find
from escalation.heading import cut, heading
from escalation.incident import MatterTaken, incidents, members
from escalation.incident.state import OPEN
from escalation.joining import add_to
from escalation.opening import CARE_THEME, Ground, Matter, open_matter
from escalation.own_post import Judged
from escalation.place import place_of
from escalation.task import correction
from escalation.voice import posted
from stream import metrics
from stream.account import Account, book
from stream.assessment import Assessment
from stream.bar import Bar, Barred, barred
from stream.danger import fresh
from stream.dead_letter import ANOTHER_SCHOOL, bury_all
from stream.evidence import SLOW_DAYS, Evidence, Host
from stream.figures import Gatherer
from stream.follow import Effects
from stream.frame import framed, may_be_framed
from stream.kept import Keeping, keep_counts, last_assessment, weigh_again
from stream.kill_point import reach
from stream.lanes import Lanes
from stream.line import note_likes
from stream.log import Log, Record
from stream.logbook import each
from stream.matter import attaching_keys, felt_key, joining_keys
from stream.post import Counts, Kind, Post
from stream.reply import may_reply, replying
from stream.risk import Opening, Reason, Risk, decide, risk
from stream.store import Store
from stream.topic import ASSESSED_HISTORY, reader_of
from stream.wire import WireError

_log = logging.getLogger(__name__)
READER = "watch"
AT_MOST = 1000
"""Records of one step: over a backlog many lines share what a transaction asks; at rest there are few."""
QUOTE_LENGTH = 60
CRISIS_VOICES = 5
"""A severe matter (`Opening.severe`) is taken for a 舆情危机 from so many distinct voices on (系统默认，非校规); one
grave line is urgent and no crisis of opinion."""


@dataclass(slots=True)
class _Batch:
    """What came, read: counts, assessments, and what cannot be taken with the reason."""

    seen: list[Counts] = field(default_factory=list)
    found: list[Assessment] = field(default_factory=list)
    bad: list[tuple[Record, str]] = field(default_factory=list)


class Watch:
    """The watch of one school."""

    def __init__(
        self,
        log: Log,
        store: Store,
        school: str,
        ground: Ground,
        clock: Callable[[], datetime],
        places: Sequence[str] = (),
    ) -> None:
        """Join the group; `places` are the names of canteens, campuses and units that name a matter."""
        self._store, self._school, self._ground, self._clock = store, school, ground, clock
        self._places = tuple(places)
        self._done: list[tuple[str, int, bool]] = []
        self._told: list[tuple[str, str, bool]] = []
        self._taken: list[str] = []
        self._follower = Lanes(
            log, store, READER, clock=clock, ordered=True, troubles=(MatterTaken,), committed=self._write_down
        )

    @property
    def trouble(self) -> str:
        """Why it cannot work now, or an empty string."""
        return self._follower.trouble

    def step(self, limit: int = AT_MOST, wait: float = 0.2) -> int:
        """Take in what has come; gives how many records were taken."""
        taken = self._follower.step(self._handle, limit, wait)
        if taken:
            reach("watch.committed")
        return taken

    def close(self) -> None:
        """Leave the group."""
        self._follower.close()

    def _write_down(self) -> None:
        """Into the logbook what was just committed: which line opened or joined which incident, and which neither."""
        for number in dict.fromkeys(number for _, number, _ in self._told):
            mine = [(post, is_new) for post, known, is_new in self._told if known == number]
            each(_log, "立为事件", [post for post, is_new in mine if is_new], incident=number)
            each(_log, "并入事件", [post for post, is_new in mine if not is_new], incident=number)
        told = {post for post, _, _ in self._told}
        each(_log, "监看，未立事件", [post for post in self._taken if post not in told])
        self._told, self._taken = [], []

    def _handle(self, records: Sequence[Record]) -> Effects:
        now, is_history = self._clock(), records[0].topic == ASSESSED_HISTORY
        came = _sort(records, self._school)
        reach("watch.read_before_transaction")

        def effects(conn: Connection) -> None:
            self._done, self._told, self._taken = [], [], []
            before = machine_audit.mark(conn)
            accounts = book(conn, self._school)
            gatherer = Gatherer(self._school, _hosts(accounts), self._places)
            newer = [one for one in sorted(came.seen, key=_when_seen) if keep_counts(conn, one)]
            liked = [one for one in newer if note_likes(conn, one.school, one.post_id, one.likes or 0)]
            ours = sorted(came.found, key=_when_said)
            keeping = Keeping(conn, self._school, [assessment.post for assessment in ours])
            take = partial(self._take, conn, keeping, gatherer, accounts, now=now, is_history=is_history)
            with gatherer.batch(conn, ours, keeping.text, keeping.expect) as batch:
                for assessment in ours:
                    take(assessment)
            reach("watch.mid_transaction")
            _measure(keeping.taken, now)
            keeping.write()
            for post in [assessment.post for assessment in ours if assessment.post.by_school]:
                posted.seen(conn, post, now)
                correction.seen(conn, post, now)
            find.take(conn, self._ground.pack, accounts, ours, now, batch.copies.plain)
            for one in liked:
                self._take_again(conn, gatherer, accounts, one, now)
            bury_all(conn, reader_of(READER, records[0].topic), came.bad, now)
            machine_audit.decided(conn, before, now)
            self._told, self._taken = _numbered(conn, self._done), [post.id for post in keeping.taken]
            if any(is_new for _, _, is_new in self._done):
                reach("watch.opened_before_commit")

        return effects

    def _take(
        self,
        conn: Connection,
        keeping: Keeping,
        gatherer: Gatherer,
        accounts: Mapping[str, Account],
        assessment: Assessment,
        *,
        now: datetime,
        is_history: bool,
    ) -> None:
        """Keep, weigh and judge one line. `is_history`: it came by the slow lane."""
        post = assessment.post
        kept = keeping.keep(post)
        if not kept.new_revision:
            return
        account = accounts.get(post.account_id)
        if may_be_framed(assessment):
            assessment = framed(assessment, keeping.text(post.thread_id) or "", self._ground.frames)
        assessment = self._heard(conn, assessment)
        bar = _outside(account, assessment, is_history=is_history) if kept.is_current else Bar.LATE
        counts = bar is None
        judged: Judged | None = None
        if counts and post.by_school:
            judged = own_post.judge(conn, self._ground.pack, account, assessment, now, self._places)
            assessment = judged.assessment
        evidence = gatherer.note(conn, assessment, counts_for_incidents=counts)
        weighed = risk(evidence, now)
        left = self._judge(conn, account, assessment, evidence, weighed, now) if bar is None else Barred(bar)
        keeping.assess(assessment, weighed.value, _kept(weighed.reasons), now, left.kept() if left else None)
        if judged is not None:
            own_post.write_down(conn, self._ground, judged, account, now)

    def _take_again(
        self, conn: Connection, gatherer: Gatherer, accounts: Mapping[str, Account], seen: Counts, now: datetime
    ) -> None:
        """Judge a line again whose likes have risen above its post's.

        It came with this sight of its likes, so that is what lateness is reckoned from. What belongs to an ended
        matter is settled, and a line older than any evidence counts no more.
        """
        found = last_assessment(conn, self._school, seen.post_id)
        if found is None or now - found.post.published_at > timedelta(days=SLOW_DAYS):
            return
        if is_settled(conn, self._school, seen.post_id):
            return
        assessment = found.model_copy(update={"post": found.post.model_copy(update={"fetched_at": seen.seen_at})})
        account = accounts.get(assessment.post.account_id)
        if _outside(account, assessment, is_history=False) is not None:
            return
        evidence = gatherer.again(conn, assessment, counts_for_incidents=True)
        weighed = risk(evidence, now)
        left = self._judge(conn, account, assessment, evidence, weighed, now)
        weigh_again(conn, assessment.post, weighed.value, _kept(weighed.reasons), now, left.kept() if left else None)

    def _heard(self, conn: Connection, assessment: Assessment) -> Assessment:
        """As it is meant where it replies to a cry for help."""
        if may_reply(assessment) and _is_of_care(conn, self._school, assessment.post.parent_id or ""):
            return replying(assessment)
        return assessment

    def _judge(
        self,
        conn: Connection,
        account: Account | None,
        assessment: Assessment,
        evidence: Evidence,
        weighed: Risk,
        now: datetime,
    ) -> Barred | None:
        """Add the line to the open incident of its matter, or open one where the evidence is enough; else what kept it
        from that, None also of a line that nothing speaks for.

        A danger that belongs to none of the incidents at its place stands on what is said of it alone.
        """
        if not evidence.marks and not evidence.is_outliked:
            return barred(evidence, weighed, self._ground.open_at) if evidence.hits else None
        post, scene, kinds = assessment.post, evidence.scene, evidence.kinds
        own = [mark.theme for mark in evidence.marks if mark.post_id == post.id and mark.theme != "any"]
        is_felt = any(mark.felt and mark.thread == scene.thread for mark in evidence.marks)
        felt = (felt_key(scene),) if is_felt and CARE_THEME not in own else ()
        joining = (*joining_keys(own, scene, kinds), *felt)
        found = self._belongs(conn, joining, evidence, own) if own else Belonging()
        open_at = self._ground.open_at
        opening = decide(evidence, weighed, open_at)
        if found.incident_id is None and opening is not None:
            keys = (*joining_keys(opening.themes, scene, kinds), *opening.keys)
            found = self._belongs(conn, keys, evidence, own)  # its older lines may belong to one already
        dangers, whole = _enough(evidence, now, open_at), evidence
        if found.incident_id is not None:
            narrowed = evidence.of_matter(found.known)
            evidence, weighed, opening = _again(narrowed, now, evidence, weighed, opening, open_at)
            keys, new = attaching_keys(own, scene, kinds), fresh(dangers, found.known)
            matter = _matter(account, assessment, evidence, weighed, opening, keys, (post.id,), dangers, new)
            if add_to(conn, self._ground, found.incident_id, matter, post, now):
                self._done.append((post.id, found.incident_id, False))
                return None
        elif found.apart:
            narrowed = evidence.of_danger(kinds)
            evidence, weighed, opening = _again(narrowed, now, evidence, weighed, opening, open_at)
        if opening is None:
            return barred(evidence, weighed, open_at, alone=evidence is not whole)
        keys = belonging.free(conn, self._school, opening.keys) if found.apart else opening.keys
        matter = _matter(account, assessment, evidence, weighed, opening, keys, opening.members, dangers)
        incident_id = open_matter(conn, self._ground, matter, post, now)
        belonging.write_apart(conn, incident_id, found.apart, now)
        self._done.append((post.id, incident_id, True))
        return None

    def _belongs(self, conn: Connection, keys: Sequence[str], evidence: Evidence, themes: Sequence[str]) -> Belonging:
        return belonging.find(conn, self._school, keys, evidence.scene, themes, evidence.kinds)


def _numbered(conn: Connection, done: Sequence[tuple[str, int, bool]]) -> list[tuple[str, str, bool]]:
    """The same with the numbers of the incidents."""
    if not done:
        return []
    wanted = select(incidents.c.id, incidents.c.number).where(incidents.c.id.in_({one for _, one, _ in done}))
    numbers = {row.id: row.number for row in conn.execute(wanted)}
    return [(post, numbers[incident_id], is_new) for post, incident_id, is_new in done]


def _enough(evidence: Evidence, now: datetime, open_at: float) -> tuple[str, ...]:
    """The kinds of danger that the line tells of, where what is said of them alone would open an incident."""
    kinds = evidence.kinds
    alone = evidence.of_danger(kinds)
    return kinds if kinds and decide(alone, risk(alone, now), open_at) is not None else ()


def _again(
    narrowed: Evidence, now: datetime, evidence: Evidence, weighed: Risk, opening: Opening | None, open_at: float
) -> tuple[Evidence, Risk, Opening | None]:
    """Weighed and decided anew where less is left of the evidence."""
    if narrowed is evidence:
        return evidence, weighed, opening
    weighed = risk(narrowed, now)
    return narrowed, weighed, decide(narrowed, weighed, open_at)


def _when_said(assessment: Assessment) -> tuple[datetime, datetime, str, str]:
    """Lines that arrive together are taken in the order in which they were said: platforms list the newest first."""
    post = assessment.post
    return post.published_at, post.fetched_at, post.id, post.revision


def _sort(records: Sequence[Record], school: str) -> _Batch:
    """Another school's is buried and told, not passed over: where two share a log, each misses what the other takes."""
    batch = _Batch()
    for record in records:
        kind = Counts if b'"type":"counts"' in record.value[:64] else Assessment
        try:
            one = kind.from_wire(record.value)
        except WireError as error:
            batch.bad.append((record, str(error)))
            continue
        theirs = one.school if isinstance(one, Counts) else one.post.school
        if theirs != school:
            batch.bad.append((record, ANOTHER_SCHOOL.format(theirs=theirs, ours=school)))
        elif isinstance(one, Counts):
            batch.seen.append(one)
        else:
            batch.found.append(one)
    return batch


def _when_seen(seen: Counts) -> tuple[datetime, str, int]:
    """Likes that arrive together are taken in the order in which they were seen."""
    return seen.seen_at, seen.post_id, seen.likes or 0


def is_settled(conn: Connection, school: str, post_id: str) -> bool:
    """Whether a line belongs to ended incidents only."""
    states = conn.execute(
        select(incidents.c.state)
        .join(members, members.c.incident_id == incidents.c.id)
        .where(members.c.school == school, members.c.post_id == post_id)
    ).scalars().all()  # fmt: skip
    return bool(states) and not any(state in OPEN for state in states)


def _is_of_care(conn: Connection, school: str, post_id: str) -> bool:
    """Whether a line belongs to an open care case."""
    wanted = (
        select(incidents.c.id)
        .join(members, members.c.incident_id == incidents.c.id)
        .where(members.c.school == school, members.c.post_id == post_id)
        .where(incidents.c.care, incidents.c.state.in_(OPEN))
    )
    return conn.execute(wanted.limit(1)).first() is not None


def _measure(taken: Sequence[Post], now: datetime) -> None:
    """Count what was taken in, and how long it was on its way."""
    for kind, number in Counter(post.kind for post in taken).items():
        metrics.WATCHED.labels(kind=kind).inc(number)
    for post in taken:
        metrics.TO_WATCH.observe(max(0.0, (now - post.fetched_at).total_seconds()))


@lru_cache(maxsize=512)
def _kept(reasons: tuple[Reason, ...]) -> Sequence[dict[str, object]]:
    """Reasons as they are kept with a line; nobody changes them."""
    return [dict(vars(reason)) for reason in reasons]


def _hosts(accounts: Mapping[str, Account]) -> dict[str, Host]:
    return {account.id: Host(account.unit, account.main) for account in accounts.values()}


def _outside(account: Account | None, assessment: Assessment, *, is_history: bool) -> Bar | None:
    """Why a line counts for no incident, None where it counts. What was published before an account is watched opens
    nothing, nor does what a file tells of days long past; a lead counts whenever it is typed in."""
    post = assessment.post
    if post.kind is Kind.LEAD:
        return Bar.PAST if is_history else None
    if account is None:
        return Bar.UNKNOWN
    if not account.active:
        return Bar.OFF
    return Bar.BEFORE if post.published_at < account.watch_from else None


def _matter(
    account: Account | None,
    assessment: Assessment,
    evidence: Evidence,
    weighed: Risk,
    opening: Opening | None,
    keys: Sequence[str],
    members: Sequence[str],
    dangers: Sequence[str],
    named: Sequence[str] = (),
) -> Matter:
    """The matter as the watch sees it. Articles come from the own pack only, never from a rule that cites others.

    `dangers`: the kinds that the line is enough for by itself; `named`: those that the title is to name.
    """
    post = assessment.post
    care = any(hit.theme == CARE_THEME for hit in assessment.hits)
    theme = opening.theme if opening is not None else weighed.theme
    name = account.name if account is not None and post.account_named else "补录线索"
    return Matter(
        title=heading(assessment, evidence, theme, name, care=care, kinds=named),
        theme=theme,
        level=opening.level if opening is not None else 4,
        risk=weighed.value,
        reasons=tuple(reason | {"article": ""} for reason in _kept(weighed.reasons)),
        keys=tuple(keys),
        grave=opening is not None and opening.grave,
        dangers=tuple(dangers),
        enough=opening is not None,
        crisis=opening is not None and opening.severe and weighed.voices >= CRISIS_VOICES,
        alone=opening is not None and opening.alone,
        care=care,
        member_ids=tuple(members),
        first_post_id=members[0],
        unit=account.unit if account else "",
        account=place_of(post, account),
        hits=assessment.hits,
        facts=(f"涉及 {len(members)} 条，风险 {weighed.value}",),
        quote="" if care or post.kind is Kind.MESSAGE else cut(post.text, QUOTE_LENGTH),
        judged={
            "engine": assessment.engine,
            "rules": assessment.rules,
            "hits": {hit.rule: hit.version for hit in assessment.hits},
        },
    )
