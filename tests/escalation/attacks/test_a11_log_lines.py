"""A11 log injection: whatever somebody writes into an address, a name or a file, a log line stays one line."""

from __future__ import annotations

import logging
import re

import pytest

from deploy.one_line import OneLine
from tests.escalation.web.house import House

EVIL = (
    "a\r\n2026-11-20 08:00:00 ERROR root 伪造的一行",
    "\x1b[31m红\x1b[0m",
    "\x1b]0;标题\x07",
    '"} {"level": "ERROR", "message": "fake"',
    "\u2028换行\u2029段\x85下一行\x0b\x0c",
    "\x00\x08\x7f\u202e",
)
LINE = re.compile(r"^\d{4}-\d\d-\d\d [\d:,]+ (WARNING|ERROR) \S+ ")


def printed(record: logging.LogRecord) -> str:
    return OneLine().format(record)


@pytest.mark.parametrize("text", EVIL)
def test_a_message_is_one_line_without_anything_that_moves_the_cursor(text: str) -> None:
    line = printed(logging.LogRecord("x", logging.ERROR, "f", 1, "账号 %s 不通", (text,), None))
    assert len(line.splitlines()) == 1
    assert LINE.match(line)
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", line)
    assert "账号" in line


def test_what_a_fault_says_of_itself_cannot_pass_for_a_line_of_the_log() -> None:
    try:
        raise ValueError(EVIL[0] + EVIL[1])
    except ValueError as error:
        found = (type(error), error, error.__traceback__)
        text = printed(logging.LogRecord("x", logging.ERROR, "f", 1, "坏了", (), found))
    head, *rest = text.splitlines()
    assert LINE.match(head)
    assert rest
    assert all(line.startswith("  | ") for line in rest), rest
    assert "\x1b" not in text


@pytest.mark.parametrize("text", ["%0d%0aERROR%20root%20x", "%1b%5b31m", "%00", "%e2%80%a8x", "x" * 3_000])
def test_an_odd_address_writes_no_line_of_its_own_into_the_log(
    house: House, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    client = house.client("monitor")
    for path in (f"/{text}", f"/incidents/{text}", f"/r/{text}", f"/search?q={text}", f"/sign-in?next=/{text}"):
        assert client.get(path).status_code < 500, path
    client.post("/sign-in", data={"name": EVIL[0], "password": "x"})
    for record in caplog.records:
        assert len(printed(record).splitlines()) == 1, record
