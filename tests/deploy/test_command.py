from __future__ import annotations

import json
import os
import pty
import re
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deploy.command import app
from deploy.settings import load

MAIL = """
[mail]
host = "127.0.0.1"
port = {port}
security = "plain"
from = "fengxin@school.example"
"""


def fengxin(*words: object, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], input=stdin)


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    assert fengxin("init", "--demo", tmp_path).exit_code == 0
    return tmp_path / "fengxin.toml"


def test_init_writes_settings_roster_and_private_keys(tmp_path: Path) -> None:
    done = fengxin("init", tmp_path / "school")
    assert done.exit_code == 0
    key = tmp_path / "school" / "secrets" / "web.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(key.read_text().strip()) == 64
    assert key.read_text() not in done.output


def test_init_never_overwrites_anything(tmp_path: Path) -> None:
    fengxin("init", tmp_path)
    (tmp_path / "fengxin.toml").write_text("mine")
    done = fengxin("init", tmp_path)
    assert done.exit_code == 1
    assert "已经存在，未作任何改动" in done.output
    assert (tmp_path / "fengxin.toml").read_text() == "mine"


def test_check_of_a_fresh_template_says_only_what_must_be_filled_in(tmp_path: Path) -> None:
    fengxin("init", tmp_path)
    done = fengxin("check", "--settings", tmp_path / "fengxin.toml")
    assert done.exit_code == 1
    for key in ("school.name", "school.aliases", "school.public_url", "mail"):
        assert f"{key}：" in done.output
    assert "共 4 处" in done.output


def test_check_before_the_first_run_is_content_and_only_tells_that_tables_will_be_made(demo: Path) -> None:
    before = fengxin("check", "--settings", demo)
    assert before.exit_code == 0, before.output
    assert "· 存储：还没有建表；运行时自动完成，不必处理。" in before.output
    assert "· 规程包：现用的是江阴职业技术学院的规程，与本校校名不同" in before.output
    assert "✘" not in before.output
    assert fengxin("migrate", "--settings", demo).exit_code == 0
    assert "✔ 存储：可用，表结构为 " in fengxin("check", "--settings", demo).output


def test_check_tells_settings_roster_and_content_in_one_round(demo: Path) -> None:
    text = demo.read_text(encoding="utf-8")
    for old, new in (
        ("[web]\n", "[web]\nprot = 1\n"),
        ('email = "lin.zhiyuan@fenglin.example"', 'email = "nobody"'),
        ('[[offices]]\nrole = "系统管理员"\nperson = "P09"\n', '[[offices]]\nrole = "校长大人"\nperson = "P99"\n'),
        ('[[keepers]]\naccount = "weibo:9000000002"\nperson = "P05"\n', ""),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    demo.write_text(text, encoding="utf-8")
    done = fengxin("check", "--settings", demo)
    assert done.exit_code == 1
    for sentence in (
        "web.prot：没有这一项", "“nobody”不是邮箱地址", "没有“校长大人”，可写：", "没有工号“P99”",
        "（weibo:9000000002）没有管理员", "没有人担任系统管理员",
    ):  # fmt: skip
        assert done.output.count(sentence) == 1, done.output
    roles = done.output.partition("没有“校长大人”，可写：")[2].partition("。")[0].split("；")
    assert {"主管校领导", "宣传部"} <= set(roles), "a name that holds “、” is one name"
    assert "主管校领导没有邮箱" not in done.output, "it is there and wrong, which is told"
    assert "共 4 处。另有 2 处须处理。" in done.output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("enter", "已录入 4 个账号、"),
        ("reindex", "已重建检索，共 0 条。"),
        ("audit verify", "审计记录完整，共 0 行"),
        ("trial end --person P09", "不在试运行中，未作更改。"),
        ("user gu --person P02", "gu 可以登录，角色：单位党政主要负责人。"),
        ("migrate", "存储的表结构已是 "),
    ],
)
def test_every_command_works_before_the_first_run(demo: Path, words: str, sentence: str) -> None:
    done = fengxin(*words.split(), "--settings", demo, stdin="long enough, and odd\n")
    assert done.exit_code == 0, done.output
    assert sentence in done.output


