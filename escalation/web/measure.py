"""What Prometheus is told from the store: how many are open, waiting, blind, buried. Figures only, no text."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import Connection, func, select

from escalation import alert
from escalation.incident import incidents
from escalation.incident.state import OPEN
from escalation.notice import DeliveryState, deliveries, notices
from escalation.web.desk import Desk
from stream import pulse
from stream.coverage import Lamp, sights
from stream.dead_letter import dead_letters
from stream.store import StoreUnavailable


@dataclass(frozen=True, slots=True, eq=False)
class FromStore(Collector):
    """Reads the gauges when scraped; `fengxin_store_up` is 0 where it could not."""

    desk: Desk

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every gauge."""
        yield from _disks(self.desk)
        up = GaugeMetricFamily("fengxin_store_up", "Whether the store answers")
        try:
            with self.desk.store.read() as conn:
                found = [*self._gauges(conn)]
        except StoreUnavailable:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield from found

    def _gauges(self, conn: Connection) -> Iterator[GaugeMetricFamily]:
        school, now = self.desk.school, self.desk.clock()
        levels = GaugeMetricFamily("fengxin_open_incidents", "Open incidents by level", labels=["level"])
        rows = conn.execute(
            select(incidents.c.level, func.count().label("n"))
            .where(incidents.c.school == school, incidents.c.state.in_(sorted(OPEN)))
            .group_by(incidents.c.level)
        )
        counted = {row.level: row.n for row in rows}
        for level in (1, 2, 3, 4):
            levels.add_metric([str(level)], counted.get(level, 0))
        yield levels
        lamps = GaugeMetricFamily("fengxin_accounts", "Accounts by lamp", labels=["lamp"])
        sight = [one.lamp for one in sights(conn, school, now)]
        for lamp in Lamp:
            lamps.add_metric([lamp], sight.count(lamp))
        yield lamps
        yield from _outbox(conn, school)
        yield _unsigned(conn, school, now)
        dead = conn.execute(select(func.count()).select_from(dead_letters)).scalar_one()
        yield GaugeMetricFamily("fengxin_dead_letter_records", "Records that nobody could take", value=dead)
        yield _alerts(conn, school)
        yield from _roles(conn, self.desk, now)


def _disks(desk: Desk) -> Iterator[GaugeMetricFamily]:
    free = GaugeMetricFamily("fengxin_disk_free_bytes", "Free bytes of the disk under a part", labels=["part"])
    size = GaugeMetricFamily("fengxin_disk_size_bytes", "Size of the disk under a part", labels=["part"])
    for part, folder in desk.disks.items():
        with suppress(OSError):
            used = shutil.disk_usage(folder)
            free.add_metric([part], used.free)
            size.add_metric([part], used.total)
    yield free
    yield size


def _alerts(conn: Connection, school: str) -> GaugeMetricFamily:
    rings = Counter(alert.kind_of(one.cause) for one in alert.ringing(conn, school))
    alerts = GaugeMetricFamily("fengxin_alerts", "Open operations alerts by kind", labels=["kind"])
    for kind in alert.KINDS:
        alerts.add_metric([kind], rings[kind])
    return alerts


def _roles(conn: Connection, desk: Desk, now: datetime) -> Iterator[GaugeMetricFamily]:
    found = pulse.freshest(conn, now)
    up = GaugeMetricFamily("fengxin_role_up", "Whether an expected role gives a pulse", labels=["role"])
    able = GaugeMetricFamily("fengxin_role_able", "Whether an expected role can do its work", labels=["role"])
    for role in desk.roles:
        beat = found.get(role)
        alive = beat is not None and beat.alive(now)
        up.add_metric([role], alive)
        able.add_metric([role], alive and beat is not None and not beat.trouble)
    yield up
    yield able
    ages = GaugeMetricFamily("fengxin_pulse_age_seconds", "Age of the freshest pulse of a role", labels=["role"])
    for role, one in found.items():
        ages.add_metric([role], (now - one.at).total_seconds())
    yield ages


def _outbox(conn: Connection, school: str) -> Iterator[GaugeMetricFamily]:
    counted = select(deliveries.c.state, func.count().label("n")).where(deliveries.c.school == school)
    states = {row.state: row.n for row in conn.execute(counted.group_by(deliveries.c.state))}
    by_state = GaugeMetricFamily("fengxin_deliveries", "Deliveries in the outbox by state", labels=["state"])
    for state in DeliveryState:
        by_state.add_metric([state], states.get(state, 0))
    yield by_state
    waiting = sum(states.get(state, 0) for state in (DeliveryState.WAITING, DeliveryState.SENDING))
    yield GaugeMetricFamily("fengxin_deliveries_waiting", "Deliveries that no channel has taken yet", value=waiting)


def _unsigned(conn: Connection, school: str, now: datetime) -> GaugeMetricFamily:
    late = conn.execute(
        select(func.count())
        .select_from(notices.join(incidents, incidents.c.id == notices.c.incident_id))
        .where(
            notices.c.school == school, incidents.c.state.in_(sorted(OPEN)), notices.c.needs_signature,
            notices.c.sign_by <= now, notices.c.signed_at.is_(None), notices.c.superseded_by.is_(None),
        )
    ).scalar_one()  # fmt: skip
    said = "Notices of open incidents that are past their deadline and not signed"
    return GaugeMetricFamily("fengxin_notices_unsigned", said, value=late)


@dataclass(frozen=True, slots=True, eq=False)
class ThisProcess(Collector):
    """The counters of this process, where the processes share no folder."""

    def collect(self) -> Iterator[object]:  # type: ignore[override]
        """All of them."""
        yield from REGISTRY.collect()


def registry_of(desk: Desk) -> CollectorRegistry:
    """A registry for one scrape."""
    registry = CollectorRegistry()
    registry.register(FromStore(desk))
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(ThisProcess())
    return registry
