"""Every mistake of packs with file, line, field and cure: those the reading finds, and articles that nobody answers."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from deploy.policy.clause import gaps
from escalation.procedure import Pack, PackError, codes, load
from escalation.procedure.pack_file import POLICIES
from escalation.procedure.problem import Place, Problem


@dataclass(frozen=True, slots=True)
class Checked:
    """A pack that was looked at: `pack` is None where it cannot be used; `mistakes` are Chinese sentences."""

    name: str
    pack: Pack | None
    mistakes: tuple[str, ...]


def open_pack(given: str) -> Pack:
    """The pack of a code or path; see `place`. Raises PackError, also where a file cannot be read."""
    try:
        return load(place(given) if os.path.exists(place(given)) else given)  # os: a name too long is not there
    except OSError as error:
        raise PackError((Problem(Place(given, None), "", f"读不了（{error.strerror}），请检查权限"),)) from None


def place(given: str) -> Path:
    """Where the pack stands. A bare code (capitals do not matter) is the one that comes with us, even where a folder
    of that name stands here: a school's own copy is named by a path such as `./JY`."""
    known = {code.casefold(): code for code in codes()}
    code = known.get(given.casefold())
    return POLICIES / code if code else Path(given)


def check(given: list[str]) -> list[Checked]:
    """Each of these packs (codes, files, folders, folders of packs); all that come with us where none is named."""
    return [_check(one) for name in given or list(codes()) for one in _packs(name)]


def _packs(name: str) -> list[str]:
    folder = place(name)
    if os.path.isdir(folder) and not (folder / "pack.toml").is_file():
        return [str(one.parent) for one in sorted(folder.glob("*/pack.toml"))] or [name]
    return [name]


def _check(name: str) -> Checked:
    try:
        pack = open_pack(name)
    except PackError as error:
        return Checked(name, None, tuple(str(one) for one in error.problems))
    return Checked(name, pack, _unanswered(name, pack))


def _unanswered(name: str, pack: Pack) -> tuple[str, ...]:
    """Articles without a rule and without a reason, each with the line where it stands."""
    places, cited = _article_lines(name), list(pack.articles)
    cure = "这一条没有规则，也没有写不执行的理由，请补一条 [[rule]] 或 [[not_in_scope]]"
    return tuple(
        str(Problem(places[cited.index(one)] if len(places) == len(cited) else Place(name, None), one, cure))
        for one in gaps(pack)
    )


def _article_lines(name: str) -> list[Place]:
    """Where each `[[article]]` stands, in the order in which the reading joins the files."""
    path = place(name)
    files = [path] if path.is_file() else [path / "pack.toml", *sorted(set(path.glob("*.toml")) - {path / "pack.toml"})]
    return [
        Place(f"{file.parent.name}/{file.name}", number)
        for file in files
        for number, line in enumerate(file.read_text("utf-8-sig").splitlines(), start=1)
        if line.strip().replace(" ", "").startswith("[[article]]")
    ]
