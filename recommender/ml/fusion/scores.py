"""Scores of the sources for a batch of texts, and what of them goes into the columns of the pairs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from recommender.ml.examples import FloatArray, IntArray
from recommender.ml.fusion.pair_table import Document
from recommender.ml.fusion.scored_sources import COLUMN, SCORED_BY_NAME, ScoredSource
from recommender.ml.fusion.sparse_rows import ranks_within
from recommender.ml.highest import top_labels, top_positive
from recommender.ml.tag_texts import TagText

_MISSING = float("nan")


@dataclass(frozen=True)
class Scores:
    """Scores of one source for a batch of texts; `columns` are the labels of its columns, None for all labels.

    Only positive scores bring candidates, but where a score of zero or below says something, too.
    """

    scores: FloatArray  # (n_texts, n_columns)
    columns: IntArray | None = None  # (n_columns,) ascending
    positive_only: bool = True

    def at(self, rows: IntArray, labels: IntArray) -> FloatArray:
        """Scores of pairs; nan for labels that the source does not know."""
        n_columns = self.scores.shape[1]
        if self.columns is None and n_columns > labels.max(initial=-1):
            return self.scores[rows, labels]
        if n_columns == 0:
            return np.full(len(labels), _MISSING, np.float32)
        if self.columns is None:
            places, known = np.minimum(labels, n_columns - 1), labels < n_columns
        else:
            places = np.minimum(np.searchsorted(self.columns, labels), n_columns - 1)
            known = self.columns[places] == labels
        values: FloatArray = np.where(known, self.scores[rows, places], np.float32(_MISSING))
        return values

    def candidates(self, limit: int) -> tuple[IntArray, IntArray]:
        """(rows, labels) of each text's best."""
        if self.positive_only:
            rows, places = top_positive(self.scores, limit)
        else:
            best = top_labels(self.scores, limit)
            rows, places = np.repeat(np.arange(len(best)), best.shape[1]), best.ravel()
        return rows, places if self.columns is None else self.columns[places]


class Reader(Protocol):
    """A model that reads texts in its own way and not as TF-IDF rows; safe to call from several threads."""

    def scores(self, documents: Sequence[Document]) -> Mapping[str, Scores]:
        """Scores of the documents under the names that SCORED has for them."""
        ...

    def with_tags(self, tag_texts: Sequence[TagText]) -> "Reader":
        """With more tags behind those it knows; one that cannot read them stays as it is."""
        ...


def fill_scores(features: FloatArray, rows: IntArray, labels: IntArray, scores: Mapping[str, Scores]) -> None:
    """Fill the columns of every source that has scores, by its name in SCORED."""
    for name, found in scores.items():
        _fill(features, rows, SCORED_BY_NAME[name], found.at(rows, labels))


def _fill(features: FloatArray, rows: IntArray, source: ScoredSource, values: FloatArray) -> None:
    features[:, COLUMN[source.value]] = values
    if source.rank is not None:
        lowest = np.where(np.isnan(values), np.float32(-1e9), values)
        features[:, COLUMN[source.rank]] = ranks_within(rows, lowest)
    if source.best_of_text is None and source.distance_to_best is None:
        return
    best = _best_of_texts(rows, values)[rows]
    if source.best_of_text is not None:
        features[:, COLUMN[source.best_of_text]] = best
    if source.distance_to_best is not None:
        features[:, COLUMN[source.distance_to_best]] = best - values


def _best_of_texts(rows: IntArray, values: FloatArray) -> FloatArray:
    best = np.full(int(rows.max(initial=-1)) + 1, -np.inf, np.float32)
    np.fmax.at(best, rows, values)
    best[~np.isfinite(best)] = _MISSING
    return best
