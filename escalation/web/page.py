"""A page: one environment of templates, and what every page carries (visitor, watch strip, banners)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from escalation.clock_words import SHANGHAI, hours, moment, second
from escalation.heading import without_degree
from escalation.people import TITLES, Role
from escalation.procedure import say_span
from escalation.silence import NEVER_QUIET
from escalation.web import prose, words
from escalation.web.face import ago, figure
from escalation.web.gate import Visitor, desk_of
from escalation.web.news import Mark
from escalation.web.strip import strip_of

HERE = Path(__file__).parent
ANYBODY = frozenset(Role)
INSIDE = (Role.MONITOR, Role.PUBLICITY, Role.ADMINISTRATOR)
"""Who runs the service, and is told what is wrong with it by name."""


@dataclass(frozen=True, slots=True)
class Place:
    """A page in the navigation, and the roles that see the way to it."""

    name: str
    path: str
    roles: frozenset[Role]


NAVIGATION = (
    Place("值班台", "/desk", frozenset({Role.MONITOR, Role.PUBLICITY})),
    Place("事件", "/incidents", ANYBODY - {Role.ADMINISTRATOR}),
    Place("口径", "/statements", ANYBODY - {Role.ADMINISTRATOR}),
    Place("线索", "/leads", frozenset({Role.MONITOR, Role.PUBLICITY, Role.KEEPER})),
    Place("咨询", "/consultations", frozenset({Role.MONITOR, Role.PUBLICITY, Role.UNIT_LEADER, Role.KEEPER})),
    Place("账号", "/accounts", ANYBODY - {Role.SCHOOL_LEADER, Role.CARE}),
    Place("发布", "/permits", ANYBODY - {Role.CARE}),
    Place("报告", "/reports", ANYBODY),
    Place("送达", "/deliveries", frozenset({Role.MONITOR, Role.PUBLICITY, Role.ADMINISTRATOR})),
    Place("值守", "/duty", ANYBODY),
    Place("稽核", "/findings", frozenset(INSIDE)),
    Place("我的", "/me", ANYBODY),
)


def home_of(roles: frozenset[Role]) -> str:
    """Where somebody lands after signing in."""
    if roles & NAVIGATION[0].roles:
        return "/desk"
    return "/incidents" if roles & {Role.SCHOOL_LEADER, Role.CARE} else "/me"


def day(at: datetime) -> str:
    """`11月20日 周五`."""
    local = at.astimezone(SHANGHAI)
    return f"{local.month}月{local.day}日 周{'一二三四五六日'[local.weekday()]}"


def field_time(at: datetime | str | None) -> str:
    """As a field for date and time wants it, Beijing time; what was typed stays as it was typed."""
    return f"{at.astimezone(SHANGHAI):%Y-%m-%dT%H:%M}" if isinstance(at, datetime) else at or ""


def logtime(at: datetime, now: datetime) -> str:
    """With seconds, as the log shows it; the date where it is another day."""
    local = at.astimezone(SHANGHAI)
    if local.date() == now.astimezone(SHANGHAI).date():
        return f"{local:%H:%M:%S}"
    return f"{local.month}月{local.day}日 {local:%H:%M}"


@cache
def environment() -> Environment:
    """The templates: everything is escaped, an unknown name is an error."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    made.filters.update(
        moment=moment, hours=hours, second=second, clean=prose.clean, platform=words.platform, ago=ago, figure=figure,
        hm=lambda at: f"{at.astimezone(SHANGHAI):%H:%M}", hms=lambda at: f"{at.astimezone(SHANGHAI):%H:%M:%S}",
        thousands=lambda n: f"{n:,}", day=day, logtime=logtime, spanned=say_span, local=field_time,
        without_degree=without_degree,
    )  # fmt: skip
    made.globals.update(
        roman=("", "Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ"), level_names=words.LEVEL_NAMES, polarity=words.POLARITY, lamps=words.LAMPS,
        kinds=words.KINDS, titles=TITLES, process=words.process, care_title=words.CARE_TITLE, Role=Role,
        never_quiet=NEVER_QUIET,
    )  # fmt: skip
    return made


def render(name: str, **values: Any) -> str:
    """One template filled in."""
    return environment().get_template(name).render(**values)


def show(
    request: Request, visitor: Visitor, name: str, *, status: int = 200, mark: Mark | None = None, **values: Any
) -> HTMLResponse:
    """A page with its frame, for somebody who is signed in; `mark`: a page that listens hears what came after it."""
    return HTMLResponse(render(name, **frame(request, visitor), mark=mark, **values), status)


def frame(request: Request, visitor: Visitor) -> dict[str, Any]:
    """What the frame needs: visitor, strip, navigation and where we are."""
    desk = desk_of(request)
    with desk.store.read() as conn:
        strip = strip_of(conn, desk, visitor.now, visitor.scope, inside=visitor.has(*INSIDE))
    return {
        "visitor": visitor, "now": visitor.now, "csrf": visitor.user.csrf, "strip": strip, "here": request.url.path,
        "navigation": [place for place in NAVIGATION if _shows(place, visitor)],
        "school_name": desk.letterhead.school_name, "theme": visitor.user.theme,
        "done": request.query_params.get("done"),
        "duty_phone": desk.letterhead.duty_phone, "searches": visitor.has(Role.MONITOR, Role.PUBLICITY),
    }  # fmt: skip


def _shows(place: Place, visitor: Visitor) -> bool:
    """By role; the incidents also where the person was told of one."""
    return bool(place.roles & visitor.user.roles) or (place.path == "/incidents" and bool(visitor.scope.told))


def bare(request: Request, name: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page without the frame: sign-in, signing, errors."""
    desk = desk_of(request)
    shared = {
        "school_name": desk.letterhead.school_name, "theme": "auto", "now": desk.clock(),
        "duty_phone": desk.letterhead.duty_phone,
    }  # fmt: skip
    return HTMLResponse(render(name, **(shared | values)), status)
