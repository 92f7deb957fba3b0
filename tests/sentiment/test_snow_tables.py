"""The tables are kept for the next process, and no state of the cache keeps a text from being scored."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment import snow_tables
from sentiment.snow_counts import _hashed
from sentiment.snow_tables import PAIR_BITS, TRIPLE_BITS, Tables, located, tables
from tests.sentiment.together import printed_together

SMALL = dict.fromkeys((field.name for field in fields(Tables)), np.arange(3.0))


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], tuple[Tables, int]]:
    """Ask for the tables as a new process would, with counts that are built at once; how often they were."""
    times = 0

    def build(*_: bytes) -> dict[str, object]:
        nonlocal times
        times += 1
        return dict(SMALL)

    def ask() -> tuple[Tables, int]:
        return tables.__wrapped__(), times

    monkeypatch.setattr("sentiment.snow_counts.build", build)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return ask


def kept(tmp_path: Path) -> Path:
    (found,) = (one for one in (tmp_path / "cache" / "fengxin").iterdir() if one.is_dir())
    return found


def test_second_process_reads_what_the_first_has_built(built: Callable[[], tuple[Tables, int]], tmp_path: Path) -> None:
    built()
    again, times = built()
    assert times == 1
    assert again.rows.tolist() == [0.0, 1.0, 2.0]
    assert not again.rows.flags.writeable
    assert len(list(kept(tmp_path).iterdir())) == len(SMALL) + 1


@pytest.mark.parametrize("harm", ["flipped", "truncated", "missing", "no sums", "nonsense"])
def test_broken_cache_is_built_anew(built: Callable[[], tuple[Tables, int]], tmp_path: Path, harm: str) -> None:
    built()
    file = kept(tmp_path) / "rows.npy"
    content = file.read_bytes()
    if harm == "flipped":
        file.write_bytes(content[:-1] + b"\x7f")
    elif harm == "truncated":
        file.write_bytes(content[:-4])
    elif harm == "missing":
        file.unlink()
    elif harm == "no sums":
        (kept(tmp_path) / "sums").unlink()
    else:
        (kept(tmp_path) / "sums").write_bytes(b"\xff\x00 \n")
    assert built()[1] == 2
    again, times = built()
    assert times == 2
    assert again.rows.tolist() == [0.0, 1.0, 2.0]


def test_where_nothing_can_be_written_the_tables_stay_in_memory(
    built: Callable[[], tuple[Tables, int]], tmp_path: Path
) -> None:
    (tmp_path / "cache").write_text("a file where a directory should be")
    assert built()[0].rows.tolist() == [0.0, 1.0, 2.0]
    assert built()[1] == 2


def test_service_without_a_home_works(built: Callable[[], tuple[Tables, int]], monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", homeless)
    assert built()[0].rows.tolist() == [0.0, 1.0, 2.0]


def test_other_files_of_snownlp_are_other_tables(
    built: Callable[[], tuple[Tables, int]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in snow_tables._FILES:
        (tmp_path / "snownlp" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "snownlp" / name).write_bytes(b"one")
    monkeypatch.setattr(snow_tables, "_package", lambda: tmp_path / "snownlp")
    built()
    (tmp_path / "snownlp" / snow_tables._FILES[-1]).write_bytes(b"two")
    assert built()[1] == 2
    assert built()[1] == 2


def test_missing_package_is_said_in_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(RuntimeError, match="没有找到情感词库 SnowNLP"):
        tables.__wrapped__()


@pytest.mark.parametrize(("name", "bits"), [("pair_keys", PAIR_BITS), ("triple_keys", TRIPLE_BITS)])
def test_every_key_is_located_and_no_other(name: str, bits: int) -> None:
    keys = getattr(tables(), name)
    there = keys[keys != snow_tables.EMPTY]
    absent = np.setdiff1d(np.arange(0, 1 << 31, 40_001, dtype=np.uint32), there)
    assert located(keys, there, bits)[1].all()
    assert not located(keys, absent, bits)[1].any()


@given(st.sets(st.integers(0, snow_tables.EMPTY - 1), max_size=14), st.lists(st.integers(0, snow_tables.EMPTY - 1)))
def test_a_table_that_is_nearly_full_and_wraps_past_its_end_holds_its_keys_and_no_others(
    known: set[int], asked: list[int]
) -> None:
    keys = np.array(sorted(known), np.uint32)
    places, table = _hashed(keys, 4)
    assert table[places].tolist() == keys.tolist()
    wanted = np.array([*known, *asked], np.uint32)
    assert located(table, wanted, 4)[1].tolist() == [one in known for one in wanted.tolist()]


def test_of_processes_that_start_together_one_builds_and_all_read(tmp_path: Path) -> None:
    script = (
        "import numpy as np, sentiment.snow_counts as counts, sentiment.snow_tables as tables, time;"
        "counts.build = lambda *_: print('built') or time.sleep(0.5) or"
        " {name: np.arange(9.0) for name in tables.Tables.__slots__};"
        "print(tables.tables().rows.sum())"
    )
    said = [words.split() for words in printed_together(script, tmp_path)]
    assert sorted(said) == [["36.0"]] * 3 + [["built", "36.0"]]
    assert [one.is_dir() for one in sorted((tmp_path / "fengxin").iterdir())] == [True, False]
