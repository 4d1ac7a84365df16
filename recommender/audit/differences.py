"""Where model and true tags disagree most, as a list that can be read without seeing colours."""

from dataclasses import dataclass

import numpy as np

from recommender.audit.matrices import (
    FloatArray,
    PairSums,
    audit_matrices,
    difference_interval,
    model_interval,
    truth_interval,
)


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """One pair of tags (positions): how often j is true beside i, what the model expects, model minus truth."""

    row: int
    column: int
    n_row: int
    n_both: int
    truth: Estimate
    model: Estimate
    difference: Estimate


def over_links(sums: PairSums, *, limit: int | None = 15) -> list[Difference]:
    """Pairs that the model ties together more than people do, the surest first; `None` gives all of them."""
    low, _high = difference_interval(sums)
    return _largest(sums, low, limit)


def under_links(sums: PairSums, *, limit: int | None = 15) -> list[Difference]:
    """Pairs that people tie together more than the model does, the surest first; `None` gives all of them."""
    _low, high = difference_interval(sums)
    return _largest(sums, -high, limit)


def _largest(sums: PairSums, surely: FloatArray, limit: int | None) -> list[Difference]:
    """Pairs of different tags, by what the difference is at least; rows with few documents say nothing."""
    surely = np.where(np.isnan(surely), 0, surely)
    surely[sums.small, :] = 0
    np.fill_diagonal(surely, 0)
    flat = np.argsort(-surely, axis=None, kind="stable")
    flat = flat[surely.ravel()[flat] > 0][:limit]
    return describe_pairs(sums, [divmod(int(cell), sums.n_tags) for cell in flat])


def describe_pairs(sums: PairSums, pairs: list[tuple[int, int]]) -> list[Difference]:
    """All numbers of each pair (row, column)."""
    matrices = audit_matrices(sums)
    truth = (matrices.truth, *truth_interval(sums))
    model = (matrices.model, *model_interval(sums))
    difference = (matrices.difference, *difference_interval(sums))
    return [
        Difference(
            row=row,
            column=column,
            n_row=int(sums.tag_counts[row]),
            n_both=int(sums.both[row, column]),
            truth=Estimate(*(float(matrix[row, column]) for matrix in truth)),
            model=Estimate(*(float(matrix[row, column]) for matrix in model)),
            difference=Estimate(*(float(matrix[row, column]) for matrix in difference)),
        )
        for row, column in pairs
    ]
