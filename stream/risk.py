"""Risk: 0-100 with named reasons and their shares, and the decision whether a line opens an incident and at what level.

Points add up and never cancel: among as many voices under a post more evidence never lowers a risk. The weights of the
rules are data; the figures below are this project's defaults, tuned on authored scenarios, not a school's rule.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from stream.assessment import Polarity, Target
from stream.border import OPEN_AT
from stream.evidence import CUE_ROOM, OURS, QUICK_HOURS, ROOM, SLOW_DAYS, Evidence, Mark
from stream.impression import IMPRESSIONS
from stream.matter import CARE, spoken
from stream.rules import Category
from stream.wave import Counted, Words, counted

POINTS_FOR_100 = 160.0
"""Points that make a risk of 100; an incident opens at OPEN_AT."""
SHOWN_FROM = 5
"""A line of this risk is worth a monitor's eye: the lightest rule of any matter gives it, and a tone that leans to
negative about the school, its staff or its services; a bad tone alone does not."""
READ_FROM = 1 / 3
"""From this `p_negative` on a line about the school, its staff or its services is worth an eye whatever it says: a
calm complaint leans no more. What any bar between .25 and .4 finds differs little (README.md)."""
BARE = 4.8
"""Points of a negative tone without any rule: a risk of 3."""
READ = 8.0
"""Points that a line worth an eye has at the least: enough for SHOWN_FROM. They are shown and never counted."""
GRAVE = 100.0
"""Added by a grave rule, so that one line is enough."""
OLDER = 0.6
"""What a mark older than QUICK_HOURS still counts of its weight, up to SLOW_DAYS."""
VOICES_LEAST = 2
"""Distinct authors before anything but a grave line or an own post opens."""
CUES_MOST = 45.0
DENSE, DENSE_FELT = 0.2, 0.3
"""Voices that a rule found under a post, as a share of all of a day there, from which they count in full; the same for
those whom only the model felt. Older ones are counted too, so that a slow matter gathers."""
ELSEWHERE_MOST = 28.0
"""Points of all that the model found under other posts, where no rule speaks: one complaint of which it is sure. It
takes one harmless line in seven of an ordinary week for one, and a place is talked of under many posts."""
CONTEXT, CROWD = 0.4, 30
"""What cues, tone and surge add at most, as a share of what the rules themselves say, under a post with CROWD voices a
day and more; with fewer voices so much more. They make a matter graver; of two weak words under a busy post, none."""
NEGATIVE_EACH, NEGATIVE_MOST = 2.0, 10.0
SURGE_MOST = 15.0
OURS_POINTS = 6.0
OUTLIKED_EACH, OUTLIKED_LEAST = 26.0, 4
COPIED = 4.0
"""Added where somebody else wrote the same words; what a wave weighs besides says `stream.wave`."""
MILDEST, HARDEST_WITHOUT_DANGER = 4, 2
HARDER_AT, HARDER_RULED = 280.0, 50.0
"""Points from which an incident opens one level graver than its rules ask, and how many of them a rule must have given:
what only the model felt calls nobody out of bed."""
ABOUT = {Target.SCHOOL: "学校", Target.STAFF: "教职工", Target.SERVICE: "学校的服务"}
CUE_NAMES = {Category.ECHO: "多人附和", Category.ESCALATION: "升级迹象", Category.IRONY: "反话讽刺"}


@dataclass(frozen=True)
class Reason:
    """One named reason: `share` in whole per cent of the risk, `sentence` with figures, `article` if one is cited."""

    name: str
    share: int
    sentence: str
    article: str = ""


@dataclass(frozen=True)
class Risk:
    """0..100 and why; shares add up to 100, no reasons where the risk is 0. `theme` is the gravest, empty for none."""

    value: int
    reasons: tuple[Reason, ...]
    theme: str = ""
    points: float = 0.0
    voices: int = 0


@dataclass(frozen=True)
class Opening:
    """An incident to open: `keys` to own, `members` (post ids in order of time), `level` 1 gravest .. 4.

    `alone`: it opens at any border of points; `severe`: so much was said, and by rules, that it is a level graver or,
    where enough voices say it, a crisis.
    """

    theme: str
    themes: tuple[str, ...]
    level: int
    grave: bool
    keys: tuple[str, ...]
    members: tuple[str, ...]
    alone: bool = False
    severe: bool = False


@dataclass(frozen=True)
class _Part:
    name: str
    points: float
    sentence: str
    article: str = ""


def risk(evidence: Evidence, now: datetime) -> Risk:
    """The risk of a line with everything that belongs to its matter. `now`: aware."""
    if evidence.advert or (evidence.by_school and not evidence.own_post):
        return Risk(0, ())
    if not evidence.marks and not evidence.is_outliked:
        return _bare(evidence)
    themes = _themes(evidence)
    if not themes and evidence.is_outliked:
        themes = ("image",)
    cases = [(theme, _parts(evidence, theme, now)) for theme in themes]
    if not cases:
        return _bare(evidence)
    theme, parts = max(cases, key=lambda case: (_sum(case[1]), _told(evidence, case[0]), case[0]))
    parts = _toned(evidence, parts)
    points = _sum(parts)
    parts = _read(parts, _worth(evidence))
    return Risk(_value(parts), _reasons(parts), theme, points, len(_voices(_of(evidence, theme))))


def _value(parts: Sequence[_Part]) -> int:
    return min(100, round(100 * _sum(parts) / POINTS_FOR_100))


def _themes(evidence: Evidence) -> tuple[str, ...]:
    """What the line may be judged under. A cry for help is judged as care alone, and nothing else ever is."""
    if CARE in [mark.theme for mark in evidence.marks if mark.post_id == evidence.post_id]:
        return (CARE,)
    return tuple(dict.fromkeys(mark.theme for mark in evidence.marks if mark.theme not in ("any", CARE)))


def _bare(evidence: Evidence) -> Risk:
    """A line that no rule marked: only its tone speaks, and whom it is about. It has no theme, so it opens nothing."""
    if evidence.by_school or evidence.target is Target.OUTSIDER:
        return Risk(0, ())
    return _of_tone(tuple(_toned(evidence, ())), _worth(evidence))


@lru_cache(maxsize=512)  # most lines are such, and a few words say why
def _of_tone(tone: tuple[_Part, ...], worth: str) -> Risk:
    parts = _read(tone, worth)
    return Risk(_value(parts), _reasons(parts), points=_sum(tone), voices=len(tone))


def _toned(evidence: Evidence, parts: Sequence[_Part]) -> list[_Part]:
    """The parts, and what they lack to BARE where the tone is negative: a light rule takes nothing from it."""
    lacking = BARE - _sum(parts)
    if lacking <= 0 or evidence.polarity is not Polarity.NEGATIVE or evidence.by_school:
        return list(parts)
    if evidence.target is Target.OUTSIDER and not parts:
        return []
    return [*parts, _Part("负面", lacking, "语气偏负面" if parts else "语气偏负面，没有规则命中")]


def _worth(evidence: Evidence) -> str:
    """Why the line is worth an eye by its tone and whom it is about, or an empty text."""
    if evidence.target not in OURS or evidence.p_negative < READ_FROM or evidence.by_school:
        return ""
    return f"说的是{ABOUT[evidence.target]}，负面的可能 {evidence.p_negative:.0%}；只提示看一眼，不计入立事件"


def _read(parts: Sequence[_Part], worth: str) -> list[_Part]:
    """The parts, and what they lack to READ where the line is worth an eye."""
    lacking = READ - _sum(parts)
    return [*parts, _Part("值得看一眼", lacking, worth)] if worth and lacking > 0 else list(parts)


def _of(evidence: Evidence, theme: str) -> list[Mark]:
    """The marks of a theme, and what was felt under this post; beside a cry for help, all that its line says."""
    if theme == CARE:
        own = evidence.post_id
        return [mark for mark in evidence.marks if mark.theme == CARE or (mark.post_id == own and mark.theme != "any")]
    here = evidence.scene.thread
    return [mark for mark in evidence.marks if mark.theme == theme or (mark.felt and mark.thread == here)]


def _told(evidence: Evidence, theme: str) -> int:
    """How much was said of a theme by name; among equals it gives the matter its name."""
    return sum(mark.weight for mark in evidence.marks if mark.theme == theme)


def _voices(marks: Iterable[Mark]) -> set[str]:
    return {mark.voice for mark in marks}


def _sum(parts: Sequence[_Part]) -> float:
    return sum(part.points for part in parts)


def _parts(evidence: Evidence, theme: str, now: datetime) -> list[_Part]:
    marks = _of(evidence, theme)
    dense = {modelled: _density(evidence, marks, modelled=modelled) for modelled in (False, True)}
    here = evidence.scene.thread

    def points(mark: Mark) -> float:
        """What the model felt, or what a rule named beside it, whichever is more."""
        full = _is_danger(mark)
        said = mark.weight * (1.0 if full or not (mark.modelled or mark.thread == here) else dense[mark.modelled])
        if mark.theme == theme:
            said = max(said, mark.named * (1.0 if full or mark.thread != here else dense[False]))
        return said * _age(mark, now)

    found = counted(_nearby([(points(mark), mark) for mark in marks], here))
    parts = _rules(found.words, Counter(mark.rule for mark in marks))
    if any(mark.grave for mark in marks):
        parts.append(_Part("危及人身或个人信息", GRAVE, "属于一条即须上报的情形"))
    if marks:
        share = CONTEXT * max(1.0, CROWD / max(1, evidence.thread.authors))
        parts += _within(share * (_sum(parts) + found.spread), _context(evidence, theme))
    if ours := [mark for mark in marks if mark.ours]:
        parts.append(_Part("指向本校", OURS_POINTS, f"{_so_many(len(_voices(ours)), len(ours))}明指学校、教职工或服务"))
    if marks and (evidence.copies > 1 or found.spread):
        parts.append(_copied(evidence.copies, found))
    if evidence.outliked:
        said = f"{evidence.outliked} 人的评论获赞超过原帖"
        parts.append(_Part("评论压过原帖", OUTLIKED_EACH * evidence.outliked, said))
    return parts


def _context(evidence: Evidence, theme: str) -> list[_Part]:
    """What is said around a matter, and how fast. Thanks beside a cry for help are no irony."""
    cues = evidence.cues
    if theme == CARE:
        cues = tuple(cue for cue in cues if cue.category != Category.IRONY)
    parts, figures = list(_cues(_Same(cues))), evidence.thread
    if figures.negative_authors:
        points = min(NEGATIVE_MOST, NEGATIVE_EACH * figures.negative_authors)
        said = f"本帖近 24 小时 {figures.lines} 条，{figures.negative_authors} 人语气负面"
        parts.append(_Part("负面", points, said))
    if evidence.surge.score > 0:
        parts.append(_Part("涌量", SURGE_MOST * evidence.surge.score, evidence.surge.sentence))
    return parts


def _within(most: float, parts: Sequence[_Part]) -> list[_Part]:
    """The same parts with no more points than `most` together, each made less in proportion."""
    total = _sum(parts)
    scale = min(1.0, most / total) if total else 0.0
    return [replace(part, points=scale * part.points) for part in parts]


def _ruled(marks: Sequence[Mark]) -> float:
    """The points that rules gave, without the model's; a text that many paste counts with its spread."""
    ruled = ((mark.named if mark.named or mark.rule in IMPRESSIONS else mark.weight, mark) for mark in marks)
    said = counted((float(weight), mark) for weight, mark in ruled if weight)
    return sum(words.points for words in said.words) + said.spread


