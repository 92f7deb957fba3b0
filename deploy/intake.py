"""The desk's way in for leads and imports: escalation may not know the crawlers, so the two meet here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from crawlers import imports, lead
from escalation.web.desk import Taken
from stream.log import Log
from stream.store import Store


@dataclass(frozen=True, slots=True)
class CrawlersIntake:
    """Leads and files into the log of one school."""

    store: Store
    log: Log
    school: str
    clock: Callable[[], datetime]

    def take_lead(self, form: Mapping[str, str]) -> Taken:
        """One lead as typed at the desk. Raises LogUnavailable, StoreUnavailable; nothing is recorded then."""
        return _told(lead.take_lead(self.store, self.log, self.school, form, self.clock()))

    def take_file(self, name: str, body: bytes) -> Taken:
        """A CSV or xlsx file, whole or not at all. Raises LogUnavailable, StoreUnavailable."""
        return _told(imports.take_file(self.store, self.log, self.school, name, body, self.clock()))

    def template(self) -> bytes:
        """The xlsx to fill in."""
        return imports.template()


def _told(found: lead.Taken | tuple[lead.Problem, ...]) -> Taken:
    """In the desk's own words: rows that were there before are told beside what was taken."""
    if isinstance(found, lead.Taken):
        return Taken(len(found.ids), tuple(_sentence(one) for one in found.repeated))
    return Taken(0, tuple(_sentence(one) for one in found))


def _sentence(problem: lead.Problem) -> str:
    where = f"第 {problem.row} 行“{problem.column}”" if problem.row else f"“{problem.column}”"
    return f"{where}：{problem.message}"
