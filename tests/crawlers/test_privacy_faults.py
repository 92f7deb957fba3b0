"""Faults 36 and 37: what points at a person is nowhere, whatever the platform sends."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import prometheus_client
import pytest

MARKERS = ("网友阿檀", "avatar.invalid", "阿檀市", "192.0.2.", "oSANDBOX_atan", "阿檀牌")


def _cells(folder: Path) -> str:
    """Every value of every table of the store and the log, one a line (in the raw file neighbours run together)."""
    found: list[str] = []
    for path in sorted(folder.glob("*.db")):
        with closing(sqlite3.connect(path)) as opened:
            for (name,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                for row in opened.execute(f"SELECT * FROM {name}"):
                    found += [cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell) for cell in row]
    return "\n".join(found)


def test_names_pictures_places_and_ids_are_in_no_file_log_or_figure(
    make_room: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    room = make_room(accounts=("wb_main", "wx_main"), history=True)
    room.sandbox.fault("personal_fields")
    for _ in range(60):
        if not room.run(room.crew.round()):
            break
    room.drain()
    assert len(room.posts()) > 100
    files = b"".join(path.read_bytes() for path in sorted(room.folder.iterdir()))
    cells = _cells(room.folder)
    figures = prometheus_client.generate_latest().decode()
    writers = sorted({str(c.author.uid) for c in room.sandbox.world.comments.values() if c.author})
    assert len(writers) > 50
    for marker in MARKERS:
        assert marker.encode() not in files, marker
    for marker in (*MARKERS, *writers):
        assert marker not in cells, marker
        assert marker not in caplog.text, marker
        assert marker not in figures, marker
    for secret in ("NOTASECRET", "not_a_secret", "not-a-secret", "access_token="):
        assert secret not in caplog.text, secret


def test_numbers_of_people_are_redacted_before_the_log(make_room: Any) -> None:
    room = make_room(history=True)
    thread = room.sandbox.post()["thread"]
    room.sandbox.comment(thread, "打１３８ ００１３ ８０００找我，身份证 11010119900307 123X")
    for stream in ("timeline", "to_me"):
        room.look(stream)
    texts = [post.text for post in room.posts()]
    assert "打〔手机号〕找我，身份证 〔身份证号〕" in texts
