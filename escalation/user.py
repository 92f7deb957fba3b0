"""Users: who may sign in to the desk, as which roles. argon2 hashes, locked after failures, sessions as rows.

A session's token is 256 random bits; only its hash rests here. Answers to a wrong name and a wrong password are alike,
and so are the lock and the work that follow: nobody learns from them who has a sign-in.
A password is hashed and verified outside of any transaction: that is slow on purpose, and nobody must wait for it.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, NewType

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import Column, Connection, Integer, Row, Select, Table, Text, delete, select, update

from escalation import audit
from escalation.people import Role
from stream.store import Store, metadata, put
from stream.store.types import Json, Moment, Word

FAILURES_TO_LOCK = 5
LOCKED_FOR = timedelta(minutes=15)
SESSION_LIVES = timedelta(hours=12)
SESSION_IDLES = timedelta(hours=8)
PASSWORD_LENGTH = 10
BY_ROSTER, BY_COMMAND = "名册", "命令行"
"""Who changes sign-ins, where no person can be named."""

users = Table(
    "users",
    metadata,
    Column("school", Word(32), primary_key=True),
    Column("name", Word(64), primary_key=True),
    Column("person_id", Word(64), nullable=False),
    Column("password", Text, nullable=False),
    Column("roles", Json, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("locked_until", Moment()),
    Column("theme", Word(8), nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", Word(64), primary_key=True),
    Column("school", Word(32), nullable=False),
    Column("name", Word(64), nullable=False),
    Column("csrf", Word(64), nullable=False),
    Column("began_at", Moment(), nullable=False),
    Column("used_at", Moment(), nullable=False),
)


@dataclass(frozen=True, slots=True)
class User:
    """Somebody signed in. `csrf` goes into every form of the session."""

    school: str
    name: str
    person_id: str
    roles: frozenset[Role]
    theme: str = "auto"
    csrf: str = ""


class Entry(StrEnum):
    """What became of an attempt to sign in."""

    WELCOME = "welcome"
    WRONG = "wrong"
    LOCKED = "locked"


_HASHER = PasswordHasher()


@cache
def _nobodys() -> str:
    """A hash that no password matches, made once: a name that nobody has costs the same work as a known one."""
    return _HASHER.hash(secrets.token_urlsafe())


class Strangers:
    """Names that nobody has, locked as known ones are. In memory only: at most MOST, forgotten with the process."""

    MOST = 10_000

    def __init__(self) -> None:
        """Nobody has tried yet."""
        _nobodys()  # not at the first try, which would then take twice as long and tell
        self._known: dict[tuple[str, str], tuple[int, datetime | None]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many names are remembered."""
        return len(self._known)

    def locked(self, school: str, name: str, now: datetime) -> bool:
        """Whether a name is locked."""
        with self._lock:
            until = self._known.get((school, name), (0, None))[1]
        return until is not None and until > now

    def fail(self, school: str, name: str, now: datetime) -> bool:
        """Count a failure; gives whether it locks the name."""
        with self._lock:
            if len(self._known) >= self.MOST:
                self._known.clear()
            failures = self._known.get((school, name), (0, None))[0] + 1
            locks = failures >= FAILURES_TO_LOCK
            self._known[school, name] = (0, now + LOCKED_FOR) if locks else (failures, None)
            return locks


def weakness(password: str, name: str) -> str:
    """Why a password is refused, as a sentence; empty where it will do."""
    if len(password) < PASSWORD_LENGTH:
        return f"口令至少 {PASSWORD_LENGTH} 个字符，现为 {len(password)} 个。"
    if len(password) > 128:
        return "口令至多 128 个字符。"
    if name and name.lower() in password.lower():
        return "口令里不能含有登录名。"
    if len(set(password)) < 5:
        return "口令里不同的字符太少，请换一个。"
    return ""


Secret = NewType("Secret", str)
"""What rests in the store for a password."""


def secret(password: str, name: str) -> Secret:
    """Hash a password for a sign-in of this name, before a transaction. Raises ValueError where it is too weak."""
    if weak := weakness(password, name):
        raise ValueError(weak)
    return Secret(_HASHER.hash(password))


def enrol(
    conn: Connection, school: str, name: str, person_id: str, password: Secret, roles: Iterable[Role], now: datetime
) -> None:
    """Give somebody a sign-in, or a new password, which ends all sessions of that name."""
    held = sorted(roles)
    row = {
        "school": school, "name": name, "person_id": person_id, "password": password, "roles": held, "failures": 0,
        "locked_until": None, "theme": "auto",
    }  # fmt: skip
    put(conn, users, [row])
    _end_sessions(conn, school, name)
    detail = {"person": person_id, "roles": held}
    audit.record(conn, school=school, now=now, actor=BY_COMMAND, action="sign_in.enrol", subject=name, detail=detail)


def entitle(conn: Connection, school: str, roles_of: Callable[[str], Iterable[Role]], now: datetime) -> None:
    """Give every sign-in the roles that its person (by id) holds now. Without any it is switched off, sessions too.

    Each change is a row of the audit: `sign_in.off`, `sign_in.on` or `sign_in.roles`.
    """
    for row in conn.execute(
        select(users.c.name, users.c.person_id, users.c.roles).where(users.c.school == school).order_by(users.c.name)
    ).all():
        roles = sorted(roles_of(row.person_id))
        if roles != row.roles:
            conn.execute(update(users).where(users.c.school == school, users.c.name == row.name).values(roles=roles))
            what = "sign_in.off" if not roles else "sign_in.roles" if row.roles else "sign_in.on"
            detail = {"person": row.person_id, "before": row.roles, "roles": roles}
            audit.record(conn, school=school, now=now, actor=BY_ROSTER, action=what, subject=row.name, detail=detail)
        if not roles:
            _end_sessions(conn, school, row.name)


