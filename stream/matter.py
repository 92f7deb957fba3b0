"""Matter: which lines speak of one and the same thing. A key is theme x (thread, near-duplicate cluster, place, unit).

Keys are plain text and short; the watch owns them in `open_keys`. Two lines with a common key are one matter. A danger
has keys of its kind besides (`safety.fire|thread|…`): of two dangers under one post each finds its own incident.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from stream.danger import DANGERS, matters

CUE = "any"
"""The theme of what only strengthens a matter."""
CARE = "self_harm"
"""A cry for help is a care case of its own: it joins no other matter, and no other matter joins it and is hidden."""
KIN: tuple[frozenset[str], ...] = tuple(
    frozenset(pair)
    for pair in (
        *(("safety", theme) for theme in ("dorm", "canteen", "bullying", "teacher", "rumour")),
        *(("fees", theme) for theme in ("teacher", "internship", "admissions", "admin", "exam")),
        *(("teacher", theme) for theme in ("exam", "awards", "bullying", "internship")),
        *(("internship", theme) for theme in ("admin", "safety")),
        *(("rumour", theme) for theme in ("dorm", "canteen")),
        *(("admin", theme) for theme in ("dorm", "exam", "awards", "canteen", "admissions", "safety", "privacy")),
        *(("image", theme) for theme in ("dorm", "canteen", "fees", "admin", "safety", "admissions", "rumour")),
        *(("unauthorised_post", theme) for theme in ("safety", "image", "rumour", "canteen", "fees", "admin")),
    )
)
"""Themes that under one post are taken for sides of one matter (a fire and who denies it; a fee and who demands it)."""

_DIGIT = {char: number for number, char in enumerate("零一二三四五六七八九")} | {"两": 2}
_NUMBER = r"(?:\d{1,2}|[一二三四五六七八九十两]{1,3})"
_LISTED = rf"{_NUMBER}(?:号|#)?(?:[、,，和 ]{{1,2}}{_NUMBER}(?:号|#)?){{0,5}}"
_BUILDING = re.compile(
    rf"(?<![\d一二三四五六七八九十])({_LISTED})(栋|幢|号楼|号宿舍|舍|号公寓|食堂|餐厅|连(?!续|夜|忙))"
)
_GATE = re.compile(r"(?:[东西南北]{1,2}|正|后|侧|大)门(?!口儿)")


def _number(text: str) -> int:
    text = text.strip("号# ")
    if text.isdigit():
        return int(text)
    tens, ten, ones = text.partition("十")
    if not ten:
        return _DIGIT.get(text[-1:], 0)
    return (_DIGIT.get(tens, 1) if tens else 1) * 10 + (_DIGIT.get(ones, 0) if ones else 0)


_KINDS = {"幢": "栋", "号楼": "栋", "号宿舍": "栋", "舍": "栋", "号公寓": "栋", "餐厅": "食堂"}


def places(text: str, named: Sequence[str] = ()) -> tuple[str, ...]:
    """Named places and units in a (normalised) text, one writing for each: 六栋, 6号楼, 3、4、5栋 give 6栋, 3栋 ...

    `named`: further names from the settings (canteens, campuses, units) and the rulebook's `place` and `facility`.
    """
    found: dict[str, None] = {}
    for match in _BUILDING.finditer(text):
        kind = _KINDS.get(match[2], match[2])
        for part in re.findall(_NUMBER, match[1]):
            found[f"{_number(part)}{kind}"] = None
    found.update(dict.fromkeys(_GATE.findall(text)))
    found.update(dict.fromkeys(name for name in named if name and name in text))
    return tuple(found)


@dataclass(frozen=True)
class Scene:
    """Where a line stands. `places`: of its own text, its root's text, and its account's unit unless a main account.

    `unit`: that unit again, which says less than a place that somebody named.
    """

    thread: str
    cluster: str = ""
    places: tuple[str, ...] = ()
    unit: str = ""


def topic(theme: str, kind: str) -> str:
    """What the keys of a kind of danger begin with, in place of the bare theme."""
    return f"{theme}.{kind}"


def of_theme(key: str) -> str:
    """The key of the bare theme beside a danger's key; any other key as it is."""
    begins, bar, rest = key.partition("|")
    return f"{begins.partition('.')[0]}{bar}{rest}"


