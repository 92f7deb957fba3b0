"""It must show 4 (issue 4): the auditor is watched itself, beats outside, and its audit can be proved offline."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from tests.acceptance.hands import FOUR, MONITOR, signs
from tests.acceptance.school import BEIJING
from tests.acceptance.standing import FENGXIN, Mail, Standing, eventually, fengxin, surroundings, words_of
from tests.acceptance.standstill import Still, still

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def stands_still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Still]:
    """Begun by the first test and looked at by the last ones: what stood for minutes is a finding."""
    yield from still(tmp_path_factory.mktemp("still"))


def test_when_nobody_signs_every_step_is_taken_and_the_desk_is_asked_to_telephone(stands_still: Still) -> None:
    desk, number = stands_still.standing.signed_in(MONITOR), stands_still.unsigned
    log = words_of(desk.page(f"/incidents/{number}").css("ol.log")[0])
    for words in ("通知 4 人：", "林知远 未签收，已到最高一级请值班员电话催办并登记", "顾文清：接通并转达"):
        assert words in log, log
    assert "0 / 4，须全部签收" in words_of(desk.page(f"/incidents/{number}").css("body")[0])


def strip_of(standing: Standing) -> str:
    """The watch strip as the duty monitor sees it."""
    return words_of(standing.signed_in("zheng.wanzhou").page("/desk").css(".watch")[0])


def beaten(standing: Standing) -> tuple[float, str]:
    """When the heartbeat's file was written, and what it says."""
    file = standing.data / "heartbeat.json"
    return (file.stat().st_mtime, str(json.loads(file.read_text("utf-8"))["at"])) if file.exists() else (0.0, "")


def test_the_heartbeat_moves_in_time_and_content_while_the_auditor_lives(demo: Standing) -> None:
    eventually("the first beat", lambda: beaten(demo)[0], 60)
    first = beaten(demo)
    eventually("the next beat", lambda: beaten(demo)[0] > first[0], 60)
    second = beaten(demo)
    assert second[1] > first[1]
    assert set(json.loads((demo.data / "heartbeat.json").read_text("utf-8"))) == {
        "service", "school", "at", "findings"
    }  # fmt: skip


def test_a_paused_auditor_is_named_by_healthz_and_the_desk_and_beats_no_more_until_it_goes_on(spare: Standing) -> None:
    eventually("the auditor is up", lambda: "audit" not in spare.health()[1]["failing"], 60)
    auditor = spare.roles()["audit"]
    os.kill(auditor, signal.SIGSTOP)
    try:
        eventually("healthz names it", lambda: "audit" in spare.health()[1]["failing"], 60)
        still = beaten(spare)
        assert "稽核停" in strip_of(spare)
        page = words_of(spare.signed_in("zheng.wanzhou").page("/findings").css("main")[0])
        assert "稽核没有在运行" in page
        assert beaten(spare) == still
    finally:
        os.kill(auditor, signal.SIGCONT)
    eventually("it is green again", lambda: "稽核停" not in strip_of(spare), 60)
    eventually("it beats again", lambda: beaten(spare)[0] > still[0], 60)


def findings_of(standing: Standing, words: str) -> list[str]:
    """The lines of the page of findings that say so."""
    page = standing.signed_in("zheng.wanzhou").page("/findings")
    return [words_of(one) for one in page.css("main .panel")[0].css("tbody tr") if words in words_of(one)]


def test_a_second_auditor_beside_the_first_finds_each_thing_once_and_takes_nothing_along_when_it_ends(
    spare: Standing,
) -> None:
    """As an operator may start one on another machine. A new auditor says nothing for its first minute."""
    settings, first = spare.data / "fengxin.toml", spare.roles()["audit"]
    with spare.data.with_suffix(".second").open("wb") as said:
        second = subprocess.Popen(
            [FENGXIN, "run", "audit", "--settings", str(settings)], stdout=said, stderr=said, env=surroundings()
        )
    begun, admin, stamp = time.monotonic(), spare.signed_in("xu.mingde"), "%Y-%m-%dT%H:%M"
    then = datetime.now(BEIJING) + timedelta(days=3)
    span = {"starts": then.strftime(stamp), "ends": (then + timedelta(days=1)).strftime(stamp)}
    try:
        admin.send("/duty/leave", "/duty", person="P06", kind="trip", **span)
        eventually("it is found", lambda: findings_of(spare, "孙建国"), 100, 2.0)
        while time.monotonic() < begun + 80:
            assert len(findings_of(spare, "孙建国")) == 1, "by two auditors, in one line"
            assert second.poll() is None, spare.data.with_suffix(".second").read_text("utf-8")
            time.sleep(2)
        assert spare.health()[0] == 200
        (away,) = admin.page("/duty").css("form[action^='/duty/leave/'][action$='/end']::attr(action)").getall()
        admin.send(away, "/duty")
        eventually("it ends for both", lambda: not findings_of(spare, "孙建国"), 60, 2.0)
    finally:
        second.terminate()
        assert second.wait(20) == 0
    still = beaten(spare)
    eventually("the first beats on", lambda: beaten(spare)[0] > still[0], 60)
    assert (spare.roles()["audit"], spare.health()[0]) == (first, 200)
    assert "稽核停" not in strip_of(spare)
    assert fengxin("audit", "verify", "--settings", settings).returncode == 0


