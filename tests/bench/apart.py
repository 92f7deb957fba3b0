"""`python -m tests.bench.apart [--seconds N]`: whether alarms wait for the index, on the real engines.

The same comments come while Elasticsearch is sound, while it hangs (its process is paused: connections stay open and
nothing is answered) and while it is gone. The embedded chain stands beside them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tests.bench.chain import Chain, Stuck
from tests.bench.footing import Footing, standing
from tests.bench.latency import Latency, chain_latency

PER_SECOND = 60.0
PATIENCE = 180.0
EVERY_SECONDS = 1.0
"""One grave incident a second; four, with seven mails each, are more than notify sends on a core that others want."""
STATES = ("embedded", "sound", "hung", "gone")


@dataclass(frozen=True, slots=True)
class Apart:
    """Delays while the search was in one state; `behind`: records that the index had not taken when all mails were
    out, `caught_up`: seconds until it had, from when Elasticsearch was sound again."""

    state: str
    latency: Latency
    behind: int
    caught_up: float


def alarms_apart(
    seconds: float, footing: Footing, per_second: float = PER_SECOND, states: Sequence[str] = STATES
) -> list[Apart]:
    """One state after the other. Raises Stuck where the index does not come after."""
    return [_in_state(state, seconds, footing, per_second) for state in states]


def _in_state(state: str, seconds: float, footing: Footing, per_second: float) -> Apart:
    if state == STATES[0]:
        return Apart(
            state, chain_latency(per_second, seconds, snow=True, patience=PATIENCE, every_seconds=EVERY_SECONDS), 0, 0.0
        )
    after: list[tuple[int, float]] = []

    @contextmanager
    def hindered(chain: Chain) -> Iterator[None]:
        with _away(footing, state):
            yield
            behind = chain.behind("index")
        began = time.monotonic()
        if not chain.drained(PATIENCE, "index"):
            raise Stuck(f"the index stays behind after Elasticsearch was {state}:\n{chain.said('index')}")
        after.append((behind, time.monotonic() - began))

    place = footing.fresh()
    late = chain_latency(
        per_second, seconds, snow=True, patience=PATIENCE, every_seconds=EVERY_SECONDS, place=place, hindered=hindered
    )
    return Apart(state, late, *after[0])


@contextmanager
def _away(footing: Footing, state: str) -> Iterator[None]:
    engine = footing.elasticsearch
    if state == "hung":
        engine.pause()
    elif state == "gone":
        engine.kill()
    try:
        yield
    finally:
        if state == "hung":
            engine.resume()
        elif state == "gone":
            engine.again()


def said(found: list[Apart]) -> list[str]:
    """What was measured, for a terminal."""
    lines = ["appended -> accepted by SMTP, first mail of an incident; Elasticsearch sound, hung, gone:"]
    for one in found:
        late, first = one.latency, one.latency.first
        shown = " / ".join("never" if first[key] is None else f"{first[key]:,.0f} ms" for key in ("p50", "p99", "max"))
        lines.append(
            f"    {one.state:<9} p50/p99/max {shown}   {late.opened} incidents of {late.planted} planted, {late.mails}"
            f" mails, {late.not_accepted} not accepted; index {one.behind} behind, {one.caught_up:.1f} s to catch up"
        )
    return lines


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.apart", description="Do alarms wait for the index?")
    parser.add_argument("--seconds", type=float, default=30.0)
    given = parser.parse_args(arguments)
    with standing() as footing:
        print("\n".join(said(alarms_apart(given.seconds, footing))))


if __name__ == "__main__":
    main()
