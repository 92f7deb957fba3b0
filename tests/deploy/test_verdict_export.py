"""`fengxin verdicts` and `fengxin rules stats` on a store: what leaves the house, what never does, what is reckoned."""

from __future__ import annotations

import csv
import io
import json
import re
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from sqlalchemy import insert
from typer.testing import CliRunner, Result

from deploy.command import app
from deploy.rule_statistics import show, statistics
from deploy.settings import load
from deploy.starting import tables
from deploy.wiring import ground, opened_store
from escalation import audit, people
from escalation.incident import incidents
from escalation.opening import Hand, Matter, open_matter
from escalation.people import Held, Person, Role
from escalation.verdict import FalseAlarm, Verdict, verdicts
from sentiment.labelled import Kind, read_file
from stream import kept
from stream.assessment import Assessment, Hit, Polarity
from stream.post import Kind as PostKind
from stream.post import Visibility
from tests.stream.said import a_post

NOW = datetime.now(UTC) - timedelta(hours=1)
PRESS = "press"


def fengxin(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def hit(rule: str) -> Hit:
    return Hit(
        rule=rule, version=1, title="饭菜有异物", theme="canteen", category="grievance", weight=30, spans=((0, 1),),
        words=("饭",),
    )  # fmt: skip


class Judged:
    """A demo's store in which incidents were opened and judged."""

    def __init__(self, folder: Path) -> None:
        assert fengxin("init", "--demo", folder).exit_code == 0
        self.file = folder / "fengxin.toml"
        self.settings = load(self.file)
        tables(self.settings)
        self.school = self.settings.school.code
        self.ground, self.count = ground(self.settings), 0
        with opened_store(self.settings) as store, store.write() as conn:
            people.enter(conn, [Person(self.school, PRESS, "何岚", "部长", "宣传部", "p@x.example", "138")],
                         [Held(Role.PUBLICITY, "", PRESS)])  # fmt: skip

    def opened(
        self, text: str, said: Verdict | None, reason: str = "", *, rule: str = "FD-03", risk: int = 70,
        kind: PostKind = PostKind.COMMENT, care: bool = False, by_hand: bool = False, right: int | None = None,
        visibility: Visibility = Visibility.PUBLIC, hours: float = 0,
    ) -> str:  # fmt: skip
        """One incident of one line, and the newest verdict on it."""
        self.count += 1
        now, post_id = NOW - timedelta(hours=hours), f"weibo:{self.count}"
        post = a_post(text, post_id, at=now, kind=kind, school=self.school).model_copy(
            update={"visibility": visibility}
        )
        found = Assessment(
            post=post, polarity=Polarity.NEGATIVE, p_negative=0.9, snow=0.1, engine="said", hits=(hit(rule),),
            assessed_at=now, rules="e",
        )  # fmt: skip
        matter = Matter(
            title="食堂", theme="canteen", level=3, risk=risk, reasons=(), keys=(f"canteen|thread|{self.count}",),
            grave=False, enough=True, care=care, member_ids=(post_id,), first_post_id=post_id, unit="后勤处",
            account={"platform": "微博", "name": "后勤", "id": "canteen"}, judged={"hits": {rule: 1}},
        )  # fmt: skip
        with opened_store(self.settings) as store, store.write() as conn:
            kept.keep(conn, post)
            kept.keep_assessment(conn, found, risk, [], now)
            hand = Hand(PRESS, "何岚", "看到的") if by_hand else None
            made = open_matter(conn, self.ground, matter, post, now, hand=hand)
            if said is not None:
                conn.execute(insert(verdicts).values(
                    school=self.school, incident_id=made, at=now, person_id=PRESS, verdict=said, right_level=right,
                    reason=reason, rules={rule: "1"}, lines=[post_id],
                ))  # fmt: skip
            return str(conn.execute(incidents.select().where(incidents.c.id == made)).one().number)


@pytest.fixture
def house(tmp_path: Path) -> Judged:
    return Judged(tmp_path)


def written(file: Path) -> dict[str, dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as given:
        return {row["text"]: row for row in csv.DictReader(given)}


def test_only_public_words_leave_with_their_label_and_training_reads_them(house: Judged, tmp_path: Path) -> None:
    right = house.opened("饭里有虫，何岚老师都看到了，电话13812345678", Verdict.CONFIRMED)
    house.opened("这个级别高了", Verdict.WRONG_LEVEL, right=4)
    false = house.opened("笑得我满地打滚", Verdict.FALSE_ALARM, FalseAlarm.JOKE)
    house.opened("去年的旧事", Verdict.FALSE_ALARM, FalseAlarm.PAST)
    house.opened("演练喊的话", Verdict.FALSE_ALARM, FalseAlarm.DRILL)
    house.opened("又打开了的", Verdict.WITHDRAWN)
    house.opened("还没有人看", None)
    house.opened("不想活了", Verdict.CONFIRMED, care=True)
    house.opened("私信里说的", Verdict.CONFIRMED, kind=PostKind.MESSAGE)
    house.opened("已经删了的", Verdict.CONFIRMED, visibility=Visibility.VANISHED)
    house.opened("系统没有立的", None, by_hand=True)
    out = tmp_path / "v.csv"
    done = fengxin("verdicts", "--out", out, "--person", PRESS, "--settings", house.file)
    assert done.exit_code == 0, done.output
    assert "值得学校看的 3 条，误报的 1 条" in done.output
    rows = written(out)
    assert {text: row["label"] for text, row in rows.items() if "虫" not in text} == {
        "这个级别高了": "1", "笑得我满地打滚": "0", "系统没有立的": "1",
    }  # fmt: skip
    (worm,) = (text for text in rows if "虫" in text)
    assert "某某老师都看到了" in worm
    assert "13812345678" not in worm
    assert (rows[worm]["source"], rows["笑得我满地打滚"]["source"]) == (f"verdict {right}", f"verdict {false}")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    taught = read_file(out)
    assert taught.kind is Kind.CONCERN
    assert sorted(row.concern for row in taught.rows if row.concern is not None) == [False, True, True, True]
    with opened_store(house.settings) as store, store.read() as conn:
        last = conn.execute(audit.audit_log.select().order_by(audit.audit_log.c.seq.desc())).first()
    assert last is not None
    assert (last.action, last.actor, last.detail["rows"]) == ("verdict.export", PRESS, 4)


def test_nothing_is_written_without_approval_without_lessons_or_over_a_file(house: Judged, tmp_path: Path) -> None:
    out = tmp_path / "v.csv"
    empty = fengxin("verdicts", "--out", out, "--person", PRESS, "--settings", house.file)
    assert (empty.exit_code, out.exists()) == (1, False)
    assert "还没有可供学习的研判结论" in empty.output
    house.opened("饭里有虫", Verdict.CONFIRMED)
    refused = fengxin("verdicts", "--out", out, "--person", "P99", "--settings", house.file)
    assert (refused.exit_code, out.exists()) == (1, False)
    assert "可以批准的人：" in refused.output
    assert "以 .csv 结尾" in fengxin("verdicts", "--out", tmp_path / "v.txt", "--person", PRESS, "--settings",
                                    house.file).output  # fmt: skip
    out.write_text("mine", "utf-8")
    assert "已存在，不覆盖" in fengxin("verdicts", "--out", out, "--person", PRESS, "--settings", house.file).output
    assert out.read_text("utf-8") == "mine"


def stats(house: Judged) -> tuple[dict[str, Any], str]:
    told = fengxin("rules", "stats", "--settings", house.file)
    assert told.exit_code == 0, told.output
    return json.loads(fengxin("rules", "stats", "--json", "--settings", house.file).stdout), told.output


def test_a_poor_rule_is_advised_to_be_tightened_and_the_border_to_be_raised(house: Judged) -> None:
    for number in range(6):
        house.opened(f"误判 {number}", Verdict.FALSE_ALARM, FalseAlarm.MISREAD, risk=64 + number, hours=0.1 * number)
    for number in range(5):
        house.opened(f"属实 {number}", Verdict.CONFIRMED, rule="FD-01", risk=75 + number)
    house.opened("级别高了", Verdict.WRONG_LEVEL, rule="FD-01", right=4, risk=80)
    house.opened("手立的", None, rule="FD-20", by_hand=True)
    found, told = stats(house)
    rules = {one["rule"]: one for one in found["rules"]}
    assert (rules["FD-03"]["hits"], rules["FD-03"]["precision"], rules["FD-03"]["tighten"]) == (6, 0.0, True)
    assert (rules["FD-01"]["confirmed"], rules["FD-01"]["wrong_level"], rules["FD-01"]["precision"]) == (5, 1, 1.0)
    assert (found["opened"], found["judged"], found["by_hand"]) == (12, 12, 1)
    assert found["wrong_levels"] == [{"machine": 3, "right": 4, "incidents": 1}]
    border = found["border"]
    assert (border["kept"], border["lost"]) == (True, 0)
    assert 100 < border["kept_from"] <= 130
    assert "建议收紧：FD-03" in told
    assert "规则误判 6" in told
    assert "系统初判 Ⅲ级、应为 Ⅳ级的 1 起" in told
    assert "即可每班不超过上限" in told


def test_an_empty_house_has_figures_too(house: Judged) -> None:
    found, told = stats(house)
    assert (found["rules"], found["opened"], found["shifts"]["number"]) == ([], 0, 60)
    assert "没有需要收紧的规则" in told
    assert "门槛现为 100 分（页面上的风险 62）" in told


def test_on_a_narrow_screen_no_title_and_no_figure_is_cut(house: Judged) -> None:
    for number in range(3):
        house.opened(f"属实 {number}", Verdict.CONFIRMED, rule="FD-16", risk=75)
    screen = io.StringIO()
    console = Console(file=screen, width=80, highlight=False)
    show(console, statistics(load(house.file), 30, datetime.now(UTC)))
    told = screen.getvalue()
    assert "…" not in told
    assert re.search(r"1\.00（0\.\d\d–1\.00）", told)
    assert "饭菜口味、排队、开放时间等日常意见" in "".join(line[:20].strip() for line in told.splitlines())
    assert "人工另立 0 起。" in told
