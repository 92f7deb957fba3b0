"""Metrics of notices, for Prometheus. Labels never name a person."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

ISSUED = Counter("fengxin_notices_total", "Notices written, by kind and level.", ["kind", "level"])
ATTEMPTS = Counter(
    "fengxin_delivery_attempts_total", "Attempts to deliver, by channel and outcome.", ["channel", "outcome"]
)
INCIDENTS = Counter("fengxin_incidents_total", "Incidents opened, by level.", ["level"])
WAITING = Gauge("fengxin_deliveries_waiting", "Deliveries that wait in the outbox.")
UNSIGNED = Gauge("fengxin_notices_unsigned", "Notices past their deadline without a signature.")
