"""Which tags can be afforded a classifier of their own: one a tag costs tags × documents."""

import numpy as np

from recommender.ml.examples import IntArray


def affordable_labels(counts: IntArray, n_documents: int, max_cells: int) -> IntArray:
    """The most used labels, ascending, so many that labels × documents is at most `max_cells`; at least one.

    `counts` holds the documents of each label, shape (n_labels,). Ties go to the lower label, unused labels have none.
    """
    order = np.argsort(-counts, kind="stable")[: max(1, max_cells // max(n_documents, 1))]
    return np.sort(order[counts[order] > 0]).astype(np.int64)
