"""The desk's way in for leads and imports: escalation may not know the crawlers, so the two meet here."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from crawlers import imports, lead, message
from crawlers.settings import RouteSettings, article_hosts
from escalation.web.desk import Taken
from stream.log import Log, LogError, LogUnavailable
from stream.store import Store


class CrawlersIntake:
    """Leads and files into the log of one school. The log is opened at the first of them: pages need the store only."""

    def __init__(
        self,
        store: Store,
        open_log: Callable[[], Log],
        school: str,
        clock: Callable[[], datetime],
        routes: Iterable[RouteSettings] = (),
    ) -> None:
        """`open_log` gives the log with its topics and may raise LogError; it is asked again at the next lead."""
        self._articles_at = article_hosts(routes)
        self._store, self._open_log, self._school, self._clock = store, open_log, school, clock
        self._opening = threading.Lock()
        self._log: Log | None = None

    def take_lead(self, form: Mapping[str, str]) -> Taken:
        """One lead as typed at the desk. Raises LogUnavailable, StoreUnavailable; nothing is recorded then."""
        taken = lead.take_lead(self._store, self._opened(), self._school, form, self._clock(), self._articles_at)
        return _told(taken)

    def take_message(self, form: Mapping[str, str]) -> Taken:
        """One private message as typed in. Raises LogUnavailable, StoreUnavailable; nothing is recorded then."""
        return _told(message.take_message(self._store, self._opened(), self._school, form, self._clock()))

    def take_file(self, name: str, body: bytes) -> Taken:
        """A CSV or xlsx file, whole or not at all. Raises LogUnavailable, StoreUnavailable."""
        return _told(imports.take_file(self._store, self._opened(), self._school, name, body, self._clock()))

    def _opened(self) -> Log:
        with self._opening:
            if self._log is None:
                try:
                    self._log = self._open_log()
                except LogUnavailable:
                    raise
                except LogError as error:  # a broken file or a wrong setting: the sentence says what to do
                    raise LogUnavailable(str(error)) from error
            return self._log

    def close(self) -> None:
        """Give the log back, where there was one."""
        with self._opening:
            if self._log is not None:
                self._log.close()
                self._log = None

    def template(self) -> bytes:
        """The xlsx to fill in."""
        return imports.template()


def _told(found: lead.Taken | tuple[lead.Problem, ...]) -> Taken:
    """In the desk's own words: rows that were there before are told beside what was taken."""
    if isinstance(found, lead.Taken):
        return Taken(len(found.ids), tuple(_sentence(one) for one in found.repeated), found.past)
    return Taken(0, tuple(_sentence(one) for one in found))


def _sentence(problem: lead.Problem) -> str:
    where = f"第 {problem.row} 行“{problem.column}”" if problem.row else f"“{problem.column}”"
    return f"{where}：{problem.message}"
