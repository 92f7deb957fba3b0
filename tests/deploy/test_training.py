"""`fengxin train`: from labelled comments to weights that the settings name, and plain words where it cannot."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deploy.command import app
from deploy.parts import engine
from deploy.settings import SettingsError, load
from sentiment.polarity import Polarity
from tests.deploy.test_settings import GOOD as SETTINGS
from tests.deploy.test_settings import written

GOOD = ("窗口阿姨手艺真好", "这次讲座很精彩", "新操场太漂亮了", "谢谢辅导员帮忙")
BAD = ("窗口又涨价了", "热水器坏了没人修", "选课系统又崩了", "排队排到怀疑人生")


@pytest.fixture(scope="module")
def comments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "own.csv"
    rows = [f"{text}{n},{label}" for n in range(12) for texts, label in ((GOOD, 1), (BAD, -1)) for text in texts]
    path.write_text("text,label\n" + "\n".join([*rows, "图书馆八点开门,0"]) + "\n", "utf-8")
    return path


def fengxin(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def trained(comments: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "weights"
    done = fengxin("train", comments, "--out", out)
    assert done.exit_code == 0, done.output
    assert 'weights = "' in done.output
    assert "正面还是负面：学了" in done.output
    return out


def test_training_again_gives_the_same_bytes(trained: Path, comments: Path, tmp_path: Path) -> None:
    assert fengxin("train", comments, "--out", tmp_path).exit_code == 0
    files = sorted(path.name for path in trained.iterdir())
    assert files == sorted(path.name for path in tmp_path.iterdir())
    for name in files:
        assert (trained / name).read_bytes() == (tmp_path / name).read_bytes(), name


def test_a_list_proves_the_bytes(trained: Path) -> None:
    lines = (trained / "SHA256SUMS").read_text("utf-8").splitlines()
    said = {name: digest for digest, name in (line.split("  ") for line in lines)}
    made = {path.name: path.read_bytes() for path in trained.iterdir() if path.name != "SHA256SUMS"}
    assert said == {name: hashlib.sha256(content).hexdigest() for name, content in made.items()}


def test_settings_that_name_the_weights_judge_by_them(trained: Path, tmp_path: Path) -> None:
    own = engine(load(written(tmp_path, SETTINGS + f'[sentiment]\nweights = "{trained}"\n')))
    shipped = engine(load(written(tmp_path, SETTINGS)))
    text = "窗口阿姨手艺真好"
    assert own.score([text])[0].polarity == Polarity.POSITIVE
    assert own.score([text]) != shipped.score([text])
    assert (own.name, shipped.name) == ("blend", "blend")


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ('engine = "bert"', "没有名为“bert”的情感引擎，可用的有：snow、linear、blend"),
        ('weights = "nowhere"', "读不了"),
        ('engine = "snow"\nweights = "nowhere"', "只用 SnowNLP 自带的权重"),
    ],
)
def test_settings_that_cannot_judge_are_refused_with_the_cure(tmp_path: Path, section: str, words: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load(written(tmp_path, SETTINGS + f"[sentiment]\n{section}\n"))
    assert words in str(refused.value)


def test_broken_weights_are_refused_with_the_cure(trained: Path, tmp_path: Path) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    for path in trained.iterdir():
        (folder / path.name).write_bytes(path.read_bytes()[:-30])
    with pytest.raises(SettingsError, match="fengxin train"):
        load(written(tmp_path, SETTINGS + '[sentiment]\nweights = "w"\n'))


def test_wrong_rows_are_told_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("text,label\n好,1\n坏,7\n", "utf-8")
    done = fengxin("train", path, "--out", tmp_path / "w")
    assert done.exit_code == 1
    assert "own.csv 第 3 行的标签“7”无法识别" in done.output
    assert not (tmp_path / "w").exists()


def test_without_scikit_learn_training_says_what_to_install(
    comments: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    done = fengxin("train", comments, "--out", tmp_path / "w")
    assert done.exit_code == 1
    assert "pip install 'fengxin[train]'" in done.output


def test_scoring_never_imports_what_only_training_needs(tmp_path: Path) -> None:
    import subprocess

    code = (
        "import sys; from sentiment.engine import engine_by_name; engine_by_name().score(['食堂的菜很好吃']);"
        "assert 'sklearn' not in sys.modules and 'scipy' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
