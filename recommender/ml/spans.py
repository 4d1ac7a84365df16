"""Finds tokens again in the raw text, so that people see the words that carried a suggestion."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from recommender.ml.examples import Text

Field = Literal["title", "body"]
_MARKUP = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True)
class Evidence:
    """Characters start…end (exclusive) of a raw field, and what the word adds to the label's logit."""

    field: Field
    start: int
    end: int
    text: str
    contribution: float


def located(text: Text, token: str, contribution: float) -> Evidence | None:
    """The token's first place, title before body; None when clean-up changed it beyond recognition."""
    fields: tuple[tuple[Field, str], ...] = (("title", text.title), ("body", text.body))
    for name, raw in fields:
        span = _first_span(raw, token)
        if span is not None:
            start, end = span
            return Evidence(name, start, end, raw[start:end], contribution)
    return None


def _first_span(raw: str, token: str) -> tuple[int, int] | None:
    normalised, places = _normalised(raw)
    start = 0
    while (start := normalised.find(token, start)) >= 0:
        end = start + len(token)
        if _stands_alone(normalised, start, end):
            return places[start], places[end - 1] + 1
        start += 1
    return None


def _stands_alone(normalised: str, start: int, end: int) -> bool:
    before = normalised[start - 1] if start else " "
    after = normalised[end] if end < len(normalised) else " "
    joins_before = _is_word(before) and _is_word(normalised[start])
    return not (joins_before or (_is_word(after) and _is_word(normalised[end - 1])))


def _is_word(character: str) -> bool:
    return character.isalnum() and not "\u3400" <= character <= "\u9fff"


@lru_cache(8)
def _normalised(raw: str) -> tuple[str, list[int] | range]:
    """The raw text as the tokeniser sees its characters, and the raw place of each of them."""
    if "<" in raw:
        raw = _MARKUP.sub(lambda found: " " * len(found[0]), raw)
    if raw.isascii():
        return raw.lower(), range(len(raw))
    pieces = [unicodedata.normalize("NFKC", character).lower() for character in raw]
    places = [place for place, piece in enumerate(pieces) for _ in piece]
    return "".join(pieces), places
