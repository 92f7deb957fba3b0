"""The front of the house: what README's first line and the Makefile's verbs promise somebody with a fresh machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PLAIN = {
    key: value
    for key, value in os.environ.items()
    if not key.startswith(("MAKE", "MFLAGS", "PYTEST", "CI", "FENGXIN_LIVE"))
}
needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def make(*arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run make in the checkout, as nobody's child."""
    given = PLAIN | ({"PATH": path} if path is not None else {})
    return subprocess.run(
        [shutil.which("make") or "make", *arguments], cwd=ROOT, env=given, capture_output=True, text=True, timeout=60
    )


def live_tests(folder: Path, **surroundings: str) -> subprocess.CompletedProcess[str]:
    """Run a live test on Kafka where Kafka can be neither found nor fetched."""
    given = PLAIN | {"PATH": str(folder), "FENGXIN_ENGINES": str(folder)} | surroundings
    chosen = ["-q", "-p", "no:cacheprovider", "-m", "live", "tests/live/test_engines.py", "-k", "killed_kafka"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *chosen], cwd=ROOT, env=given, capture_output=True, text=True, timeout=60
    )


def test_the_first_line_of_the_readme_names_all_that_a_fresh_machine_lacks() -> None:
    first = (ROOT / "README.md").read_text("utf-8").splitlines()[0]
    assert "Python 3.11" in first
    assert "`apt install python3-venv make`" in first
    assert "apt install python3-venv" in (ROOT / "Makefile").read_text("utf-8"), (
        "make says the same where venv is missing"
    )


@needs_make
def test_make_run_passes_port_and_data_on() -> None:
    done = make("-n", "run", "PORT=9123", "DATA=elsewhere and more")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == 'exec .venv/bin/fengxin demo --port 9123 --data "elsewhere and more"'


