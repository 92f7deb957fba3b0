"""Channels in the settings: each section becomes a channel, its secret from a file, and nothing of it is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.parts import channels
from deploy.settings import load
from deploy.wiring import letterhead
from escalation.channels import Message, RateLimited, Transient
from escalation.channels.window import OwnWindows
from escalation.notice.ways import GROUPS, PERSONAL

SMALL = """
[school]
code = "fenglin"
name = "风林职业技术学院"
public_url = "https://fx.school.example"
[web]
key = "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"
[crawl]
key = "cccccccccccccccccccccccccccccccccccccccc"
"""
SECRET = "SEC-secret-of-a-channel-7c1d-0123456789"
SECTIONS = {
    "wecom_app": 'corp_id = "ww1234567890abcdef"\nagent_id = 1000002\nsecret_file = "a.secret"\n',
    "feishu_robot": 'hook_file = "b.secret"\nsecret_file = "a.secret"\n',
    "webhook": 'url = "https://oa.school.example/in"\nsecret_file = "a.secret"\n',
    "sms": 'key_id = "key-id-0001"\nkey_secret_file = "a.secret"\nsign_name = "风林学院"\ntemplate_code = "SMS_1"\n',
    "dingtalk_robot": 'token_file = "b.secret"\nsecret_file = "a.secret"\n',
}


@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_alone_sets_its_channel_up_with_the_secret_of_its_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.secret").write_text(SECRET + "\n")
    (tmp_path / "b.secret").write_text(SECRET + "-b\n")
    (tmp_path / "fengxin.toml").write_text(f"{SMALL}[{name}]\n{SECTIONS[name]}", encoding="utf-8")
    settings = load(tmp_path / "fengxin.toml")
    assert list(channels(settings)) == [name], "it is a way out of its own"
    assert SECRET not in repr(settings) + repr([vars(one) for one in channels(settings).values()])
    head = letterhead(settings)
    assert head.channels == {name}
    assert name in PERSONAL or (name in GROUPS and (head.groups.get(name) or head.robot))


@pytest.mark.parametrize(("line", "many"), [("", 60), ("per_minute = 4", 4)])
def test_the_mails_of_a_minute_are_those_of_the_settings(tmp_path: Path, line: str, many: int) -> None:
    (tmp_path / "fengxin.toml").write_text(
        f'{SMALL}[mail]\nhost = "127.0.0.1"\nport = 1\nsecurity = "plain"\nfrom = "f@school.example"\n{line}\n', "utf-8"
    )
    mail = channels(load(tmp_path / "fengxin.toml"), windows := OwnWindows())["mail"]
    test = Message("", "d-1", "luo@school.example", 1, "测试", "测试", None, "")
    said = [mail.send(test) for _ in range(many + 1)]
    assert [type(one) for one in said] == [Transient] * many + [RateLimited], "nobody listens there"
    again = channels(load(tmp_path / "fengxin.toml"), windows)["mail"].send(test)
    assert isinstance(again, RateLimited), "whoever sends shares the windows"
