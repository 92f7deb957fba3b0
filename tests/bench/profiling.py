"""Where one role's time goes: cProfile around one worker in this process, with a backlog before it."""

from __future__ import annotations

import cProfile
import io
import pstats
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from deploy import installation, starting
from deploy.settings import Settings, load
from deploy.wiring import ground, opened_log, opened_search, opened_store, places, utc_now
from escalation.watch import Watch
from stream import rules
from stream.assess import Reader
from stream.assessing import Assessing
from stream.indexing import Indexing
from stream.topic import POSTS
from tests.bench.chain import PLACE
from tests.bench.comments import Comments
from tests.bench.weightless import Weightless

ROLES = ("assess", "watch", "index")
LINES = 25


def profile(role: str, comments: int) -> str:
    """The role's dearest functions by their own time, for so many comments; SnowNLP's own time is left out."""
    with tempfile.TemporaryDirectory(prefix="fengxin-bench-") as folder:
        path = installation.write_demo(Path(folder) / "school", 20_000, datetime.now(UTC) - timedelta(days=14))
        settings = load(path)
        list(starting.prepare(settings))
        return _profiled(settings, role, comments)


def _profiled(settings: Settings, role: str, comments: int) -> str:
    with opened_store(settings) as store, opened_log(settings) as log, opened_search(settings) as search:
        made = Comments(1)
        for _ in range(0, comments, 500):
            posts = made.posts(PLACE, datetime.now(UTC), 500)
            log.append(POSTS, [(post.thread_id, post.wire()) for post in posts])
        book = rules.load()
        reader = Reader(book, (settings.school.name, *settings.school.aliases))
        school = settings.school.code
        workers: dict[str, Assessing | Watch | Indexing] = {
            "assess": Assessing(log, store, Weightless(), reader, utc_now),
            "watch": Watch(log, store, school, ground(settings, book), utc_now, places(settings, book)),
            "index": Indexing(log, store, school, search, utc_now),
        }
        said = ""
        for name in ROLES if role != "assess" else ROLES[:1]:
            measured = cProfile.Profile()
            if name == role:
                measured.enable()
            while workers[name].step():
                pass
            measured.disable()
            if name == role:
                out = io.StringIO()
                pstats.Stats(measured, stream=out).sort_stats("tottime").print_stats(LINES)
                said = out.getvalue()
        for worker in workers.values():
            worker.close()
        return said
