"""The command line as an operator meets it (issue 3, "At the end" and "Bad input")."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from openpyxl import load_workbook

from tests.acceptance.school import shipped_pack
from tests.acceptance.standing import FENGXIN, Standing, eventually, fengxin, free_ports, on_terminal, surroundings

HERE = Path(__file__).resolve().parent
SCENARIOS = HERE / "scenarios"
SHARED = HERE.parents[2] / "shared" / "scenarios"
FIELDS = {"polarity", "p_negative", "p_positive", "unsure", "p_abuse", "p_concern", "snow", "rules", "reasons", "risk"}
FIELDS |= {"because"}
COMMANDS = (
    *("init", "check", "migrate", "run", "demo", "score"),
    *("rehearse", "reindex", "enter", "user", "audit", "trial"),
)

WRONG: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "账号": (
        {"平台": "微薄", "账号名称": "某学院", "主办单位": "不存在的单位", "起始时间": "昨天", "采集方式": "爬虫"},
        {
            "平台": "“微薄”，可写：", "平台内编号": "缺少这一项，请补上", "主办单位": "没有“不存在的单位”",
            "起始时间": "昨天", "采集方式": "“爬虫”，可写：",
        },
    ),
    "人员": ({"工号": "2016001", "姓名": "张三", "邮箱": "not-an-address"}, {"邮箱": "“not-an-address”不是邮箱地址"}),
    "任职": ({"角色": "主管校领导", "工号": "9999999"}, {"工号": "没有工号“9999999”"}),
}  # fmt: skip
"""Of each sheet of the accounts file a row, and what is wrong in which of its columns."""


def chinese(text: str) -> bool:
    """Whether there is Chinese in it."""
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


def refused(*arguments: object) -> str:
    """What a command says that must end with 1, in Chinese and without a traceback."""
    done = fengxin(*arguments)
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert "Traceback" not in said
    assert chinese(said)
    return said


@pytest.fixture(scope="module")
def demo_settings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's settings with a store, never started."""
    folder = tmp_path_factory.mktemp("settings")
    assert fengxin("init", folder, "--demo", "--port", free_ports()).returncode == 0
    assert fengxin("migrate", "--settings", folder / "fengxin.toml").returncode == 0
    return folder / "fengxin.toml"


@pytest.fixture
def settings(demo_settings: Path, tmp_path: Path) -> Path:
    """A copy of the demo's settings that a test may spoil."""
    shutil.copytree(demo_settings.parent, tmp_path / "copy")
    return tmp_path / "copy" / "fengxin.toml"


def spoil(path: Path, old: str, new: str) -> None:
    """Change one place of a file that must be there."""
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_init_writes_commented_settings_and_never_overwrites_them(tmp_path: Path) -> None:
    done = fengxin("init", tmp_path / "school")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "school" / "fengxin.toml").read_text("utf-8")
    comments = [line for line in text.splitlines() if line.startswith("#")]
    assert len(comments) > 20
    assert all(chinese(line) or "=" in line or "[" in line for line in comments if line != "#")
    book = load_workbook(tmp_path / "school/accounts.xlsx")
    assert {"单位", "账号", "人员", "任职", "管理员", "值班"} < set(book.sheetnames)
    guide = [[str(cell or "") for cell in row] for row in book["填写说明"].iter_rows(values_only=True)]
    for sheet in book.worksheets[:-1]:
        for cell in sheet[1]:
            (told,) = [row for row in guide if row[:2] == [sheet.title, str(cell.value).rstrip("*")]]
            assert told[2] == ("必填" if str(cell.value).endswith("*") else "选填")
            assert chinese(told[3]), told
    roles = {row[2]: row[3] for row in guide if row[1] == "可写的角色"}
    assert "主管校领导；学校相关领导；单位领导；党委宣传部" in roles["规程包 JY"]
    before = text
    assert "已经存在，未作任何改动" in refused("init", tmp_path / "school")
    assert (tmp_path / "school" / "fengxin.toml").read_text("utf-8") == before


def test_check_says_what_a_new_school_still_lacks_with_line_and_cure(tmp_path: Path) -> None:
    fengxin("init", tmp_path)
    said = refused("check", "--settings", tmp_path / "fengxin.toml")
    assert "fengxin.toml 第 " in said
    for key, cure in (("school.name", "请改成本校的"), ("public_url", "请"), ("mail", "请至少填写 [mail]")):
        assert any(key in line and cure in line for line in said.splitlines()), (key, said)


