"""`fengxin policy` as an operator meets it (issue 4, "Policy packs" and Show 2): the installed command only."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
import unicodedata
from pathlib import Path

import pytest

from tests.acceptance.standing import fengxin

ROOT = Path(__file__).resolve().parents[2]
PACKS = sorted(one.parent for one in (ROOT / "escalation" / "policies").glob("*/pack.toml"))
SCENARIOS = Path(__file__).with_name("scenarios")
SCHOOLS = ("JY", "LG", "NX", "TF", "ZG")
TRIGGERS = 35
KEYS = {"school", "trigger", "recipients", "deadline", "duties", "silent"}
named = pytest.mark.parametrize("code", [one.name for one in PACKS])
CLOSING = set("，。；：、！？）》”’】")


def said(*arguments: object, columns: int = 0) -> str:
    """What a command answers that must succeed."""
    done = fengxin("policy", *arguments, columns=columns)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def refused(*arguments: object) -> str:
    """What a command says that must end with 1, without a traceback."""
    done = fengxin("policy", *arguments)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def cells(line: str) -> int:
    """Columns of a terminal; a Chinese character takes two."""
    return sum(0 if unicodedata.combining(one) else 1 + (unicodedata.east_asian_width(one) in "WF") for one in line)


def test_the_packs_of_the_five_schools_and_two_neutral_ones_are_listed() -> None:
    lines = said("list").splitlines()
    assert lines[0].split() == ["代号", "学校", "日期", "条文", "规则", "级别", "不执行", "版本"]
    rows = [line.split() for line in lines[1:] if line.strip() and not line.startswith(" ")]
    assert {row[0] for row in rows} == {*SCHOOLS, "neutral", "neutral3"}
    levels = {row[0]: row[-3] for row in rows}
    assert (levels["neutral"], levels["neutral3"]) == ("4", "3"), "a neutral pack of four levels and one of three"
    row = next(line for line in lines if line.startswith("JY"))
    assert row.split()[1:4] == ["江阴职业技术学院", "2016-09-01", "21"]


def test_a_damaging_comment_at_jiangyin_is_told_to_exactly_those_whom_13_and_14_name() -> None:
    told = json.loads(said("who", "JY", "--trigger", "damaging_comment", "--json"))
    assert set(told) >= KEYS
    assert {(one["office"], one["article"]) for one in told["recipients"]} == {
        ("主管校领导", "第十三条"),
        ("宣传部", "第十三条"),
        ("单位领导", "第十四条"),
        ("党委宣传部", "第十四条"),
    }
    assert told["deadline"] | {"value": None, "words": "及时", "source": "rule"} == told["deadline"]
    assert {duty["article"] for duty in told["duties"]} == {"第十三条", "第十四条"}
    assert told["silent"] is False


def test_the_page_says_who_by_which_words_by_when_and_with_which_receipt() -> None:
    page = said("who", "JY", "--trigger", "评论有损学校声誉")
    for words in (
        "1. 主管校领导",
        "宣传部／党委宣传部",
        "依据：第四章第十三条",
        "要及时向主管校领导和宣传部汇报",
        "期限：及时（第十三条、第十四条）",
        "签收：本人签收，5 分钟内（系统默认，非校规）",
        "【与平台沟通】",
    ):
        assert words in page
    assert page.index("条文点名的告知对象") < page.index("单位领导") < page.index("系统默认还告知（非校规）")


def test_what_a_document_does_not_say_is_silent_and_not_filled_from_another() -> None:
    told = json.loads(said("who", "TF", "--trigger", "major_event_or_urgent", "--json"))
    assert (told["silent"], told["recipients"], told["duties"]) == (True, [], [])
    assert told["deadline"]["source"] == "none"


def test_what_was_read_into_a_clause_is_marked_and_each_article_stands_under_its_chapter() -> None:
    told = json.loads(said("who", "NX", "--trigger", "illegal_comment", "--json"))
    (one,) = told["recipients"]
    assert set(one) >= {"office", "role", "chapter", "article", "quote", "inferred"}
    assert (one["office"], one["role"], one["article"], one["inferred"]) == (
        "党委宣传部", "publicity", "第十八条", True,
    )  # fmt: skip
    assert "党委宣传部" in one["quote"]
    assert all(set(duty) >= {"what", "article", "quote"} for duty in told["duties"])
    assert "（推断）" in said("who", "NX", "--trigger", "illegal_comment")
    plain = json.loads(said("who", "JY", "--trigger", "damaging_comment", "--json"))
    assert {(one["article"], one["chapter"], one["inferred"]) for one in plain["recipients"]} == {
        ("第十三条", "第四章", False), ("第十四条", "第四章", False),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("code", "trigger", "article", "word"),
    [("JY", "accountability", "第十四条", "有权"), ("JY", "referral_to_authorities", "第十七条", "由人决定")],
)
def test_what_a_document_leaves_to_persons_is_no_automatic_duty(
    code: str, trigger: str, article: str, word: str
) -> None:
    page = said("who", code, "--trigger", trigger)
    assert article in page
    assert word in page
    assert "不是自动义务" in page


LEFT: dict[str, dict[str, str]] = {
    "JY": {"第六条": "【有权】", "第十四条": "【有权】", "第十九条": "可参照，不是义务"},
    "LG": {"第六条": "【有权】", "第十四条": "【有权】", "第十七条": "可参照，不是义务"},
    "TF": {"第十八条": "【有权】", "第二十一条": "原则上，不是自动义务"},
    "ZG": {"第十四条": "【有权】", "第十六条": "可参照，不是义务"},
    "NX": {"第十二条": "【原则】", "第十三条": "【原则】"},
}
"""Read in the documents by hand: where each says 有权, 可参照 or 原则上, and what `show` must make of it."""
ASKS = re.compile("有权|可参照|原则上")


def articles_of(code: str) -> dict[str, str]:
    """The articles of a document in its own words, as the pack keeps them."""
    text = (ROOT / "escalation/policies" / code / "articles.toml").read_text("utf-8")
    found: dict[str, str] = {}
    for part in text.split("[[article]]")[1:]:
        number = re.search(r'number = "(.+?)"', part)
        assert number is not None, part
        found[number[1]] = found.get(number[1], "") + part
    return found


@pytest.mark.parametrize("code", SCHOOLS)
def test_what_a_document_says_as_a_power_a_pattern_or_a_principle_is_left_to_a_person_in_every_pack(
    code: str,
) -> None:
    assert {number for number, text in articles_of(code).items() if ASKS.search(text)} == set(LEFT[code])
    page = said("show", code)
    for number, mark in LEFT[code].items():
        if mark.startswith("【"):
            parts = [one for one in re.split(r"\n(?=第.+条（)", page) if re.match(rf"第.+章{number}（", one)]
            duties = [line for part in parts for line in part.splitlines() if "义务：" in line and mark in line]
            assert duties, number
        else:
            named = rf"  (第.+章)?{number}：.*。理由：{mark}"
            assert len([line for line in page.splitlines() if re.match(named, line)]) == 1, number
    automatic = [
        line for line in page.splitlines()
        if "义务：" in line and "不是自动义务，由人决定" not in line and (ASKS.search(line) or "追究" in line)
    ]  # fmt: skip
    assert automatic == [], "no duty of the machine says so"


def test_24_hours_is_watching_and_no_clock_of_anybody() -> None:
    for code, article in (("JY", "第十三条"), ("ZG", "第十四条")):
        watching = json.loads(said("who", code, "--trigger", "monitoring", "--json"))
        assert any("24" in duty["quote"] and duty["article"] == article for duty in watching["duties"]), code
        assert watching["deadline"]["value"] is None
        for trigger in ("damaging_comment", "crisis_or_negative_opinion"):
            told = json.loads(said("who", code, "--trigger", trigger, "--json"))
            assert told["deadline"]["value"] is None, (code, trigger)
            assert "24" not in told["deadline"]["words"], (code, trigger)


def test_a_level_changes_clocks_and_removes_nobody_whom_an_article_names() -> None:
    told = [
        json.loads(said("who", "JY", "--trigger", "damaging_comment", "--level", level, "--json"))
        for level in (1, 2, 3, 4)
    ]
    assert len({json.dumps(one["recipients"], sort_keys=True) for one in told}) == 1
    assert len({json.dumps(one["receipts"], sort_keys=True) for one in told}) == 4, "each level has its own clocks"


MANY = (
    "食堂的鸡腿没熟，骨头里还有血水，学校管不管", "我在青菜里吃出虫子，太恶心了", "昨天的饭里也吃出虫子",
    "我也吃到没熟的鸡腿，都是血水", "汤里有飞虫，恶心的菜，食堂能不能管管", "面里吃出虫子，已经打12345投诉了",
    "今天的肉也没熟，血水一盘", "青菜里又有虫子，拍照了", "米饭里吃出虫子，我们寝室都看到了",
    "鸡腿骨头里全是血水，没熟吧", "豆腐里有虫子，学校管不管", "凉菜里吃出虫子，已经投诉",
)  # fmt: skip
"""Many voices on one matter: a crisis, of which NX 11 tells the 党委宣传统战部, and NX 18 the 党委宣传部."""


def crowd(folder: Path) -> Path:
    """A scenario in which they speak, two minutes apart."""
    folder.mkdir()
    post = {"id": "p1", "kind": "post", "account": "wx_hq", "thread": "p1", "parent": None, "author": "school",
            "likes": 1, "text": "食堂本周菜单", "at": "2026-03-11T12:00:00+08:00"}  # fmt: skip
    said_by = [
        post | {"id": f"c{n}", "kind": "comment", "parent": None, "author": f"u{n}", "text": text,
                "at": f"2026-03-11T12:{2 * n:02}:00+08:00"}
        for n, text in enumerate(MANY, 1)
    ]  # fmt: skip
    lines = [json.dumps(one, ensure_ascii=False) for one in (post, *said_by)]
    (folder / "crowd.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    shutil.copy(SCENARIOS / "accounts.json", folder)
    return folder


def test_two_departments_are_told_apart_until_the_school_says_that_they_are_one(tmp_path: Path) -> None:
    """Only a person of NX knows whether its 党委宣传部 and its 党委宣传统战部 are one office."""
    assert fengxin("init", tmp_path / "nx", "--demo", "--port", "23000").returncode == 0
    file, scenario = tmp_path / "nx" / "fengxin.toml", crowd(tmp_path / "crowd")
    related = r'\[\[offices\]\]\nrole = "学校相关[^"]+"\nperson = "P\d+"\n'
    apart = re.sub(related, "", file.read_text("utf-8")).replace('pack = "JY"', 'pack = "NX"')
    one = "按学校确认合并：“党委宣传统战部”就是“党委宣传部”，只告知一次，各条仍显示原词。"

    def answers() -> tuple[str, set[tuple[str, str]], bool, list[list[str]]]:
        """check; `policy who`, role and word; whether the rehearsal says it; whom it tells of the crisis, by what."""
        who = ("who", "NX", "--trigger", "crisis_or_negative_opinion", "--settings", file, "--json")
        played = fengxin("rehearse", scenario, "--pack", "NX", "--channel", "mail", "--settings", file)
        assert played.returncode == 0, played.stderr
        crisis = [re.split(r" {2,}", line.strip()) for line in played.stdout.splitlines() if "  升级  " in line]
        named = {(row["role"], row["office"]) for row in json.loads(said(*who))["recipients"]}
        told = [row[3:6] for row in crisis if "宣传" in row[3]]
        return fengxin("check", "--settings", file).stdout, named, one in played.stdout, told

    file.write_text(apart, "utf-8")
    checked, offices, says, told = answers()
    assert "“党委宣传统战部”与“党委宣传部”可能是一家，现在各告知各的" in checked
    assert "没有人担任党委宣传统战部" in checked
    assert ("united_front", "党委宣传统战部") in offices
    assert not says
    assert sorted(told) == [
        ["演练·党委宣传统战部", "党委宣传统战部", "第十一条"], ["演练·党委宣传部", "党委宣传部", "第十八条"],
    ]  # fmt: skip
    file.write_text(apart.replace('pack = "NX"', 'pack = "NX"\nsame_offices = ["united_front"]'), "utf-8")
    checked, offices, says, told = answers()
    assert "学校已确认“党委宣传统战部”与“党委宣传部”是一家" in checked
    assert "没有人担任党委宣传统战部" not in checked
    assert ("publicity", "党委宣传统战部") in offices, "the clause keeps its own word"
    assert "united_front" not in {role for role, _ in offices}
    assert says
    assert told == [["演练·党委宣传部", "党委宣传部", "第十八条、第十一条"]], "told once, by both articles"


@named
def test_the_table_in_the_docs_is_what_the_command_prints(code: str) -> None:
    page = (ROOT / "escalation" / "policies" / "who" / f"{code}.md").read_text("utf-8")
    assert said("who", code, "--table") == page
    summary = page.partition("## 一")[2].partition("## 二")[0]
    assert len(re.findall(r"^\| .* `[a-z_]+` \|", summary, re.MULTILINE)) == TRIGGERS


def rows_of(page: str, part: str) -> list[list[str]]:
    """The rows of one table of the page, without its two heads."""
    lines = page.partition(f"## {part}、")[2].partition("\n## ")[0].splitlines()
    table = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines if line.startswith("|")]
    return [[cell.strip().replace("\\|", "|").replace("&lt;", "<") for cell in row] for row in table[2:]]


def texts_of(code: str) -> dict[str, str]:
    """The document's articles, each by chapter and number: 第四章第十三条."""
    file = ROOT / "escalation/policies" / code / "articles.toml"
    rows = tomllib.loads(file.read_text("utf-8"))["article"] if file.is_file() else []
    return {one["chapter"] + one["number"]: " ".join(one["text"].split()) for one in rows}


