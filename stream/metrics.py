"""Metrics of the stream, for Prometheus. Labels never name a person, a post or a commenter."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from sentiment.polarity import Polarity
from stream.post import Kind
from stream.topic import READERS

ASSESSED = Counter("fengxin_assessed_total", "Posts assessed, by polarity.", ["polarity"])
DEAD_LETTERS = Counter("fengxin_dead_letters_total", "Records that nobody could take, by reader.", ["reader"])
NOT_KEPT = Counter(
    "fengxin_dead_letters_not_kept_total", "Dead letters for which the store had no room, by reader.", ["reader"]
)
RETRIED = Counter("fengxin_dead_letters_retried_total", "Dead letters that their reader took again.", ["reader"])
for _reader in READERS:
    for _counted in (DEAD_LETTERS, NOT_KEPT, RETRIED):
        _counted.labels(reader=_reader)  # from 0 on: Prometheus does not see the first of a series as an increase
WATCHED = Counter("fengxin_watched_total", "Posts that the watch took in, by kind.", ["kind"])
for _polarity in Polarity:
    ASSESSED.labels(polarity=_polarity)
for _kind in Kind:
    WATCHED.labels(kind=_kind)
PARTITIONS = 16
OTHER_PARTITIONS = "16+"
"""So many partitions have a series of their own; those behind them, which few installations have, share one."""
LAG = Gauge(
    "fengxin_lag_records",
    "Records of a partition that a reader has not taken yet.",
    ["reader", "partition"],
    multiprocess_mode="mostrecent",
)
TO_WATCH = Histogram(
    "fengxin_fetched_to_watched_seconds",
    "From fetched to watched.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800),
)
STARTED = Gauge(
    "fengxin_role_started_timestamp_seconds", "When a role's process started.", ["role"], multiprocess_mode="mostrecent"
)
