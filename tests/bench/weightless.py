"""The assess role with SnowNLP's own time left out: `python -m tests.bench.weightless --settings FILE --parent PID`.

All else is as in `deploy.wiring.assess`; a score is a checksum of its text, so that polarities differ as they do.
"""

from __future__ import annotations

import argparse
import signal
import zlib
from collections.abc import Sequence
from pathlib import Path
from threading import Event

from deploy.role import end_with
from deploy.settings import Settings, load
from deploy.wiring import keep_stepping, opened_log, opened_store, utc_now
from sentiment.engine import SILENT, Band, Score, says_something
from stream import rules
from stream.assess import Reader
from stream.assessing import Assessing


class Weightless:
    """An engine that costs nothing."""

    name = "weightless"
    band = Band(negative_below=0.3, positive_above=0.8)

    def score(self, texts: Sequence[str]) -> list[Score]:
        """A figure per text, always the same for the same text."""
        return [self._score(text) for text in texts]

    def _score(self, text: str) -> Score:
        if not says_something(text):
            return SILENT
        positive = zlib.crc32(text.encode("utf-8", "replace")) / 2**32
        return Score(self.band.polarity(positive), p_negative=1 - positive, p_positive=positive, snow=positive)


def assess(settings: Settings, stop: Event) -> None:
    """Posts in, assessments out."""
    with opened_store(settings) as store, opened_log(settings) as log:
        reader = Reader(rules.load(), (settings.school.name, *settings.school.aliases))
        worker = Assessing(log, store, Weightless(), reader, utc_now)
        keep_stepping("assess", worker, store, stop)
        worker.close()


def main() -> None:
    """Run until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", type=Path, required=True)
    parser.add_argument("--parent", type=int, required=True)
    given = parser.parse_args()
    end_with(given.parent)
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    assess(load(given.settings), stop)


if __name__ == "__main__":
    main()
