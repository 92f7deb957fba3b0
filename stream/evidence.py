"""Evidence: the figures on which risk and opening are decided, and how they are gathered from assessed lines.

The watch fills `Evidence` from its rows, a rehearsal or a test from a `Ledger` in memory; both in the same way:

* Every line that a rule marked leaves one `Mark` per theme (`marks_of`), and is found again by any of its keys under
  which there was room (`has_room`): what hundreds have said already tells nothing new, and a flood must not make each
  further line of it dearer than the one before.
* `marks`: marks of the last SLOW_DAYS days that share a key with this line, its own among them. For a line with cues
  only (or one that is liked above its root post) the keys are those of the themes its thread has.
* `cues`: marks of theme `any` of the last QUICK_HOURS hours in this thread and in those in which most `marks` stand.
* `thread`: lines, distinct authors and distinct authors of negative lines of this thread in 24 hours, school excluded.
* `outliked`: distinct authors in this thread whose line has more likes than the root post (and LIKED_LEAST at least).
* `copies`: distinct authors of this line's near-duplicate cluster in QUICK_HOURS hours.

Marks of an incident that was closed, and what was published before an account's `watch_from`, are left out by whoever
gathers. Authors are keyed pseudonyms; a line without one counts as its own author.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sentiment.normalise import normalise
from stream.assessment import Assessment, Hit, Polarity, Target
from stream.danger import OUTCOMES
from stream.impression import IMPRESSIONS
from stream.matter import CARE, CUE, Scene, all_keys, danger_keys, felt_key, places, spoken
from stream.novelty import Postings
from stream.post import Kind, Post
from stream.rules import CUES, Category
from stream.surge import CALM, Surge, hour_start, surge

QUICK_HOURS = 72
SLOW_DAYS = 10
LIKED_LEAST = 10
ROOM, CUE_ROOM, EACH_VOICE = 500, 20, 5
"""Marks of SLOW_DAYS that say the same under one key, cues, and those of one voice among either, beyond which no more
are kept there: a voice counts once, cues weigh a few voices at most, and five hundred voices open anything."""
CUE_THREADS = 20
"""Other threads whose cues stand beside a line."""
LETTER = 30
"""Weight of a rule from which two letters to one unit on one theme are taken for one matter."""
OURS = frozenset({Target.SCHOOL, Target.STAFF, Target.SERVICE})


@dataclass(frozen=True)
class Mark:
    """What one line says of one theme: its heaviest rule there. `at`: when published, aware; `ours`: about us.

    `kinds`: of danger, by all its rules of that theme. `named`: what the rule weighs that names the matter, where the
    model speaks louder; 0 where it does not, or where no rule names it.
    """

    post_id: str
    author: str
    theme: str
    rule: str
    title: str
    category: str
    weight: int
    grave: bool
    level_floor: int | None
    article: str
    at: datetime
    thread: str
    cluster: str
    ours: bool
    keys: tuple[str, ...]
    kinds: tuple[str, ...] = ()
    named: int = 0

    @property
    def voice(self) -> str:
        """The author, or the line itself where none is known."""
        return self.author or self.post_id

    @property
    def says(self) -> tuple[str, bool, tuple[str, ...]]:
        """What marks have in common that say the same: rule, whether it is grave, kinds of danger."""
        return self.rule, self.grave, self.kinds

    @property
    def place(self) -> tuple[datetime, str, str]:
        """Where a mark stands among others: when it was said, post, theme."""
        return self.at, self.post_id, self.theme

    @property
    def modelled(self) -> bool:
        """Whether the model gives the weight, by what the line looks like, and no danger by itself."""
        return (self.rule in IMPRESSIONS or self.named > 0) and not self.grave and self.theme != CARE

    @property
    def felt(self) -> bool:
        """Whether only the model speaks here. It tells a matter from another badly, so under one post its marks stand
        beside each other whatever their theme; where a rule names the matter, that is what it is about."""
        return self.modelled and not self.named


@dataclass(frozen=True)
class ThreadFigures:
    """Of one thread in 24 hours, the school's own lines excluded."""

    lines: int = 0
    authors: int = 0
    negative_authors: int = 0