@pytest.mark.parametrize(
    ("cut", "sentence"),
    [
        ('[[offices]]\nrole = "主管校领导"\nperson = "P01"\n', "✘ 人员：没有人担任主管校领导，依规程须通知此人"),
        ('[[offices]]\nrole = "系统管理员"\nperson = "P09"\n', "✘ 人员：没有人担任系统管理员"),
        ('[[keepers]]\naccount = "weibo:9000000002"\nperson = "P05"\n', "（weibo:9000000002）没有管理员"),
        ('scope = "校团委"\n', "没有人担任校团委的单位领导"),
        ('email = "lin.zhiyuan@fenglin.example"\n', "主管校领导没有邮箱，目前只能电话通知"),
    ],
)
def test_check_names_the_person_who_could_not_be_told(demo: Path, cut: str, sentence: str) -> None:
    text = demo.read_text(encoding="utf-8")
    assert cut in text
    demo.write_text(text.replace(cut, ""), encoding="utf-8")
    done = fengxin("check", "--settings", demo)
    assert done.exit_code == 1
    assert sentence in done.output


def test_check_asks_of_everybody_a_contact_of_a_channel_that_is_set_up_and_of_no_other(demo: Path) -> None:
    text = demo.read_text(encoding="utf-8")
    (demo.parent / "app.secret").write_text("secret-of-the-application-0123456789\n", encoding="utf-8")
    start, end = text.index("[mail]"), text.index("[wecom_robot]")
    app = '[wecom_app]\ncorp_id = "ww1234567890abcdef"\nagent_id = 1000002\nsecret_file = "app.secret"\n\n'
    text = re.sub(r'email = "([a-z.]+)@[^"]*"', r'wecom = "\1"', text[:start] + app + text[end:])
    demo.write_text(text, encoding="utf-8")
    whole = fengxin("check", "--settings", demo)
    assert (whole.exit_code, "目前只能电话通知" in whole.output) == (0, False), whole.output
    demo.write_text(text.replace('wecom = "lin.zhiyuan"\n', ""), encoding="utf-8")
    done = fengxin("check", "--settings", demo)
    assert done.exit_code == 1
    assert "主管校领导没有企业微信账号，目前只能电话通知；请在“人员”表补上企业微信账号。" in done.output
    assert "邮箱" not in done.output


def test_check_names_an_account_without_a_route(demo: Path) -> None:
    text = demo.read_text(encoding="utf-8")
    start = text.index("[[routes]]")
    demo.write_text(text[:start] + text[text.index("[[units]]") :], encoding="utf-8")
    assert fengxin("check", "--settings", demo).output.count("没有采集路线，看不到评论") == 4


def test_check_names_a_key_that_others_can_read(demo: Path) -> None:
    (demo.parent / "secrets" / "web.key").chmod(0o644)
    assert "✘ 密钥：本机其他用户能读 web.key；请执行 chmod 600" in fengxin("check", "--settings", demo).output


def test_check_with_probe_says_why_the_mail_server_does_not_answer(demo: Path) -> None:
    done = fengxin("check", "--probe", "--settings", demo)
    assert done.exit_code == 1
    assert "✘ 邮件：" in done.output


def test_an_unreachable_store_is_a_sentence_and_no_traceback(demo: Path) -> None:
    text = demo.read_text(encoding="utf-8")
    demo.write_text(text + '\n[store]\nurl = "postgresql+psycopg://u:hunter2@127.0.0.1:1/x"\n', encoding="utf-8")
    for command in ("check", "migrate", "enter", "reindex", "audit verify", "user gu --person P02"):  # `run` waits
        done = fengxin(*command.split(), "--settings", demo, stdin="long enough, and odd\n")
        assert done.exit_code == 1
        assert "请检查 store.url" in done.output
        assert "Traceback" not in done.output
        assert "hunter2" not in done.output


def test_every_command_has_chinese_help() -> None:
    top = fengxin("--help").output
    for name in ("init", "check", "migrate", "run", "demo", "score", "reindex", "enter", "user", "audit", "trial"):
        assert name in top
        text = fengxin(name, "--help").output
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text), name


def test_version_is_the_installed_one() -> None:
    assert fengxin("--version").output.startswith("fengxin 0.")


def test_score_judges_one_text_with_all_promised_fields() -> None:
    answer = json.loads(fengxin("score", "二食堂的饭里吃出虫子，恶心").output)
    assert set(answer) == {
        "polarity", "p_negative", "p_positive", "unsure", "p_abuse", "p_concern", "snow", "rules", "reasons", "risk",
        "because",
    }  # fmt: skip
    assert answer["polarity"] == "negative"
    assert answer["rules"][0]["theme"] == "canteen"
    assert answer["risk"] > 0
    assert sum(reason["share"] for reason in answer["reasons"]) == 100


