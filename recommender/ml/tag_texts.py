"""What a vocabulary says about a tag in words: label, synonyms, definition, labels of broader tags."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from recommender.ml.examples import Text
from recommender.ml.text import Tokens, cleaned, tokenise, words_of

_MAX_DEFINITION_TOKENS = 400
_MAX_NAME_CHARACTERS = 1000
_SEPARATOR = re.compile(r"[_:/\s-]+")
_INNER_CAPITAL = re.compile(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})")
_MIN_PIECE_LETTERS = 2


@dataclass(frozen=True)
class TagText:
    """`parents` are the labels of broader tags; `label` may be a machine's name such as "works-with::text"."""

    label: str
    synonyms: tuple[str, ...] = ()
    definition: str = ""
    parents: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Label, then synonyms, each once and without the empty ones."""
        return tuple(dict.fromkeys(name for name in (self.label, *self.synonyms) if name.strip()))


def as_tokens(tag_text: TagText) -> Tokens:
    """Words of the names as title, words of definition and parents as body, so that a bag weighs names higher.

    Names written by or for machines are taken apart and their written form is kept beside the parts:
    "works-with::text" gives works, with, text; "snake_case" gives snake_case, snake, case; "OpenStack" gives
    openstack, open, stack.
    """
    names = tuple(word for name in tag_text.names for word in name_words(name))
    definition = tokenise(Text("", tag_text.definition), max_tokens=_MAX_DEFINITION_TOKENS).body
    parents = tuple(word for parent in tag_text.parents for word in name_words(parent))
    return Tokens(names, definition + parents)


def name_words(name: str) -> tuple[str, ...]:
    """Different words of one name in reading order, parts of compounds behind the written forms."""
    name = name[:_MAX_NAME_CHARACTERS]
    return tuple(dict.fromkeys([*words_of(cleaned(name)), *words_of(cleaned(spaced(name)))]))


def spaced(name: str) -> str:
    """The name with spaces for facet marks, hyphens, underscores and slashes, and between CamelCase parts."""
    return " ".join(part for word in _SEPARATOR.split(name) if word for part in _camel_case_parts(word))


def _camel_case_parts(word: str) -> Iterator[str]:
    """Parts of "OpenStack" and "HTMLEditor"; words such as "iOS", "APIs" and "IPv6" stay whole."""
    parts = _INNER_CAPITAL.split(word)
    if any(len(part) < _MIN_PIECE_LETTERS for part in parts):
        yield word
    else:
        yield from parts
