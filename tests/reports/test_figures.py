"""Figures over held-out cells, with numbers worked by hand."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from recommender.ml.live_figures import wilson_interval
from recommender.ml.metrics import expected_calibration_error
from recommender.reports.figures import (
    Cells,
    at_own_thresholds,
    at_threshold,
    bands,
    cells_of,
    lowest_threshold,
    reliability,
    tag_figures,
    threshold_curve,
)

GOLD = [[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 0]]
PROBABILITIES = [[0.9, 0.2, 0.0], [0.6, 0.6, 0.0], [0.6, 0.0, 0.3], [0.0, 0.1, 0.0]]


@pytest.fixture
def cells() -> Cells:
    """Four documents, three tags; the second tag of the third document is true and was not kept."""
    return cells_of(csr_matrix(GOLD), csr_matrix(PROBABILITIES))


def test_cells_know_what_is_true_and_what_was_not_kept(cells: Cells) -> None:
    assert (cells.n_documents, cells.n_labels, cells.n_cells, cells.n_true) == (4, 3, 12, 4)
    assert len(cells.labels) == 7
    assert int(cells.is_true.sum()) == 3
    assert cells.true_counts.tolist() == [2, 2, 0]


def test_matrices_of_different_documents_are_refused() -> None:
    with pytest.raises(ValueError, match="gold is"):
        cells_of(csr_matrix(np.ones((2, 3))), csr_matrix(np.ones((3, 3))))


def test_one_threshold_for_all_tags(cells: Cells) -> None:
    found = at_threshold(cells, 0.5)

    assert (found.n_suggested, found.n_right) == (4, 3)
    assert (found.precision, found.recall, found.per_document) == (0.75, 0.75, 1.0)
    assert found.f1 == pytest.approx(2 * 3 / (4 + 4))
    assert found.precision_low < 0.75 < found.precision_high


def test_every_tag_at_its_own_threshold(cells: Cells) -> None:
    found = at_own_thresholds(cells, np.array([0.7, 0.1, 0.3]))

    assert (found.n_suggested, found.n_right) == (5, 2)  # 0.9 of the first; 0.2, 0.6, 0.1 of the second; 0.3
    assert found.precision == pytest.approx(0.4)


def test_nothing_suggested_has_no_precision(cells: Cells) -> None:
    found = at_threshold(cells, 0.95)

    assert np.isnan(found.precision)
    assert (found.recall, found.f1, found.per_document) == (0, 0, 0)


def test_the_lowest_threshold_never_splits_equal_probabilities(cells: Cells) -> None:
    at_nine_tenths, at_half = lowest_threshold(cells, 0.9), lowest_threshold(cells, 0.6)

    assert at_nine_tenths is not None
    assert at_nine_tenths.threshold == 0.9  # two of the three at 0.6 are true: 3 of 4 with the first
    assert at_half is not None
    assert (at_half.threshold, at_half.precision) == (0.3, 0.6)


def test_a_target_that_no_threshold_reaches_has_none() -> None:
    never = cells_of(csr_matrix([[0, 1]]), csr_matrix([[0.9, 0.2]]))

    assert lowest_threshold(never, 0.8) is None


def test_the_curve_follows_the_thresholds(cells: Cells) -> None:
    curve = threshold_curve(cells, np.array([0.05, 0.5, 0.8]))

    assert [point.n_suggested for point in curve] == [7, 4, 1]
    assert [round(point.recall, 2) for point in curve] == [0.75, 0.75, 0.25]


def test_reliability_counts_every_cell_once(cells: Cells) -> None:
    found = reliability(cells, n_bins=2)

    low, high = found.bins
    assert (low.n_cells, high.n_cells) == (8, 4)
    assert low.confidence == pytest.approx((0.2 + 0.3 + 0.1) / 8)
    assert (low.frequency, high.frequency) == (1 / 8, 3 / 4)
    assert high.confidence == pytest.approx((0.9 + 0.6 * 3) / 4)
    assert found.error == pytest.approx((abs(0.6 - 1) + abs(2.7 - 3)) / 12)
    assert found.error_of_likely == pytest.approx(0.3 / 4)


def test_the_calibration_error_is_the_one_that_training_reports(cells: Cells) -> None:
    dice = np.random.default_rng(3)
    probabilities = dice.uniform(0, 1, (50, 20))
    gold = dice.uniform(0, 1, (50, 20)) < probabilities**2

    found = reliability(cells_of(csr_matrix(gold), csr_matrix(probabilities)))

    assert found.error == pytest.approx(expected_calibration_error(gold, probabilities.astype(np.float32)))


def test_a_probability_of_one_lies_in_the_highest_bin() -> None:
    found = reliability(cells_of(csr_matrix([[1]]), csr_matrix([[1.0]])))

    assert [each.n_cells for each in found.bins] == [0] * 14 + [1]
    assert np.isnan(found.bins[0].frequency)


def test_wilsons_interval_is_the_one_in_the_books() -> None:
    assert wilson_interval(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson_interval(0, 5)[0] == 0
    assert np.isnan(wilson_interval(0, 0)).all()


def test_each_tag_has_its_figures(cells: Cells) -> None:
    found = tag_figures(cells, np.array([0.5, 0.5, 0.2]), np.array([100, 5, 0]))

    assert found.n_suggested.tolist() == [3, 1, 1]
    assert found.n_right.tolist() == [2, 1, 0]
    assert found.precision.tolist() == pytest.approx([2 / 3, 1, 0])
    assert found.recall.tolist() == pytest.approx([1, 0.5, np.nan], nan_ok=True)
    assert found.f1.tolist() == pytest.approx([4 / 5, 2 / 3, 0])
    assert found.loss.tolist() == pytest.approx([0.2 * 2, 2 / 3, 0])


def test_tags_are_banded_by_the_documents_that_they_learnt_from(cells: Cells) -> None:
    figures = tag_figures(cells, np.full(3, 0.5), np.array([100, 5, 0]))

    found = bands(figures, edges=(1, 10))

    assert [(band.low, band.high, band.n_tags, band.n_true) for band in found] == [
        (0, 1, 1, 0),
        (1, 10, 1, 2),
        (10, None, 1, 2),
    ]
    assert np.isnan(found[0].macro_f1)
    assert found[1].macro_f1 == pytest.approx(2 / 3)
    assert found[2].micro_f1 == pytest.approx(4 / 5)