def keys(theme: str, scene: Scene) -> tuple[str, ...]:
    """The keys under which a line of this theme counts and by which it belongs to an incident."""
    out = [f"{theme}|thread|{scene.thread}"]
    if scene.cluster:
        out.append(f"{theme}|cluster|{scene.cluster}")
    return tuple(dict.fromkeys(out + [f"{theme}|place|{place}" for place in scene.places]))


def all_keys(themes: Iterable[str], scene: Scene) -> tuple[str, ...]:
    """The keys of a line with several themes."""
    return tuple(key for theme in dict.fromkeys(themes) for key in keys(theme, scene))


def felt_key(scene: Scene) -> str:
    """The key of what only the model marked in a thread, whatever it took it to be about."""
    return f"felt|thread|{scene.thread}"


def kin(theme: str) -> tuple[str, ...]:
    """The themes that under one post are sides of the same matter."""
    return tuple(sorted(other for pair in KIN if theme in pair for other in pair - {theme}))


def joining_keys(themes: Iterable[str], scene: Scene, kinds: Sequence[str] = ()) -> tuple[str, ...]:
    """Where to look, in order, for an open incident that a line belongs to. `kinds`: of danger that it tells of.

    The thread comes first (the line's own kinds, its themes, then kin), then clusters and places: who talks under a
    post talks about that post's matter. A line with a cry for help looks for care cases alone.
    """
    wanted = spoken(themes)
    sides = tuple(dict.fromkeys((*wanted, *(other for theme in wanted for other in kin(theme)))))
    exact = all_keys((topic(theme, kind) for theme in wanted for kind in kinds), scene)
    alike = [f"{topic(theme, kind)}|thread|{scene.thread}" for theme in sides for kind in _sides_of(kinds)]
    own = all_keys(wanted, scene)
    plain = [f"{theme}|thread|{scene.thread}" for theme in sides]
    others = [f"{topic(theme, kind)}|thread|{scene.thread}" for theme in sides if theme != CARE for kind in DANGERS]
    ordered = [*_of_thread(exact), *alike, *plain, *others, *exact, *own]
    return tuple(dict.fromkeys(ordered))


def _sides_of(kinds: Sequence[str]) -> tuple[str, ...]:
    """The kinds first, then those that are of one matter with them."""
    mine = matters(kinds)
    return tuple(dict.fromkeys((*kinds, *(kind for kind, danger in DANGERS.items() if danger.matter in mine))))


def _of_thread(keys: Iterable[str]) -> list[str]:
    return [key for key in keys if "|thread|" in key]


def attaching_keys(themes: Iterable[str], scene: Scene, kinds: Sequence[str] = ()) -> tuple[str, ...]:
    """What an incident gains when a line joins it: the line's thread and cluster; places would chain."""
    return tuple(key for key in danger_keys(spoken(themes), scene, kinds) if "|place|" not in key)


def danger_keys(themes: Iterable[str], scene: Scene, kinds: Sequence[str] = ()) -> tuple[str, ...]:
    """The keys of a line with these themes and kinds of danger."""
    wanted = tuple(dict.fromkeys(themes))
    return all_keys((*wanted, *(topic(theme, kind) for theme in wanted for kind in kinds)), scene)


def spoken(themes: Iterable[str]) -> tuple[str, ...]:
    """The themes that decide where a line belongs: care alone where there is a cry for help."""
    found = tuple(dict.fromkeys(themes))
    return (CARE,) if CARE in found else found
