"""`fengxin policy`: what the packs say, what is wrong with one, what differs, and who is told by which phrase."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from typer.testing import CliRunner, Result

from deploy.command import app
from deploy.policy import words
from deploy.policy.checking import open_pack
from deploy.policy.clause import clauses, deadline_words, gaps
from deploy.policy.decision import as_json
from deploy.policy.lines import HANG, labelled, laid
from deploy.policy.page import table
from escalation.procedure import Act, Channel, Deadline, DutyKind, Pack, Role, Source, Trigger, codes, load, say_span
from escalation.procedure.figure import write_span
from tests.escalation.procedure.reading import absent

ROOT = Path(__file__).resolve().parents[2]
POLICIES = ROOT / "escalation" / "policies"
BAD = ROOT / "tests" / "escalation" / "procedure" / "bad"
ARTICLES = ROOT.parent / "shared" / "research" / "escalation.md"
PACKS = {code: load(code) for code in codes()}
SCHOOLS = [code for code, pack in PACKS.items() if pack.article]
Rows = list[list[str]]


def fengxin(*said: object) -> Result:
    """The command with its output unbroken, as it is where nobody looks at a terminal."""
    return CliRunner().invoke(app, [str(word) for word in said], env={"COLUMNS": ""})


def refused(*said: object) -> str:
    done = fengxin(*said)
    assert done.exit_code == 1, done.output
    return done.output


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The school's own copy of the JY pack."""
    return Path(shutil.copytree(POLICIES / "JY", tmp_path / "JY"))


def spoil(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


def section(page: str, number: str) -> Rows:
    """The rows of one table of a page in Markdown, without its two heads."""
    part = re.split(r"^## ", page, flags=re.MULTILINE)
    lines = next(one for one in part if one.startswith(number)).splitlines()
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in cells[2:]]


def test_every_word_of_the_vocabulary_has_one_chinese_word() -> None:
    for known, told in (
        (Trigger, words.TRIGGERS),
        (DutyKind, words.DUTIES),
        (Role, words.ROLES),
        (Act, words.ACTS),
    ):
        assert set(told) == set(known)
        assert len(set(told.values())) == len(told)
        assert all(re.search("[\u4e00-\u9fff]", word) for word in told.values())
    assert {str(one) for one in Channel} <= set(words.CHANNELS)
    assert len(set(words.CHANNELS.values())) == len(words.CHANNELS)


@pytest.mark.parametrize("code", PACKS)
def test_the_page_of_a_pack_is_what_the_command_writes(code: str) -> None:
    page = POLICIES / "who" / f"{code}.md"
    assert page.is_file(), f"{page.name} is missing; run make policies"
    assert page.read_text("utf-8") == fengxin("policy", "who", code, "--table").output, "run make policies"


def test_no_page_stands_for_a_pack_that_is_not_there() -> None:
    assert {one.stem for one in (POLICIES / "who").glob("*.md")} == set(PACKS)


@pytest.mark.parametrize("code", PACKS)
def test_the_table_names_exactly_whom_the_pack_tells_at_every_level(code: str) -> None:
    pack = PACKS[code]
    rows = section(table(pack), "一")
    assert [row[1].strip("`") for row in rows] == [str(trigger) for trigger in Trigger]
    for row, trigger in zip(rows, Trigger, strict=True):
        for level in pack.level:
            answer = pack.who([trigger], level.number)
            told = {frozenset(one.removesuffix("（推断）").split("／")) for one in row[2].split("、")}
            named = {frozenset(one.names) for one in answer.named}
            assert told == (named or {frozenset({"未规定" if answer.silent else "条文未写"})}), (trigger, level.number)
            assert row[4] == ("；".join(map(deadline_words, answer.deadlines)) or _ours(pack, trigger) or "校规未规定")
            assert row[5] == ("未规定" if answer.silent else "有规定")


BEGIN_AN_INCIDENT = {
    "damaging_comment", "illegal_comment", "damaging_own_account_post", "inappropriate_post",
    "prohibited_content_on_own_account", "crisis_or_negative_opinion", "major_event_or_urgent", "sudden_event",
    "unauthorised_publication", "account_renamed", "account_unverified", "account_gone",
}  # fmt: skip


def _ours(pack: Pack, trigger: Trigger) -> str:
    """Our own deadline, only of a pack that has no document, for what a notice to be signed goes out."""
    if pack.article or trigger not in BEGIN_AN_INCIDENT:
        return ""
    clocks = [(level.mark, say_span(level.sign.after)) for level in sorted(pack.level, key=lambda one: one.number)]
    return "；".join(f"{mark} {span}内签收（系统默认，非校规）" for mark, span in clocks)


