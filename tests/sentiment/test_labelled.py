"""Labelled files: what each kind says of its rows, and plain words for every wrong line."""

from pathlib import Path

import pytest

from sentiment.labelled import CORPUS_COLUMNS, Kind, LabelError, files, read, read_file
from sentiment.polarity import Polarity


def comments(path: Path, rows: str, columns: str = "text,label,source,campus") -> Path:
    path.write_text(f"{columns}\n{rows}\n", "utf-8")
    return path


def corpus(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(["\t".join(CORPUS_COLUMNS), *rows, ""]), "utf-8")
    return path


WARM = "canteen-h-001\tcomment\t肉是生的\tnegative\tservice\tcanteen\tgrievance\t2\t\t有可核查的事实"


@pytest.mark.parametrize(
    ("columns", "rows", "kind"),
    [
        ("text,label,source,campus", "差,0,smp,0\n好,1,smp,1", Kind.LEANING),
        ("text,label", "差,-1\n是,0\n好,1", Kind.POLARITY),
        ("text,label,source,campus", "滚,1,cold:race,0\n嗯,0,cold:gender,0", Kind.ABUSE),
        ("text,label,source,campus", "滚,1,cold:race,0\n嗯,0,smp,0", Kind.LEANING),
        ("text,label,source", "停水三天,1,verdict:JY\n哈哈,0,verdict:JY", Kind.CONCERN),
        ("text,label,categories", "停水三天,1,dorm\n哈哈,0,", Kind.CONCERN),
        ("text,label,source,original,disguised_words", "食瑭,1,谐音,食堂,食堂|饭", Kind.DISGUISE),
        ("text,label,source", "路坏了,城乡建设,taidi_c2020_f2", Kind.OTHER),
    ],
)
def test_columns_sources_and_labels_decide_what_a_file_says(
    tmp_path: Path, columns: str, rows: str, kind: Kind
) -> None:
    assert read_file(comments(tmp_path / "a.csv", rows, columns)).kind is kind


def test_rows_say_what_their_kind_says_and_nothing_else(tmp_path: Path) -> None:
    two = read_file(comments(tmp_path / "2.csv", "差,0,smp,0\n好,1,smp,1")).rows
    three = read_file(comments(tmp_path / "3.csv", "差,-1,smp,0\n是,0,smp,0")).rows
    abuse = read_file(comments(tmp_path / "c.csv", "滚,1,cold:race,0")).rows
    concern = read_file(comments(tmp_path / "v.csv", "停水,1,verdict,1\n哈哈,0,verdict,1")).rows
    assert [(row.polarity, row.campus) for row in two] == [(Polarity.NEGATIVE, False), (Polarity.POSITIVE, True)]
    assert [row.polarity for row in three] == [Polarity.NEGATIVE, Polarity.NEUTRAL]
    assert [(row.polarity, row.offensive, row.concern) for row in abuse] == [(None, True, None)]
    assert [(row.polarity, row.offensive, row.concern) for row in concern] == [(None, None, True), (None, None, False)]


def test_corpus_row_says_everything(tmp_path: Path) -> None:
    (row,) = read_file(corpus(tmp_path / "canteen.tsv", WARM)).rows
    assert (row.text, row.polarity, row.risk, row.concern, row.matter) == (
        "肉是生的", Polarity.NEGATIVE, 2, True, "grievance",
    )  # fmt: skip
    assert (row.family, row.theme, row.target, row.slot) == ("canteen-h-001", "canteen", "service", "comment")
    assert row.where.endswith("canteen.tsv 第 2 行")


def test_folder_stands_for_every_file_below_it_once(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    tsv = corpus(tmp_path / "train" / "canteen.tsv", WARM)
    csv = comments(tmp_path / "b.csv", "好,1,smp,0")
    (tmp_path / "notes.txt").write_text("x", "utf-8")
    assert files([tmp_path, csv]) == [csv, tsv]
    assert [one.kind for one in read([tmp_path])] == [Kind.LEANING, Kind.CORPUS]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", "text,label\n好,2\n", "a.csv 第 2 行的标签“2”无法识别，应为 0、1 之一"),
        ("a.csv", "text,label\n好,-1\n坏,x\n", "a.csv 第 3 行的标签“x”无法识别，应为 -1、0、1 之一"),
        ("empty.csv", "", "empty.csv 是空文件"),
        ("a.csv", "text,mark\n好,1\n", "缺少列：label"),
        ("a.csv", "text,label\n", "没有数据行"),
        ("a.csv", b"text,label\n\xff\xfe,1\n", "不是 UTF-8"),
        ("a.tsv", "text\tlabel\n好\t1\n", "首行应是 family slot text"),
        ("a.tsv", "\t".join(CORPUS_COLUMNS) + "\n", "没有数据行"),
        ("a.tsv", "\t".join(CORPUS_COLUMNS) + "\nx\ty\n", "a.tsv 第 2 行有 2 格，应为 10 格"),
        (
            "a.tsv",
            "\t".join(CORPUS_COLUMNS) + "\n" + WARM.replace("\t2\t", "\t4\t"),
            "risk“4”无法识别，应为 0、1",
        ),
        ("a.tsv", "\t".join(CORPUS_COLUMNS) + "\n" + WARM.replace("肉是生的", " "), "没有写 text"),
        ("a.txt", "好", "不是带标签的评论"),
    ],
)
def test_wrong_file_is_told_with_its_line_and_the_cure(
    tmp_path: Path, name: str, content: str | bytes, words: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(LabelError) as caught:
        list(read([path]))
    assert words in str(caught.value)


def test_missing_file_and_empty_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="读不了"):
        list(read([tmp_path / "none.csv"]))
    with pytest.raises(LabelError, match=r"没有 \.csv 或 \.tsv"):
        files([tmp_path])


def test_many_wrong_rows_are_told_in_a_message_that_can_be_read(tmp_path: Path) -> None:
    path = comments(tmp_path / "a.csv", "\n".join("好,9,smp,0" for _ in range(500)))
    with pytest.raises(LabelError) as caught:
        read_file(path)
    assert len(str(caught.value).splitlines()) == 11
    assert "另有 490 处" in str(caught.value)
