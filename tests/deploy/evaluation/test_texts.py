"""Labelled texts on sheets: figures that can be checked by hand, with an engine small enough to work out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from deploy.evaluation import disguises, texts
from deploy.evaluation.sheet import Sheet, as_json
from deploy.scoring import Scoring
from sentiment.engine import Band, Score
from sentiment.labelled import Labelled, read_file
from stream import rules

HEADER = "text,label,source,campus\n"


class Wordlist:
    """差 is bad, 好 and [爱你] are good, the rest is neither; `abuse` says whether it judges insults."""

    name = "wordlist"

    def __init__(self, *, abuse: bool = False, concern: bool = False) -> None:
        self.seen: list[str] = []
        self.abuse, self.concern = abuse, concern

    def score(self, texts: Sequence[str]) -> list[Score]:
        self.seen += texts
        return [self._score(text) for text in texts]

    def _score(self, text: str) -> Score:
        good = 0.1 if "差" in text else 0.9 if "好" in text or "爱你" in text else 0.5
        insults = (0.8 if "蠢" in text else 0.2) if self.abuse else None
        tone, concern = Band(0.3, 0.7).polarity(good), 1 - good if self.concern else None
        return Score(tone, p_negative=1 - good, p_positive=good, snow=good, p_abuse=insults, p_concern=concern)


def file(folder: Path, name: str, rows: str, header: str = HEADER) -> Labelled:
    path = folder / name
    path.write_text(header + rows, "utf-8")
    return read_file(path)


def only(one: Labelled, engine: Wordlist | None = None) -> Sheet:
    (sheet,) = texts.sheets([one], engine or Wordlist(), Scoring(Wordlist()), lambda count: None)
    return sheet


def values(sheet: Sheet) -> dict[str, float | None]:
    return {one.key: one.at.value for one in sheet.figures}


def test_two_classes_are_answered_by_leaning_and_sliced_by_source_and_campus(tmp_path: Path) -> None:
    sheet = only(file(tmp_path, "a.csv", "很差,0,a,1\n差,0,a,1\n很好,1,b,0\n一般[爱你],0,b,0\n"))
    assert values(sheet)["accuracy"] == 0.75
    assert values(sheet)["macro_f1"] == pytest.approx((2 * 2 / 5 + 2 * 1 / 3) / 2)
    assert values(sheet)["auc"] == pytest.approx(2.5 / 3)
    assert sheet.matrix is not None
    assert (sheet.matrix.classes, sheet.matrix.counts) == (("负面", "正面"), ((2, 1), (0, 1)))
    told = {part.name: (part.rows, part.figures[0].at.value) for part in sheet.slices}
    assert told == {
        "全部，去掉表情": (4, 1.0),
        "有表情的，照原文": (1, 0.0),
        "有表情的，去掉表情": (1, 1.0),
        "谈到校园生活": (2, 1.0),
        "不谈校园": (2, 0.5),
        "来源 a": (2, 1.0),
        "来源 b": (2, 0.5),
    }
    assert sum(one.rows for one in sheet.bins) == 4


def test_three_classes_are_answered_by_polarity(tmp_path: Path) -> None:
    sheet = only(file(tmp_path, "b.csv", "差,-1,x,0\n好,-1,x,0\n是,0,x,0\n很好,1,x,0\n"))
    assert values(sheet)["accuracy"] == 0.75
    assert sheet.matrix is not None
    assert sheet.matrix.counts == ((1, 0, 1), (0, 1, 0), (0, 0, 1))


def test_disguises_are_undone_before_an_engine_reads(tmp_path: Path) -> None:
    engine = Wordlist()
    only(file(tmp_path, "c.csv", "太*差,0,x,0\n好,1,x,0\n"), engine)
    assert "太差" in engine.seen


@pytest.mark.parametrize(("abuse", "accuracy", "noted"), [(True, 1.0, False), (False, 0.5, True)])
def test_abuse_is_judged_by_its_own_figure_or_that_it_is_not_is_said(
    tmp_path: Path, abuse: bool, accuracy: float, noted: bool
) -> None:
    sheet = only(file(tmp_path, "d.csv", "真蠢,1,cold:x,0\n差,0,cold:x,0\n"), Wordlist(abuse=abuse))
    assert values(sheet)["accuracy"] == accuracy
    assert any("以负面程度代替" in note for note in sheet.notes) == noted


def test_risk_goes_through_the_rules(tmp_path: Path) -> None:
    rows = "食堂三号窗口的红烧鱼里吃出一只苍蝇,1,x,1,safety\n今天的云好看,0,x,1,\n我们学校乱收费不给收据,1,x,1,fees\n"
    sheet = only(file(tmp_path, "e.csv", rows, "text,label,source,campus,categories\n"))
    assert sheet.matrix is not None
    (quiet, missed), (_, _) = sheet.matrix.counts
    assert (quiet, missed) == (1, 0)
    assert values(sheet)["precision"] == 1.0
    found = values(sheet)["recall"]
    assert found is not None
    assert found >= 0.5
    assert sheet.bins == (), "a risk is no probability"
    assert all("只凭引擎" not in part.name for part in sheet.slices)


def test_what_the_engine_thinks_of_concern_stands_beside_the_rules(tmp_path: Path) -> None:
    rows = "差,1,x,1,any\n好,0,x,1,\n云好看,1,x,1,any\n"
    one = file(tmp_path, "e.csv", rows, "text,label,source,campus,categories\n")
    engine = Wordlist(concern=True)
    (sheet,) = texts.sheets([one], engine, Scoring(engine), lambda count: None)
    beside = sheet.slices[0]
    assert beside.name == texts.ENGINE_ALONE
    assert [figure.at.value for figure in beside.figures] == [1.0, 0.5, pytest.approx(2 / 3), 0.75]
    assert sum(part.rows for part in sheet.bins) == 3


def test_a_corpus_is_judged_by_polarity_and_by_risk(tmp_path: Path) -> None:
    header = "family\tslot\ttext\tpolarity\ttarget\ttheme\tkind\trisk\tdisguise\twhy\n"
    folder = tmp_path / "held"
    folder.mkdir()
    one = file(
        folder,
        "x.tsv",
        "a-1\tcomment\t食堂的鱼里吃出一只苍蝇，差\tnegative\tservice\tcanteen\tgrievance\t2\t\t甲\n",
        header,
    )
    two = file(folder, "y.tsv", "a-2\tcomment\t云好看\tpositive\tnone\tnone\tchat\t0\t\t乙\n", header)
    tone, risk = texts.sheets([one, two], Wordlist(), Scoring(Wordlist()), lambda count: None)
    assert (tone.name, tone.rows, values(tone)["accuracy"]) == ("corpus/held 情感", 2, 1.0)
    assert (risk.name, risk.rows, values(risk)["f1"]) == ("corpus/held 风险", 2, 1.0)
    assert {part.name for part in risk.slices} == {"风险 2（有人附和即成事件）", "主题 canteen", "主题 none"}


def test_disguises_are_counted_by_kind_and_misreadings_by_thousand(tmp_path: Path) -> None:
    header = "text,label,source,campus,original,disguised_words\n"
    rows = "食堂真髒,1,Traditional,0,食堂真脏,脏\n你 是 猪 吗,1,gap,0,你是猪吗,是猪\n"
    rows += "我要tousu,1,pinyin_full,0,我要投诉,投诉\n叫孝长来,1,homo,0,叫校长来,校长\n"
    rows += "走了,0,none,0,走了,\n髒兮兮,0,none,0,,\n"
    one = file(tmp_path, "f.csv", rows, header)
    other = file(tmp_path, "g.csv", "好,1,x,0\n干净,0,x,0\n真髒,0,x,0\n差,0,x,0\n")
    sheet = disguises.sheet(one, [one, other], rules.load())
    told = {part.name: part.figures[0].at.value for part in sheet.slices}
    assert told == {
        "繁体": 1.0,
        "gap": 1.0,
        "拼音": 1.0,
        "谐音": 1.0,
        "误认：f.csv 中无害的（文件的词）": 500.0,
        "误认：f.csv 中无害的（规则的词）": 0.0,
        "误认：g.csv（文件的词）": 250.0,
        "误认：g.csv（规则的词）": 0.0,
    }
    assert sheet.figures[0].note == "4/4 个词"


def test_what_nobody_can_judge_is_said_plainly(tmp_path: Path) -> None:
    sheet = texts.unjudged(file(tmp_path, "rumor.csv", "听说,1,ced,0\n"))
    assert not sheet.judged
    assert "不判断" in sheet.what
    assert as_json([sheet], {})["sheets"][0]["judged"] is False
