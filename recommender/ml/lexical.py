"""Names of tags found in a text, whatever their inflection, hyphens and case, and how they stand there.

Chinese is matched by characters, because a segmenter may cut a name differently in each sentence. What is reported of
a match follows Medelyan (2009, "Human-competitive automatic topic indexing", Maui) and Annif's MLLM.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.ml.examples import BoolArray, FloatArray, IntArray, Text
from recommender.ml.inflection import word_pieces, word_units
from recommender.ml.name_forms import ANYWHERE, COLUMNS, OWN_WORD, Forms, case_pattern, forms_of, joined, rows_of
from recommender.ml.name_places import located_units, without_overlaps
from recommender.ml.name_trie import UNKNOWN, Hits, NameTrie, inside_longer
from recommender.ml.spans import Field
from recommender.ml.tag_texts import TagText
from recommender.ml.text import Tokens

_MAX_SHOWN_CHARACTERS = 200_000
_WRITTEN_SHIFT, _UNIT_MASK = 32, (1 << 32) - 1
_MAX_KEPT_CHARACTERS, _MAX_KEPT_WORDS = 40, 100_000


@dataclass(frozen=True)
class Matches:
    """One row for each pair of document and label with a name in its text, sorted by document, then label.

    Occurrences count for a field unless they lie inside a longer name ("learning" in "machine learning"): those are
    weak evidence and are counted in `n_inside` alone. All arrays have shape (n_pairs,).
    """

    documents: IntArray
    labels: IntArray
    n_in_title: IntArray
    n_in_body: IntArray
    n_inside: IntArray
    n_exact: IntArray  # of all of them, those written as the name is, without inflection
    longest: IntArray  # words of the longest name found
    first: FloatArray  # where the first one stands, 0…1 of the words of title and body
    is_preferred_label: BoolArray  # whether the label itself was found, not synonyms alone
    share: FloatArray  # of the name's letters found: below 1 for a facet's value or a heading without qualifier


@dataclass(frozen=True, slots=True)
class NameSpan:
    """Characters start…end (exclusive) of a raw field where a name stands."""

    field: Field
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class _Stream:
    """Units of documents behind one another, a barrier after each field."""

    units: IntArray
    written: IntArray  # the same words before their inflections were taken off
    document_starts: IntArray  # (n_documents + 1,)
    body_starts: IntArray  # (n_documents,)

    def documents(self, starts: IntArray) -> IntArray:
        found: IntArray = self.document_starts.searchsorted(starts, side="right") - 1
        return found

    def in_title(self, starts: IntArray, documents: IntArray) -> BoolArray:
        before: BoolArray = starts < self.body_starts[documents]
        return before

    def relative(self, starts: IntArray, documents: IntArray) -> FloatArray:
        """Place in the document, 0 for the first unit."""
        first, behind = self.document_starts[documents], self.document_starts[documents + 1]
        return ((starts - first) / (behind - first)).astype(np.float32)


@dataclass(frozen=True)
class LexicalIndex:
    """Names of `n_labels` tags. `words` are units, and the raw forms of names that are looked up in exact case."""

    words: tuple[str, ...]
    forms: Forms
    n_labels: int

    @classmethod
    def build(cls, tag_texts: Sequence[TagText]) -> "LexicalIndex":
        """Index of labels 0…n-1 in the order given."""
        return cls((), forms_of([]), 0).extended(tag_texts)

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]], words: Sequence[str]) -> "LexicalIndex":
        """What `tensors` and `words` gave away."""
        columns: dict[str, NDArray[Any]] = {name: tensors[name].astype(dtype) for name, dtype in COLUMNS.items()}
        return cls(tuple(words), Forms(**columns), int(tensors["n_labels"][0]))

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Flat arrays for a bundle; `words` goes beside them."""
        columns: dict[str, NDArray[Any]] = {name: getattr(self.forms, name) for name in COLUMNS}
        small = {
            name: column.astype(np.int32) if column.dtype == np.int64 else column for name, column in columns.items()
        }
        return {**small, "n_labels": np.array([self.n_labels], np.int64)}

    def extended(self, tag_texts: Sequence[TagText]) -> "LexicalIndex":
        """The same labels and new ones behind them; equals an index built of all at once."""
        known = dict(self._index_by_word)
        rows = [row for place, text in enumerate(tag_texts) for row in rows_of(self.n_labels + place, text, known)]
        return LexicalIndex(tuple(known), joined(self.forms, forms_of(rows)), self.n_labels + len(tag_texts))

    def matches(self, tokens: Tokens, raw: Text | None = None) -> Matches:
        """Names in one text. Without `raw`, names that need their exact case ("C", "Go", "IT") are not found."""
        return self.matches_of([tokens], None if raw is None else [raw])

    def matches_of(self, documents: Sequence[Tokens], raws: Sequence[Text] | None = None) -> Matches:
        """Names in many texts in one go; of a large corpus give some thousands at a time."""
        stream = self._stream(documents)
        hits = self._trie.hits(stream.units)
        inside = inside_longer(hits, ~self._is_guarded[hits.nodes], len(stream.units))
        rows, places = self._trie.rows_of(hits.nodes)
        kept = self._allowed(stream, hits.starts[places], rows, documents, raws)
        return self._counted(stream, hits, inside, rows[kept], places[kept])

    def where(self, text: Text, label: int) -> tuple[NameSpan, ...]:
        """Places of the label's names in the raw fields, in reading order, the longest where they overlap."""
        fields: tuple[tuple[Field, str], ...] = (("title", text.title), ("body", text.body))
        return tuple(
            NameSpan(field, start, end, raw[start:end])
            for field, raw in fields
            for start, end in without_overlaps(self._places(raw[:_MAX_SHOWN_CHARACTERS], label))
        )

    @cached_property
    def _index_by_word(self) -> dict[str, int]:
        return {word: index for index, word in enumerate(self.words)}

    @cached_property
    def _trie(self) -> NameTrie:
        return NameTrie.of(self.forms.offsets, self.forms.units)

    @cached_property
    def _is_guarded(self) -> BoolArray:
        """Nodes of names that may not count, and so must not hide shorter ones."""
        guarded = np.zeros(len(self._trie.row_offsets) - 1, np.bool_)
        rows, nodes = self._trie.rows_of(np.arange(len(guarded)))
        guarded[nodes[self.forms.guards[rows] != ANYWHERE]] = True
        return guarded

    @cached_property
    def _unit_ids(self) -> "_UnitIds":
        return _UnitIds(self._index_by_word)

    def _stream(self, documents: Sequence[Tokens]) -> _Stream:
        ids = self._unit_ids
        units: list[int] = []  # with the written word in the high bits
        starts = [0]
        for words in _fields_of(documents):
            units.extend(chain.from_iterable(map(ids.__getitem__, words)))
            units.append(UNKNOWN)
            starts.append(len(units))
        numbers = np.array(units, np.int64)
        units_alone = np.where(numbers < 0, UNKNOWN, numbers & _UNIT_MASK)
        return _Stream(units_alone, (numbers >> _WRITTEN_SHIFT) - 1, np.array(starts[::2]), np.array(starts[1::2]))

    def _own_words(self, documents: Sequence[Tokens]) -> BoolArray:
        """Whether each unit of the stream is a word of one character, not a part of one."""
        ids = self._unit_ids
        own: list[bool] = []
        for words in _fields_of(documents):
            own += [len(word) == 1 for word in words for _ in ids[word]]
            own.append(False)
        return np.array(own, np.bool_)

    def _allowed(
        self,
        stream: _Stream,
        starts: IntArray,
        rows: IntArray,
        documents: Sequence[Tokens],
        raws: Sequence[Text] | None,
    ) -> BoolArray:
        """Which names may count at their places, by their guards."""
        guards = self.forms.guards[rows]
        allowed: BoolArray = guards == ANYWHERE
        alone = np.flatnonzero(guards == OWN_WORD)
        if len(alone):
            allowed[alone] = self._own_words(documents)[starts[alone]]
        cased = np.flatnonzero(guards >= 0)
        if raws is not None and len(cased):
            allowed[cased] = self._in_exact_case(stream, starts[cased], rows[cased], raws)
        return allowed

    def _in_exact_case(self, stream: _Stream, starts: IntArray, rows: IntArray, raws: Sequence[Text]) -> list[bool]:
        """As many of a row's places in a field as its raw characters have the written form, the first ones."""
        documents = stream.documents(starts)
        in_title = stream.in_title(starts, documents)
        left: dict[tuple[int, bool, int], int] = {}
        allowed = []
        for key in zip(documents.tolist(), in_title.tolist(), rows.tolist(), strict=True):
            if key not in left:
                raw = raws[key[0]].title if key[1] else raws[key[0]].body
                left[key] = len(case_pattern(self.words[self.forms.guards[key[2]]]).findall(raw))
            left[key] -= 1
            allowed.append(left[key] >= 0)
        return allowed

    def _counted(self, stream: _Stream, hits: Hits, inside: BoolArray, rows: IntArray, places: IntArray) -> Matches:
        starts, inside, forms = hits.starts[places], inside[places], self.forms
        documents = stream.documents(starts)
        in_title = stream.in_title(starts, documents)
        pairs, pair = np.unique(documents * max(self.n_labels, 1) + forms.labels[rows], return_inverse=True)
        n = len(pairs)

        def count(chosen: BoolArray) -> IntArray:
            return np.bincount(pair[chosen], minlength=n)

        def best(values: NDArray[Any]) -> NDArray[Any]:
            largest = np.zeros(n, values.dtype)
            np.maximum.at(largest, pair, values)
            return largest

        return Matches(
            *np.divmod(pairs, max(self.n_labels, 1)),
            n_in_title=count(in_title & ~inside),
            n_in_body=count(~in_title & ~inside),
            n_inside=count(inside),
            n_exact=count(forms.equals(stream.written, starts, rows)),
            longest=best(forms.n_words[rows]),
            first=(1.0 - best(1.0 - stream.relative(starts, documents))).astype(np.float32),
            is_preferred_label=best(forms.is_preferred[rows]),
            share=best(forms.shares[rows]),
        )

    def _places(self, raw: str, label: int) -> Iterator[tuple[int, int]]:
        mine = np.flatnonzero(self.forms.labels == label)
        for guard in self.forms.guards[mine]:
            if guard >= 0:
                yield from (found.span() for found in case_pattern(self.words[guard]).finditer(raw))
        located = located_units(raw)
        units = [self._index_by_word.get(unit, UNKNOWN) for unit in located.units]
        hits = self._trie.hits(np.array([*units, UNKNOWN], np.int64))
        rows, places = self._trie.rows_of(hits.nodes)
        for row, place in zip(*(column[np.isin(rows, mine)].tolist() for column in (rows, places)), strict=True):
            start, end, guard = hits.starts[place], hits.ends[place], self.forms.guards[row]
            if guard == ANYWHERE or (guard == OWN_WORD and located.own_words[start]):
                yield located.starts[start], located.ends[end - 1]


class _UnitIds(dict[str, tuple[int, ...]]):
    """Numbers of a word's units, worked out when a word is met first and kept for the usual words."""

    def __init__(self, index_by_word: Mapping[str, int]) -> None:
        super().__init__()
        self._index_by_word = index_by_word

    def __missing__(self, word: str) -> tuple[int, ...]:
        pieces = zip(word_units(word), word_pieces(word), strict=True)
        ids = tuple(self._number(unit, piece) for unit, piece in pieces)
        if len(word) <= _MAX_KEPT_CHARACTERS and len(self) < _MAX_KEPT_WORDS:
            self[word] = ids
        return ids

    def _number(self, unit: str, piece: str) -> int:
        known = self._index_by_word.get(unit, UNKNOWN)
        written = self._index_by_word.get(piece, UNKNOWN)
        return UNKNOWN if known < 0 else ((written + 1) << _WRITTEN_SHIFT) | known


def _fields_of(documents: Sequence[Tokens]) -> Iterator[tuple[str, ...]]:
    for tokens in documents:
        yield tokens.title
        yield tokens.body
