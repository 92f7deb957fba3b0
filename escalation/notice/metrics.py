"""Metrics of notices, for Prometheus: what happened. What is now is read from the store (`escalation/web/measure.py`).

Labels never name a person."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import Counter, Histogram

from escalation.notice import DeliveryState, NoticeKind

ISSUED = Counter("fengxin_notices_total", "Notices written, by kind and level.", ["kind", "level"])
ATTEMPTS = Counter(
    "fengxin_delivery_attempts_total", "Attempts to deliver, by channel and outcome.", ["channel", "outcome"]
)
DELIVERED = Histogram(
    "fengxin_delivery_seconds",
    "From when a notice was to leave to when a channel had taken it, by level.",
    ["level"],
    buckets=(0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600, 21600, 86400),
)
INCIDENTS = Counter("fengxin_incidents_total", "Incidents opened, by level.", ["level"])
OUTCOMES = (DeliveryState.ACCEPTED, DeliveryState.WAITING, DeliveryState.DEAD)
"""What an attempt may come to."""
for _level in (1, 2, 3, 4):
    INCIDENTS.labels(level=_level)  # from 0 on: Prometheus does not see the first of a series as an increase
    for _kind in NoticeKind:
        ISSUED.labels(kind=_kind, level=_level)


def begin(channels: Iterable[str]) -> None:
    """Count from 0 on what these channels do."""
    for channel in channels:
        for outcome in OUTCOMES:
            ATTEMPTS.labels(channel=channel, outcome=outcome)
