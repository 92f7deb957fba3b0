"""Metrics of notices, for Prometheus: what happened. What is now is read from the store (`escalation/web/measure.py`).

Labels never name a person."""

from __future__ import annotations

from prometheus_client import Counter

ISSUED = Counter("fengxin_notices_total", "Notices written, by kind and level.", ["kind", "level"])
ATTEMPTS = Counter(
    "fengxin_delivery_attempts_total", "Attempts to deliver, by channel and outcome.", ["channel", "outcome"]
)
INCIDENTS = Counter("fengxin_incidents_total", "Incidents opened, by level.", ["level"])
