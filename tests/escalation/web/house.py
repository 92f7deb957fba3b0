"""A small school for the pages: people, accounts, posts and incidents, made by the real use-cases."""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from fastapi.testclient import TestClient
from sqlalchemy import select

from escalation import handling, people, recap, reignition, timer, trial, user
from escalation.channels import Accepted, Channel, Message, Outcome
from escalation.incident import Actor, incidents
from escalation.notice import notices
from escalation.notice.issue import Letterhead, sign_url
from escalation.opening import Ground, Matter, open_matter
from escalation.people import Held, Person, Role
from escalation.procedure import load
from escalation.recap import Measure, Recap
from escalation.voice import hold
from escalation.web.app import build
from escalation.web.desk import Desk, Taken
from sentiment.polarity import Polarity
from stream import account
from stream.account import Account
from stream.assessment import Assessment, Hit
from stream.kept import keep, keep_assessment
from stream.post import Kind, Post, Route, door
from stream.search import Document, Facets, Query
from stream.store import Store, metadata
from tests.escalation.office import conclude
from tests.mould import opened, pour

SCHOOL = "JY"
NOW = datetime(2026, 11, 20, 8, 42, 8, tzinfo=UTC)
PASSWORD = "harbour-flags-2026"
UNIT, OTHER_UNIT = "后勤服务中心", "教务处"
STAFF: Mapping[str, tuple[str, str, str]] = {
    "keeper": ("谢晓", "后勤公众号管理员", UNIT),
    "leader": ("罗广平", "后勤党总支书记", UNIT),
    "mate": ("曹卫东", "后勤主任", UNIT),
    "other": ("吴淑仪", "教务处处长", OTHER_UNIT),
    "publicity": ("何岚", "宣传部部长", "党委宣传部"),
    "school": ("沈澄", "主管校领导", "校领导"),
    "monitor": ("陈屿", "值班员", "党委宣传部"),
    "admin": ("周敏", "系统管理员", "信息中心"),
}
ROLES: Mapping[str, Role] = {
    "keeper": Role.KEEPER, "leader": Role.UNIT_LEADER, "other": Role.UNIT_LEADER, "publicity": Role.PUBLICITY,
    "school": Role.SCHOOL_LEADER, "monitor": Role.MONITOR, "admin": Role.ADMINISTRATOR,
}  # fmt: skip
REASONS = (
    {"name": "涌量", "share": 41, "sentence": "近 1 小时 213 条，前 12 小时均值 4.1 条。", "article": ""},
    {"name": "疑似食源性不适", "share": 33, "sentence": "37 条命中，如“拉肚子”。", "article": "规则 FD-03"},
    {"name": "新话题", "share": 14, "sentence": "30 日内无相近内容。", "article": ""},
    {"name": "负面", "share": 8, "sentence": "负面 71%。", "article": ""},
    {"name": "指向本校", "share": 4, "sentence": "明确提及“二食堂”。", "article": ""},
)


@cache
def _secret() -> user.Secret:
    """Everybody's password, hashed once for all tests."""
    return user.secret(PASSWORD, "")


_pack = cache(load)
"""A school's rules, read once."""


class Robot(Channel):
    """A channel that takes everything."""

    def __init__(self, name: str, title: str) -> None:
        self.name, self.title = name, title

    def send(self, message: Message) -> Outcome:
        return Accepted(message.delivery_id)

    def probe(self) -> Outcome:
        return Accepted("probe")


class Box:
    """An intake that remembers what it was given."""

    def __init__(self) -> None:
        self.taken: list[Mapping[str, str]] = []

    def take_lead(self, form: Mapping[str, str]) -> Taken:
        self.taken.append(form)
        return Taken(1)

    def take_message(self, form: Mapping[str, str]) -> Taken:
        self.taken.append(form)
        return Taken(1) if form["text"] else Taken(0, ("“原文”：请照抄私信原文",))

    def take_file(self, name: str, body: bytes) -> Taken:
        return Taken(0, (f"{name}：第 2 行“内容”为空",))

    def template(self) -> bytes:
        return b"xlsx"


@dataclass
class Shelf:
    """A search over what was put on it."""

    documents: list[Document] = field(default_factory=list)
    error: Exception | None = None

    def __call__(self, query: Query) -> Sequence[Document]:
        if self.error is not None:
            raise self.error
        return [one for one in self.documents if query.words in one.text][: query.limit]

    def facets(self, query: Query) -> Facets:
        """How many by platform; the rest of the page asks a real search."""
        platforms = Counter(one.platform for one in self(replace(query, limit=10_000)))
        return Facets(platforms.total(), timedelta(days=1), {}, platforms, {}, {}, {})


