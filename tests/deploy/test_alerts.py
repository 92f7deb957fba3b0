"""Alerts, their unit tests and the runbook: one entry each, every metric known; Debian's promtool checks the files."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from deploy.command import app
from deploy.metric_catalogue import named
from deploy.wiring import ROLES
from tests.deploy.yaml_file import read

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "prometheus"
RUNBOOK = (ROOT / "deploy" / "runbook.md").read_text("utf-8")
OF_PROMETHEUS = {"up", "ALERTS"}


def rules() -> list[dict[str, Any]]:
    """Every alert."""
    return [rule for group in read(FOLDER / "alerts.yml")["groups"] for rule in group["rules"]]


def entries() -> dict[str, str]:
    """Heading → text of each entry of the runbook."""
    parts = re.split(r"(?m)^### (.+)$", RUNBOOK)[1:]
    return {heading: text.split("\n## ")[0] for heading, text in zip(parts[::2], parts[1::2], strict=True)}


def anchor(heading: str) -> str:
    """What a page of Markdown calls a heading in an address."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def metrics_of(expression: str) -> set[str]:
    """Names in an expression that are metrics."""
    bare = re.sub(r'"[^"]*"', "", expression)
    return set(re.findall(r"\b(?:fengxin_\w+|up|ALERTS)\b", bare))


def test_every_alert_asks_for_metrics_of_the_catalogue_by_labels_and_values_that_they_have() -> None:
    for rule in rules():
        assert metrics_of(rule["expr"]), rule["alert"]
        for name in metrics_of(rule["expr"]) - OF_PROMETHEUS:
            metric = named(name)
            assert name in metric.samples, f"{rule['alert']}: {name} is no sample"
            for chosen in re.findall(rf"\b{name}\{{([^}}]*)\}}", rule["expr"]):
                for label, values in re.findall(r'(\w+)(?:=~?|!=)"([^"]*)"', chosen):
                    (listed,) = (one for one in metric.labels if one.name == label)
                    assert set(values.split("|")) <= set(listed.values), (rule["alert"], label, values)


def test_every_label_that_an_alert_tells_is_left_in_its_result() -> None:
    for rule in rules():
        for label in re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]):
            assert re.search(rf"by \({label}\)", rule["expr"]), rule["alert"]


def test_every_alert_is_told_in_chinese_with_how_urgent_it_is_and_where_to_read_on() -> None:
    headings = {anchor(heading): heading for heading in entries()}
    for rule in rules():
        assert re.fullmatch(r"Fengxin[A-Z]\w+", rule["alert"])
        assert rule["labels"] == {"severity": rule["labels"]["severity"]}
        assert rule["labels"]["severity"] in ("立即", "当班")
        assert set(rule["annotations"]) == {"summary", "runbook"}
        assert re.search(r"[\u4e00-\u9fff]{4}", rule["annotations"]["summary"])
        page, _, place = rule["annotations"]["runbook"].partition("#")
        assert page == "deploy/runbook.md"
        assert headings[place].split()[0] == rule["alert"]


def test_the_runbook_has_one_entry_for_each_alert_and_no_other_in_their_order() -> None:
    assert [heading.split()[0] for heading in entries()] == [rule["alert"] for rule in rules()]
    assert len(entries()) == len(re.findall(r"(?m)^### ", RUNBOOK)), "no entry twice"


def test_the_runbook_groups_its_entries_as_the_rules_are_grouped() -> None:
    parts = re.split(r"(?m)^## (.+)$", RUNBOOK)[1:]
    found = {name: re.findall(r"(?m)^### (\w+)", text) for name, text in zip(parts[::2], parts[1::2], strict=True)}
    groups = read(FOLDER / "alerts.yml")["groups"]
    assert found == {group["name"]: [rule["alert"] for rule in group["rules"]] for group in groups}


@pytest.mark.parametrize("heading", entries())
def test_every_entry_says_what_it_means_what_to_look_at_and_what_to_do(heading: str) -> None:
    text = entries()[heading]
    heads = re.findall(r"(?m)^(意味着什么|先看什么|怎么办)：(\S.*)", text)
    assert [head for head, _ in heads] == ["意味着什么", "先看什么", "怎么办"]
    for piece in re.split(r"\n\n", text.strip()):
        assert piece.rstrip()[-1] in "。；", piece


def test_every_command_option_and_role_that_the_runbook_names_exists() -> None:
    top = get_command(app)
    assert isinstance(top, typer.core.TyperGroup)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", RUNBOOK, flags=re.DOTALL))
    spans += [line for block in re.findall(r"```sh\n(.*?)```", RUNBOOK, re.DOTALL) for line in block.splitlines()]
    lines = [shlex.split(one, comments=True) for one in spans if one.startswith("fengxin ")]
    assert len(lines) > 10
    for _, name, *words in lines:
        command: Any = top.commands[name]
        if isinstance(command, typer.core.TyperGroup):
            command = command.commands[words.pop(0)]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, (name, words)
        if name == "run" and words:
            assert words[0] in {*ROLES, "角色"}


def test_every_file_that_the_runbook_links_or_names_exists() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#\s]+)\)", RUNBOOK):
        assert (ROOT / "deploy" / target).exists(), target
    for name in re.findall(r"`(deploy/[\w./]+)`", RUNBOOK):
        assert (ROOT / name).exists(), name


def cases_of_promtool() -> list[dict[str, Any]]:
    """The unit tests for promtool."""
    found = read(FOLDER / "alerts_test.yml")["tests"]
    assert isinstance(found, list)
    return found


def test_every_alert_has_a_moment_at_which_it_alone_rings_and_one_at_which_nothing_does() -> None:
    ringing: set[str] = set()
    for one in cases_of_promtool():
        looks = one.get("promql_expr_test", [])
        moments = [set(re.findall(r'alertname="(\w+)"', str(look["exp_samples"]))) for look in looks]
        for alone in (moment for moment in moments if len(moment) == 1):
            assert set() in moments, f"{one['name']}: when does it not ring?"
            ringing |= alone
    assert ringing == {rule["alert"] for rule in rules()}


def test_the_unit_tests_feed_metrics_of_the_catalogue_only() -> None:
    for one in cases_of_promtool():
        for series in one["input_series"]:
            name, _, labels = series["series"].partition("{")
            if name in OF_PROMETHEUS:
                continue
            assert name in named(name).samples
            known = {label.name: label.values for label in named(name).labels}
            for label, value in re.findall(r'(\w+)="([^"]*)"', labels):
                assert label == "le" or value in known[label] or not known[label], series["series"]


def said(promtool: str, *words: str) -> tuple[int, str]:
    """Exit code and all that promtool said, in the folder of the rules."""
    done = subprocess.run([promtool, *words], cwd=FOLDER, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.live
@pytest.mark.parametrize(
    "words", ["check rules alerts.yml", "check config prometheus.yml", "test rules alerts_test.yml"]
)
def test_promtool_takes_the_files(promtool: str, words: str) -> None:
    code, text = said(promtool, *words.split())
    assert code == 0, text
    assert "SUCCESS" in text


@pytest.mark.live
def test_promtool_finds_a_rule_whose_border_was_moved(promtool: str, tmp_path: Path) -> None:
    for name in ("alerts.yml", "alerts_test.yml"):
        text = (FOLDER / name).read_text("utf-8")
        (tmp_path / name).write_text(text.replace("fengxin_deliveries_waiting[15m]) > 50", "fengxin_x[15m]) > 50"))
    code, text = said(promtool, "test", "rules", str(tmp_path / "alerts_test.yml"))
    assert code != 0
    assert "FengxinOutboxGrowing" in text
