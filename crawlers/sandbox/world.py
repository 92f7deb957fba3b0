"""The world: every post and comment on the sandbox's platforms, as they stand at the clock's present."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from random import Random

from crawlers.sandbox.clock import Clock
from crawlers.sandbox.happening import Happening, NewComment, NewThread
from crawlers.sandbox.people import Account, Author
from crawlers.sandbox.phrases import answer_text, comment_text, content
from crawlers.sandbox.plan import Plan
from crawlers.sandbox.quota import Quota
from crawlers.sandbox.thread import Comment, Thread
from crawlers.sandbox.tokens import Tokens

WEIBO_A_DAY, WECHAT_A_DAY = 100, 5_000
_ID_ZERO = datetime.fromisoformat("2020-01-01T00:00:00+00:00")
_ID_BASE = 5_000_000_000_000_000
_MID_BASE = 2_290_000_000
_BY_HAND = 500
_FRESH = timedelta(hours=48)


def accounts() -> tuple[Account, ...]:
    """The accounts of `content/accounts.toml`."""
    return tuple(Account(**{**row, "daily_posts": tuple(row["daily_posts"])}) for row in content("accounts")["account"])


class World:
    """Posts and comments up to the clock's present. Call `catch_up` before reading; all instants are aware UTC."""

    def __init__(
        self,
        clock: Clock,
        seed: int = 1,
        epoch: datetime | None = None,
        live_interval: float = 4.0,
        story: bool = True,
        weibo_quota: int = WEIBO_A_DAY,
    ) -> None:
        self.clock = clock
        self.weibo_quota, self.wechat_quota = Quota(weibo_quota), Quota(WECHAT_A_DAY)
        self.epoch = (epoch or clock.now()).replace(microsecond=0)
        self.accounts = {account.key: account for account in accounts()}
        self.plan = Plan(seed, self.epoch, tuple(self.accounts.values()), live_interval, story)
        self.threads: dict[str, Thread] = {}
        self.comments: dict[int, Comment] = {}
        self.since = clock.now()
        self.tokens = Tokens(f"{seed}_{int(self.since.timestamp())}")
        self.by_hand = count(1)
        self._keys: dict[str, Comment] = {}
        self._ids: set[int] = set()
        self._bundles: dict[str, int] = {}
        self._coming: Iterator[Happening] = self.plan.happenings()
        self._next: Happening | None = next(self._coming, None)

    def catch_up(self) -> datetime:
        """Let everything happen that is due; return the present."""
        now = self.clock.now()
        while self._next is not None and self._next.at <= now:
            self._happen(self._next)
            self._next = next(self._coming, None)
        return now

    def account(self, key: str) -> Account:
        """The account of this key. Raises KeyError with a sentence."""
        if key not in self.accounts:
            raise KeyError(f"no account {key!r}; there are {', '.join(self.accounts)}")
        return self.accounts[key]

    def threads_of(self, account: Account, now: datetime) -> list[Thread]:
        """The account's standing posts, newest first."""
        mine = [t for t in self.threads.values() if t.account is account and t.stands(now)]
        return sorted(mine, key=lambda t: (t.at, t.id), reverse=True)

    def find_thread(self, name: str) -> Thread:
        """A thread by key or by the platform's id. Raises KeyError with a sentence."""
        if name in self.threads:
            return self.threads[name]
        for thread in self.threads.values():
            if str(thread.id) == name:
                return thread
        raise KeyError(f"no thread {name!r}; GET /control/threads lists them")

    def _happen(self, what: Happening) -> None:
        if isinstance(what, NewThread):
            self.add_thread(what)
        else:
            thread = self.threads.get(what.thread) if what.thread else self._fresh_thread(what)
            if thread is not None:
                self.add_comment(thread, what)

    def _fresh_thread(self, what: NewComment) -> Thread | None:
        fresh = [
            t for t in self.threads.values() if not t.by_hand and not t.closed and what.at - _FRESH <= t.at < what.at
        ]
        fresh = fresh or [t for t in self.threads.values() if not t.by_hand and not t.closed]
        fresh.sort(key=lambda t: (t.at, t.key))
        rng = Random(f"{what.draw}:thread")
        return rng.choice(fresh[-8:]) if fresh else None

    def _id(self, at: datetime, by_hand: bool) -> int:
        new = _ID_BASE + int((at - _ID_ZERO).total_seconds() * 1000) * 1000 + (_BY_HAND if by_hand else 0)
        while new in self._ids:
            new += 1
        self._ids.add(new)
        return new

    def _mid(self, bundle: str, at: datetime) -> int:
        if bundle not in self._bundles:
            mid = _MID_BASE + int((at - _ID_ZERO).total_seconds()) % 1_000_000_000 // 60
            while mid in self._bundles.values():
                mid += 1
            self._bundles[bundle] = mid
        return self._bundles[bundle]

    def add_thread(self, what: NewThread, by_hand: bool = False) -> Thread:
        """Publish a post or article. Articles of one bundle share a mid and count their index from 0."""
        account = self.account(what.account)
        weibo = account.platform == "weibo"
        known = what.bundle in self._bundles
        new_id = self._id(what.at, by_hand) if weibo else self._mid(what.bundle, what.at)
        index = sum(t.id == new_id for t in self.threads.values()) if known and not weibo else 0
        thread = Thread(
            what.key, account, new_id, index, what.title, what.text, what.topic, what.at, what.mass, what.closed,
            what.pics, what.retweet_of, by_hand,
        )  # fmt: skip
        self.threads[what.key] = thread
        return thread

    def add_comment(self, thread: Thread, what: NewComment, by_hand: bool = False) -> Comment:
        """Write a comment under a thread; what it leaves open (text, author, replies) is drawn from its `draw`."""
        rng = Random(f"{what.draw}:comment")
        text = what.text or comment_text(rng, thread.topic)
        author = Author(what.author) if what.author >= 0 else None
        answers = self._keys.get(what.answers)
        new_id = self._id(what.at, by_hand)
        comment = Comment(new_id, len(thread.comments) + 1, thread, author, text, what.at, answers)
        if thread.account.platform == "wechat":
            self._dress_wechat(comment, rng)
        elif answers is None and not by_hand and thread.comments and not what.key and rng.random() < 0.12:
            comment.answers = rng.choice(thread.comments[-6:])
        thread.comments.append(comment)
        self.comments[new_id] = comment
        if what.key:
            self._keys[what.key] = comment
        return comment

    def _dress_wechat(self, comment: Comment, rng: Random) -> None:
        comment.selected = rng.random() < 0.55
        comment.nameless = rng.random() < 0.08
        if rng.random() < 0.2:
            later = comment.at + timedelta(minutes=rng.randint(3, 240))
            comment.answer = (answer_text(rng, comment.thread.topic), later)
