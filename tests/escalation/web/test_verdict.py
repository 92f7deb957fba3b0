"""研判结论 on the incident's page: it stands where the monitor confirms, and asks for no second form."""

from __future__ import annotations

from sqlalchemy import select

from escalation.incident import incidents
from escalation.verdict import verdicts
from tests.escalation.web.house import House
from tests.escalation.web.test_incident import act


def said(house: House) -> list[tuple[str, int | None]]:
    with house.store.read() as conn:
        return [(row.verdict, row.right_level) for row in conn.execute(select(verdicts).order_by(verdicts.c.id))]


def test_the_page_says_what_holds_and_offers_what_may_be_said(house: House) -> None:
    base = f"/incidents/{house.incident()}"
    page = house.client("monitor").get(base).text
    assert "待确认研判或记为误报" in page
    assert f'action="{base}/verdict"' not in page, "confirming and dismissing say it already"
    act(house, "monitor", f"{base}/confirm")
    page = house.client("monitor").get(base).text
    assert "属实，级别恰当" in page
    assert f'action="{base}/verdict"' in page
    assert f'action="{base}/verdict"' not in house.client("leader").get(base).text
    with house.store.read() as conn:
        machine = conn.execute(select(incidents.c.level_by_machine)).scalar_one()
    right = 3 if machine != 3 else 2
    status, page = act(house, "monitor", f"{base}/verdict", said="wrong_level", level=str(right))
    assert status == 409
    assert "研判结论须写明理由。未作任何更改。" in page
    status, where = act(house, "monitor", f"{base}/verdict", said="wrong_level", level=str(right), why="一人抱怨")
    assert (status, where) == (303, f"{base}?done=verdict")
    page = house.client("monitor").get(where).text
    assert "已保存研判结论。级别、状态和时限不变。" in page
    assert "一人抱怨" in page
    assert said(house) == [("confirmed", None), ("wrong_level", right)]
    assert act(house, "monitor", f"{base}/verdict", said="nonsense")[0] == 409


def test_a_level_changed_for_being_wrong_is_a_verdict_and_for_a_change_of_the_matter_none(house: House) -> None:
    base = f"/incidents/{house.incident()}"
    with house.store.read() as conn:
        machine = conn.execute(select(incidents.c.level_by_machine)).scalar_one()
    to = [n for n in (1, 2, 3) if n != machine]
    assert act(house, "publicity", f"{base}/level", to=str(to[1]), why="核实", cause="developed")[0] == 303
    assert said(house) == []
    assert act(house, "publicity", f"{base}/level", to=str(to[0]), why="核实", cause="misjudged")[0] == 303
    assert said(house) == [("wrong_level", to[0])]
