"""Tools on sparse rows against their dense counterparts."""

import numpy as np
import pytest
from scipy import sparse

from recommender.ml.fusion.sparse_rows import (
    Cells,
    above,
    as_tensors,
    from_tensors,
    largest_per_row,
    product,
    ranks_within,
)


def random_matrix(rows: int, columns: int, seed: int) -> sparse.csr_matrix:
    return sparse.random(rows, columns, 0.2, format="csr", dtype=np.float32, random_state=seed)


@pytest.mark.parametrize("n_texts", [0, 1, 3, 9])
def test_product_is_the_matrix_product_for_few_and_many_texts(n_texts: int) -> None:
    texts, matrix = random_matrix(n_texts, 40, 1), random_matrix(40, 300, 2)

    assert product(texts, matrix) == pytest.approx((texts @ matrix).toarray(), abs=1e-5)


def test_each_row_keeps_its_largest_values() -> None:
    matrix = sparse.csr_matrix(np.array([[3, 1, 2, 0], [0, 5, 0, 5], [0, 0, 0, 0]], np.float32))

    kept = largest_per_row(matrix, 2)

    assert kept.toarray().tolist() == [[3, 0, 2, 0], [0, 5, 0, 5], [0, 0, 0, 0]]
    assert largest_per_row(matrix, 1).toarray().tolist() == [[3, 0, 0, 0], [0, 5, 0, 0], [0, 0, 0, 0]]


def test_small_values_are_left_out_of_a_sparse_matrix() -> None:
    kept = above(np.array([[0.5, -0.01], [-0.2, 0.1]], np.float32), 0.1)

    assert kept.toarray() == pytest.approx(np.array([[0.5, 0], [-0.2, 0.1]]))
    assert kept.nnz == 3


def test_ranks_start_anew_in_each_row_and_ties_keep_their_order() -> None:
    rows = np.array([0, 0, 0, 2, 2])
    values = np.array([1, 3, 1, 0, 5], np.float32)

    assert ranks_within(rows, values).tolist() == [1, 0, 2, 1, 0]


def test_cells_are_found_by_key() -> None:
    cells = Cells(np.array([1, 4, 9]), np.array([0.1, 0.4, 0.9], np.float32))

    assert cells.at(np.array([4, 5, 9, 100]), -1.0) == pytest.approx([0.4, -1.0, 0.9, -1.0])
    assert Cells(np.array([], np.int64), np.array([], np.float32)).at(np.array([3]), -1.0).tolist() == [-1.0]


@pytest.mark.parametrize("columns", [5, 40_000])
def test_a_matrix_survives_its_tensors(columns: int) -> None:
    matrix = random_matrix(4, columns, 3)

    back = from_tensors("m", as_tensors("m", matrix))

    assert back.shape == matrix.shape
    assert back.toarray() == pytest.approx(matrix.toarray(), abs=1e-3)