def test_our_own_figure_is_the_deadline_only_where_there_is_no_document() -> None:
    """A figure of ours never stands where a school's document could have said something; there it is a receipt."""
    found = {
        (code, trigger, level.number): as_json(pack, (trigger,), level)["deadline"]
        for code, pack in PACKS.items() for trigger in Trigger for level in pack.level
    }  # fmt: skip
    ours = {key: one for key, one in found.items() if one["source"] == "default"}
    assert {(code, trigger) for code, trigger, _ in ours} == {
        (code, trigger) for code in PACKS if code not in SCHOOLS for trigger in BEGIN_AN_INCIDENT
    }
    for (code, _, level), one in ours.items():
        sign = PACKS[code].grade(level).sign.after
        assert (one["value"], one["words"]) == (write_span(sign), f"{say_span(sign)}内签收")
        assert (one["article"], one["anchor"], one["note"]) == ("", "通知发出", "")
    for (code, trigger, level), one in found.items():
        if code in SCHOOLS:
            clause = PACKS[code].who([trigger], level).deadline
            assert one == clause.model_dump(mode="json") | {"note": clause.note}


@pytest.mark.parametrize("code", PACKS)
def test_a_receipt_is_named_only_where_a_notice_to_be_signed_goes_out(code: str) -> None:
    for trigger in Trigger:
        given = as_json(PACKS[code], (trigger,), PACKS[code].grade(1))
        told = given["recipients"] + given["also_told"]
        assert bool(given["receipts"]) == (bool(told) and trigger in BEGIN_AN_INCIDENT), trigger
        if told and not given["receipts"]:
            page = fengxin("policy", "who", code, "--trigger", trigger).output
            assert "签收：这一情形不立事件，不发签收通知" in page
            assert "本人签收" not in page
            assert "无人签收" not in page


@pytest.mark.parametrize("code", PACKS)
def test_every_row_of_the_table_is_proved_by_a_phrase_of_its_article(code: str) -> None:
    pack = PACKS[code]
    rows = section(table(pack), "二")
    assert len(rows) >= len(Trigger)
    texts = {one.chapter + one.number: " ".join(one.text.split()) for one in pack.article}
    for trigger, place, told, deadline, quote, _ in rows:
        if place == "无":
            assert (told, deadline, quote) == ("未规定", "校规未规定", "文件没有写")
            assert pack.who([_trigger(trigger)], 1).silent
            continue
        plain = quote.strip("“”").replace("&lt;", "<")
        assert " ".join(plain.split()) in texts[place].replace("|", "\\|"), (trigger, place)
        if told != "条文未写" and not told.endswith("（推断）"):
            assert all(word in quote for word in _offices(pack, told)), (trigger, told)
        if deadline != "校规未规定":
            assert deadline.split("（")[0] in quote


def _trigger(word: str) -> Trigger:
    return next(one for one, said in words.TRIGGERS.items() if said == word)


def _offices(pack: Pack, told: str) -> list[str]:
    known = sorted((word for one in pack.office for word in one.words), key=len, reverse=True)
    return [word for word in known if word in told.split("、")]


@pytest.mark.parametrize("code", SCHOOLS)
def test_no_article_of_a_pack_is_without_a_rule_or_a_reason(code: str) -> None:
    assert gaps(PACKS[code]) == ()


@pytest.mark.parametrize("code", SCHOOLS)
def test_no_row_of_the_article_table_is_without_a_rule_or_a_reason(code: str) -> None:
    if not ARTICLES.is_file():
        absent("没有条文对照表 shared/research/escalation.md")
    pack, part = PACKS[code], article_table(code)
    cells = re.findall(r"^\| ([0-9][^|]*) \|", part, re.MULTILINE)
    assert len(cells) >= 10, f"{code} has no part in the article table"
    bare = set(gaps(pack))
    for cell in cells:
        for number, chapter in re.findall(r"(?<!ch\. )\b(\d+)(?: \(ch\. (\d+)\))?", cell):
            place = f"第{numeral(int(number))}条"
            found = [
                cited for cited, one in pack.articles.items()
                if one.number == place and chapter in ("", str(chapter_number(one.chapter)))
            ]  # fmt: skip
            assert found, f"{code}: the table has article {cell}, the pack has not"
            assert not bare.intersection(found), f"{code}: {cell} has neither a rule nor a reason"


