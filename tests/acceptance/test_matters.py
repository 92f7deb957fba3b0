"""Issue 5: what is one matter and what is none: slow build, three platforms, two matters under one post, a wave of
congratulation, what many paste. All are scenarios that the test writes itself, played by one `fengxin rehearse`."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.acceptance.standing import fengxin

pytestmark = pytest.mark.long
ACCOUNTS: dict[str, Any] = {
    "college": "海棠职业学院",
    "short": ["海棠职院"],
    "units": [{"key": "xcb", "name": "党委宣传部"}, {"key": "hq", "name": "后勤处"}],
    "accounts": [
        {"key": "wb", "platform": "weibo", "name": "海棠职院", "unit": "党委宣传部", "main": True},
        {"key": "dy", "platform": "douyin", "name": "海棠职院", "unit": "党委宣传部", "main": True},
        {"key": "bl", "platform": "bilibili", "name": "海棠职院", "unit": "党委宣传部", "main": True},
        {"key": "wx", "platform": "wechat", "name": "海棠后勤", "unit": "后勤处", "main": False},
    ],
}
MORNING = datetime(2026, 3, 9, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
IDLE = ("路过看看", "今天的云好看", "桂花开了", "有人一起跑步吗", "这张照片真好", "想家了", "快递到了", "周末要下雨")

SLOW = (
    "六号楼的洗衣机坏了，报修没人来", "六号楼三台洗衣机坏了两台，没人修", "六号楼洗衣机还没修好，报修两次了",
    "六号楼洗衣机到底什么时候修", "六号楼的洗衣机又坏了，报修没人来", "六号楼洗衣机坏了十天了，没人修",
)  # fmt: skip
"""One complaint by six people, two days apart: never a busy hour."""
BEATEN = (
    ("wb", "南门保安把一个男生打了，额头上都是血"),
    ("dy", "谁拍到了，南门的保安动手打学生，人送医院缝针了"),
    ("bl", "南门保安打人，学生满脸是血，旁边的人都在喊"),
)
FIRE, SICK = "五号楼着火了，浓烟从窗户往外冒，快打119", "在二食堂吃了凉面，我们寝室四个人上吐下泻，两个在医院挂水"
JOY = (
    "恭喜恭喜！！", "太厉害了，冠军！", "哭了，三年没白练", "吓死我了，最后一秒反超", "炸了炸了，全楼都在喊",
    "海棠职院牛！", "祝贺师兄师姐", "为学校骄傲", "我疯了，我室友是主力", "今晚不睡了，太激动",
    "教练辛苦了", "沾沾喜气，保佑我过四级",
)  # fmt: skip
TIMES = 3
"""So often the congratulations are said, each time by others."""
VOICES = (
    "三号窗口的米饭里有虫子", "青菜里吃出一条虫子", "昨天的鱼也没熟，都是血水", "鸡腿骨头里有血水", "面里吃出虫子",
)  # fmt: skip
PLEA = "教工食堂的饭卡必须绑定手机套餐才能充值，希望学校取消这个规定"
FEW = 2
SIGNS = ("", "。", "！", "（转）", "……")


@dataclass(frozen=True)
class Said:
    """A comment: how long after the first post, under which account's post, and its words."""

    after: timedelta
    text: str
    account: str = "wx"


def minutes(texts: Sequence[str], apart: float, since: float = 0.0, account: str = "wx") -> list[Said]:
    """One after the other, so many minutes apart."""
    return [Said(timedelta(minutes=since + no * apart), text, account) for no, text in enumerate(texts, 1)]


def pasted(times: int) -> list[Said]:
    """The same words so many times, with the small changes that copies have."""
    return minutes([f"{PLEA}{SIGNS[no % len(SIGNS)]}" for no in range(times)], 6)


def joy() -> list[Said]:
    """Everybody congratulates, within forty minutes."""
    return minutes([f"{text}{'！' * no}" for no in range(TIMES) for text in JOY], 1)


COURSES: dict[str, list[Said]] = {
    "slow": [*minutes(SLOW, 2 * 24 * 60), *minutes(IDLE, 31 * 60, 77)],
    "once": [*minutes(SLOW[:1], 2 * 24 * 60), *minutes(IDLE, 31 * 60, 77)],
    "platforms": [
        *minutes(IDLE, 3),
        *(one for no, (account, text) in enumerate(BEATEN) for one in minutes([text], 1, 40 + 9 * no, account)),
    ],
    "two": minutes([*IDLE[:3], FIRE, *IDLE[3:], SICK], 4),
    "joy": joy(),
    "sour": [*joy(), *minutes(VOICES, 1, 37)],
    "wave": pasted(24),
    "few": pasted(FEW),
}


