"""The same pages on a real PostgreSQL: every query is one that both dialects understand."""

from __future__ import annotations

from pathlib import Path

import pytest

from escalation.web.news import Mark, since
from tests.escalation.web.house import SCHOOL, House
from tests.live.engines import Postgres


@pytest.mark.live
def test_every_page_and_act_works_on_postgresql(postgres: Postgres, tmp_path: Path) -> None:
    house = House.at(tmp_path, store=postgres.database())
    try:
        number = house.incident()
        care = house.incident("求助", care=True)
        monitor, keeper = house.client("monitor"), house.client()
        assert keeper.post(house.link(number, "keeper"), data={"remark": "已知悉"}).status_code == 200
        for path in (
            "/desk", "/desk/queue", "/desk/tide", "/desk/feed", "/strip", "/incidents?view=all&q=食堂&level=2",
            f"/incidents/{number}", f"/incidents/{number}/peek", f"/incidents/{care}", "/me", "/search?q=食堂",
            house.link(number, "leader"), "/healthz", "/metrics",
        ):  # fmt: skip
            assert monitor.get(path).status_code == 200, path
        assert "待签收 1/4" in monitor.get("/desk/queue").text
        assert "共 6 条，负面 6 条" in monitor.get("/desk/tide").text
        for act, form in (
            ("confirm", {}),
            ("note", {"text": "记"}),
            ("assign", {"unit": "后勤服务中心"}),
            ("remind", {}),
        ):
            answer = monitor.post(f"/incidents/{number}/{act}", data={"csrf": "csrf-monitor", **form})
            assert answer.status_code == 303, act
        assert number in monitor.get(f"/incidents?view=all&q={number.lower()}").text, "letters of either case"
        with house.store.read() as conn:
            assert since(conn, SCHOOL, Mark(0, 0)) is not None
    finally:
        house.store.close()