@named
def test_each_row_of_the_docs_is_proved_by_a_phrase_that_stands_in_its_article(code: str) -> None:
    page = (ROOT / "escalation" / "policies" / "who" / f"{code}.md").read_text("utf-8")
    texts, proved = texts_of(code), set()
    for trigger, place, told, deadline, quote, _ in rows_of(page, "二"):
        if place == "无":
            assert (told, deadline, quote) == ("未规定", "校规未规定", "文件没有写"), trigger
            continue
        assert len(quote) > 8
        assert (quote[0], quote[-1]) == ("“", "”"), (trigger, quote)
        assert quote[1:-1] in texts[place], (trigger, place)
        if not told.endswith("（推断）") and told != "条文未写":
            assert all(word in quote for word in told.split("、")), (trigger, told)
        if deadline != "校规未规定":
            assert deadline.partition("（")[0] in quote, (trigger, deadline)
        proved.add((trigger, place))
    for trigger, _, _, places, deadlines, known in rows_of(page, "一"):
        assert {(trigger, one) for one in places.split("、") if one != "无"} == {
            row for row in proved if row[0] == trigger
        }
        assert (known == "未规定") == (places == "无"), trigger
        assert ("系统默认" in deadlines) <= (not texts), "no figure of ours stands for a document's"
    for trigger, article, *_, quote in rows_of(page, "三"):
        assert any(quote[1:-1] in text for place, text in texts.items() if place.endswith(article)), (trigger, quote)
    assert bool(proved) == bool(texts) == (code in SCHOOLS)


