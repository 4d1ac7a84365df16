"""(document, tag) pairs: candidates from every source, described by one row of features each."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.ml.examples import BoolArray, FloatArray, IntArray, Text
from recommender.ml.features import FeatureSpace
from recommender.ml.fusion.neighbours import Neighbours
from recommender.ml.fusion.sources import Sources
from recommender.ml.fusion.sparse_rows import (
    Cells,
    Csr,
    product,
    ranks_within,
    rows_of_bags,
    weighted_sum,
)
from recommender.ml.fusion.tag_side import TagSide
from recommender.ml.metrics import top_labels
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
    "documents that name the tag",
    "share of them that bear it",
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
        "documents that name the tag",
        "share of them that bear it",
        "names found in the text",
    ),
    "tag texts": ("similarity to the tag's text", "rank by the tag's text"),
    "popularity": ("documents of the tag",),
    "recency": ("share of newest documents", "share of newer documents", "time since last use"),
    "companions": ("goes with the surest tags", "goes with chosen tags"),
}
_UNSEEN = {
    "linear score": float("nan"),
    "linear distance to best": float("nan"),
    "neighbours' vote": 0.0,
    "closest neighbours' vote": 0.0,
    "recent neighbours' vote": 0.0,
    "local regression": 0.0,
    "similarity to the tag's documents": 0.0,
    "label trees": 0.0,
    "documents of the tag": 0.0,
    "share of newest documents": 0.0,
    "share of newer documents": 0.0,
    "time since last use": 1.0,
    "share of them that bear it": float("nan"),
    "goes with the surest tags": 0.0,
}  # what is known of a tag without a document
_RANKS_OF_USE = (
    "linear rank",
    "rank by neighbours",
    "rank by local regression",
    "rank by the tag's documents",
    "rank by label trees",
)
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


def as_if_unseen(table: PairTable, hidden: BoolArray) -> tuple[FloatArray, IntArray]:
    """Features of the pairs of hidden labels as they are for a tag without a document, and the places of these pairs.

    `hidden` has shape (n_labels,). Only pairs that names or texts of the tags would still bring as candidates count.
    """
    names = table.features[:, [_COLUMN["names in title"], _COLUMN["names in body"]]].sum(axis=1)
    by_text = table.features[:, _COLUMN["rank by the tag's text"]] < _FROM_TAG_TEXTS
    alike = by_text & (table.features[:, _COLUMN["similarity to the tag's text"]] > 0)
    places = np.flatnonzero(hidden[table.labels] & ((names > 0) | alike))
    features = table.features[places]
    for name, value in _UNSEEN.items():
        known = ~np.isnan(features[:, _COLUMN[name]])
        features[known, _COLUMN[name]] = value
    for name in _RANKS_OF_USE:
        column = table.features[:, _COLUMN[name]]
        worst = np.full(table.n_texts, -1.0, np.float32)
        np.fmax.at(worst, table.rows, column)
        features[:, _COLUMN[name]] = np.where(np.isnan(column[places]), column[places], worst[table.rows[places]])
    return features, places.astype(np.int64)


@dataclass(frozen=True)
class _Scores:
    """Scores of one source for a batch of texts; `columns` are the labels of its columns, None for all labels."""

    scores: FloatArray  # (n_texts, n_columns)
    columns: IntArray | None = None
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
        best = top_labels(self.scores, limit)
        rows, columns = np.repeat(np.arange(len(best)), best.shape[1]), best.ravel()
        if self.positive_only:
            kept = self.scores[rows, columns] > 0
            rows, columns = rows[kept], columns[kept]
        return rows, columns if self.columns is None else self.columns[columns]


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
        """Source by name."""
        sources = self.sources
        linear = product(texts, sources.ridge.weights) + sources.ridge.intercepts
        votes = sources.index.votes(neighbours, sources.index.gold.shape[1], local=not sources.all_labels_linear)
        scores = {
            "linear": _Scores(linear, sources.ridge.labels, positive_only=False),
            "votes": _Scores(votes.weighted),
            "closest": _Scores(votes.closest),
            "recent": _Scores(votes.recent),
            "centroids": _Scores(product(texts, self._centroids)),
            "tag texts": _Scores(product(texts, self.tags.texts_by_feature)),
        }
        if votes.local is not None:
            scores["local"] = _Scores(votes.local)
        if sources.trees is not None:
            scores["trees"] = _Scores(sources.trees.scores(texts, limit=_FROM_TREES).toarray())
        return scores

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
        counts = np.bincount(rows, minlength=len(documents)).astype(np.float32)

        def sorted_floats(values: NDArray[Any]) -> FloatArray:
            return values.astype(np.float32)[order]

        return _Names(
            keys[order],
            in_title=sorted_floats(found.n_in_title),
            in_body=sorted_floats(found.n_in_body),
            inside=sorted_floats(found.n_inside),
            longest=sorted_floats(found.longest),
            first=sorted_floats(found.first),
            preferred=sorted_floats(found.is_preferred_label),
            share=sorted_floats(found.share),
            rows=rows[order],
            labels=labels[order],
            n_found=counts,
        )

    def _chosen_companions(self, documents: Sequence[Document]) -> _Scores | None:
        """Mean of P(label | tag) over the tags that a text has already."""
        if not any(document.chosen for document in documents):
            return None
        shares = np.zeros((len(documents), self.n_labels), np.float32)
        for row, document in enumerate(documents):
            given = np.array(document.chosen, np.int64)
            if len(given):
                shares[row] = weighted_sum(self._companions, given, np.full(len(given), 1 / len(given), np.float32))
        return _Scores(shares)

    def _candidates(
        self,
        scores: dict[str, _Scores],
        names: _Names,
        chosen: _Scores | None,
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
                    lowest = np.where(np.isnan(found), np.float32(-1e9), found)
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
            ("documents that name the tag", statistics.log_named, 0.0),
            ("share of them that bear it", statistics.keyphraseness, _MISSING),
        ):
            column = np.full(len(labels), unknown, np.float32)
            column[known] = values[labels[known]]
            features[:, _COLUMN[name]] = column
        unused = features[:, _COLUMN["documents of the tag"]] == 0
        features[unused, _COLUMN["share of them that bear it"]] = _MISSING

    def _goes_with_surest(self, features: FloatArray, rows: IntArray, labels: IntArray) -> FloatArray:
        """Mean of P(label | tag) over the three surest other tags of the text, weighted by their scores."""
        sure = features[:, _COLUMN["linear score"]]
        for name in ("local regression", "neighbours' vote"):
            sure = np.where(np.isnan(sure), features[:, _COLUMN[name]], sure)
        sure = np.nan_to_num(sure, nan=0.0)
        shares = np.zeros(len(rows), np.float32)
        starts = np.searchsorted(rows, np.arange(int(rows.max(initial=-1)) + 2))
        for start, end in itertools.pairwise(starts.tolist()):
            scores, mine = np.maximum(sure[start:end], np.float32(1e-3)), labels[start:end]
            surest = np.argsort(-scores, kind="stable")[:_N_SUREST]
            lifted = weighted_sum(self._companions, mine[surest], scores[surest])[mine]
            total = np.full(end - start, scores[surest].sum(), np.float32)
            total[surest] -= scores[surest]
            shares[start:end] = lifted / np.maximum(total, np.float32(1e-6))
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