def on_a_terminal(*words: str) -> str:
    """What the command prints where a person reads along."""
    ours, theirs = pty.openpty()
    with subprocess.Popen([sys.executable, "-m", "deploy.command", *words], stdout=theirs) as command:
        os.close(theirs)
        said = b""
        with suppress(OSError):  # Linux tells the end of a terminal so
            while part := os.read(ours, 4096):
                said += part
        assert command.wait() == 0
    os.close(ours)
    return said.decode().replace("\r\n", "\n")


def test_score_on_a_terminal_is_for_people_and_with_json_for_machines() -> None:
    text = "二食堂吃完拉肚子，三个室友都去医院了"
    said = on_a_terminal("score", text)
    feeling = r"情感　负面(，拿不准)?（负面 \d+%，正面 \d+%；SnowNLP 原分 \d\.\d\d，[^）]+）\n"
    feeling += r"对象　学校[^\n]*\n另判　[^\n]+\n"
    assert re.match(r"风险　100 / 100，一条即立事件\n" + feeling + r"规则　[A-Z]+-\d+ .+：“", said), said
    assert re.search(r"(?m)^理由　.+ \d+%：.+", said)
    answer = json.loads(on_a_terminal("score", text, "--json"))
    assert f"风险　{answer['risk']} / 100，" in said
    assert all(f"　{hit['rule']} {hit['title']}：" in said for hit in answer["rules"])
    plain = on_a_terminal("score", "今天天气不错")
    assert "规则　未命中" in plain
    assert "不算　没有说到规则所列的事故、不满、求助或传言" in plain


def test_score_takes_any_line_and_keeps_their_order() -> None:
    texts = ["", "😀😀", "\ud800 半个字", "好" * 1_000_000, "食堂真不错"]
    lines = "".join(json.dumps({"text": text, "id": 1}) + "\n" for text in texts)
    done = fengxin("score", "--jsonl", stdin=lines)
    answers = [json.loads(line) for line in done.output.splitlines()]
    assert done.exit_code == 0
    assert len(answers) == len(texts)
    assert answers[0]["polarity"] == answers[1]["polarity"] == "neutral"


@pytest.mark.parametrize(
    "odd", ['{"words": 1}', "not json", "[]", '{"text": 1}', "[" * 200_000, '{"text": "好", "x": ' + '{"x":' * 100_000]
)
def test_score_names_each_line_that_is_no_record_and_goes_on_with_the_others(odd: str) -> None:
    done = fengxin("score", "--jsonl", stdin=f'{{"text": "好"}}\n{odd}\n{{"text": "坏"}}\n{odd}\n')
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    assert "第 2 行不是带 text 的 JSON 对象" in done.stderr
    assert "第 4 行不是带 text 的 JSON 对象" in done.stderr
    assert len([json.loads(line)["polarity"] for line in done.stdout.splitlines()]) == 2


def test_an_unknown_role_is_refused_with_the_known_ones(demo: Path) -> None:
    done = fengxin("run", "wach", "--settings", demo)
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)


def test_trial_ends_only_in_the_name_of_an_administrator(demo: Path) -> None:
    demo.write_text(demo.read_text(encoding="utf-8").replace("[trial]\non = false", "[trial]\non = true"), "utf-8")
    fengxin("migrate", "--settings", demo)
    people = len(load(demo).roster.people)
    assert f"已录入 4 个账号、{people} 人" in fengxin("enter", "--settings", demo).output
    refused = fengxin("trial", "end", "--person", "P01", "--settings", demo)
    assert refused.exit_code == 1
    assert "可以结束试运行的人：许明德（P09）" in refused.output
    assert "试运行已结束" in fengxin("trial", "end", "--person", "P09", "--settings", demo).output
    assert "不在试运行中" in fengxin("trial", "end", "--person", "P09", "--settings", demo).output


def test_audit_verify_finds_an_altered_row(demo: Path) -> None:
    test_trial_ends_only_in_the_name_of_an_administrator(demo)
    assert "审计记录完整，共 1 行" in fengxin("audit", "verify", "--settings", demo).output
    with sqlite3.connect(demo.parent / "store.db") as conn:
        conn.execute("UPDATE audit SET actor = 'P01'")
    altered = fengxin("audit", "verify", "--settings", demo)
    assert altered.exit_code == 1
    assert "第 1 行内容与其指纹不符" in altered.output


