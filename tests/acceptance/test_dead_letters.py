"""A record that nobody can read (issue 6): it stops nothing, is kept, looked at, tried again and dropped by command."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from crc32c import crc32c

from tests.acceptance.standing import Standing, eventually, fengxin, words_of

pytestmark = pytest.mark.long
NAMELESS = "琴房的吊扇掉下来砸到一个同学，手机号13912345678，头上流血"
AFTER_IT = "二教三楼着火了，有人被困"


def test_a_record_that_nobody_can_read_is_kept_told_tried_again_and_dropped(own_demo: Standing) -> None:
    command = partial(asked, own_demo)
    assert command("list") == (0, "没有死信。")
    post = unread(own_demo, NAMELESS, lambda said: said | {"kind": "\x1b[31mnotice"})
    kept = eventually("it is kept", lambda: re.match(r"(\d+)  研判（assess）", command("list")[1]))
    assert kept
    number = kept[1]
    own_demo.lead(AFTER_IT)
    eventually("what came after it opens", lambda: own_demo.incident("火"), 90)

    code, shown = command("show", number)
    assert code == 0
    assert post in shown
    assert "吊扇" in shown
    assert "13912345678" not in shown
    assert "\x1b" not in shown
    code, again = command("retry", number)
    assert code == 1
    assert f"第 {number} 封仍处理不了" in again
    way = fengxin("trace", post, "--settings", own_demo.data / "fengxin.toml").stdout
    assert "死信" in way
    eventually("the desk says which command helps", lambda: "fengxin dead list" in told(own_demo), 90)

    assert command("drop", number, "--reason", "坏了", "--person", "nobody")[0] == 1
    assert number in command("list")[1]
    person = re.search(r"（(P\d+)）", command("drop", number, "--reason", "坏了", "--person", "nobody")[1])
    assert person is not None, "the refusal names who may"
    assert command("drop", number, "--reason", "外来程序写入", "--person", person[1])[0] == 0
    assert command("list") == (0, "没有死信。")
    exported = own_demo.data.parent / "audit.jsonl"
    assert fengxin("audit", "export", "--out", exported, "--settings", own_demo.data / "fengxin.toml").returncode == 0
    audited = exported.read_text("utf-8")
    deeds = {row.get("action") for row in map(json.loads, audited.splitlines())}
    assert {"dead.show", "dead.retry", "dead.drop"} <= deeds
    assert "外来程序写入" in audited
    assert "吊扇" not in audited


def asked(standing: Standing, *words: str) -> tuple[int, str]:
    """Exit code and words of `fengxin dead …`."""
    done = fengxin("dead", *words, "--settings", standing.data / "fengxin.toml")
    return done.returncode, (done.stdout + done.stderr).strip()


def told(standing: Standing) -> str:
    """The page of findings."""
    (main,) = standing.signed_in("zheng.wanzhou").page("/findings").css("main")
    return words_of(main)


def unread(standing: Standing, text: str, change: Callable[[dict[str, object]], dict[str, object]]) -> str:
    """A lead whose record is changed in the log's file before anybody has read it; gives the post's id."""
    reader = standing.roles()["assess"]
    eventually("the reader stands still", lambda: _stopped(reader, standing.data))
    try:
        standing.lead(text)
        return changed(standing.data / "log.db", change)
    finally:
        os.kill(reader, signal.SIGCONT)


def _stopped(reader: int, data: Path) -> bool:
    """Whether it was stopped while it held neither file, which would stop all others."""
    os.kill(reader, signal.SIGSTOP)
    try:
        for name in ("store.db", "log.db"):
            with closing(sqlite3.connect(data / name, timeout=0.5)) as file:
                file.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        os.kill(reader, signal.SIGCONT)
        return False
    return True


def changed(file: Path, change: Callable[[dict[str, object]], dict[str, object]]) -> str:
    """The lead's record, changed, with a checksum that fits."""
    with closing(sqlite3.connect(file, timeout=20)) as log, log:
        rows = log.execute("SELECT place, key, value FROM record WHERE instr(value, ?) > 0", (b'"lead:',))
        place, key, value = max(rows.fetchall())
        said = json.loads(value)
        made = json.dumps(change(said), ensure_ascii=False).encode()
        log.execute(
            "UPDATE record SET value = ?, checksum = ? WHERE place = ?", (made, crc32c(made, crc32c(key)), place)
        )
    return str(said["id"])
