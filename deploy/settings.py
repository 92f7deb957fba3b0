"""Settings 设置: `fengxin.toml`, strict. Unknown keys are refused, and all that is wrong is said at once.

Every secret `x` may be given as `x_file`, a file beside the settings that holds only that secret. Nothing else in
Fengxin reads settings, and nothing reads the environment for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, SecretStr, ValidationError, field_validator

from crawlers.settings import RouteSettings
from deploy import legible, roster_file
from deploy.combination import RULES, pack
from deploy.parts import load_pack, role_words
from deploy.problem import Problem, dotted, parts, sentence
from deploy.roster import SHEETS, AccountRow, KeeperRow, OfficeRow, PersonRow, Roster, Row, ShiftRow, UnitRow
from deploy.roster_file import unknown_roles
from deploy.sections import (
    Auditor,
    Crawl,
    DingtalkRobot,
    Duty,
    FeishuRobot,
    Inbox,
    Judging,
    LogPlace,
    MailServer,
    Risk,
    Sandbox,
    School,
    SearchPlace,
    Section,
    Sms,
    StorePlace,
    Trial,
    Web,
    Webhook,
    WecomApp,
    WecomRobot,
)
from deploy.toml_file import Key, TomlFile, sections_of, take_in_secrets
from deploy.toml_file import read as read_toml


class SettingsError(ValueError):
    """Settings that cannot be used; `problems` holds one Chinese sentence per mistake.

    `legible`: the settings as far as they can be read (see `deploy.legible`); None where the file cannot.
    """

    def __init__(self, problems: tuple[Problem, ...], legible: Settings | None = None) -> None:
        self.problems = problems
        self.legible = legible
        super().__init__("\n".join(str(problem) for problem in problems))


class Settings(Section):
    """All settings of one installation, and its roster."""

    data: str = Field(default="data", min_length=1)
    school: School
    store: StorePlace = StorePlace()
    log: LogPlace = LogPlace()
    search: SearchPlace = SearchPlace()
    sentiment: Judging = Judging()
    risk: Risk = Risk()
    web: Web
    crawl: Crawl
    routes: tuple[Annotated[RouteSettings, Field(discriminator="platform")], ...] = ()
    mail: MailServer | None = None
    wecom_robot: WecomRobot | None = None
    wecom_app: WecomApp | None = None
    dingtalk_robot: DingtalkRobot | None = None
    feishu_robot: FeishuRobot | None = None
    webhook: Webhook | None = None
    sms: Sms | None = None
    duty: Duty = Duty()
    trial: Trial = Trial()
    auditor: Auditor = Auditor()
    sandbox: Sandbox | None = None
    inbox: Inbox | None = None
    accounts_file: str = ""
    units: tuple[UnitRow, ...] = ()
    accounts: tuple[AccountRow, ...] = ()
    people: tuple[PersonRow, ...] = ()
    offices: tuple[OfficeRow, ...] = ()
    keepers: tuple[KeeperRow, ...] = ()
    shifts: tuple[ShiftRow, ...] = ()

    _folder: Path = Path()
    _roster: Roster = Roster()

    @field_validator("routes", "units", "accounts", "people", "offices", "keepers", "shifts", mode="before")
    @classmethod
    def _as_tuples(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value

    @property
    def folder(self) -> Path:
        """Where the settings file lies; relative paths start there."""
        return self._folder

    @property
    def roster(self) -> Roster:
        """Units, accounts, people, offices, keepers and shifts, from the file or the workbook."""
        return self._roster

    @property
    def data_folder(self) -> Path:
        """Where the embedded store, log and search and the process logs lie."""
        return self._folder / self.data

    @property
    def store_url(self) -> str:
        """The store's address, with its password: never to be shown."""
        return self._address(self.store.url, "store.db")

    @property
    def log_url(self) -> str:
        """The log's address; see `store_url`."""
        return self._address(self.log.url, "log.db")

    @property
    def search_url(self) -> str:
        """The search's address; see `store_url`."""
        return self._address(self.search.url, "search.db")

    @property
    def partitions(self) -> int:
        """Partitions of the posts topic; four where an embedded log says nothing."""
        return self.log.partitions or 4

    @property
    def weights_folder(self) -> Path | None:
        """Where the school's own trained weights lie; None for those that come with us."""
        return self._folder / self.sentiment.weights if self.sentiment.weights else None

    def path(self, name: str) -> Path:
        """A path of the settings, relative to their folder."""
        return self._folder / name

    def _address(self, given: SecretStr, default: str) -> str:
        url = given.get_secret_value()
        if not url:
            return f"sqlite:///{_placed(self.data_folder / default)}"
        if url.startswith("sqlite:///"):
            return f"sqlite:///{_placed(self._folder / url.removeprefix('sqlite:///'))}"
        return url