def test_a_deadline_is_the_rules_or_labelled_ours_or_none() -> None:
    def by(code: str, trigger: str, level: int = 1) -> tuple[str, str | None, str]:
        given = json.loads(said("who", code, "--trigger", trigger, "--level", level, "--json"))["deadline"]
        return given["source"], given["value"], given["words"]

    assert by("ZG", "account_renamed") == ("rule", "7d", "一周内")
    assert by("JY", "damaging_comment") == ("rule", None, "及时"), "a word stays a word"
    assert by("JY", "crisis_or_negative_opinion") == ("none", None, ""), "no figure of ours stands for the document's"
    assert by("neutral", "damaging_comment", 3) == ("default", "30m", "30 分钟内签收")
    assert by("neutral", "consultation") == ("none", None, "")
    assert "期限：5 分钟内签收（系统默认，非校规）" in said("who", "neutral", "--trigger", "damaging_comment")
    assert "期限：校规未规定" in said("who", "JY", "--trigger", "crisis_or_negative_opinion")


@named
def test_show_names_every_article_with_its_rules_or_the_reason_why_not(code: str) -> None:
    page = said("show", code)
    articles = "".join(one.read_text("utf-8") for one in (ROOT / "escalation/policies" / code).glob("*.toml"))
    for number in set(re.findall(r'^number = "(第.+条)"', articles, re.MULTILINE)):
        assert re.search(rf"{number}(（|：)", page), number
    assert "系统默认，非校规" in page
    assert "✘" not in page


