"""Topics: the streams of the log, and who reads which. History goes beside what is fresh and never before it.

The readers of history are groups of their own, so that positions, dead letters, lag and findings know them by name.
"""

from collections.abc import Mapping
from types import MappingProxyType

POSTS = "posts"
"""What the crawls read, keyed by thread."""
ASSESSED = "assessed"
"""What assess workers made of it, keyed by school: one order for whoever watches."""
HISTORY = "history"
"""What the crawls and imports read of days long past (`stream.history`), keyed by thread."""
ASSESSED_HISTORY = "assessed_history"
"""What assess workers made of that, keyed by school."""
ONWARD = MappingProxyType({POSTS: ASSESSED, HISTORY: ASSESSED_HISTORY})
"""Where the assessments of a topic go."""
BEHIND = ".history"
READERS: Mapping[str, str] = MappingProxyType({
    "assess": POSTS, "watch": ASSESSED, "index": ASSESSED,
    f"assess{BEHIND}": HISTORY, f"watch{BEHIND}": ASSESSED_HISTORY, f"index{BEHIND}": ASSESSED_HISTORY,
})  # fmt: skip
"""The topic of each reader; a role reads its fresh topic under its own name and history under that with BEHIND."""


def reader_of(role: str, topic: str) -> str:
    """Under which name a role reads a topic."""
    return role + BEHIND if topic in (HISTORY, ASSESSED_HISTORY) else role


def partitions(threads: int) -> dict[str, int]:
    """How many partitions each topic has where posts have so many."""
    return {POSTS: threads, ASSESSED: 1, HISTORY: threads, ASSESSED_HISTORY: 1}
