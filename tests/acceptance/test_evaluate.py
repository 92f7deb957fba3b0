"""`fengxin evaluate` on files that the test writes itself, against figures that it works out by itself (issue 5)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from parsel import Selector

from tests.acceptance.standing import fengxin, on_terminal, words_of

SHARED = Path(__file__).resolve().parents[3] / "shared"
DATA, PUBLISHED = SHARED / "data", SHARED / "scenarios"
WEIBO = tuple(DATA / f"{name}.csv" for name in ("weibo_bin_test", "weibo3_test"))
TWO = (
    ("太差了，失望，再也不来了", 0, "shop"),
    ("非常糟糕，退货，垃圾", 0, "shop"),
    ("非常好，很喜欢，环境优美", 1, "shop"),
    ("质量不错，满意，推荐", 1, "hotel"),
    ("服务态度恶劣，太失望了", 0, "hotel"),
    ("房间干净，舒适，下次还来", 1, "hotel"),
)
FACES = (
    ("图书馆开到十一点了[开心]", 1, 1), ("宿舍报修三天没人来，失望", 0, 1), ("食堂的面很好吃", 1, 1),
    ("这部片子太难看了[泪][泪]", 0, 0),
)  # fmt: skip
"""Text, label, whether of school life; half of them with an emoticon."""
RISK = (
    ("食堂三号窗口的红烧鱼里吃出一只苍蝇，还是没熟的", 1),
    ("活着没有意思，今晚想从楼上跳下去一了百了", 1),
    ("操场的灯亮着", 0),
    ("快递到了", 0),
)
TOLD = "晚饭在三号窗口吃的，我们寝室四个人三个一直上吐下泻，在医院挂水"
OWN = {
    "rude": "评论区的键盘侠，你们这种废物滚蛋",
    "bets": "真人百家乐在线，首充送888",
    "bets_again": "点击进入真人百家乐，好礼不断",
}
"""Posts of the school's own account that no post may be like; of the last two each bears the other out."""
ACCOUNTS = {
    "college": "海棠职业学院",
    "units": [{"key": "xcb", "name": "党委宣传部"}],
    "accounts": [{"key": "wb", "platform": "weibo", "name": "海棠职院", "unit": "党委宣传部", "main": True}],
}


def line(name: str, text: str, minute: int) -> dict[str, Any]:
    """One line of the one thread."""
    root = name == "p"
    return {
        "id": name, "kind": "post" if root else "comment", "account": "wb", "thread": "p",
        "parent": None if root else "p", "author": "school" if root else f"u-{name}", "text": text,
        "at": f"2026-03-11T12:{minute:02}:00+08:00", "likes": 1,
    }  # fmt: skip


