"""分布: what was found, by day or hour, platform, account, tone and risk, each a plain link that narrows the search.

Counted are posts and the school's own accounts; who wrote them is in no link and no figure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from escalation.clock_words import SHANGHAI
from escalation.web.words import POLARITY
from stream.account import Account
from stream.platform import platform_name
from stream.search import Facets, Query
from stream.search.facets import DAY, HOUR, RISKS

BARS = 31
"""Days drawn at the most, the newest."""
TALL = 40
"""Height of the highest bar, in the drawing's units."""
NAMELESS = "其他来源"
"""Leads and what came from elsewhere: of no account in the book, or of no tone that is known."""
BANDS = frozenset(str(least) for least in RISKS)
FIRST = 8
"""Names of a group that are shown at once."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person asked for, as the address has it. What cannot be is taken as not chosen."""

    q: str = ""
    platform: str = ""
    account: str = ""
    tone: str = ""
    risk: str = ""
    day: str = ""
    hour: str = ""

    @property
    def address(self) -> str:
        """The page that shows it."""
        chosen = {one.name: value for one in fields(self) if (value := getattr(self, one.name))}
        return f"/search?{urlencode(chosen)}"

    def query(self, school: str, limit: int) -> Query:
        """As the search is asked."""
        least = int(self.risk or 0)
        most = next((end - 1 for end in RISKS if self.risk and end > least), 100)
        since, until = self._span()
        return Query(
            school, self.q, self.account, polarity=self.tone, since=since, limit=limit, platform=self.platform,
            until=until, risk_from=least, risk_to=most,
        )  # fmt: skip

    def _span(self) -> tuple[datetime | None, datetime | None]:
        if not self.day:
            return None, None
        since = datetime.fromisoformat(f"{self.day}T{self.hour or '00'}:00").replace(tzinfo=SHANGHAI)
        return since, since + (HOUR if self.hour else DAY)


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a group: its name, how many, and where its link leads, if anywhere. A chosen one's gives it up."""

    name: str
    number: int
    address: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Group:
    """One side of what was found. `more`: what is folded away."""

    title: str
    options: tuple[Option, ...]
    more: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Bar:
    """One day or hour drawn: `height` of TALL, at least 2 where there is anything; where there is none, no address."""

    name: str
    number: int
    height: int
    address: str


@dataclass(frozen=True, slots=True)
class Spread:
    """What stands beside the words that were found. `earlier`: how many lie before the first bar."""

    total: int
    unit: str
    bars: tuple[Bar, ...]
    earlier: int
    groups: tuple[Group, ...]
    chosen: tuple[Option, ...]

    @property
    def peak(self) -> Bar:
        """The highest bar, of equal ones the last."""
        return max(reversed(self.bars), key=lambda bar: bar.number)


def chosen_of(given: Mapping[str, str]) -> Choice:
    """What the address asks for; what it says that nobody can have chosen is left out."""
    words = {name: value.replace("\x00", "").strip() for name, value in given.items()}
    day = words.get("day", "") if _is_day(words.get("day", "")) else ""
    hour = words.get("hour", "")
    return Choice(
        q=words.get("q", "")[:60],
        platform=words.get("platform", "")[:32],
        account=words.get("account", "")[:100],
        tone=words.get("tone", "") if words.get("tone") in POLARITY else "",
        risk=words.get("risk", "") if words.get("risk") in BANDS else "",
        day=day,
        hour=hour if day and hour in {f"{one:02d}" for one in range(24)} else "",
    )


def _is_day(word: str) -> bool:
    try:
        return date(2000, 1, 1) <= date.fromisoformat(word) <= date(2200, 1, 1) and len(word) == 10
    except ValueError:
        return False


