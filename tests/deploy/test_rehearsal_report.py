"""The print of a rehearsal: who is told the same at once stands in one line, everybody else in a line of their own."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from rich.console import Console

from deploy.course import Outcomes, Telling
from deploy.rehearsal_report import rounds, show

NOON = datetime(2026, 3, 11, 4, 10, 5, tzinfo=UTC)


def held(person: str, **other: object) -> Telling:
    given: dict[str, object] = {
        "at": NOON, "incident": "YL-2026-0001", "kind": "暂停发声", "person": f"演练·{person}", "office": "管理员",
        "basis": "第十条", "reason": "", "channel": "邮件",
    }  # fmt: skip
    return Telling(**(given | other))  # type: ignore[arg-type]


def test_the_keepers_of_a_hold_are_one_line_that_names_each() -> None:
    keepers = [held(name, at=NOON + timedelta(seconds=no)) for no, name in enumerate(("甲", "乙", "丙", "丁", "戊"))]
    signer = held("校领导", kind="首报", office="主管校领导", sign_by=NOON + timedelta(minutes=15))
    assert rounds([signer, *keepers]) == [[signer], keepers]
    console = Console(width=240, record=True, file=io.StringIO())
    show(console, Outcomes("一景", 7, (), (signer, *keepers)))
    said = console.export_text()
    assert said.count("暂停发声") == 1
    assert "共5人：甲、乙、丙、丁、戊" in said
    assert "演练·校领导" in said


def test_who_signs_who_is_told_otherwise_and_a_few_keep_their_own_lines() -> None:
    signers = [held(str(no), sign_by=NOON) for no in range(6)]
    assert rounds(signers) == [[one] for one in signers]
    few = [held(str(no)) for no in range(3)]
    assert rounds(few) == [[one] for one in few]
    other = [held("甲"), held("乙", basis="第十五条"), held("丙"), held("丁"), held("戊", at=NOON + timedelta(hours=2))]
    assert rounds(other) == [[one] for one in other]
    lapsed = [replace(held(""), person="", kind="逾期") for _ in range(5)]
    assert rounds(lapsed) == [[one] for one in lapsed]
    assert rounds([]) == []
