"""Manifest 清单: what a backup says of itself, and whether the backup is what it says."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from deploy.moving.rows import Count
from deploy.settings import Settings

NAME = "manifest.json"
Part = Literal["store.db", "log.db"]
STORE: Part = "store.db"
LOG: Part = "log.db"
PARTS = (STORE, LOG)
MANIFEST_MOST = 4_000_000
PIECE = 1 << 20


class NotSound(Exception):
    """The file is no backup, or not the one that it says it is; the message says what is wrong."""


class Piece(BaseModel):
    """One file of the backup."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    bytes: int = Field(ge=0)


class Manifest(BaseModel):
    """What is in a backup. `waiting`: by reader, records that it had not taken; `keys`: a mark of each key, to tell
    whether the installation that takes it in has the same; `left_out`: what must be kept in another way; `unread_only`:
    the log in it is what nobody had read of a log on Kafka, and the positions of the store are not places in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    format: Literal[1] = 1
    program: str
    revision: str
    school: str
    taken_at: AwareDatetime
    source: str
    files: Mapping[Part, Piece]
    tables: Mapping[str, tuple[int, str]]
    waiting: Mapping[str, int]
    keys: Mapping[str, str]
    left_out: tuple[str, ...]
    unread_only: bool = False

    @property
    def counts(self) -> dict[str, Count]:
        """What each table held."""
        return {name: Count(rows, digest) for name, (rows, digest) in self.tables.items()}


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A backup laid out in a folder of its own, proven. `log` is None where none was in it."""

    manifest: Manifest
    store: Path
    log: Path | None


def piece_of(path: Path) -> Piece:
    """The fingerprint and the size of a file."""
    with path.open("rb") as file:
        return Piece(sha256=hashlib.file_digest(file, "sha256").hexdigest(), bytes=path.stat().st_size)


def key_marks(settings: Settings) -> dict[str, str]:
    """A mark of each key that what is kept was made with; no key can be told from it."""
    keys = {"web": settings.web.key, "crawl": settings.crawl.key}
    return {
        name: hmac.new(key.get_secret_value().encode(), b"fengxin backup", hashlib.sha256).hexdigest()[:8]
        for name, key in keys.items()
    }


def unpack(file: Path, folder: Path) -> Unpacked:
    """Lay a backup out in an empty folder and prove every file of it. Raises NotSound, OSError."""
    if not file.is_file():
        raise NotSound(f"没有文件 {file}；请核对文件名。")
    try:
        with tarfile.open(file, "r:gz") as archive:
            manifest = _read(archive)
            while (member := archive.next()) is not None:
                known = member.name in manifest.files and not (folder / member.name).exists()
                if not known or not member.isfile():
                    raise NotSound(f"{file} 里有清单之外的 {member.name[:80]}；不是风信写出的备份。")
                _lay(archive, member, folder / member.name)
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError) as error:
        raise NotSound(f"{file} 不是完整的备份文件（{type(error).__name__}）；请换一份，或重新备份。") from None
    for name, piece in manifest.files.items():
        path = folder / name
        if not path.exists() or piece_of(path) != piece:
            raise NotSound(f"{file} 里的 {name} 与清单的指纹不符；文件已损坏或被改动，请换一份。")
    if STORE not in manifest.files:
        raise NotSound(f"{file} 里没有存储；请换一份。")
    return Unpacked(manifest, folder / STORE, folder / LOG if LOG in manifest.files else None)


def _read(archive: tarfile.TarFile) -> Manifest:
    first = archive.next()
    held = archive.extractfile(first) if first is not None and first.name == NAME and first.isfile() else None
    if held is None:
        raise NotSound("文件开头没有清单；不是风信写出的备份。")
    try:
        return Manifest.model_validate_json(held.read(MANIFEST_MOST))
    except ValidationError:
        raise NotSound("备份的清单读不懂，可能由更新的版本写出；请用写出它的版本或更新的版本恢复。") from None


def _lay(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    held = archive.extractfile(member)
    assert held is not None  # noqa: S101 (it is a file)
    with path.open("xb") as out:
        path.chmod(0o600)
        while piece := held.read(PIECE):
            out.write(piece)


def told_at(at: datetime) -> str:
    """When a backup was taken, as a file's name holds it."""
    return f"{at:%Y%m%d-%H%M%S}"
