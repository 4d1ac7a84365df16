"""BERT's WordPiece tokeniser in plain Python, so that serving needs no tokeniser library."""

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from recommender.ml.errors import ConfigInvalid

PADDING, UNKNOWN, START, END = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
_CONTINUED = "##"
_LONGEST_WORD = 100
_CACHED_WORDS = 50_000
_IDEOGRAPHS = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


class _UncasedCharacters(dict[int, str]):
    """For str.translate: what becomes of each code point of a decomposed text; filled as characters are met."""

    def __missing__(self, point: int) -> str:
        self[point] = replacement = _replacement(chr(point))
        return replacement


def _replacement(character: str) -> str:
    if character in "\t\n\r":
        return " "
    category = unicodedata.category(character)
    if character == "\ufffd" or category in ("Mn", "Cc", "Cf", "Cn", "Co", "Cs"):
        return ""
    if character.isspace():
        return " "
    lower = character.lower()
    alone = _is_punctuation(character, category) or _is_ideograph(ord(character))
    return f" {lower} " if alone else lower


def _is_punctuation(character: str, category: str) -> bool:
    """Unicode punctuation, and the ASCII symbols that BERT counts among it."""
    return category.startswith("P") or (character.isascii() and not character.isalnum())


def _is_ideograph(point: int) -> bool:
    return any(first <= point <= last for first, last in _IDEOGRAPHS)


_CHARACTERS = _UncasedCharacters()


def basic_words(text: str) -> list[str]:
    """Lower-case words without accents; punctuation marks and CJK ideographs stand alone."""
    if not text.isascii():
        text = unicodedata.normalize("NFD", text)
    return text.translate(_CHARACTERS).split()


class WordPiece:
    """Splits words greedily into the longest known pieces (Wu et al., 2016; Devlin et al., NAACL 2019).

    `pieces` is the vocabulary in order of ids; raises ConfigInvalid when a special token is missing.
    """

    def __init__(self, pieces: Sequence[str]) -> None:
        ids = {piece: number for number, piece in enumerate(pieces)}
        missing = [piece for piece in (PADDING, UNKNOWN, START, END) if piece not in ids]
        if missing:
            raise ConfigInvalid(f"the vocabulary of the encoder has no {', '.join(missing)}")
        self._ids = ids
        self.padding, self._unknown, self._start, self._end = ids[PADDING], ids[UNKNOWN], ids[START], ids[END]
        self._pieces_of = lru_cache(_CACHED_WORDS)(self._split)

    def ids(self, text: str) -> list[int]:
        """Ids of the text's pieces without special tokens."""
        return [number for word in basic_words(text) for number in self._pieces_of(word)]

    def framed(self, ids: Sequence[int]) -> list[int]:
        """The ids between the tokens that begin and end a text."""
        return [self._start, *ids, self._end]

    def _split(self, word: str) -> tuple[int, ...]:
        if len(word) > _LONGEST_WORD:
            return (self._unknown,)
        found, start = [], 0
        while start < len(word):
            end = self._end_of_longest(word, start)
            if end == start:
                return (self._unknown,)
            found.append(self._ids[_piece(word, start, end)])
            start = end
        return tuple(found)

    def _end_of_longest(self, word: str, start: int) -> int:
        """Where the longest known piece from `start` ends; `start` itself when there is none."""
        ends = range(len(word), start, -1)
        return next((end for end in ends if _piece(word, start, end) in self._ids), start)


def _piece(word: str, start: int, end: int) -> str:
    return word[start:end] if start == 0 else _CONTINUED + word[start:end]