def written(folder: Path, name: str, said: Sequence[Said]) -> None:
    """The scenario: a post of each account, and what is said below, each by somebody else, in order of time."""
    posts = [
        {"id": f"p-{account}", "kind": "post", "account": account, "thread": f"p-{account}", "parent": None,
         "author": "school", "text": text, "at": (MORNING - timedelta(minutes=10 + no)).isoformat(), "likes": 1}
        for no, (account, text) in enumerate({
            "wx": "校园随拍", "bl": "一分钟看校园", "dy": "春天到了", "wb": "早安，海棠职院",
        }.items())
    ]  # fmt: skip
    comments = [
        {"id": f"c{no}", "kind": "comment", "account": one.account, "thread": f"p-{one.account}", "parent": None,
         "author": f"u{no}", "text": one.text, "at": (MORNING + one.after).isoformat(), "likes": 1}
        for no, one in enumerate(sorted(said, key=lambda one: one.after))
    ]  # fmt: skip
    lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in (*reversed(posts), *comments))
    (folder / f"{name}.jsonl").write_text(lines, "utf-8")


@dataclass(frozen=True)
class Played:
    """What the rehearsal printed of a scenario, and the incidents that it opened, as it writes them for programs."""

    told: str
    opened: tuple[dict[str, Any], ...]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Played]:
    """Every scenario, by one command."""
    folder, out = tmp_path_factory.mktemp("matters"), tmp_path_factory.mktemp("out") / "opened.jsonl"
    (folder / "accounts.json").write_text(json.dumps(ACCOUNTS, ensure_ascii=False), "utf-8")
    for name, said in COURSES.items():
        written(folder, name, said)
    done = fengxin("rehearse", folder, "--pack", "JY", "--out", out)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    parts = re.split(r"(?m)^【演练】(?=\w+：\d+ 条，)", done.stdout)[1:]
    told = {one.partition("：")[0]: one.partition("会通知谁")[0] for one in parts}
    assert set(told) == set(COURSES), done.stdout
    return {name: Played(text, tuple(row for row in rows if row["scenario"] == name)) for name, text in told.items()}


def opened_by(one: Played, name: str) -> list[str]:
    """The words of the lines at which its incidents opened."""
    words = {f"c{no}": said.text for no, said in enumerate(sorted(COURSES[name], key=lambda said: said.after))}
    return [words[row["opened_at_id"]] for row in one.opened]


def test_ten_days_of_the_same_complaint_add_up_to_one_incident(played: dict[str, Played]) -> None:
    assert played["once"].opened == (), "one complaint by itself is none"
    (said,) = opened_by(played["slow"], "slow")
    assert said in SLOW[2:], "it opened while people still said it, and not at once"
    assert re.search(r"[3-6] 人说到“[^”]*”（10 天内，规则 [A-Z]+-\d+", played["slow"].told), played["slow"].told
    assert "涌量" not in played["slow"].told


def test_one_matter_on_three_platforms_is_one_incident(played: dict[str, Played]) -> None:
    (one,) = played["platforms"].opened
    assert opened_by(played["platforms"], "platforms") == [BEATEN[0][1]], "on the first line"
    assert {*one["threads"]} == {f"p-{account}" for account, _ in BEATEN}
    assert len(one["members"]) == len(BEATEN)


def test_two_matters_under_one_post_are_two_incidents(played: dict[str, Played]) -> None:
    assert opened_by(played["two"], "two") == [FIRE, SICK]
    first, second = played["two"].opened
    assert first["threads"] == second["threads"] == ["p-wx"]
    assert not {*first["members"]} & {*second["members"]}


def test_a_wave_of_congratulation_is_a_surge_and_no_incident(played: dict[str, Played]) -> None:
    assert played["joy"].opened == (), played["joy"].told
    surge = r"涌量 \d+%：本账号近一小时 (\d+) 条，平常 \d+ 时约 [\d.]+ 条，为 ([\d.]+) 倍"
    found = re.search(surge, played["sour"].told)
    assert found is not None, "the same wave is a surge, as a complaint in the midst of it shows"
    assert int(found[1]) > TIMES * len(JOY)
    assert float(found[2]) > 6
    assert opened_by(played["sour"], "sour")[0] in VOICES


def test_a_wave_opens_one_incident_and_says_how_many_pasted_it(played: dict[str, Played]) -> None:
    (_,) = played["wave"].opened
    said = played["wave"].told
    found = re.search(r"(\d+) 人说到“[^”]+”（10 天内，规则 [A-Z]+-\d+）；同一段话 (\d+) 人转贴，按一条计", said)
    assert found is not None, said
    assert found[1] == found[2]
    assert int(found[2]) > FEW, "fewer do not open it"
    assert re.search(r"复制扩散 \d+%：\d+ 人发了几乎相同的话，人数每翻一番按多一条计", said)


def test_a_few_copies_open_nothing(played: dict[str, Played]) -> None:
    assert played["few"].opened == ()
    assert "未立事件" in played["few"].told
