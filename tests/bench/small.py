"""Single parts, quickly: normalise, match with the shipped rules, the log, the search. One core, items a second."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sentiment.normalise import normalise
from stream import rules
from stream.assess import Reader
from stream.log import open_log
from stream.search import Document, Query, open_search
from stream.topic import POSTS, partitions
from tests.bench.chain import PLACE
from tests.bench.comments import Comments
from tests.bench.machine import pinned

WORDS = ("食堂", "宿舍停水", "晚霞", "没人理", "奖学金名单")


def parts(comments: int) -> dict[str, float]:
    """What each part does a second; `search find` in questions, all else in comments."""
    posts = Comments(5).posts(PLACE, datetime.now(UTC), comments)
    texts = [normalise(post.text) for post in posts]
    reader = Reader(rules.load(), ("风林职业技术学院",))
    entries = [(post.thread_id, post.wire()) for post in posts]
    found: dict[str, float] = {}

    def timed(name: str, number: int, work: Callable[[], object]) -> None:
        start = time.perf_counter()
        work()
        found[name] = number / (time.perf_counter() - start)

    with pinned(1), tempfile.TemporaryDirectory(prefix="fengxin-bench-") as folder:
        timed("normalise", comments, lambda: [normalise(post.text) for post in posts])
        pairs = list(zip(posts, texts, strict=True))
        timed("match", comments, lambda: [reader.read(post, text) for post, text in pairs])
        log = open_log(f"sqlite:///{Path(folder) / 'log.db'}")
        log.ensure(partitions(1))
        timed("log append, 1 a call", 200, lambda: [log.append(POSTS, [entry]) for entry in entries[:200]])
        pages = [entries[at : at + 200] for at in range(0, comments, 200)]
        timed("log append, 200 a call", comments, lambda: [log.append(POSTS, page) for page in pages])
        member = log.reader(POSTS, "bench", lambda _: {})
        read = comments + min(200, comments)
        timed("log read, 500 a call", read, lambda: _read(lambda: len(member.poll(500, 1.0)), read))
        member.close()
        log.close()
        search = open_search(f"sqlite:///{Path(folder) / 'search.db'}")
        documents = [
            Document(
                post.school, post.id, post.kind, post.platform, post.account_id, post.thread_id, post.text, "neutral",
                0, post.published_at, post.fetched_at,
            )
            for post in posts
        ]  # fmt: skip
        chunks = [documents[at : at + 500] for at in range(0, comments, 500)]
        timed("search index, 500 a call", comments, lambda: [search.index(chunk) for chunk in chunks])
        asked = [Query(PLACE.school, words=word, limit=20) for word in WORDS] * 20
        timed("search find, newest 20", len(asked), lambda: [search.find(query) for query in asked])
        search.close()
    return found


def _read(step: Callable[[], int], wanted: int) -> None:
    taken = 0
    while taken < wanted:
        taken += step()
