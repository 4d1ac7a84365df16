"""(document, tag) pairs as rows of features; how those of a tag without a document would look."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recommender.ml.examples import BoolArray, FloatArray, IntArray, Text
from recommender.ml.fusion.scored_sources import COLUMN, FEATURES, RANKS_OF_USE, SCORED, UNSEEN
from recommender.ml.text import Tokens

_NEED_NO_DOCUMENTS = tuple(source for source in SCORED if source.unseen is None)


@dataclass(frozen=True)
class Document:
    """A text on its way through the sources."""

    text: Text
    tokens: Tokens
    chosen: tuple[int, ...] = ()


@dataclass(frozen=True)
class PairTable:
    """Pairs in ascending order of text and label; `features` has a column for each of FEATURES."""

    n_texts: int
    rows: IntArray  # (n_pairs,) place of the text
    labels: IntArray  # (n_pairs,)
    features: FloatArray  # (n_pairs, n_features)

    def of_texts(self, texts: IntArray) -> "PairTable":
        """The pairs of some texts, which are numbered anew in the order given."""
        starts = np.searchsorted(self.rows, texts, side="left")
        lengths = np.searchsorted(self.rows, texts, side="right") - starts
        places = np.repeat(starts - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths) + np.arange(lengths.sum())
        rows = np.repeat(np.arange(len(texts)), lengths)
        return PairTable(len(texts), rows.astype(np.int64), self.labels[places], self.features[places])


def concatenated(tables: Sequence[PairTable]) -> PairTable:
    """Tables one behind the other, texts numbered on."""
    starts = np.concatenate([[0], np.cumsum([table.n_texts for table in tables])]).astype(np.int64)
    return PairTable(
        int(starts[-1]),
        np.concatenate([table.rows + start for table, start in zip(tables, starts, strict=False)]),
        np.concatenate([table.labels for table in tables]),
        np.concatenate([table.features for table in tables]),
    )


def no_pairs() -> PairTable:
    """The table of no texts."""
    none = np.empty(0, np.int64)
    return PairTable(0, none, none, np.empty((0, len(FEATURES)), np.float32))


def as_if_unseen(table: PairTable, hidden: BoolArray) -> tuple[FloatArray, IntArray]:
    """Features of the pairs of hidden labels as they are for a tag without a document, and the places of these pairs.

    `hidden` has shape (n_labels,). Only pairs that names or texts of the tags would still bring as candidates count.
    """
    names = table.features[:, [COLUMN["names in title"], COLUMN["names in body"]]].sum(axis=1)
    brought = names > 0
    for source in _NEED_NO_DOCUMENTS:
        near = table.features[:, COLUMN[source.rank]] < source.n_candidates if source.rank else False
        brought |= near & (table.features[:, COLUMN[source.value]] > 0)
    places = np.flatnonzero(hidden[table.labels] & brought)
    features = table.features[places]
    for name, value in UNSEEN.items():
        known = ~np.isnan(features[:, COLUMN[name]])
        features[known, COLUMN[name]] = value
    for name in RANKS_OF_USE:
        column = table.features[:, COLUMN[name]]
        worst = np.full(table.n_texts, -1.0, np.float32)
        np.fmax.at(worst, table.rows, column)
        features[:, COLUMN[name]] = np.where(np.isnan(column[places]), column[places], worst[table.rows[places]])
    return features, places.astype(np.int64)
