"""From appended to notice accepted: comments arrive on their own clock, whatever the chain does (open loop).

A comment's time starts when it was due, not when the append came round to it, so a chain that stalls the writer is
charged for it (no coordinated omission). What was not accepted in the end counts as infinitely late.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime

from stream.post import Post
from tests.bench.chain import FOLLOWERS, PLACE, Chain, running
from tests.bench.comments import Comments
from tests.bench.desk import desk_open
from tests.bench.footing import EMBEDDED, Place
from tests.bench.machine import percentile, pinned

EVERY_SECONDS = 0.25
"""A grave line is planted so often where nothing else is said."""
ALARM = ("assess", "watch")
Hindered = Callable[[Chain], AbstractContextManager[None]]
_ACCEPTED = """
SELECT i.opening_post_id, i.opened_at, d.accepted_at FROM incidents i
JOIN notices n ON n.incident_id = i.id JOIN deliveries d ON d.notice_id = n.id WHERE d.channel = 'mail'
"""
_JOINED = "SELECT post_id FROM members"


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from due; None where that share was never accepted. `notices`: every mail; `first`: per incident.
    A planted line that joined the incident of another one waits for no mail of its own.

    `to_append`: due → append returned; `to_open`: due → the watch took it up. `backlog`: records not taken when the
    last comment had arrived. `cpu_us`: CPU microseconds per comment, `memory_mb`: resident after the work, both by
    role; notify, and the web with one page open, are among them."""

    per_second: float
    seconds: float
    snow: bool
    assess_workers: int
    comments: int
    planted: int
    opened: int
    mails: int
    not_accepted: int
    backlog: int
    notices: dict[str, float | None]
    first: dict[str, float | None]
    to_append: dict[str, float | None]
    to_open: dict[str, float | None]
    cpu_us: dict[str, float]
    memory_mb: dict[str, float]


def chain_latency(
    per_second: float, seconds: float, *, snow: bool, cores: int = 2, patience: float = 25.0, place: Place = EMBEDDED,
    hindered: Hindered | None = None, every_seconds: float = EVERY_SECONDS,
) -> Latency:  # fmt: skip
    """Comments at random moments, so many a second on average, against a warm chain with one assess worker a core.

    `hindered`: what is in the way of the index, or of the chain, from before the first comment until all alarms are
    out; the index is not waited for then.
    """
    waited = ALARM if hindered else FOLLOWERS
    with (
        pinned(cores), running(assess=cores, snow=snow, mail=True, place=place) as chain, desk_open(chain.settings),
        hindered(chain) if hindered else nullcontext(),
    ):  # fmt: skip
        dues, posts, planted = _arrivals(per_second, seconds, every_seconds)
        before = chain.cpu()
        start = time.time() + 0.2
        appended = _append(chain, start, dues, posts)
        backlog = chain.behind(*waited)
        _settle(chain, patience, waited)
        after = chain.cpu()
        used = {role: 1e6 * (after[role] - before[role]) / len(posts) for role in after}
        due = {post.id: start + at for post, at in zip(posts, dues, strict=True)}
        cost = (used, chain.memory())
        return _judge(chain, per_second, seconds, cores, due, appended, planted, backlog, cost, snow=snow)


def _arrivals(per_second: float, seconds: float, every_seconds: float) -> tuple[list[float], list[Post], set[str]]:
    """Seconds from the start, the posts, and the ids of those planted."""
    dice, made, now = random.Random(3), Comments(2), datetime.now(UTC)
    dues, posts, planted, at, plant_at = list[float](), list[Post](), set[str](), 0.0, every_seconds
    while (at := at + dice.expovariate(per_second)) < seconds:
        if at >= plant_at:
            posts.append(made.grave(PLACE, now))
            planted.add(posts[-1].id)
            plant_at += every_seconds
        else:
            posts += made.posts(PLACE, now, 1)
        dues.append(at)
    return dues, posts, planted


def _append(chain: Chain, start: float, dues: Sequence[float], posts: Sequence[Post]) -> dict[str, float]:
    """Append everything when it is due, what is due together in one call; when each append returned, by post id."""
    returned: dict[str, float] = {}
    at = 0
    while at < len(posts):
        end = at
        while end < len(posts) and start + dues[end] <= time.time():
            end += 1
        if end == at:
            time.sleep(max(0.0, start + dues[at] - time.time()))
            continue
        chain.append(posts[at:end])
        now = time.time()
        returned |= {post.id: now for post in posts[at:end]}
        at = end
    return returned


def _settle(chain: Chain, patience: float, waited: Sequence[str]) -> None:
    """Wait until everything is watched and no mail of what was planted waits, at most `patience` seconds.

    Mails of level Ⅰ, that is: what is milder may be held back for minutes, to go out with others.
    """
    until = time.monotonic() + patience
    while time.monotonic() < until:
        waiting = "SELECT count(*) FROM deliveries WHERE channel = 'mail' AND level = 1 AND accepted_at IS NULL"
        if not chain.behind(*waited) and not chain.rows(waiting)[0][0]:
            return
        chain.alive()
        time.sleep(0.05)


def _judge(
    chain: Chain, per_second: float, seconds: float, cores: int, due: dict[str, float], appended: dict[str, float],
    planted: set[str], backlog: int, cost: tuple[dict[str, float], dict[str, float]], *, snow: bool,
) -> Latency:  # fmt: skip
    mails: dict[str, list[float]] = {}
    opened: dict[str, float] = {}
    for post_id, opened_at, accepted_at in chain.rows(_ACCEPTED):
        if post_id in planted:
            late = _seconds(accepted_at) - due[post_id] if accepted_at else math.inf
            mails.setdefault(post_id, []).append(late)
            opened[post_id] = _seconds(opened_at) - due[post_id]
    joined = {post_id for (post_id,) in chain.rows(_JOINED)} - mails.keys()
    missed = [math.inf] * len(planted - mails.keys() - joined)
    every = [one for several in mails.values() for one in several]
    return Latency(
        per_second, seconds, snow, cores, len(due), len(planted), len(mails), len(every),
        sum(map(math.isinf, every)), backlog, _shares(every + missed), _shares([*map(min, mails.values()), *missed]),
        _shares([appended[one] - due[one] for one in due]), _shares([*opened.values(), *missed]),
        *cost,
    )  # fmt: skip


def _seconds(stored: str | datetime) -> float:
    """Of an instant as the store's driver gives it: SQLite's is a text in UTC."""
    at = datetime.fromisoformat(stored) if isinstance(stored, str) else stored
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _shares(seconds: Sequence[float]) -> dict[str, float | None]:
    found = {name: percentile(seconds, share) for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))}
    return {name: None if value is None else 1000 * value for name, value in found.items()}