def test_check_is_content_with_the_settings_of_the_demo(demo_settings: Path) -> None:
    done = fengxin("check", "--settings", demo_settings)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "可以运行。" in done.stdout
    assert "✘" not in done.stdout


def test_check_names_the_office_that_nobody_holds(settings: Path) -> None:
    spoil(settings, '[[offices]]\nrole = "主管校领导"\nperson = "P01"\n', "")
    said = refused("check", "--settings", settings)
    assert "没有人担任主管校领导" in said
    assert "请在“任职”表填写" in said


def test_score_gives_every_promised_field_for_one_text() -> None:
    done = fengxin("score", "我们寝室四个人在二食堂吃完饭食物中毒，都送医院了")
    answer = json.loads(done.stdout)
    assert set(answer) == FIELDS
    assert answer["rules"]
    assert answer["risk"] >= 60
    assert sum(one["share"] for one in answer["reasons"]) == 100


def test_score_takes_odd_lines_of_jsonl_and_answers_each() -> None:
    megabyte = "二食堂的饭难吃得要命" * 35_000
    odd = ["", "😀😀🎉", "\ud83d二食堂食物中毒送医院了", megabyte, "\u200b\u202e", "今天天气很好，学校真美"]
    lines = "".join(json.dumps({"text": one}) + "\n" for one in odd)
    assert "\\ud83d" in lines
    assert len(megabyte.encode()) > 1_000_000
    done = fengxin("score", "--jsonl", given=lines)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(odd)
    for one in answers:
        assert set(one) == FIELDS
        assert one["polarity"] in {"negative", "neutral", "positive"}
        assert 0 <= one["p_negative"] <= 1
        assert 0 <= one["risk"] <= 100
    assert answers[0]["polarity"] == answers[1]["polarity"] == "neutral"
    assert answers[3]["polarity"] == "negative"
    assert answers[5]["polarity"] == "positive"


def test_score_names_the_line_that_is_no_object_with_text() -> None:
    done = fengxin("score", "--jsonl", given='{"text": "好"}\n{"words": "坏"}\n')
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 1
    assert "第 2 行" in done.stderr