def test_pages_keep_within_a_terminal_of_a_hundred_columns() -> None:
    shown = [("show", "JY"), ("show", "TF"), ("show", "neutral")]
    for arguments in (("list",), *shown, ("who", "ZG", "--trigger", "账号更名"), ("diff", "JY", "LG")):
        lines = said(*arguments, columns=100).splitlines()
        assert not [line for line in lines if cells(line) > 100]
        assert not [line for line in lines if line.strip()[:1] in CLOSING]


def test_check_finds_the_packs_good_and_names_every_mistake_of_a_spoilt_one(tmp_path: Path) -> None:
    good = said("check")
    assert good.count("✔") == len(PACKS)
    file = tmp_path / "mine" / "pack.toml"
    file.parent.mkdir()
    for part in ("articles", "pack", "rules"):
        text = (ROOT / "escalation/policies/JY" / f"{part}.toml").read_text("utf-8")
        (file.parent / f"{part}.toml").write_text(text, "utf-8")
    text = re.sub(r"(?m)^channels = .*$", 'channels = ["pigeon"]', file.read_text("utf-8"), count=1)
    file.write_text(text, "utf-8")
    rules = file.with_name("rules.toml")
    rules.write_text(rules.read_text("utf-8").replace('tell = ["主管校领导", "宣传部"]', 'tell = ["校长"]', 1), "utf-8")
    told = refused("check", file.parent)
    assert re.search(r"mine/pack\.toml 第 \d+ 行，level\[1\]\.channels\[1\]：“pigeon”不在可选范围，可写：", told)
    assert re.search(r"mine/rules\.toml 第 \d+ 行，rule\[1\]\.tell：没有登记“校长”这个单位，请", told)


