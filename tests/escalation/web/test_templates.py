"""The templates and scripts themselves: nothing inline, everything has its word, colours can be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from escalation.incident import EntryKind
from escalation.incident.state import State
from escalation.web.case_log import ICONS
from escalation.web.face import face
from escalation.web.incident import REACHED
from escalation.web.page import environment, render
from escalation.web.queue_view import VIEWS
from escalation.web.receipts import Receipt
from escalation.web.sign import Refused
from escalation.web.words import LEVEL_NAMES
from stream.coverage import Lamp
from tests.escalation.web.house import NOW

WEB = Path(environment().loader.searchpath[0]).parent  # type: ignore[union-attr]
TEMPLATES = sorted((WEB / "templates").glob("*.html"))
SCRIPTS = sorted((WEB / "static").glob("*.js"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_a_style_attribute_an_inline_script_or_a_foreign_address(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.search(r"\sstyle\s*=", text)
    assert not re.search(r"<style", text)
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text)
    assert not re.search(r"(src|href)=\"(https?:)?//", text)
    assert "| safe" not in text


@pytest.mark.parametrize("path", [*TEMPLATES, *SCRIPTS], ids=lambda path: path.name)
def test_nothing_is_loaded_from_elsewhere_or_evaluated(path: Path) -> None:
    text = path.read_text("utf-8")
    assert "eval(" not in text
    assert "cdn" not in text.lower()


@pytest.mark.parametrize("path", [*TEMPLATES, *sorted(WEB.parent.rglob("*.py"))], ids=lambda path: path.name)
def test_no_page_speaks_in_words_of_the_house(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not [word for word in ("事由键", "掌班") if word in text]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_form_that_changes_something_in_a_session_carries_its_token(path: Path) -> None:
    for form in re.findall(r"<form[^>]*method=\"post\"[^>]*>.*?</form>", path.read_text("utf-8"), re.DOTALL):
        action = re.search(r'action="([^"]*)"', form)
        assert action
        if path.name not in (
            "sign.html",
            "signed.html",
            "keeper.html",
            "letter.html",
            "sign-in.html",
            "voice-slip.html",
            "task.html",
            "task-parts.html",
        ):
            assert "csrf" in form, action.group(1)


def macro(call: str, **values: object) -> str:
    return environment().from_string('{% import "parts.html" as p %}' + call).render(**values)


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_every_level_has_its_flag_numeral_and_name(level: int) -> None:
    shown = macro("{{ p.lv(level, name) }}", level=level, name=LEVEL_NAMES[level])
    assert f"#lv{level}" in shown
    assert "ⅠⅡⅢⅣ"[level - 1] in shown
    assert LEVEL_NAMES[level] in shown


@pytest.mark.parametrize("lamp", list(Lamp))
def test_every_lamp_has_its_shape_and_its_word(lamp: Lamp) -> None:
    shown = macro("{{ p.lamp(lamp, lamps[lamp]) }}", lamp=lamp)
    assert f"#lamp-{lamp}" in shown
    assert re.search(r"看全|迟|盲|已停用", shown)


@pytest.mark.parametrize(("minutes", "word"), [(40, "剩"), (20, "剩"), (5, "剩"), (-3, "逾期")])
def test_every_clock_has_its_word(minutes: int, word: str) -> None:
    from datetime import timedelta

    clock = face("签收", NOW - timedelta(minutes=30), NOW + timedelta(minutes=minutes), NOW)
    shown = macro("{{ p.clock(c) }}", c=clock)
    assert word in shown
    assert "签收" in shown
    done = macro("{{ p.clock(c) }}", c=face("签收", NOW, NOW, NOW, done_at=NOW))
    assert "已签" in done
    assert "data-due" not in done


@pytest.mark.parametrize(("state", "word"), [("wait", "等待"), ("y", "已"), ("bad", "失败")])
def test_every_receipt_state_has_its_word(state: str, word: str) -> None:
    one = Receipt("p", "何岚", "部长", "宣传部", state, "wait", "wait", "", "", True, "", "")
    shown = macro("{{ p.stamps(r) }}", r=one)
    assert f"送达{word}" in shown
    for seal in "送阅签":
        assert f">{seal}<" in shown


def test_every_state_kind_of_entry_and_refusal_is_known_to_the_pages() -> None:
    assert set(REACHED) == set(State)
    assert set(ICONS) == set(EntryKind)
    assert set().union(*(states for _, states in VIEWS.values())) == set(State)
    source = (WEB / "sign.py").read_text("utf-8") + (WEB / "keeper.py").read_text("utf-8")
    said = set(re.findall(r'Refused\(\s*"([a-z_]+)"', source)) | {"expired", "closed", "dismissed"}
    for why in said:
        values = {"school_name": "校", "theme": "auto", "now": NOW, "duty_phone": ""}
        page = render("refused.html", why=Refused(why).why, at="", **values)
        assert "未作任何更改" in page


def test_every_icon_that_is_used_is_drawn() -> None:
    marks = (WEB / "templates" / "marks.svg").read_text("utf-8")
    drawn = set(re.findall(r'symbol id="([^"]+)"', marks))
    used = set(ICONS.values())
    for path in TEMPLATES:
        used |= set(re.findall(r'href="#([a-z0-9-]+)"', path.read_text("utf-8")))
    anchors = {"main", "recent", "remark", "hand", "assign", "dismiss", "close", "reopen", "note"}
    assert used - anchors <= drawn


TOKEN = re.compile(r"--([a-z0-9-]+):\s*(#[0-9a-f]{6})")


def tokens(night: bool) -> dict[str, str]:
    css = (WEB / "static" / "fengxin.css").read_text("utf-8")
    day, _, rest = css.partition('[data-theme="night"] {')
    found = dict(TOKEN.findall(day))
    return found | dict(TOKEN.findall(rest.partition("}")[0])) if night else found


def contrast(one: str, two: str) -> float:
    def light(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("night", [False, True])
def test_text_can_be_read_by_day_and_by_night(night: bool) -> None:
    t = tokens(night)
    for ink in ("ink", "ink-2", "ink-3", "tide", "lv1-ink", "lv2-ink", "lv3-ink", "lv4-ink", "neg", "pos", "ok"):
        assert contrast(t[ink], t["deck"]) >= 4.5, ink
    for level in "1234":
        assert contrast(t[f"lv{level}-ink"], t[f"lv{level}-wash"]) >= 4.5
        assert max(contrast(t[f"lv{level}"], t["deck"]), contrast(t[f"lv{level}-edge"], t["deck"])) >= 3
    assert contrast(t["edge"], t["deck"]) >= 3
    assert contrast(t["bridge-ink"], t["bridge"]) >= 7
