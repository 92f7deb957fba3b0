"""What an `elasticsearch://` address says, and what is said of one that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from stream.search.elastic_settings import read_address


def test_all_that_an_address_can_say(tmp_path: Path) -> None:
    for name, words in (("pass", " pä?s/s\n"), ("ca.pem", "")):
        (tmp_path / name).write_text(words, encoding="utf-8")
    found = read_address(
        f"elasticsearch://es1:9200,es2:9201/school_1?security=ssl&user=fx&password_file={tmp_path}/pass&ca={tmp_path}/ca.pem"
    )
    assert found.hosts == ("https://es1:9200", "https://es2:9201")
    assert found.prefix == "school_1"
    assert found.client == {"ca_certs": f"{tmp_path}/ca.pem", "basic_auth": ("fx", "pä?s/s")}
    assert str(found) == "es1:9200、es2:9201"
    assert "pä" not in repr(found)


def test_the_least_that_an_address_must_say() -> None:
    found = read_address("elasticsearch://127.0.0.1:9200")
    assert (found.hosts, found.prefix, found.client) == (("http://127.0.0.1:9200",), "fengxin", {})


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("elasticsearch://", "写法不对"),
        ("elasticsearch://es1", "写法不对"),
        ("elasticsearch://es1:port/fx", "写法不对"),
        ("elasticsearch://:9200", "写法不对"),
        ("elasticsearch://es1:9200/Fx", "索引前缀"),
        ("elasticsearch://es1:9200/a-b", "索引前缀"),
        ("elasticsearch://es1:9200/a/b", "索引前缀"),
        ("elasticsearch://es1:9200?tls=1", "不认识的参数 tls"),
        ("elasticsearch://es1:9200?security=TLS", "security=TLS"),
        ("elasticsearch://es1:9200?ca=/none.pem", "security=SSL"),
        ("elasticsearch://es1:9200?security=SSL&ca=/none.pem", "/none.pem 不存在"),
        ("elasticsearch://es1:9200?password=hidden", "还须写明 user"),
        ("elasticsearch://es1:9200?user=fx", "password_file"),
        ("elasticsearch://es1:9200?user=fx&password_file=/none", "/none 读不到"),
    ],
)
def test_a_wrong_address_is_refused_with_a_sentence_that_says_what_to_write(url: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as told:
        read_address(url)
    assert str(told.value).endswith("。")
    assert "hidden" not in str(told.value)