@pytest.mark.parametrize("code", SCHOOLS)
def test_the_annexes_of_the_article_table_are_named_in_the_pack(code: str) -> None:
    if not ARTICLES.is_file():
        absent("没有条文对照表 shared/research/escalation.md")
    if not re.search(r"^\| Annex", article_table(code), re.MULTILINE):
        return
    pack = PACKS[code]
    said = [one.what + one.reason for one in pack.not_in_scope] + [rule.reading for rule in pack.rule]
    assert any("附件" in one for one in said), f"{code}: the annexes are named nowhere"


def article_table(code: str) -> str:
    text = ARTICLES.read_text("utf-8")
    found = re.search(rf"^### 1\.\d {code} .*?(?=^### )", text, re.MULTILINE | re.DOTALL)
    assert found is not None, code
    return found.group()


def numeral(number: int) -> str:
    digits = " 一二三四五六七八九"
    tens, ones = divmod(number, 10)
    return (("" if tens < 2 else digits[tens]) + ("十" if tens else "") + (digits[ones] if ones else "")).strip()


def chapter_number(chapter: str) -> int:
    return next(number for number in range(1, 30) if chapter == f"第{numeral(number)}章")


def answer(*said: object) -> dict[str, Any]:
    done = fengxin("policy", "who", *said, "--json")
    assert done.exit_code == 0, done.output
    read: dict[str, Any] = json.loads(done.output)
    return read


def test_the_json_has_the_promised_keys_and_only_named_recipients() -> None:
    told = answer("JY", "--trigger", "damaging_comment")
    assert {"school", "trigger", "recipients", "deadline", "duties", "silent"} <= set(told)
    assert {(one["office"], one["role"], one["chapter"], one["article"]) for one in told["recipients"]} == {
        ("主管校领导", "school_leader", "第四章", "第十三条"),
        ("宣传部", "publicity", "第四章", "第十三条"),
        ("单位领导", "unit_leader", "第四章", "第十四条"),
        ("党委宣传部", "publicity", "第四章", "第十四条"),
    }
    assert all(one["quote"] and one["inferred"] is False for one in told["recipients"])
    assert [one["office"] for one in told["also_told"]] == ["官方新媒体管理人员"]
    assert (told["deadline"]["value"], told["deadline"]["words"], told["deadline"]["source"]) == (None, "及时", "rule")
    assert all({"what", "article", "quote"} <= set(duty) for duty in told["duties"])
    assert told["silent"] is False


def test_the_json_gives_every_recipient_one_receipt_with_its_source() -> None:
    told = answer("JY", "--trigger", "damaging_comment", "--level", "3")
    assert {one["role"] for one in told["receipts"]} == {"school_leader", "publicity", "unit_leader", "keeper"}
    assert len(told["receipts"]) == 4
    assert {(one["within"]["after"], one["label"]) for one in told["receipts"]} == {("30m", "系统默认，非校规")}
    assert {one["role"] for one in told["receipts"] if not one["by_rule"]} == {"keeper"}


@pytest.mark.parametrize("code", PACKS)
def test_a_level_changes_no_recipient_whom_an_article_names(code: str) -> None:
    for trigger in Trigger:
        told = [PACKS[code].who([trigger], level.number).as_json()["recipients"] for level in PACKS[code].level]
        assert all(one == told[0] for one in told)


def test_a_silent_document_says_so_in_json_and_on_the_page() -> None:
    told = answer("JY", "--trigger", "group_dissolved")
    assert (told["silent"], told["recipients"], told["deadline"]["source"]) == (True, [], "none")
    page = fengxin("policy", "who", "JY", "--trigger", "group_dissolved").output
    assert "条文点名的告知对象：校规未规定" in page
    assert "期限：校规未规定" in page


def test_two_triggers_are_answered_together_and_the_silent_one_is_named() -> None:
    told = answer("JY", "--trigger", "突发事件", "--trigger", "解散工作群或平台")
    assert told["trigger"] == "sudden_event+group_dissolved"
    page = fengxin("policy", "who", "JY", "--trigger", "突发事件", "--trigger", "group_dissolved").output
    assert "解散工作群或平台：校规未规定" in page
    assert "1. 学校相关领导" in page


def test_a_trigger_may_be_said_in_chinese_or_by_a_part_of_its_word() -> None:
    assert words.find_trigger("评论违法") is Trigger.ILLEGAL_COMMENT
    assert words.find_trigger("口令") is Trigger.CREDENTIAL_CUSTODY
    assert words.find_trigger("veto") is Trigger.VETO
    assert words.find_trigger("账号") is None, "it fits many"
    assert words.find_trigger("") is None


