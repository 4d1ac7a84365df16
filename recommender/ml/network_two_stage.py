"""The network's output layer in two stages, for vocabularies in which scoring all tags takes too long.

Tags are clustered by their rows of the output layer; the mean row of a cluster is its matcher, so nothing is trained
beyond the network itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recommender.ml.clustered_head import (
    ClusteredHead,
    Clusters,
    balanced_clusters,
    clustered_head,
    full_bag,
    mean_matcher,
)
from recommender.ml.examples import FloatArray

if TYPE_CHECKING:  # it imports onnx, which serving does not need
    from recommender.ml.network_graph import Dense

SMALLEST_TWO_STAGE = 500  # tags; with fewer, scoring all of them costs nothing worth saving
_TAGS_A_CLUSTER = 32
_ABSENT = -20.0  # logit of tags whose cluster was not picked
_PREFIX = "two_stage."


@dataclass(frozen=True)
class TwoStageOutput:
    """Logits of the tags in the best clusters of each text; all others have the same low one."""

    head: ClusteredHead
    weights: FloatArray  # (n_labels, n_hidden)
    n_picked: int

    def logits(self, hidden: FloatArray) -> FloatArray:
        """(n_texts, n_hidden) to (n_texts, n_labels)."""
        return self.head.logits([full_bag(row) for row in hidden], self.n_picked, _ABSENT)

    def label_logits(self, hidden: FloatArray, label: int) -> FloatArray:
        """The label's logit in every text, whether its cluster would be picked or not, shape (n_texts,)."""
        logits: FloatArray = hidden @ self.weights[label] + self.head.intercepts[label]
        return logits


def two_stage_tensors(output: "Dense", *, seed: int) -> dict[str, NDArray[Any]]:
    """What a bundle keeps of the output layer: 32 to 63 tags a cluster, equal for equal seeds."""
    n_labels = len(output.bias)
    clusters = balanced_clusters(output.weight, max(1, n_labels // _TAGS_A_CLUSTER), seed=seed)
    return {
        f"{_PREFIX}offsets": clusters.offsets,
        f"{_PREFIX}labels": clusters.labels,
        f"{_PREFIX}weights": output.weight.astype(np.float16),
        f"{_PREFIX}intercepts": output.bias.astype(np.float32),
    }


def output_layer(tensors: Mapping[str, NDArray[Any]]) -> tuple[FloatArray, FloatArray] | None:
    """Weight (n_labels, n_hidden) and bias (n_labels,) as a bundle keeps them; None where its graph has them."""
    if f"{_PREFIX}weights" not in tensors:
        return None
    weights, intercepts = (np.asarray(tensors[_PREFIX + name], np.float32) for name in ("weights", "intercepts"))
    return weights, intercepts


def opened_two_stage(tensors: Mapping[str, NDArray[Any]], n_picked: int) -> TwoStageOutput | None:
    """The inverse of `two_stage_tensors`; None where the bundle has a single output layer."""
    if f"{_PREFIX}weights" not in tensors:
        return None
    kept = {name: np.array(tensors[_PREFIX + name]) for name in ("offsets", "labels", "weights", "intercepts")}
    clusters = Clusters(kept["offsets"], kept["labels"])
    weights, intercepts = kept["weights"].astype(np.float32), kept["intercepts"]
    matcher = mean_matcher(weights, intercepts, clusters)
    return TwoStageOutput(clustered_head(weights, intercepts, clusters, *matcher), weights, n_picked)
