"""Two schools on one Kafka, one Elasticsearch and one PostgreSQL: what is planted in one is nowhere in the other.

Each has a database, a prefix of topics and groups, and a prefix of indices of its own, as the settings' comments say.
"""

from __future__ import annotations

import io
import json
import re
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from email import policy
from email.parser import BytesParser
from functools import partial
from pathlib import Path
from urllib.parse import urldefrag
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from stream.log import partition_of
from tests.acceptance.standing import Person, Standing, eventually, fengxin, free_ports
from tests.live.elasticsearch import Elasticsearch
from tests.live.engines import Kafka, Postgres

pytestmark = pytest.mark.live
PLACES = ("紫藤长廊", "石舫码头")
"""Where something happens, in one school each; no other text of the demo has these words."""
READERS = ("zheng.wanzhou", "ye.chuqing")
PAGES_MOST = 150
"""Of one reader, the nearest to the desk first."""
FEWER = 40
LINK = re.compile(r'(?:href|src|hx-get|action)="(/[^"]*)"')
LEAVES = re.compile(r"^/(sign-out|static|events|live)")


@pytest.mark.timeout(900)
def test_nothing_of_one_school_is_on_any_page_notice_search_export_or_report_of_the_other(
    kafka: Kafka, postgres: Postgres, elasticsearch: Elasticsearch, tmp_path: Path
) -> None:
    names = [f"s{uuid4().hex[:10]}" for _ in PLACES]
    with ExitStack() as stack:
        schools = []
        for name in names:
            urls = {
                "store": postgres.database(), "log": f"{kafka.url}/{name}",
                "search": elasticsearch.place(name),
            }  # fmt: skip
            schools.append(stack.enter_context(installed(tmp_path / name, name, urls)))
        for standing, place in zip(schools, PLACES, strict=True):
            standing.lead(f"{place}旁边的书架倒了，砸伤两个同学，头上在流血")
            standing.matter(f"今天在{place}坐了一下午，晚霞很好看")
        for standing, place in zip(schools, PLACES, strict=True):
            eventually("the people of the incident are told, both lines are found", partial(arrived, standing, place))
        for standing, own, foreign in zip(schools, PLACES, reversed(PLACES), strict=True):
            said = dict(everything(standing, tmp_path))
            at = [where for where, text in said.items() if foreign in text and f"?q={foreign}" not in where]
            assert at == [], f"{foreign} is told of by {standing.data.name}"
            mine = [where for where, text in said.items() if own in text]
            kinds = {where.split()[0] for where in mine}
            assert kinds >= {"page", "mail", "search", "export"}, mine
            assert any("/reports/20" in where for where in said), "a week's report was among what was read"
            assert standing.signed_in("zheng.wanzhou").found(foreign) == []


@pytest.mark.timeout(900)
def test_two_schools_on_the_same_topics_are_told_so_and_neither_shows_the_words_of_the_other(
    empty_kafka: Kafka, postgres: Postgres, elasticsearch: Elasticsearch, tmp_path: Path
) -> None:
    names = of_one_partition()
    with ExitStack() as stack:
        schools = {}
        for name in names:
            urls = {"store": postgres.database(), "log": empty_kafka.url, "search": elasticsearch.place(name)}
            schools[name] = stack.enter_context(installed(tmp_path / name, name, urls))
        planted = dict(zip(names, PLACES, strict=True))
        for name, standing in schools.items():
            standing.lead(f"{planted[name]}旁边的书架倒了，砸伤两个同学，头上在流血")
        reads = eventually("one of them has buried the other's", partial(burying, schools))
        (lost,) = set(names) - {reads}
        reader, own, foreign = schools[reads], planted[reads], planted[lost]
        told = fengxin("dead", "list", "--settings", reader.data / "fengxin.toml").stdout
        assert f"属于学校 {lost}" in told
        checked = fengxin("check", "--settings", reader.data / "fengxin.toml")
        assert checked.returncode != 0
        assert f"属于学校 {lost}" in checked.stdout + checked.stderr
        assert "前缀" in checked.stdout + checked.stderr
        for standing, never in ((reader, foreign), (schools[lost], own)):
            assert standing.signed_in("zheng.wanzhou").found(never) == []
            shown = dict(pages(standing.signed_in("zheng.wanzhou"), "zheng.wanzhou", FEWER))
            shown["mail"] = mailed(standing)
            assert [where for where, text in shown.items() if never in text and f"?q={never}" not in where] == []


def of_one_partition() -> tuple[str, str]:
    """Names of two schools whose assessments stand in the same partition, so that one of them reads both."""
    first = f"s{uuid4().hex[:10]}"
    others = (f"s{uuid4().hex[:10]}" for _ in range(100))
    return first, next(one for one in others if partition_of(one, 2) == partition_of(first, 2))


