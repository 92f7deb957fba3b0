"""Routes: which streams a platform has, which spider reads each, and how often a route promises to look."""

from __future__ import annotations

from crawlers import ledger
from crawlers.scan import Job, NewSource
from crawlers.settings import RouteSettings, WeiboRoute
from crawlers.spider import PlatformSpider
from crawlers.token import credential_mark
from crawlers.wechat import spiders as wechat
from crawlers.weibo import spiders as weibo

STREAMS = {"weibo": weibo.STREAMS, "wechat": wechat.STREAMS}


def spider_of(job: Job) -> type[PlatformSpider]:
    """The spider for a job. Raises KeyError for a stream that no route has."""
    return STREAMS[job.platform][job.stream]


def allowances(route: RouteSettings, group: str) -> tuple[ledger.Allowance, ...]:
    """What one call of a group is taken from; the first is what a "used up" of the platform settles."""
    if isinstance(route, WeiboRoute):
        whole = ledger.Allowance("*", route.per_day)
        back_fill = ledger.Allowance(group, max(1, route.per_day * 8 // 100))
        return (whole, back_fill) if group == weibo.OnePost.group else (whole,)
    return (ledger.Allowance(group, route.per_day),)


def first_sources(route: RouteSettings) -> tuple[NewSource, ...]:
    """What is polled on a route from the first day."""
    if isinstance(route, WeiboRoute):
        return weibo.first_sources(route.timeline_minutes * 60, route.to_me_minutes * 60)
    return wechat.first_sources(route.articles_minutes * 60)


def credential(route: RouteSettings) -> str:
    """A mark of the route's credential, which changes when a person changes it."""
    if isinstance(route, WeiboRoute):
        return credential_mark("weibo", route.access_token.get_secret_value())
    return credential_mark("wechat", route.app_id, route.app_secret.get_secret_value())


def held_token(route: RouteSettings) -> str:
    """The token that the settings give; empty where the platform gives it on asking."""
    return route.access_token.get_secret_value() if isinstance(route, WeiboRoute) else ""
