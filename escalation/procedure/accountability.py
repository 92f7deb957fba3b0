"""What a document says of being called to account: by article, in its own grades. Persons decide, nothing else."""

from __future__ import annotations

from pydantic import Field

from escalation.procedure.figure import Strict


class Accountability(Strict):
    """One grade of one article. `when` and `whom` are the clause's own words, `whom` empty where it names nobody."""

    article: str
    grade: str = Field(min_length=1)
    when: str = Field(min_length=1)
    whom: tuple[str, ...] = ()
    quote: str = Field(min_length=1)
    reading: str = ""
