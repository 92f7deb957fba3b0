"""Logbook 运行日志: what a role writes down of a post, an incident or a notice, so that one can be followed through all
roles by its number. Never anybody's words or contact. Its lines are laid out by `deploy.one_line`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

FIELDS = ("post", "incident", "notice", "account", "channel")
"""What a line may name, in this order."""
MANY = 20
"""Of more posts that went the same step together, so many have a line of their own; the others are counted in one."""


def about(
    *, post: str = "", incident: str = "", notice: str = "", account: str = "", channel: str = ""
) -> Mapping[str, str]:
    """What a line is about, as the `extra` of a logging call: our id of the post, numbers of incident and notice."""
    given = {"post": post, "incident": incident, "notice": notice, "account": account, "channel": channel}
    return {name: value for name, value in given.items() if value}


def each(logger: logging.Logger, words: str, posts: Sequence[str], *, incident: str = "", account: str = "") -> None:
    """One line for each of these posts, or for the first MANY and one with the number of the rest."""
    if not logger.isEnabledFor(logging.INFO):
        return
    for post in posts[:MANY]:
        logger.info(words, extra=about(post=post, incident=incident, account=account))
    if len(posts) > MANY:
        logger.info("%s：另有 %s 条", words, len(posts) - MANY, extra=about(incident=incident, account=account))