def test_a_watch_shorter_than_fourteen_days_is_refused_in_a_pack_for_schools(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "escalation/policies/JY", tmp_path / "mine")
    file = tmp_path / "mine" / "pack.toml"
    shipped = file.read_text("utf-8")
    file.write_text(shipped.replace('watch = { after = "14d"', 'watch = { after = "13d"', 1), "utf-8")
    at = next(no for no, line in enumerate(file.read_text("utf-8").splitlines(), 1) if line.startswith("watch ="))
    told = refused("check", file.parent)
    assert f"mine/pack.toml 第 {at} 行，level[1].watch：复燃观察期 13 天太短，不得短于 14 天，请改为 14d 或更长" in told
    file.write_text('purpose = "仅供验收"\n' + file.read_text("utf-8"), "utf-8")
    assert re.search(r"可用，.*版本 JY@[0-9a-f]{8}（仅供验收）。", said("check", file.parent))


def test_diff_shows_a_school_what_its_edited_copy_changes(tmp_path: Path) -> None:
    copy = tmp_path / "JY"
    copy.mkdir()
    for part in ("articles", "pack", "rules"):
        text = (ROOT / "escalation/policies/JY" / f"{part}.toml").read_text("utf-8")
        (copy / f"{part}.toml").write_text(text.replace('sign = { after = "5m"', 'sign = { after = "3m"'), "utf-8")
    assert "甲：5 分钟（系统默认，非校规）\n    乙：3 分钟（系统默认，非校规）" in said("diff", "JY", copy)
    assert "没有不同。" in said("diff", "JY", copy, "--trigger", "sudden_event")


def test_an_unknown_pack_trigger_or_level_is_answered_with_the_choices() -> None:
    assert "自带的代号之一：" in refused("who", "nowhere", "--trigger", "veto")
    assert "damaging_comment  评论有损学校声誉" in refused("who", "JY", "--trigger", "nothing")
    assert "可写：1（Ⅰ 特别重大）" in refused("who", "JY", "--trigger", "veto", "--level", "5")
    assert "可写：第一条、第二条" in refused("show", "JY", "--article", "第九十九条")


@pytest.mark.parametrize("command", ["", "list", "show", "check", "diff", "who"])
def test_help_of_every_command_is_chinese(command: str) -> None:
    page = said(*command.split(), "--help")
    assert page.startswith("用法：")
    told = [line for line in page.splitlines() if line.startswith("  ") and line.strip()]
    assert all(re.search("[\u4e00-\u9fff]", line) for line in told), page
    assert not re.search(r"OPTIONS|ARGS|<[a-z\[\]]+>|Show this|required|default", page), page
