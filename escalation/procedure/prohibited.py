"""Items of a school's numbered list of prohibited content. It binds the school's own accounts; a person decides."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from escalation.procedure.figure import Strict

_ITEM = re.compile(r"^\s*(\d{1,2})\s*[.．、]\s*(.+?)\s*$", re.MULTILINE)


class Prohibited(Strict):
    """One kind of content under one item. An item that names several kinds has one row for each.

    `tag` is shared by all packs and is never cited; a finding cites pack, article and item number (`Pack.cite_item`).
    """

    article: str
    no: Annotated[int, Field(ge=1)]
    tag: str = Field(pattern=r"^[a-z][a-z_]*$")
    gloss: str = Field(min_length=1)
    quote: str = Field(min_length=1)


def items(text: str) -> dict[int, str]:
    """The numbered items of an article's text: number to words, without the number."""
    return {int(number): words for number, words in _ITEM.findall(text)}
