"""The highest scores of each text, best first, ties to the lower label."""

import numpy as np

from recommender.ml.examples import FloatArray, IntArray

_BLOCK = 64
_WIDEST = 4_096  # columns: above, a row at a time stays in the processor's cache
_FEW = 4  # times as many positive scores as are wanted: so few are sorted as they are


def top_labels(scores: FloatArray, n_ranked: int) -> IntArray:
    """Labels of the highest scores, best first, ties to the lower label; shape (n_texts, n_ranked).

    With fewer labels than that, all of them.
    """
    limit = min(n_ranked, scores.shape[1])
    if limit > 0 and len(scores) > 1 and scores.shape[1] <= _WIDEST:
        chosen = np.flatnonzero(scores >= _bounds(scores, limit)[:, None])
        return _best_cells(scores, chosen, limit)[1].reshape(len(scores), limit)
    best = np.empty((len(scores), limit), np.int64)
    for row in range(len(scores) if limit else 0):
        values = scores[row]
        among = np.flatnonzero(values >= _bounds(scores[row : row + 1], limit))
        best[row] = among[np.argsort(-values[among], kind="stable")[:limit]]
    return best


def top_positive(scores: FloatArray, limit: int) -> tuple[IntArray, IntArray]:
    """(rows, labels) of each text's highest positive scores, at most `limit` a text."""
    n_texts, n_labels = scores.shape
    if limit <= 0 or n_texts == 0 or n_labels == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    if n_labels > _WIDEST and n_texts > 1:
        each = [top_positive(scores[row : row + 1], limit)[1] for row in range(n_texts)]
        return np.repeat(np.arange(n_texts), [len(labels) for labels in each]), np.concatenate(each)
    positive = scores > 0
    chosen = np.flatnonzero(positive)
    if len(chosen) > _FEW * limit * n_texts:
        chosen = np.flatnonzero(positive & (scores >= _bounds(scores, min(limit, n_labels))[:, None]))
    return _best_cells(scores, chosen, limit)


def _best_cells(scores: FloatArray, chosen: IntArray, limit: int) -> tuple[IntArray, IntArray]:
    """(rows, labels) of the highest of the chosen cells, ascending places in the flattened table, `limit` a row."""
    rows, labels = np.divmod(chosen, scores.shape[1])
    order = np.lexsort((-scores[rows, labels], rows))
    place = np.arange(len(rows)) - np.searchsorted(rows, rows, side="left")
    kept = order[place < limit]
    return rows[kept], labels[kept]


def _bounds(scores: FloatArray, limit: int) -> FloatArray:
    """For each text a value that at least `limit` values reach, and not many more; shape (n_texts,).

    The limit-th largest of the maxima of blocks is one, and is found without sorting all values.
    """
    n_texts, n_labels = scores.shape
    if limit >= n_labels:
        return np.full(n_texts, -np.inf, np.float32)
    n_blocks = n_labels // _BLOCK
    if n_blocks >= 2 * limit:
        scores = scores[:, : n_blocks * _BLOCK].reshape(n_texts, n_blocks, _BLOCK).max(axis=2)
    place = scores.shape[1] - limit
    bounds: FloatArray = np.partition(scores, place, axis=1)[:, place]
    return bounds