def scenario(folder: Path, name: str, last: str, truth: dict[str, Any], first: str = "今日菜单") -> None:
    """Three lines, and what ought to come of them; the first is the school's own."""
    lines = [line("p", first, 0), line("c1", "看着不错", 1), line("c2", last, 2)]
    written = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in lines)
    (folder / f"{name}.jsonl").write_text(written, "utf-8")
    (folder / f"{name}.truth.json").write_text(json.dumps({"scenario": name} | truth), "utf-8")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two classes, a file of risk, one that nobody can judge, and two scenarios."""
    folder = tmp_path_factory.mktemp("data")
    two = "".join(f"{text},{label},{source},0\n" for text, label, source in TWO)
    (folder / "two.csv").write_text("text,label,source,campus\n" + two, "utf-8")
    faces = "".join(f"{text},{label},weibo,{campus}\n" for text, label, campus in FACES)
    (folder / "faces.csv").write_text("text,label,source,campus\n" + faces, "utf-8")
    risk = "".join(f"{text},{label},x,1,any\n" for text, label in RISK)
    (folder / "risk.csv").write_text("text,label,source,campus,categories\n" + risk, "utf-8")
    (folder / "rumour.csv").write_text("text,label,source,campus\n听说要放假,1,ced,0\n", "utf-8")
    (folder / "accounts.json").write_text(json.dumps(ACCOUNTS, ensure_ascii=False), "utf-8")
    wanted = {
        "expect": "incident", "threads": ["p"], "level_floor": 3, "level_ceiling": 1, "first_signal": "c2",
        "latest": "c2", "grave": True, "not_incident": [],
    }  # fmt: skip
    scenario(folder, "sick", TOLD, wanted)
    scenario(folder, "calm", "路过看看", {"expect": "quiet"})
    own = wanted | {"level_floor": 2, "first_signal": "p", "latest": "p", "grave": False}
    for name, said in OWN.items():
        scenario(folder, name, "路过看看", own, said)
    return folder


@pytest.fixture(scope="module")
def made(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any], Path]:
    """What the command printed, its JSON and its page."""
    out = tmp_path_factory.mktemp("out")
    written = ("--json", out / "evaluate.json", "--html", out / "evaluate.html")
    done = fengxin("evaluate", data, "--engine", "snow", "--cross-validate", *written)
    assert done.returncode == 0, done.stderr
    assert "━" not in done.stderr, "no progress bar where nobody looks"
    return done.stdout, json.loads((out / "evaluate.json").read_text("utf-8")), out / "evaluate.html"


def sheets(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in found["sheets"]}


def test_two_classes_agree_with_the_scores_of_fengxin_score(made: tuple[str, dict[str, Any], Path]) -> None:
    given = "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text, _, _ in TWO)
    scored = [json.loads(one)["snow"] for one in fengxin("score", "--jsonl", given=given).stdout.splitlines()]
    said = [int(one > 0.5) for one in scored]
    right = sum(answer == label for answer, (_, label, _) in zip(said, TWO, strict=True))
    sheet = sheets(made[1])["two.csv"]
    accuracy = sheet["figures"]["accuracy"]
    assert accuracy["value"] == pytest.approx(right / len(TWO))
    assert 0 <= accuracy["low"] <= accuracy["value"] <= accuracy["high"] <= 1
    counts = [[sum(s == a and t == b for s, (_, t, _) in zip(said, TWO, strict=True)) for a in (0, 1)] for b in (0, 1)]
    assert sheet["confusion"] == {"classes": ["负面", "正面"], "counts": counts}
    good = [score for score, (_, label, _) in zip(scored, TWO, strict=True) if label]
    bad = [score for score, (_, label, _) in zip(scored, TWO, strict=True) if not label]
    pairs = sum((one > two) + 0.5 * (one == two) for one in good for two in bad)
    assert sheet["figures"]["auc"]["value"] == pytest.approx(pairs / len(good) / len(bad))
    assert {"来源 shop", "来源 hotel"} <= {one["name"] for one in sheet["slices"]}
    assert sum(one["rows"] for one in sheet["reliability"]) == len(TWO)


def test_risk_is_what_a_monitor_would_be_shown(made: tuple[str, dict[str, Any], Path]) -> None:
    sheet = sheets(made[1])["risk.csv"]
    assert sheet["figures"]["precision"]["value"] == 1.0
    assert sheet["figures"]["recall"]["value"] == 1.0
    assert sheet["confusion"]["counts"] == [[2, 0], [0, 2]]


def test_what_it_cannot_judge_it_says(made: tuple[str, dict[str, Any], Path]) -> None:
    sheet = sheets(made[1])["rumour.csv"]
    assert (sheet["judged"], sheet["figures"]) == (False, {})
    assert "没有测评" in made[0]


def test_scenarios_are_played_plainly_and_apart(made: tuple[str, dict[str, Any], Path]) -> None:
    sheet = sheets(made[1])["场景"]
    for figures in (sheet["figures"], sheet["cross_validated"]):
        assert set(figures) >= {"recall", "grave_recall", "level_fits", "quiet_alarm", "split", "merged", "delay_lines"}
    assert sheet["figures"]["recall"]["value"] == 1.0
    assert sheet["figures"]["grave_recall"]["note"] == "1/1"
    assert sheet["figures"]["quiet_alarm"]["value"] == 0.0
    assert sheet["figures"]["delay_lines"]["value"] == 0.0
    by_name = {one["scenario"]: one for one in sheet["scenarios"]}
    assert set(by_name) == {"sick", "calm", *OWN}
    lines = ("今日菜单", "看着不错", TOLD)
    for term in by_name["sick"]["left_out"]:
        assert any(all(part in text for part in term.split("…")) for text in lines), "a word of this scenario"
    assert "逐个留出" in made[0]


def test_what_only_the_judged_scenario_bears_out_does_not_judge_it(made: tuple[str, dict[str, Any], Path]) -> None:
    sheet = sheets(made[1])["场景"]
    by_name = {one["scenario"]: one for one in sheet["scenarios"]}
    rude = by_name["rude"]
    assert (rude["plain"], rude["apart"], rude["changed"]) == ("及时 1/1，当条即立", "及时 0/1", True)
    assert rude["rules"] == sorted({anchor.split()[0] for anchor in rude["anchors"]}) != []
    assert all(anchor.split()[1] in OWN["rude"] for anchor in rude["anchors"])
    for name in ("bets", "bets_again"):
        assert not by_name[name]["changed"], by_name[name]
        assert by_name[name]["apart"] == by_name[name]["plain"] == "及时 1/1，当条即立"
        assert by_name[name]["rules"] == []
    found = sum(one["plain"].startswith("及时 1/1") for one in by_name.values())
    apart = sum(one["apart"].startswith("及时 1/1") for one in by_name.values())
    assert sheet["figures"]["recall"]["note"].startswith(f"{found}/4")
    assert sheet["cross_validated"]["recall"]["note"].startswith(f"{apart}/4")
    changed = [one["scenario"] for one in by_name.values() if one["changed"]]
    assert f"结果因此不同的 {len(changed)} 个：{'、'.join(changed)}" in made[0]
    rows = table(shown(made[2].read_text("utf-8"), "场景"), "逐个场景")
    assert [(cells[0], cells[4]) for cells in rows if cells[0] == "rude"] == [("rude", " ".join(rude["rules"]))]


def test_the_same_data_give_the_same_figures_and_on_a_terminal_a_bar_tells_how_far_it_is(
    data: Path, made: tuple[str, dict[str, Any], Path], tmp_path: Path
) -> None:
    again = tmp_path / "again.json"
    done = on_terminal("evaluate", data / "two.csv", "--engine", "snow", "--json", again)
    assert done.returncode == 0, done.stderr
    assert re.search(r"文本.*━.*\d+%", done.stderr), done.stderr
    assert "━" not in done.stdout
    first, second = sheets(made[1])["two.csv"], sheets(json.loads(again.read_text("utf-8")))["two.csv"]
    first["figures"].pop("per_second"), second["figures"].pop("per_second")
    assert (first["figures"], first["slices"]) == (second["figures"], second["slices"])


def test_the_page_stands_alone(made: tuple[str, dict[str, Any], Path]) -> None:
    text = made[2].read_text("utf-8")
    assert not re.findall(r"""(?:src|href)=["'](?!#|data:,)""", text.replace("xlink:href", ""))
    for name in ("two.csv", "risk.csv", "rumour.csv", "场景", "混淆表", "校准"):
        assert name in text


