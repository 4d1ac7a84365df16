"""Everything the fusion knows, fitted on a corpus: the sources that bring candidates and their scores."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.ml.fusion.config import RidgeConfig
from recommender.ml.fusion.corpus import Corpus
from recommender.ml.fusion.neighbours import DocumentIndex, fit_index
from recommender.ml.fusion.ridge import RidgeWeights, fit_ridge
from recommender.ml.fusion.sparse_rows import as_tensors, from_tensors, largest_per_row
from recommender.ml.fusion.statistics import TagStatistics, fit_statistics
from recommender.ml.label_trees import LabelTrees

READ_BY_TREES = 128  # heaviest features of a text, in training as in serving: less time, trees alone no worse on dev
_TREES = "trees."


@dataclass(frozen=True)
class SourceLimits:
    """What to fit, and how large."""

    ridge: RidgeConfig
    features_a_document: int
    label_trees: bool
    seed: int


@dataclass(frozen=True)
class Sources:
    """Fitted on one set of documents; tags' own texts and names come beside them, for they need no documents."""

    ridge: RidgeWeights
    index: DocumentIndex
    statistics: TagStatistics
    tree_arrays: Mapping[str, NDArray[Any]]  # of label trees; none where there are no trees
    n_labels: int

    @cached_property
    def trees(self) -> LabelTrees | None:
        return LabelTrees(self.tree_arrays, self.n_labels) if self.tree_arrays else None

    @property
    def all_labels_linear(self) -> bool:
        """Whether every label that has a document also has a regression."""
        return len(self.ridge.labels) == int((self.statistics.log_counts > 0).sum())

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Flat arrays for a bundle."""
        return {
            "ridge.labels": self.ridge.labels,
            "ridge.intercepts": self.ridge.intercepts,
            **as_tensors("ridge.weights", self.ridge.weights),
            **as_tensors("documents", self.index.documents),
            **as_tensors("gold", self.index.gold),
            "ages": self.index.ages,
            **{f"statistics.{name}": values for name, values in self.statistics.vectors().items()},
            **as_tensors("companions", self.statistics.companions),
            **as_tensors("centroids", self.statistics.centroids),
            **{_TREES + name: array for name, array in self.tree_arrays.items()},
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]], n_labels: int) -> "Sources":
        """The inverse of `tensors`."""
        trees = {name.removeprefix(_TREES): array for name, array in tensors.items() if name.startswith(_TREES)}
        return cls(
            RidgeWeights(
                np.array(tensors["ridge.labels"]),
                from_tensors("ridge.weights", tensors),
                np.array(tensors["ridge.intercepts"]),
            ),
            DocumentIndex(from_tensors("documents", tensors), from_tensors("gold", tensors), np.array(tensors["ages"])),
            TagStatistics(
                np.array(tensors["statistics.log_counts"]),
                np.array(tensors["statistics.newest_share"]),
                np.array(tensors["statistics.newer_share"]),
                np.array(tensors["statistics.unused_for"]),
                np.array(tensors["statistics.log_named"]),
                np.array(tensors["statistics.keyphraseness"]),
                from_tensors("companions", tensors),
                from_tensors("centroids", tensors),
            ),
            trees,
            n_labels,
        )


def fit_sources(corpus: Corpus, limits: SourceLimits, on_progress: Callable[[str, float], None]) -> Sources:
    """Fit every source on the documents of a corpus that bear a tag or a refusal."""
    on_progress("counting tags", 0.0)
    statistics = fit_statistics(corpus)
    on_progress("indexing documents", 0.05)
    index = fit_index(corpus, features_a_document=limits.features_a_document)
    ridge = fit_ridge(corpus, limits.ridge, lambda done: on_progress("fitting tags", 0.1 + 0.6 * done))
    trees = _fitted_trees(corpus, limits, on_progress) if limits.label_trees else {}
    return Sources(ridge, index, statistics, trees, corpus.n_labels)


def _fitted_trees(
    corpus: Corpus, limits: SourceLimits, on_progress: Callable[[str, float], None]
) -> Mapping[str, NDArray[Any]]:
    from recommender.ml.label_trees_training import LabelTreeSettings, train_label_trees

    return train_label_trees(
        largest_per_row(corpus.features, READ_BY_TREES),
        corpus.gold,
        LabelTreeSettings(),
        seed=limits.seed,
        on_progress=lambda done: on_progress("growing label trees", 0.7 + 0.3 * done),
    )
