"""The settings of a school that is run for real: the demo's, on trial, with short clocks, its story long past."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path

SHORT = {"remind": "6s", "phone": "12s", "tell": "18s", "sign": "12s"}
REMIND = "8s"
BEIJING = timezone(timedelta(hours=8))
FOR_ACCEPTANCE = 'purpose = "仅供验收"'
"""The word by which a pack with a watch of seconds is let in, on settings that reach nobody."""
LABEL = "# 仅供验收：时钟缩短，非校规，不得用于学校。"


def shipped_pack(code: str) -> Path:
    """Where the installed packs lie, asked from the installation without loading it."""
    ask = "import importlib.util as u; print(u.find_spec('escalation').submodule_search_locations[0])"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    return Path(done.stdout.strip()) / "policies" / code


def short_pack(folder: Path) -> Path:
    """A copy of the JY pack whose default clocks are seconds; articles and recipients are untouched."""
    pack = folder / "JY-short"
    shutil.copytree(shipped_pack("JY"), pack)
    file = pack / "pack.toml"
    lines = [LABEL]
    act = ""
    for line in file.read_text("utf-8").splitlines():
        if line.startswith("act ="):
            act = line.split('"')[1]
        if line.startswith("sign ="):
            line = re.sub(r'after = "\w+"', f'after = "{SHORT["sign"]}"', line)
        if line.startswith("clock ="):
            line = re.sub(r'after = "\w+"', f'after = "{SHORT[act]}"', line)
        if line.startswith("role =") and lines[-1].startswith("clock ="):
            lines[-1] = re.sub(r'after = "\w+"', 'after = "24s"', lines[-1])
        lines.append(line)
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return pack


WATCH = {"take_over": "5s", "tell_lead": "8s"}
WATCH_STEPS = {"remind": "5s", "phone": "8s"}


def watch_pack(folder: Path) -> Path:
    """A copy of the JY pack in which a late hand-over, and silence on level Ⅲ, are told of in seconds."""
    pack = folder / "JY-watch"
    shutil.copytree(shipped_pack("JY"), pack)
    file = pack / "pack.toml"
    text, changed = file.read_text("utf-8"), 0
    places = [(rf'(\[desk\.{key}\]\nafter = )"\w+"', span) for key, span in WATCH.items()]
    places += [(rf'(level = 3\nact = "{act}"\nclock = \{{ after = )"\w+"', span) for act, span in WATCH_STEPS.items()]
    for place, span in places:
        text, found = re.subn(place, rf'\1"{span}"', text)
        changed += found
    assert changed == len(places), "the pack reads otherwise than this test thinks"
    file.write_text(f"{LABEL}\n{text}", "utf-8")
    return pack


BRISK: dict[int | str, dict[str, str]] = {
    1: {"watch": "9s"},
    2: {"idle": "3s", "first_report": "3s", "follow_up": "3s", "phone": "2s", "tell": "3s"},
    "[task.clarification]": {"remind": "2s"},
}
"""What the brisk pack changes: clocks of levels and of their ladder, and of tasks; the rest is as shipped."""


def brisk_pack(folder: Path, code: str = "JY", spans: Mapping[int | str, Mapping[str, str]] = BRISK) -> Path:
    """A copy of a pack for a matter's whole course in a minute; articles and recipients are untouched.

    `spans`: the new clocks by level and by table; several in a row for steps of one name.
    """
    pack = folder / f"{code}-brisk"
    shutil.copytree(shipped_pack(code), pack)
    file = pack / "pack.toml"
    lines, head, act = [LABEL, FOR_ACCEPTANCE], "", ""
    left = {place: {key: each.split() for key, each in of.items()} for place, of in spans.items()}
    now: dict[str, list[str]] = {}
    for line in file.read_text("utf-8").splitlines():
        if line.startswith("["):
            head, act, now = line, "", left.get(line, {})
        if found := re.match(r"(?:number|level) = (\d)$", line):
            now = left.get(int(found[1]), {})
        if line.startswith("act ="):
            act = line.split('"')[1]
        key = act if head == "[[ladder.step]]" and line.startswith("clock =") else line.partition(" =")[0]
        if now.get(key) and "after =" in line:
            line = re.sub(r'after = "\w+"', f'after = "{now[key].pop(0)}"', line)
        lines.append(line)
    assert not any(each for of in left.values() for each in of.values()), (
        f"{code} reads otherwise than this test thinks"
    )
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return pack


def written(data: Path, story: datetime, pack: Path, *, trial: bool) -> Path:
    """Change the demo's settings in `data`: this pack, the platforms' story began at `story`, watching begins now."""
    settings = data / "fengxin.toml"
    text = settings.read_text("utf-8")
    text = re.sub(r"(?m)^start = .*$", f"start = {story.isoformat(timespec='seconds')}", text)
    text = text.replace('pack = "JY"', f'pack = "{pack.name}"')
    if trial:
        text = text.replace("on = false", "on = true")
    settings.write_text(f"{LABEL}\n{text}", "utf-8")
    return settings


CHANNELS = """
[wecom_app]
corp_id = "ww1234567890abcdef"
agent_id = 1000002
secret = "sandbox-application-not-a-secret"
base_url = "http://127.0.0.1:{inbox}"