def shown(page: str, name: str) -> Selector:
    """The part of the page about one file."""
    return next(one for one in Selector(page).css("section") if (one.css("h2::text").get() or "").strip() == name)


def table(part: Selector, heading: str) -> list[list[str]]:
    """The rows of the table below this heading."""
    found = part.xpath(f"./h3[.='{heading}']/following-sibling::div[1]//tbody/tr")
    return [[words_of(cell) for cell in row.css("th, td")] for row in found]


def test_the_page_shows_reliability_confusion_slices_and_the_plot(made: tuple[str, dict[str, Any], Path]) -> None:
    page = made[2].read_text("utf-8")
    for name in ("two.csv", "faces.csv"):
        sheet, part = sheets(made[1])[name], shown(page, name)
        counts = {cells[0]: [int(cell) for cell in cells[1:]] for cells in table(part, "混淆表")}
        assert counts == dict(zip(("负面", "正面"), sheet["confusion"]["counts"], strict=True))
        reliable = table(part, "可靠性")
        assert sum(int(cells[1]) for cells in reliable) == sheet["rows"]
        assert len(reliable) == len(sheet["reliability"])
        slices = {cells[0]: int(cells[1]) for cells in table(part, "分项")}
        assert slices == {one["name"]: one["rows"] for one in sheet["slices"]}
        plot = part.css("figure:first-child")
        assert "校准：点在虚线上，说的就是真的" in words_of(plot.css("figcaption")[0])
        assert len(plot.xpath(".//*[local-name()='svg']")) == 1
        marks = plot.xpath(".//*[@aria-roledescription='point' or @aria-roledescription='circle']")
        assert len(marks) == len(sheet["reliability"]), "a point for each line of the table"