def _density(evidence: Evidence, marks: Sequence[Mark], *, modelled: bool) -> float:
    """What marks count, 0..1: of a hundred ordinary comments a few look like complaints, so a few under a busy post say
    little, and the same few among a dozen say much. What a rule found under other posts, and dangers, are not asked;
    what was only felt there counts as it does here, where one voice is taken to have felt it at the least."""
    said = (mark for mark in marks if (mark.modelled if modelled else mark.named or not mark.modelled))
    here = _voices(mark for mark in said if mark.thread == evidence.scene.thread)
    most = (DENSE_FELT if modelled else DENSE) * evidence.thread.authors
    return min(1.0, max(1, len(here)) / most) if most else 1.0


def _is_danger(mark: Mark) -> bool:
    """Whether a mark counts in full however many talk: a danger or a cry for help; a low mood is neither."""
    return mark.grave or bool(mark.kinds) or (mark.theme == CARE and mark.category != Category.MOOD)


def _nearby(said: Sequence[tuple[float, Mark]], here: str) -> list[tuple[float, Mark]]:
    """The marks with their points; where no rule speaks, those under other posts have ELSEWHERE_MOST together, and a
    single one under this post stands among them, so that who speaks last decides nothing."""
    if any(mark.named or not mark.modelled for _, mark in said):
        return list(said)
    alone = len(_voices(mark for _, mark in said if mark.thread == here)) < VOICES_LEAST
    scattered = [(points, mark) for points, mark in said if alone or mark.thread != here]
    found = counted(scattered)
    total = sum(words.points for words in found.words) + found.spread
    most = max([ELSEWHERE_MOST, *(points for points, _ in scattered)])
    scale = min(1.0, most / total) if total else 1.0
    return [(points * (scale if alone or mark.thread != here else 1.0), mark) for points, mark in said]


