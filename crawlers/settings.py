"""Settings of the crawl role: one route per account, and the manners. Checked at start, with the field named."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from stream.post import Route

HISTORY = timedelta(days=14)
ARTICLE_HOST = "mp.weixin.qq.com"
LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _base_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"接口地址须以 http:// 或 https:// 开头，且不带参数：{url}")
    if parts.scheme == "http" and parts.hostname not in LOCAL_HOSTS:
        raise ValueError(f"接口地址须用 https（仅本机沙箱可用 http）：{url}")
    return url.rstrip("/")


class WeiboRoute(_Strict):
    """Weibo's authorised interface with one account's token (a person renews it; there is no refresh token)."""

    platform: Literal["weibo"] = "weibo"
    account_id: str = Field(min_length=1, max_length=100)
    base_url: str = "https://api.weibo.com/2"
    suffix: Literal["", "/biz"] = ""
    access_token: SecretStr
    token_until: AwareDatetime | None = None
    per_day: int = Field(default=100, ge=10, le=1_200_000)
    to_me_minutes: int = Field(default=15, ge=1, le=240)
    timeline_minutes: int = Field(default=90, ge=1, le=720)
    route: Route = Route.API
    _check_url = field_validator("base_url")(_base_url)


class WechatRoute(_Strict):
    """WeChat's official account interface. The server's address must be on the account's white list.

    `article_host`: where the account's articles stand; a link there without a text is no lead but tells of an article.
    """

    platform: Literal["wechat"] = "wechat"
    account_id: str = Field(min_length=1, max_length=100)
    base_url: str = "https://api.weixin.qq.com"
    app_id: str = Field(min_length=1, max_length=64)
    app_secret: SecretStr
    per_day: int = Field(default=5000, ge=100, le=10_000_000)
    comments: bool = True
    articles_minutes: int = Field(default=10, ge=1, le=240)
    comments_minutes: int = Field(default=5, ge=1, le=240)
    article_host: str = Field(default=ARTICLE_HOST, pattern=r"^[a-z0-9.-]{3,200}$")
    route: Route = Route.API
    _check_url = field_validator("base_url")(_base_url)


RouteSettings = WeiboRoute | WechatRoute


class CrawlSettings(_Strict):
    """`pseudonym_key`: at least 32 bytes, kept secret, never changed by accident: with it goes the count of writers."""

    school: str = Field(min_length=1, max_length=32)
    pseudonym_key: bytes = Field(min_length=32, repr=False)
    routes: tuple[Annotated[RouteSettings, Field(discriminator="platform")], ...] = ()
    user_agent: str = Field(default="Fengxin/0.1 (school public opinion desk)", min_length=5, max_length=200)
    spacing_s: float = Field(default=2.0, ge=0, le=60)
    at_once: int = Field(default=4, ge=1, le=32)
    lease_s: int = Field(default=300, ge=5, le=3600)
    crawl_limit_s: int = Field(default=120, ge=1, le=1800)
    look_every_s: float = Field(default=1.0, gt=0, le=60)
    floor_s: int = Field(default=120, ge=1, le=3600)
    night_slower: int = Field(default=4, ge=1, le=12)
    gone_after_minutes: int = Field(default=5, ge=1, le=1440)
    history: timedelta = HISTORY

    @model_validator(mode="after")
    def _manners(self) -> CrawlSettings:
        hosts = {urlsplit(route.base_url).hostname for route in self.routes}
        if self.spacing_s < 1 and hosts - LOCAL_HOSTS:
            raise ValueError("spacing_s：访问真实平台时两次请求至少间隔 1 秒，否则账号可能被平台限制")
        if self.crawl_limit_s >= self.lease_s:
            raise ValueError("lease_s 须大于 crawl_limit_s，否则同一来源可能被两个进程同时采集")
        accounts = [route.account_id for route in self.routes]
        if twice := {name for name in accounts if accounts.count(name) > 1}:
            raise ValueError(f"routes：账号重复：{'、'.join(sorted(twice))}")
        return self

    def of(self, account_id: str) -> RouteSettings | None:
        """The route of an account."""
        return next((route for route in self.routes if route.account_id == account_id), None)


def article_hosts(routes: Iterable[RouteSettings]) -> frozenset[str]:
    """Where articles of official accounts stand."""
    return frozenset({ARTICLE_HOST, *(one.article_host for one in routes if isinstance(one, WechatRoute))})


def token_ends(route: RouteSettings) -> datetime | None:
    """When a token that a person must renew ends; None where it renews itself or nobody said."""
    return route.token_until if isinstance(route, WeiboRoute) else None
