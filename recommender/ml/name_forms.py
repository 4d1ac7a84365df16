"""Written forms of the tags' names as rows of units, and which of them count in their exact case alone."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from recommender.ml.examples import BoolArray, FloatArray, IntArray
from recommender.ml.inflection import word_pieces, word_units
from recommender.ml.tag_texts import TagText, name_forms
from recommender.ml.text import CJK, cleaned, words_of

ANYWHERE, OWN_WORD = -1, -2  # guards of a name; 0 and above: the index of its written forms, looked for in raw text
_EXACT_CASE = 0
_MAX_NAME_UNITS = 40
_CHINESE = re.compile(rf"[{CJK}]")
_CAPITAL_WORDS = frozenset(("A", "I"))
_LETTER = rf"[^\W{CJK}]"
_FUNCTION_WORDS = (
    "a about above after again all also am an and any are as at be been before being below between both but by can "
    "could did do does doing down during each few for from further get go had has have having he her here hers him "
    "his how i if in into is it its just may me might more most must my no nor not now of off on once only or other "
    "our out over own same shall she should so some such than that the their them then there these they this those "
    "through to too under until up us use very was we were what when where which while who whom why will with would "
    "you your"
)
STOP_WORDS = frozenset(_FUNCTION_WORDS.split())


@dataclass(frozen=True)
class Forms:
    """Written forms of names, one row for each label and form."""

    offsets: IntArray  # (n_forms + 1,) into `units`
    units: IntArray
    written: IntArray  # the words as the name has them, beside `units`
    labels: IntArray
    n_words: IntArray
    is_preferred: BoolArray
    shares: FloatArray
    guards: IntArray

    def equals(self, stream: IntArray, starts: IntArray, rows: IntArray) -> BoolArray:
        """Whether each of the rows, whose units stand at the places of the stream, is written there as in its name."""
        lengths = self.offsets[rows + 1] - self.offsets[rows]
        places = np.repeat(np.arange(len(rows)), lengths)
        within = np.arange(len(places)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        differs = stream[starts[places] + within] != self.written[self.offsets[rows[places]] + within]
        same: BoolArray = np.bincount(places[differs], minlength=len(rows)) == 0
        return same


COLUMNS = {
    "offsets": np.int64,
    "units": np.int64,
    "written": np.int64,
    "labels": np.int64,
    "n_words": np.int64,
    "is_preferred": np.bool_,
    "shares": np.float32,
    "guards": np.int64,
}


@dataclass(frozen=True)
class Row:
    """One form before it becomes a row of the arrays."""

    units: tuple[int, ...]
    written: tuple[int, ...]
    label: int
    n_words: int
    is_preferred: bool
    share: float
    guard: int


def rows_of(label: int, tag_text: TagText, known: dict[str, int]) -> Iterator[Row]:
    """Each sequence of units of the tag's names once; `known` takes in the new words."""

    def numbers(words: Sequence[str]) -> tuple[int, ...]:
        return tuple(known.setdefault(word, len(known)) for word in words)

    for units, forms in _forms_by_units(tag_text).items():
        form = forms[0]
        guard = _guard(form.words)
        if guard == _EXACT_CASE:
            guard = numbers(["\n".join(form.raw for form in forms)])[0]
        preferred = form.name == tag_text.label
        yield Row(numbers(units), numbers(_pieces(form.words)), label, len(form.words), preferred, form.share, guard)


@dataclass(frozen=True)
class _Form:
    name: str
    raw: str
    words: tuple[str, ...]
    share: float


def _forms_by_units(tag_text: TagText) -> dict[tuple[str, ...], list[_Form]]:
    forms: dict[tuple[str, ...], list[_Form]] = {}
    for name in tag_text.names:
        for raw, share in name_forms(name.encode("utf-8", "ignore").decode()).items():
            words = tuple(words_of(cleaned(raw)))
            units = tuple(unit for word in words for unit in word_units(word))
            if 0 < len(units) <= _MAX_NAME_UNITS:
                forms.setdefault(units, []).append(_Form(name, raw, words, share))
    return forms


def _pieces(words: Sequence[str]) -> list[str]:
    return [piece for word in words for piece in word_pieces(word)]


def _guard(words: Sequence[str]) -> int:
    """A single Chinese character must be a word of its own; stop words and single letters must keep their case."""
    if len(words) == 1 and len(words[0]) == 1 and _CHINESE.match(words[0]):
        return OWN_WORD
    weak = all(word in STOP_WORDS or (len(word) == 1 and not _CHINESE.match(word)) for word in words)
    return _EXACT_CASE if weak else ANYWHERE


def forms_of(rows: Sequence[Row]) -> Forms:
    return Forms(
        offsets=np.cumsum([0, *(len(row.units) for row in rows)]),
        units=np.array([unit for row in rows for unit in row.units], np.int64),
        written=np.array([word for row in rows for word in row.written], np.int64),
        labels=np.array([row.label for row in rows], np.int64),
        n_words=np.array([row.n_words for row in rows], np.int64),
        is_preferred=np.array([row.is_preferred for row in rows], np.bool_),
        shares=np.array([row.share for row in rows], np.float32),
        guards=np.array([row.guard for row in rows], np.int64),
    )


def joined(first: Forms, second: Forms) -> Forms:
    columns = {name: np.concatenate([getattr(first, name), getattr(second, name)]) for name in COLUMNS}
    columns["offsets"] = np.concatenate([first.offsets, second.offsets[1:] + first.offsets[-1]])
    return Forms(**columns)


@lru_cache(4096)
def case_pattern(written: str) -> re.Pattern[str]:
    """Finds one of the written forms (one a line) as a word of its own."""
    forms = "|".join(pattern for form in written.split("\n") for pattern in _case_alternatives(form))
    return re.compile(rf"(?<!{_LETTER})(?:{forms})(?!{_LETTER}|[+#]|['’](?!s\b){_LETTER})")


def _case_alternatives(form: str) -> Iterator[str]:
    """ "Go" and "IT" as they are; "it" as "IT", and as "It" but not where a sentence may begin."""
    form = form.strip()
    lower_case = form == form.lower() != form.upper()
    upper = form.upper() if lower_case else form
    if not lower_case or upper not in _CAPITAL_WORDS:
        yield _spaced_pattern(upper)
    if lower_case:
        yield rf"(?<=[\w,;)] ){_spaced_pattern(form.capitalize())}"


def _spaced_pattern(form: str) -> str:
    return r"[\s_:/-]+".join(re.escape(word) for word in form.split())
