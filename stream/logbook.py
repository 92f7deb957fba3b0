"""Logbook 运行日志: what a role writes down of a post, an incident or a notice, so that one can be followed through all
roles by its number. Never anybody's words or contact. Its lines are laid out by `deploy.one_line`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

FIELDS = ("post", "posts", "incident", "notice", "account", "channel")
"""What a line may name, in this order; `posts` are several, each by its id."""
MANY = 100
"""Posts that went the same step together and stand in one line; more are several lines."""


def about(
    *, post: str = "", incident: str = "", notice: str = "", account: str = "", channel: str = ""
) -> Mapping[str, str]:
    """What a line is about, as the `extra` of a logging call: our id of the post, numbers of incident and notice."""
    given = {"post": post, "incident": incident, "notice": notice, "account": account, "channel": channel}
    return {name: value for name, value in given.items() if value}


def each(logger: logging.Logger, words: str, posts: Sequence[str], *, incident: str = "", account: str = "") -> None:
    """The id of every one of these posts, MANY in a line: in a flood a line for each would cost more than its step."""
    if not logger.isEnabledFor(logging.INFO):
        return
    told = about(incident=incident, account=account)
    if len(posts) == 1:
        logger.info(words, extra={**told, "post": posts[0]})
        return
    for start in range(0, len(posts), MANY):
        some = tuple(posts[start : start + MANY])
        logger.info("%s %s 条", words, len(some), extra={**told, "posts": some})
