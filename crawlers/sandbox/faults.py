"""Faults by name: what is switched on, for which calls, and for how many of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any, TypeVar

from crawlers.sandbox.answer import Call
from crawlers.sandbox.thread import Comment

_T = TypeVar("_T")

STANDING: dict[str, dict[str, Any]] = {
    "shift_while_paging": {"new": 3, "deleted": 2},
    "page_fails": {"page": 3, "status": 503},
    "soft_empty_page1": {},
    "soft_empty_page2": {},
    "capped_list": {"rows": 200, "total": 900},
    "flicker": {"scans": 1, "comment": "", "n": 1},
    "mass_vanish": {"share": 0.4},
    "throttle": {"form": "seconds", "seconds": 7},
    "minute_quota": {},
    "server_error": {"status": 503},
    "slow": {"delay_s": 2.0},
    "quota_spent": {},
    "quota_hour": {},
    "token_ended": {"after": 0},
    "code_as_string": {},
    "code_as_int": {},
    "errors_with_200": {},
    "captcha_html": {},
    "empty_body": {},
    "cut_json": {},
    "openid_missing": {},
    "new_field": {},
    "type_change": {},
    "personal_fields": {},
    "clock_off": {"seconds": 180},
    "not_enterprise": {},
    "no_comment_feature": {},
    "timeline_latest_5": {},
    "status_text_cut": {},
    "articles_shuffled": {},
}
"""Faults that stay on until switched off (or for `times` calls), with their parameters and defaults."""

AIMS = ("path", "account", "times")
"""Parameters that every standing fault takes: a part of the path, an account's key, how many calls it meets."""


@dataclass(slots=True)
class Fault:
    """One fault that is on. `left` is how many calls it will still meet, None without end."""

    name: str
    params: dict[str, Any]
    path: str = ""
    account: str = ""
    left: int | None = None
    notes: dict[str, Any] = field(default_factory=dict)


class Faults:
    """The faults that are on. Names and parameters are checked; a wrong one raises ValueError with a sentence."""

    def __init__(self) -> None:
        self.active: dict[str, Fault] = {}
        self.met: list[str] = []

    def switch_on(self, name: str, params: dict[str, Any]) -> Fault:
        """Switch a standing fault on, replacing one of the same name."""
        defaults = STANDING.get(name)
        if defaults is None:
            raise ValueError(f"no fault {name!r}; GET /control/faults lists the names")
        if wrong := set(params) - set(defaults) - set(AIMS):
            raise ValueError(f"fault {name!r} takes {sorted({*defaults, *AIMS})}, not {sorted(wrong)}")
        for key, value in params.items():
            like = defaults.get(key, 0 if key == "times" else "")
            number = isinstance(like, int | float)
            if isinstance(value, bool) or isinstance(value, int | float) is not number:
                raise ValueError(f"parameter {key!r} of fault {name!r} should be like {like!r}, not {value!r}")
        own = {**defaults, **{k: v for k, v in params.items() if k in defaults}}
        times = params.get("times")
        fault = Fault(name, own, params.get("path", ""), params.get("account", ""), times)
        self.active[name] = fault
        return fault

    def switch_off(self, name: str | None = None) -> None:
        """Switch one fault off, or all of them."""
        if name is None:
            self.active.clear()
        else:
            self.active.pop(name, None)

    def aimed(self, name: str, call: Call) -> Fault | None:
        """The fault of this name if it is on and aimed at this call; does not count as met."""
        fault = self.active.get(name)
        if fault is None or fault.path not in call.path or fault.left == 0:
            return None
        if fault.account and (call.account is None or call.account.key != fault.account):
            return None
        return fault

    def meet(self, name: str, call: Call) -> Fault | None:
        """The fault of this name if this call meets it; a limited one is used up by one."""
        fault = self.aimed(name, call)
        if fault is not None:
            self.met.append(name)
            if fault.left is not None:
                fault.left -= 1
        return fault

    def on(self, name: str, call: Call) -> bool:
        """Whether this call meets the fault."""
        return self.meet(name, call) is not None

    def comments(self, call: Call, rows: list[Comment]) -> tuple[list[Comment], int | None]:
        """Rows that the platform shows of those that stand, newest first, and the total it claims where that lies."""
        if fault := self._flicker(call, rows):
            rows = [c for c in rows if c.id not in fault.notes["hidden"]]
        if fault := self.meet("mass_vanish", call):
            rows = [c for c in rows if not _drawn(c.id, fault.params["share"])]
        if fault := self.meet("capped_list", call):
            return rows[: int(fault.params["rows"])], int(fault.params["total"])
        return rows, None

    def _flicker(self, call: Call, rows: list[Comment]) -> Fault | None:
        """Hide a comment for a number of scans; a scan begins with a first page or a look at known comments."""
        fault = self.aimed("flicker", call)
        if fault is None:
            return None
        if "hidden" not in fault.notes:
            if not rows:
                return None
            named = str(fault.params["comment"])
            fault.notes["hidden"] = {int(named)} if named else {c.id for c in rows[: int(fault.params["n"])]}
            fault.notes["scans"] = 0
        if call.page == 1:
            fault.notes["scans"] += 1
        if fault.notes["scans"] > fault.params["scans"]:
            return None
        self.met.append("flicker")
        return fault

    def page(self, call: Call, rows: list[_T]) -> list[_T]:
        """An answer that claims success and shows nothing, on the first or a later page."""
        if self.aimed("soft_empty_page1", call) and call.page == 1 and self.on("soft_empty_page1", call):
            return []
        if self.aimed("soft_empty_page2", call) and call.page > 1 and self.on("soft_empty_page2", call):
            return []
        return rows


def _drawn(number: int, share: float) -> bool:
    """The same comments at every look: a share of them by the hash of the id."""
    return int.from_bytes(hashlib.sha256(str(number).encode()).digest()[:4]) < share * 2**32