def test_rehearse_tells_whom_when_and_by_which_article_and_sends_nothing(tmp_path: Path) -> None:
    out = tmp_path / "opened.jsonl"
    done = fengxin("rehearse", SCENARIOS, "--pack", "JY", "--out", out, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    headed = [line for line in lines if "：" in line and ("立事件" in line or "会通知谁" in line)]
    assert len(headed) == 2
    assert all(line.startswith("【演练】") for line in headed)
    assert "【演练】会通知谁" in done.stdout
    assert "未向外发送" in done.stdout
    told = [line for line in lines if "首报" in line]
    for office, article in (("主管校领导", "第十三条"), ("宣传部", "第十四条"), ("单位领导", "第十四条")):
        assert any(office in line and article in line and "03-11 17:32" in line for line in told), (office, told)
    assert any("催签" in line for line in lines), "silence is shown, too"
    rung = [line for line in lines if "电话通知" in line]
    assert all(any(office in line for line in rung) for office in ("主管校领导", "宣传部", "单位领导")), rung
    assert all("由值班员拨打并登记" in line for line in rung)
    assert lines[0].startswith("【演练】规程包 JY：江阴职业技术学院")
    assert "--pack" in lines[1]
    assert "neutral" in lines[1]
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [one["scenario"] for one in rows] == ["gas"]
    assert set(rows[0]) >= {"scenario", "threads", "members", "level", "opened_at_id"}
    assert rows[0]["opened_at_id"] == "c3"
    assert rows[0]["threads"] == ["p1"]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["opened.jsonl"], "it leaves nothing behind"


def test_rehearse_names_file_line_field_and_cure_of_a_bad_scenario(tmp_path: Path) -> None:
    shutil.copy(SCENARIOS / "accounts.json", tmp_path)
    rows = (SCENARIOS / "gas.jsonl").read_text("utf-8").splitlines()
    (tmp_path / "bad.jsonl").write_text("\n".join([rows[0], rows[1].replace('"kind": "comment", ', "")]), "utf-8")
    said = refused("rehearse", tmp_path)
    assert "bad.jsonl" in said
    assert "第 2 行" in said
    assert "kind" in said


@pytest.mark.skipif(not (SHARED / "score.py").exists(), reason="the shared scenarios do not stand beside the checkout")
def test_every_grave_line_of_the_shared_scenarios_is_found(tmp_path: Path) -> None:
    truths = [path for path in SHARED.glob("*.truth.json") if json.loads(path.read_text("utf-8")).get("grave")]
    assert len(truths) >= 5
    for truth in truths:
        shutil.copy(truth, tmp_path)
        shutil.copy(truth.with_name(truth.name.replace(".truth.json", ".jsonl")), tmp_path)
    shutil.copy(SHARED / "accounts.json", tmp_path)
    out = tmp_path / "out" / "opened.jsonl"
    out.parent.mkdir()
    done = fengxin("rehearse", tmp_path, "--out", out)
    assert done.returncode == 0, done.stderr
    judge = [sys.executable, str(SHARED / "score.py"), str(tmp_path), str(out)]
    figures = subprocess.run(judge, capture_output=True, text=True, check=True).stdout
    grave = next(line for line in figures.splitlines() if "grave recall" in line)
    found, wanted = re.findall(r"\d+", grave)[-2:]
    assert (found, wanted) == (str(len(truths)), str(len(truths))), figures


def test_reindex_and_audit_verify_work_beside_the_running_service(demo: Standing) -> None:
    file = demo.data / "fengxin.toml"
    desk = demo.signed_in("zheng.wanzhou")
    eventually("something to find", lambda: desk.found("暖冬套餐"), 60)
    done = fengxin("reindex", "--settings", file)
    assert done.returncode == 0, done.stderr
    assert "已重建检索，共 " in done.stdout
    assert "重建检索" not in done.stderr, "no bar where nobody looks on"
    seen = on_terminal("reindex", "--settings", file)
    assert seen.returncode == 0, seen.stderr
    assert re.search(r"重建检索.*\d+%", seen.stderr), seen.stderr
    assert desk.found("暖冬套餐")
    mails = demo.mails()
    assert len({one.message_id for one in mails}) == len(mails), "a rebuilt search tells nobody anything again"
    verified = fengxin("audit", "verify", "--settings", file)
    assert verified.returncode == 0, verified.stderr
    assert "审计记录完整" in verified.stdout


def test_trial_ends_by_an_administrator_only(school: Standing) -> None:
    said = refused("trial", "end", "--person", "P05", "--settings", school.command[-1])
    assert "不是系统管理员" in said
    assert "许明德（P09）" in said


@pytest.mark.parametrize(
    ("old", "new", "sentences"),
    [
        ("[web]\n", "[web]\nprot = 1\n", ("fengxin.toml 第 ", "web.prot", "port")),
        ("port = ", "port = 七", ("fengxin.toml 第 ",)),
        ('pack = "JY"', 'pack = "XX"', ("school.pack", "JY", "neutral")),
        ('key_file = "secrets/web.key"', 'key_file = "secrets/gone.key"', ("web.key_file", "gone.key")),
    ],
)
def test_a_wrong_setting_is_a_sentence_with_its_place(
    settings: Path, old: str, new: str, sentences: tuple[str, ...]
) -> None:
    spoil(settings, old, new)
    for command in ("check", "run"):
        said = refused(command, "--settings", settings)
        for sentence in sentences:
            assert sentence in said


def test_a_broken_policy_file_is_named_with_line_and_field(settings: Path) -> None:
    pack = settings.parent / "own"
    shutil.copytree(shipped_pack("JY"), pack)
    spoil(pack / "rules.toml", 'article = "第十三条"', 'article = "第九十九条"')
    spoil(settings, 'pack = "JY"', 'pack = "own"')
    said = refused("check", "--settings", settings)
    assert "own/rules.toml 第 " in said
    assert "第九十九条" in said


def test_a_pack_for_acceptance_does_not_start_where_anybody_outside_is_reached(settings: Path) -> None:
    pack = settings.parent / "own"
    shutil.copytree(shipped_pack("JY"), pack)
    spoil(settings, 'pack = "JY"', 'pack = "own"')
    spoil(pack / "pack.toml", 'watch = { after = "14d"', 'watch = { after = "9s"')
    told = refused("run", "--settings", settings)
    assert re.search(
        r"own/pack\.toml 第 \d+ 行，level\[1\]\.watch：复燃观察期 9 秒太短，不得短于 14 天，请改为 14d", told
    )
    spoil(pack / "pack.toml", "code =", 'purpose = "仅供验收"\ncode =')
    assert fengxin("check", "--settings", settings).returncode == 0
    spoil(settings, 'host = "127.0.0.1"\n', 'host = "0.0.0.0"\n')
    told = refused("run", "--settings", settings)
    assert "写明“仅供验收”，时限短于学校可用的，只能在本机沙盒里运行；现在的设置的 web.host 不在本机" in told


def test_a_broken_rule_file_is_named_and_the_other_checks_go_on(settings: Path, tmp_path: Path) -> None:
    ask = "import importlib.util as u; print(u.find_spec('stream').submodule_search_locations[0])"
    place = Path(subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True).stdout.strip()).parent
    for room in ("sentiment", "stream", "crawlers", "escalation", "deploy"):
        shutil.copytree(place / room, tmp_path / "copied" / room)
    spoil(tmp_path / "copied/stream/rules/canteen.toml", "title = ", "titel = ")
    done = subprocess.run(
        [FENGXIN, "check", "--settings", str(settings)], capture_output=True, timeout=60,
        env=surroundings() | {"PYTHONPATH": str(tmp_path / "copied")},
    )  # fmt: skip
    said = done.stdout.decode() + done.stderr.decode()
    assert done.returncode == 1, said
    assert "canteen.toml" in said
    assert "titel" in said
    assert "✔ 人员" in said
    assert "Traceback" not in said


