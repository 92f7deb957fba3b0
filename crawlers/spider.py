"""What every spider of a platform shares: it asks, looks at the class of the answer, and ends exactly once."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from scrapy import Request, Spider
from scrapy.http import Response
from twisted.python.failure import Failure as Trouble

from crawlers import ledger
from crawlers.failure import HEALTHY, WORDS, Failure, Verdict, account_gone
from crawlers.gate import Held
from crawlers.scan import Harvest, Job, ScanResult
from crawlers.shape import Refusals, Shape, fingerprint
from stream.coverage import WHOLE_THREAD

NOT_FOUND = "平台答复找不到该账号或接口，请核对接口地址与账号授权；系统会继续重试"
ODD_ROW = "有 {n} 条的数据结构无法识别（字段 {field}，结构指纹 {print}），未能取得，其余照常；请联系维护人员升级"
NOT_SURE = "平台答复找不到这条内容，但未说已删除；半小时后再看一次，仍找不到才停止查看"
logger = logging.getLogger(__name__)


class QuotaSpent(Exception):
    """The ledger has no call left until `until` (aware); nothing was sent."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"额度已用完，{until.isoformat()} 恢复")
        self.until = until


class PlatformSpider(Spider):
    """Paging and reading only. Subclasses give `first` and `page`; the cursor is committed by the service."""

    name = "platform"
    group = ""
    """The group of calls that its looks are taken from in the ledger."""

    def __init__(self, job: Job, harvest: Harvest, manners: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.job = job
        self.harvest = harvest
        self.manners = manners
        self.left_out = ""

    async def start(self) -> AsyncIterator[Any]:
        """One request; the pages after it follow from what it brings."""
        for request in self.first():
            yield request

    def first(self) -> Iterator[Any]:
        """The first request. Raises NotImplementedError where a spider gives none."""
        raise NotImplementedError

    def page(self, answer: Any) -> Iterator[Any]:
        """Rows, the next request or the end."""
        raise NotImplementedError

    def ask(self, path: str, query: dict[str, Any], group: str, body: bytes | None = None) -> Request:
        """A request of this route. Its token is added on the way, so it stands in no log."""
        sent = {name: value for name, value in query.items() if value not in ("", 0, None)}
        url = f"{self.job.route.base_url}/{path}" + (f"?{urlencode(sent)}" if sent else "")
        return Request(
            url,
            method="POST" if body is not None else "GET",
            body=body or b"",
            headers={"Content-Type": "application/json"} if body is not None else None,
            callback=self.answered,
            errback=self.failed,
            dont_filter=True,
            meta={"group": group, "dont_obey_robotstxt": True, "dont_redirect": True, "handle_httpstatus_all": True},
        )

    def answered(self, response: Response) -> Iterator[Any]:
        """Read a healthy answer; end the scan with the class of any other."""
        verdict: Verdict = response.meta["verdict"]
        if verdict.failure not in HEALTHY:
            yield self.refused(verdict)
            return
        try:
            yield from self.page(verdict.answer)
        except Shape as error:
            yield self.odd(error.path, verdict.answer)

    def refused(self, verdict: Verdict) -> ScanResult:
        """The end of a scan that the platform refused."""
        code = f"（平台代码 {verdict.code}）" if verdict.code else ""
        words = WORDS[verdict.failure]
        if verdict.failure == Failure.GONE and self.job.stream not in WHOLE_THREAD:
            words = NOT_FOUND
        elif verdict.failure == Failure.GONE and not verdict.code:
            words = NOT_SURE
        lost = account_gone(self.job.platform, verdict) if self.job.stream not in WHOLE_THREAD else ""
        if lost:
            return ScanResult(verdict.failure, note=lost, lost=lost)
        until = None
        if verdict.failure == Failure.QUOTA:
            window = ledger.Window.HOUR if verdict.hourly else ledger.Window.DAY
            until = ledger.window_end(self.manners.clock(), window)
        return ScanResult(verdict.failure, note=words + code, final=bool(verdict.code), until=until)

    def leave_out(self, refused: Refusals, answer: Any) -> None:
        """Keep what is to be said of the odd parts of a page, whose other rows are taken in: places, no values."""
        if not refused.places:
            return
        self.harvest.refused += len(refused.places)
        words = ODD_ROW.format(n=len(refused.places), field=refused.places[0], print=fingerprint(answer))
        logger.warning("%s: %s", self.job.source_id, words)
        self.left_out = self.left_out or words

    def odd(self, path: str, answer: Any) -> ScanResult:
        """The end of a scan whose answer had another shape: the field and a fingerprint, no value."""
        return ScanResult(Failure.SHAPE, note=f"{WORDS[Failure.SHAPE]}：字段 {path}，结构指纹 {fingerprint(answer)}")

    def failed(self, trouble: Trouble) -> Iterator[ScanResult]:
        """The end of a scan whose request never came back or was never sent."""
        error = trouble.value
        if isinstance(error, Held):
            yield ScanResult(Failure.THROTTLED, note=WORDS[Failure.THROTTLED], until=error.until)
        elif isinstance(error, QuotaSpent):
            yield ScanResult(Failure.QUOTA, note=WORDS[Failure.QUOTA], until=error.until)
        else:
            logger.warning("no answer for %s: %s", self.job.source_id, type(error).__name__)
            yield ScanResult(Failure.TRANSIENT, note=WORDS[Failure.TRANSIENT])
