"""The space of the tags: a vector of each, which are near which, and a map of them in two dimensions.

A model that keeps vectors of its tags gives them itself. The network keeps its output layer, a row of weights for each
tag: two tags are near where the same documents speak for both. Any other model is looked at from outside: each tag is
the column of its held-out probabilities, centred, in the leading directions of the singular value decomposition
(Deerwester et al., JASIS 1990), so that two tags are near where the model expects both of the same documents. Near
means cosine similarity throughout.

The map is t-SNE (van der Maaten and Hinton, JMLR 2008) over the leading principal components: neighbours stay together,
distances between far groups mean nothing. It takes scikit-learn and some seconds, so it is drawn where training ends
and kept in a file beside the bundle. An update goes on from its parent's map, so that tags stay where people know them.
What must not wait, and what is too large for it, shows the first two principal components instead, with numpy alone.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import LinearOperator, svds

from recommender.ml.errors import BundleCorrupt
from recommender.ml.examples import BoolArray, FloatArray, IntArray
from recommender.ml.held_out import HeldOutPredictions
from recommender.ml.tensors import mapped_tensors, tensors_as_bytes
from recommender.ml.training import TrainedRanker

Source = Literal["model", "predictions"]
Layout = Literal["t-sne", "principal components"]

FORMAT_VERSION = 1
VECTOR_DIM = 96
TOO_MANY_FOR_T_SNE = 5_000
_MAP_DIM, _PERPLEXITY, _FEWEST_FOR_T_SNE = 50, 30.0, 8
_STEPS_ON, _PLACED_SHARE, _ASIDE = 250, 0.5, 0.01
_MANY_COLUMNS = 2_000


@dataclass(frozen=True)
class TagSpace:
    """What pages show of the tags, by label; a label that nothing is known of has a vector of zeros and no position."""

    vectors: FloatArray  # (n_labels, dim), of length one
    positions: FloatArray  # (n_labels, 2), nan where nothing is known
    label_counts: IntArray  # (n_labels,), training documents; -1 where the file does not say
    source: Source
    layout: Layout

    def save(self, path: Path) -> None:
        """Write `path` with suffix .safetensors, and .json beside it."""
        tensors: dict[str, NDArray[Any]] = {
            "vectors": self.vectors.astype(np.float16),
            "positions": self.positions.astype(np.float32),
            "label_counts": self.label_counts,
        }
        about = {"format_version": FORMAT_VERSION, "source": self.source, "layout": self.layout}
        path.with_suffix(".safetensors").write_bytes(tensors_as_bytes(tensors))
        path.with_suffix(".json").write_text(json.dumps(about), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "TagSpace":
        """Raises BundleCorrupt when either file cannot be read."""
        try:
            about = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
            return _from_tensors(mapped_tensors(path.with_suffix(".safetensors")), about)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BundleCorrupt(f"{path} cannot be read ({error}); train the model again") from error


def trained_tag_space(
    trained: TrainedRanker,
    predictions: HeldOutPredictions,
    label_counts: IntArray,
    *,
    seed: int,
    parent: TagSpace | None = None,
) -> TagSpace:
    """The space of a model that has just been trained, with the finest map that its size allows.

    `parent` is the space of the model that it was updated from, whose labels are the first ones.
    """
    own = trained.ranker.tag_vectors()
    vectors = reduced(own) if own is not None else prediction_vectors(predictions, seed=seed)
    fine = can_be_fine(vectors)
    start = parent.positions if parent is not None and parent.layout == "t-sne" else None
    positions = tag_map(vectors, seed=seed, start=start)
    layout: Layout = "t-sne" if fine else "principal components"
    return TagSpace(vectors, positions, label_counts, "predictions" if own is None else "model", layout)


def predicted_tag_space(predictions: HeldOutPredictions) -> TagSpace:
    """The space of a model of which no file tells, from its held-out predictions and without scikit-learn."""
    vectors = prediction_vectors(predictions, seed=0)
    unknown = np.full(predictions.label_space.n_labels, -1, np.int64)
    return TagSpace(vectors, principal_map(vectors), unknown, "predictions", "principal components")


def nearest_tags(vectors: FloatArray, label: int, k: int) -> tuple[IntArray, FloatArray]:
    """The `k` other labels with the highest cosine similarity, nearest first, and these similarities.

    `vectors` is (n_labels, dim). Vectors of zeros are near to nothing: they are left out, and have no neighbours.
    """
    unit = unit_rows(vectors)
    known = _known(unit)
    if not known[label]:
        return np.empty(0, np.int64), np.empty(0, np.float32)
    similarities = unit @ unit[label]
    similarities[~known] = -np.inf
    similarities[label] = -np.inf
    order = np.argsort(-similarities, kind="stable")[: min(k, int(known.sum()) - 1)]
    return order.astype(np.int64), similarities[order].astype(np.float32)


def tag_map(vectors: FloatArray, *, seed: int, start: FloatArray | None = None) -> FloatArray:
    """Positions (n_labels, 2) by t-SNE, nan for vectors of zeros; by principal components where t-SNE does not fit.

    With `start`, positions (n_first, 2) of the first labels, these move on from there, and others begin beside the
    nearest label that has one; a quarter of the steps is enough then.
    """
    if not can_be_fine(vectors):
        return principal_map(vectors)
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    known = _known(vectors)
    rows = _principal(unit_rows(vectors[known]), _MAP_DIM)
    perplexity = min(_PERPLEXITY, (len(rows) - 1) / 3)
    positions = np.full((len(vectors), 2), np.nan, np.float32)
    begun = None if start is None else _begun(rows, start, known, seed)
    course: dict[str, Any] = (
        {"init": "pca"} if begun is None else {"init": begun, "early_exaggeration": 1.0, "max_iter": _STEPS_ON}
    )
    with threadpool_limits(1):  # threads that wait for each other at every step stand still on a busy machine
        positions[known] = TSNE(perplexity=perplexity, random_state=seed, **course).fit_transform(rows)
    return positions


def _begun(rows: FloatArray, start: FloatArray, known: BoolArray, seed: int) -> FloatArray | None:
    """Where each known label begins, shape (n_known, 2); None where most have no position yet."""
    begun = np.full((len(known), 2), np.nan, np.float32)
    begun[: len(start)] = start[: len(known)]
    begun = begun[known]
    placed = ~np.isnan(begun[:, 0])
    if placed.mean() < _PLACED_SHARE:
        return None
    unit = unit_rows(rows)
    nearest = np.flatnonzero(placed)[np.argmax(unit[~placed] @ unit[placed].T, axis=1)]
    aside = np.random.default_rng(seed).normal(0.0, _ASIDE, (len(nearest), 2)) * np.nanstd(begun)
    begun[~placed] = begun[nearest] + aside
    return begun


def principal_map(vectors: FloatArray) -> FloatArray:
    """Positions (n_labels, 2) on the first two principal components of the unit vectors, nan for vectors of zeros."""
    known = _known(vectors)
    positions = np.full((len(vectors), 2), np.nan, np.float32)
    components = _principal(unit_rows(vectors[known]), 2)
    positions[known] = np.pad(components, ((0, 0), (0, 2 - components.shape[1])))
    return positions


def can_be_fine(vectors: FloatArray) -> bool:
    """Whether t-SNE fits: neither too few tags for neighbourhoods nor too many for the time."""
    return vectors.shape[1] > 1 and _FEWEST_FOR_T_SNE <= int(_known(vectors).sum()) < TOO_MANY_FOR_T_SNE


def prediction_vectors(predictions: HeldOutPredictions, *, seed: int, dim: int = VECTOR_DIM) -> FloatArray:
    """Vectors (n_labels, at most dim) of length one from the centred columns of the held-out probabilities."""
    shape = (len(predictions.document_ids), predictions.label_space.n_labels)
    kept = (predictions.probabilities.astype(np.float64), predictions.labels, predictions.offsets)
    probabilities = csr_matrix(kept, shape)
    if min(shape) == 0:
        return np.zeros((shape[1], 1), np.float32)
    strengths, directions = _decomposed(probabilities, min(dim, *shape), seed)
    kept_directions = strengths > 1e-6 * max(strengths.max(initial=0.0), 1e-6)
    return unit_rows((directions[kept_directions].T * strengths[kept_directions]).astype(np.float32))


def reduced(vectors: FloatArray, dim: int = VECTOR_DIM) -> FloatArray:
    """Unit vectors in the leading directions of all, (n_labels, at most dim): angles stay nearly what they were."""
    unit = unit_rows(vectors)
    return unit if unit.shape[1] <= dim else unit_rows(unit @ _directions(unit, dim))


def _known(vectors: FloatArray) -> BoolArray:
    return np.asarray((vectors != 0).any(axis=1))


def unit_rows(vectors: FloatArray) -> FloatArray:
    """Rows of length one; zeros stay zeros."""
    rows = np.asarray(vectors, np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 1e-12), np.float32)


def _principal(rows: FloatArray, dim: int) -> FloatArray:
    """Coordinates (n_rows, at most dim) on the leading principal components."""
    centred = rows - rows.mean(axis=0) if len(rows) else rows
    return np.asarray(centred @ _directions(centred, dim), np.float32)


def _directions(rows: FloatArray, dim: int) -> FloatArray:
    """Leading right singular vectors as columns, (n_in, at most dim), each with its largest entry positive."""
    products = rows.T.astype(np.float64) @ rows
    _values, vectors = np.linalg.eigh(products)
    leading = vectors[:, ::-1][:, :dim]
    return np.asarray(leading * _signs(leading), np.float32)


def _signs(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    largest = np.abs(columns).argmax(axis=0)
    return np.where(columns[largest, np.arange(columns.shape[1])] < 0, -1.0, 1.0)


def _decomposed(matrix: csr_matrix, k: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Singular values (k,), largest first, and right singular vectors (k, n_columns) of the centred matrix."""
    n_rows, n_columns = matrix.shape
    means = np.asarray(matrix.mean(axis=0), np.float64).ravel()
    if min(n_rows, n_columns) <= k or n_columns <= _MANY_COLUMNS:
        products = (matrix.T @ matrix).toarray() - n_rows * np.outer(means, means)
        squares, directions = np.linalg.eigh(products)
        return np.sqrt(np.maximum(squares[::-1][:k], 0)), directions[:, ::-1][:, :k].T
    centred = LinearOperator(
        matrix.shape,
        matvec=lambda x: matrix @ x.ravel() - means @ x.ravel(),
        rmatvec=lambda y: matrix.T @ y.ravel() - means * y.sum(),
        dtype=np.float64,
    )
    start = np.random.default_rng(seed).standard_normal(min(matrix.shape))
    _left, strengths, right = svds(centred, k=k, v0=start)
    return strengths[::-1], right[::-1]


def _from_tensors(tensors: Mapping[str, Any], about: Mapping[str, Any]) -> TagSpace:
    vectors, positions, counts = (np.array(tensors[name]) for name in ("vectors", "positions", "label_counts"))
    if about["format_version"] != FORMAT_VERSION or not len(vectors) == len(positions) == len(counts):
        raise ValueError(f"format {about['format_version']}, {len(vectors)} vectors, {len(positions)} positions")
    if about["source"] not in get_args(Source) or about["layout"] not in get_args(Layout):
        raise ValueError(f"unknown source {about['source']!r} or layout {about['layout']!r}")
    source, layout = cast(Source, about["source"]), cast(Layout, about["layout"])
    return TagSpace(vectors.astype(np.float32), positions, counts, source, layout)
