"""A school to be moved: a station whose store and log the settings of an installation name, and an empty new house."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from deploy import installation, migrations
from deploy.moving.rows import Count, counted
from deploy.settings import Settings, load
from stream.store import Store
from stream.topic import partitions
from tests.escalation.station import Station, open_station
from tests.stream.said import SCHOOL, START

migrations.tables()  # so that the mould has every room's


def settings_of(folder: Path, code: str = SCHOOL) -> Settings:
    """The settings of an installation in this folder, as `fengxin init` writes them for the demo."""
    given = load(installation.write_demo(folder, 8700, START))
    return given.model_copy(update={"school": given.school.model_copy(update={"code": code})})


def elsewhere(given: Settings, **urls: str) -> Settings:
    """The same on other engines: `store=`, `log=`."""
    places = {name: getattr(given, name).model_copy(update={"url": SecretStr(url)}) for name, url in urls.items()}
    return given.model_copy(update=places)


@dataclass
class Old:
    """The old house: a station at work and the settings that name its store and log."""

    station: Station
    settings: Settings

    def counted(self) -> dict[str, Count]:
        """What its tables hold now."""
        with self.station.office.store.read() as conn:
            return counted(conn)


@contextmanager
def old_house(folder: Path) -> Iterator[Old]:
    """A station with migrated tables, at work in its own folder."""
    with open_station(folder / "old") as station:
        _stamp(station.office.store)
        station.log.ensure(partitions(4))
        given = settings_of(folder / "old-house")
        store, log = folder / "old" / "office.db", folder / "old" / "log.db"
        yield Old(station, elsewhere(given, store=f"sqlite:///{store}", log=f"sqlite:///{log}"))


def _stamp(store: Store) -> None:
    """Say of tables that a mould made that they are those of the newest revision: a test of migrations proves it."""
    from alembic import command

    with store.write() as conn:
        made = migrations.config()
        made.attributes["connection"] = conn
        command.stamp(made, "head")
