"""Support vector machines with squared hinge: many at once are as good as each alone."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize

from recommender.ml.squared_hinge import Machines, Problems, Stopping, fit_machines

N_ROWS, N_COLUMNS, N_SLOTS = 60, 200, 4


def _node(seed: int, n_rows: int = N_ROWS) -> tuple[sparse.csr_matrix, NDArray[np.float32]]:
    """Documents of length one whose first word decides their slot, and every slot's signs."""
    rng = np.random.default_rng(seed)
    dense = rng.random((n_rows, N_COLUMNS)) * (rng.random((n_rows, N_COLUMNS)) < 0.08)
    slot_of = np.arange(n_rows) % N_SLOTS
    dense[np.arange(n_rows), slot_of] += 1
    dense /= np.linalg.norm(dense, axis=1, keepdims=True)
    signs = np.where(slot_of[:, None] == np.arange(N_SLOTS), 1, -1)
    return sparse.csr_matrix(dense.astype(np.float32)), signs.astype(np.float32)


def _fitted(problems: Problems, smallest_weight: float = 0.0) -> Machines:
    return fit_machines(problems, Stopping(1e-7, 200), smallest_weight=smallest_weight, on_step=lambda _: None)


def _dense(machines: Machines, n_columns: int) -> NDArray[np.float32]:
    weights = np.zeros((n_columns, N_SLOTS), np.float32)
    weights[machines.columns, machines.slots] = machines.weights
    return weights


def test_machines_reach_the_least_loss() -> None:
    texts, signs = _node(1)
    with_ones = np.hstack([texts.toarray(), np.ones((N_ROWS, 1))])

    machines = _fitted(Problems(texts, signs, np.array([0])))

    found = np.vstack([_dense(machines, N_COLUMNS), machines.biases])
    for slot in range(N_SLOTS):
        args = (with_ones, signs[:, slot])
        least = minimize(_loss, np.zeros(N_COLUMNS + 1), args, jac=True, options={"gtol": 1e-8}).fun
        assert _loss(found[:, slot], *args)[0] == pytest.approx(least, rel=1e-4)


def _loss(
    weights: NDArray[np.float64], texts: NDArray[np.float64], signs: NDArray[np.float32]
) -> tuple[float, NDArray[np.float64]]:
    """½|w|² + Σ max(0, 1 - y w·x)², and its gradient."""
    lacking = np.maximum(1 - signs * (texts @ weights), 0)
    return float(weights @ weights / 2 + lacking @ lacking), weights - 2 * texts.T @ (signs * lacking)


def test_nodes_together_learn_what_they_learn_alone() -> None:
    (first, first_signs), (second, second_signs) = _node(1), _node(2, n_rows=20)
    both = Problems(
        sparse.csr_matrix(sparse.block_diag([first, second])), np.vstack([first_signs, second_signs]), np.array([0, 60])
    )

    together = _fitted(both)

    alone = [_fitted(Problems(*node, np.array([0]))) for node in ((first, first_signs), (second, second_signs))]
    weights = np.vstack([_dense(each, N_COLUMNS) for each in alone])
    assert np.allclose(_dense(together, 2 * N_COLUMNS), weights, atol=2e-3)
    assert np.allclose(together.biases, np.vstack([each.biases for each in alone]), atol=2e-3)


def test_small_weights_are_left_out() -> None:
    problems = Problems(*_node(1), np.array([0]))

    all_of_them, large = _fitted(problems), _fitted(problems, smallest_weight=0.1)

    expected = _dense(all_of_them, N_COLUMNS)
    assert 0 < len(large.weights) < len(all_of_them.weights)
    assert np.array_equal(_dense(large, N_COLUMNS), np.where(np.abs(expected) > 0.1, expected, 0))


def test_a_slot_without_signs_stays_zero() -> None:
    texts, signs = _node(1)
    signs[:, 2] = 0

    machines = _fitted(Problems(texts, signs, np.array([0])))

    assert 2 not in machines.slots
    assert machines.biases[0, 2] == 0