def _age(mark: Mark, now: datetime) -> float:
    return 1.0 if now - mark.at <= timedelta(hours=QUICK_HOURS) else OLDER


def _rules(found: Iterable[Words], kept: Mapping[str, int]) -> list[_Part]:
    """Each author counts once with the heaviest of what they said, the same words once; by rule for the reader. `kept`:
    marks of each rule."""
    grouped: dict[str, list[Words]] = {}
    for words in found:
        grouped.setdefault(words.mark.rule, []).append(words)
    return [
        _Part(
            said[0].mark.title,
            sum(words.points for words in said),
            _said(said, said[0].mark.title, rule, kept[rule]),
            said[0].mark.article,
        )
        for rule, said in sorted(grouped.items())
    ]


def _said(found: Sequence[Words], title: str, rule: str, kept: int) -> str:
    waves = sorted((words for words in found if len(words.voices) > 1), key=lambda words: -len(words.voices))
    most = _people(waves[:1], kept)
    many = f"同一段话 {most}转贴，按一条计" if len(waves) == 1 else ""
    if len(waves) > 1:
        many = f"{len(waves)} 段话有人转贴，最多的一段 {most}，每段按一条计"
    told = _told_of(title, rule, _people(found, kept))
    louder = len(set[str]().union(*(words.voices for words in found if words.mark.named and rule not in IMPRESSIONS)))
    more = f"其中 {louder} 人的话，模型推断比规则更重" if louder else ""
    return "；".join(one for one in (told, more, many) if one)