def spread_of(facets: Facets, choice: Choice, accounts: Mapping[str, Account]) -> Spread:
    """What the page shows of these counts. Pure."""
    bars, earlier = _bars(facets, choice)
    groups = (
        _group("平台", "platform", facets.platforms, choice, {one: platform_name(one) for one in facets.platforms}),
        _group("账号", "account", facets.accounts, choice, _named(accounts)),
        _group("语气", "tone", facets.polarities, choice, {one: POLARITY[one][0] for one in POLARITY}),
        _group("本条风险", "risk", {str(one): n for one, n in facets.risks.items()}, choice, _bands()),
    )
    shown = tuple(group for group in groups if len(group.options) > 1)
    return Spread(facets.total, "时" if facets.step == HOUR else "日", bars, earlier, shown, _chosen(choice, accounts))


def _named(accounts: Mapping[str, Account]) -> dict[str, str]:
    """Each account's name and unit; those of one name, as a school has on several platforms, with the platform."""
    often = Counter(account.name for account in accounts.values())
    return {
        one: " · ".join(
            part
            for part in (account.name, platform_name(account.platform) * (often[account.name] > 1), account.unit)
            if part
        )
        for one, account in accounts.items()
    }


def _bands() -> dict[str, str]:
    ends = (*RISKS[1:], None)
    return {
        str(least): f"{least} 及以上" if end is None else str(least) if end - least == 1 else f"{least}–{end - 1}"
        for least, end in zip(RISKS, ends, strict=True)
    }


def _group(title: str, side: str, counts: Mapping[str, int], choice: Choice, names: Mapping[str, str]) -> Group:
    falling = sorted(counts, key=(lambda one: -int(one)) if side == "risk" else (lambda one: (-counts[one], one)))
    options = [
        Option(names[one], counts[one], replace(choice, **{side: one}).address, chosen=False)
        for one in falling
        if one in names
    ]
    if rest := sum(number for one, number in counts.items() if one not in names):
        options.append(Option(NAMELESS, rest, "", chosen=False))
    return Group(title, tuple(options[:FIRST]), tuple(options[FIRST:]))


def _chosen(choice: Choice, accounts: Mapping[str, Account]) -> tuple[Option, ...]:
    """What narrows the search now, each with the way back."""
    day = date.fromisoformat(choice.day) if choice.day else None
    account = _named(accounts).get(choice.account, NAMELESS)
    said = {
        "platform": platform_name(choice.platform), "account": account,
        "tone": POLARITY.get(choice.tone, ("",))[0], "risk": f"本条风险 {_bands().get(choice.risk, '')}",
        "day": _day_words(day) if day else "", "hour": f"{choice.hour} 时",
    }  # fmt: skip
    back = {name: {name: ""} for name in said} | {"day": {"day": "", "hour": ""}}
    return tuple(
        Option(words, 0, replace(choice, **back[name]).address, chosen=True)
        for name, words in said.items()
        if getattr(choice, name)
    )


def _day_words(day: date) -> str:
    return f"{day.month}月{day.day}日 周{'一二三四五六日'[day.weekday()]}"


def _bars(facets: Facets, choice: Choice) -> tuple[tuple[Bar, ...], int]:
    """From the first that has any to the last, empty ones between them too; one alone is no drawing."""
    if len(facets.times) < 2:
        return (), 0
    last = max(facets.times)
    first = max(min(facets.times), last - (BARS - 1) * facets.step)
    drawn = [first + number * facets.step for number in range((last - first) // facets.step + 1)]
    peak = max(facets.times.get(at, 0) for at in drawn)
    bars = tuple(_bar(at, facets.times.get(at, 0), peak, facets.step, choice) for at in drawn)
    return bars, sum(number for at, number in facets.times.items() if at < first)


def _bar(at: datetime, number: int, peak: int, step: timedelta, choice: Choice) -> Bar:
    local = at.astimezone(SHANGHAI)
    hourly = step == HOUR
    chosen = replace(choice, day=f"{local:%Y-%m-%d}", hour=f"{local:%H}" if hourly else "")
    height = max(2, round(TALL * number / peak)) if number else 0
    name = f"{local:%H} 时" if hourly else _day_words(local.date())
    return Bar(name, number, height, chosen.address if number else "")
