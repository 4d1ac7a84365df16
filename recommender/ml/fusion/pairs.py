"""(document, tag) pairs: candidates from every source, described by one row of features each."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from recommender.ml.examples import FloatArray, IntArray
from recommender.ml.features import FeatureSpace
from recommender.ml.fusion.found_names import FoundNames, find_names
from recommender.ml.fusion.given_tags import lifts
from recommender.ml.fusion.neighbours import Neighbours
from recommender.ml.fusion.pair_table import Document, PairTable, concatenated, no_pairs
from recommender.ml.fusion.scored_sources import COLUMN, FEATURES, SCORED, SCORED_BY_NAME
from recommender.ml.fusion.scores import Reader, Scores, fill_scores
from recommender.ml.fusion.sources import READ_BY_TREES, Sources
from recommender.ml.fusion.sparse_rows import Csr, largest_per_row, product, rows_of, weighted_sum
from recommender.ml.fusion.tag_side import TagSide

_FROM_CHOSEN = 20
_N_SUREST = 3
_MISSING = float("nan")
_MAX_DENSE_CELLS = 8_000_000


@dataclass(frozen=True)
class PairFeatures:
    """Turns texts into pairs; `sources` and `readers` were fitted on other documents than these."""

    space: FeatureSpace
    sources: Sources
    tags: TagSide
    readers: tuple[Reader, ...] = ()

    @property
    def n_labels(self) -> int:
        return self.tags.n_labels

    def table(self, documents: Sequence[Document]) -> PairTable:
        """The pairs of all documents; memory grows with their number."""
        largest_row = max(self.n_labels, self.sources.index.n_documents, 1)
        step = max(1, min(256, _MAX_DENSE_CELLS // largest_row))
        starts = range(0, len(documents), step)
        tables = [self._batch(documents[start : start + step]) for start in starts]
        return concatenated(tables) if tables else no_pairs()

    def lifts(self, documents: Sequence[Document], table: PairTable) -> FloatArray:
        """What the documents' chosen tags say of the pairs, see `lifts` in given_tags.py."""
        given = [document.chosen for document in documents]
        return lifts(self.sources.index, self.rows(documents), table.rows, table.labels, given)

    def rows(self, documents: Sequence[Document]) -> Csr:
        """TF-IDF rows of documents."""
        return rows_of(self.space, [document.tokens for document in documents])

    def _batch(self, documents: Sequence[Document]) -> PairTable:
        texts = self.rows(documents)
        neighbours = self.sources.index.neighbours(texts)
        scores = self._scores(texts, neighbours)
        for reader in self.readers:
            scores.update(reader.scores(documents))
        names = find_names(self.tags.names, [d.tokens for d in documents], [d.text for d in documents], self.n_labels)
        chosen = self._chosen_companions(documents)
        rows, labels = self._candidates(scores, names, chosen, documents)
        features = np.full((len(rows), len(FEATURES)), _MISSING, np.float32)
        fill_scores(features, rows, labels, scores)
        names.fill(features, rows * self.n_labels + labels, rows)
        self._fill_statistics(features, rows, labels)
        features[:, COLUMN["goes with the surest tags"]] = self._goes_with_surest(features, rows, labels)
        n_tokens = np.array([len(d.tokens.title) + len(d.tokens.body) for d in documents])
        features[:, COLUMN["length of the text"]] = np.log1p(n_tokens)[rows]
        for name, place in (("similarity of nearest document", 0), ("similarity of fifth document", 4)):
            if neighbours.similarities.shape[1] > place:
                features[:, COLUMN[name]] = neighbours.similarities[rows, place]
        return PairTable(len(documents), rows, labels, features)

    def _scores(self, texts: Csr, neighbours: Neighbours) -> dict[str, Scores]:
        """Source by name."""
        sources = self.sources
        linear = product(texts, sources.ridge.weights) + sources.ridge.intercepts
        votes = sources.index.votes(neighbours, sources.index.gold.shape[1], local=not sources.all_labels_linear)
        scores = {
            "linear": Scores(linear, sources.ridge.labels, positive_only=False),
            "votes": Scores(votes.weighted),
            "closest": Scores(votes.closest),
            "recent": Scores(votes.recent),
            "centroids": Scores(product(texts, self._centroids)),
            "tag texts": Scores(product(texts, self.tags.texts_by_feature)),
        }
        if votes.local is not None:
            scores["local"] = Scores(votes.local)
        if sources.trees is not None:
            heaviest = largest_per_row(texts, READ_BY_TREES)
            found = sources.trees.scores(heaviest, limit=SCORED_BY_NAME["trees"].n_candidates)
            scores["trees"] = Scores(found.toarray())
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

    def _chosen_companions(self, documents: Sequence[Document]) -> Scores | None:
        """Mean of P(label | tag) over the tags that a text has already."""
        if not any(document.chosen for document in documents):
            return None
        shares = np.zeros((len(documents), self.n_labels), np.float32)
        for row, document in enumerate(documents):
            given = np.array(document.chosen, np.int64)
            if len(given):
                shares[row] = weighted_sum(self._companions, given, np.full(len(given), 1 / len(given), np.float32))
        return Scores(shares)

    def _candidates(
        self,
        scores: dict[str, Scores],
        names: FoundNames,
        chosen: Scores | None,
        documents: Sequence[Document],
    ) -> tuple[IntArray, IntArray]:
        asked = [source for source in SCORED if source.name in scores and source.n_candidates > 0]
        found = [scores[source.name].candidates(source.n_candidates) for source in asked]
        if chosen is not None:
            found.append(chosen.candidates(_FROM_CHOSEN))
        keys = [rows.astype(np.int64) * self.n_labels + labels for rows, labels in found]
        merged = np.unique(np.concatenate([*keys, names.strongest()]))
        taken = [row * self.n_labels + label for row, document in enumerate(documents) for label in document.chosen]
        if taken:
            merged = merged[~np.isin(merged, np.array(taken, np.int64))]
        return merged // self.n_labels, merged % self.n_labels

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
            features[:, COLUMN[name]] = column
        unused = features[:, COLUMN["documents of the tag"]] == 0
        features[unused, COLUMN["share of them that bear it"]] = _MISSING

    def _goes_with_surest(self, features: FloatArray, rows: IntArray, labels: IntArray) -> FloatArray:
        """Mean of P(label | tag) over the three surest other tags of the text, weighted by their scores."""
        sure = features[:, COLUMN["linear score"]]
        for name in ("local regression", "neighbours' vote"):
            sure = np.where(np.isnan(sure), features[:, COLUMN[name]], sure)
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
