"""Shelf: what is made of large sources in a tenth of a second, kept in the user's cache under the hash of its sources.

A thing lies in one file, `NAME-HASH`: a line with the sum of what follows, and JSON. A file that is not there, is
broken or holds something else is made anew; where nothing can be written, it is made at every start. A file is written
beside and renamed, so that of processes that start together each reads a whole one or makes its own.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import unicodedata
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

KEPT = 4
"""Files of one name that are kept; a new edition of the rules leaves one behind."""
_HARM = (OSError, ValueError, LookupError, TypeError, AttributeError)
"""What reading a broken or a foreign file may raise."""

T = TypeVar("T")


def cache_folder() -> Path | None:
    """`$XDG_CACHE_HOME/fengxin` or `~/.cache/fengxin`; None for a service without a home. It may not be there yet."""
    with suppress(RuntimeError):
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fengxin"
    return None


def shelved(name: str, sources: Iterable[bytes], make: Callable[[], object], read: Callable[[Any], T]) -> T:
    """What `make` gives, as `read` reads it, from the shelf where it lies there.

    `sources`: all that it is made of, the code that makes it included. `make` gives what JSON can hold. `read` takes
    what JSON has held and raises ValueError, TypeError or LookupError where that is something else.
    """
    folder = cache_folder()
    path = folder / f"{name}-{_hash(sources)}" if folder else None
    if path is not None:
        with suppress(*_HARM):
            return read(_content(path))
    content = _json(make())
    if path is not None:
        with suppress(OSError):
            _keep(content, path)
    return read(json.loads(content.decode("utf-8", "surrogatepass")))


def _hash(sources: Iterable[bytes]) -> str:
    digest = hashlib.blake2b(unicodedata.unidata_version.encode(), digest_size=12)
    for source in sources:
        digest.update(len(source).to_bytes(8, "big"))
        digest.update(source)
    return digest.hexdigest()


def _json(made: object) -> bytes:
    return json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _sum(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).hexdigest().encode("ascii")


def _content(path: Path) -> object:
    """What JSON holds in a file. Raises OSError; ValueError where it is not what was written."""
    said, _, content = path.read_bytes().partition(b"\n")
    if said != _sum(content):
        raise ValueError(path)
    return json.loads(content.decode("utf-8", "surrogatepass"))


def _keep(content: bytes, path: Path) -> None:
    """Write beside, then rename, and leave the KEPT newest of the name. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    name = path.name.rpartition("-")[0]
    number, beside = tempfile.mkstemp(prefix=f"{name}-new.", dir=path.parent)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(_sum(content) + b"\n" + content)
        Path(beside).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(beside).unlink()
        raise
    written = {one: one.stat().st_mtime_ns for one in path.parent.glob(f"{name}-*")}
    for old in sorted(written.keys() - {path}, key=lambda one: -written[one])[KEPT - 1 :]:
        old.unlink()
