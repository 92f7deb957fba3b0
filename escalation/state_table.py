"""A state machine as data: which event leads where and which roles may cause it.

Every noun with a course (incident, task, statement, consultation) has one `StateTable`. An illegal step is a missing
row: it is refused with a sentence that says what can be done instead, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)
MACHINE: frozenset[str] = frozenset()
"""The roles of a step that no person may cause."""


class IllegalStep(Exception):
    """An event that the state does not allow, or not to this person; the message is for that person."""


@dataclass(frozen=True, slots=True)
class Step(Generic[S]):
    """Where an event leads and which roles may cause it; no role at all means: only the machine."""

    to: S
    by: Collection[str] = MACHINE


@dataclass(frozen=True, slots=True)
class StateTable(Generic[S, E]):
    """The course of one noun. `noun` and the words are Chinese, for pages and refusals; `ends` need no way out."""

    noun: str
    start: S
    steps: Mapping[S, Mapping[E, Step[S]]]
    state_words: Mapping[S, str]
    event_words: Mapping[E, str]
    ends: frozenset[S]

    def step(self, state: S, event: E, roles: Collection[str] | None) -> S:
        """The state after `event`; `roles` are the actor's, None is the machine. Raises IllegalStep with a sentence."""
        found = self.steps[state].get(event)
        if found is None:
            allowed = "、".join(self.event_words[one] for one in self.steps[state]) or "无"
            raise IllegalStep(
                f"{self.noun}处于“{self.state_words[state]}”，不能{self.event_words[event]}；"
                f"此时可以：{allowed}。未作任何更改。"
            )
        if roles is not None and not set(roles) & set(found.by):
            raise IllegalStep(f"您的角色不能{self.event_words[event]}这一{self.noun}，请联系宣传部。未作任何更改。")
        return found.to

    def may(self, state: S, event: E, roles: Collection[str]) -> bool:
        """Whether somebody with these roles may cause the event now: which buttons a page offers."""
        found = self.steps[state].get(event)
        return found is not None and bool(set(roles) & set(found.by))

    def diagram(self) -> Iterator[str]:
        """The table as lines of a Mermaid state diagram, for the documentation."""
        yield "stateDiagram-v2"
        yield f"    [*] --> {self.start}"
        for state, events in self.steps.items():
            for event, found in events.items():
                yield f"    {state} --> {found.to}: {event}"
