from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from deploy import installation
from deploy.checking import what_can_be_read
from deploy.settings import Settings, SettingsError, load
from deploy.toml_file import is_secret, sections_of

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
