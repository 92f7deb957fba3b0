"""Before the roles start: the store's tables, the roster, and, in the demo, the sign-ins."""

from __future__ import annotations

import secrets
import signal
from collections.abc import Iterator
from contextlib import ExitStack

from sqlalchemy import Connection, select

from deploy import entering, migrations, role_page, upkeep, waiting
from deploy.parts import load_pack
from deploy.role import leave
from deploy.settings import Settings
from escalation.people import TITLES
from escalation.user import users
from stream.account import accounts
from stream.store import Store, StoreRefused, StoreUnavailable

DEMO_PASSWORD = "demo.password"  # noqa: S105 (a file's name)


class NotReady(Exception):
    """The store cannot be used; the message says what to do."""


class NotYet(NotReady):
    """It is away or has no tables yet: that may come by itself, or by another's hand."""


def ready(settings: Settings) -> list[str]:
    """What `prepare` tells, once the store is there; meanwhile this says at the desk's address what it waits for, and
    a signal ends the process at once. Raises NotReady where waiting cures nothing."""
    stops = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {number: signal.signal(number, lambda *_: leave(0)) for number in stops}
    with ExitStack() as desk:
        stands_in = False

        def stand_in(_error: Exception) -> None:
            nonlocal stands_in
            if not stands_in:
                desk.enter_context(role_page.in_place_of_the_desk(settings.web.host, settings.web.port))
            stands_in = True

        try:
            return waiting.asked(lambda: list(prepare(settings)), (NotYet,), told=stand_in)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def prepare(settings: Settings) -> Iterator[str]:
    """Make ready, telling each thing that was done. SQLite is migrated of itself, PostgreSQL by a person.

    Raises NotReady.
    """
    for stale in (settings.data_folder / "metrics").glob("*.db"):
        stale.unlink()
    tables(settings)
    try:
        upkeep.enter_roster(settings)
    except StoreUnavailable as error:
        raise _away(error) from None
    yield f"值班台　　{settings.school.public_url}"
    here = f"http://{_reached(settings.web.host)}:{settings.web.port}"
    if here != settings.school.public_url.rstrip("/"):
        yield f"本机地址　{here}"
    if settings.inbox is not None:
        yield f"演示收件箱　http://127.0.0.1:{settings.inbox.port}"
    if settings.sandbox is not None:
        yield from demo_sign_ins(settings)


def tables(settings: Settings) -> None:
    """The store's tables as this version needs them: SQLite is migrated of itself, PostgreSQL by a person. It must be
    this school's own: a second one would take what the first one's readers wait for.

    Raises NotReady.
    """
    store = Store(settings.store_url)
    try:
        with store.read() as conn:
            at = migrations.standing(conn)
            if at == migrations.newest():
                _refuse_others(conn, settings.school.code)
                return
        if not store.sqlite:
            raise NotYet(f"存储的表结构为 {at or '空'}，需要 {migrations.newest()}；请先执行 fengxin migrate。")
        migrations.migrate(store)
    except StoreUnavailable as error:
        raise _away(error) from None
    finally:
        store.close()


def _away(error: StoreUnavailable) -> NotReady:
    kind = NotReady if isinstance(error, StoreRefused) else NotYet
    return kind(f"{error}；请检查 store.url 与数据库是否启动。")


def _refuse_others(conn: Connection, school: str) -> None:
    others = conn.execute(select(accounts.c.school).where(accounts.c.school != school).distinct().limit(3)).scalars()
    if names := "、".join(others):
        raise NotReady(
            f"store.url 所指的存储里是学校 {names} 的内容，设置里的学校代号是 {school}。每所学校各用自己的存储"
            "（共用一台 PostgreSQL 时各建一个数据库）、Kafka 前缀与检索前缀；若是改过代号，请改回。没有启动。"
        )


def _reached(host: str) -> str:
    """How this machine itself reaches the desk that listens on `host`."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 (read, not bound)
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def demo_sign_ins(settings: Settings) -> Iterator[str]:
    """A sign-in for every person of the demo who has a role; one password, made once and kept in its own file."""
    path = settings.path("secrets") / DEMO_PASSWORD
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(9) + "\n", encoding="ascii")
    password = path.read_text(encoding="ascii").strip()
    store = Store(settings.store_url)
    with store.read() as conn:
        there = set(conn.execute(select(users.c.name).where(users.c.school == settings.school.code)).scalars())
    store.close()
    yield f"演示登录（口令都是 {password}）："
    roles_of = entering.roles_in(settings, load_pack(settings))
    held = {one.email.partition("@")[0]: (one, roles) for one in settings.roster.people if (roles := roles_of(one.id))}
    if new := {name: one.id for name, (one, _) in held.items() if name not in there}:
        upkeep.enrol_all(settings, new, password)
    for name, (one, roles) in held.items():
        yield f"  {name:<14} {one.name}　{'、'.join(TITLES[role] for role in roles)}"