def burying(schools: dict[str, Standing]) -> str:
    """The school that has dead letters, once there are some."""
    for name, standing in schools.items():
        told = fengxin("dead", "list", "--settings", standing.data / "fengxin.toml").stdout
        if any(f"属于学校 {other}" in told for other in schools if other != name):
            return name
    return ""


def arrived(standing: Standing, place: str) -> bool:
    """Whether what was planted has gone its whole way."""
    return len(standing.signed_in("zheng.wanzhou").found(place)) == 2 and place in mailed(standing)


@contextmanager
def installed(data: Path, code: str, urls: dict[str, str]) -> Iterator[Standing]:
    """A demo of a school of its own on these engines, running."""
    port = free_ports()
    assert fengxin("init", data, "--demo", "--port", port).returncode == 0
    file = data / "fengxin.toml"
    text = file.read_text("utf-8").replace('code = "fenglin"', f'code = "{code}"')
    for section, url in urls.items():
        text += f'\n[{section}]\nurl = "{url}"\n' + ("partitions = 2\n" if section == "log" else "")
    file.write_text(text, "utf-8")
    migrated = fengxin("migrate", "--settings", file)
    assert migrated.returncode == 0, migrated.stderr
    yield from Standing(data, port, ("run", "--settings", str(file))).running()


def everything(standing: Standing, folder: Path) -> Iterator[tuple[str, str]]:
    """All that a school gives out, by where it stands."""
    for name in READERS:
        yield from pages(standing.signed_in(name), name)
    yield "mail", mailed(standing)
    spoken = (standing.data / "inbox" / "robot.jsonl").read_text("utf-8").splitlines()
    yield "robot", "\n".join(json.loads(line)["content"] for line in spoken)
    yield "metrics", standing.metrics()
    for file in (standing.data / "logs").glob("*"):
        yield f"log {file.name}", file.read_text("utf-8", "replace")
    settings = standing.data / "fengxin.toml"
    audit, moved = (folder / f"{standing.data.name}.{form}" for form in ("jsonl", "tar.gz"))
    for command in (("audit", "export", "--out", audit), ("backup", moved)):
        done = fengxin(*command, "--settings", settings)
        assert done.returncode == 0, done.stderr
    yield "export audit", audit.read_text("utf-8")
    with tarfile.open(moved) as whole:
        for part in whole.getmembers():
            held = whole.extractfile(part)
            yield f"export {part.name}", held.read().decode("utf-8", "replace") if held is not None else ""
    for told in (("dead", "list"), ("roster", "show"), ("rules", "stats")):
        yield " ".join(told), fengxin(*told, "--settings", settings).stdout


def mailed(standing: Standing) -> str:
    """Every mail that the demo inbox holds, as its reader sees it."""
    found = []
    for file in sorted((standing.data / "inbox").glob("[0-9]*.eml")):
        mail = BytesParser(policy=policy.default).parsebytes(file.read_bytes())
        parts = [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
        found.append("\n".join([str(mail["Subject"]), *parts]))
    return "\n".join(found)


def pages(person: Person, name: str, most: int = PAGES_MOST) -> Iterator[tuple[str, str]]:
    """Every page and file that can be reached by links from the desk, and the searches for either place."""
    waiting = ["/desk", "/search", "/reports", "/incidents", "/audit"]
    waiting += [f"/search?q={place}" for place in PLACES]
    now = datetime.now(ZoneInfo("Asia/Shanghai"))
    weeks = {(now - back).isocalendar()[:2] for back in (timedelta(0), timedelta(minutes=15))}
    waiting += [f"/reports/{year}-W{week:02d}" for year, week in weeks]
    seen, left = set(waiting), most
    while waiting and left:
        path, left = waiting.pop(0), left - 1
        answer = person.client.get(path)
        if answer.status_code != 200:
            continue
        text = readable(answer.content)
        yield f"{'search' if '?q=' in path else 'page'} {name} {path}", text
        if answer.headers.get("content-type", "").startswith("text/html"):
            for link in LINK.findall(text):
                bare = urldefrag(link.replace("&amp;", "&")).url
                if bare not in seen and not LEAVES.match(bare):
                    seen.add(bare)
                    waiting.append(bare)


def readable(content: bytes) -> str:
    """The text of a page, or of every part of a docx, an xlsx or a bundle."""
    if content[:2] != b"PK":
        return content.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(content)) as whole:
        return "\n".join(readable(whole.read(name)) for name in whole.namelist())
