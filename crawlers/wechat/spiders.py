"""Spiders of WeChat official accounts."""

from __future__ import annotations

from crawlers.scan import NewSource
from crawlers.spider import PlatformSpider

STREAMS: dict[str, type[PlatformSpider]] = {}


def first_sources(articles_s: int) -> tuple[NewSource, ...]:
    """What is polled for every account from the first day."""
    return ()
