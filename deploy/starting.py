"""Before the roles start: the store's tables, the roster, and, in the demo, the sign-ins."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from deploy import entering, migrations
from deploy.settings import Settings
from stream.store import Store, StoreUnavailable


class NotReady(Exception):
    """The store cannot be used yet; the message says what to do."""


def prepare(settings: Settings) -> Iterator[str]:
    """Make ready, telling each thing that was done. SQLite is migrated of itself, PostgreSQL by a person.

    Raises NotReady.
    """
    for stale in (settings.data_folder / "metrics").glob("*.db"):
        stale.unlink()
    store = Store(settings.store_url)
    try:
        if store.sqlite:
            migrations.migrate(store)
        with store.read() as conn:
            at = migrations.standing(conn)
        if at != migrations.newest():
            raise NotReady(f"存储的表结构为 {at or '空'}，需要 {migrations.newest()}；请先执行 fengxin migrate。")
        with store.write() as conn:
            entering.enter(conn, settings, datetime.now(UTC))
    except StoreUnavailable as error:
        raise NotReady(f"{error}；请检查 store.url 与数据库是否启动。") from None
    finally:
        store.close()
    yield f"值班台：{settings.school.public_url or f'http://{settings.web.host}:{settings.web.port}'}"
