"""Spiders of Weibo: own posts, comments received on all posts, all comments of one post."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crawlers.failure import WORDS, Failure
from crawlers.scan import NewSource, Quoted, ScanResult
from crawlers.spider import PlatformSpider
from crawlers.walk import OVERLAP, Step, Walk
from crawlers.weibo.reader import Page, read_comments, read_timeline

TIMELINE_COUNT, COMMENT_COUNT, SHOW_PAGES = 100, 50, 20
GAP = "时间线只返回最近几条，与上次所见不相接，期间的发帖可能有遗漏"
CAPPED = "平台称共 {total} 条，接口只给出 {got} 条，其余不可见"


class _Walking(PlatformSpider):
    path = ""
    count = COMMENT_COUNT
    need = 1

    def first(self) -> Iterator[Any]:
        self.walk = Walk.of(self.job.cursor, need=self.need)
        yield self.turn()

    def turn(self) -> Any:
        since = 0 if self.need > 1 else self.walk.since(self.job.failures)
        query = {"count": self.count, "since_id": since, "max_id": self.walk.next}
        return self.ask(f"{self.path}{self.job.route.suffix}.json", query, self.path)  # type: ignore[union-attr]

    def step(self, page: Page, answer: Any) -> Iterator[Any]:
        moving = [row for row in page.rows if not row.pinned]
        past = bool(moving) and min(row.post.published_at for row in moving) < self.job.history_from
        if page.unreadable:
            yield self.odd(page.refused.places[0], answer)
            return
        self.leave_out(page.refused, answer)
        match self.walk.take([r.native for r in moving], size=page.size, oldest=page.oldest, more=page.more, past=past):
            case Step.NEXT:
                yield self.turn()
            case Step.DONE:
                gap = "；".join(one for one in ("" if self.walk.joined() else GAP, self.left_out) if one)
                failure = Failure.OK if page.size else Failure.OK_EMPTY
                left = bool(self.left_out)
                yield ScanResult(
                    failure, self.walk.finished(), complete=True, note=self.left_out, gap=gap, gap_open=left
                )
            case Step.PAUSE:
                left = bool(self.left_out)
                yield ScanResult(
                    Failure.OK,
                    self.walk.paused(),
                    note=self.left_out,
                    gap=self.left_out,
                    gap_open=left,
                    unfinished=True,
                )
            case Step.SOFT_EMPTY:
                yield ScanResult(Failure.SOFT_EMPTY, note=WORDS[Failure.SOFT_EMPTY])


class Timeline(_Walking):
    """Own posts with their counts; pinned rows are kept and move nothing."""

    name = "weibo_timeline"
    path, count, need = "statuses/user_timeline", TIMELINE_COUNT, OVERLAP

    def page(self, answer: Any) -> Iterator[Any]:
        page = read_timeline(answer, self.job.scope)
        if page.shown:
            yield page.shown
        for row in page.rows:
            yield row.post
            if row.counts:
                yield row.counts
        yield from self.step(page, answer)


class Received(_Walking):
    """Comments on all posts in one stream; each mentions its post, which the timeline may show no longer."""

    name = "weibo_to_me"
    path = "comments/to_me"

    def page(self, answer: Any) -> Iterator[Any]:
        page = read_comments(answer, self.job.scope)
        for row in page.rows:
            yield row.post
            if row.status:
                yield Quoted(row.status)
        yield from self.step(page, answer)


class OnePost(PlatformSpider):
    """All comments of one post, to its end: for what the stream did not bring and for what is gone."""

    name = "weibo_show"
    group = "comments/show"

    def first(self) -> Iterator[Any]:
        self.got, self.pages, self.promised, self.low = 0, 0, False, 0
        yield self.turn()

    def turn(self) -> Any:
        query = {"id": self.job.target, "count": COMMENT_COUNT, "max_id": self.low - 1 if self.low else 0}
        return self.ask(f"{self.group}{self.job.route.suffix}.json", query, self.group)  # type: ignore[union-attr]

    def page(self, answer: Any) -> Iterator[Any]:
        page = read_comments(answer, self.job.scope)
        yield from (row.post for row in page.rows)
        self.got, self.pages, self.low = self.got + page.size, self.pages + 1, page.oldest or self.low
        self.leave_out(page.refused, answer)
        if page.unreadable:
            yield self.odd(page.refused.places[0], answer)
        elif not page.size and (self.promised or self.job.known):
            yield ScanResult(Failure.SOFT_EMPTY, note=WORDS[Failure.SOFT_EMPTY])
        elif page.more and page.size and self.pages < SHOW_PAGES:
            self.promised = True
            yield self.turn()
        else:
            yield self.end(page.total or 0, bool(page.more))

    def end(self, total: int, unread: bool) -> ScanResult:
        capped = unread or total - self.got > max(10, total // 5)
        note = "；".join(
            one for one in (CAPPED.format(total=total, got=self.got) if capped else "", self.left_out) if one
        )
        thread = "" if capped or self.left_out else f"weibo:{self.job.target}"
        failure = Failure.OK if self.got else Failure.OK_EMPTY
        return ScanResult(failure, {}, complete=True, exhaustive=thread, shown=total or None, note=note,
                          gap=self.left_out, gap_open=bool(self.left_out))  # fmt: skip


STREAMS: dict[str, type[PlatformSpider]] = {"timeline": Timeline, "to_me": Received, "show": OnePost}


def first_sources(timeline_s: int, to_me_s: int) -> tuple[NewSource, ...]:
    """What is polled for every account from the first day."""
    return (NewSource("timeline", "", timeline_s, essential=True), NewSource("to_me", "", to_me_s, essential=True))
