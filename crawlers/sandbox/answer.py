"""One call and its answer, free of any web framework, so that an endpoint is a function of (world, call)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crawlers.sandbox.people import Account


@dataclass(slots=True)
class Call:
    """One request. `params` are the query (and form) values; `body` is a POST's JSON object, None if it is not one.

    `agent`: the name under which the caller asks.
    """

    method: str
    path: str
    params: dict[str, str]
    body: dict[str, Any] | None
    header_token: str
    now: datetime
    account: Account | None = None
    page: int = 1
    agent: str = ""


@dataclass(slots=True)
class Answer:
    """What goes back: `body` is JSON-able unless `raw` is set; `code` is the platform's error code, 0 when fine."""

    body: Any = None
    status: int = 200
    code: int = 0
    raw: bytes | None = None
    media_type: str = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """The platform says no: its code, its text, the HTTP status."""

    def __init__(self, code: int, text: str, status: int = 200) -> None:
        super().__init__(text)
        self.code, self.text, self.status = code, text, status
