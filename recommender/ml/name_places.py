"""Where the units of a raw field stand, character by character, so that a name found can be shown in the text."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from recommender.ml.inflection import word_pieces, word_units
from recommender.ml.spans import _normalised as normalised_with_places
from recommender.ml.text import words_of


@dataclass(frozen=True)
class LocatedUnits:
    """Units of a raw field, the characters start…end (exclusive) of each, and whether it is a word of its own."""

    units: list[str]
    starts: list[int]
    ends: list[int]
    own_words: list[bool]


@lru_cache(8)
def located_units(raw: str) -> LocatedUnits:
    normalised, raw_places = normalised_with_places(raw)
    located, cursor = LocatedUnits([], [], [], []), 0
    for word in words_of(normalised):
        for piece, unit in zip(word_pieces(word), word_units(word), strict=True):
            start = normalised.index(piece, cursor)
            cursor = start + len(piece)
            located.units.append(unit)
            located.starts.append(raw_places[start])
            located.ends.append(raw_places[cursor - 1] + 1)
            located.own_words.append(piece == word)
    return located


def without_overlaps(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    reach = 0
    for start, end in sorted(set(spans), key=lambda span: (span[0], -span[1])):
        if start >= reach:
            yield start, end
            reach = end
