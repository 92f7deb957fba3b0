"""A river of comments: what a crawl says, said again and again until the log has it."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import closing, suppress

from stream.log import LogUnavailable, open_log
from stream.post import Post
from stream.topic import POSTS
from tests.kills.house import House

PIECE = 500


class River(threading.Thread):
    """Says comments as a crawl does: each piece again and again until the log has it. No more of them than `may`."""

    def __init__(self, house: House, posts: Sequence[Post]) -> None:
        super().__init__(daemon=True)
        self.house, self.posts, self.said, self.may = house, posts, 0, 0

    def run(self) -> None:
        """Until all are said."""
        with closing(open_log(self.house.settings.log_url)) as log:
            while self.said < len(self.posts):
                if self.said >= self.may:
                    time.sleep(0.05)
                    continue
                piece = self.posts[self.said : self.said + PIECE]
                with suppress(LogUnavailable):
                    log.append(POSTS, [(post.thread_id, post.wire()) for post in piece])
                    self.said += len(piece)
