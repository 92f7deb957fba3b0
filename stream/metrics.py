"""Metrics of the stream, for Prometheus. Labels never name a person, a post or a commenter."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

ASSESSED = Counter("fengxin_assessed_total", "Posts assessed, by polarity.", ["polarity"])
DEAD_LETTERS = Counter("fengxin_dead_letters_total", "Records that nobody could take, by reader.", ["reader"])
WATCHED = Counter("fengxin_watched_total", "Posts that the watch took in, by kind.", ["kind"])
LAG = Gauge(
    "fengxin_lag_records", "Records that a reader has not taken yet.", ["reader"], multiprocess_mode="mostrecent"
)
TO_WATCH = Histogram(
    "fengxin_fetched_to_watched_seconds",
    "From fetched to watched.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800),
)
