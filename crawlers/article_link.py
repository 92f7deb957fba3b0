"""Pasted article links: the way by which a mass-sent article's comments become visible on the same day."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update

from crawlers import source
from crawlers.wechat.link import read_link
from crawlers.wechat.spiders import follow, waiting
from stream import account
from stream.coverage import sources
from stream.store import Store

MAPPED = "已记下，下一轮采集起可见该文章的评论"
WAITING = "短链接不含文章编号，评论尚不可见；请在微信客户端打开文章，复制完整链接（含 mid 与 idx）后再粘贴"
NOT_ARTICLE = "这不是公众号文章链接（应以 https://mp.weixin.qq.com/s 开头）"
NOT_WECHAT = "该账号不是微信公众号，无须粘贴文章链接"


def take_link(store: Store, school: str, account_id: str, link: str, title: str, now: datetime) -> tuple[bool, str]:
    """Take the link of an article of the account: (whether its comments will be read now, what to tell the person).

    Raises StoreUnavailable.
    """
    link = link.strip()
    if "/s" not in link or not link.startswith(("http://", "https://")) or len(link) > 2000:
        return False, NOT_ARTICLE
    with store.write() as conn:
        about = account.book(conn, school).get(account_id)
        if about is None or about.platform != "wechat":
            return False, NOT_WECHAT
        key = read_link(link)
        if key is None:
            name = f"{account_id}:{link.partition('?')[0].rpartition('/')[2][:60]}"
            source.add(conn, school, account_id, "wechat", [waiting(account_id, name, title or link, link, now)], now)
            return False, WAITING
        entry = follow(account_id, str(key), title, link, now)
        if not source.add(conn, school, account_id, "wechat", [entry], now):
            again = sources.c.id == source.source_id(account_id, entry)
            conn.execute(update(sources).where(sources.c.school == school, again).values(next_due=now, active=True))
        source.close_waiting(conn, school, account_id, [entry], now)
    return True, MAPPED
