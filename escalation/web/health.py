"""/healthz: 200 when every expected role lives and works, else 503 with its name. /metrics: what Prometheus scrapes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from escalation.web import trouble
from escalation.web.desk import Desk
from escalation.web.gate import Open, desk_of
from escalation.web.measure import registry_of
from escalation.web.words import CLOCKS, process
from stream import pulse
from stream.pulse import Pulse
from stream.store import StoreUnavailable

router = APIRouter()
STORE = "存储此刻读不到；请检查数据库是否在运行、磁盘是否已满。原话在值班台日志里，编号 {code}。"


@dataclass(frozen=True, slots=True)
class Beat:
    """How one role is: up, silent (dead or never started), or troubled; with its sentence."""

    role: str
    state: str
    age_s: float | None
    words: str


def beat_of(role: str, found: Pulse | None, now: datetime) -> Beat:
    """Judge one role by its freshest pulse."""
    name = process(role)
    if found is None:
        return Beat(role, "silent", None, f"{name}进程（{role}）从未报到，请查看监督进程的日志。")
    age = round((now - found.at).total_seconds(), 1)
    if found.ahead(now):
        return Beat(role, "silent", age, CLOCKS.format(name=f"{name}（{role}）"))
    if not found.alive(now):
        return Beat(role, "silent", age, f"{name}进程（{role}）已 {age:.0f} 秒没有回应，请查看监督进程的日志。")
    if found.trouble:
        return Beat(role, "troubled", age, f"{name}进程（{role}）受阻：{found.trouble}")
    return Beat(role, "up", age, "")


def beats(desk: Desk) -> list[Beat]:
    """Every expected role. Raises StoreUnavailable."""
    now = desk.clock()
    with desk.store.read() as conn:
        found = pulse.freshest(conn, now)
    return [beat_of(role, found.get(role), now) for role in desk.roles]


@router.get("/healthz", dependencies=[Depends(Open())])
def healthz(request: Request) -> Response:
    """JSON, or text where the asker prefers it."""
    try:
        found = beats(desk_of(request))
    except StoreUnavailable as error:
        found = [Beat("store", "silent", None, STORE.format(code=trouble.logged(request, error)))]
    bad = [beat for beat in found if beat.state != "up"]
    words = "；".join(beat.words for beat in bad) or "各进程均正常。"
    status = 503 if bad else 200
    if "text/plain" in request.headers.get("accept", ""):
        return PlainTextResponse(words, status)
    roles = {beat.role: {"state": beat.state, "age_s": beat.age_s, "words": beat.words} for beat in found}
    return JSONResponse(
        {"status": "failing" if bad else "ok", "failing": [beat.role for beat in bad], "words": words, "roles": roles},
        status,
    )


@router.get("/metrics", dependencies=[Depends(Open())])
def metrics(request: Request) -> Response:
    """Counters of every process where they share a folder, and gauges read from the store."""
    return Response(generate_latest(registry_of(desk_of(request))), media_type=CONTENT_TYPE_LATEST)
