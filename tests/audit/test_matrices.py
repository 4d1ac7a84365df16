"""The numbers of the audit page against hand-worked ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_matrix

from recommender.audit.differences import over_links, under_links
from recommender.audit.matrices import (
    PairSums,
    audit_matrices,
    clustered_order,
    difference_interval,
    model_interval,
    pair_sums,
    truth_interval,
)

# Four documents, tags a b c; a and b together twice, c alone once, a alone once
GOLD = np.array([[1, 1, 0], [1, 1, 0], [1, 0, 0], [0, 0, 1]])
PROBABILITIES = np.array([[0.9, 0.6, 0.1], [0.8, 0.4, 0.0], [0.7, 0.5, 0.3], [0.1, 0.0, 0.6]])


def sums_of(gold: np.ndarray, probabilities: np.ndarray) -> PairSums:
    return pair_sums(csr_matrix(gold), csr_matrix(probabilities))


def test_conditional_cooccurrence_is_the_share_of_documents_with_i_that_also_have_j() -> None:
    sums = sums_of(GOLD, PROBABILITIES)

    truth = audit_matrices(sums).truth

    assert sums.tag_counts.tolist() == [3, 2, 1]
    assert truth == pytest.approx(np.array([[1, 2 / 3, 0], [1, 1, 0], [0, 0, 1]]))


def test_the_models_matrix_is_the_mean_probability_of_j_over_the_documents_with_i() -> None:
    sums = sums_of(GOLD, PROBABILITIES)

    matrices = audit_matrices(sums)

    assert matrices.model[0] == pytest.approx([0.8, 0.5, 0.4 / 3])
    assert matrices.model[1] == pytest.approx([0.85, 0.5, 0.05])
    assert matrices.difference[0] == pytest.approx([-0.2, 0.5 - 2 / 3, 0.4 / 3])


def test_the_other_measures_follow_their_formulas() -> None:
    sums = sums_of(GOLD, PROBABILITIES)

    jaccard, lift, npmi = (audit_matrices(sums, measure).truth for measure in ("jaccard", "lift", "npmi"))

    assert jaccard[0, 1] == pytest.approx(2 / 3)
    assert lift[0, 1] == pytest.approx((2 * 4) / (3 * 2))
    assert npmi[0, 1] == pytest.approx(np.log(4 / 3) / -np.log(2 / 4))
    assert npmi[0, 2] == -1
    assert np.diagonal(npmi) == pytest.approx(1)


def test_the_model_side_of_a_measure_uses_expected_counts() -> None:
    sums = sums_of(GOLD, PROBABILITIES)

    jaccard = audit_matrices(sums, "jaccard").model

    expected_pairs, expected_b = 1.5, 1.5
    assert jaccard[0, 1] == pytest.approx(expected_pairs / (3 + expected_b - expected_pairs))


def test_a_tag_without_held_out_documents_has_no_numbers() -> None:
    sums = sums_of(np.array([[1, 0], [1, 0]]), np.array([[0.5, 0.2], [0.5, 0.1]]))

    matrices = audit_matrices(sums)

    assert np.isnan(matrices.truth[1]).all()
    assert np.isnan(matrices.model[1]).all()
    assert matrices.truth[0, 1] == 0


def test_wilson_interval_of_two_in_three() -> None:
    low, high = truth_interval(sums_of(GOLD, PROBABILITIES))

    assert low[0, 1] == pytest.approx(0.2077, abs=1e-4)
    assert high[0, 1] == pytest.approx(0.9385, abs=1e-4)


def test_the_models_interval_is_the_mean_with_its_standard_error() -> None:
    low, high = model_interval(sums_of(GOLD, PROBABILITIES))

    reach = 1.959964 * np.std([0.6, 0.4, 0.5], ddof=1) / np.sqrt(3)
    assert low[0, 1] == pytest.approx(0.5 - reach)
    assert high[0, 1] == pytest.approx(0.5 + reach)
    assert np.isnan(low[2, 0])


def test_the_interval_of_the_difference_is_paired() -> None:
    low, high = difference_interval(sums_of(GOLD, PROBABILITIES))

    differences = np.array([0.6 - 1, 0.4 - 1, 0.5 - 0])
    reach = 1.959964 * np.std(differences, ddof=1) / np.sqrt(3)
    assert (low[0, 1], high[0, 1]) == pytest.approx((differences.mean() - reach, min(1, differences.mean() + reach)))


def test_rows_with_few_documents_are_marked_small() -> None:
    gold = np.zeros((30, 2), int)
    gold[:12, 0] = 1
    gold[12:14, 1] = 1

    sums = sums_of(gold, gold * 0.5)

    assert sums.small.tolist() == [False, True]


def test_differences_list_what_is_surely_larger_first_and_leave_out_small_rows_and_the_diagonal() -> None:
    gold = np.zeros((200, 4), int)
    gold[:100, 0] = 1  # a alone; the model ties b to it
    gold[100:195, [1, 2]] = 1  # b with c; the model misses c
    gold[195:, 3] = 1  # d has five documents only
    probabilities = np.zeros((200, 4))
    probabilities[:100, :2] = [0.9, 0.4]
    probabilities[100:195, 1:3] = [0.9, 0.2]
    probabilities[195:, :] = 0.9

    sums = sums_of(gold, probabilities)

    assert [(d.row, d.column) for d in over_links(sums)] == [(0, 1)]
    assert [(d.row, d.column) for d in under_links(sums)] == [(1, 2), (2, 1)]
    over = over_links(sums)[0]
    assert (over.n_row, over.n_both, over.truth.value) == (100, 0, 0)
    assert over.model.value == over.difference.value == pytest.approx(0.4)


def test_clustering_puts_tags_that_go_together_side_by_side() -> None:
    similarity = np.eye(4)
    for i, j in ((0, 2), (1, 3)):
        similarity[i, j] = similarity[j, i] = 0.9

    order = clustered_order(similarity).tolist()

    assert abs(order.index(0) - order.index(2)) == 1
    assert abs(order.index(1) - order.index(3)) == 1


def test_clustering_bears_one_tag_and_tags_without_numbers() -> None:
    nowhere = np.full((3, 3), np.nan)

    assert clustered_order(np.ones((1, 1))).tolist() == [0]
    assert sorted(clustered_order(nowhere).tolist()) == [0, 1, 2]


matrices_of_some_size = st.integers(1, 12).flatmap(
    lambda n_tags: st.tuples(
        arrays(np.int64, st.tuples(st.integers(1, 20), st.just(n_tags)), elements=st.integers(0, 1)),
        st.integers(0, 2**32 - 1),
    )
)


@given(matrices_of_some_size)
def test_whatever_the_documents_shares_lie_between_0_and_1_and_intervals_hold_their_value(
    given_matrix: tuple[np.ndarray, int],
) -> None:
    gold, seed = given_matrix
    probabilities = np.random.default_rng(seed).random(gold.shape)

    sums = sums_of(gold, probabilities)
    matrices = audit_matrices(sums)

    present = sums.tag_counts > 0
    assert np.diagonal(matrices.truth)[present] == pytest.approx(1)
    for matrix, (low, high) in ((matrices.truth, truth_interval(sums)), (matrices.model, model_interval(sums))):
        known = ~np.isnan(matrix) & ~np.isnan(low)
        assert ((matrix[known] >= -1e-12) & (matrix[known] <= 1 + 1e-12)).all()
        assert (low[known] <= matrix[known] + 1e-9).all()
        assert (high[known] >= matrix[known] - 1e-9).all()
    assert np.isnan(matrices.truth[~present]).all()
    assert sorted(clustered_order(matrices.truth).tolist()) == list(range(gold.shape[1]))


@given(matrices_of_some_size)
def test_a_model_that_knows_the_truth_differs_nowhere(given_matrix: tuple[np.ndarray, int]) -> None:
    gold, _seed = given_matrix

    sums = sums_of(gold, gold.astype(float))

    for measure in ("conditional", "jaccard", "lift", "npmi"):
        difference = audit_matrices(sums, measure).difference
        assert np.nan_to_num(difference) == pytest.approx(0)
    assert over_links(sums) == under_links(sums) == []
