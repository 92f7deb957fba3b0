"""Chatter: what students write on ordinary days, by the platform sandbox, as posts; its staged story is left out.

    python -m tests.stream.chatter [DAYS [SECONDS_BETWEEN [SEED]]]

plays it through assess and risk and says what was marked, and what would have opened.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from crawlers.sandbox.clock import Clock
from crawlers.sandbox.world import World
from sentiment.engine import engine_by_name
from stream.assess import Reader, assess
from stream.assessment import Assessment
from stream.evidence import Host, Ledger
from stream.impression import IMPRESSIONS
from stream.post import Kind, Post
from stream.risk import Opening, Risk, decide, risk
from stream.rules import load
from tests.stream.said import a_post

EPOCH = datetime(2026, 11, 2, 0, 0, tzinfo=UTC)
TOGETHER = 256
MAIN = ("wb_main", "wx_main")
NAMES = ("风林职业技术学院", "风林职院", "风林")


@dataclass(frozen=True, slots=True)
class Said:
    """One line with what was found in it."""

    assessment: Assessment
    risk: Risk
    opening: Opening | None

    @property
    def marked(self) -> bool:
        """Whether the model marked it."""
        return any(hit.rule in IMPRESSIONS for hit in self.assessment.hits)


def posts(days: float, between: float, seed: int = 1) -> list[Post]:
    """What is written in so many days from EPOCH on, a live comment every `between` seconds, in order of time."""
    end = EPOCH + timedelta(days=days)
    world = World(Clock(end, rate=0), seed, EPOCH, live_interval=between, story=False)
    world.catch_up()
    found: list[Post] = []
    for thread in world.threads.values():
        root = f"{thread.account.platform}:{thread.key}"
        text = f"{thread.title} {thread.text}".strip()
        found.append(
            a_post(text, root, thread=root, at=thread.at, kind=Kind.POST, by_school=True, account=thread.account.key)
        )
        found += [
            a_post(
                one.text, f"{thread.account.platform}:{one.id}", thread=root, at=one.at, account=thread.account.key,
                author="" if one.author is None else f"u{one.author.number}", by_school=one.author is None, parent=root,
            )
            for one in thread.comments
        ]  # fmt: skip
    return sorted((one for one in found if one.published_at <= end), key=lambda one: (one.published_at, one.id))


def said(given: Sequence[Post]) -> Iterator[Said]:
    """Every comment since EPOCH, judged with what was said before."""
    book = load()
    reader, engine = Reader(book, NAMES), engine_by_name()
    accounts = {one.account_id for one in given}
    places = book.places()
    ledger = Ledger({key: Host(key, key in MAIN) for key in accounts}, places)
    for start in range(0, len(given), TOGETHER):
        for one in assess(given[start : start + TOGETHER], engine, reader, EPOCH):
            evidence = ledger.note(one)
            found = risk(evidence, one.post.published_at)
            if one.post.published_at >= EPOCH and not one.post.by_school:
                yield Said(one, found, decide(evidence, found))


def main() -> None:
    """Say what was marked and what opens."""
    days, between, seed = (
        float(sys.argv[at]) if len(sys.argv) > at else given for at, given in ((1, 7), (2, 120), (3, 1))
    )
    lines = list(said(posts(days, between, int(seed))))
    marked = [one for one in lines if one.marked]
    print(f"{len(lines)} lines, {len(marked)} marked by the model ({len(marked) / len(lines):.1%})")
    texts = Counter(one.assessment.post.text for one in marked)
    for text, many in texts.most_common(25):
        print(f"    {many:4} {text}")
    opened = [one for one in lines if one.opening is not None]
    print(f"{len(opened)} lines would open")
    for one in opened[:12]:
        print(
            f"  {one.risk.points:5.0f} {one.opening.theme} {one.opening.level} {one.assessment.post.text}"
            if one.opening
            else ""
        )
        for reason in one.risk.reasons[:3]:
            print(f"        {reason.share}% {reason.sentence}")
    print("highest points", sorted((round(one.risk.points) for one in lines), reverse=True)[:20])


if __name__ == "__main__":
    main()