def switch_off(conn: Connection, school: str, person_id: str, actor: str, now: datetime) -> None:
    """Take every sign-in of a person away, sessions too: who left the school. The roster's roles give them back."""
    for row in conn.execute(
        select(users.c.name, users.c.roles).where(users.c.school == school, users.c.person_id == person_id)
    ).all():
        if row.roles:
            conn.execute(update(users).where(users.c.school == school, users.c.name == row.name).values(roles=[]))
            detail = {"person": person_id, "before": row.roles, "roles": []}
            audit.record(
                conn, school=school, now=now, actor=actor, action="sign_in.off", subject=row.name, detail=detail
            )
        _end_sessions(conn, school, row.name)


def _end_sessions(conn: Connection, school: str, name: str) -> None:
    conn.execute(delete(sessions).where(sessions.c.school == school, sessions.c.name == name))


def enter(
    store: Store, school: str, name: str, password: str, now: datetime, ip: str, strangers: Strangers | None = None
) -> tuple[Entry, str]:
    """Sign in: (what became of it, the session's token or an empty string). Counts failures and locks.

    A sign-in that is switched off (no roles) is answered like a wrong password. What happened while the password was
    being verified (a lock, a new password) counts. `strangers` keeps the locks of names that nobody has.
    """
    with store.read() as conn:
        known = conn.execute(_of(school, name)).first()
    if known is None:
        known_ones = Strangers() if strangers is None else strangers
        return _strange(store, school, name, password, now, ip, known_ones), ""
    right = not _locked(known, now) and _matches(known.password, password)
    with store.write() as conn:
        row = conn.execute(_of(school, name).with_for_update()).first()
        if row is None:
            return Entry.WRONG, ""
        if _locked(row, now):
            audit.record(conn, school=school, now=now, actor=name, action="sign_in.locked", subject=name, ip=ip)
            return Entry.LOCKED, ""
        if not right or row.password != known.password or not row.roles:
            return _fail(conn, school, name, row.failures + 1, now, ip), ""
        return Entry.WELCOME, _welcome(conn, school, name, now, ip)


def _strange(
    store: Store, school: str, name: str, password: str, now: datetime, ip: str, strangers: Strangers
) -> Entry:
    """What becomes of a name that nobody has: what would become of a known one, with the same work."""
    locked = strangers.locked(school, name, now)
    locks = locked or (not _matches(_nobodys(), password) and strangers.fail(school, name, now))
    what, detail = ("sign_in.locked", {}) if locked else ("sign_in.failed", {"locked": locks})
    with store.write() as conn:
        audit.record(conn, school=school, now=now, actor=name, action=what, subject=name, detail=detail, ip=ip)
    return Entry.LOCKED if locks else Entry.WRONG


def _of(school: str, name: str) -> Select[Any]:
    return select(users).where(users.c.school == school, users.c.name == name)


def _locked(row: Row[Any] | None, now: datetime) -> bool:
    return row is not None and row.locked_until is not None and row.locked_until > now


def _welcome(conn: Connection, school: str, name: str, now: datetime, ip: str) -> str:
    """Begin a session; gives its token."""
    conn.execute(
        update(users).where(users.c.school == school, users.c.name == name).values(failures=0, locked_until=None)
    )
    token = secrets.token_urlsafe(32)
    conn.execute(
        sessions.insert().values(
            digest=_digest(token), school=school, name=name, csrf=secrets.token_urlsafe(24), began_at=now, used_at=now
        )
    )
    audit.record(conn, school=school, now=now, actor=name, action="sign_in", subject=name, ip=ip)
    return token


def _fail(conn: Connection, school: str, name: str, failures: int, now: datetime, ip: str) -> Entry:
    locks = failures >= FAILURES_TO_LOCK
    conn.execute(
        update(users)
        .where(users.c.school == school, users.c.name == name)
        .values(failures=0 if locks else failures, locked_until=now + LOCKED_FOR if locks else None)
    )
    audit.record(
        conn, school=school, now=now, actor=name, action="sign_in.failed", subject=name, detail={"locked": locks}, ip=ip
    )
    return Entry.LOCKED if locks else Entry.WRONG


def _matches(stored: str, given: str) -> bool:
    try:
        return _HASHER.verify(stored, given)
    except (VerifyMismatchError, InvalidHashError):
        return False


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def recognise(conn: Connection, token: str, now: datetime) -> User | None:
    """Whose session this is; None where it is unknown, idle too long or over."""
    row = conn.execute(
        select(sessions, users.c.person_id, users.c.roles, users.c.theme)
        .join(users, (users.c.school == sessions.c.school) & (users.c.name == sessions.c.name))
        .where(sessions.c.digest == _digest(token))
    ).first()
    if row is None or now - row.began_at > SESSION_LIVES or now - row.used_at > SESSION_IDLES:
        return None
    roles = frozenset(Role(role) for role in row.roles)
    return User(row.school, row.name, row.person_id, roles, row.theme, row.csrf)


def touch(conn: Connection, token: str, now: datetime) -> None:
    """Note that a session is in use."""
    conn.execute(update(sessions).where(sessions.c.digest == _digest(token)).values(used_at=now))


def leave(conn: Connection, token: str) -> None:
    """Sign out."""
    conn.execute(delete(sessions).where(sessions.c.digest == _digest(token)))
