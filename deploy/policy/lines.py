"""Lines of Chinese on a terminal: broken where Chinese may break, hanging below their first word, columns even."""

from __future__ import annotations

import re
import shutil
import unicodedata
from collections.abc import Iterable, Iterator

from rich.cells import cell_len

HANG = "\N{BROKEN BAR}"
"""Where a template wants further lines of the same paragraph to begin; it is taken away."""
_WIDEST = 100
_NARROWEST = 40
_NEVER_FIRST = "，。；：、！？）》”’】…%／/,.;:!?)"
_NEVER_LAST = "（《“‘【(§"
_LABEL = re.compile(r"^\S{0,4}\u3000+")
_PIECE = re.compile(r"[A-Za-z0-9@._+\-]+|.", re.DOTALL)


def terminal_width() -> int:
    """Columns to write in, at most 100; 0 (do not break lines) where the output is no terminal."""
    columns = shutil.get_terminal_size((0, 0)).columns
    return max(_NARROWEST, min(columns, _WIDEST)) if columns else 0


def plain(value: object) -> object:
    """What a template may fill in: text without control characters, direction marks and our own mark."""
    if not isinstance(value, str):
        return value
    return "".join(" " if one == HANG else one for one in value if one == "\n" or unicodedata.category(one)[0] != "C")


def column(text: str, cells: int) -> str:
    """The text filled with spaces to so many cells; a Chinese character has two."""
    return text + " " * max(0, cells - cell_len(text))


def labelled(lines: Iterable[str], width: int) -> str:
    """Lines that begin with a label and a wide space, or with wide spaces, with further rows below their words."""
    return laid("\n".join(_LABEL.sub(rf"\g<0>{HANG}", line.replace(HANG, " ")) for line in lines), width)


def laid(text: str, width: int) -> str:
    """A page with every line broken to `width` cells (0: not at all), blank lines never doubled."""
    lines = (line for one in text.splitlines() for line in _broken(one.rstrip(), width))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def _broken(line: str, width: int) -> Iterator[str]:
    head, mark, _ = line.partition(HANG)
    indent = cell_len(head) if mark else len(line) - len(line.lstrip())
    line = line.replace(HANG, "", 1)
    if not width or cell_len(line) <= width:
        yield line
        return
    row: list[str] = []
    for piece in _PIECE.findall(line):
        if row and cell_len("".join(row)) + cell_len(piece) > width:
            kept = _break(row, piece)
            yield "".join(row[:kept]).rstrip()
            row = [" " * indent, *row[kept:]]
            if piece == " " and len(row) == 1:
                continue
        row.append(piece)
    yield "".join(row).rstrip()


def _break(row: list[str], piece: str) -> int:
    """How many pieces stay on a full row, so that no closing mark begins the next and no opening mark ends this."""
    kept, first = len(row), piece
    while kept > len(row) // 2 and (first in _NEVER_FIRST or row[kept - 1] in _NEVER_LAST):
        kept -= 1
        first = row[kept]
    return kept if kept > len(row) // 2 else len(row)
