"""Spiders of WeChat official accounts: articles, comments of one article, and the day's figures that map the rest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from crawlers.failure import WORDS, Failure, Verdict
from crawlers.pseudonym import SHANGHAI
from crawlers.scan import NewSource, ScanResult
from crawlers.spider import PlatformSpider
from crawlers.wechat.link import read_target
from crawlers.wechat.reader import Article, article_post, native, read_articles, read_comments, read_figures

ARTICLES, COMMENTS, OVERLAP, PASSES, PAGES = 20, 49, 1, 3, 60
LIGHT_PASSES = 12
FIGURES_EVERY_S = 6 * 3600
COMMENTS_FIRST_S = 300
INVISIBLE = "文章《{title}》的评论尚不可见，请复制该文章完整链接（含 mid 与 idx），在“线索”页选该公众号粘贴（原文留空）"
WRONG_KEY = "评论定位不到文章（平台代码 88001），评论尚不可见，请到“线索”页重新粘贴该文章的完整链接（原文留空）"
SHORT_PASS = "平台称共 {total} 篇，只取得 {got} 篇，稍后再查"  # noqa: S105
CAPPED = "平台称共 {total} 条评论，只取得 {got} 条"


def follow(account_id: str, target: str, title: str, link: str, at: datetime) -> NewSource:
    """The comments of an article whose key is known."""
    cursor = {"thread": f"wechat:{account_id}:{target}", "title": title, "url": link, "published": at.isoformat()}
    return NewSource("comments", target, COMMENTS_FIRST_S, essential=True, cursor=cursor)


def waiting(account_id: str, name: str, title: str, link: str, at: datetime) -> NewSource:
    """An article whose key is not known yet: a to-do for the account's keeper, shown as an open gap."""
    cursor = {"thread": f"wechat:{name}", "title": title, "url": link, "published": at.isoformat()}
    target = name.removeprefix(f"{account_id}:")
    return NewSource(
        "unmapped", target, FIGURES_EVERY_S, cursor=cursor, dormant=True, gap=INVISIBLE.format(title=title)
    )


class _Posting(PlatformSpider):
    def send(self, path: str, body: dict[str, Any]) -> Any:
        return self.ask(path, {}, path, json.dumps(body).encode())


class Articles(_Posting):
    """Published articles. The order is not promised: a changed total or every twelfth look means a whole pass."""

    name = "wechat_articles"
    group = "cgi-bin/freepublish/batchget"

    def first(self) -> Iterator[Any]:
        self.total, self.light = int(self.job.cursor.get("total", 0)), int(self.job.cursor.get("light", 0))
        self.passes, self.pages, self.got, self.found = 0, 0, set[str](), dict[str, Article]()
        self.nameless = 0
        yield self.turn(0)

    def turn(self, offset: int) -> Any:
        self.offset = offset
        return self.send(self.group, {"offset": offset, "count": ARTICLES, "no_content": 0})

    def page(self, answer: Any) -> Iterator[Any]:
        page = read_articles(answer, self.job.scope)
        self.pages += 1
        self.got.update(page.ids)
        self.nameless += page.size - len(page.ids)
        self.leave_out(page.refused, answer)
        self.found |= {one.post.id: one for one in page.articles}
        for one in page.articles:
            if not one.deleted or one.post.id in self.job.known:
                yield one.post
        if page.unreadable:
            yield self.odd(page.refused.places[0], answer)
            return
        if not page.size and (page.total or self.total or self.offset):
            yield ScanResult(Failure.SOFT_EMPTY, note=WORDS[Failure.SOFT_EMPTY])
            return
        unchanged = page.total == self.total and self.light < LIGHT_PASSES and self.offset == 0
        if unchanged and all(one.post.id in self.job.known for one in page.articles):
            yield self.end(page.total, self.light + 1)
        elif self.offset + page.size < page.total and page.size and self.pages < PAGES:
            yield self.turn(self.offset + page.size)
        elif len(self.got) + self.nameless < page.total and self.passes < PASSES and self.pages < PAGES:
            self.passes, self.nameless = self.passes + 1, 0
            yield self.turn(0)
        else:
            yield self.end(page.total, 0)

    def end(self, total: int, light: int) -> ScanResult:
        short = not light and len(self.got) + self.nameless < total
        odd = self.left_out or (str(self.job.cursor.get("odd", "")) if light else "")
        note = "；".join(
            one for one in (SHORT_PASS.format(total=total, got=len(self.got)) if short else "", odd) if one
        )
        cursor = {"total": 0 if short else total, "light": light, "odd": odd}
        failure = Failure.OK if self.found or total else Failure.OK_EMPTY
        found = tuple(self.source(one) for one in self.found.values() if one.commented and not one.deleted)
        return ScanResult(failure, cursor, complete=not short, note=note, gap=odd, gap_open=bool(odd), follow=found)

    def source(self, one: Article) -> NewSource:
        account, post = self.job.account_id, one.post
        if one.key is not None:
            return follow(account, str(one.key), one.title, post.url, post.published_at)
        return waiting(account, post.id.removeprefix("wechat:"), one.title, post.url, post.published_at)