def test_an_unknown_pack_trigger_or_level_is_a_sentence_with_the_choices() -> None:
    assert "自带的代号之一：" + "、".join(codes()) in refused("policy", "who", "XX", "--trigger", "veto")
    said = refused("policy", "who", "JY", "--trigger", "earthquake")
    assert "没有“earthquake”这种情形" in said
    assert all(str(one) in said and words.TRIGGERS[one] in said for one in Trigger)
    assert "可写：1（Ⅰ 特别重大）、2（Ⅱ 重大）" in refused("policy", "who", "JY", "--trigger", "veto", "--level", "9")
    assert "请用 --trigger 写明情形" in refused("policy", "who", "JY")
    assert "不能与 --trigger" in refused("policy", "who", "JY", "--table", "--level", "2")


@pytest.mark.parametrize("code", PACKS)
def test_show_leaves_no_rule_office_clock_or_omission_out(code: str) -> None:
    pack, page = PACKS[code], fengxin("policy", "show", code).output
    for office in pack.office:
        assert "、".join(office.words) in page
    for clause in clauses(pack):
        assert clause.place in page
        assert " ".join(clause.rule.quote.split()) in page
        assert clause.deadline in page
        assert all(duty.what in page and words.DUTIES[duty.kind] in page for duty in clause.duties)
    for one in pack.not_in_scope:
        assert f"{one.what}。理由：{one.reason}" in page
    for item in pack.prohibited:
        assert " ".join(item.quote.split()) in page
    defaults = sum(clock is not None for level in pack.level for clock in (level.sign, level.facts, level.watch))
    assert page.count("系统默认，非校规") >= defaults


def test_show_of_a_number_that_occurs_twice_shows_both_articles() -> None:
    page = fengxin("policy", "show", "JY", "--article", "第十九条").output
    assert "第五章第十九条（表彰及奖惩）" in page
    assert "第六章第十九条（附则）" in page
    one = fengxin("policy", "show", "JY", "--article", "第五章第十九条").output
    assert "附则" not in one
    assert "条号用汉字数字，可写：第一条" in refused("policy", "show", "JY", "--article", "19")


def test_check_names_the_line_of_an_article_that_nobody_answers(copy: Path) -> None:
    spoil(copy / "rules.toml", '[[not_in_scope]]\narticle = "第八条"', '[[not_in_scope]]\narticle = "第七条"')
    lines = (copy / "articles.toml").read_text("utf-8").splitlines()
    line = max(number for number in range(lines.index('number = "第八条"')) if lines[number] == "[[article]]") + 1
    said = refused("policy", "check", copy)
    assert f"JY/articles.toml 第 {line} 行，第八条：这一条没有规则，也没有写不执行的理由，请补一条" in said
    assert "共有 1 处须处理。" in said


def test_check_lists_every_mistake_with_file_line_field_and_cure() -> None:
    file = BAD / "many_mistakes_at_once.toml"
    expected = [line[2:] for line in file.read_text("utf-8").splitlines() if line.startswith("# bad/")]
    assert len(expected) > 5
    said = refused("policy", "check", file, "JY")
    assert all(line in said for line in expected)
    assert "✔ JY 江阴职业技术学院：可用" in said


def test_check_of_a_folder_of_packs_checks_each_of_them() -> None:
    done = fengxin("policy", "check", POLICIES)
    assert done.exit_code == 0, done.output
    assert done.output.count("✔") == len(PACKS)


def test_diff_says_what_a_school_changed_in_words(copy: Path) -> None:
    spoil(copy / "rules.toml", 'tell = ["主管校领导", "宣传部"]', 'tell = ["主管校领导"]')
    spoil(copy / "pack.toml", 'sign = { after = "5m"', 'sign = { after = "8m"')
    said = fengxin("policy", "diff", "JY", copy).output
    assert "甲：告知：主管校领导、宣传部\n    乙：告知：主管校领导\n" in said
    assert (
        "评论违法：条文点名\n    甲：主管校领导（第十三条）、宣传部（第十三条）\n    乙：主管校领导（第十三条）\n"
        in said
    )
    assert "Ⅰ级：签收\n    甲：5 分钟（系统默认，非校规）\n    乙：8 分钟（系统默认，非校规）" in said
    assert "包头" not in said
    one = fengxin("policy", "diff", "JY", copy, "--trigger", "评论违法").output
    assert "评论违法：条文点名" in one
    assert "Ⅰ级：签收" not in one
    assert "评论有损学校声誉：" not in one
    assert "没有不同。" in fengxin("policy", "diff", "JY", copy, "--trigger", "咨询业务").output


