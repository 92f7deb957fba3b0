"""The counts of the installed SnowNLP as compact tables: built once from its data files, kept in the user's cache.

SnowNLP keeps its counts in dictionaries of tuples: 3 s and 410 MB to load. The tables hold the same counts as the
logarithms that its formulas make of them, to the last bit, ready for look-up by arrays:

* **row**: for every character four logarithms by its tag, under each of four tags before; the last row is zeros;
* **pair**: what is better known of two characters seen together: a place among 16 (tag, tag) and a logarithm;
* **triple**: the same of three characters: a place among 64 (tag, tag, tag) and a logarithm;
* **word**: for every word of the two-class Bayes, its logarithm in each class.

`snownlp` itself is never imported. The cache lies in `$XDG_CACHE_HOME/fengxin` or `~/.cache/fengxin`, in a directory
named by the hash of SnowNLP's files. Where it cannot be read or written, the tables are built in memory.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sentiment.shelf import cache_folder

FIRST, LAST = 0x4E00, 0x9FA5
"""The characters that SnowNLP cuts into words; everything else it only divides at blanks."""
TAGS = "bmes"
BITS = 13
"""Of a character's number; the model knows 4,577 characters."""
PAIR_BITS, TRIPLE_BITS = 19, 20
"""Of a place in the two hash tables, about half and three fifths full."""
EMPTY = 0xFFFFFFFF
"""Above every key: who looks for a key goes on past smaller ones only, and a free place ends it too."""
SPREAD = 2654435769
"""Fibonacci hashing: the golden ratio of 2**32."""
FORM = b"fengxin tables 3"
"""A part of the hash: another one makes old caches be left aside."""

_FILES = ("seg/seg.marshal.3", "sentiment/sentiment.marshal.3", "normal/stopwords.txt")

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.uint32]
Places = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Tables:
    """Every array is read-only. The span of a pair or triple lies where `located` finds its key."""

    numbers: npt.NDArray[np.uint16]
    """Of the characters FIRST..LAST; 1 and up, 0 is the beginning of a run, `unknown` a character never seen."""
    pair_keys: Numbers
    pair_spans: Numbers
    """First of the pair's entries * 32 + how many; the first is also the number of the pair."""
    pair_places: npt.NDArray[np.uint8]
    pair_values: Floats
    rows: Floats
    triple_keys: Numbers
    triple_spans: Numbers
    """First of the triple's entries * 128 + how many."""
    entry_places: npt.NDArray[np.uint8]
    """Tag of the first * 16 + tag of the second * 4 + tag of the third; in order."""
    entry_values: Floats
    words: npt.NDArray[np.uint8]
    """All words in UTF-8, one a line; the number of a line is the word's place in `word_values`."""
    word_values: Floats
    """Logarithms (class, word). Then two more columns: an unknown word, and 0 for a stop word."""
    priors: Floats
    """Logarithm of each class."""
    classes: npt.NDArray[np.uint8]
    """Place of "neg" and of "pos" among the classes, in the order in which SnowNLP asks them."""

    @property
    def characters(self) -> int:
        """How many characters are known."""
        return int(self.numbers.max()) - 1

    @property
    def unknown(self) -> int:
        """Number of a character never seen."""
        return int(self.numbers.max())


def located(keys: Numbers, wanted: Numbers, bits: int) -> tuple[Places, Flags]:
    """Where each of `wanted` lies in the hash table `keys` of 2**`bits` places, and whether it is there."""
    place = ((wanted * np.uint32(SPREAD)) >> np.uint32(32 - bits)).astype(np.intp)
    found = keys.take(place)
    still = np.flatnonzero(found < wanted)
    while still.size:
        place[still] = onward = (place[still] + 1) & ((1 << bits) - 1)
        found[still] = there = keys.take(onward)
        still = still[there < wanted[still]]
    return place, found == wanted


@cache
def tables() -> Tables:
    """The tables of the installed SnowNLP, once per process. Raises RuntimeError, in Chinese, where it is missing."""
    package = _package()
    contents = [(package / name).read_bytes() for name in _FILES]
    digest = hashlib.blake2b(FORM, digest_size=12)
    for content in contents:
        digest.update(content)
    folder = cache_folder()
    kept = folder / f"snow-{digest.hexdigest()}" if folder else None
    return (_kept(kept) if kept else None) or _built_and_kept(contents, kept)


def _package() -> Path:
    spec = importlib.util.find_spec("snownlp")  # finds it without importing it
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("没有找到情感词库 SnowNLP。请重新安装本程序（pip install fengxin）后再试。")
    return Path(spec.submodule_search_locations[0])


def _kept(folder: Path) -> Tables | None:
    """The tables in `folder`, or None unless every file is there and is what was written."""
    found: dict[str, Any] = {}
    try:
        sums = dict(line.split() for line in (folder / "sums").read_text("ascii").splitlines())
        for field in fields(Tables):
            path = folder / f"{field.name}.npy"
            if _sum(path) != sums[field.name]:
                return None
            found[field.name] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, KeyError):
        return None
    return Tables(**{name: value.view(np.ndarray) for name, value in found.items()})


def _sum(path: Path) -> str:
    total = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            total = zlib.crc32(block, total)
    return f"{total:08x}"


def _built_and_kept(contents: list[bytes], folder: Path | None) -> Tables:
    from sentiment.snow_counts import build  # seldom needed

    if folder is None:
        return Tables(**build(*contents))
    with _alone(folder):
        if found := _kept(folder):
            return found
        made = Tables(**build(*contents))
        with suppress(OSError):
            _keep(made, folder)
            return _kept(folder) or made  # mapped, so that the memory of building can go
        return made


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process builds while others wait, then read; where no lock can be had, each builds for itself."""
    with ExitStack() as stack:
        with suppress(OSError):
            folder.parent.mkdir(parents=True, exist_ok=True)
            lock = stack.enter_context(folder.with_suffix(".lock").open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX)  # closing the file lets it go
        yield


def _keep(made: Tables, folder: Path) -> None:
    """Write beside, then rename: a reader sees all files or none. Raises OSError."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    try:
        for field in fields(Tables):
            np.save(beside / f"{field.name}.npy", getattr(made, field.name), allow_pickle=False)
        sums = [f"{field.name} {_sum(beside / f'{field.name}.npy')}\n" for field in fields(Tables)]
        (beside / "sums").write_text("".join(sums), "ascii")
        try:
            beside.rename(folder)
        except OSError:  # what is there is broken, or another process was first
            if _kept(folder) is None:
                shutil.rmtree(folder, ignore_errors=True)
                beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
