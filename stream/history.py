"""History 历史: what is read for the first time long after it was said; it waits until nothing fresh does.

A first crawl of an account, and now and then a comment that a platform shows late, bring such lines. What can still
need an alarm in time is never among them: see FRESH_FOR.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from stream.evidence import SLOW_DAYS
from stream.post import Kind, Post

FRESH_FOR = timedelta(days=SLOW_DAYS)
"""What was said within this time is fresh. So far back evidence counts (`stream.evidence`): an older line weighs
nothing in what is told of today, and stood there for ten days already. The one age limit of the two lanes."""
_SPOKEN = frozenset({Kind.COMMENT, Kind.REPLY})


def is_history(post: Post) -> bool:
    """Whether a post that was just fetched goes by the slow lane. Pure: it says itself when it was fetched.

    Posts and articles are fresh at any age, as lines of this minute under them are read with their words; so is what
    was seen before: an edit or a disappearance is news. Leads and messages are whatever a person made them.
    """
    first = post.first_seen_at == post.fetched_at
    return first and post.kind in _SPOKEN and is_old(post.published_at, post.fetched_at)


def is_old(published_at: datetime, now: datetime) -> bool:
    """Whether what was published then is beyond FRESH_FOR. Both aware."""
    return now - published_at > FRESH_FOR