def test_diff_names_what_only_one_of_the_packs_has(copy: Path) -> None:
    text = (copy / "articles.toml").read_text("utf-8")
    (copy / "articles.toml").write_text(text.replace("第二十条", "第二十一条"), "utf-8")
    spoil(copy / "rules.toml", 'article = "第二十条"', 'article = "第二十一条"')
    said = fengxin("policy", "diff", "JY", copy).output
    assert re.search(r"▪ 第二十条\n    只有甲有：附则：本办法由党委宣传部负责解释", said)
    assert re.search(r"▪ 第二十一条\n    只有乙有：附则：本办法由党委宣传部负责解释", said)


@pytest.mark.parametrize("code", PACKS)
def test_a_pack_does_not_differ_from_itself(code: str) -> None:
    assert "没有不同。" in fengxin("policy", "diff", code, POLICIES / code).output


def test_list_counts_what_each_pack_holds() -> None:
    lines = fengxin("policy", "list").output.splitlines()
    for code, pack in PACKS.items():
        row = next(line for line in lines if line.startswith(f"{code} "))
        counts = [len(pack.article), len(pack.rule), len(pack.level), len(pack.not_in_scope)]
        assert row.split()[-6:] == [str(pack.date or "未写"), *map(str, counts), pack.version[:8]]
        assert f"          {pack.title}" in lines


def test_a_bare_code_is_the_shipped_pack_even_beside_a_copy_of_that_name(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(copy / "pack.toml", 'sign = { after = "5m"', 'sign = { after = "8m"')
    monkeypatch.chdir(copy.parent)
    assert "5 分钟" in fengxin("policy", "who", "JY", "--trigger", "突发事件").output
    assert "8 分钟" in fengxin("policy", "who", "./JY", "--trigger", "突发事件").output
    assert "Ⅰ级：签收" in fengxin("policy", "diff", "JY", "./JY").output


def test_capitals_of_a_code_do_not_matter() -> None:
    assert open_pack("jy").code == "JY"


def test_a_pack_with_terminal_commands_in_its_words_prints_none(copy: Path) -> None:
    spoil(copy / "pack.toml", 'date_note = "', 'date_note = "\\u001b[2J\\u202e\u00a6')
    for said in (("show", copy), ("who", copy, "--trigger", "veto"), ("who", copy, "--table"), ("diff", "JY", copy)):
        page = fengxin("policy", *said).output
        assert "江阴职业技术学院" in page
        assert "\x1b" not in page
        assert "\u202e" not in page


def test_days_are_counted_aloud_where_the_clause_does_not_say_how() -> None:
    week = Deadline.model_validate_json(
        json.dumps({"value": "7d", "words": "7日内", "source": "rule", "article": "第七条", "anchor": "变更"})
    )
    assert deadline_words(week) == "7日内（第七条；自变更起；文件未写明自然日或工作日，按自然日、次日起算）"
    assert deadline_words(Deadline()) == Source.NONE.label


@given(
    st.text(alphabet="条文“”，。（）《》：24 小时abc@", min_size=1, max_size=300),
    st.integers(0, 12),
    st.integers(40, 100),
)
def test_broken_lines_keep_every_word_within_the_width(text: str, indent: int, width: int) -> None:
    page = laid(" " * indent + "引文：" + HANG + text, width)
    assert all(cell_len(line) <= width for line in page.splitlines() if not re.search(r"[abc24@]{20}", line))
    assert re.sub(r"\s", "", page) == re.sub(r"\s", "", "引文：" + text)
    assert HANG not in page


def test_no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one() -> None:
    for width in range(40, 100):
        for line in laid("引文：" + HANG + PACKS["JY"].article[12].text.strip() * 3, width).splitlines():
            assert line.strip()[0] not in "，。；：、）”"
            assert line.strip()[-1] not in "（“"


def test_rows_below_a_label_hang_below_its_words() -> None:
    told = (
        "理由　负面 60%：" + "语气偏负面，没有规则命中，" * 4,
        "　　　“着火”在这里是在否认，这一处不算。" * 2,
        "只看这一句话。",
    )
    rows = labelled(told, 40).splitlines()
    assert all(cell_len(row) <= 40 for row in rows)
    assert [row[:3] for row in rows if not row.startswith(" ")] == ["理由　", "　　　", "只看这"]
    assert {len(row) - len(row.lstrip(" ")) for row in rows} == {0, 6}
    assert labelled(told, 0) == "\n".join(told)
