"""systemd units: what `systemd-analyze` says of them, and that they name what there is."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.wiring import ROLES
from tests.test_promises import commands

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "systemd"
UNITS = {
    "fengxin.service": "fengxin.service", "fengxin@.service": "fengxin@assess.service",
    "fengxin-backup.service": "fengxin-backup.service",
}  # fmt: skip
"""A unit, and the name under which it is started."""
MOST_EXPOSED = 20
"""Tenths: below 2.0 systemd calls a service OK; one without any hardening has 9.6."""
WANTED = {
    "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes", "User": "fengxin",
    "CacheDirectory": "fengxin", "CapabilityBoundingSet": "", "UMask": "0077",
}  # fmt: skip
OF_EACH = {
    "fengxin.service": {"Restart": "always", "StateDirectory": "fengxin"},
    "fengxin@.service": {"Restart": "always", "StateDirectory": "fengxin"},
    "fengxin-backup.service": {"Type": "oneshot", "StateDirectory": "fengxin fengxin-backup"},
}
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
EVERY = pytest.mark.parametrize("unit", UNITS)


def lines(unit: str) -> list[tuple[str, str]]:
    """Every setting of a unit."""
    text = (FOLDER / unit).read_text("utf-8")
    return [
        (key, value) for key, _, value in (line.partition("=") for line in text.splitlines() if line[:1] not in "#[")
    ]


def standing(unit: str, folder: Path) -> Path:
    """The unit under its name, with a command that this machine has."""
    file = folder / UNITS[unit]
    file.write_text((FOLDER / unit).read_text("utf-8").replace("/opt/fengxin/bin/fengxin", "/bin/true"), "utf-8")
    return file


def analysed(*words: str | Path) -> tuple[int, str]:
    """Exit code and all that systemd-analyze says."""
    done = subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


@needs_systemd
@EVERY
def test_systemd_reads_the_unit_without_a_word(unit: str, tmp_path: Path) -> None:
    code, said = analysed("verify", "--recursive-errors=no", standing(unit, tmp_path))
    assert code == 0, said
    assert unit.partition(".")[0].rstrip("@") not in said, said


@needs_systemd
@EVERY
def test_systemd_calls_the_unit_hardened(unit: str, tmp_path: Path) -> None:
    code, said = analysed(
        "security", "--no-pager", "--offline=yes", f"--threshold={MOST_EXPOSED}", standing(unit, tmp_path)
    )
    assert code == 0, said
    loose = tmp_path / "loose.service"
    loose.write_text("[Service]\nExecStart=/bin/true\n")
    code, _ = analysed("security", "--no-pager", "--offline=yes", f"--threshold={MOST_EXPOSED}", loose)
    assert code != 0, "the threshold bites"


@EVERY
def test_the_unit_is_hardened_by_name_and_no_key_is_set_twice_by_mistake(unit: str) -> None:
    found = dict(lines(unit))
    assert found.items() >= (WANTED | OF_EACH[unit]).items()
    keys = [key for key, _ in lines(unit) if key not in ("Environment", "LoadCredential", "SystemCallFilter", "")]
    assert len(keys) == len(set(keys))


@EVERY
def test_keys_come_as_credentials_and_lie_where_the_settings_look_for_them(unit: str) -> None:
    given = dict(value.split(":", 1) for key, value in lines(unit) if key == "LoadCredential")
    template = (FOLDER.parent / "templates" / "fengxin.toml").read_text("utf-8")
    for name, place in given.items():
        assert place == f"/etc/fengxin/secrets/{name}"
        assert f'"secrets/{name}"' in template
    assert {"web.key", "crawl.key"} <= given.keys()
    assert ("BindReadOnlyPaths", "%d:/etc/fengxin/secrets") in lines(unit)


@EVERY
def test_the_unit_runs_a_command_that_exists_and_its_comments_name_roles_that_exist(unit: str) -> None:
    (start,) = (value for key, value in lines(unit) if key == "ExecStart")
    assert start.split()[1] in commands()
    text = (FOLDER / unit).read_text("utf-8")
    for role in re.findall(r"fengxin@([a-z]+)\b", text.replace("fengxin@.service", "")):
        assert role in ROLES
    for said in re.findall(r"角色：([a-z ]+)", text):
        assert said.split() == [role for role in ROLES if role not in ("sandbox", "inbox")]
    for line in text.splitlines():
        assert not line.startswith("#") or re.search(r"[\u4e00-\u9fff]|^#  +cp ", line), line


def test_the_backup_goes_where_its_unit_may_write_and_old_ones_go_only_after_a_new_one() -> None:
    found = dict(lines("fengxin-backup.service"))
    folder = found["ExecStart"].split()[2]
    assert folder.removeprefix("/var/lib/") in found["StateDirectory"].split()
    assert found["ExecStartPost"].split()[:2] == ["/usr/bin/find", folder]


@needs_systemd
def test_systemd_reads_the_timer_and_knows_its_next_time(tmp_path: Path) -> None:
    standing("fengxin-backup.service", tmp_path)
    timer = tmp_path / "fengxin-backup.timer"
    timer.write_text((FOLDER / timer.name).read_text("utf-8"), "utf-8")
    code, said = analysed("verify", "--recursive-errors=no", timer)
    assert (code, "fengxin" in said) == (0, False), said
    (when,) = (value for key, value in lines(timer.name) if key == "OnCalendar")
    assert analysed("calendar", when)[0] == 0


def test_a_role_alone_is_not_throttled_while_it_makes_its_word_tables() -> None:
    found = dict(lines("fengxin@.service"))
    assert int(found["MemoryHigh"].removesuffix("M")) >= 700, "assess was seen at 610 MB before its first comment"
    assert found["MemoryMax"] == "1G"
