"""The subject of a hold: what no account speaks of meanwhile, and whether a text speaks of it in other words. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from escalation.voice import speech
from sentiment.normalise import normalise
from stream.matter import kin, places
from stream.novelty import letters

ENOUGH = 2
"""How much must come together where no word alone decides: theme, place and each of the cues count one."""
SPOKEN = "unauthorised_post"
"""The theme of an own post that speaks of an event as such; it counts beside any held theme that it is kin to."""
THEME_WORDS = {
    "canteen": "食堂餐饮", "dorm": "宿舍住宿", "fees": "收费", "teacher": "师德师风", "safety": "校园安全",
    "bullying": "欺凌", "exam": "考试", "admissions": "招生", "privacy": "个人信息", "image": "学校形象",
    "unauthorised_post": "敏感事项", "prohibited": "禁止内容", "rumour": "网传信息", "internship": "实习",
    "awards": "评奖评优", "admin": "行政管理",
}  # fmt: skip
"""The themes that an account may be held on."""
EVERY_THEME = THEME_WORDS | {"self_harm": "心理求助", "any": "其他"}
"""Each theme under the one name by which incidents, silences and reports call it."""
WORDS_SHOWN, PLACES_SHOWN = 4, 2


@dataclass(frozen=True, slots=True)
class Subject:
    """What is held. A `words` entry alone decides (a person chose it); `cues`, the names of the matter, need company.

    `themes`: the rules' themes; `threads`: posts under which it is spoken of; `places`: named places, one writing each.
    """

    themes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    cues: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    threads: tuple[str, ...] = ()

    def kept(self) -> dict[str, list[str]]:
        """As a row keeps it."""
        return {name: list(value) for name, value in asdict(self).items()}

    def said(self) -> str:
        """For a banner: “二食堂、疑似食物中毒”: words, places and what the matter is called; else the theme's name.

        No more of the cues: what nobody said need not be told to every keeper.
        """
        named = list(dict.fromkeys((*self.words, *self.places[:PLACES_SHOWN], *self.cues[:1])))[:WORDS_SHOWN]
        named = named or [THEME_WORDS.get(one, one) for one in self.themes]
        return f"“{'、'.join(named)}”" if named else "此事"

    @property
    def wordless(self) -> bool:
        """Whether no text can be found to speak of it; then only what is answered in its threads is."""
        return not (self.themes or self.words or self.cues or self.places)

    @property
    def empty(self) -> bool:
        """Whether it holds nothing at all."""
        return not any(getattr(self, one.name) for one in fields(self))


def read(kept: dict[str, Any]) -> Subject:
    """A row's subject."""
    return Subject(**{one.name: tuple(kept.get(one.name, ())) for one in fields(Subject)})


def touches(
    subject: Subject, text: str, *, themes: Collection[str] = (), thread: str = "", named: Sequence[str] = (),
    signs: Sequence[str] = (),
) -> tuple[str, ...]:  # fmt: skip
    """Why a post speaks of the subject, as phrases for a person; empty where it does not.

    `themes`: of the rules that matched the post, `thread`: where it stands, `named`: names of places in the settings,
    `signs`: words in it by which the rules know a matter of a held theme. A denial needs one of theme, place and cue
    beside it, or a word of the theme's field; of who merely tells what happened, a name of the matter and the field.
    """
    plain = normalise(text).text
    if thread and thread in subject.threads:
        return ("在管控事项的帖下",)
    if sure := _found(subject.words, plain):
        return tuple(f"含“{one}”" for one in sure)
    same_theme = [one for one in subject.themes if one in themes or (SPOKEN in themes and SPOKEN in kin(one))]
    spoken = set(places(plain, (*named, *subject.places)))
    where = [one for one in subject.places if spoken & {one, *places(one)}]
    cues = _apart(_found(subject.cues, plain))
    theme = [f"主题“{THEME_WORDS.get(one, one)}”" for one in same_theme[:1]]
    place, said = [f"地点“{one}”" for one in where[:1]], [f"含“{one}”" for one in cues]
    if len(theme) + len(place) + len(said) >= ENOUGH:
        return (*theme, *place, *said)
    return _in_plain_words(subject, plain, place, cues or _signs(signs)[:1])


def _in_plain_words(subject: Subject, plain: str, place: list[str], names: Sequence[str]) -> tuple[str, ...]:
    """Why a text denies or tells of the subject that has hardly a name of it; empty where it does neither."""
    field = speech.field(subject.themes, plain)
    found = [*place, *dict.fromkeys(f"含“{one}”" for one in (*names, field) if one)]
    if found and speech.denies(plain):
        return (*found, "否认的说法")
    return (*found, "讲述事件的说法") if names and field and speech.tells(plain) else ()


def _signs(signs: Sequence[str]) -> list[str]:
    return [one for one in signs if not speech.FACILITY.search(one)]


def _found(words: Iterable[str], plain: str) -> list[str]:
    """Which words stand in a normalised text; blanks and signs between the letters do not hide one."""
    bare = letters(plain)
    return [one for one in words if (word := letters(normalise(one).text)) and word in bare]


def _apart(found: Sequence[str]) -> list[str]:
    """Without those that stand inside another: 食物中毒 is one word of the matter and not two."""
    return [one for one in found if not any(one != other and one in other for other in found)]


def subject_of(theme: str, thread: str, keys: Iterable[str], cues: Iterable[str]) -> Subject:
    """The subject of a matter as the watch found it: its theme, threads, places, and the names of the matter.

    A matter of no theme of its own ("any", opened by a person) is held by the others alone.
    """
    parts = [key.split("|", 2) for key in keys]
    threads = [part[2] for part in parts if len(part) == 3 and part[1] == "thread"]
    where = [part[2] for part in parts if len(part) == 3 and part[1] == "place"]
    return Subject(
        themes=(theme,) if theme in THEME_WORDS else (),
        cues=tuple(dict.fromkeys(cues)), places=_once(where), threads=tuple(dict.fromkeys((thread, *threads))),
    )  # fmt: skip


def _once(where: Sequence[str]) -> tuple[str, ...]:
    """Each place once, as the school writes it: 二食堂 and not 2食堂 beside it."""
    written = {form for one in where for form in places(one) if form != one}
    return tuple(dict.fromkeys(one for one in where if one not in written))


def typed(text: str) -> tuple[str, ...]:
    """Words as a person types them, parted by 、，, or blanks; each once."""
    for mark in "，,；;\n\t 　":
        text = text.replace(mark, "、")
    return tuple(dict.fromkeys(one.strip() for one in text.split("、") if one.strip()))
