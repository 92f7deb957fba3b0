"""What the product says of a real broker, and how it sets one up."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from deploy import checking, installation
from deploy.settings import Settings, load
from deploy.wiring import log_with_topics, utc_now
from stream.log import LogError, open_log
from stream.topic import ASSESSED, POSTS
from tests.live.engines import Kafka

pytestmark = pytest.mark.live
WEEK_MS = 7 * 86_400_000

Told = Callable[[str], checking.Finding]


def given(folder: Path, url: str) -> Settings:
    """The demo's settings with that log; nothing here asks the store."""
    file = folder / "fengxin.toml"
    if not file.exists():
        installation.write_demo(folder, 8700, utc_now())
        (folder / "plain.toml").write_text(file.read_text("utf-8"), "utf-8")
    distributed = (
        f'[log]\nurl = "{url}"\npartitions = 4\n[store]\nurl = "postgresql+psycopg://nobody@127.0.0.1:1/none"\n'
    )
    file.write_text(f"{(folder / 'plain.toml').read_text('utf-8')}\n{distributed}", "utf-8")
    return load(file)


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """What `fengxin check` says of a log."""

    def ask(url: str) -> checking.Finding:
        (one,) = checking.log(given(tmp_path, url))
        return one

    return ask


def test_check_tells_each_thing_that_may_be_wrong_with_a_secured_broker_and_never_the_password(
    kafka: Kafka, tmp_path: Path, told: Told
) -> None:
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    right.write_text(kafka.password)
    wrong.write_text("not-the-password")
    who = f"user={kafka.user}&mechanism=SCRAM-SHA-512&password_file="
    port = kafka.tls.rpartition(":")[2]
    secured = f"kafka://{kafka.tls}?security=SASL_SSL&{who}"
    cases = {
        f"{secured}{wrong}&ca={kafka.ca}": "密码",
        f"{secured}{right}": "服务器证书不受信任，请检查 ca",
        f"kafka://127.1:{port}?security=SASL_SSL&{who}{right}&ca={kafka.ca}": "服务器证书上没有这个主机名",
        f"kafka://{kafka.url.removeprefix('kafka://')}?security=SASL_SSL&{who}{right}&ca={kafka.ca}": "TLS 握手失败",
        f"kafka://nowhere.invalid:{port}": "主机名无法解析",
    }
    for url, words in cases.items():
        found = told(url)
        assert (found.good, words in found.words) == (False, True), f"{words}: {found.words}"
        assert "not-the-password" not in found.words
        assert kafka.password not in found.words.replace(str(kafka.ca), "")
    sound = told(f"{secured}{right}&ca={kafka.ca}")
    assert sound.good
    assert "没有前缀：这个 Kafka 只能给一所学校用" in sound.words
    own = told(f"{secured.replace('?', '/school_b?')}{right}&ca={kafka.ca}")
    assert (own.good, "主题与消费组名字以“school_b-”开头" in own.words) == (True, True), own.words


def test_the_topics_are_made_as_designed_and_one_that_is_deleted_is_named(empty_kafka: Kafka, tmp_path: Path) -> None:
    """Kept seven days and never compacted: of a thread's comments compaction would keep the last one."""
    settings = given(tmp_path, empty_kafka.url)
    with closing(log_with_topics(settings)) as log:
        assert {topic: len(log.ends(topic)) for topic in (POSTS, ASSESSED)} == {POSTS: 4, ASSESSED: 1}
        with KafkaAdminClient(bootstrap_servers=empty_kafka.url.removeprefix("kafka://")) as admin:
            asked = [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in (POSTS, ASSESSED)]
            for topic, config in admin.describe_configs(asked)["topic"].items():
                said = {name: config[name]["value"] for name in ("cleanup.policy", "message.timestamp.type")}
                assert said == {"cleanup.policy": "delete", "message.timestamp.type": "LogAppendTime"}, topic
                assert int(config["retention.ms"]["value"]) == WEEK_MS
            admin.delete_topics([POSTS])
    with closing(log_with_topics(settings)) as log:
        assert len(log.ends(POSTS)) == 4, "a start makes what is missing"
    with closing(open_log(settings.log_url)) as log, pytest.raises(LogError, match="没有主题 absent；请重启"):
        log.append("absent", [("k", b"v")])
