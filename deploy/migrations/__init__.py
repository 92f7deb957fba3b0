"""Migrations 迁移: the store's tables as Alembic revisions, and one list of the modules that declare them.

`make revision` writes the first revision anew from the tables; after 0.1.0 is released each change adds a revision.
"""

from __future__ import annotations

import importlib
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text

from stream.store import Store
from stream.store.types import metadata

HERE = Path(__file__).resolve().parent
LOCK = 730_000
"""Key of PostgreSQL's advisory lock under which machines that start together take turns."""

MODULES = (
    "crawlers.lead",
    "crawlers.ledger",
    "crawlers.sighting",
    "crawlers.token",
    "escalation.alert",
    "escalation.alteration",
    "escalation.archive",
    "escalation.audit",
    "escalation.breach",
    "escalation.channels.window",
    "escalation.bulletin",
    "escalation.consultation",
    "escalation.duty.absence",
    "escalation.duty.calendar",
    "escalation.duty.contact",
    "escalation.duty.handover",
    "escalation.duty.rota",
    "escalation.finding",
    "escalation.incident",
    "escalation.keeper",
    "escalation.measure",
    "escalation.task",
    "escalation.notice",
    "escalation.notice.docket",
    "escalation.people",
    "escalation.permit",
    "escalation.recap",
    "escalation.silence",
    "escalation.submission",
    "escalation.tie",
    "escalation.submission.use",
    "escalation.timer",
    "escalation.trial",
    "escalation.user",
    "escalation.verdict",
    "escalation.voice.approval",
    "escalation.voice.fact",
    "escalation.voice.hold",
    "escalation.voice.reading",
    "escalation.voice.relay",
    "escalation.voice.release",
    "escalation.voice.statement",
    "stream.appearance",
    "stream.account",
    "stream.coverage",
    "stream.dead_letter",
    "stream.kept",
    "stream.line",
    "stream.position",
    "stream.pulse",
)
"""Every module that declares tables. The only such list; a test finds a module that is missing here."""


def tables() -> MetaData:
    """The metadata with every room's tables."""
    for module in MODULES:
        importlib.import_module(module)
    return metadata


def config(versions: Path | None = None) -> Config:
    """Alembic's configuration; there is no ini file."""
    made = Config()
    made.set_main_option("script_location", str(HERE))
    made.set_main_option("version_locations", str(versions or HERE / "versions"))
    made.set_main_option("path_separator", "newline")
    return made


def migrate(store: Store) -> None:
    """Bring the store to the newest revision, in one transaction. Raises StoreUnavailable."""
    with store.write() as conn:
        if conn.dialect.name == "postgresql":
            conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        made = config()
        made.attributes["connection"] = conn
        command.upgrade(made, "head")


def standing(conn: Connection) -> str | None:
    """The revision the store is at; None where it was never migrated."""
    return MigrationContext.configure(conn).get_current_revision()


def newest() -> str | None:
    """The newest revision there is."""
    return ScriptDirectory.from_config(config()).get_current_head()