@dataclass(frozen=True)
class Evidence:
    """Everything `risk` and `decide` look at for one line. `lead_account`: a main account of the school."""

    post_id: str
    by_school: bool
    own_post: bool
    lead_account: bool
    target: Target
    polarity: Polarity
    hits: tuple[Hit, ...]
    scene: Scene
    marks: tuple[Mark, ...] = ()
    cues: tuple[Mark, ...] = ()
    thread: ThreadFigures = field(default_factory=ThreadFigures)
    outliked: int = 0
    is_outliked: bool = False
    copies: int = 1
    surge: Surge = CALM
    p_negative: float = 0.0
    """How likely the line's tone is negative, 0..1; 0 where nobody can say (`unkind`)."""

    @property
    def advert(self) -> bool:
        """Whether the line is an advertisement, which marks nothing."""
        return any(hit.category == Category.ADVERT for hit in self.hits)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of danger that the line itself tells of, by what decides where it belongs."""
        own = [mark for mark in self.marks if mark.post_id == self.post_id]
        wanted = spoken(mark.theme for mark in own)
        return tuple(dict.fromkeys(kind for mark in own if mark.theme in wanted for kind in mark.kinds))

    def of_danger(self, kinds: Collection[str]) -> Evidence:
        """As if nothing had been said but this line and what tells of these kinds of danger."""
        return self._only(lambda mark: not set(kinds).isdisjoint(mark.kinds))

    def of_matter(self, known: Collection[str]) -> Evidence:
        """For an incident that knows these kinds of danger: what tells of other ones belongs to another incident."""
        if not known:
            return self
        mine = {*known, *self.kinds, *OUTCOMES}
        return self._only(lambda mark: not mark.kinds or not mine.isdisjoint(mark.kinds))

    def _only(self, wanted: Callable[[Mark], bool]) -> Evidence:
        kept = tuple(mark for mark in self.marks if mark.post_id == self.post_id or wanted(mark))
        return self if len(kept) == len(self.marks) else replace(self, marks=kept)


def unit_of(assessment: Assessment, host: Host) -> str:
    """The unit at which a line stands: that of its account, none at a main account, where everything is said. Letters
    are threads of their own each and would never add up, so one of weight stands at the unit it is written to.
    """
    weighty = any(hit.weight >= LETTER and hit.rule not in IMPRESSIONS for hit in assessment.hits)
    letter = assessment.post.kind is Kind.MESSAGE and weighty
    return host.unit if letter or not host.main else ""


def scene_of(post: Post, cluster: str, root_text: str, unit: str, named: Sequence[str]) -> Scene:
    """Where a post stands. `unit`: the account's unit, empty for a main account; texts as written."""
    return scene_at(post.thread_id, cluster, (normalise(post.text).text, normalise(root_text).text), unit, named)


def scene_at(thread: str, cluster: str, texts: Sequence[str], unit: str, named: Sequence[str]) -> Scene:
    """As `scene_of`, for the normalised texts of the line and of its root."""
    found = dict.fromkeys(place for text in texts if text for place in places(text, named))
    return Scene(thread, cluster, tuple(found) + ((unit,) if unit else ()), unit)


def marks_of(assessment: Assessment, scene: Scene) -> tuple[Mark, ...]:
    """One mark per theme that the line's hits speak of; none for advertisements and other schools' matters."""
    hits = heard(assessment.hits)
    if any(hit.category == Category.ADVERT for hit in hits):
        return ()
    by_theme: dict[str, list[Hit]] = {}
    for hit in hits:
        by_theme.setdefault(hit.theme, []).append(hit)
    made = (_mark(assessment, said, scene) for said in by_theme.values())
    return tuple(replace(mark, keys=(*mark.keys, felt_key(scene))) if mark.felt else mark for mark in made)