@needs_make
def test_what_make_starts_keeps_compiled_code_also_where_the_machine_forbids_it() -> None:
    asked = "make --eval 'kept: ; @echo kept=$${PYTHONDONTWRITEBYTECODE-yes}' kept"
    done = subprocess.run(
        ["sh", "-c", asked], cwd=ROOT, env=PLAIN | {"PYTHONDONTWRITEBYTECODE": "1"}, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == ["kept=yes"], done.stderr


@needs_make
def test_make_says_which_package_is_missing_where_there_is_no_python_with_venv(tmp_path: Path) -> None:
    (tmp_path / "sh").symlink_to("/bin/sh")
    done = make("-B", "PYTHON=", ".venv/made", path=str(tmp_path))
    assert done.returncode != 0
    assert "apt install python3-venv" in done.stderr


@needs_make
def test_make_live_stops_where_an_engine_is_missing_and_cannot_be_installed(tmp_path: Path) -> None:
    for name in ("sh", "ls"):
        (tmp_path / name).symlink_to(shutil.which(name) or f"/bin/{name}")
    person = tmp_path / "id"
    person.write_text("#!/bin/sh\necho 1000\n")
    person.chmod(0o755)
    done = make("engines", path=str(tmp_path))
    assert done.returncode != 0
    assert "缺少系统软件包" in done.stderr
    assert "maven" in done.stderr
    assert make("browser", path=str(tmp_path)).returncode == 0, "without a browser the other tests run"


def runs_of(verb: str) -> list[str]:
    """The arguments of every pytest run that a verb makes."""
    return re.findall(r"^(?:run|course) (.*); ", make("-n", verb).stdout, re.MULTILINE)


@needs_make
def test_make_live_asks_for_the_engines_and_runs_what_is_long_beside() -> None:
    assert "export FENGXIN_LIVE=required; " in make("-n", "live").stdout
    live, long = runs_of("live")
    assert live.endswith("--dist loadfile -m live"), "each worker starts its own engines"
    assert long.endswith('-m "long and not live"')
    assert "chromium" in make("-n", "live").stdout, "a long course may need the browser"


@needs_make
@pytest.mark.parametrize(("answers", "code"), [("0", 0), ("1 0", 0), ("1 1", 1), ("1 5", 1), ("2 2", 1)])
def test_a_course_that_failed_is_walked_once_more_and_is_red_when_it_fails_again(
    tmp_path: Path, answers: str, code: int
) -> None:
    """`answers`: what pytest ends with, one run after the other."""
    (functions,) = re.findall(r"^export FENGXIN_LIVE=required; (.*) \\$", make("-n", "live").stdout, re.MULTILINE)
    left, asked, python = tmp_path / "left", tmp_path / "asked", tmp_path / "python"
    left.write_text(answers.replace(" ", "\n") + "\n")
    python.write_text(f'#!/bin/sh\necho "$@" >> {asked}\nnow=$(head -n 1 {left}); sed -i 1d {left}; exit "$now"\n')
    python.chmod(0o755)
    script = functions.replace(".venv/bin/python", str(python)) + '\ncourse -n 3 -m "long and not live"\nexit $failed'
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == code
    first, *again = asked.read_text().splitlines()
    assert "--last-failed" not in first
    assert len(again) == answers.count(" ")
    assert all("-n 0 --last-failed --last-failed-no-failures none" in one for one in again)
    assert ("passed alone" in done.stdout) == (answers == "1 0")


@needs_make
def test_every_test_runs_in_one_of_the_runs_of_make_test_or_is_live_or_long() -> None:
    plain, browser = runs_of("test")
    assert plain.endswith('-m "not live and not long and not browser" --ignore tests/acceptance')
    chosen, _, places = browser.rpartition('" ')
    assert chosen.endswith('-m "not live and not long')
    seen = {file for place in places.split() for file in ROOT.glob(place)}
    for file in (ROOT / "tests").rglob("test_*.py"):
        if "pytest.mark.browser" in file.read_text("utf-8") and file != Path(__file__):
            assert seen & {file, *file.parents}, f"{file} needs the browser and runs nowhere"


@needs_make
@pytest.mark.parametrize(
    ("types", "answers", "code"),
    [(0, "0 0", 0), (1, "0 0", 1), (0, "1 0", 1), (0, "0 1 0", 0), (0, "0 1 1", 1), (0, "1 1 0", 1), ("", "0 0", 1)],
)
def test_make_test_is_red_where_the_types_or_one_of_its_runs_are(
    tmp_path: Path, types: int | str, answers: str, code: int
) -> None:
    """`types`: what mypy ends with, nothing where it is killed; `answers`: what pytest ends with, run by run."""
    told = make("-n", "test").stdout
    script = told[told.index("mkdir -p build; rm -f") :].replace(".venv/bin/", "./")
    end = f"exit {types}" if types != "" else "kill -9 $PPID"
    (tmp_path / "left").write_text(answers.replace(" ", "\n") + "\n")
    (tmp_path / "mypy").write_text(f"#!/bin/sh\necho said of the types\n{end}\n")
    (tmp_path / "python").write_text('#!/bin/sh\nnow=$(head -n 1 left); sed -i 1d left; exit "$now"\n')
    for name in ("mypy", "python"):
        (tmp_path / name).chmod(0o755)
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "types.code").write_text("0\n")  # of the run before
    done = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert "said of the types" in done.stdout
    assert not (tmp_path / "left").read_text(), "both runs are made, and the second once more where it failed"


@pytest.mark.parametrize("surroundings", [{"FENGXIN_LIVE": "required"}, {"CI": "true"}])
def test_live_tests_fail_without_their_engine_where_it_is_required(
    tmp_path: Path, surroundings: dict[str, str]
) -> None:
    done = live_tests(tmp_path, **surroundings)
    assert done.returncode == 1, done.stdout
    assert "live engine missing: mvn is not installed" in done.stdout


def test_live_tests_are_skipped_loudly_on_a_laptop(tmp_path: Path) -> None:
    done = live_tests(tmp_path)
    assert done.returncode == 0, done.stdout
    assert "NOT TESTED: 1 tests need a real Kafka, Elasticsearch or PostgreSQL" in done.stdout
