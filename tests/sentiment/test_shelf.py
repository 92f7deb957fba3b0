"""What is kept is what would be made, and no state of the shelf keeps a text from being read."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment import disguise, lookalike, shelf, sound, writings
from sentiment.normalise import _SPLITS, normalise
from sentiment.shelf import KEPT, shelved
from tests.sentiment.together import printed_together

NAMES = ("codes", "sounds", "spelled", "initials", "odd")
Ask = Callable[..., tuple[Any, int]]


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the shelf is, for this test alone."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "fengxin"


@pytest.fixture
def ask(folder: Path) -> Ask:
    """Ask for a thing as a new process would; what is given, and how often it was made so far."""
    times = 0

    def make() -> dict[str, str]:
        nonlocal times
        times += 1
        return {"校": "木交"}

    def read(kept: Any) -> dict[str, str]:
        return {str(char): str(some) for char, some in kept.items()}

    def once(*sources: bytes) -> tuple[Any, int]:
        return shelved("thing", sources or (b"one",), make, read), times

    return once


def signed(content: bytes) -> bytes:
    """A file with its right sum, whatever it holds."""
    return hashlib.blake2b(content, digest_size=16).hexdigest().encode() + b"\n" + content


def test_a_second_process_reads_what_the_first_has_made(ask: Ask, folder: Path) -> None:
    assert ask() == ({"校": "木交"}, 1)
    assert ask() == ({"校": "木交"}, 1)
    assert [path.name.rpartition("-")[0] for path in folder.iterdir()] == ["thing"]


@pytest.mark.parametrize(
    "harm",
    [
        lambda _: b"",
        lambda content: content[:-3],
        lambda content: content[:-1] + b"\x7f",
        lambda content: content.replace("木".encode(), "不".encode()),
        lambda _: b"\xff\x00\n\n",
        lambda _: signed(b"not JSON"),
        lambda _: signed(b"\xff\xfe"),
        lambda _: signed(b"[1, 2]"),
        lambda _: signed(b"null"),
        lambda _: b"cos\nsystem\n(S'true'\ntR.",
    ],
)
def test_a_broken_or_foreign_file_is_made_anew(ask: Ask, folder: Path, harm: Callable[[bytes], bytes]) -> None:
    ask()
    (file,) = folder.iterdir()
    file.write_bytes(harm(file.read_bytes()))
    assert ask() == ({"校": "木交"}, 2)
    assert ask() == ({"校": "木交"}, 2)


def test_other_sources_are_another_thing(ask: Ask) -> None:
    assert [ask(*some)[1] for some in ((b"one",), (b"one", b"two"), (b"onetwo",), (b"one",))] == [1, 2, 3, 3]


def test_old_things_of_a_name_go_and_others_stay(ask: Ask, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "snow-602f").mkdir()
    (folder / "things-1").touch()
    for number in range(KEPT + 3):
        ask(b"%d" % number)
        for age, path in enumerate(sorted(folder.glob("thing-*"), key=lambda one: one.stat().st_mtime_ns)):
            os.utime(path, ns=(age, age))  # a file system's clock may be coarse
    assert len(list(folder.glob("thing-*"))) == KEPT
    assert ask(b"%d" % (KEPT + 2))[1] == KEPT + 3
    assert {path.name for path in folder.iterdir()} > {"snow-602f", "things-1"}


def test_where_nothing_can_be_written_it_is_made_each_time(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where a directory should be")
    assert ask() == ({"校": "木交"}, 1)
    assert ask() == ({"校": "木交"}, 2)


def test_a_directory_in_the_place_of_the_file_does_no_harm(ask: Ask, folder: Path) -> None:
    ask()
    (file,) = folder.iterdir()
    file.unlink()
    file.mkdir()
    assert ask() == ({"校": "木交"}, 2)
    assert [path.name for path in folder.iterdir()] == [file.name]


def test_a_service_without_a_home_works(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", homeless)
    assert ask() == ({"校": "木交"}, 1)


def test_a_mistake_in_making_is_not_hidden(folder: Path) -> None:
    def broken() -> object:
        raise LookupError("no such table")

    with pytest.raises(LookupError, match="no such table"):
        shelved("thing", [b"one"], broken, dict)
    assert not folder.exists()


@given(st.dictionaries(st.text(), st.text()))
def test_any_text_is_kept_as_it_is(words: dict[str, str]) -> None:
    content = shelf._json(words)
    assert json.loads(content.decode("utf-8", "surrogatepass")) == words


def test_of_processes_that_start_together_each_reads_a_whole_file(tmp_path: Path) -> None:
    script = (
        "import time; from sentiment.shelf import shelved;"
        "print(sum(sum(shelved(f'thing{n}', [b'x'], lambda: list(range(20_000)), list)) for n in range(20)))"
    )
    assert set(printed_together(script, tmp_path)) == {str(20 * sum(range(20_000)))}
    files = list((tmp_path / "fengxin").iterdir())
    assert len(files) == 20
    assert all(signed(file.read_bytes().partition(b"\n")[2]) == file.read_bytes() for file in files)


def test_the_tables_from_the_shelf_are_those_that_are_made(folder: Path) -> None:
    fresh = _SPLITS.table, sound._table.__wrapped__(), lookalike._shapes.__wrapped__()
    assert {path.name.rpartition("-")[0] for path in folder.iterdir()} == {"splits", "sounds", "shapes"}
    assert (_SPLITS.table, sound._table.__wrapped__(), lookalike._shapes.__wrapped__()) == fresh
    assert fresh[0] == {key: (char, safety) for key, (char, safety) in _SPLITS._made().items()}


def test_the_second_look_from_the_shelf_is_the_one_that_is_made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["投诉", "食堂", "辅导员", "宿舍", "火灾", "校长", "评论", "中毒"]
    texts = [
        normalise(text) for text in ("我要tousu", "偷素食堂", "fdy不管", "宿舍🔥灾", "看看评仑吧", "木交长", "平常话")
    ]
    plain = disguise.Disguises(words, ["投诉", "辅导员"])
    assert not list(folder.glob("disguises-*"))  # of few words nothing is kept
    monkeypatch.setattr(writings, "MANY", 1)
    made, read = disguise.Disguises(words, ["投诉", "辅导员"]), disguise.Disguises(words, ["投诉", "辅导员"])
    assert len(list(folder.glob("disguises-*"))) == 1
    assert made.look_all(texts) == read.look_all(texts) == plain.look_all(texts)
    assert sum(map(len, plain.look_all(texts))) >= 4
    disguise.Disguises(words, ["投诉"])
    disguise.Disguises(words[1:], ["投诉"])
    assert len(list(folder.glob("disguises-*"))) == 3


def test_a_foreign_second_look_is_made_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writings, "MANY", 1)
    text = normalise("我要tousu")
    found = disguise.Disguises(["投诉"]).look(text)
    (file,) = folder.glob("disguises-*")
    others: list[object] = [{}, {"codes": 1}, {name: {"a": 1} for name in NAMES}, []]
    for foreign in others:
        file.write_bytes(signed(json.dumps(foreign).encode()))
        assert disguise.Disguises(["投诉"]).look(text) == found