def test_audit_verify_compares_with_a_head_that_was_printed_before(demo: Path) -> None:
    test_trial_ends_only_in_the_name_of_an_administrator(demo)
    whole = fengxin("audit", "verify", "--settings", demo).output
    head = whole.rpartition("链头 ")[2].strip()
    assert "审计记录完整" in fengxin("audit", "verify", "--settings", demo, "--head", head).output
    with sqlite3.connect(demo.parent / "store.db") as conn:
        conn.execute("DELETE FROM audit")
    cut = fengxin("audit", "verify", "--settings", demo)
    assert (cut.exit_code, "第 1 行至第 1 行缺失" in cut.output) == (1, True)
    with sqlite3.connect(demo.parent / "store.db") as conn:
        conn.execute("DELETE FROM audit_mark")
    assert fengxin("audit", "verify", "--settings", demo).exit_code == 0, "the store alone cannot tell"
    gone = fengxin("audit", "verify", "--settings", demo, "--head", head)
    assert (gone.exit_code, f"此前打印的链头 {head} 不在" in gone.output) == (1, True)
    wrong = fengxin("audit", "verify", "--settings", demo, "--head", "12ab")
    assert (wrong.exit_code, "--head 须是以前打印的链头" in wrong.output) == (1, True)


def test_a_sign_in_takes_its_roles_from_the_roster(demo: Path) -> None:
    fengxin("migrate", "--settings", demo)
    fengxin("enter", "--settings", demo)
    weak = fengxin("user", "gu", "--person", "P02", "--settings", demo, stdin="short\n")
    assert weak.exit_code == 1
    done = fengxin("user", "gu", "--person", "P02", "--settings", demo, stdin="long enough, and odd\n")
    assert "gu 可以登录，角色：单位党政主要负责人。" in done.output
    assert "long enough" not in done.output
    nobody = fengxin("user", "x", "--person", "P99", "--settings", demo, stdin="long enough, and odd\n")
    assert "没有可登录的角色" in nobody.output


def test_the_demo_keeps_its_start_and_its_keys_when_the_port_changes(demo: Path) -> None:
    before = load(demo)
    time.sleep(1.1)
    fengxin("init", "--demo", demo.parent, "--port", 9100)
    after = load(demo)
    assert before.sandbox is not None
    assert after.sandbox is not None
    assert after.sandbox.start == before.sandbox.start
    assert after.web.key == before.web.key
    assert (after.web.port, after.sandbox.port) == (9100, 9101)


@pytest.mark.kills
@pytest.mark.long
def test_a_running_school_stops_within_five_seconds_and_every_role_has_beaten(tmp_path: Path) -> None:
    fengxin("init", "--demo", tmp_path)
    file = tmp_path / "fengxin.toml"
    text = file.read_text(encoding="utf-8").replace("http://127.0.0.1:8700", "http://school.example")
    for section in ("[sandbox]", "[inbox]"):
        start = text.index(section)
        text = text[:start] + text[text.index("\n[", start) + 1 :]
    file.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "deploy.command", "run", "--settings", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as school:
        roles = {"assess", "watch", "notify", "index"}
        end = time.monotonic() + 90
        while time.monotonic() < end and not roles <= beaten(tmp_path / "store.db"):
            time.sleep(0.2)
        assert roles <= beaten(tmp_path / "store.db")
        second = subprocess.run(command, capture_output=True, text=True)
        assert second.returncode == 1
        assert "正被另一个风信使用" in second.stderr
        begun = time.monotonic()
        os.kill(school.pid, signal.SIGTERM)
        output = school.communicate(timeout=10)[0]
    assert time.monotonic() - begun < 5
    assert school.returncode == 0
    assert "Traceback" not in output


def beaten(store: Path) -> set[str]:
    try:
        with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as conn:
            return {row[0] for row in conn.execute("SELECT role FROM pulses")}
    except sqlite3.OperationalError:
        return set()


def test_reindex_heals_a_corrupt_search_and_says_when_it_cannot(demo: Path) -> None:
    assert fengxin("migrate", "--settings", demo).exit_code == 0
    search = Path(load(demo).search_url.removeprefix("sqlite:///"))
    search.write_bytes(b"\xff" * 9000)
    assert "请执行 fengxin reindex" in fengxin("check", "--settings", demo).output
    assert "已重建检索，共 0 条" in fengxin("reindex", "--settings", demo).output
    assert "✔ 检索" in fengxin("check", "--settings", demo).output
    search.unlink()
    search.mkdir()
    done = fengxin("reindex", "--settings", demo)
    assert done.exit_code == 1
    assert "检索库打不开" in done.output
    assert "Traceback" not in done.output
