"""Links of articles: the long form names the comments' key at once (`mid`, `idx` from 1), the short form does not."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True)
class ArticleKey:
    """`mid` is msg_data_id; `idx` counts the articles of one sending from 1 (comment calls count from 0)."""

    mid: int
    idx: int

    def __str__(self) -> str:
        return f"{self.mid}_{self.idx}"

    @property
    def index(self) -> int:
        """The index of comment calls, from 0."""
        return self.idx - 1


def read_link(link: str) -> ArticleKey | None:
    """The key in a long article link; None for a short link or anything else."""
    try:
        query = parse_qs(urlsplit(link.strip()).query)
    except ValueError:
        return None
    return _key(query.get("mid", [""])[0], query.get("idx", ["1"])[0])


def read_msgid(msgid: str) -> ArticleKey | None:
    """The key in the statistics' `msgid`, `<msg_data_id>_<index from 1>`."""
    mid, _, idx = msgid.partition("_")
    return _key(mid, idx)


def read_target(target: str) -> ArticleKey:
    """The key as a source keeps it. Raises ValueError."""
    key = read_msgid(target)
    if key is None:
        raise ValueError(f"文章编号 {target!r} 应为 mid_idx")
    return key


def _key(mid: str, idx: str) -> ArticleKey | None:
    sound = mid.isascii() and mid.isdigit() and idx.isascii() and idx.isdigit() and len(mid) <= 19 and len(idx) <= 2
    return ArticleKey(int(mid), int(idx)) if sound and int(mid) > 0 and int(idx) > 0 else None
