"""Machine code and arrays give the same to the last bit; it is loaded only where it pays, and may fail."""

import random
import subprocess
import sys
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentiment import snow_compiled
from sentiment.segment import BLANK, cut_together, points_of, starts_by_arrays
from sentiment.snow import Snow, figures, numbers_by_name, vocabulary
from sentiment.snow_compiled import BACKLOG, PORTION, WORTH, Backlog, Compiled
from tests.sentiment.test_segment import COMMON, texts

RARE = st.characters(min_codepoint=0x4DF0, max_codepoint=0x9FB0)


@cache
def compiled() -> Compiled:
    pytest.importorskip("numba", reason="numba is an extra")
    return Compiled()


def agree(text: str) -> bool:
    points = points_of(f"{text}\n")
    blank = BLANK[np.minimum(points, len(BLANK) - 1)]
    return bool((compiled().starts(points) == starts_by_arrays(points, blank)).all())


def test_varied_texts_are_cut_alike() -> None:
    for seed in range(20):
        assert agree("\n".join(texts(400, seed)))


def test_long_runs_are_cut_alike() -> None:
    dice = random.Random(3)
    assert agree("".join(dice.choices(COMMON, k=20_000)))
    assert agree("".join(chr(dice.randrange(0x4E00, 0x9FA6)) for _ in range(20_000)))
    assert agree("好" * 5_000 + "龘" * 5_000)


@settings(max_examples=300, deadline=None)
@given(text=st.text(alphabet=st.one_of(st.sampled_from(COMMON[:80]), RARE, st.characters(categories=None))))
def test_any_string_is_cut_alike(text: str) -> None:
    assert agree(text)


@settings(max_examples=100, deadline=None)
@given(said=st.lists(st.one_of(st.sampled_from(sorted(vocabulary())), st.text(max_size=6)), min_size=1))
def test_words_are_looked_up_alike(said: list[str]) -> None:
    words = cut_together([" ".join(said)])
    assert compiled().numbers(words.points, words.starts, words.ends).tolist() == numbers_by_name(words).tolist()


def test_figures_are_the_same_to_the_last_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    said = texts(2_000, 12)
    monkeypatch.setattr(BACKLOG, "compiled", None)
    by_arrays = Snow().score(said)
    monkeypatch.setattr(BACKLOG, "compiled", compiled())
    assert Snow().score(said) == by_arrays


def waited(backlog: Backlog) -> Backlog:
    if backlog._loading:
        backlog._loading.join(60)
    return backlog


def test_live_comments_never_load_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snow_compiled, "Compiled", lambda: "code")
    backlog = Backlog()
    for _ in range(2 * WORTH // (PORTION - 1)):
        assert backlog.worth_compiling(PORTION - 1) is None
    assert waited(backlog).compiled is None


def test_a_backlog_loads_it_once_it_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    times = []

    def made() -> str:
        times.append(1)
        return "code"

    monkeypatch.setattr(snow_compiled, "Compiled", made)
    backlog = Backlog()
    for _ in range(WORTH // PORTION):
        assert backlog.worth_compiling(PORTION) is None
    for _ in range(3):
        waited(backlog).worth_compiling(PORTION)
    assert str(waited(backlog).worth_compiling(0)) == "code"
    assert times == [1]


@pytest.mark.parametrize("failure", [ImportError("no numba"), RuntimeError("no locator"), SystemError("no LLVM")])
def test_where_it_cannot_be_loaded_arrays_go_on(monkeypatch: pytest.MonkeyPatch, failure: Exception) -> None:
    def broken() -> Compiled:
        raise failure

    monkeypatch.setattr(snow_compiled, "Compiled", broken)
    backlog = Backlog()
    backlog.worth_compiling(WORTH)
    assert waited(backlog).worth_compiling(WORTH) is None


def test_process_with_few_comments_imports_no_numba() -> None:
    script = "import sys; from sentiment.snow import Snow; Snow().score(['好'] * 500); print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_process_without_numba_works_through_a_backlog() -> None:
    script = (
        "import sys; sys.modules['numba'] = None;"
        "from sentiment import snow_compiled; from sentiment.snow import figures;"
        "snow_compiled.WORTH = 5000; found = [figures(['食堂很好吃'] * 3000)[-1] for _ in range(2)];"
        "print(found, snow_compiled.BACKLOG.compiled)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    (figure,) = figures(["食堂很好吃"])
    assert (done.stdout.strip(), done.stderr) == (f"[{figure}, {figure}] None", "")
