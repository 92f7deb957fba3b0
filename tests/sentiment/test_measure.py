"""The measuring command: figures that can be checked by hand, and plain words for a bad file."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from sentiment.engine import Band, Score
from sentiment.measure import answers, best_band, figures, main, read_labelled, report
from sentiment.polarity import Polarity

NEG, NEU, POS = Polarity.NEGATIVE, Polarity.NEUTRAL, Polarity.POSITIVE


class Wordlist:
    """An engine small enough to work out by hand: 差 is bad, 好 is good, the rest is neither."""

    name = "wordlist"

    def __init__(self, band: Band) -> None:
        self.band = band
        self.seen: list[str] = []

    def score(self, texts: Sequence[str]) -> list[Score]:
        self.seen.extend(texts)
        goods = [0.1 if "差" in text else 0.9 if "好" in text else 0.6 for text in texts]
        return [Score(self.band.polarity(good), 1 - good, good, good) for good in goods]


def labelled(path: Path, rows: Sequence[tuple[str, str]]) -> Path:
    path.write_text("text,label,source,campus\n" + "".join(f"{text},{label},x,0\n" for text, label in rows), "utf-8")
    return path


def test_figures_agree_with_a_hand_calculation() -> None:
    found = figures([NEG, NEG, NEU, POS], [NEG, NEU, NEU, NEU], list(Polarity))
    assert found.accuracy == 0.5
    assert found.f1 == (2 / 3, 0.5, 0.0)
    assert found.macro_f1 == pytest.approx(7 / 18)


def test_minus_one_makes_a_file_three_class(tmp_path: Path) -> None:
    three = read_labelled(labelled(tmp_path / "3.csv", [("差", "-1"), ("是", "0"), ("好", "1")]))
    two = read_labelled(labelled(tmp_path / "2.csv", [("差", "0"), ("好", "1")]))
    assert (three.truth, three.classes) == ((NEG, NEU, POS), (NEG, NEU, POS))
    assert (two.truth, two.classes) == ((NEG, POS), (NEG, POS))


def test_two_classes_are_answered_by_leaning() -> None:
    scores = [Score(NEU, 0.5, 0.5, 0.5), Score(NEU, 0.4, 0.6, 0.6), Score(NEG, 0.9, 0.1, 0.1)]
    assert answers(scores, [NEG, POS]) == [NEG, POS, NEG]
    assert answers(scores, [NEG, NEU, POS]) == [NEU, NEU, NEG]


def test_report_states_accuracy_f1_and_speed(tmp_path: Path) -> None:
    path = labelled(tmp_path / "weibo.csv", [("差", "-1"), ("好", "-1"), ("是", "0"), ("很好", "1")])
    text = report(path, Wordlist(Band(0.5, 0.7)), fit=True)
    assert "weibo.csv：4 条，引擎 wordlist" in text
    assert "准确率 0.750，宏平均 F1 0.778（负面 0.67，中性 1.00，正面 0.67）" in text
    assert "条/秒" in text
    assert "宏平均 F1 最高的分界" in text


def test_report_can_undo_disguises_before_scoring(tmp_path: Path) -> None:
    engine = Wordlist(Band(0.5, 0.7))
    report(labelled(tmp_path / "a.csv", [("很*差", "0"), ("好", "1")]), engine, as_normalised=True)
    assert "很差" in engine.seen


def test_best_band_separates_separable_figures() -> None:
    truth, figure = [NEG] * 3 + [NEU] * 3 + [POS] * 3, [0.1, 0.2, 0.3, 0.5, 0.55, 0.6, 0.8, 0.9, 1.0]
    band = best_band(truth, figure)
    assert [band.polarity(one) for one in figure] == truth


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("text,source\n好,x\n", "缺少列：label"),
        ("text,label\n", "没有数据行"),
        ("text,label\n好,1\n差,坏\n", "第 3 行的标签“坏”无法识别"),
        ("text,label\n好,\n", "第 2 行的标签“”无法识别"),
    ],
)
def test_bad_file_is_refused_by_place_and_cure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, message: str
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(content, "utf-8")
    assert main([str(path)]) == 1
    assert message in capsys.readouterr().err


def test_impossible_band_ends_the_command_with_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.csv"), "--band", "0.9", "0.1"]) == 1
    assert "情感分界不成立" in capsys.readouterr().err


def test_command_prints_figures_of_the_real_engine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = labelled(tmp_path / "two.csv", [("太差了 失望 再也不来了", "0"), ("非常好 很喜欢 环境优美", "1")])
    assert main([str(path)]) == 0
    assert "准确率 1.000，宏平均 F1 1.000" in capsys.readouterr().out
