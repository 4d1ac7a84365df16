"""Tags that exclude each other: probabilities that add up to one at most, and of each group the best tag alone."""

from collections.abc import Iterable

import numpy as np
from scipy import sparse

from recommender.ml.examples import BoolArray, FloatArray, LabelSpace


def coupled(probabilities: FloatArray, label_space: LabelSpace) -> FloatArray:
    """Probabilities (n_texts, n_labels), those of a group divided by their sum where that is above one.

    Groups whose probabilities agree with "at most one" already keep them, and with them their calibration.
    """
    if not label_space.exclusive_groups:
        return probabilities
    groups = label_space.group_by_label
    members = np.flatnonzero(groups >= 0)
    shape = (len(members), len(label_space.exclusive_groups))
    belongs = sparse.csr_matrix((np.ones(len(members)), (np.arange(len(members)), groups[members])), shape)
    sums = np.asarray(probabilities[:, members] @ belongs)
    shared: FloatArray = probabilities.copy()
    shared[:, members] /= np.maximum(sums, 1.0)[:, groups[members]]
    return shared


def without_rivals(scores: FloatArray, label_space: LabelSpace) -> FloatArray:
    """Scores (n_labels,) with -inf for all of a group but its best label, the first one where several are best."""
    if not label_space.exclusive_groups:
        return scores
    kept: FloatArray = scores.copy()
    for group in label_space.exclusive_groups:
        members = np.asarray(group)
        best = members[np.argmax(scores[members])]
        kept[members] = -np.inf
        kept[best] = scores[best]
    return kept


def excluded_by(chosen: Iterable[int], label_space: LabelSpace) -> BoolArray:
    """Which labels can no longer be right once these are chosen, these themselves among them; shape (n_labels,)."""
    labels = np.fromiter(chosen, np.int64)
    excluded = np.zeros(label_space.n_labels, np.bool_)
    excluded[labels] = True
    if label_space.exclusive_groups and len(labels):
        groups = label_space.group_by_label
        excluded |= (groups >= 0) & np.isin(groups, groups[labels])
    return excluded
