"""The parts of a workbook: what the reader of xlsx files would hold at once is measured before it reads.

It gives a row, or a shared string, when its last cell was read, and keeps every element beside them; so one row of
200 MB, or 200 MB of something else, would stand in the memory whole. Parsed here piece by piece, nothing is kept.
"""

from __future__ import annotations

from typing import IO
from xml.parsers import expat

WHOLE_LIMIT = 16 * 1024 * 1024
"""A part that is read whole, such as the styles."""
PIECE_LIMIT = 8 * 1024 * 1024
"""One row, one string: the XML of 64 cells that are full."""
BESIDE_LIMIT = 100_000
"""Elements of a sheet beside its rows and cells, such as merged ranges."""
PIECES = {"xl/worksheets/": ("row", 3), "xl/sharedstrings.xml": ("si", 2)}
"""Parts that are read piece by piece: the name of a piece, and how deep it lies."""
CHUNK = 65_536


class TooLarge(Exception):
    """A part holds more at once than a spreadsheet writes."""


def measure(name: str, size: int, part: IO[bytes]) -> None:
    """Raise TooLarge where a part (its path, its unpacked size, its open file) could not be read in little memory."""
    path = name.lower()
    piece = next((one for place, one in PIECES.items() if path.startswith(place)), None)
    if piece is None or not path.endswith(".xml"):
        if size > WHOLE_LIMIT and path.endswith((".xml", ".rels")):
            raise TooLarge
    elif size > PIECE_LIMIT:
        _Measure(*piece).read(part)


class _Measure:
    def __init__(self, piece: str, depth: int) -> None:
        self._piece, self._piece_depth = piece, depth
        self._depth = self._since = self._beside = 0
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._refuse

    def read(self, part: IO[bytes]) -> None:
        done = 0
        while chunk := part.read(CHUNK):
            done += len(chunk)
            try:
                self._parser.Parse(chunk, False)
            except expat.ExpatError:
                return  # broken XML: its reader says so
            if done - self._since > PIECE_LIMIT + CHUNK:
                raise TooLarge

    def _begin(self, name: str, _attributes: object) -> None:
        self._depth += 1
        if self._depth > self._piece_depth:
            return
        self._look()
        if name.rpartition(" ")[2] != self._piece:
            self._beside += 1
            if self._beside > BESIDE_LIMIT:
                raise TooLarge

    def _end(self, _name: str) -> None:
        if self._depth <= self._piece_depth:
            self._look()
        self._depth -= 1

    def _look(self) -> None:
        at = self._parser.CurrentByteIndex
        if at - self._since > PIECE_LIMIT:
            raise TooLarge
        self._since = at

    def _refuse(self, *_declared: object) -> None:
        raise TooLarge
