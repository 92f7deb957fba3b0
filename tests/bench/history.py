"""`python -m tests.bench.history [--records N] [--seconds S] [--embedded]`: a fresh alarm beside history.

The same comments come to the same chain twice: with nothing besides, and while what a first crawl of an account brought
(comments of a month ago) is being worked off on the slow lane.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from stream.topic import HISTORY
from tests.bench.chain import PLACE, Chain
from tests.bench.comments import Comments
from tests.bench.footing import EMBEDDED, Footing, standing
from tests.bench.latency import Hindered, Latency, chain_latency

PER_SECOND = 60.0
PATIENCE = 180.0
EVERY_SECONDS = 1.0
"""One grave incident a second; four, with seven mails each, are more than notify sends on a core that others want."""
AGE = timedelta(days=30)
CHUNK = 1000
WATCH = "watch.history"


@dataclass(frozen=True, slots=True)
class Beside:
    """Delays of what is fresh, `alone` and `beside` history. `records`: of history; `before` and `after`: how many of
    them the watch had not taken when the first fresh comment came, and when the last mail was out."""

    on: str
    records: int
    alone: Latency
    beside: Latency
    before: int
    after: int


def beside_history(
    records: int, seconds: float, footing: Footing | None = None, per_second: float = PER_SECOND
) -> Beside:
    """Measure: two chains of their own, one after the other."""
    left: list[int] = []

    @contextmanager
    def burdened(chain: Chain) -> Iterator[None]:
        then, made = datetime.now(UTC) - AGE, Comments(17)
        for start in range(0, records, CHUNK):
            chain.append(made.posts(PLACE, then, min(CHUNK, records - start)), HISTORY)
        left.append(chain.behind("assess.history") + chain.behind(WATCH))
        yield
        left.append(chain.behind("assess.history") + chain.behind(WATCH))

    def late(hindered: Hindered | None) -> Latency:
        place = footing.fresh() if footing else EMBEDDED
        return chain_latency(
            per_second,
            seconds,
            snow=True,
            patience=PATIENCE,
            every_seconds=EVERY_SECONDS,
            place=place,
            hindered=hindered,
        )

    alone, beside = late(None), late(burdened)
    return Beside("engines" if footing else "embedded", records, alone, beside, *left)


def said(found: Sequence[Beside]) -> list[str]:
    """What was measured, for a terminal."""
    lines = ["appended -> accepted by SMTP, first mail of an incident, p50/p99/max, alone and beside history:"]
    for one in found:
        for name, latency in (("alone", one.alone), (f"beside {one.records:,}", one.beside)):
            first, taken = latency.first, latency.to_open
            lines.append(
                f"    {one.on:<9} {name:<15} {_three(first)}   taken up {_three(taken)}   {latency.opened} of"
                f" {latency.planted} opened, {latency.mails} mails, {latency.not_accepted} not accepted"
            )
        lines.append(
            f"    of history {one.before:,} waited at the first fresh comment, {one.after:,} after the last mail"
        )
    return lines


def _three(shares: dict[str, float | None]) -> str:
    return " / ".join("never" if (ms := shares[key]) is None else f"{ms:,.0f}" for key in ("p50", "p99", "max")) + " ms"


def main(arguments: list[str] | None = None) -> None:
    """Measure and print: embedded, then the real engines."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.history", description="A fresh alarm beside history.")
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--embedded", action="store_true", help="without the real engines")
    given = parser.parse_args(arguments)
    print("\n".join(said([beside_history(given.records, given.seconds)])), flush=True)
    if not given.embedded:
        with standing() as footing:
            print("\n".join(said([beside_history(given.records, given.seconds, footing)])), flush=True)


if __name__ == "__main__":
    main()
