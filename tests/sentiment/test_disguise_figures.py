"""The figures of disguises count what is found of what was hidden, and nothing else."""

from sentiment.disguise import Disguises
from sentiment.disguise_figures import Recovered, false_hits, recovered


def row(source: str, text: str, words: str) -> dict[str, str]:
    return {"source": source, "text": text, "disguised_words": words}


def test_each_kind_is_counted_by_words() -> None:
    rows = [
        row("pinyin_full", "我要tousu，食tang", "投诉|食堂"),
        row("Swap", "诉投", "投诉"),
        row("chaizi", "去找木交长", "校长"),
        row("none", "今天天气好", ""),
    ]
    assert recovered(rows) == [Recovered("Swap", 1, 0), Recovered("chaizi", 1, 1), Recovered("pinyin_full", 2, 2)]
    assert [one.share for one in recovered(rows)] == [0.0, 1.0, 1.0]


def test_false_hits_are_told_in_a_thousand() -> None:
    assert false_hits(["要tousu", "天气好", "吃饭", "下雨"], Disguises(["投诉"])) == 250
    assert false_hits([], Disguises(["投诉"])) == 0
