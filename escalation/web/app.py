"""The web desk: `build(desk)` makes the application. A page is one module with a router in ROUTERS.

A route without a gate (`Only`, `Acts`, `Open`) makes `build` fail: who may pass is said, never assumed.
"""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, FastAPI
from starlette.staticfiles import StaticFiles

from escalation.user import Strangers
from escalation.web import (
    account_changes,
    accounts,
    act,
    apart,
    bulletins,
    bundle,
    consultations,
    cycle,
    deliveries,
    duty,
    entry,
    findings,
    hand,
    handover,
    health,
    incident,
    keeper,
    leads,
    live,
    matters,
    me,
    measures,
    own_posts,
    permits,
    queue,
    relays,
    reports,
    search,
    sign,
    silences,
    staff,
    submissions,
    task_slip,
    tasks,
    trouble,
    verdict,
    voice,
    voice_acts,
    voice_slip,
    why,
)
from escalation.web.desk import Desk
from escalation.web.frozen import Frozen
from escalation.web.gate import Touched, ungated
from escalation.web.live import Lookout
from escalation.web.pace import Paces
from escalation.web.recent import Recent
from escalation.web.viewing import Viewed
from escalation.web.wall import Wall

ROUTERS: tuple[APIRouter, ...] = (
    entry.router, queue.router, incident.router, act.router, cycle.router, sign.router, keeper.router, me.router,
    search.router, accounts.router, deliveries.router, findings.router, leads.router, hand.router, why.router,
    reports.router, live.router, health.router, permits.router, submissions.router, own_posts.router, relays.router,
    matters.router, bulletins.router, bundle.router, silences.router, consultations.router,
    duty.router, handover.router, staff.router,
    apart.router, account_changes.router,
    voice.router, voice_acts.router, voice_slip.router,
    tasks.router, task_slip.router, measures.router, verdict.router,
)  # fmt: skip
STATIC = Path(__file__).with_name("static")


def build(desk: Desk) -> FastAPI:
    """The application for one school. Raises RuntimeError where a route names no gate."""
    lookout = Lookout(desk)
    app = FastAPI(title="风信", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lookout.lifespan)
    app.state.desk = desk
    app.state.lookout = lookout
    app.state.touched, app.state.paces, app.state.viewed = Touched(), Paces(), Viewed()
    app.state.strangers = Strangers()
    app.state.frozen, app.state.recent = Frozen(), Recent()
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    if missing := ungated(route for router in ROUTERS for route in router.routes):
        raise RuntimeError(f"这些页面没有写明谁可以进入：{'、'.join(missing)}")
    trouble.install(app)
    app.add_middleware(Wall, secure=desk.secure_cookies)
    return app
