"""Sound: pypinyin's readings without their tones, from its table alone."""

import importlib
import subprocess
import sys

import pytest

from sentiment.ordinary import followers
from sentiment.sound import readings, spellings


def test_the_readings_are_those_of_pypinyin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYPINYIN_NO_PHRASES", "1")  # 40 MB
    pinyin = importlib.import_module("pypinyin")
    for char in list(followers())[::7]:
        written = pinyin.pinyin(char, style=pinyin.Style.NORMAL, heteronym=True, v_to_u=False)[0]
        assert list(readings(char)) == list(dict.fromkeys(written))[:2], char


@pytest.mark.parametrize(
    ("char", "read"),
    [("校", ("xiao", "jiao")), ("绿", ("lv", "lu")), ("诉", ("su",)), ("a", ()), ("", ()), ("校长", ()), ("㐀", ())],
)
def test_a_character_has_its_two_usual_readings(char: str, read: tuple[str, ...]) -> None:
    assert readings(char) == read


def test_a_word_without_a_reading_has_no_spelling() -> None:
    assert ("xiao", "zhang") in spellings("校长")
    assert spellings("校a") == []


def test_pypinyin_itself_is_not_loaded() -> None:
    code = "import sys; from sentiment.sound import readings; readings('校'); print('pypinyin' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