def _placed(file: Path) -> Path:
    """Where a file lies, whatever folder its name is looked up from; a link it may be itself stays the link."""
    return file.parent.resolve() / file.name


ROSTER_TABLES = ("units", "accounts", "people", "offices", "keepers", "shifts")


def load(path: Path, *, with_pack: bool = True) -> Settings:
    """Read a settings file and its roster. Raises SettingsError with everything that is wrong.

    `with_pack`: False leaves the school's policy pack alone, for a role that needs none and starts the sooner for it.
    """
    file = read_toml(path)
    if file.problems:
        raise SettingsError(tuple(file.problems))
    take_in_secrets(file, Settings)
    settings = _shape(file)
    placed = _rows(file)
    sound = not file.problems
    unread = frozenset(SHEETS) - placed.keys()
    roster, between = roster_file.assemble(placed, unread)
    settings._folder = path.parent
    settings._roster = roster
    if unread:
        del settings._roster
    file.problems += between
    rules: list[Rule] = [rule for rule in RULES if with_pack or rule is not pack]
    if with_pack:
        rules.append(partial(_offices, placed.get("offices", [])))
    for rule in rules:
        _ask(rule, settings, file, sound)
    if file.problems:
        raise SettingsError(tuple(file.problems), settings)
    return settings


Rule = Callable[[Settings], Iterable[tuple[str, str] | Problem]]


def _ask(rule: Rule, settings: Settings, file: TomlFile, sound: bool) -> None:
    """What a rule finds; of a file that is not sound as far as what it asks for can be read."""
    try:
        for found in rule(settings):
            if isinstance(found, Problem):
                file.problems.append(found)
            else:
                file.wrong(parts(found[0]), *found)
    except AttributeError:
        if sound:
            raise


def _offices(rows: Sequence[tuple[str, Row]], settings: Settings) -> Iterable[Problem]:
    try:
        return unknown_roles(rows, role_words(load_pack(settings)))
    except ValueError:
        return []  # said by its own rule


def _shape(file: TomlFile) -> Settings:
    """The settings, or what of them can be read."""
    bad = set(file.unread)
    try:
        settings = Settings.model_validate(file.raw)
    except ValidationError as error:
        for one in error.errors():
            where = _without_tag(tuple(one["loc"]))
            file.wrong(where, dotted(where), sentence(one, _known(where[:-1])))
            bad.add(where)
    return legible.section(Settings, file.raw, bad) if bad else settings


def _without_tag(where: Key) -> Key:
    """A route's field without the platform that pydantic puts between: ("routes", 0, "weibo", "x") loses "weibo"."""
    return where[:2] + where[3:] if where[:1] == ("routes",) and len(where) > 3 else where


def _known(where: Key) -> list[str]:
    models: list[type[BaseModel]] = [Settings]
    for part in where:
        if isinstance(part, str):
            fields = [(n, i) for model in models for n, i in model.model_fields.items()]
            models = [inner for n, i in fields if part in (n, i.alias) for inner in sections_of(i.annotation)]
    return [info.alias or name for model in models for name, info in model.model_fields.items()]


def _rows(file: TomlFile) -> roster_file.Placed:
    inline = [table for table in ROSTER_TABLES if table in file.raw]
    named = file.raw.get("accounts_file")
    if isinstance(named, str) and named:
        if inline:
            file.wrong((inline[0], 0), inline[0], "已写 accounts_file，名册不能再写在设置文件里，请删去其一。")
        placed, problems = roster_file.read(file.path.parent / named)
        file.problems += problems
        return placed
    return _inline(file.raw, file)


def _inline(raw: Mapping[str, Any], file: TomlFile) -> roster_file.Placed:
    placed: roster_file.Placed = {table: [] for table in SHEETS}
    for table, (_, row) in SHEETS.items():
        entries = raw.get(table)
        for index, entry in enumerate(entries if isinstance(entries, list) else []):
            try:
                one = row.model_validate(entry)
            except ValidationError:  # said by the shape check already
                one = legible.row(row, entry if isinstance(entry, dict) else {})
            placed[table].append((file.place((table, index)), one))
    return placed
