"""The plan of everything that will happen: the fortnight before the epoch, the days after it, live comments, the story.

All of it is a pure function of (seed, epoch, live interval): the same arguments give the same happenings, in order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from heapq import merge
from itertools import count
from random import Random

from crawlers.sandbox.clock import SHANGHAI
from crawlers.sandbox.happening import Happening, NewComment, NewThread
from crawlers.sandbox.people import Account
from crawlers.sandbox.phrases import PostText, answer_text, comment_text, content, numbers_lines, posts_of

HISTORY_DAYS = 14
_NIGHT = range(1, 7)
_CROWD = 400
_STORY_CROWD_FROM = 500


@dataclass(frozen=True, slots=True)
class Plan:
    """`epoch` is aware UTC: before it lies the history, after it come `live_interval` (seconds; 0 = none) and story."""

    seed: int
    epoch: datetime
    accounts: tuple[Account, ...]
    live_interval: float = 4.0
    story: bool = True

    def happenings(self) -> Iterator[Happening]:
        """Everything in order of time; without end while live comments or daily posts go on."""
        streams = [self._days(account) for account in self.accounts]
        streams.append(iter(self._numbers()))
        if self.live_interval > 0:
            streams.append(self._live())
        if self.story:
            streams.append(iter(story(self.epoch)))
        return merge(*streams, key=lambda h: h.at)

    def _days(self, account: Account) -> Iterator[Happening]:
        stock = posts_of(account.key)
        Random(f"{self.seed}:stock:{account.key}").shuffle(stock)
        first = self.epoch.astimezone(SHANGHAI).date() - timedelta(days=HISTORY_DAYS)
        waiting: list[Happening] = self._mass_sent(account, stock[-1])
        written = 0
        for day in count():
            rng = Random(f"{self.seed}:{account.key}:{day}")
            midnight = datetime.combine(first + timedelta(days=day), time(), SHANGHAI)
            for _ in range(rng.randint(*account.daily_posts)):
                at = midnight + timedelta(minutes=rng.randint(7 * 60 + 30, 20 * 60 + 30), seconds=rng.randint(0, 59))
                name, size = f"{written:03d}", 2 if account.platform == "wechat" and rng.random() < 0.4 else 1
                for _ in range(size):
                    waiting += self._article(account, f"{written:03d}", stock[written % len(stock)], at, rng, name)
                    written += 1
            waiting.sort(key=lambda h: h.at)
            ready = [h for h in waiting if h.at < midnight + timedelta(days=1)]
            waiting = waiting[len(ready) :]
            yield from ready

    def _mass_sent(self, account: Account, post: PostText) -> list[Happening]:
        """A WeChat article sent to all followers, which batchget never lists; some accounts sent one."""
        if account.mass_sent_hours_ago is None:
            return []
        at, rng = self.epoch - timedelta(hours=account.mass_sent_hours_ago), Random(f"{self.seed}:mass:{account.key}")
        return self._article(account, "mass", post, at, rng, mass=True)

    def _article(
        self,
        account: Account,
        name: str,
        post: PostText,
        at: datetime,
        rng: Random,
        bundle: str = "",
        mass: bool = False,
    ) -> list[Happening]:
        key = f"{account.key}-{name}"
        thread = NewThread(
            at, key, account.key, post.text, post.title, post.topic, f"{account.key}-{bundle or name}", post.pics, mass,
            post.closed, post.retweet_of,
        )  # fmt: skip
        made: list[Happening] = [thread]
        if at >= self.epoch or post.closed:
            return made
        for n in range(min(70, 4 + int(rng.lognormvariate(1.9, 0.8)))):
            when = _wakeful(at, rng)
            if when < self.epoch:
                made += self._spoken(key, n, when, post.topic, account.platform == "weibo" and rng.random() < 0.08, rng)
        return made

    def _spoken(self, thread: str, n: int, at: datetime, topic: str, answered: bool, rng: Random) -> list[Happening]:
        """One comment of the past, with the account's own answer under it where it gave one."""
        draw, key = f"{self.seed}:{thread}:{n}", f"{thread}:{n}" if answered else ""
        said: list[Happening] = [NewComment(at, draw, key, thread, comment_text(rng, topic), _author(rng))]
        later = at + timedelta(minutes=rng.randint(5, 90))
        if answered and later < self.epoch:
            said.append(NewComment(later, f"{draw}:own", f"{key}:own", thread, answer_text(rng, topic), -1, key))
        return said

    def _numbers(self) -> list[Happening]:
        rng = Random(f"{self.seed}:numbers")
        return sorted(
            (
                NewComment(
                    self.epoch - timedelta(hours=rng.uniform(1, 24 * (HISTORY_DAYS - 2))),
                    f"{self.seed}:numbers:{n}", text=line, author=_author(rng),
                )
                for n, line in enumerate(numbers_lines())
            ),
            key=lambda h: h.at,
        )  # fmt: skip

    def _live(self) -> Iterator[Happening]:
        for n in count():
            rng = Random(f"{self.seed}:live:{n}")
            seconds = (n + rng.uniform(0.1, 0.9)) * self.live_interval
            yield NewComment(
                self.epoch + timedelta(seconds=round(seconds, 3)), f"{self.seed}:live:{n}", author=_author(rng)
            )


def _author(rng: Random) -> int:
    return int(rng.triangular(1, _CROWD, 1))


def _wakeful(after: datetime, rng: Random) -> datetime:
    """An instant after a post appeared: most within hours, few between 1 and 7 o'clock."""
    for _ in range(20):
        when = after + timedelta(seconds=30 + round(rng.expovariate(1 / (3.5 * 3600))))
        if when.astimezone(SHANGHAI).hour not in _NIGHT or rng.random() < 0.06:
            return when
    return after + timedelta(minutes=1)


def story(epoch: datetime) -> list[Happening]:
    """The scripted story of `content/story.toml`; its offsets are seconds from the epoch."""
    book = content("story")
    told: list[Happening] = [
        NewThread(
            epoch + timedelta(seconds=row["offset"]), row["key"], row["account"], row["text"], row.get("title", ""),
            row.get("topic", "general"), row["key"], row.get("pics", 0),
        )
        for row in book["post"]
    ]  # fmt: skip
    told += [
        NewComment(
            epoch + timedelta(seconds=row["offset"]), f"story:{n}", row.get("key", ""), row["thread"], row["text"],
            _STORY_CROWD_FROM + row["author"], row.get("answers", ""),
        )
        for n, row in enumerate(book["comment"])
    ]  # fmt: skip
    return sorted(told, key=lambda h: h.at)
