"""One vocabulary of failure: body code first, then status, then content type."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.failure import WORDS, Failure, classify

SAMPLES = {
    "weibo": {10023: "quota", 10022: "quota", 21327: "token", 10014: "permission", 10004: "risk", 20101: "gone"},
    "wechat": {45009: "quota", 45011: "throttled", 40001: "token", 42001: "token", 48001: "permission"}
    | {88000: "permission", 88001: "bad_target", 88008: "gone", -1: "transient", 88010: "bug", 40164: "permission"},
}
JSON = "application/json"


@pytest.mark.parametrize("as_text", [True, False])
@pytest.mark.parametrize("status", [200, 400, 403])
def test_a_code_has_one_class_as_text_or_number_and_under_any_status(as_text: bool, status: int) -> None:
    for platform, codes in SAMPLES.items():
        field = "error_code" if platform == "weibo" else "errcode"
        for code, wanted in codes.items():
            body = json.dumps({field: str(code) if as_text else code}).encode()
            assert classify(platform, body, status, JSON).failure == wanted, (platform, code)


def test_body_code_wins_over_status_and_status_over_content_type() -> None:
    assert classify("wechat", b'{"errcode": 45009}', 429, "text/html").failure == Failure.QUOTA
    assert classify("weibo", b"<html>", 503, "text/html").failure == Failure.TRANSIENT
    assert classify("weibo", b"<html>", 200, JSON).failure == Failure.CHALLENGE
    assert classify("weibo", b"", 200, JSON).failure == Failure.CHALLENGE
    assert classify("weibo", b'{"comments": [{"id"', 200, JSON).failure == Failure.TRANSIENT
    assert classify("weibo", b"", 302, "").failure == Failure.LOGIN
    assert classify("weibo", b"", 418, "").failure == Failure.RISK
    assert classify("weibo", b'"text"', 200, JSON).failure == Failure.SHAPE
    assert classify("wechat", b'{"errcode": 0, "total": 0}', 200, JSON).failure == Failure.OK


def test_an_unknown_code_is_never_taken_for_success() -> None:
    assert classify("weibo", b'{"error_code": 99999}', 200, JSON).failure == Failure.BUG
    assert classify("wechat", b'{"errcode": "12345"}', 200, JSON).failure == Failure.BUG


@given(st.binary(max_size=200), st.integers(100, 599), st.text(max_size=20), st.sampled_from(["weibo", "wechat"]))
def test_no_answer_makes_the_classifier_raise(body: bytes, status: int, kind: str, platform: str) -> None:
    assert classify(platform, body, status, kind).failure in Failure


def test_every_class_has_words_for_the_desk() -> None:
    assert set(WORDS) == set(Failure)


def test_samples_of_errors_are_classified(samples: Path) -> None:
    for name, wanted in {
        "weibo_v2_error_rate_limit": "quota",
        "weibo_v2_error_token_expired": "token",
        "wechat_error_quota": "quota",
        "wechat_error_token": "token",
        "wechat_error_comment_privilege": "permission",
        "wechat_error_msgdata_missing": "bad_target",
    }.items():
        found = classify(name.partition("_")[0], (samples / f"{name}.json").read_bytes(), 200, JSON)
        assert found.failure == wanted, name
