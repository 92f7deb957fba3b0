"""A broken pack is refused with every mistake at once, each a sentence with file, line, field and cure."""

from __future__ import annotations

import copy
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.procedure import PackError, Trigger, codes, load
from escalation.procedure.consistency import inconsistencies
from escalation.procedure.pack import Pack, thaw

HERE = Path(__file__).parent
SMALL = HERE / "small.toml"
BAD = sorted((HERE / "bad").glob("*.toml"))
RAW = tomllib.loads(SMALL.read_text("utf-8"))


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_a_bad_pack_gets_exactly_the_sentences_written_in_it(file: Path) -> None:
    wanted = [line[2:] for line in file.read_text("utf-8").splitlines() if line.startswith("# ")]
    assert wanted
    with pytest.raises(PackError) as caught:
        load(file)
    assert [str(problem) for problem in caught.value.problems] == wanted
    assert str(caught.value) == "\n".join(wanted)


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_the_line_of_a_sentence_shows_the_field_it_names(file: Path) -> None:
    with pytest.raises(PackError) as caught:
        load(file)
    lines = file.read_text("utf-8").splitlines()
    for problem in caught.value.problems:
        if problem.place.line is None or not problem.path:
            continue
        names = [part.split("[")[0] for part in problem.path.split(".")]
        assert any(name in lines[problem.place.line - 1] for name in names), str(problem)


def test_the_good_pack_beside_the_bad_ones_loads() -> None:
    assert load(SMALL).code == "small"


def test_a_pack_for_acceptance_may_watch_for_seconds_and_says_so_wherever_it_is_named(tmp_path: Path) -> None:
    file = tmp_path / "pack.toml"
    text = SMALL.read_text("utf-8").replace('watch = { after = "14d"', 'watch = { after = "9s"')
    file.write_text(f'purpose = "仅供验收"\n{text}', "utf-8")
    pack = load(file)
    assert pack.label == f"small@{pack.version[:8]}（仅供验收）"
    assert thaw(pack.freeze()) == pack
    assert load(SMALL).label == f"small@{load(SMALL).version[:8]}"


def test_an_unknown_code_is_told_which_packs_exist() -> None:
    with pytest.raises(PackError, match=f"自带的代号之一：{'、'.join(codes())}$"):
        load("XX")
    assert set(codes()) >= {"JY", "neutral"}


def test_a_pack_saved_by_notepad_with_a_mark_and_crlf_still_loads(tmp_path: Path) -> None:
    file = tmp_path / "pack.toml"
    file.write_bytes(b"\xef\xbb\xbf" + SMALL.read_bytes().replace(b"\n", b"\r\n"))
    assert load(tmp_path).school == "小学校"


def test_a_pack_in_another_encoding_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "pack.toml"
    file.write_bytes(SMALL.read_text("utf-8").encode("gb18030"))
    with pytest.raises(PackError, match="不是 UTF-8 编码"):
        load(file)


def test_a_key_written_in_two_files_of_a_pack_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pack.toml").write_text(SMALL.read_text("utf-8"), "utf-8")
    (tmp_path / "more.toml").write_text('school = "另一所"\n', "utf-8")
    with pytest.raises(PackError, match="在两个文件里都写了") as caught:
        load(tmp_path)
    assert [problem.path for problem in caught.value.problems] == ["school"]


def test_rows_of_a_second_file_are_counted_after_those_of_the_first(tmp_path: Path) -> None:
    (tmp_path / "pack.toml").write_text(SMALL.read_text("utf-8"), "utf-8")
    more = '\n[[rule]]\ntriggers = ["veto"]\narticle = "第八条"\nquote = "无"\n'
    (tmp_path / "rules.toml").write_text(more, "utf-8")
    with pytest.raises(PackError) as caught:
        load(tmp_path)
    (problem,) = caught.value.problems
    assert (problem.place.file, problem.place.line) == (f"{tmp_path.name}/rules.toml", 4)
    assert problem.path == f"rule[{len(RAW['rule']) + 1}].article"


def test_any_changed_byte_of_a_pack_gives_another_version(tmp_path: Path) -> None:
    (tmp_path / "pack.toml").write_bytes(SMALL.read_bytes())
    before = load(tmp_path).version
    (tmp_path / "pack.toml").write_bytes(SMALL.read_bytes() + b"\n")
    assert load(tmp_path).version != before


JUNK: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5) | st.just([]) | st.just({}) | st.just([{}])
)


def _spots(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [spot for key, one in rows for spot in [(*path, key), *_spots(one, (*path, key))]]


@given(spot=st.sampled_from(_spots(RAW)), junk=JUNK)
def test_junk_anywhere_is_either_refused_or_harmless_to_every_decision(spot: tuple[str | int, ...], junk: Any) -> None:
    raw = copy.deepcopy(RAW)
    at: Any = raw
    for part in spot[:-1]:
        at = at[part]
    at[spot[-1]] = junk
    findings = list(inconsistencies(raw))
    assert all(path and sentence for path, sentence in findings)
    try:
        pack = Pack.model_validate_json(json.dumps({**raw, "version": "0" * 64}, default=str))
    except ValueError:
        return
    if findings:
        return
    for trigger in Trigger:
        for level in pack.level:
            assert pack.who([trigger], level.number).level == level.number