@dataclass
class House:
    """The school, its desk and a clock that a test moves."""

    store: Store
    letterhead: Letterhead
    now: datetime = NOW
    shelf: Shelf = field(default_factory=Shelf)
    box: Box = field(default_factory=Box)
    roles: tuple[str, ...] = ()
    secure: bool = False
    _made: int = 0

    @staticmethod
    def at(folder: Path, url: str = "http://desk.school.test", *, enrolled: bool = False, store: str = "") -> House:
        """An empty school with its people, one account per unit, and everybody able to sign in."""
        path = folder / "store.db"
        kept = Store(store) if store else opened(f"sqlite:///{path}") if enrolled else pour(path)
        letterhead = Letterhead(
            SCHOOL, "风林职业技术学院", url, b"k" * 32, frozenset({"mail", "wecom_robot"}), "值班群", "校内 8071"
        )
        house = House(kept, letterhead)
        if store:
            metadata.create_all(kept.engine)
        if not enrolled:
            house._people()
        return house

    def _people(self) -> None:
        persons = [
            Person(SCHOOL, key, name, title, unit, f"{key}@school.test", "13800000000")
            for key, (name, title, unit) in STAFF.items()
        ]
        held = [
            Held(Role.KEEPER, "wx-hq", "keeper"), Held(Role.UNIT_LEADER, UNIT, "leader"),
            Held(Role.UNIT_LEADER, OTHER_UNIT, "other"), Held(Role.PUBLICITY, "", "publicity"),
            Held(Role.SCHOOL_LEADER, "", "school"), Held(Role.MONITOR, "", "monitor"),
            Held(Role.ADMINISTRATOR, "", "admin"),
        ]  # fmt: skip
        early = NOW - timedelta(days=30)
        with self.store.write() as conn:
            people.enter(conn, persons, held)
            for key, role in ROLES.items():
                user.enrol(conn, SCHOOL, key, key, _secret(), [role], NOW)
            account.enter(
                conn,
                [
                    Account(SCHOOL, "wx-hq", "wechat", "风林后勤", "gh_1", UNIT, "wechat", early),
                    Account(SCHOOL, "wb-jw", "weibo", "风林教务", "u2", OTHER_UNIT, "weibo", early),
                ],
            )

    def desk(self) -> Desk:
        """What the pages are given."""
        channels = {"mail": Robot("mail", "邮件"), "wecom_robot": Robot("wecom_robot", "企业微信群机器人")}
        return Desk(
            self.store,
            self.letterhead,
            lambda: self.now,
            channels,
            self.box,
            self.shelf,
            self.shelf.facets,
            self.roles,
            self.secure,
            Ground(_pack("JY"), self.letterhead, {"rules": "1a2b3c4d5e6f", "program": "0.1.0"}),
        )

    def client(self, name: str = "") -> TestClient:
        """A browser; with a session of `name` where one is given."""
        client = TestClient(build(self.desk()), follow_redirects=False)
        if name:
            client.cookies.set("fengxin", self.session(name))
        return client

    def session(self, name: str) -> str:
        """The token of a new session, without the cost of a password hash."""
        token = secrets.token_urlsafe(32)
        with self.store.write() as conn:
            conn.execute(
                user.sessions.insert().values(
                    digest=hashlib.sha256(token.encode()).hexdigest(), school=SCHOOL, name=name, csrf=f"csrf-{name}",
                    began_at=self.now, used_at=self.now,
                )
            )  # fmt: skip
        return token

    def see_through(self, number: str) -> None:
        """Decide that nothing is said, lift the hold, write the recap, and let the watch run out at once."""
        lead = Actor("publicity", "何岚", frozenset({Role.PUBLICITY}))
        desk = Actor("monitor", "陈屿", frozenset({Role.MONITOR}))
        with self.store.write() as conn:
            one = conn.execute(select(incidents.c.id).where(incidents.c.number == number)).scalar_one()
            handling.no_answer(conn, one, lead, self.now, "已当面答复", "沈澄")
            for held in hold.standing_of(conn, one):
                hold.lift(conn, self.letterhead, held.id, lead, self.now, "已当面答复")
            measure = Measure("每日抽检留样", "罗广平", (self.now + timedelta(days=10)).date())
            conclude(conn, one, self.now)
            recap.write(conn, one, desk, self.now, Recap("抽检不严", "当日核实", "答复快", "无", (measure,)))
            for held in hold.standing_of(conn, one):
                hold.lift(conn, self.letterhead, held.id, lead, self.now, "已当面答复，无需统一口径")
            reignition.begin(conn, one, desk, self.now)
            clock = reignition.running(conn, one)
            assert clock is not None
            timer.claim(conn, clock.id, clock.due_at)

    def post(
        self,
        text: str,
        *,
        account_id: str = "wx-hq",
        minutes: float = 0,
        theme: str = "canteen",
        words: Sequence[str] = (),
        polarity: Polarity = Polarity.NEGATIVE,
        by_school: bool = False,
        url: str = "",
        risk: int = 60,
        kind: Kind = Kind.COMMENT,
    ) -> Post:
        """Keep one comment that was published `minutes` ago, with what was found in it."""
        self._made += 1
        kept, digest, cut = door(text)
        at = self.now - timedelta(minutes=minutes)
        post = Post(
            school=SCHOOL, id=f"wechat:{self._made}", kind=Kind.POST if by_school else kind, platform="wechat",
            account_id=account_id, thread_id=f"{account_id}:1", text=kept, text_hash=digest, cut=cut,
            by_school=by_school, published_at=at, first_seen_at=at, fetched_at=at, revision=digest[:16],
            route=Route.SANDBOX, url=url,
        )  # fmt: skip
        spans = tuple((i, i + len(w)) for w in words if (i := kept.find(w)) >= 0)
        hits = (
            Hit(
                rule="CT-01", version=1, title="食品", theme=theme, category="incident", weight=60, spans=spans,
                words=tuple(words),
            ),
        )  # fmt: skip
        assessment = Assessment(
            post=post, polarity=polarity, p_negative=0.9, snow=0.1, engine="snow", hits=hits if words else (),
            assessed_at=at,
        )  # fmt: skip
        with self.store.write() as conn:
            keep(conn, post)
            keep_assessment(conn, assessment, risk, [], at + timedelta(seconds=2))
        return post

    def lead(self, text: str, platform: str, *, theme: str = "") -> Post:
        """Keep one lead without an account, judged and not opened."""
        self._made += 1
        kept, digest, cut = door(text)
        name = f"lead:{self._made}"
        post = Post(
            school=SCHOOL, id=name, kind=Kind.LEAD, platform=platform, account_id="wx-hq", thread_id=name, text=kept,
            text_hash=digest, cut=cut, published_at=self.now, first_seen_at=self.now, fetched_at=self.now,
            revision=digest[:16], route=Route.MANUAL,
        )  # fmt: skip
        hit = Hit(
            rule="XX-01", version=1, title="某事", theme=theme, category="incident", weight=60, spans=(), words=()
        )
        judged = Assessment(
            post=post, polarity=Polarity.NEGATIVE, p_negative=0.9, snow=0.1, engine="snow",
            hits=(hit,) if theme else (), assessed_at=self.now,
        )  # fmt: skip
        with self.store.write() as conn:
            keep(conn, post)
            keep_assessment(conn, judged, 38, [], self.now)
        return post

    def incident(
        self,
        title: str = "多名学生反映二食堂就餐后腹泻",
        *,
        level: int = 2,
        account_id: str = "wx-hq",
        unit: str = UNIT,
        care: bool = False,
        text: str = "中午吃了二食堂的香锅，三个人在拉肚子",
        comments: int = 3,
        minutes: float = 0,
        pack: str = "JY",
        kind: Kind = Kind.COMMENT,
        theme: str = "",
    ) -> str:
        """Open an incident as the watch does; gives its number."""
        theme = theme or ("self_harm" if care else "canteen")
        words = ["拉肚子", "腹泻"]
        first = self.post(text, account_id=account_id, minutes=minutes + 1, words=words, theme=theme, kind=kind)
        more = [
            self.post(f"{text} {n}", account_id=account_id, minutes=minutes + 1 + n * 3, words=["拉肚子"], theme=theme)
            for n in range(1, comments)
        ]
        matter = Matter(
            title=title, theme=theme, level=level, risk=82, reasons=REASONS, keys=(f"{theme}:{self._made}",),
            grave=False, enough=True, care=care, member_ids=tuple(p.id for p in (first, *more)),
            first_post_id=first.id, unit=unit,
            account={"name": "风林后勤", "platform": "微信公众号", "publisher": "风林后勤"},
            facts=("15:52 起有学生反映就餐后不适。",), quote="希望学校给个说法",
        )  # fmt: skip
        ground = Ground(_pack(pack), self.letterhead, {"rules": "1a2b3c4d5e6f", "program": "0.1.0"})
        with self.store.write() as conn:
            made = open_matter(conn, ground, matter, first, self.now - timedelta(minutes=minutes))
            return str(conn.execute(select(incidents.c.number).where(incidents.c.id == made)).scalar_one())

    def notice(self, number: str, person: str) -> int:
        """The notice that a person has of an incident."""
        with self.store.read() as conn:
            return int(
                conn.execute(
                    select(notices.c.id)
                    .join(incidents, incidents.c.id == notices.c.incident_id)
                    .where(incidents.c.number == number, notices.c.addressee == person)
                    .order_by(notices.c.id)
                ).scalars().first()
                or 0
            )  # fmt: skip

    def link(self, number: str, person: str, *, hours: float = 24) -> str:
        """The path of the signing page of a person."""
        expires = self.now + timedelta(hours=hours)
        url = sign_url(self.letterhead, self.notice(number, person), person, expires)
        return url.removeprefix(self.letterhead.public_url)

    def on_trial(self) -> None:
        """Begin a trial."""
        with self.store.write() as conn:
            trial.begin(conn, SCHOOL, self.now)


def csrf(page: str) -> str:
    """The token in a page's forms."""
    return page.split('name="csrf" value="', 1)[1].split('"', 1)[0]
