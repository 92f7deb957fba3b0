"""A monitor's night with hand-over, by a hand-moved clock.

The rota comes by xlsx, the unit's leader is on leave, a matter comes in the night, nobody takes over in the morning
until the duty lead is told. The crawl, SMTP and the desk are real.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from starlette.testclient import TestClient

from escalation import people, user
from escalation.clock_words import SHANGHAI
from escalation.duty.handover import handovers
from escalation.people import Held, Role
from tests.escalation.duty.test_rota import PATTERN, book
from tests.stories.town import PASSWORD, START, WAVE, Town, words_of
from tests.stories.town import secret as hashed

WHO = {"chen": "monitor", "helan": "publicity", "xie": "keeper", "wu": "other"}
EVENING = datetime(2026, 11, 3, 19, 40, tzinfo=SHANGHAI)


class Night:
    """The town with several people at the pages; everybody keeps their own session."""

    def __init__(self, town: Town) -> None:
        self.town = town
        secret = hashed(PASSWORD, "")
        with town.store.write() as conn:
            for name, person in WHO.items():
                role = {"monitor": Role.MONITOR, "publicity": Role.PUBLICITY}.get(person, Role.KEEPER)
                user.enrol(conn, town.school, name, person, secret, [role], town.now())
            people.enter(conn, [], [Held(Role.MONITOR, "", "other")])
        self.tabs = {name: self._signed_in(name) for name in WHO}

    def _signed_in(self, name: str) -> TestClient:
        tab = TestClient(self.town.desk.app, base_url=str(self.town.desk.base_url), follow_redirects=False)
        self.town.sandbox.clock.set(max(self.town.now(), START))
        assert tab.post("/sign-in", data={"name": name, "password": PASSWORD}).status_code == 303
        return tab

    def again(self, name: str) -> None:
        """Sign in anew: a session lasts one shift."""
        self.tabs[name] = self._signed_in(name)

    def page(self, name: str, path: str) -> str:
        answer = self.tabs[name].get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return str(answer.text)

    def post(self, name: str, path: str, **data: str) -> int:
        token = self.page(name, "/duty").split('name="csrf" value="', 1)[1].split('"', 1)[0]
        return int(self.tabs[name].post(path, data=data | {"csrf": token}).status_code)

    def rota(self, rows: list[tuple[object, ...]]) -> tuple[int, str]:
        token = self.page("helan", "/duty").split('name="csrf" value="', 1)[1].split('"', 1)[0]
        files = {"file": ("十一月.xlsx", book(轮值=[PATTERN, *rows]))}
        answer = self.tabs["helan"].post("/duty/import", data={"csrf": token}, files=files)
        return answer.status_code, words_of(answer.text)


@pytest.fixture
def night(town: Town) -> Night:
    return Night(town)


def test_a_monitors_night_with_hand_over(night: Night) -> None:
    town = night.town

    # The rota comes as a file. One with a hole is refused by 第十三条 and nothing of it is kept.
    day = ("2026-11-03", "2026-12-10", "每天", "08:00", "20:00", "monitor", 1)
    dark = ("2026-11-02", "2026-12-10", "每天", "20:00", "08:00", "keeper", 1)
    code, said = night.rota([day])
    assert code == 409
    assert "空档" in said
    assert "第十三条要求 24 小时监控" in said
    assert night.rota([day, dark])[0] == 303

    # The unit's leader goes on leave and names a substitute.
    assert night.post(
        "helan", "/duty/leave", person="leader", kind="leave", starts="2026-11-03T18:00", ends="2026-11-05T18:00",
        substitute="lead",
    ) == 303  # fmt: skip

    # At twenty to eight the day's monitor writes the sheet; the night's reads it and takes over at eight.
    town.later(seconds=(EVENING - town.now()).total_seconds())
    (row,) = town.rows(handovers)
    sheet = f"/duty/handover/{row.id}"
    assert night.post("chen", f"{sheet}/write", words="二食堂换了供货商，留意评论") == 303
    town.later(minutes=21)
    night.again("xie")
    page = night.page("xie", sheet)
    assert "二食堂换了供货商" in page
    seen = page.split('name="seen" value="', 1)[1].split('"', 1)[0]
    assert night.post("xie", f"{sheet}/take", seen=seen) == 303
    night.again("chen")
    assert "当班 谢晓" in words_of(night.page("chen", "/desk"))

    # In the night the matter comes. The substitute is told instead of the leader, by the same article, with both names.
    thread = town.sandbox.post("【菜谱】夜宵窗口上新")["thread"]
    town.crawl()
    for text in WAVE[:3]:
        town.sandbox.clock.advance(60)
        town.sandbox.comment(thread, text)
    town.crawl()
    town.pass_on()
    first = town.first()
    assert "leader" not in first
    assert (first["lead"].office, first["lead"].basis) == ("单位领导，代罗广平", "第十四条")
    (letter,) = [one for one in town.inbox.letters() if one.who == "lead"]
    assert "本应通知：单位领导 罗广平" in letter.text
    assert "罗广平请假至" in letter.text

    # Morning: nobody takes over. The incoming is reminded after a quarter of an hour, the duty lead told after half.
    town.later(seconds=(EVENING + timedelta(hours=12, minutes=10) - town.now()).total_seconds())
    morning = town.rows(handovers)[-1]
    assert morning.outgoing == ["keeper"]
    town.later(minutes=46)
    told = [(one.who, one.subject) for one in town.inbox.letters() if "交接班" in one.subject or "接班" in one.subject]
    assert [who for who, _ in told] == ["monitor", "lead"]
    night.again("chen")
    desk = words_of(night.page("chen", "/desk"))
    assert "逾时未接班" in desk
    assert "还没有人接班" in desk

    # The incoming reads what the machine filled in for the outgoing who wrote nothing, and takes over.
    page = night.page("chen", f"/duty/handover/{morning.id}")
    assert town.incident().number in page
    assert "罗广平" not in page.split("未签收", 1)[1].split("待拨电话", 1)[0].replace("代罗广平", "")
    seen = page.split('name="seen" value="', 1)[1].split('"', 1)[0]
    assert night.post("chen", f"/duty/handover/{morning.id}/take", seen=seen, remark="已核对") == 303
    assert [one.taken_by for one in town.rows(handovers)] == ["keeper", "monitor"]
    assert "还没有人接班" not in words_of(night.page("chen", "/desk"))
    log = words_of(night.page("chen", "/duty/handover"))
    assert "未写交接单" in log
    assert "逾时已报带班领导" in log


def test_a_holiday_swap_moves_the_shifts_and_leaves_no_hole(night: Night) -> None:
    token = night.page("helan", "/duty").split('name="csrf" value="', 1)[1].split('"', 1)[0]
    rows = [
        ("2026-11-02", "2026-12-10", "工作日", "08:00", "20:00", "monitor", 1),
        ("2026-11-02", "2026-12-10", "休息日", "08:00", "20:00", "other", 1),
        ("2026-11-02", "2026-12-10", "每天", "20:00", "08:00", "keeper", 1),
    ]
    swapped = [("日期", "安排", "名称"), ("2026-11-06", "休", "校庆"), ("2026-11-07", "班", "校庆调休")]
    files = {"file": ("调休.xlsx", book(轮值=[PATTERN, *rows], 节假日=swapped))}
    answer = night.tabs["helan"].post("/duty/import", data={"csrf": token}, files=files)
    assert answer.status_code == 303, words_of(answer.text)
    for day, who in ((6, "other"), (7, "monitor"), (8, "other")):
        at = datetime(2026, 11, day, 12, tzinfo=SHANGHAI)
        with night.town.store.read() as conn:
            assert [one.id for one in people.desk(conn, night.town.school, at)] == [who], day
    assert "校庆" in night.page("helan", "/duty")