def _told_of(title: str, rule: str, people: str) -> str:
    """How many said it, within how long, by which rule, or by the model and how sure (in brackets of its title)."""
    if rule not in IMPRESSIONS:
        return f"{people}说到“{title}”（{SLOW_DAYS} 天内，规则 {rule}）"
    said, _, sure = title.removesuffix("）").partition("（")
    return f"{people}的话{said}（{sure + '；' if sure else ''}{SLOW_DAYS} 天内，{rule}）"


def _people(found: Sequence[Words], kept: int, room: int = ROOM) -> str:
    """How many said these words."""
    return _so_many(len(set[str]().union(*(words.voices for words in found))), kept, room)


def _so_many(voices: int, kept: int, room: int = ROOM) -> str:
    """So many; at the least where as many marks are kept as there is room for (`stream.evidence.has_room`)."""
    return f"至少 {voices} 人" if kept >= room else f"{voices} 人"


def _copied(copies: int, found: Counted) -> _Part:
    most = max([copies, *(len(words.voices) for words in found.words)])
    said = f"{most} 人发了几乎相同的话" + ("，人数每翻一番按多一条计" if found.spread else "")
    return _Part("复制扩散", (COPIED if copies > 1 else 0.0) + found.spread, said)


@dataclass(frozen=True, eq=False, slots=True)
class _Same:
    """Cues that are soon told from others: of a thousand lines under one post most find the same thousand."""

    cues: tuple[Mark, ...]

    def __hash__(self) -> int:
        return hash((len(self.cues), *(cue.post_id for cue in (*self.cues[:1], *self.cues[-1:]))))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.cues == other.cues


