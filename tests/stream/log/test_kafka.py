from __future__ import annotations

import gc
import math
import os
import threading
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType, NewTopic
from kafka.errors import KafkaTimeoutError, TopicAlreadyExistsError
from kafka.record import MemoryRecords
from kafka.structs import TopicPartition

from stream.log import Log, LogError, LogRefused, LogUnavailable, RecordTooLarge, open_log, partition_of
from stream.log.kafka import KafkaLog
from stream.log.kafka_settings import read_address
from tests.live.engines import Kafka, free_ports
from tests.stream.log.contract import LogContract, Site, drain, nothing, numbered, reading, until, values
from tests.stream.log.ledger import Ledger


class KafkaSite(Site):
    session = 10.0

    def __init__(self, engine: Kafka) -> None:
        self.engine = engine
        self.url = engine.url
        self.mends: list[tuple[Path, bytes]] = []
        self.server = engine.url.removeprefix("kafka://")

    def expire(self, topic: str, partition: int, before: int) -> None:
        with KafkaAdminClient(bootstrap_servers=self.server) as admin:
            admin.delete_records({TopicPartition(topic, partition): before})

    def damage(self, topic: str, partition: int, value: bytes) -> None:
        """Flip a bit at the end of the batch; a second call with the same topic and partition would not find the
        value."""
        (segment,) = (self.engine.data / f"{topic}-{partition}").glob("*.log")
        stored, start = segment.read_bytes(), 0
        batches = MemoryRecords(stored)
        while (batch := batches.next_batch()) is not None:
            size = batch.size_in_bytes
            if value in [record.value for record in batch]:
                self.mends.append((segment, stored))
                _write(segment, start + size - 1, bytes([stored[start + size - 1] ^ 1]))
                return
            start += size
        raise AssertionError("the record is not there")

    def mend(self) -> None:
        """Undo the last damage."""
        segment, stored = self.mends.pop()
        _write(segment, 0, stored)

    def append_with_gap(self, topic: str, key: str, value: bytes) -> None:
        """A transaction's end takes an offset of its own."""
        producer = KafkaProducer(bootstrap_servers=self.server, transactional_id=uuid.uuid4().hex)
        producer.init_transactions()
        producer.begin_transaction()
        producer.send(topic, key=key.encode(), value=value, partition=partition_of(key, self.partitions))
        producer.commit_transaction()
        producer.close()

    @contextmanager
    def outage(self) -> Iterator[None]:
        self.engine.kill()
        try:
            yield
        finally:
            self.engine.again()


@pytest.fixture
def site(kafka: Kafka) -> KafkaSite:
    return KafkaSite(kafka)


@pytest.mark.live
def test_schools_with_prefixes_of_their_own_share_a_broker_and_hear_nothing_of_each_other(kafka: Kafka) -> None:
    topic = f"t{uuid.uuid4().hex[:12]}"
    logs = {name: open_log(f"{kafka.url}{name}") for name in ("", "/one", "/two")}
    for number, log in enumerate(logs.values(), 1):
        log.ensure({topic: number})
        log.append(topic, [("k", b"%d" % number)] * number)
    readers = {name: log.reader(topic, "watch", nothing) for name, log in logs.items()}
    for number, (name, log) in enumerate(logs.items(), 1):
        assert sum(log.ends(topic).values()) == number
        records = drain(readers[name], number)
        assert [(one.topic, one.value) for one in records] == [(topic, b"%d" % number)] * number
        assert not readers[name].poll(10, 0.5)
    for name, log in logs.items():
        readers[name].close()
        log.close()