def test_a_killed_auditor_is_started_again_and_the_desk_has_no_finding(spare: Standing) -> None:
    before = spare.roles()["audit"]
    os.kill(before, signal.SIGKILL)
    eventually("another process", lambda: spare.roles().get("audit", before) != before, 60)
    eventually("it is up", lambda: "audit" not in spare.health()[1]["failing"], 60)
    page = words_of(spare.signed_in("ye.chuqing").page("/findings").css("main")[0])
    assert "没有发现" in page


def test_the_audit_is_exported_beside_the_running_service_and_proves_itself_alone(
    demo: Standing, tmp_path: Path
) -> None:
    demo.signed_in("ye.chuqing").page("/reports")
    out = tmp_path / "audit.jsonl"
    done = fengxin("audit", "export", "--out", out, "--settings", demo.data / "fengxin.toml")
    assert done.returncode == 0, done.stderr
    proved = fengxin("audit", "verify", "--file", out, folder=tmp_path)
    assert proved.returncode == 0, proved.stderr
    assert "完整" in proved.stdout
    whole = out.read_text("utf-8").splitlines()
    assert len(whole) > 2, "the demo has signed people in, so there is something to export"
    cut = tmp_path / "cut.jsonl"
    cut.write_text("\n".join([whole[0], *whole[2:]]) + "\n", "utf-8")
    found = fengxin("audit", "verify", "--file", cut, folder=tmp_path)
    assert found.returncode == 1
    assert "不符" in found.stderr


def test_a_decision_is_rebuilt_by_the_command_and_differs_in_nothing_on_the_same_day(demo: Standing) -> None:
    number = eventually("the wave opens an incident", lambda: demo.incident("二食堂"), 100)
    done = fengxin("replay", number, "--settings", demo.data / "fengxin.toml")
    assert done.returncode == 0, done.stderr
    for words in (number, "第十三条", "与所存的决定：一致", "没有不同"):
        assert words in done.stdout, done.stdout


def test_silence_to_its_end_is_a_finding_with_the_cure_that_ends_with_the_signatures(stands_still: Still) -> None:
    number, standing = stands_still.unsigned, stands_still.standing
    (found,) = eventually("no next step", lambda: stands_still.findings("没有下一步", number), 400, 3.0)
    assert re.search(r"还有 \d 份通知未签收，而催签与逐级上报都已走完；请催签、电话转告或代为了结。", found), found
    assert "没有下一步" in words_of(standing.signed_in(MONITOR).page("/desk").css("body")[0])
    written = (standing.data / "logs" / "audit.log").read_text("utf-8")
    assert f"role=audit at=escalation.auditor incident={number} 稽核发现：没有下一步" in written
    signs(standing, number, *FOUR)
    eventually("it ends by itself", partial(stands_still.ended, "没有下一步", number), 60, 3.0)


def test_notices_that_nobody_tried_are_found_by_name_and_leave_late_with_a_mark(stands_still: Still) -> None:
    """The notify role stands; nothing of the untold matter left on any channel, and no clock of it fired."""
    number, standing = stands_still.untold, stands_still.standing
    (late,) = eventually("clocks that did not fire", lambda: stands_still.findings("到期未处理", number), 400, 3.0)
    assert "请查看通知进程（notify）是否在运行，恢复后自动补办" in late
    (found,) = eventually("not tried", lambda: stands_still.findings("通知未尝试送达", number), 400, 3.0)
    assert re.search(r"有 \d 份通知已 \d+ 分钟没有在任何通道上尝试过：", found), found
    for name in ("林知远", "叶初晴", "顾文清", "陈思源"):
        assert f"{name}（{number}-" in found
    assert "请立即电话转告，并查看通知进程（notify）与“送达”页" in found
    assert "稽核" in words_of(standing.signed_in(MONITOR).page("/desk").css(".watch")[0])
    assert (standing.mails(words=number), standing.robot(number)) == ([], [])
    stands_still.goes_on()

    def told() -> list[Mail]:
        return [one for one in standing.mails(words=number) if "首报" in one.subject]

    eventually("what waited leaves", lambda: {one.to.partition("@")[0] for one in told()} >= set(FOUR), 100)
    for mail in told():
        assert mail.subject.startswith("【迟发】"), mail.subject
        assert re.search(r"拟发，晚\d+分钟送出。", re.sub(r"\s", "", mail.text)), mail.text[:300]
    for what in ("到期未处理", "通知未尝试送达"):
        eventually(f"{what} ends by itself", partial(stands_still.ended, what, number), 60, 3.0)