def test_slices_by_source_campus_and_emoticons_are_told_apart(made: tuple[str, dict[str, Any], Path]) -> None:
    slices = {one["name"]: one for one in sheets(made[1])["faces.csv"]["slices"]}
    with_faces = sum("[" in text for text, _, _ in FACES)
    assert slices["全部，去掉表情"]["rows"] == len(FACES)
    assert slices["有表情的，照原文"]["rows"] == slices["有表情的，去掉表情"]["rows"] == with_faces
    assert slices["谈到校园生活"]["rows"] == sum(campus for _, _, campus in FACES)
    for name in ("来源 shop", "来源 hotel"):
        assert sum(one["name"] == name for one in sheets(made[1])["two.csv"]["slices"]) == 1


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "text,label\n好,1\n差,坏\n", "第 3 行的标签“坏”无法识别"),
        ("b.csv", "text,source\n好,x\n", "缺少列：label"),
        ("c.txt", "好", "没有可测评的数据"),
        ("d.jsonl", "{}", "d.jsonl 第 1 行 id：缺少这一项，请补上"),
    ],
)
def test_a_bad_file_is_refused_by_place_and_cure(tmp_path: Path, name: str, content: str, said: str) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    done = fengxin("evaluate", tmp_path / name)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_path_an_unknown_engine_and_a_place_that_cannot_be_written_are_said(data: Path) -> None:
    for arguments, said in (
        (("nowhere",), "没有这个文件或目录"),
        ((data / "two.csv", "--engine", "oracle"), "没有名为“oracle”的情感引擎"),
        ((data / "two.csv", "--engine", "snow", "--html", data / "no" / "page.html"), "写不了"),
    ):
        done = fengxin("evaluate", *arguments)
        assert done.returncode == 1, done.stdout
        assert said in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.long
@pytest.mark.skipif(not PUBLISHED.exists(), reason="the shared scenarios do not stand beside the checkout")
def test_the_published_scenarios_keep_every_bar(tmp_path: Path) -> None:
    out = tmp_path / "scenarios.json"
    done = fengxin("evaluate", PUBLISHED, "--json", out, most=900)
    assert done.returncode == 0, done.stderr
    sheet = sheets(json.loads(out.read_text("utf-8")))["场景"]
    said = {name: one["note"].split("，") for name, one in sheet["figures"].items()}
    figures = {name: one["value"] for name, one in sheet["figures"].items()}
    truths = [json.loads(one.read_text("utf-8")) for one in PUBLISHED.glob("*.truth.json")]
    wanted = [matter for one in truths if one["expect"] == "incident" for matter in (one, *one.get("also", ()))]
    grave = sum(matter["grave"] for matter in wanted)
    assert sheet["rows"] == len(truths)
    assert said["grave_recall"] == [f"{grave}/{grave}"], "each grave one was opened"
    assert figures["recall"] >= 0.9
    assert said["recall"][0].endswith(f"/{len(wanted)}"), "none is left out"
    assert figures["level_fits"] >= 0.85
    assert (figures["quiet_alarm"], said["quiet_alarm"][1]) == (0.0, "误立 0 件")
    assert figures["split"] + figures["merged"] <= 2
    assert figures["delay_lines"] <= 5


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.skipif(not all(one.exists() for one in WEIBO), reason="the shared data do not stand beside the checkout")
def test_an_ordinary_week_of_a_thousand_comments_a_day_keeps_the_alert_budget(tmp_path: Path) -> None:
    out = tmp_path / "week.json"
    done = fengxin("evaluate", *WEIBO, "--week", "--json", out, most=900)
    assert done.returncode == 0, done.stderr
    found = json.loads(out.read_text("utf-8"))
    assert (found["comments"], len(found["shifts"])) == (7000, 14)
    assert sum(found["shifts"]) == len(found["alarms"])
    assert max(found["shifts"]) <= 1, done.stdout
    assert "寻常评论 7000 条" in done.stdout
    assert done.stdout.count("触发：") == len(found["alarms"])
