"""What a chain stands on: the embedded engines, or a real Kafka, Elasticsearch and PostgreSQL started to be measured.

Unlike those of the live tests they have a gigabyte each, all of Java's compilers and Elasticsearch's own memory limit.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from sqlalchemy import text

from stream.store import Store
from tests.bench.machine import cpu_seconds_of_all, megabytes_of_all
from tests.live import elasticsearch, engines

JVM = ("-Xms1g", "-Xmx1g")
E = TypeVar("E", bound=engines.Engine)


class Kafka(engines.Kafka):
    """As a school would run it, on one machine."""

    jvm = JVM


class Elasticsearch(elasticsearch.Elasticsearch):
    """As a school would run it, on one machine: the live tests' tiny memory for what is being indexed is taken out."""

    jvm = JVM

    def _configure(self) -> None:
        super()._configure()
        written = self.home / "config" / "elasticsearch.yml"
        lines = written.read_text("utf-8").splitlines()
        written.write_text("\n".join(one for one in lines if "indexing_pressure" not in one) + "\n", "utf-8")


@dataclass(frozen=True, slots=True)
class Place:
    """Where one chain keeps its things; `urls` by section of the settings, none where it is embedded."""

    name: str
    urls: Mapping[str, str]


EMBEDDED = Place("embedded", {})


@dataclass(frozen=True, slots=True)
class Footing:
    """The three engines, running."""

    kafka: engines.Kafka
    elasticsearch: elasticsearch.Elasticsearch
    postgres: engines.Postgres

    def fresh(self) -> Place:
        """Topics, an index prefix and a database that nobody has used."""
        name = f"b{uuid4().hex[:10]}"
        log, search = f"{self.kafka.url}/{name}", self.elasticsearch.place(name)
        return Place(name, {"store": self.postgres.database(name), "log": log, "search": search})

    def cpu(self) -> dict[str, float]:
        """CPU seconds of each engine so far."""
        return {name: cpu_seconds_of_all(pid) for name, pid in self._pids().items()}

    def memory(self) -> dict[str, float]:
        """Megabytes that each engine holds now (PSS: what processes share counts once)."""
        return {type(one).__name__: megabytes_of(one) for one in (self.kafka, self.elasticsearch, self.postgres)}

    def disk(self, place: Place) -> dict[str, int]:
        """Bytes that a chain's things take on each engine: records, documents, rows with their indices."""
        store = Store(place.urls["store"])
        with store.read() as conn:
            rows = conn.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
        store.close()
        return {
            "log (Kafka)": sum(map(taken, self.kafka.data.glob(f"{place.name}-*"))),
            "search (Elasticsearch)": indices(self.elasticsearch, place.name), "store (PostgreSQL)": int(rows),
        }  # fmt: skip

    def _pids(self) -> dict[str, int]:
        return {type(one).__name__: one._pid() for one in (self.kafka, self.elasticsearch, self.postgres)}


def taken(folder: Path) -> int:
    """Bytes that the files of a folder take on the disk."""
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file())


def indices(engine: elasticsearch.Elasticsearch, prefix: str) -> int:
    """Bytes of the indices that begin so; 0 where there are none."""
    with engine.client() as client:
        if not client.indices.get(index=f"{prefix}*"):
            return 0
        client.indices.flush(index=f"{prefix}*")
        found = client.indices.stats(index=f"{prefix}*", metric="store")["_all"]["primaries"]["store"]
    return int(found["size_in_bytes"])


def megabytes_of(engine: engines.Engine) -> float:
    """What a running engine holds."""
    return megabytes_of_all(engine._pid())


@contextmanager
def begun(make: type[E]) -> Iterator[E]:
    """One engine, fetched where it is not yet, and gone in the end. Raises EngineMissing, the text says what."""
    folder = Path(tempfile.mkdtemp(prefix="fengxin-bench-engine-"))
    folder.chmod(0o755)  # the engines run as a user of their own
    try:
        engine = make(folder / make.__name__.lower())
        try:
            engine.start()
            yield engine
        finally:
            engine.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def standing() -> Iterator[Footing]:
    """All three. Raises EngineMissing."""
    with begun(Kafka) as kafka, begun(Elasticsearch) as search, begun(engines.Postgres) as postgres:
        yield Footing(kafka, search, postgres)
