"""A role by itself shows its own metrics, and whether its loop goes round."""

from __future__ import annotations

import re
import socket
from http import HTTPStatus

import httpx
import pytest

from deploy import life, role_page, waiting
from deploy.metric_catalogue import named
from tests.acceptance.standing import eventually
from tests.deploy.conftest import Alone


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("0.0.0.0:9464", ("0.0.0.0", 9464)), ("9464", ("127.0.0.1", 9464)), (":9464", ("127.0.0.1", 9464)),
        ("[::1]:9464", ("::1", 9464)), ("desk.example:80", ("desk.example", 80)),
    ],
)  # fmt: skip
def test_an_address_is_host_and_port(words: str, found: tuple[str, int]) -> None:
    assert role_page.address(words) == found


@pytest.mark.parametrize("words", ["", "here", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:70000", "a:b"])
def test_another_address_is_refused_with_what_to_write(words: str) -> None:
    with pytest.raises(role_page.BadAddress, match="须写“地址:端口”"):
        role_page.address(words)


@pytest.mark.parametrize(
    ("age", "status"), [(None, 503), (0.0, 200), (role_page.STILL_AFTER, 200), (role_page.STILL_AFTER + 1, 503)]
)
def test_a_loop_that_stands_still_is_not_well(age: float | None, status: int) -> None:
    code, words = role_page.state(age)
    assert code == HTTPStatus(status)
    assert words.endswith("。")


def test_who_waits_is_not_well_and_says_for_what() -> None:
    assert role_page.state(0.0, "正在等待：Kafka") == (HTTPStatus.SERVICE_UNAVAILABLE, "正在等待：Kafka")


def test_the_page_is_served_from_the_first_moment_and_a_taken_port_is_said() -> None:
    life.give()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(role_page.BadAddress, match="不能监听"):
            role_page.serve(f"127.0.0.1:{taken.getsockname()[1]}")
        free = int(taken.getsockname()[1])
    url = f"http://127.0.0.1:{role_page.serve(f'127.0.0.1:{free}')}"
    assert (httpx.get(f"{url}/healthz").status_code, httpx.get(f"{url}/healthz").text) == (503, role_page.NOT_YET)
    waiting.lack("Kafka 连不上。")
    assert "正在等待：Kafka 连不上；每 3 秒再试一次" in httpx.get(f"{url}/healthz").text
    waiting.begin()
    waiting.lack("")
    assert httpx.get(f"{url}/healthz").status_code == 200
    assert httpx.get(f"{url}/elsewhere").status_code == 404
    assert "# TYPE" in httpx.get(f"{url}/metrics").text


def test_a_role_by_itself_says_what_it_reads(alone: Alone) -> None:
    def said() -> str:
        return httpx.get(f"http://{alone.address}/healthz", timeout=10).text

    eventually("the watch says its partition", lambda: "watch：正在读分区 0。" in said(), 120)


def test_a_role_by_itself_shows_its_own_metrics_and_health(alone: Alone) -> None:
    page = httpx.get(f"http://{alone.address}/metrics", timeout=10).text
    assert 'fengxin_role_started_timestamp_seconds{role="watch"}' in page
    assert "# TYPE fengxin_lag_records gauge" in page
    assert "fengxin_store_up" not in page, "what is read from the store stands at the desk"
    for name, sort in re.findall(r"(?m)^# TYPE (fengxin_\w+) (\w+)$", page):
        assert named(name).sort == sort, name