def heard(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """The hits that say what a line is about: a low mood beside a matter makes no care case of it."""
    low = [hit for hit in hits if hit.theme == CARE and hit.category == Category.MOOD]
    matters = [hit for hit in hits if hit.theme != "any" and hit not in low]
    return tuple(hit for hit in hits if hit not in low) if low and matters else tuple(hits)


def spoken_kinds(hits: Sequence[Hit]) -> tuple[str, ...]:
    """The kinds of danger that hits tell of, by what decides where their line belongs."""
    hits = heard(hits)
    wanted = spoken(hit.theme for hit in hits)
    return tuple(dict.fromkeys(kind for hit in hits if hit.theme in wanted for kind in hit.kinds))


def rank(hit: Hit) -> tuple[bool, bool, int, int]:
    """Which hit speaks for a line: the gravest, of these a rule before the model, then the heaviest."""
    return hit.grave, hit.grave and hit.rule not in IMPRESSIONS, hit.weight, -(hit.level_floor or 5)


def _mark(assessment: Assessment, said: Sequence[Hit], scene: Scene) -> Mark:
    """What these hits of one theme say together; a rule has the word before the model, whichever is louder."""
    hit = loudest = max(said, key=rank)
    rules = [one for one in said if one.rule not in IMPRESSIONS and one.weight]
    if rules and not hit.grave and hit.theme != CARE:
        hit = max(rules, key=rank)
    kinds = tuple(dict.fromkeys(kind for one in said for kind in one.kinds))
    ruled = max((one.weight for one in rules), default=0)
    post = assessment.post
    return Mark(
        post_id=post.id,
        author=post.author_key,
        theme=hit.theme,
        rule=hit.rule,
        title=hit.title,
        category=hit.category,
        weight=max(one.weight for one in said),
        grave=hit.grave,
        level_floor=min((one.level_floor for one in said if one.level_floor is not None), default=None),
        article=hit.article,
        at=post.published_at,
        thread=post.thread_id,
        cluster=scene.cluster,
        ours=assessment.target in OURS,
        keys=danger_keys([hit.theme], scene, kinds) if hit.theme != CUE else (cue_key(post.thread_id),),
        kinds=kinds,
        named=ruled if loudest.rule in IMPRESSIONS else 0,
    )


@dataclass(frozen=True)
class Host:
    """What the ledger must know of an account: its unit, and whether it is a main account of the school."""

    unit: str = ""
    main: bool = True


@dataclass
class _Line:
    post: Post
    negative: bool
    likes: int
    cluster: str


def unkind(assessment: Assessment) -> float:
    """How likely the tone is negative; 0 of an engine such as `snow`, whose figure is no probability: it learned from
    reviews of goods, says nothing of concern, and calls what a canteen cooks negative."""
    return assessment.p_negative if assessment.p_concern is not None else 0.0


def room_of(mark: Mark) -> tuple[int, int]:
    """How many that say the same may stand under a key, and how many of them by one voice."""
    return CUE_ROOM if mark.theme == CUE else ROOM, EACH_VOICE


def has_room(mark: Mark, standing: Iterable[Mark]) -> bool:
    """Whether a mark is kept under a key. `standing`: what stands there, of SLOW_DAYS before it and later."""
    room, each = room_of(mark)
    same = [one.voice for one in standing if one.says == mark.says]
    return len(same) < room and same.count(mark.voice) < each


def with_own(found: tuple[Mark, ...], own: Iterable[Mark]) -> tuple[Mark, ...]:
    """Marks in their order, and those of the line itself for which there was no room; its cues are no marks."""
    lacking = [mark for mark in own if mark.theme != CUE and not _stands(mark, found)]
    return tuple(sorted((*found, *lacking), key=_place)) if lacking else found


def _stands(mark: Mark, found: Sequence[Mark]) -> bool:
    at = bisect_left(found, mark.place, key=_place)
    return at < len(found) and found[at].place == mark.place


def _place(mark: Mark) -> tuple[datetime, str, str]:
    return mark.place


def cue_threads(found: Iterable[Mark], here: str) -> tuple[str, ...]:
    """The thread of a line first, then those others in which most of its matter was said."""
    said = Counter(mark.thread for mark in found)
    others = sorted((thread for thread in said if thread != here), key=lambda thread: (-said[thread], thread))
    return (here, *others[:CUE_THREADS])


def cue_key(thread: str) -> str:
    """The key under which the cues of a thread stand."""
    return f"{CUE}|thread|{thread}"


class Ledger:
    """Evidence gathered in memory, line by line in order of time: for rehearsals and tests, one school at a time."""

    def __init__(self, hosts: Mapping[str, Host], named: Sequence[str] = ()) -> None:
        """`hosts` by account id; `named`: places, facilities and units that name a matter."""
        self.hosts, self.named = hosts, tuple(named)
        self.postings = Postings()
        self.by_key: dict[str, list[Mark]] = {}
        self.themes: dict[str, dict[str, None]] = {}
        self.threads: dict[str, list[_Line]] = {}
        self.clusters: dict[str, list[Post]] = {}
        self.roots: dict[str, tuple[str, int]] = {}
        self.hours: dict[str, dict[datetime, int]] = {}
        self.recent: dict[str, list[datetime]] = {}

    def note(self, assessment: Assessment, likes: int = 0) -> Evidence:
        """Take in one line and give the evidence as it stands with it."""
        post = assessment.post
        host = self.hosts.get(post.account_id, Host())
        if post.id == post.thread_id:
            self.roots[post.thread_id] = post.text, likes
        root_text, root_likes = self.roots.get(post.thread_id, ("", 0))
        outside = not post.by_school
        cluster = self._cluster(post) if outside else ""
        scene = scene_of(post, cluster, root_text, unit_of(assessment, host), self.named)
        own = marks_of(assessment, scene)
        self._keep(own)
        if outside:
            negative = assessment.polarity is Polarity.NEGATIVE
            self.threads.setdefault(post.thread_id, []).append(_Line(post, negative, likes, cluster))
        liked = [line for line in self._thread(post) if line.likes > root_likes and line.likes >= LIKED_LEAST]
        is_outliked = any(line.post.id == post.id for line in liked) and post.id != post.thread_id
        wanted = self._wanted(own, scene, is_outliked=is_outliked)
        marks = with_own(self._found(wanted, post.published_at), own)
        return Evidence(
            post_id=post.id,
            by_school=post.by_school,
            own_post=post.by_school and post.kind is Kind.POST,
            lead_account=host.main,
            target=assessment.target,
            polarity=assessment.polarity,
            hits=assessment.hits,
            scene=scene,
            marks=marks,
            cues=self._cues(marks, scene, post.published_at),
            thread=self._figures(post),
            outliked=len({_voice(line.post) for line in liked if line.post.id != post.thread_id}),
            is_outliked=is_outliked,
            copies=self._copies(post, cluster),
            surge=self._surge(post) if outside else CALM,
            p_negative=unkind(assessment),
        )

    def _cluster(self, post: Post) -> str:
        cluster = self.postings.join(post.id, normalise(post.text).text)
        self.clusters.setdefault(cluster, []).append(post)
        return cluster

    def _keep(self, own: tuple[Mark, ...]) -> None:
        for mark in own:
            since = mark.at - timedelta(days=SLOW_DAYS)
            for key in dict.fromkeys(mark.keys):
                known = self.by_key.setdefault(key, [])
                if has_room(mark, [one for one in known if one.at >= since]):
                    known.append(mark)
            if mark.theme != CUE:
                self.themes.setdefault(mark.thread, {})[mark.theme] = None

    def _wanted(self, own: tuple[Mark, ...], scene: Scene, *, is_outliked: bool) -> tuple[str, ...]:
        themes = [mark.theme for mark in own if mark.theme != CUE]
        if (not themes and (own or is_outliked)) or any(mark.felt for mark in own):
            themes += [theme for theme in self.themes.get(scene.thread, {}) if theme != CARE or not themes]
        return asked_keys(themes, scene)

    def _found(self, keys: Sequence[str], now: datetime) -> tuple[Mark, ...]:
        since = now - timedelta(days=SLOW_DAYS)
        rows = {(m.post_id, m.theme): m for key in keys for m in self.by_key.get(key, ()) if m.at >= since}
        return tuple(sorted(rows.values(), key=_place))

    def _cues(self, marks: tuple[Mark, ...], scene: Scene, now: datetime) -> tuple[Mark, ...]:
        since = now - timedelta(hours=QUICK_HOURS)
        keys = map(cue_key, cue_threads(marks, scene.thread))
        return tuple(sorted((m for key in keys for m in self.by_key.get(key, ()) if m.at >= since), key=_place))

    def _copies(self, post: Post, cluster: str) -> int:
        since = post.published_at - timedelta(hours=QUICK_HOURS)
        return len({_voice(copy) for copy in self.clusters.get(cluster, [post]) if copy.published_at >= since})

    def _thread(self, post: Post) -> list[_Line]:
        return self.threads.get(post.thread_id, [])

    def _figures(self, post: Post) -> ThreadFigures:
        since = post.published_at - timedelta(hours=24)
        lines = [line for line in self._thread(post) if line.post.published_at >= since]
        negative = {_voice(line.post) for line in lines if line.negative}
        return ThreadFigures(len(lines), len({_voice(line.post) for line in lines}), len(negative))

    def _surge(self, post: Post) -> Surge:
        hours = self.hours.setdefault(post.account_id, {})
        recent = self.recent.setdefault(post.account_id, [])
        hour = hour_start(post.published_at)
        hours[hour] = hours.get(hour, 0) + 1
        recent.append(post.published_at)
        recent[:] = [at for at in recent if at > post.published_at - timedelta(hours=1)]
        past = {at: n for at, n in hours.items() if at < hour}
        return surge(past, len(recent), post.published_at, min(hours))


def _voice(post: Post) -> str:
    return post.author_key or post.id


def asked_keys(themes: Sequence[str], scene: Scene) -> tuple[str, ...]:
    """The keys by which the marks of a line's matter are found: of its themes, and of what was felt there."""
    found = all_keys(themes, scene)
    return (*found, felt_key(scene)) if found and CARE not in themes else found


def is_cue(mark: Mark) -> bool:
    """Whether a mark only strengthens a matter."""
    return mark.category in {cue.value for cue in CUES}
