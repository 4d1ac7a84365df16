"""Hierarchies of tags: which labels are broader, and a loss that holds a parent near its children."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.ml.examples import FloatArray
from recommender.ml.tag_texts import TagText


@dataclass(frozen=True)
class Families:
    """Labels that have children, and for each the mean over these as a sparse matrix (n_parents, n_labels)."""

    parents: NDArray[np.int64]
    mean_of_children: sparse.csr_matrix


def parent_labels(tag_texts: Sequence[TagText]) -> tuple[tuple[int, ...], ...]:
    """Labels of each label's broader tags, found by their names; a name that several tags bear is none of theirs."""
    by_name: dict[str, int] = {}
    ambiguous = set()
    for label, tag_text in enumerate(tag_texts):
        if by_name.setdefault(tag_text.label, label) != label:
            ambiguous.add(tag_text.label)
    known = {name: label for name, label in by_name.items() if name not in ambiguous}
    return tuple(
        tuple(dict.fromkeys(known[name] for name in tag_text.parents if known.get(name, label) != label))
        for label, tag_text in enumerate(tag_texts)
    )


def families(parents: Sequence[Sequence[int]]) -> Families:
    """`parents` has the labels of each label's broader tags, one entry a label."""
    children: dict[int, list[int]] = {}
    for child, above in enumerate(parents):
        for parent in above:
            children.setdefault(parent, []).append(child)
    known = sorted(children)
    columns = [child for parent in known for child in children[parent]]
    offsets = np.cumsum([0, *(len(children[parent]) for parent in known)])
    shares = [1.0 / len(children[parent]) for parent in known for _ in children[parent]]
    matrix = sparse.csr_matrix((np.array(shares, np.float32), columns, offsets), shape=(len(known), len(parents)))
    return Families(np.array(known, np.int64), matrix)


def distance_to_children(vectors: FloatArray, of: Families) -> FloatArray:
    """Squared distance of each parent's vector to the mean of its children's, shape (n_parents,)."""
    apart: FloatArray = vectors[of.parents] - of.mean_of_children @ vectors
    squared: FloatArray = (apart * apart).sum(axis=1)
    return squared