@pytest.mark.live
class TestKafkaLog(LogContract):
    def test_a_frozen_broker_bounds_an_append_and_all_resumes(self, site: KafkaSite, log: Log, topic: str) -> None:
        log.append(topic, [("k", b"1")])
        with reading(log, topic) as reader:
            drain(reader, 1)
            threads = threading.active_count()
            site.engine.pause()
            try:
                for _ in range(2):
                    with pytest.raises(LogUnavailable):
                        log.append(topic, [("k", b"2")])
                assert reader.poll(10, 0.5) == []
            finally:
                site.engine.resume()
            until(lambda: _appended(log, topic, b"3"), 30)
            until(lambda: b"3" in values(reader.poll(10, 0.2)), 30)
            until(lambda: threading.active_count() <= threads, 20)  # no producer was left behind

    def test_a_topic_that_was_deleted_under_a_running_service_is_named_with_the_cure(
        self, site: KafkaSite, log: Log, topic: str
    ) -> None:
        log.append(topic, [("k", b"1")])
        with KafkaAdminClient(bootstrap_servers=site.server) as admin:
            admin.delete_topics([topic])
        until(lambda: f"没有主题 {topic}；请重启服务，启动时自动建立" in _refused(log, topic), 60)
        log.ensure({topic: site.partitions})
        log.append(topic, [("k", b"4")])
        with reading(log, topic) as reader:
            assert values(drain(reader, 1)) == [b"4"]

    def test_what_is_sent_again_is_kept_once_and_is_acknowledged_by_all(self, log: Log, topic: str) -> None:
        log.append(topic, [("k", b"1")])
        settings = log._produce().config  # type: ignore[attr-defined]
        assert settings["enable_idempotence"]
        assert settings["acks"] in (-1, "all")
        assert settings["retries"] > 100, "as long as its time lasts"

    def test_several_damaged_records_in_one_batch_are_passed_over_together(
        self, site: KafkaSite, log: Log, topic: str, ledger: Ledger
    ) -> None:
        key = site.key_of(0)
        log.append(topic, [(key, value) for value in numbered(0, 40)])
        log.append(topic, [(key, value) for value in numbered(40, 77)])
        log.append(topic, [(key, value) for value in numbered(77, 100)])
        site.damage(topic, 0, b"50")
        with reading(log, topic, ledger.positions) as reader:
            until(lambda: ledger.take(reader.poll(9, 0.1)) == set() and len(ledger.values()) >= 63, 40)
            assert ledger.values() == numbered(0, 40) + numbered(77, 100)
            assert [(lost.wanted, lost.first_kept, lost.why) for lost in reader.lost()] == [(40, 77, "damaged")]

    def test_damage_at_the_end_waits_for_new_records(self, site: KafkaSite, log: Log, topic: str) -> None:
        key = site.key_of(0)
        log.append(topic, [(key, b"only")])
        site.damage(topic, 0, b"only")
        with reading(log, topic) as reader:
            until(lambda: reader.poll(9, 0.1) == [] and bool(reader.lost()), 30)
            log.append(topic, [(key, b"next")])
            assert values(drain(reader, 1)) == [b"next"]

    def test_damage_on_the_way_only_loses_nothing(self, site: KafkaSite, log: Log, topic: str) -> None:
        """The batch fails once and is sound when it is read again: the reader joins afresh."""
        key = site.key_of(0)
        log.append(topic, [(key, b"sound")])
        site.damage(topic, 0, b"sound")
        with reading(log, topic) as reader:
            until(lambda: reader.poll(9, 0.1) == [] and reader._damaged, 30)  # type: ignore[attr-defined]
            site.mend()
            assert values(drain(reader, 1)) == [b"sound"]
            assert reader.lost() == []

    def test_a_smaller_limit_of_the_broker_is_told_as_too_large(self, site: KafkaSite, log: Log) -> None:
        topic = f"t{uuid.uuid4().hex[:8]}"
        with KafkaAdminClient(bootstrap_servers=site.server) as admin:
            admin.create_topics([NewTopic(topic, 1, 1, topic_configs={"max.message.bytes": "5000"})])
        with pytest.raises(RecordTooLarge) as refused:
            log.append(topic, [("k", b"1"), ("k", os.urandom(20_000)), ("k", b"2")])
        assert (refused.value.index, refused.value.limit, refused.value.size) == (1, 5000, 20_001)
        log.append(topic, [("k", b"1"), ("k", b"2")])
        with reading(log, topic) as reader:
            until(lambda: values(reader.poll(10, 0.1))[-2:] == [b"1", b"2"], 20)

    def test_a_new_topic_keeps_its_records_as_long_as_the_settings_say(self, site: KafkaSite) -> None:
        topic = f"t{uuid.uuid4().hex[:8]}"
        with closing(open_log(site.url, retention=timedelta(days=3))) as log:
            log.ensure({topic: 1})
        with KafkaAdminClient(bootstrap_servers=site.server) as admin:
            told = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
        assert told["topic"][topic]["retention.ms"]["value"] == str(3 * 86_400_000)

    @pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
    def test_a_password_over_tls_is_accepted(self, kafka: Kafka, tmp_path: Path, topic: str, mechanism: str) -> None:
        secret = tmp_path / "password"
        secret.write_text(kafka.password + "\n")
        ways = {kafka.sasl: "security=SASL_PLAINTEXT", kafka.tls: f"security=SASL_SSL&ca={kafka.ca}"}
        for place, how in ways.items():
            sign_in = f"user={kafka.user}&password_file={secret}&mechanism={mechanism}"
            with closing(open_log(f"kafka://{place}?{how}&{sign_in}")) as log:
                log.append(topic, [("k", b"v")])
                with reading(log, topic) as reader:
                    drain(reader, 1)

    def test_what_is_wrong_with_the_sign_in_is_said(self, kafka: Kafka) -> None:
        wrong = {
            f"{kafka.sasl}?security=SASL_PLAINTEXT&user=fengxin&password=nope": "用户名[或和]密码",
            f"{kafka.tls}?security=SASL_SSL&user=fengxin&password=secret": "证书",
            f"{kafka.sasl}": "security 与端口",
        }
        for address, words in wrong.items():
            with closing(open_log(f"kafka://{address}")) as log, pytest.raises(LogUnavailable, match=words) as told:
                log.healthy()
            assert isinstance(told.value, LogRefused) == ("请检查 security 与端口" not in str(told.value)), told.value
            assert "nope" not in str(told.value)
            assert "secret" not in str(told.value)


