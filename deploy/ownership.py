"""Whose the files of the data folder are 归属: a service runs as a user of its own, its keys are root's to read, so the
commands beside it are root's. What they make in the data folder is left to the folder's owner, or the service could
not open it: a restored store, a search built anew."""

from __future__ import annotations

import os
import stat
import tomllib
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
    given = []
    for _, folders, files, place in os.fwalk(folder):
        for name in (*folders, *files):
            try:
                found = os.stat(name, dir_fd=place, follow_symlinks=False)
                plain = stat.S_ISDIR(found.st_mode) or (stat.S_ISREG(found.st_mode) and found.st_nlink == 1)
                if found.st_uid == 0 and plain:
                    os.chown(name, owner.st_uid, owner.st_gid, dir_fd=place, follow_symlinks=False)
                    given.append(name)
            except FileNotFoundError:  # a role beside us took it away
                continue
    return given


def data_folder(settings: Path) -> Path | None:
    """Where a settings file says that the data lie; None where it cannot be read or does not say it."""
    try:
        data = tomllib.loads(settings.read_text("utf-8")).get("data")
    except (OSError, ValueError):
        return None
    return settings.resolve().parent / data if isinstance(data, str) else None
