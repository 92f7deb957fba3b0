"""Whose the files of the data folder are 归属: a service runs as a user of its own, its keys are root's to read, so the
commands beside it are root's. What they make in the data folder is left to the folder's owner, or the service could
not open it: a restored store, a search built anew."""

from __future__ import annotations

import os
import stat
import tomllib
from contextlib import suppress
from pathlib import Path


def left_to_owner(folder: Path) -> list[str]:
    """Give root's own files and folders in `folder` to the folder's owner; the names of those that changed hands.

    Only root can, and a folder of root's stays as it is. Links are not followed and a file with a second name is left
    alone: the owner could have made it to be given something else.
    """
    if os.geteuid() != 0 or not folder.is_dir():
        return []
    owner = folder.stat()
    if owner.st_uid == 0:
        return []
    return [
        name
        for _, folders, files, place in os.fwalk(folder.resolve())
        for name in (*folders, *files)
        if _given(name, place, owner)
    ]


def _given(name: str, place: int, owner: os.stat_result) -> bool:
    """Whether this was root's and is the owner's now. What cannot be given (a folder of a network, a file that a role
    beside us took away, a link) stays as it is: the service says what it cannot open."""
    with suppress(OSError):
        held = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=place)
        try:
            found = os.fstat(held)
            plain = stat.S_ISDIR(found.st_mode) or (stat.S_ISREG(found.st_mode) and found.st_nlink == 1)
            if found.st_uid == 0 and plain:
                os.fchown(held, owner.st_uid, owner.st_gid)
                return True
        finally:
            os.close(held)
    return False


def data_folder(settings: Path) -> Path | None:
    """Where a settings file says that the data lie; None where it cannot be read or does not say it."""
    try:
        data = tomllib.loads(settings.read_text("utf-8")).get("data")
    except (OSError, ValueError):
        return None
    return settings.resolve().parent / data if isinstance(data, str) else None
