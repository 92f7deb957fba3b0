"""Every corpus file keeps the form its README promises."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

CORPUS = Path(__file__).resolve().parents[2] / "sentiment" / "corpus"
COLUMNS = ["family", "slot", "text", "polarity", "target", "theme", "kind", "risk", "disguise", "why"]
THEMES = {
    *("canteen", "dorm", "fees", "teacher", "safety", "self_harm", "bullying", "exam"),
    *("admissions", "privacy", "image", "rumour", "internship", "awards", "admin", "none"),
}
ALLOWED = {
    "slot": {"post", "comment", "message"},
    "polarity": {"negative", "neutral", "positive"},
    "target": {"school", "staff", "service", "student", "outsider", "none"},
    "theme": THEMES,
    "kind": {"incident", "grievance", "question", "rumour", "mood", "praise", "chat", "advert"},
    "risk": {"0", "1", "2", "3"},
    "disguise": {"", "traditional", "split", "pinyin", "homophone", "initials", "emoji", "gap", "lookalike"},
}
FILES = sorted(CORPUS.glob("*/*.tsv"))


def lines(path: Path) -> list[list[str]]:
    """All lines of a corpus file, header included, split at tabs; nothing is quoted."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))


def rows(path: Path) -> Iterator[dict[str, str]]:
    """The texts of a corpus file by column name."""
    header, *body = lines(path)
    return (dict(zip(header, row, strict=True)) for row in body)


def test_there_is_a_corpus() -> None:
    assert FILES
    assert {path.parent.name for path in FILES} == {"train", "fresh", "held"}


def test_a_quarter_judges_what_the_rest_teaches_and_every_theme_has_both() -> None:
    many = {
        name: sum(len(lines(one)) - 1 for one in FILES if one.parent.name == name)
        for name in ("train", "fresh", "held")
    }
    assert many["train"] >= 3000
    assert many["held"] + many["fresh"] >= many["train"] / 4
    for name in ("train", "held"):
        assert {one.stem for one in FILES if one.parent.name == name} == THEMES


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_file_has_ten_columns_and_allowed_values(path: Path) -> None:
    header, *body = lines(path)
    assert header == COLUMNS
    assert path.stem in THEMES
    assert body
    for number, row in enumerate(body, start=2):
        place = f"{path.name}:{number}"
        assert len(row) == len(COLUMNS), place
        named = dict(zip(COLUMNS, row, strict=True))
        for column, allowed in ALLOWED.items():
            assert named[column] in allowed, f"{place} {column}={named[column]!r}"
        for column in ("family", "text", "why"):
            assert named[column], f"{place} {column}"
            assert named[column] == named[column].strip(), f"{place} {column}"


def test_no_text_stands_twice() -> None:
    seen: dict[str, str] = {}
    for path in FILES:
        for row in rows(path):
            place = f"{path.parent.name}/{path.name} {row['family']}"
            assert row["text"] not in seen, f"{place} repeats {seen[row['text']]}: {row['text']}"
            seen[row["text"]] = place


def test_a_family_stays_in_one_file() -> None:
    """So none is both trained on and judged by."""
    home: dict[str, Path] = {}
    for path in FILES:
        for family in {row["family"] for row in rows(path)}:
            assert home.setdefault(family, path) == path, f"{family}: {home[family]} and {path}"
