"""What goes wrong with a real Elasticsearch: no memory, no space, what it can never take, who may not sign in."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

from deploy import migrations
from deploy.reindexing import rebuild
from deploy.settings import load
from stream.indexing import kept_documents
from stream.kept import keep, keep_assessment
from stream.search import (
    Document,
    Query,
    Search,
    SearchDamaged,
    SearchFull,
    SearchRefused,
    SearchUnavailable,
    open_search,
)
from stream.search.elastic_documents import LATER, MAPPING, key_of, stored
from stream.store import Store
from tests.acceptance.standing import Standing, eventually, fengxin
from tests.acceptance.standing import free_ports as ports_in_a_row
from tests.deploy.killed import KILLED
from tests.live.elasticsearch import Elasticsearch
from tests.live.engines import free_ports
from tests.stream.said import a_post, assessed

pytestmark = pytest.mark.live
NOON = datetime(2026, 11, 3, 4, tzinfo=UTC)


@pytest.fixture
def prefix() -> str:
    return f"f{uuid4().hex[:12]}"


@pytest.fixture
def search(elasticsearch: Elasticsearch, prefix: str) -> Iterator[Search]:
    with closing(open_search(elasticsearch.place(prefix))) as opened:
        yield opened
        opened.clear()


def document(number: int, text: str = "食堂") -> Document:
    at = NOON + timedelta(seconds=number)
    return Document("S", f"weibo:{number}", "comment", "weibo", "canteen", "weibo:t", text, "neutral", 0, at, at)


def rejections(engine: Elasticsearch) -> int:
    """How often the engine has refused writing for want of memory."""
    with closing(engine.client()) as ask:
        (node,) = ask.nodes.stats(metric="indexing_pressure")["nodes"].values()
    return int(node["indexing_pressure"]["memory"]["total"]["coordinating_rejections"])


def test_a_server_short_of_memory_gets_smaller_pieces_and_all_of_them(
    elasticsearch: Elasticsearch, search: Search
) -> None:
    """The engine of the tests has a megabyte for what is under way; this batch has four."""
    before = rejections(elasticsearch)
    search.index([document(number, f"第{number}条：食堂的饭里有虫子，谁管管" * 10) for number in range(2500)])
    assert rejections(elasticsearch) > before
    assert search.count(Query("S", "虫子")) == 2500
    found = [one.id for one in search.find(Query("S", "食堂", limit=2300))]
    assert found == [f"weibo:{number}" for number in range(2499, 199, -1)]


def test_what_a_server_has_no_memory_for_waits_and_says_so(search: Search, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream.search.elastic_bulk.PATIENCE", 0.2)
    with pytest.raises(SearchUnavailable, match=r"检索库.*内存吃紧"):
        search.index([document(1), document(2), document(3, "长" * 700_000)])
    search.index([document(1), document(2)])
    assert search.count(Query("S", "食堂")) == 2


def test_without_space_nothing_is_taken_and_what_is_there_is_found(
    elasticsearch: Elasticsearch, prefix: str, search: Search
) -> None:
    search.index([document(1)])
    with closing(elasticsearch.client()) as ask:
        for setting, words in (
            ("index.blocks.read_only_allow_delete", r"检索库.*磁盘将满.*腾出空间"),
            ("index.blocks.write", r"检索库.*只读.*解除"),
        ):
            ask.indices.put_settings(index=f"{prefix}-posts-*", settings={setting: True})
            with pytest.raises(SearchFull, match=words):
                search.index([document(2)])
            assert search.count(Query("S")) == 1
            search.healthy()
            with closing(open_search(elasticsearch.place(prefix))) as fresh:
                assert fresh.count(Query("S")) == 1
            ask.indices.put_settings(index=f"{prefix}-posts-*", settings={setting: None})
    search.index([document(2)])
    assert search.count(Query("S")) == 2


def test_what_the_mapping_can_never_take_is_named_and_the_others_are_in(search: Search) -> None:
    endless = replace(document(2), account_id="x" * 40_000)
    with pytest.raises(SearchRefused) as refused:
        search.index([document(1), endless, document(3)])
    assert list(refused.value.ids) == ["weibo:2"]
    assert search.count(Query("S")) == 2


def test_a_month_of_an_earlier_version_is_given_the_fields_it_lacks(
    elasticsearch: Elasticsearch, prefix: str, search: Search
) -> None:
    earlier = MAPPING | {
        "properties": {name: kind for name, kind in MAPPING["properties"].items() if name not in LATER}
    }
    old = {name: value for name, value in stored(document(1)).items() if name not in LATER}
    with closing(elasticsearch.client()) as ask:
        ask.indices.create(index=f"{prefix}-posts-2026.11", mappings=earlier, aliases={prefix: {}})
        ask.index(index=f"{prefix}-posts-2026.11", id=key_of("S", "weibo:1"), document=old, refresh=True,
                  version=old["fetched_at"], version_type="external_gte")  # fmt: skip
    search.index([replace(document(2), indexed_at=NOON, rebuilt=True)])
    found = [(one.id, one.indexed_at, one.rebuilt) for one in search.find(Query("S"))]
    assert found == [("weibo:2", NOON, True), ("weibo:1", None, False)]


def test_a_month_without_posts_is_dropped_and_a_month_with_some_is_kept(
    elasticsearch: Elasticsearch, prefix: str, search: Search
) -> None:
    old = replace(document(1), published_at=datetime(2026, 7, 31, 23, 59, tzinfo=UTC))
    search.index([old, document(2), document(3)])
    with closing(elasticsearch.client()) as ask:
        assert sorted(ask.indices.get_alias(name=prefix)) == [f"{prefix}-posts-2026.07", f"{prefix}-posts-2026.11"]
        search.delete("S", ["weibo:1", "weibo:2"])
        assert list(ask.indices.get_alias(name=prefix)) == [f"{prefix}-posts-2026.11"]
        mapping = ask.indices.get_mapping(index=f"{prefix}-posts-2026.11")[f"{prefix}-posts-2026.11"]["mappings"]
    assert mapping["dynamic"] == "strict"
    assert mapping["properties"]["pairs"]["analyzer"] == "whitespace"
    search.index([old])
    assert {one.id for one in search.find(Query("S"))} == {"weibo:1", "weibo:3"}


def test_a_replay_with_another_date_is_one_document_still(search: Search) -> None:
    search.index([document(1)])
    moved = replace(document(1), published_at=NOON - timedelta(days=70), fetched_at=NOON + timedelta(days=1))
    search.index([moved])
    search.index([document(1)])
    assert search.find(Query("S")) == [moved]


def test_an_older_revision_after_a_deletion_counts_from_the_beginning(search: Search) -> None:
    revisions = [replace(document(1), text=f"第{n}稿", fetched_at=NOON + timedelta(microseconds=n)) for n in range(4)]
    search.index([revisions[3]])
    search.delete("S", ["weibo:1"])
    for which, stays in ((0, 0), (2, 2), (1, 2), (3, 3)):
        search.index([revisions[which]])
        assert search.find(Query("S")) == [revisions[stays]]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"password": "wrong"}, r"不接受用户名或密码.*password_file"),
        ({"user": "nobody", "password": "x"}, r"不接受用户名或密码"),
        ({"ca": None}, r"证书不受信任.*ca"),
        ({"security": "PLAINTEXT", "ca": None}, r"security 与端口是否相配"),
    ],
)
def test_a_wrong_address_says_what_is_wrong(
    elasticsearch: Elasticsearch, changed: dict[str, str | None], words: str
) -> None:
    with closing(open_search(elasticsearch.place("fx", **changed))) as search:
        for use in (search.healthy, search.clear, lambda: search.find(Query("S")), lambda: search.index([document(1)])):
            with pytest.raises(SearchUnavailable, match=f"检索库.*127.0.0.1.*{words}") as told:
                use()
            assert elasticsearch.password not in str(told.value)


def test_nobody_listening_and_an_unknown_name_are_told_apart() -> None:
    (port,) = free_ports(1)
    for place, words in ((f"127.0.0.1:{port}", "无服务监听"), ("es.invalid:9200", "无法解析")):
        search = open_search(f"elasticsearch://{place}/fx")
        with pytest.raises(SearchUnavailable, match=words):
            search.healthy()
        search.close()


@pytest.mark.parametrize(
    ("killed", "already"), [("elastic_next.ElasticRenewal.fill:3", 40), ("elastic_months.Months.settle:1", 0)]
)
def test_a_rebuild_that_was_killed_goes_on_and_a_killed_switch_is_made_whole(
    elasticsearch: Elasticsearch, prefix: str, tmp_path: Path, search: Search, killed: str, already: int
) -> None:
    assert fengxin("init", tmp_path, "--demo").returncode == 0
    file = tmp_path / "fengxin.toml"
    file.write_text(f'{file.read_text("utf-8")}\n[search]\nurl = "{elasticsearch.place(prefix)}"\n', "utf-8")
    given = load(file)
    school, many = given.school.code, 50
    with closing(Store(given.store_url)) as store:
        migrations.migrate(store)
        with store.write() as conn:
            for number in range(many):
                one = assessed(a_post(f"第{number}条：食堂", f"weibo:{number}", school=school))
                keep(conn, one.post)
                keep_assessment(conn, one, 0, [], NOON)
        for _, documents in kept_documents(store, school):
            search.index(documents)
    done = subprocess.run([sys.executable, "-c", KILLED, killed, "reindex", "--settings", file], capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert search.count(Query(school, "食堂")) == many
    search.index([replace(document(many), school=school)])
    assert search.count(Query(school, "食堂")) == many + 1
    told = rebuild(given)
    assert (told.resumed, told.stored, told.mended) == (already, many, 0)
    assert search.count(Query(school, "食堂")) == told.indexed == many + (already > 0)
    with closing(elasticsearch.client()) as ask:
        (index,) = ask.indices.get_alias(name=prefix)
        there = set(ask.indices.get(index=f"{prefix}-*", expand_wildcards="all"))
    assert there == {index, f"{prefix}-about"}


def test_a_single_month_that_is_lost_is_said_by_its_name_until_a_rebuild(
    elasticsearch: Elasticsearch, prefix: str, search: Search
) -> None:
    old = replace(document(1), published_at=datetime(2026, 7, 31, 23, 59, tzinfo=UTC))
    search.index([old, document(2)])
    search.healthy()
    lost = f"{prefix}-posts-2026.07"
    with closing(elasticsearch.client()) as ask:
        ask.indices.delete(index=lost)
    for _ in range(2):
        with pytest.raises(SearchDamaged, match=rf"{lost} 不见了.*fengxin reindex"):
            search.healthy()
        search.index([replace(old, id="weibo:3")])  # makes the month anew, without what was in it
        assert {one.id for one in search.find(Query("S"))} == {"weibo:2", "weibo:3"}
    renewal = search.renew()
    renewal.fill("S", [old, document(2), replace(old, id="weibo:3")], 3)
    renewal.switch()
    renewal.close()
    search.healthy()
    assert search.count(Query("S")) == 3
    search.delete("S", ["weibo:1", "weibo:3"])
    search.healthy()


def test_of_two_installations_on_one_server_neither_touches_the_other(elasticsearch: Elasticsearch) -> None:
    """The same school, the same ids, and prefixes of which one begins like the other."""
    name = f"p{uuid4().hex[:12]}"
    with (
        closing(open_search(elasticsearch.place(name))) as one,
        closing(open_search(elasticsearch.place(f"{name}_b"))) as other,
        closing(elasticsearch.client()) as ask,
    ):
        mine, yours = [document(1), document(2)], [document(1, "食堂乙"), document(3, "食堂乙")]
        other.index(yours)

        def untouched() -> None:
            assert [(found.id, found.text) for found in other.find(Query("S"))] == [
                ("weibo:3", "食堂乙"), ("weibo:1", "食堂乙")
            ]  # fmt: skip
            assert other.count(Query("S", "食堂")) == 2
            other.healthy()

        one.index(mine)
        assert one.count(Query("S")) == 2
        assert one.find(Query("S", "乙")) == []
        untouched()
        one.delete("S", ["weibo:1", "weibo:3"])
        untouched()
        renewal = one.renew()
        renewal.fill("S", mine, 2)
        renewal.switch()
        untouched()
        half = other.renew()
        half.fill("S", yours, 7)
        one.clear()
        assert (half.reached("S"), half.count("S")) == (7, 2)
        untouched()
        assert one.find(Query("S")) == []
        for index in ask.indices.get(index=f"{name}-*", expand_wildcards="all"):
            ask.indices.delete(index=index)
        untouched()
        half.close()
        other.clear()


@pytest.mark.timeout(900)
def test_the_desk_finds_what_the_installed_product_indexed_also_after_the_engine_was_killed(
    elasticsearch: Elasticsearch, prefix: str, tmp_path: Path
) -> None:
    data, port = tmp_path / "data", ports_in_a_row()
    assert fengxin("init", data, "--demo", "--port", port).returncode == 0
    settings = data / "fengxin.toml"
    as_it_was = settings.read_text("utf-8")
    for password, words in (("wrong", "不接受用户名或密码"), (elasticsearch.password, "检索：可用。")):
        secret = tmp_path / "es.pass"
        secret.write_text(password)
        url = elasticsearch.place(prefix, password=None, password_file=str(secret))
        settings.write_text(f'{as_it_was}\n[search]\nurl = "{url}"\n', "utf-8")
        checked = fengxin("check", "--settings", settings)
        assert words in " ".join((checked.stdout + checked.stderr).split())
    installed = Standing(data, port, ("run", "--settings", str(settings)))
    with contextmanager(installed.running)() as standing:
        desk = standing.signed_in("zheng.wanzhou")
        found = eventually("what the crawlers brought is found", partial(desk.found, "暖冬套餐"))
        elasticsearch.kill()
        try:
            standing.lead("图书馆四楼的书架倒了，砸伤两个同学，头上在流血")
            eventually("an incident opens without search", lambda: standing.incident("图书馆"))
            eventually("the index role says so", lambda: "index" in standing.health()[1]["failing"])
        finally:
            elasticsearch.again()
        eventually("what came meanwhile is found", partial(desk.found, "书架倒了"))
        assert set(found) <= set(desk.found("暖冬套餐"))
        assert fengxin("reindex", "--settings", settings).returncode == 0
        assert set(found) <= set(desk.found("暖冬套餐"))
