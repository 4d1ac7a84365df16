"""What a vocabulary says about a tag in words: label, synonyms, definition, labels of broader tags."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from recommender.ml.examples import Text
from recommender.ml.text import Tokens, cleaned, tokenise, words_of

_MAX_DEFINITION_TOKENS = 400
_MAX_NAME_CHARACTERS = 1000
_SEPARATOR = re.compile(r"[_:/\s-]+")
_INNER_CAPITAL = re.compile(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})")
_MIN_PIECE_LETTERS = 2
_FACET_MARK = re.compile(r":(?=\S)")
_QUALIFIED = re.compile(r"\s*(\S.*?)\s*\(([^()]+)\)\s*")
_ACRONYM = re.compile(r"[A-Z][A-Z\d]{1,7}s?")
_NO_LETTER = re.compile(r"[\W_]+")
_MAX_CLOSED_WORDS = 3


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


def name_forms(name: str) -> dict[str, float]:
    """Ways to write a name in a text, and the share of the name's letters that each covers (0…1).

    Beside the whole name these are: the value of a facet ("works-with::text" as "text"), the heading without its
    qualifier ("Mercury (planet)" as "Mercury"), the acronym in brackets, the inverted heading in speaking order
    ("Poetry, English"), "&" as "and", and compounds closed or apart ("data base", "OpenStack").
    """
    name = name[:_MAX_NAME_CHARACTERS]
    parts = [name, *_facet_values(name), *_without_qualifier(name)]
    forms = {form: _n_letters(part) for part in parts for form in _written_forms(part)}
    n_letters = _n_letters(name)
    return {form: min(letters / n_letters, 1.0) for form, letters in forms.items()}


def _facet_values(name: str) -> list[str]:
    values = [name.rpartition("::")[2], *(_FACET_MARK.split(name)[-1:])]
    return [value for value in values if value.strip()]


def _without_qualifier(name: str) -> list[str]:
    found = _QUALIFIED.fullmatch(unicodedata.normalize("NFKC", name))
    if found is None:
        return []
    heading, qualifier = found.groups()
    return [heading, qualifier] if _ACRONYM.fullmatch(qualifier) else [heading]


def _written_forms(name: str) -> Iterator[str]:
    apart = " ".join(word for word in _SEPARATOR.split(name) if word)
    yield apart
    yield spaced(name)
    words = apart.split()
    if 1 < len(words) <= _MAX_CLOSED_WORDS and apart.isascii():
        yield "".join(words)
    if "&" in words or "and" in words:
        yield " ".join("and" if word == "&" else word for word in words)
        yield " ".join(word for word in words if word not in ("&", "and"))
    if name.count(", ") == 1:
        heading, first = name.split(", ")
        yield f"{first} {heading}"


def _n_letters(name: str) -> int:
    return max(len(_NO_LETTER.sub("", name)), 1)