@lru_cache(maxsize=16)
def _cues(same: _Same) -> tuple[_Part, ...]:
    found = counted((float(cue.weight), cue) for cue in same.cues if cue.weight).words
    kept = Counter(cue.rule for cue in same.cues)
    total = sum(words.points for words in found)
    scale = min(1.0, CUES_MOST / total) if total else 0.0
    out: list[_Part] = []
    for category, name in CUE_NAMES.items():
        said = [words for words in found if words.mark.category == category]
        if said:
            people = _people(said, max(kept[words.mark.rule] for words in said), CUE_ROOM)
            out.append(_Part(name, scale * sum(words.points for words in said), f"{people}{said[0].mark.title}"))
    return tuple(out)


def _reasons(parts: Sequence[_Part]) -> tuple[Reason, ...]:
    """Shares by largest remainder: whole per cents that add up to 100."""
    kept = sorted((part for part in parts if part.points > 0), key=lambda part: (-part.points, part.name))
    total = _sum(kept)
    if not kept:
        return ()
    exact = [100 * part.points / total for part in kept]
    whole = [int(share) for share in exact]
    order = sorted(range(len(kept)), key=lambda i: (whole[i] - exact[i], i))
    for i in order[: 100 - sum(whole)]:
        whole[i] += 1
    return tuple(Reason(p.name, share, p.sentence, p.article) for p, share in zip(kept, whole, strict=True))


def decide(evidence: Evidence, found: Risk, open_at: float = OPEN_AT) -> Opening | None:
    """Whether this line opens an incident. The caller has looked first whether it belongs to an open one.

    * A grave hit about us opens on one line. So does a prohibited own post; speaking without leave (擅自发声) is asked
      only of accounts that are not the school's main ones.
    * Anything else needs `open_at` points from VOICES_LEAST authors, or OUTLIKED_LEAST comments above their post.
    """
    if evidence.advert or not found.theme:
        return None
    own = _of(evidence, found.theme)
    grave = [hit for hit in evidence.hits if hit.grave]
    if evidence.by_school:
        spoken = [hit for hit in evidence.hits if not (hit.theme == "unauthorised_post" and evidence.lead_account)]
        return _opening(evidence, found, grave=bool(grave), alone=True) if evidence.own_post and spoken else None
    if grave:
        return _opening(evidence, found, grave=True, alone=True)
    many = found.voices >= VOICES_LEAST and found.points >= open_at
    ridiculed = evidence.is_outliked and evidence.outliked >= OUTLIKED_LEAST
    if (own and many) or ridiculed:
        return _opening(evidence, found, grave=False, alone=ridiculed)
    return None


def _opening(evidence: Evidence, found: Risk, *, grave: bool, alone: bool) -> Opening:
    own = [mark for mark in evidence.marks if mark.post_id == evidence.post_id and mark.theme != "any"]
    themes = spoken([found.theme, *(mark.theme for mark in own)])
    here = [mark for mark in own if mark.theme in themes]
    marks = [mark for mark in _of(evidence, found.theme) if found.theme != CARE or mark.theme == CARE]
    more = own if grave else [mark for mark in here if mark.grave]
    asked = [mark for mark in (*marks, *more) if mark.level_floor is not None]
    told = [mark.level_floor or MILDEST for mark in asked if not mark.modelled]
    level = min([*(told or [mark.level_floor or MILDEST for mark in asked]), MILDEST])
    ruled = _ruled(marks) + OUTLIKED_EACH * evidence.outliked
    severe = found.points >= HARDER_AT and ruled >= HARDER_RULED
    if severe and not grave:
        level = max(min(level, HARDEST_WITHOUT_DANGER), level - 1)
    keys = [key for mark in marks for key in mark.keys] + [key for mark in here for key in mark.keys]
    keys.append(f"{found.theme}|thread|{evidence.scene.thread}")
    members = dict.fromkeys([*(mark.post_id for mark in marks), evidence.post_id])
    return Opening(
        found.theme,
        themes,
        level,
        grave,
        tuple(key for key in dict.fromkeys(keys) if not key.startswith("any|")),
        tuple(members),
        alone,
        severe,
    )
