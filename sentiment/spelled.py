"""Spelled: a text in latin letters around those that stand in it, to find listed words in pinyin (tou诉, tou su)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import accumulate

from sentiment.sound import borders, readings, spellings

LONGEST = 6
"""Characters of the longest word that is listed; longer ones are sentences, and rules hold by their other words."""
LONGEST_RUN = 40
"""Letters of the longest run that is read as pinyin."""
LATIN = re.compile("[a-z]+")
HAN = re.compile("[\u4e00-\u9fff]")
_GAP = " '-"


@dataclass(frozen=True, slots=True)
class Letters:
    """A text in letters. `places`: of each letter in the text; `left`, `right`: where a word may begin and end;
    `joints`: where a spelled-out character begins or ends.
    """

    letters: str
    places: list[int]
    left: set[int]
    right: set[int]
    joints: set[int]

    def is_whole(self, start: int, end: int, word: str) -> bool:
        """Whether these letters are this word, syllable by syllable, cut out of nothing else."""
        if start not in self.left or end not in self.right:
            return False
        joints = {place - start for place in range(start, end) if place in self.joints}
        return not joints or any(
            "".join(sounds) == self.letters[start:end] and joints <= {0, *accumulate(map(len, sounds))}
            for sounds in spellings(word)
        )


def letters_of(text: str) -> Letters:
    """The letters of a text and what stands within a word's length of them: Chinese characters are spelled out, gaps
    beside letters are left out, all else is a full stop.
    """
    parts: list[str] = []
    spelled = Letters("", [], set(), set(), set())
    place = reach = 0
    while place < len(text):
        if place >= reach:
            run = LATIN.search(text, place)
            if run is None:
                break
            place, reach = max(place, run.start() - LONGEST), run.end()
            parts.append(".")
            spelled.places.append(place)
        char, at = text[place], len(spelled.places)
        if run := LATIN.match(text, place):
            before, after = borders(run.group()) if len(run.group()) <= LONGEST_RUN else (set[int](), set[int]())
            spelled.left.update(at + cut for cut in before)
            spelled.right.update(at + cut for cut in after)
            reach = run.end() + LONGEST
            parts.append(run.group())
            spelled.places.extend(range(place, run.end()))
            place = run.end()
            continue
        if sounds := readings(char) if HAN.match(char) else ():
            parts.append(sounds[0])
            spelled.places.extend([place] * len(sounds[0]))
            spelled.left.add(at)
            spelled.right.add(at + len(sounds[0]))
            spelled.joints.update((at, at + len(sounds[0])))
        elif char not in _GAP or not (LATIN.match(text, place + 1) or LATIN.match(text[place - 1 : place])):
            parts.append(".")
            spelled.places.append(place)
        place += 1
    return replace(spelled, letters="".join(parts))
