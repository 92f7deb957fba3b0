"""`fengxin dead`: what is there, what one holds, handing back to the running role, dropping with a reason."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from deploy import installation, migrations, wiring
from deploy.command import app
from deploy.settings import Settings, load
from deploy.wiring import utc_now
from escalation.audit import audit_log
from stream import dead_letter
from stream.dead_letter import ANOTHER_SCHOOL, LetterKind, bury, letters
from stream.log import open_log
from stream.store import Store
from tests.stream.said import a_post

PHONE = "13800138000"
HOSTILE = "\x1b]0;偷换标题\x07\x1b[2J\u202e倒写\u200b零宽\r回车"


class Place:
    """An installation whose roles do not run."""

    def __init__(self, folder: Path) -> None:
        self.file = installation.write_demo(folder, 8700, utc_now())
        self.settings: Settings = load(self.file)
        self.settings.data_folder.mkdir(parents=True, exist_ok=True)
        self.store = Store(self.settings.store_url)
        migrations.migrate(self.store)
        self.last = 0

    def bury(self, body: bytes, reason: str = "读不懂", **more: Any) -> int:
        self.last += 1
        with self.store.write() as conn:
            bury(
                conn, reader="assess", topic="posts", partition=0, offset=self.last, body=body, reason=reason,
                now=utc_now(), **more,
            )  # fmt: skip
            return letters(conn, 100)[-1].id

    def dead(self, *words: object) -> Result:
        return CliRunner().invoke(app, ["dead", *map(str, words), "--settings", str(self.file)])

    def audited(self) -> list[tuple[str, str, str, Any]]:
        with self.store.read() as conn:
            rows = conn.execute(select(audit_log).order_by(audit_log.c.seq)).all()
        return [(row.actor, row.action, row.object, row.detail) for row in rows]

    @contextmanager
    def assessing(self) -> Iterator[None]:
        stop = Event()
        role = threading.Thread(target=wiring.assess, args=(self.settings, stop))
        role.start()
        try:
            yield
        finally:
            stop.set()
            role.join(30)
            assert not role.is_alive()

    def assessed(self) -> list[bytes]:
        with closing(open_log(self.settings.log_url)) as log, closing(log.reader("assessed", "t", lambda _: {})) as one:
            found = one.poll(100, 2)
            return [record.value for record in found]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.store.close()


def test_an_installation_without_letters_says_so(place: Place) -> None:
    assert place.dead("list").output == "没有死信。\n"
    assert place.dead("retry", "--all").output == "没有可以重试的死信。\n"
    for words in (("show", 3), ("retry", 3), ("drop", 3, "--reason", "旧", "--person", "P09")):
        refused = place.dead(*words)
        assert refused.exit_code == 1
        assert "没有第 3 封死信" in refused.output
    assert place.audited() == []


def test_the_list_names_number_reader_place_time_size_and_reason(place: Place) -> None:
    one = place.bury(b'{"v":9}', "v：Input should be 1")
    two = place.bury(b"", "缺失", kind=LetterKind.RANGE, many=7)
    told = place.dead("list")
    assert told.exit_code == 0
    first, second, *rest = told.output.splitlines()
    assert first.startswith(f"{one}  研判（assess）  posts/0  ")
    assert first.endswith("  7 字节  v：Input should be 1")
    assert second.startswith(f"{two}  研判（assess）")
    assert "，7 条" in second
    assert rest[0] == "共 2 封。"
    cut = place.dead("list", "--most", 1)
    assert "另有 1 封" in cut.output


def test_what_found_no_room_is_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letter, "MOST", 1)
    for body in (b"1", b"2", b"3"):
        place.bury(body)
    told = place.dead("list").output
    assert "另有 2 条因死信已满没有留存。" in told
    assert "只计数、不留存" in told


def test_a_letter_is_shown_redacted_with_every_escape_written_out_and_the_look_is_audited(place: Place) -> None:
    words = {"type": "post", "v": 9, "text": f"打我电话{PHONE}{HOSTILE}", "author_key": "secret-pseudonym"}
    spelled = json.dumps(words).replace("138", "\\u0031\\u0033\\u0038")
    raw = f"加我 {PHONE} {HOSTILE}\n\xff".encode("utf-8", "replace") + b'\xff"author_key":"secret-pseudonym"'
    for body in (json.dumps(words, ensure_ascii=False).encode(), spelled.encode(), raw):
        number = place.bury(body, f"字段不对 {HOSTILE}")
        told = place.dead("show", number).output
        assert "〔手机号〕" in told
        assert PHONE not in told
        assert "secret-pseudonym" not in told
        assert all(one.isprintable() or one in "\n\u3000" for one in told), ascii(told)
        assert "\\u202e" in told
        assert (f"命令行 {place_account()}", "dead.show", str(number)) == place.audited()[-1][:3]
        assert "text" not in json.dumps(place.audited()[-1][3])
    assert all(one.isprintable() or one == "\n" for one in place.dead("list").output)


def place_account() -> str:
    from deploy.dead_lettering import _account

    return _account()


def test_a_huge_letter_is_cut_and_says_so(place: Place) -> None:
    number = place.bury(("长" * 200_000).encode())
    told = place.dead("show", number).output
    assert "只显示前 4000 字，全长 200,000 字" in told
    assert len(told) < 5000


def test_dropping_needs_an_administrator_and_a_reason_and_is_audited(place: Place) -> None:
    number = place.bury(b"?")
    assert place.dead("drop", number).exit_code == 2
    for who, why, said in (("P01", "旧版本写坏的", "可以了结死信的人：许明德（P09）"), ("P09", "  ", "写明原因")):
        refused = place.dead("drop", number, "--reason", why, "--person", who)
        assert refused.exit_code == 1
        assert said in refused.output
    assert len(place.dead("list").output.splitlines()) == 3
    done = place.dead("drop", number, "--reason", "旧版本写坏的", "--person", "P09")
    assert (done.exit_code, done.output) == (0, f"第 {number} 封已了结，已记入审计。\n")
    assert place.dead("list").output == "没有死信。\n"
    [(actor, action, subject, detail)] = place.audited()
    assert (actor, action, subject, detail["reason"], detail["offset"]) == (
        "P09", "dead.drop", str(number), "旧版本写坏的", 1,
    )  # fmt: skip


def test_retry_names_one_or_all_and_refuses_what_is_no_record(place: Place) -> None:
    lost = place.bury(b"{}", "缺失", kind=LetterKind.RANGE, many=7)
    for words in ((), (lost, "--all")):
        assert "二者取一" in place.dead("retry", *words).output
    refused = place.dead("retry", lost)
    assert refused.exit_code == 1
    assert f"没有可以重试的记录；核对后请用 fengxin dead drop {lost} 了结" in refused.output
    number = place.bury(b"?")
    waiting = place.dead("retry", "--all", "--wait", 0)
    assert waiting.exit_code == 0
    assert "已交回 1 封。\n1 封等待读取进程处理" in waiting.output
    assert "等待重取" in place.dead("list").output
    assert [row[1:3] for row in place.audited()] == [("dead.retry", f"{number}-{number}")]


def test_the_running_role_takes_what_it_can_read_by_now_and_keeps_what_it_cannot(place: Place) -> None:
    post = a_post("图书馆的空调坏了", "weibo:9", school=place.settings.school.code)
    with place.assessing():
        with closing(open_log(place.settings.log_url)) as log:
            while not place.dead("list").output.count("研判（assess）"):
                log.append("posts", [("k", b"no record at all")])
        good = place.bury(post.wire(), "上一版本读不懂")
        told = place.dead("retry", good, "--wait", 60)
        assert (told.exit_code, told.output) == (0, "已交回 1 封。\n已处理 1 封。\n")
        told = place.dead("retry", "--all", "--wait", 60)
        assert told.exit_code == 1
        assert "封仍处理不了：" in told.output
        assert "等待" not in told.output
    assert "重试过 1 次" in place.dead("list").output
    assert sum("图书馆的空调坏了".encode() in value for value in place.assessed()) == 1


def test_check_tells_that_another_school_writes_into_our_log_and_how_to_part_them(place: Place) -> None:
    def checked() -> str:
        return CliRunner().invoke(app, ["check", "--settings", str(place.file)]).output

    place.bury(b"not ours to read")
    assert "qinghe" not in checked()
    for _ in range(2):
        place.bury(b'{"school":"qinghe"}', ANOTHER_SCHOOL.format(theirs="qinghe", ours="fenglin"))
    assert "有 2 封死信属于学校 qinghe，本校代号是 fenglin" in checked()
    assert "自己的前缀（kafka://主机:端口/前缀）" in checked()
