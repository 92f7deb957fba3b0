"""What a pack says of one voice, in words: hold, checks, approval, release, relay; each with its article or label."""

from __future__ import annotations

from collections.abc import Sequence

from escalation.procedure import Basis, Clock, Pack, Source, say_span


def one_voice(pack: Pack) -> dict[str, tuple[str, ...]]:
    """By what it is about, the parts of what is said; what no clause gives is labelled as ours."""
    voice = pack.voice
    return {
        "暂停发声": (*_rests(voice.hold), _clock("确认知悉", voice.confirm)),
        "送审前核对": tuple(f"{one.what}（{one.label}）{_read(one.reading)}" for one in voice.check),
        "审批": (
            *(
                f"{_levels(one.levels)}级 {pack.offices[one.office].words[0]}（{one.label}）{_read(one.reading)}"
                for one in voice.approver
            ),
            _clock("审批", voice.approve),
        ),
        "发布": _rests(voice.publisher),
        "转发": (*_rests(voice.relay), _clock("转发", voice.relay_within)),
    }


def _rests(some: Sequence[Basis]) -> tuple[str, ...]:
    said = [f"{one.article}{'（推断）' if one.inferred else ''}“{one.quote}”{_read(one.reading)}" for one in some]
    return tuple(said) or (Source.DEFAULT.label,)


def _clock(what: str, clock: Clock) -> str:
    return f"{what}时限 {say_span(clock.after)}（{clock.label}）"


def _levels(numbers: Sequence[int]) -> str:
    return "".join("ⅠⅡⅢⅣ"[one - 1] for one in numbers)


def _read(reading: str) -> str:
    return f"（{reading}）" if reading else ""
