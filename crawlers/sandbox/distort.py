"""Faults of the answer as a whole: what comes instead of it, and what is done to it on the way out."""

from __future__ import annotations

import json
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

from crawlers.sandbox.answer import Answer, Call
from crawlers.sandbox.faults import Faults
from crawlers.sandbox.people import Author

_CAPTCHA = (
    "<!doctype html><html><head><title>安全验证</title></head><body><form>请拖动滑块完成验证</form></body></html>"
)
_LISTS = ("statuses", "comments", "item", "comment", "list")


def instead(faults: Faults, call: Call) -> Answer | None:
    """What comes instead of the platform's answer, or None."""
    if fault := faults.meet("throttle", call):
        return _throttled(call, str(fault.params["form"]), float(fault.params["seconds"]))
    if faults.on("minute_quota", call):
        body = {"errcode": 45011, "errmsg": "api minute-quota reach limit, must slower, retry next minute rid: sandbox"}
        return Answer(body, code=45011)
    if fault := faults.meet("server_error", call):
        return _html(int(fault.params["status"]), "<html><body>Bad Gateway</body></html>")
    fault = faults.aimed("page_fails", call)
    if fault and call.page == fault.params["page"] and faults.on("page_fails", call):
        return _html(int(fault.params["status"]), "<html><body>Service Unavailable</body></html>")
    if faults.on("captcha_html", call):
        return _html(200, _CAPTCHA)
    if faults.on("empty_body", call):
        return Answer(raw=b"")
    return None


def _html(status: int, page: str) -> Answer:
    return Answer(raw=page.encode(), status=status, media_type="text/html; charset=utf-8")


def _throttled(call: Call, form: str, seconds: float) -> Answer:
    answer = Answer(raw=b"Too Many Requests", status=429, media_type="text/plain")
    if form == "seconds":
        answer.headers["retry-after"] = f"{seconds:.0f}"
    elif form == "date":
        answer.headers["retry-after"] = format_datetime(call.now + timedelta(seconds=seconds), usegmt=True)
    return answer


def after(faults: Faults, call: Call, answer: Answer) -> Answer:
    """The platform's answer as it leaves, with whatever the faults do to it."""
    if answer.raw is not None:
        return answer
    body = answer.body
    if answer.code:
        _recode(faults, call, answer)
    else:
        for row in _rows(body):
            _dress(faults, call, row)
        if faults.on("type_change", call):
            _change_types(body)
    if faults.on("cut_json", call):
        whole = json.dumps(body, ensure_ascii=False).encode()
        answer.raw = whole[: max(1, len(whole) // 2)]
    return answer


def _recode(faults: Faults, call: Call, answer: Answer) -> None:
    key = "error_code" if "error_code" in answer.body else "errcode"
    if faults.on("code_as_string", call):
        answer.body[key] = str(answer.code)
    elif faults.on("code_as_int", call):
        answer.body[key] = answer.code
    if faults.on("errors_with_200", call):
        answer.status = 200


def _rows(body: Any) -> list[dict[str, Any]]:
    if isinstance(body, list):
        return body
    return next((body[name] for name in _LISTS if isinstance(body, dict) and name in body), [])


def _dress(faults: Faults, call: Call, row: dict[str, Any]) -> None:
    if faults.aimed("new_field", call) and faults.on("new_field", call):
        row["sandbox_new_field"] = {"since": "2026", "kind": 7}
    if faults.aimed("personal_fields", call) and faults.on("personal_fields", call):
        person = Author(int(row.get("id") or row.get("user_comment_id") or 0) % 400)
        row |= {
            "nick_name": person.name,
            "head_img": person.avatar,
            "client_ip": person.ip,
            "ip_region": "发布于 虚构省",
        }


def _change_types(body: Any) -> None:
    """Every row's id becomes a list and its text an object."""
    for row in _rows(body):
        for name in ("id", "user_comment_id", "update_time"):
            if name in row:
                row[name] = [row[name]]
        for name in ("text", "content", "title"):
            if name in row:
                row[name] = {"value": row[name]}
