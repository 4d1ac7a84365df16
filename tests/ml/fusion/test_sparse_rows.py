"""Tools on sparse rows against their dense counterparts."""

import numpy as np
import pytest
from scipy import sparse

from recommender.ml.features import FeatureLimits, fit_feature_space
from recommender.ml.fusion.sparse_rows import (
    above,
    as_tensors,
    from_tensors,
    largest_per_row,
    product,
    ranks_within,
    rows_of,
    weighted_sum,
)
from recommender.ml.text import Tokens


def random_matrix(rows: int, columns: int, seed: int) -> sparse.csr_matrix:
    return sparse.random(rows, columns, 0.2, format="csr", dtype=np.float32, random_state=seed)


@pytest.mark.parametrize("n_texts", [0, 1, 3, 9])
@pytest.mark.parametrize("columns", [300, 5_000])
def test_product_is_the_matrix_product_for_few_and_many_texts(n_texts: int, columns: int) -> None:
    texts, matrix = random_matrix(n_texts, 40, 1), random_matrix(40, columns, 2)

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


def test_rows_of_documents_are_those_of_each_alone() -> None:
    words = [tuple(f"w{n % 7}" for n in range(size)) for size in (0, 1, 5, 300)]
    documents = [Tokens(title, body, False) for title in words[:3] for body in words] * 25
    space = fit_feature_space(documents, FeatureLimits(50, 50, 1, 1, 2.0))

    rows = rows_of(space, documents)

    alone = [space.bag_of(each) for each in documents]
    assert rows.shape == (len(documents), space.n_features)
    assert [row.tolist() for row in np.split(rows.indices, rows.indptr[1:-1])] == [b.features.tolist() for b in alone]
    assert [row.tolist() for row in np.split(rows.data, rows.indptr[1:-1])] == [b.weights.tolist() for b in alone]
    assert np.asarray(rows.multiply(rows).sum(axis=1)).ravel() == pytest.approx(
        [min(b.features.size, 1) for b in alone]
    )


def test_a_word_of_the_title_counts_twice_and_no_pair_reaches_from_title_to_body() -> None:
    space = fit_feature_space([Tokens(("a",), ("b", "c"), False)] * 2, FeatureLimits(9, 9, 1, 1, 2.0))

    bag = space.bag_of(Tokens(("a",), ("b", "c"), False))

    names = [space.words[f] if f < space.n_words else "pair" for f in bag.features.tolist()]
    assert names == ["a", "b", "c", "pair"]
    assert bag.weights / bag.weights[1] == pytest.approx([1 + np.log(2), 1, 1, 1])


@pytest.mark.parametrize("columns", [300, 5_000])
def test_a_weighted_sum_is_the_product_with_some_rows(columns: int) -> None:
    matrix, rows = random_matrix(40, columns, 3), np.array([3, 17, 17, 39])
    weights = np.array([0.5, -1.0, 2.0, 0.25])

    found = weighted_sum(matrix, rows, weights)

    assert found == pytest.approx(weights @ matrix[rows].toarray(), abs=1e-5)
    assert weighted_sum(matrix, rows[:0], weights[:0]).tolist() == [0.0] * columns


@pytest.mark.parametrize("columns", [5, 40_000])
def test_a_matrix_survives_its_tensors(columns: int) -> None:
    matrix = random_matrix(4, columns, 3)

    back = from_tensors("m", as_tensors("m", matrix))

    assert back.shape == matrix.shape
    assert back.toarray() == pytest.approx(matrix.toarray(), abs=1e-3)
