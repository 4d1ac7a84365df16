"""(document, tag) pairs: candidates from every source, described by one row of features each."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from recommender.ml.examples import FloatArray, IntArray, Text
from recommender.ml.features import FeatureSpace
from recommender.ml.fusion.neighbours import Neighbours
from recommender.ml.fusion.sources import Sources
from recommender.ml.fusion.sparse_rows import (
    Cells,
    Csr,
    best_columns,
    largest_per_row,
    ranks_within,
    rows_of_bags,
)
from recommender.ml.fusion.tag_side import TagSide
from recommender.ml.text import Tokens

FEATURES = (
    "linear score",
    "linear rank",
    "linear distance to best",
    "neighbours' vote",
    "closest neighbours' vote",
    "recent neighbours' vote",
    "rank by neighbours",
    "local regression",
    "rank by local regression",
    "similarity to the tag's documents",
    "rank by the tag's documents",
    "label trees",
    "rank by label trees",
    "names in title",
    "names in body",
    "names inside longer names",
    "words of the longest name",
    "first place of a name",
    "preferred label found",
    "share of the name found",
    "similarity to the tag's text",
    "rank by the tag's text",
    "documents of the tag",
    "share of newest documents",
    "share of newer documents",
    "time since last use",
    "goes with the surest tags",
    "goes with chosen tags",
    "best linear score of the text",
    "length of the text",
    "similarity of nearest document",
    "similarity of fifth document",
    "names found in the text",
)
_COLUMN = {name: place for place, name in enumerate(FEATURES)}
FEATURES_BY_PART = {
    "linear": ("linear score", "linear rank", "linear distance to best", "best linear score of the text"),
    "neighbours": (
        "neighbours' vote",
        "closest neighbours' vote",
        "recent neighbours' vote",
        "rank by neighbours",
        "similarity of nearest document",
        "similarity of fifth document",
    ),
    "local regression": ("local regression", "rank by local regression"),
    "centroids": ("similarity to the tag's documents", "rank by the tag's documents"),
    "label trees": ("label trees", "rank by label trees"),
    "names": (
        "names in title",
        "names in body",
        "names inside longer names",
        "words of the longest name",
        "first place of a name",
        "preferred label found",
        "share of the name found",
        "names found in the text",
    ),
    "tag texts": ("similarity to the tag's text", "rank by the tag's text"),
    "popularity": ("documents of the tag",),
    "recency": ("share of newest documents", "share of newer documents", "time since last use"),
    "companions": ("goes with the surest tags", "goes with chosen tags"),
}
_FROM_LINEAR, _FROM_VOTES, _FROM_LOCAL, _FROM_CENTROIDS, _FROM_TREES = 40, 20, 30, 15, 30
_FROM_TAG_TEXTS, _FROM_CHOSEN, _FROM_NAMES = 10, 20, 40
_N_SUREST = 3
_MISSING = float("nan")
_NOWHERE = 2.0  # place of a name that does not stand in the text; places are 0 to 1
_MAX_DENSE_CELLS = 8_000_000


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


class _Scores(Protocol):
    """Scores of one source for a batch of texts."""

    def at(self, rows: IntArray, labels: IntArray) -> FloatArray: ...

    def candidates(self, limit: int) -> tuple[IntArray, IntArray]: ...


@dataclass(frozen=True)
class _DenseScores:
    """`columns` are the labels that the columns stand for, None for all of them."""

    scores: FloatArray
    columns: IntArray | None = None
    positive_only: bool = True

    def at(self, rows: IntArray, labels: IntArray) -> FloatArray:
        if self.columns is None:
            return self.scores[rows, labels]
        if len(self.columns) == 0:
            return np.full(len(labels), _MISSING, np.float32)
        places = np.minimum(np.searchsorted(self.columns, labels), len(self.columns) - 1)
        values = self.scores[rows, places]
        return np.where(self.columns[places] == labels, values, np.float32(_MISSING)).astype(np.float32)

    def candidates(self, limit: int) -> tuple[IntArray, IntArray]:
        best = best_columns(self.scores, limit)
        rows = np.repeat(np.arange(len(best)), best.shape[1])
        columns = best.ravel()
        if self.positive_only:
            kept = self.scores[rows, columns] > 0
            rows, columns = rows[kept], columns[kept]
        return rows, columns if self.columns is None else self.columns[columns]


class _SparseScores:
    """A cell that is not stored counts as 0."""

    def __init__(self, matrix: Csr) -> None:
        self._matrix = matrix
        self._cells = Cells.of_matrix(matrix)

    def at(self, rows: IntArray, labels: IntArray) -> FloatArray:
        return self._cells.at(rows * self._matrix.shape[1] + labels, 0.0)

    def candidates(self, limit: int) -> tuple[IntArray, IntArray]:
        best = largest_per_row(self._matrix, limit)
        rows = np.repeat(np.arange(best.shape[0]), np.diff(best.indptr))
        return rows, best.indices.astype(np.int64)


@dataclass(frozen=True)
class _Names:
    """Names of tags that stand in the texts of a batch, one entry a (text, label)."""

    keys: IntArray
    in_title: FloatArray
    in_body: FloatArray
    inside: FloatArray
    longest: FloatArray
    first: FloatArray
    preferred: FloatArray
    share: FloatArray
    rows: IntArray
    labels: IntArray
    n_found: FloatArray  # (n_texts,)


@dataclass(frozen=True)
class PairFeatures:
    """Turns texts into pairs; `sources` were fitted on other documents than these."""

    space: FeatureSpace
    sources: Sources
    tags: TagSide

    @property
    def n_labels(self) -> int:
        return self.tags.n_labels

    def table(self, documents: Sequence[Document]) -> PairTable:
        """The pairs of all documents; memory grows with their number."""
        largest_row = max(self.n_labels, self.sources.index.n_documents, 1)
        step = max(1, min(256, _MAX_DENSE_CELLS // largest_row))
        starts = range(0, len(documents), step)
        tables = [self._batch(documents[start : start + step]) for start in starts]
        return concatenated(tables) if tables else PairTable(0, *_no_pairs())

    def rows(self, documents: Sequence[Document]) -> Csr:
        """TF-IDF rows of documents."""
        return rows_of_bags([self.space.bag_of(document.tokens) for document in documents], self.space.n_features)

    def _batch(self, documents: Sequence[Document]) -> PairTable:
        texts = self.rows(documents)
        neighbours = self.sources.index.neighbours(texts)
        scores = self._scores(texts, neighbours)
        names = self._names(documents)
        chosen = self._chosen_companions(documents)
        rows, labels = self._candidates(scores, names, chosen, documents)
        features = np.full((len(rows), len(FEATURES)), _MISSING, np.float32)
        self._fill_scores(features, rows, labels, scores)
        _fill_names(features, rows * self.n_labels + labels, rows, names)
        self._fill_statistics(features, rows, labels)
        features[:, _COLUMN["goes with the surest tags"]] = self._goes_with_surest(features, rows, labels)
        if chosen is not None:
            has_chosen = np.array([bool(document.chosen) for document in documents])[rows]
            together = chosen.at(rows, labels)
            features[:, _COLUMN["goes with chosen tags"]] = np.where(has_chosen, together, np.float32(_MISSING))
        n_tokens = np.array([len(d.tokens.title) + len(d.tokens.body) for d in documents])
        features[:, _COLUMN["length of the text"]] = np.log1p(n_tokens)[rows]
        for name, place in (("similarity of nearest document", 0), ("similarity of fifth document", 4)):
            if neighbours.similarities.shape[1] > place:
                features[:, _COLUMN[name]] = neighbours.similarities[rows, place]
        return PairTable(len(documents), rows, labels, features)

    def _scores(self, texts: Csr, neighbours: Neighbours) -> dict[str, _Scores]:
        """Source by name, best informed first."""
        sources = self.sources
        linear = (texts @ sources.ridge.weights).toarray() + sources.ridge.intercepts
        votes = sources.index.votes(texts, neighbours, local=not sources.all_labels_linear)
        scores: dict[str, _Scores] = {
            "linear": _DenseScores(linear, sources.ridge.labels, positive_only=False),
            "votes": _SparseScores(self._widened(votes.weighted)),
            "closest": _SparseScores(self._widened(votes.closest)),
            "recent": _SparseScores(self._widened(votes.recent)),
            "centroids": _DenseScores((texts @ self._centroids).toarray()),
            "tag texts": _DenseScores((texts @ self.tags.texts_by_feature).toarray()),
        }
        if votes.local is not None:
            scores["local"] = _SparseScores(self._widened(votes.local))
        if sources.trees is not None:
            scores["trees"] = _SparseScores(self._widened(sources.trees.scores(texts, limit=_FROM_TREES)))
        return scores

    def _widened(self, matrix: Csr) -> Csr:
        """With the columns of tags that came after the sources were fitted."""
        if matrix.shape[1] != self.n_labels:
            matrix.resize((matrix.shape[0], self.n_labels))
        return matrix

    @cached_property
    def _centroids(self) -> Csr:
        """(n_features, n_labels)"""
        by_label = self.sources.statistics.centroids.copy()
        by_label.resize((self.n_labels, by_label.shape[1]))
        return by_label.T.tocsr()

    @cached_property
    def _companions(self) -> Csr:
        """(n_labels, n_labels)"""
        companions = self.sources.statistics.companions.copy()
        companions.resize((self.n_labels, self.n_labels))
        return companions

    def _names(self, documents: Sequence[Document]) -> _Names:
        found = self.tags.names.matches_of([d.tokens for d in documents], [d.text for d in documents])
        rows, labels = found.documents.astype(np.int64), found.labels.astype(np.int64)
        keys = rows * self.n_labels + labels
        order = np.argsort(keys, kind="stable")
        fields = (
            values.astype(np.float32)[order]
            for values in (
                found.n_in_title,
                found.n_in_body,
                found.n_inside,
                found.longest,
                found.first,
                found.is_preferred_label,
                found.share,
            )
        )
        counts = np.bincount(rows, minlength=len(documents)).astype(np.float32)
        return _Names(keys[order], *fields, rows[order], labels[order], counts)

    def _chosen_companions(self, documents: Sequence[Document]) -> _SparseScores | None:
        if not any(document.chosen for document in documents):
            return None
        companions = self._companions
        sums = [companions[list(d.chosen)].sum(axis=0) / max(len(d.chosen), 1) for d in documents]
        return _SparseScores(Csr(np.asarray(np.vstack(sums), np.float32)))

    def _candidates(
        self,
        scores: dict[str, _Scores],
        names: _Names,
        chosen: _SparseScores | None,
        documents: Sequence[Document],
    ) -> tuple[IntArray, IntArray]:
        limits = {
            "linear": _FROM_LINEAR,
            "votes": _FROM_VOTES,
            "local": _FROM_LOCAL,
            "centroids": _FROM_CENTROIDS,
            "trees": _FROM_TREES,
            "tag texts": _FROM_TAG_TEXTS,
        }
        found = [scores[name].candidates(limit) for name, limit in limits.items() if name in scores]
        if chosen is not None:
            found.append(chosen.candidates(_FROM_CHOSEN))
        keys = [rows.astype(np.int64) * self.n_labels + labels for rows, labels in found]
        merged = np.unique(np.concatenate([*keys, self._strongest_names(names)]))
        taken = [row * self.n_labels + label for row, document in enumerate(documents) for label in document.chosen]
        if taken:
            merged = merged[~np.isin(merged, np.array(taken, np.int64))]
        return merged // self.n_labels, merged % self.n_labels

    def _strongest_names(self, names: _Names) -> IntArray:
        strength = names.in_title * 3.0 + names.in_body + names.longest
        return names.keys[ranks_within(names.rows, strength.astype(np.float32)) < _FROM_NAMES]

    def _fill_scores(self, features: FloatArray, rows: IntArray, labels: IntArray, scores: dict[str, _Scores]) -> None:
        columns = {
            "linear": ("linear score", "linear rank"),
            "votes": ("neighbours' vote", "rank by neighbours"),
            "closest": ("closest neighbours' vote", None),
            "recent": ("recent neighbours' vote", None),
            "local": ("local regression", "rank by local regression"),
            "centroids": ("similarity to the tag's documents", "rank by the tag's documents"),
            "trees": ("label trees", "rank by label trees"),
            "tag texts": ("similarity to the tag's text", "rank by the tag's text"),
        }
        for source, (value, rank) in columns.items():
            if source in scores:
                found = scores[source].at(rows, labels)
                features[:, _COLUMN[value]] = found
                if rank is not None:
                    lowest = np.nan_to_num(found, nan=-1e9)
                    features[:, _COLUMN[rank]] = ranks_within(rows, lowest)
        linear = features[:, _COLUMN["linear score"]]
        best = np.full(int(rows.max(initial=-1)) + 1, -np.inf, np.float32)
        np.fmax.at(best, rows, linear)
        best[~np.isfinite(best)] = _MISSING
        features[:, _COLUMN["best linear score of the text"]] = best[rows]
        features[:, _COLUMN["linear distance to best"]] = best[rows] - linear

    def _fill_statistics(self, features: FloatArray, rows: IntArray, labels: IntArray) -> None:
        statistics = self.sources.statistics
        known = labels < len(statistics.log_counts)
        for name, values, unknown in (
            ("documents of the tag", statistics.log_counts, 0.0),
            ("share of newest documents", statistics.newest_share, 0.0),
            ("share of newer documents", statistics.newer_share, 0.0),
            ("time since last use", statistics.unused_for, 1.0),
        ):
            column = np.full(len(labels), unknown, np.float32)
            column[known] = values[labels[known]]
            features[:, _COLUMN[name]] = column

    def _goes_with_surest(self, features: FloatArray, rows: IntArray, labels: IntArray) -> FloatArray:
        """Mean of P(label | tag) over the three surest other tags of the text, weighted by their scores."""
        sure = features[:, _COLUMN["linear score"]]
        for name in ("local regression", "neighbours' vote"):
            sure = np.where(np.isnan(sure), features[:, _COLUMN[name]], sure)
        sure = np.nan_to_num(sure, nan=0.0)
        is_surest = ranks_within(rows, sure) < _N_SUREST
        weights = np.maximum(sure[is_surest], np.float32(1e-3))
        n_texts = int(rows.max(initial=-1)) + 1
        surest = Csr((weights, (rows[is_surest], labels[is_surest])), (n_texts, self.n_labels))
        keys = rows * self.n_labels + labels
        lifted = Cells.of_matrix(Csr(surest @ self._companions)).at(keys, 0.0)
        total = np.bincount(rows[is_surest], weights, n_texts)[rows]
        own = np.where(is_surest, np.maximum(sure, np.float32(1e-3)), 0.0)
        shares: FloatArray = (lifted / np.maximum(total - own, 1e-6)).astype(np.float32)
        return shares


def _fill_names(features: FloatArray, keys: IntArray, rows: IntArray, names: _Names) -> None:
    for column, values, missing in (
        ("names in title", names.in_title, 0.0),
        ("names in body", names.in_body, 0.0),
        ("names inside longer names", names.inside, 0.0),
        ("words of the longest name", names.longest, 0.0),
        ("first place of a name", names.first, _NOWHERE),
        ("preferred label found", names.preferred, 0.0),
        ("share of the name found", names.share, 0.0),
    ):
        features[:, _COLUMN[column]] = Cells(names.keys, values).at(keys, missing)
    features[:, _COLUMN["names found in the text"]] = names.n_found[rows]


def _no_pairs() -> tuple[IntArray, IntArray, FloatArray]:
    none = np.empty(0, np.int64)
    return none, none, np.empty((0, len(FEATURES)), np.float32)
