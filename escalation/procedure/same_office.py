"""Two offices of a document that may be one department, made one where the school has said so. Apart by default."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from escalation.procedure.ladder import Ladder

if TYPE_CHECKING:
    from escalation.procedure.pack import Office, Pack


def unite(pack: Pack, confirmed: Iterable[str]) -> Pack:
    """The pack in which each office in `confirmed` is the one of its `maybe_same_as`. Rules, words and quotes stay.

    Raises ValueError for a key that is no office, or of which the pack does not say that it may be another.
    """
    keys = sorted(set(confirmed))
    for key in keys:
        if key not in pack.offices or not pack.offices[key].maybe_same_as:
            raise ValueError(_refusal(pack, key))
    if not keys:
        return pack
    into = {key: _end(pack, key, keys) for key in keys}
    offices = tuple(_joined(pack, office, into) for office in pack.office if office.key not in into)
    version = hashlib.sha256("\0".join([pack.version, *keys]).encode()).hexdigest()
    asked = tuple(one.model_copy(update={"office": into.get(one.office, one.office)}) for one in pack.voice.approver)
    voice = pack.voice.model_copy(update={"approver": asked})
    changed = {"office": offices, "ladder": _ladder(pack.ladder, into), "voice": voice, "version": version}
    return pack.model_copy(update=changed)


def _refusal(pack: Pack, key: str) -> str:
    open_questions = "、".join(one.key for one in pack.office if one.maybe_same_as) or "没有"
    return f"规程包 {pack.code} 没有写“{key}”可能与别的单位是一家，不能合并；可以合并的：{open_questions}"


def _end(pack: Pack, key: str, keys: list[str]) -> str:
    while key in keys:
        key = pack.offices[key].maybe_same_as
    return key


def _joined(pack: Pack, office: Office, into: dict[str, str]) -> Office:
    others = [pack.offices[key] for key, end in into.items() if end == office.key]
    words = tuple(dict.fromkeys([*office.words, *(word for other in others for word in other.words)]))
    notes = "；".join(dict.fromkeys(note for note in [office.note, *(other.note for other in others)] if note))
    return office.model_copy(update={"words": words, "note": notes})


def _ladder(ladder: Ladder, into: dict[str, str]) -> Ladder:
    """The chain and steps under the keys that are left; the chain of the office that stays goes first."""
    moved = {into.get(low, low): into.get(high, high) for low, high in ladder.chain.items() if low in into}
    kept = {low: into.get(high, high) for low, high in ladder.chain.items() if low not in into}
    chain = {low: high for low, high in {**moved, **kept}.items() if low != high}
    steps = tuple(one.model_copy(update={"role": into.get(one.role, one.role)}) for one in ladder.step)
    return ladder.model_copy(update={"chain": chain, "step": steps})
