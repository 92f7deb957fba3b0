"""Fifty kills at moments with work in flight, of any role of the flow, in one house under a stream of comments."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select

from escalation.incident import incidents
from tests.kills.house import FLOW, House, built, until
from tests.kills.proof import all_holds

pytestmark = [pytest.mark.kills, pytest.mark.long]
KILLS = 50
SEED = 20261121
LIVES_S = 1.5
"""A role lives until it has done something, then for a random time up to this, and dies when it has work in hand."""
DIES_YOUNG = 0.2
"""How many die after their first beat, whether they have done anything or not."""
OUTSTANDING = 80
"""How many comments may be under way before the platforms pause."""
TALK_S = 0.3
"""How often the platforms speak."""


@dataclass(frozen=True, slots=True)
class Death:
    """One kill: which role, how much lay in its own hands, how much was under way in the house, what stood already."""

    role: str
    own: int
    flight: int
    kept: int
    opened: int


@pytest.mark.timeout(600)
def test_fifty_kills_with_work_in_flight_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    with built(tmp_path) as house:
        house.start_all()
        house.wave(4)
        fate = Fate(house)
        until(fate.strikes, f"{KILLS} kills", 400)
        house.wave(2)
        house.settle(90)
        fate.report()
        mails = all_holds(house)
    assert all(death.flight for death in fate.deaths)
    assert sum(death.own > 0 for death in fate.deaths) >= KILLS // 2
    assert set(FLOW) == {death.role for death in fate.deaths}
    assert fate.deaths[-1].kept > fate.deaths[0].kept, "the house went on between the kills"
    assert sum(death.opened for death in fate.deaths) >= KILLS // 3, "the incident opened amid the kills"
    assert len(mails) > 4, "clocks ran out and were answered with notices amid the kills"


class Fate:
    """Kills roles at random moments of their lives, from one seed."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.chance = random.Random(SEED)
        self.deaths: list[Death] = []
        self.ripe: dict[str, float] = {}
        self.born: dict[str, int] = {role: house.done(role) for role in FLOW}
        self.young = dict.fromkeys(FLOW, False)
        self.begun = self.talked = time.monotonic()

    def strikes(self) -> bool:
        """One turn: the platforms talk on, and perhaps somebody dies. True when there were enough deaths."""
        self._talk()
        for role in FLOW:
            assert not self.house.killed(role), f"{role} was killed by another"
            if role not in self.ripe and self._has_lived(role):
                self.ripe[role] = time.monotonic() + self.chance.uniform(0, LIVES_S)
        ripe = [role for role in FLOW if self.ripe.get(role, float("inf")) <= time.monotonic()]
        if self.house.up("notify") and not self.house.in_hand("notify"):
            self.house.hurry_clock()
        busy = [role for role in ripe if self.house.in_hand(role)]
        if busy:
            rare = [1 / (1 + sum(death.role == role for death in self.deaths)) ** 2 for role in busy]
            self._strike(self.chance.choices(busy, rare)[0])
        return len(self.deaths) >= KILLS

    def _has_lived(self, role: str) -> bool:
        return self.house.up(role) and (self.young[role] or self.house.done(role) > self.born[role])

    def _talk(self) -> None:
        self.house.poll_now()
        if time.monotonic() - self.talked < TALK_S:
            return
        self.talked = time.monotonic()
        if len(self.house.truth) - self._kept() < OUTSTANDING:
            self.house.chat(self.chance.randint(2, 8))
            if self.chance.random() < 0.1:
                self.house.wave(1)

    def _kept(self) -> int:
        return len(self.house.kept_ids())

    def _strike(self, role: str) -> None:
        house = self.house
        with house.store.read() as conn:
            opened = conn.execute(select(func.count()).select_from(incidents)).scalar_one()
        flight, kept, own = house.in_flight(), self._kept(), house.in_hand(role)
        if not flight:
            return  # done since it was chosen: another moment will come
        house.kill(role)
        house.restart(role)
        del self.ripe[role]
        self.born[role] = house.done(role)
        self.young[role] = self.chance.random() < DIES_YOUNG
        self.deaths.append(Death(role, own, flight, kept, opened))

    def report(self) -> None:
        """Say what was killed and what was under way."""
        deaths, house = self.deaths, self.house
        print(f"\n{len(deaths)} kills in {time.monotonic() - self.begun:.0f} s, seed {SEED}:", end=" ")
        print(", ".join(f"{role} {count}" for role, count in sorted(Counter(d.role for d in deaths).items())))
        print(f"  with work in flight in the house: {sum(d.flight > 0 for d in deaths)}")
        print(f"  with work in the killed role's own hands: {sum(d.own > 0 for d in deaths)}")
        print(f"  with the incident open: {sum(d.opened for d in deaths)}")
        print(f"  comments written meanwhile: {len(house.truth)}, of the matter: {len(house.matter_ids)}")