def test_wrong_rows_of_the_accounts_file_are_all_named_by_sheet_row_and_column(settings: Path) -> None:
    fengxin("init", settings.parent / "fresh")
    file = settings.parent / "accounts.xlsx"
    shutil.move(settings.parent / "fresh" / "accounts.xlsx", file)
    book = load_workbook(file)
    named: set[tuple[str, int, str, str]] = set()
    for sheet, (row, words) in WRONG.items():
        heads = [str(cell.value).rstrip("*") for cell in book[sheet][1]]
        book[sheet].append([row.get(head, "") for head in heads])
        named |= {(sheet, book[sheet].max_row, column, word) for column, word in words.items()}
    book.save(file)
    text = settings.read_text("utf-8")
    text = f'accounts_file = "accounts.xlsx"\n{text[: text.index("[[units]]")]}'
    settings.write_text(text, "utf-8")
    said = refused("check", "--settings", settings)
    lines = re.findall(r"accounts\.xlsx 工作表“(.+?)” 第 (\d+) 行，“(.+?)”列：(.+)", said)
    assert len(lines) == len(named), said
    told = {(sheet, int(row), column) for sheet, row, column, _ in lines}
    assert told == {(sheet, row, column) for sheet, row, column, _ in named}
    for sheet, _, column, word in named:
        assert any(word in text for one, _, head, text in lines if (one, head) == (sheet, column)), (column, said)
    assert f"共 {len(named)} 处" in said


@pytest.mark.parametrize("command", ["", *COMMANDS, "audit verify", "trial end"])
def test_help_is_in_chinese(command: str) -> None:
    done = fengxin(*command.split(), "--help")
    assert done.returncode == 0
    assert done.stdout.startswith("用法：")
    told = [line for line in done.stdout.splitlines() if line.startswith("  ") and line.strip()]
    assert all(map(chinese, told)), done.stdout
    headings = [line for line in done.stdout.splitlines()[1:] if line and not line.startswith(" ")]
    assert {"选项："} <= set(headings) <= {"选项：", "参数：", "命令："}, headings
    for english in (
        "Usage",
        "OPTIONS",
        "ARGS",
        "COMMAND",
        "Show this message",
        "required",
        "default:",
        "<str>",
        "<path>",
    ):
        assert english not in done.stdout, done.stdout


def test_the_command_stands_in_the_environment() -> None:
    assert os.access(FENGXIN, os.X_OK), f"install first: {FENGXIN} is missing"