class Comments(_Posting):
    """All comments of one article; pages overlap by one row; the pass is repeated where the total fell."""

    name = "wechat_comments"
    group = "cgi-bin/comment/list"

    def first(self) -> Iterator[Any]:
        self.passes, self.pages, self.seen, self.nameless = 0, 0, set[int](), 0
        yield self.turn(0, None, None)

    def turn(self, begin: int, last: int | None, total: int | None) -> Any:
        self.begin, self.last, self.before = begin, last, total
        self.nameless = self.nameless if begin else 0
        key = read_target(self.job.target)
        body = {"msg_data_id": key.mid, "index": key.index, "begin": begin, "count": COMMENTS, "type": 0}
        return self.send(self.group, body)

    def page(self, answer: Any) -> Iterator[Any]:
        thread = str(self.job.cursor["thread"]).removeprefix("wechat:")
        page = read_comments(answer, self.job.scope, thread, str(self.job.cursor.get("url", "")))
        yield from page.posts
        self.pages += 1
        self.seen.update(page.ids)
        self.nameless += page.size - len(page.ids)
        self.leave_out(page.refused, answer)
        shifted = self.last is not None and self.last not in page.ids
        fell = self.before is not None and page.total < self.before
        if page.unreadable:
            yield self.odd(page.refused.places[0], answer)
        elif not page.size and (self.begin or self.job.known or page.total):
            yield ScanResult(Failure.SOFT_EMPTY, note=WORDS[Failure.SOFT_EMPTY])
        elif (shifted or fell) and self.passes < PASSES:
            self.passes += 1
            yield self.turn(0, None, None)
        elif page.size == COMMENTS and self.begin + COMMENTS < page.total and self.pages < PAGES:
            yield self.turn(self.begin + COMMENTS - OVERLAP, page.last, page.total)
        else:
            yield self.end(page.total)

    def end(self, total: int) -> ScanResult:
        capped = len(self.seen) + self.nameless < total
        said = (CAPPED.format(total=total, got=len(self.seen)) if capped else "", self.left_out)
        note = "；".join(one for one in said if one)
        failure = Failure.OK if self.seen else Failure.OK_EMPTY
        thread = "" if capped or self.left_out else str(self.job.cursor["thread"])
        return ScanResult(failure, {}, complete=True, exhaustive=thread, shown=total, note=note,
                          gap=self.left_out, gap_open=bool(self.left_out))  # fmt: skip

    def refused(self, verdict: Verdict) -> ScanResult:
        ended = super().refused(verdict)
        return ScanResult(ended.failure, note=WRONG_KEY) if verdict.failure == Failure.BAD_TARGET else ended


class Figures(_Posting):
    """Yesterday's statistics, day by day: they hold the key of every article, the mass-sent ones among them."""

    name = "wechat_figures"

    def first(self) -> Iterator[Any]:
        start, self.oldest = self.job.cursor.get("next"), self.job.history_from.astimezone(SHANGHAI).date()
        self.day = date.fromisoformat(start) if start else self.oldest
        self.odd_day: date | None = None
        self.found: list[NewSource] = []
        yield from self.turn()

    def turn(self) -> Iterator[Any]:
        if self.day >= self.job.scope.now.astimezone(SHANGHAI).date():
            yield self.end()
        else:
            body = {"begin_date": self.day.isoformat(), "end_date": self.day.isoformat()}
            yield self.send("datacube/getarticletotaldetail", body)

    def page(self, answer: Any) -> Iterator[Any]:
        page = read_figures(answer)
        if page is None:
            yield self.end()
            return
        if page.unreadable:
            yield self.odd(page.refused.places[0], answer)
            return
        self.leave_out(page.refused, answer)
        if page.refused.places:
            self.odd_day = self.odd_day or self.day
        at = datetime.combine(self.day, time(12), SHANGHAI)
        for one in page.figures:
            name = native(self.job.scope, one.key)
            self.found.append(follow(self.job.account_id, str(one.key), one.title, "", at))
            if f"wechat:{name}" not in self.job.known:
                yield article_post(self.job.scope, name, one.title, "", min(at, self.job.scope.now), "")
        self.day += timedelta(days=1)
        yield from self.turn()

    def end(self) -> ScanResult:
        """The next look begins at the first day with an odd line, while that is within the history."""
        odd = self.odd_day is not None and self.odd_day >= self.oldest
        begin = self.odd_day if self.odd_day is not None and odd else self.day
        return ScanResult(Failure.OK, {"next": begin.isoformat()}, complete=True, follow=tuple(self.found),
                          note=self.left_out, gap=self.left_out, gap_open=bool(self.left_out))  # fmt: skip


STREAMS: dict[str, type[PlatformSpider]] = {"articles": Articles, "comments": Comments, "figures": Figures}


def first_sources(articles_s: int) -> tuple[NewSource, ...]:
    """What is polled for every account from the first day."""
    return (NewSource("articles", "", articles_s, essential=True), NewSource("figures", "", FIGURES_EVERY_S))