def _write(file: Path, at: int, content: bytes) -> None:
    with file.open("r+b") as opened:
        opened.seek(at)
        opened.write(content)


def _appended(log: Log, topic: str, value: bytes) -> bool:
    try:
        log.append(topic, [("k", value)])
    except LogUnavailable:
        return False
    return True


def _refused(log: Log, topic: str) -> str:
    try:
        log.append(topic, [("k", b"2")])
    except LogError as error:
        return str(error)
    return ""


class Making:
    """An admin of brokers on which another process is making the topic: told of so many times later."""

    def __init__(self, unknown: float) -> None:
        self.unknown = unknown

    def create_topics(self, topics: list[NewTopic], **_: object) -> None:
        raise TopicAlreadyExistsError

    def describe_topics(self, topics: list[str]) -> list[dict[str, Any]]:
        self.unknown -= 1
        known = self.unknown < 0
        return [{"name": topics[0], "error_code": 0 if known else 3, "partitions": [{}] * 4 if known else []}]


def test_a_topic_that_another_role_is_just_making_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream.log.kafka.APPEARS_SECONDS", 0.5)
    log = KafkaLog(read_address("kafka://a:9092"), timedelta(days=7))
    log._admin = Making(2)
    log.ensure({"posts": 4})
    log._admin = Making(math.inf)
    with pytest.raises(LogUnavailable, match="主题 posts 正在建立"):
        log.ensure({"posts": 4})


def test_a_broker_that_is_not_there_is_told_within_seconds() -> None:
    (port,) = free_ports(1)
    refused = pytest.raises(LogUnavailable, match=f"127.0.0.1:{port}.*无服务监听")
    with closing(open_log(f"kafka://127.0.0.1:{port}")) as log, refused as told:
        log.healthy()
    assert not isinstance(told.value, LogRefused), "it may yet come"


@pytest.mark.parametrize("kind", [KafkaAdminClient, KafkaConsumer])
def test_who_asks_again_and_again_for_brokers_that_are_away_leaves_no_thread_and_no_file_behind(
    kind: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("CRITICAL", "kafka")  # a captured line keeps its error, and with it the socket
    (port,) = free_ports(1)
    brokers = read_address(f"kafka://127.0.0.1:{port}")
    brokers.client["bootstrap_timeout_ms"] = 100
    threads = threading.active_count()
    gc.collect()
    files = len(os.listdir("/proc/self/fd"))
    for _ in range(10):
        with pytest.raises(KafkaTimeoutError, match="Unable to bootstrap"):
            brokers.made(kind)
    assert threading.active_count() == threads
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= files


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("kafka://", "主机:端口"),
        ("kafka://broker", "主机:端口"),
        ("kafka://a:9092,b", "主机:端口"),
        ("kafka://a:9092?sasl=yes", "不认识的参数 sasl"),
        ("kafka://a:9092?security=TLS", "security=TLS 不认识"),
        ("kafka://a:9092?security=SASL_SSL", "user 与 password_file"),
        ("kafka://a:9092?security=SASL_SSL&user=u&mechanism=NTLM", "mechanism=NTLM 不认识"),
        ("kafka://a:9092?security=SASL_SSL&user=u&password_file=/absent", "密码文件 /absent 读不到"),
        ("kafka://a:9092?security=SSL&ca=/absent.pem", "证书文件 /absent.pem 不存在"),
        ("kafka://a:9092?replicas=many", "应为正整数"),
        ("kafka://a:9092/Two Schools", "前缀只能用小写字母"),
        ("kafka://a:9092/one/two", "前缀只能用小写字母"),
    ],
)
def test_a_wrong_address_is_refused_with_what_is_wrong(address: str, words: str) -> None:
    with pytest.raises(LogError, match=words):
        open_log(address)


def test_an_address_with_everything_is_understood(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("certificate")
    url = f"kafka://a:9092,b:9093/jy?security=sasl_ssl&user=u&password=p%26q&ca={tmp_path}/ca.pem&replicas=3"
    brokers = read_address(url)
    assert (brokers.servers, brokers.replicas, str(brokers)) == (["a:9092", "b:9093"], 3, "a:9092、b:9093")
    assert brokers.named("posts") == "jy-posts"
    assert read_address("kafka://a:9092").named("posts") == read_address("kafka://a:9092/").named("posts") == "posts"
    assert brokers.client["sasl_plain_password"] == "p&q"
    assert (brokers.client["security_protocol"], brokers.client["sasl_mechanism"]) == ("SASL_SSL", "PLAIN")
