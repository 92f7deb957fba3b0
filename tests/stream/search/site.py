"""Where the engine of one search adapter lives, and how it is hurt."""

from __future__ import annotations

from abc import ABC, abstractmethod


class Site(ABC):
    """Where one adapter's engine lives, and how it is hurt."""

    url: str

    @abstractmethod
    def take_away(self) -> None:
        """The engine cannot be reached."""

    @abstractmethod
    def bring_back(self) -> None:
        """It can be reached again, with what was in it."""

    @abstractmethod
    def corrupt(self) -> None:
        """What the engine keeps can be read no more."""

    @abstractmethod
    def spoil(self) -> None:
        """A stretch in the middle of what the engine keeps is overwritten while it is in use."""

    @abstractmethod
    def remove(self) -> None:
        """What the engine keeps is gone."""

    @abstractmethod
    def end(self) -> None:
        """The test is over."""