[dingtalk_robot]
name = "钉钉值班群"
token = "sandbox-token-not-a-secret"
secret = "SEC-sandbox-not-a-secret"
base_url = "http://127.0.0.1:{inbox}"

[feishu_robot]
name = "飞书值班群"
hook = "sandbox-hook-not-a-secret"
secret = "feishu-sandbox-not-a-secret"
base_url = "http://127.0.0.1:{inbox}"

[webhook]
name = "校内系统"
url = "http://127.0.0.1:{inbox}/hook"
secret = "webhook-sandbox-not-a-secret-0001"
allow_private = true

[sms]
key_id = "sandbox-key-id"
key_secret = "aliyun-sandbox-not-a-secret"
sign_name = "风林职院"
template_code = "SMS_123456789"
base_url = "http://127.0.0.1:{inbox}/aliyun"

"""
"""Every further channel, as its vendor is spoken to, at the demo's inbox."""


def with_every_channel(data: Path, port: int, heartbeat: str, now: datetime, *, remind: str = REMIND) -> Path:
    """Change the demo's settings: all channels set up, everybody has a 企业微信 account, accounts are watched by hand,
    level Ⅳ is quiet from an hour ago for three hours, level Ⅲ is reminded after `remind`, an address hears a heartbeat
    (empty: none does).
    """
    settings, pack = data / "fengxin.toml", data / "JY-ways"
    text = re.sub(
        r"(?s)\[\[routes\]\].*?(?=\[\[units\]\])", CHANNELS.format(inbox=port + 2), settings.read_text("utf-8")
    )
    text = re.sub(r'email = "(\S+)@(\S+)"', r'email = "\1@\2"\nwecom = "\1"', text)
    text = re.sub(r"(?m)^watch_from = .*$", r'\g<0>\nroute = "manual"', text)
    outside = f'heartbeat_url = "{heartbeat}"\nheartbeat_allow_private = true\nheartbeat_method = "POST"\n'
    text = text.replace("heartbeat_every_s", f"{outside if heartbeat else ''}heartbeat_every_s")
    text = text.replace('pack = "JY"', f'pack = "{pack.name}"')
    settings.write_text(f"{LABEL}\n{text}", "utf-8")
    shutil.copytree(shipped_pack("JY"), pack)
    rules = (pack / "pack.toml").read_text("utf-8")
    starts, ends = (f"{(now + timedelta(hours=by)).astimezone(BEIJING):%H:%M}" for by in (-1, 2))
    rules = rules.replace('starts = "22:00"', f'starts = "{starts}"').replace('ends = "07:00"', f'ends = "{ends}"')
    rules = re.sub(r'(level = 3\nact = "remind"\nclock = \{ after = )"15m"', rf'\1"{remind}"', rules)
    assert all(words in rules for words in (starts, ends, remind)), "the pack reads otherwise than this test thinks"
    (pack / "pack.toml").write_text(f"{LABEL}\n{rules}", "utf-8")
    return settings
