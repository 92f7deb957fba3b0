"""Alone 单独: what one line would weigh if nobody else had spoken, beside the risk of the matter it belongs to."""

from __future__ import annotations

from dataclasses import replace

from sentiment.engine import STOCK
from stream.assessment import Assessment
from stream.evidence import Ledger
from stream.risk import Risk, risk


def alone(line: Assessment) -> Risk:
    """The risk of a line by itself, when it was said: its words, its tone and whom it is about.

    A kept line has no `p_concern` any more, so that its engine tells whether `p_negative` is a probability.
    """
    evidence = Ledger({}).note(line)
    if line.engine != STOCK:
        evidence = replace(evidence, p_negative=line.p_negative)
    return risk(evidence, line.post.published_at)
