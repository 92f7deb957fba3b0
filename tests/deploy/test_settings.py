from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from deploy import installation
from deploy.checking import proxy, what_can_be_read
from deploy.settings import Settings, SettingsError, load
from deploy.toml_file import is_secret, sections_of
from escalation.procedure.pack_file import POLICIES

BAD = Path(__file__).parent / "bad"
GOOD = """
[school]
code = "fenglin"
name = "风林职业技术学院"
public_url = "https://fx.school.example"
[web]
key = "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"
[crawl]
key = "cccccccccccccccccccccccccccccccccccccccc"
[mail]
host = "smtp.school.example"
port = 465
security = "tls"
from = "fengxin@school.example"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "fengxin.toml"
    path.write_text(text, encoding="utf-8")
    return path


def said(path: Path) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(path)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("path", sorted(BAD.glob("*.toml")), ids=lambda path: path.stem)
def test_a_bad_example_is_refused_with_its_sentence(path: Path) -> None:
    expected = re.findall(r"^# 期望：(.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    sentences = said(path)
    assert expected
    for sentence in expected:
        assert any(sentence in one for one in sentences), (sentence, sentences)


@pytest.mark.parametrize("path", sorted(BAD.glob("*.toml")), ids=lambda path: path.stem)
def test_a_bad_example_has_no_other_mistake_than_its_own(path: Path) -> None:
    expected = re.findall(r"^# 期望：(.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    others = [one for one in said(path) if not any(sentence in one for sentence in expected)]
    assert others == []


def test_the_smallest_good_file_is_taken(tmp_path: Path) -> None:
    settings = load(written(tmp_path, GOOD))
    assert settings.store_url == f"sqlite:///{tmp_path}/data/store.db"
    assert settings.log_url == f"sqlite:///{tmp_path}/data/log.db"
    assert settings.partitions == 4
    assert settings.trial.on
    assert settings.school.timezone == "Asia/Shanghai"


@pytest.mark.parametrize(
    ("web", "said_so"),
    [
        ('host = "0.0.0.0"', "没有写 web.trusted_proxies：反向代理在别的机器上时，全校的登录会被当成同一个地址"),
        ('host = "10.1.2.9"', "没有写 web.trusted_proxies"),
        ('host = "127.0.0.1"', ""),
        ('host = "0.0.0.0"\ntrusted_proxies = ["10.1.2.3", "10.1.4.0/28"]', "来访地址由 10.1.2.3、10.1.4.0/28 转告"),
    ],
)
def test_a_proxy_that_nobody_named_is_told_before_it_makes_one_address_of_all(
    tmp_path: Path, web: str, said_so: str
) -> None:
    settings = load(written(tmp_path, GOOD.replace("[web]\n", f"[web]\n{web}\n")))
    found = list(proxy(settings))
    assert [one.good for one in found] == [True] * bool(said_so), "told, not refused"
    assert said_so in "".join(one.words for one in found)


def test_a_secret_is_read_from_its_own_file_without_the_line_end(tmp_path: Path) -> None:
    (tmp_path / "pass").write_text("app-password\n")
    text = GOOD + 'user = "fengxin"\npassword_file = "pass"\n'
    mail = load(written(tmp_path, text)).mail
    assert mail is not None
    assert mail.password.get_secret_value() == "app-password"


def test_a_relative_sqlite_path_starts_at_the_settings_folder(tmp_path: Path) -> None:
    settings = load(written(tmp_path, GOOD + '[store]\nurl = "sqlite:///here/my.db"\n'))
    assert settings.store_url == f"sqlite:///{tmp_path}/here/my.db"


def test_no_secret_stands_in_what_a_wrong_file_says(tmp_path: Path) -> None:
    secret = "hunter2hunter2"
    text = GOOD.replace('key = "w', f'key = ["{secret}"]\nold = "w') + f'[store]\nurl = "mysql://u:{secret}@db/x"\n'
    first = "\n".join(said(written(tmp_path, text)))
    second = "\n".join(said(written(tmp_path, GOOD + f'[store]\nurl = "mysql://u:{secret}@db/x"\n')))
    assert secret not in first + second


def test_no_secret_stands_in_the_repr_of_settings(tmp_path: Path) -> None:
    settings = load(written(tmp_path, GOOD + '[store]\nurl = "postgresql+psycopg://u:hunter2@db/x"\n'))
    shown = repr(settings) + str(settings)
    assert "hunter2" not in shown
    assert "wwwwwwww" not in shown
    assert "hunter2" in settings.store_url


def test_every_field_that_sounds_secret_is_kept_as_a_secret() -> None:
    checked = 0
    models = [inner for info in Settings.model_fields.values() for inner in sections_of(info.annotation)]
    for model in models:
        for name, info in model.model_fields.items():
            if re.fullmatch(r"key|password|.*_secret|.*_token|url", name):
                checked += 1
                assert is_secret(info.annotation), f"{model.__name__}.{name}"
    assert checked > 6
    assert is_secret(SecretStr)


def test_a_file_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    assert "fengxin init" in said(tmp_path / "none.toml")[0]


def test_a_file_in_another_encoding_says_so(tmp_path: Path) -> None:
    path = tmp_path / "fengxin.toml"
    path.write_bytes('name = "风林"'.encode("gbk"))
    assert said(path) == ["fengxin.toml：不是 UTF-8 编码，请另存为 UTF-8。"]


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "fengxin.toml"
    path.write_text(GOOD, encoding="utf-8-sig")
    assert load(path).school.code == "fenglin"


def test_no_single_wrong_line_of_the_demo_ends_in_anything_but_sentences(tmp_path: Path) -> None:
    path = installation.write_demo(tmp_path, 9100, datetime(2026, 11, 21, tzinfo=UTC))
    lines = path.read_text(encoding="utf-8").splitlines()
    refused, section = 0, ""
    seen: set[tuple[str, str]] = set()
    for number, line in enumerate(lines):
        name, sign, _ = line.partition(" = ")
        section = section if sign else line
        if line.startswith("#") or not line.strip() or (section, name) in seen:
            continue
        seen.add((section, name))
        for instead in (f"{name} = [[7]]", "") if sign else (f"# {line}",):
            path.write_text("\n".join([*lines[:number], instead, *lines[number + 1 :]]), encoding="utf-8")
            try:
                load(path)
            except SettingsError as error:
                refused += 1
                told = [str(problem) for problem in error.problems]
                assert len(told) == len(set(told)), told
                if error.legible is not None and refused % 9 == 0:
                    list(what_can_be_read(error.legible))
    assert refused > 80


HERE = """
[school]
code = "fenglin"
name = "风林职业技术学院"
public_url = "http://127.0.0.1:8700"
pack = "own"
[web]
key = "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"
[crawl]
key = "cccccccccccccccccccccccccccccccccccccccc"
[mail]
host = "127.0.0.1"
port = 8703
security = "plain"
from = "fengxin@school.example"
[webhook]
url = "http://127.0.0.1:8702/hook"
secret = "webhook-sandbox-not-a-secret-0001"
allow_private = true
[sandbox]
port = 8701
start = 2026-11-21T08:00:00+08:00
"""
"""Settings that reach nobody outside this machine."""
TLS_MAIL = 'host = "smtp.school.example"\nport = 465\nsecurity = "tls"'
SMS = """[duty]
phone = "010-12345678"
[sms]
key_id = "k"
key_secret = "s"
sign_name = "风林"
template_code = "SMS_1"
[sandbox]"""
LEAKS = {
    "没有 [sandbox]": ("[sandbox]\nport = 8701\nstart = 2026-11-21T08:00:00+08:00\n", ""),
    "的 web.host 不在本机": ("[web]\n", '[web]\nhost = "0.0.0.0"\n'),
    "的 school.public_url 不在本机": ("http://127.0.0.1:8700", "https://fx.school.example"),
    "的 mail.host 不在本机": ('host = "127.0.0.1"\nport = 8703\nsecurity = "plain"', TLS_MAIL),
    "的 webhook.url 不在本机": ("http://127.0.0.1:8702/hook", "https://oa.school.example/hook"),
    "的 sms.base_url 不在本机": ("[sandbox]", SMS),
}


def for_acceptance(folder: Path, purpose: str) -> None:
    shutil.copytree(POLICIES / "JY", folder / "own")
    pack = folder / "own" / "pack.toml"
    short = pack.read_text("utf-8").replace('watch = { after = "14d"', 'watch = { after = "9s"')
    pack.write_text(f"{purpose}\n{short}", "utf-8")


def test_a_watch_of_seconds_is_refused_even_where_nobody_is_reached(tmp_path: Path) -> None:
    for_acceptance(tmp_path, "")
    sentences = said(written(tmp_path, HERE))
    assert len(sentences) == 4
    assert all("own/pack.toml 第 " in one and "不得短于 14 天，请改为 14d 或更长" in one for one in sentences)


def test_a_pack_for_acceptance_is_taken_where_nobody_is_reached(tmp_path: Path) -> None:
    for_acceptance(tmp_path, 'purpose = "仅供验收"')
    assert load(written(tmp_path, HERE)).school.pack == "own"


@pytest.mark.parametrize("where", LEAKS)
def test_a_pack_for_acceptance_is_refused_by_settings_that_reach_somebody(tmp_path: Path, where: str) -> None:
    for_acceptance(tmp_path, 'purpose = "仅供验收"')
    old, new = LEAKS[where]
    assert old in HERE
    told = [one for one in said(written(tmp_path, HERE.replace(old, new, 1))) if "仅供验收" in one]
    assert len(told) == 1
    assert "第 6 行，school.pack：规程包 JY 写明“仅供验收”" in told[0]
    assert f"现在的设置{where}。请换用学校自己的规程包。" in told[0]
