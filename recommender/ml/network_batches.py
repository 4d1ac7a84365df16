"""Documents as the network takes them, and batches of them of similar length."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from recommender.ml.examples import IntArray
from recommender.ml.features import Bag, stacked
from recommender.ml.network import Batch

_BATCHES_SORTED_TOGETHER = 20


@dataclass(frozen=True)
class EncodedDocument:
    """Bag entries, and vector rows of the words in reading order."""

    bag: Bag
    sequence: IntArray


def batches(documents: Sequence[EncodedDocument], batch_size: int, order: np.random.Generator) -> Iterator[IntArray]:
    """Random batches of documents of similar length, so that little is spent on padding."""
    shuffled = order.permutation(len(documents))
    lengths = np.array([len(document.sequence) for document in documents])
    together = batch_size * _BATCHES_SORTED_TOGETHER
    batches = []
    for start in range(0, len(shuffled), together):
        rows = shuffled[start : start + together]
        rows = rows[np.argsort(lengths[rows], kind="stable")]
        batches += [rows[i : i + batch_size] for i in range(0, len(rows), batch_size)]
    for place in order.permutation(len(batches)):
        yield batches[place]


def batch_of(documents: Sequence[EncodedDocument], padding: int) -> Batch:
    """One step's documents; sequences are filled up with the row `padding`."""
    bags = stacked([document.bag for document in documents])
    longest = max(1, *(len(document.sequence) for document in documents))
    sequence = np.full((len(documents), longest), padding, np.int64)
    for row, document in enumerate(documents):
        sequence[row, : len(document.sequence)] = document.sequence
    return Batch(
        torch.from_numpy(bags.features),
        torch.from_numpy(bags.offsets[:-1].copy()),
        torch.from_numpy(bags.weights),
        torch.from_numpy(sequence),
    )
