"""`fengxin reindex`: the search made anew from the store, beside the one that answers, while the service runs.

A rebuild that was killed goes on where it stopped. What it has filled it checks by id before it lets it answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import typer

from deploy.settings import Settings
from deploy.wiring import SEARCH_DAMAGED, opened_search, opened_store, utc_now
from escalation import alert
from escalation.watch import READER as WATCH
from stream.indexing import READER as INDEX
from stream.indexing import kept_documents, kept_number, read_again, schools
from stream.position import standing
from stream.search import Document, Renewal, SearchRefused
from stream.store import Store
from stream.topic import HISTORY, reader_of

WATCH_SECONDS = 10.0
"""For so long a rebuild waits for the watch to keep what the index took already; then the index reads it again."""
LANES = {INDEX: WATCH, reader_of(INDEX, HISTORY): reader_of(WATCH, HISTORY)}
"""By each reader for the search, the one that keeps what it has read."""
LOOK_SECONDS = 0.1
Step = Callable[[int], object]


@dataclass(slots=True)
class Rebuilt:
    """What a rebuild did: documents that a killed one had brought in already, that are in the store, that are in the
    index; `mended`: found missing by the check and brought in; `refused`: why each of these can never be found."""

    resumed: int = 0
    stored: int = 0
    indexed: int = 0
    mended: int = 0
    again: bool = False
    refused: dict[str, str] = field(default_factory=dict)

    def sentences(self) -> list[str]:
        """For the person who waits."""
        said = [f"上次没有做完，已有 {self.resumed:,} 条，接着做了其余的。"] if self.resumed else []
        said.append(f"已重建检索，共 {self.indexed:,} 条。重建期间照常检索，新旧一次切换。")
        if self.refused:
            said.append(f"收不进检索的有 {len(self.refused)} 条：")
            said += [f"  {one}：{why}" for one, why in self.refused.items()]
        mended = f"（其中 {self.mended:,} 条是核对时补上的）" if self.mended else ""
        checked = f"核对：存储 {self.stored:,} 条，检索 {self.indexed:,} 条，逐条核对无缺{mended}"
        more = self.indexed - (self.stored - len(self.refused))
        why = "；多出的是刚采到、监看尚未入库的" if more > 0 else "；差额是核对期间按保存期限清除的" if more < 0 else ""
        said.append(f"{checked}{why}。")
        if self.again:
            said.append("监看落后于检索，检索角色会把这一段日志再读一遍，不会缺。")
        return said


def rebuild(settings: Settings, begin: Step = lambda _: None, step: Step = lambda _: None) -> Rebuilt:
    """Fill a new generation from the store, check it, let it answer. Sends nothing, and hushes the alert of a damaged
    search. `begin` is told the documents to come, filled and checked, `step` each of them. Raises SearchUnavailable,
    StoreUnavailable; the next one goes on."""
    done = Rebuilt()
    with opened_store(settings) as store, opened_search(settings) as search:
        renewal = search.renew()
        try:
            there = {school: renewal.reached(school) for school in schools(store)}
            whole = {school: kept_number(store, school) for school in there}
            coming = {school: kept_number(store, school, row) for school, row in there.items()}
            done.resumed = sum(whole.values()) - sum(coming.values())
            begin(sum(whole.values()) + sum(coming.values()))
            for school in there:
                _fill(store, renewal, school, step)
            done.again = not _watched(store)
            for school in schools(store):
                _fill(store, renewal, school, step)
                _check(store, renewal, school, done, step)
            renewal.switch()
        finally:
            renewal.close()
        with store.write() as conn:
            alert.hush(conn, settings.school.code, SEARCH_DAMAGED, utc_now())
    return done


def _fill(store: Store, renewal: Renewal, school: str, step: Step) -> None:
    for row, documents in kept_documents(store, school, renewal.reached(school)):
        _put(renewal, school, documents, row)
        step(len(documents))


def _put(renewal: Renewal, school: str, documents: list[Document], row: int) -> dict[str, str]:
    """With the time of now, as taken in by a rebuild. Gives what can never be taken, and why."""
    now = utc_now()
    try:
        renewal.fill(school, [replace(one, indexed_at=now, rebuilt=True) for one in documents], row)
    except SearchRefused as refused:
        return refused.ids
    return {}


def _check(store: Store, renewal: Renewal, school: str, done: Rebuilt, step: Step) -> None:
    """Look for every document of the store by its id, and bring in what is missing."""
    for _, documents in kept_documents(store, school):
        if missing := renewal.lacking(school, [one.id for one in documents]):
            refused = _put(renewal, school, [one for one in documents if one.id in missing], renewal.reached(school))
            done.refused |= refused
            done.mended += len(missing) - len(refused)
        done.stored += len(documents)
        step(len(documents))
    done.indexed += renewal.count(school)


def _watched(store: Store) -> bool:
    """Wait until the store has what the index took; where the watch does not come so far, the index reads it again."""
    with store.read() as conn:
        taken = {index: standing(conn, index) for index in LANES}
    until = time.monotonic() + WATCH_SECONDS
    while True:
        behind: dict[str, dict[int, int]] = {}
        with store.read() as conn:
            for index, watch in LANES.items():
                kept = standing(conn, watch)
                short = {partition: kept.get(partition, 0) for partition, at in taken[index].items()}
                behind[index] = {partition: at for partition, at in short.items() if at < taken[index][partition]}
        if not any(behind.values()):
            return True
        if time.monotonic() >= until:
            break
        time.sleep(LOOK_SECONDS)
    with store.write() as conn:
        for index, short in behind.items():
            read_again(conn, index, short)
    return False


def reindex(
    settings: Annotated[Path, typer.Option("--settings", help="设置文件。")] = Path("fengxin.toml"),
) -> None:
    """从存储重建检索。服务照常运行，重建期间检索照常可用；中途停下的，再执行一次接着做。"""
    from rich.console import Console
    from rich.progress import Progress

    from deploy.command import fail, read, with_tables
    from stream.search import SearchUnavailable
    from stream.store import StoreUnavailable

    given = with_tables(read(settings))
    try:
        console = Console(stderr=True)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("重建检索", total=None)
            done = rebuild(given, lambda many: bar.update(task, total=many), lambda many: bar.advance(task, many))
    except (SearchUnavailable, StoreUnavailable) as error:
        raise fail(f"{str(error).rstrip('。')}；没有重建完，检索仍用原有内容，请处理后再执行一次，会接着做。") from None
    for sentence in done.sentences():
        typer.echo(sentence)
