"""Small tools on compressed sparse rows: building, pruning, looking cells up; numpy and scipy only."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import _sparsetools

from recommender.ml.examples import FloatArray, IntArray
from recommender.ml.features import Bag, Bags, FeatureSpace, stacked
from recommender.ml.text import Tokens

Csr: TypeAlias = sparse.csr_matrix
_FEW_TEXTS, _MOST_COLUMNS = 4, 4_096
_BATCH = 256  # documents whose features are looked up together
_LARGEST_INT16_LABEL = np.iinfo(np.int16).max


def product(texts: Csr, matrix: Csr) -> FloatArray:
    """texts @ matrix as a dense array.

    Few texts, and rows of many columns, are added up directly: the product of two sparse matrices is sparse first.
    """
    if texts.shape[0] > _FEW_TEXTS and matrix.shape[1] <= _MOST_COLUMNS:
        dense: FloatArray = (texts @ matrix).toarray()
        return dense
    result = np.empty((texts.shape[0], matrix.shape[1]), np.float32)
    for row, (start, end) in enumerate(itertools.pairwise(texts.indptr.tolist())):
        result[row] = weighted_sum(matrix, texts.indices[start:end], texts.data[start:end])
    return result


def weighted_sum(matrix: Csr, rows: IntArray, weights: FloatArray) -> FloatArray:
    """weights @ matrix[rows] as a dense array, shape (n_columns,).

    By the loops that scipy's own operators call: around them these look at every shape and type once more, which takes
    several times as long as one text does.
    """
    rows = np.asarray(rows, matrix.indices.dtype)
    offsets = np.zeros(len(rows) + 1, matrix.indptr.dtype)
    np.cumsum(matrix.indptr[rows + 1] - matrix.indptr[rows], out=offsets[1:])
    columns, values = np.empty(offsets[-1], matrix.indices.dtype), np.empty(offsets[-1], matrix.data.dtype)
    _sparsetools.csr_row_index(len(rows), rows, matrix.indptr, matrix.indices, matrix.data, columns, values)
    summed = np.zeros(matrix.shape[1], matrix.data.dtype)
    weights = np.asarray(weights, matrix.data.dtype)
    _sparsetools.csc_matvec(matrix.shape[1], len(rows), offsets, columns, values, weights, summed)
    return summed


def entries_of(matrix: Csr, rows: IntArray) -> tuple[IntArray, IntArray]:
    """Places of all entries of some rows, one row behind the other, and how many each row has."""
    starts = matrix.indptr[rows].astype(np.int64)
    lengths = matrix.indptr[np.asarray(rows) + 1].astype(np.int64) - starts
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) + np.repeat(starts - ends + lengths, lengths), lengths


def entries_a_column(matrix: Csr) -> IntArray:
    """Shape (n_columns,)"""
    return np.bincount(matrix.indices, minlength=matrix.shape[1]).astype(np.int64)


def rows_of(space: FeatureSpace, documents: Sequence[Tokens]) -> Csr:
    """The documents' features under the space's weighting, shape (n_documents, n_features), float32."""
    starts = range(0, len(documents), _BATCH)
    parts = [_rows_of_bags(space.bags_of(documents[start : start + _BATCH]), space.n_features) for start in starts]
    if len(parts) == 1:
        return parts[0]
    return sparse.csr_matrix(sparse.vstack(parts)) if parts else rows_of_bags([], space.n_features)


def rows_of_bags(bags: Sequence[Bag], n_features: int) -> Csr:
    """Shape (n_bags, n_features), float32."""
    return _rows_of_bags(stacked(bags), n_features)


def _rows_of_bags(bags: Bags, n_features: int) -> Csr:
    return sparse.csr_matrix(
        (bags.weights, bags.features.astype(np.int32), bags.offsets.astype(np.int32)),
        (len(bags.offsets) - 1, n_features),
    )


def largest_per_row(matrix: Csr, limit: int) -> Csr:
    """Each row with only its `limit` largest values (ties to the lower column), columns ascending."""
    lengths = np.diff(matrix.indptr)
    if len(lengths) == 0 or lengths.max(initial=0) <= limit:
        return matrix
    rows = np.repeat(np.arange(matrix.shape[0]), lengths)
    order = np.lexsort((matrix.indices, -matrix.data, rows))
    place = np.arange(len(order)) - np.repeat(matrix.indptr[:-1], lengths)
    kept = np.sort(order[place < limit])
    counts = np.minimum(lengths, limit)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    return sparse.csr_matrix((matrix.data[kept], matrix.indices[kept], offsets), matrix.shape)


def above(matrix: NDArray[Any], smallest: float) -> Csr:
    """A dense matrix as sparse float32 without the values nearer to zero than `smallest`."""
    kept = np.abs(matrix) >= max(smallest, np.finfo(np.float32).tiny)
    offsets = np.concatenate([[0], np.cumsum(kept.sum(axis=1))])
    return sparse.csr_matrix((matrix[kept].astype(np.float32), kept.nonzero()[1], offsets), matrix.shape)


def normalised_rows(matrix: Csr) -> Csr:
    """Rows of length one; empty rows stay empty."""
    squares = np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel()
    scale = 1.0 / np.maximum(np.sqrt(squares), 1e-9)
    return sparse.csr_matrix(sparse.diags(scale.astype(np.float32)) @ matrix)


def ranks_within(rows: IntArray, values: FloatArray) -> IntArray:
    """Place of each value among the values of its row, 0 for the highest; `rows` ascend; ties keep their order."""
    order = np.lexsort((-values, rows))
    starts = np.searchsorted(rows, rows, side="left")
    ranks = np.empty(len(rows), np.int64)
    ranks[order] = np.arange(len(rows)) - starts[order]
    return ranks


def as_tensors(name: str, matrix: Csr) -> dict[str, NDArray[Any]]:
    """What `from_tensors` needs back; values as half floats, columns as small as they fit."""
    small = matrix.shape[1] - 1 <= _LARGEST_INT16_LABEL
    return {
        f"{name}.offsets": matrix.indptr.astype(np.int32),
        f"{name}.columns": matrix.indices.astype(np.int16 if small else np.int32),
        f"{name}.values": matrix.data.astype(np.float16),
        f"{name}.shape": np.array(matrix.shape, np.int64),
    }


def from_tensors(name: str, tensors: Mapping[str, NDArray[Any]]) -> Csr:
    """The matrix in memory, float32."""
    rows, columns = (int(size) for size in tensors[f"{name}.shape"])
    matrix = sparse.csr_matrix((rows, columns), dtype=np.float32)
    matrix.indptr = np.array(tensors[f"{name}.offsets"], np.int32)
    matrix.indices = np.asarray(tensors[f"{name}.columns"]).astype(np.int32)
    matrix.data = np.asarray(tensors[f"{name}.values"]).astype(np.float32)
    return matrix
