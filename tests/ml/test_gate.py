"""The gate: hand-worked criteria, and properties that hold for any pair of versions."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from recommender.ml import Text, label_counts
from recommender.ml.evaluation import Evaluation
from recommender.ml.examples import Example, LabelSpace
from recommender.ml.gate import (
    Criterion,
    Limits,
    Loss,
    UsedLabels,
    acceptable_loss,
    blind_criterion,
    budget,
    holm,
    labels_kept,
    percentile_95,
    quality_criteria,
    sign_test,
    tag_recall,
)
from recommender.ml.held_out import kept_predictions
from recommender.ml.highest import top_labels
from recommender.ml.judged import JudgedAnswers, best_cut, judged_answers
from recommender.ml.metrics import expected_calibration_error, macro_f1, micro_f1, ndcg_at_k, recall_at_k

K = 3
fractions = st.floats(-1, 1, allow_nan=False)


def documents_with(gold: np.ndarray) -> list[Example]:
    return [Example(Text("", ""), tuple(np.flatnonzero(row).tolist()), f"d{i}") for i, row in enumerate(gold)]


def answers_of(
    gold: np.ndarray, probabilities: np.ndarray, thresholds: np.ndarray | None = None, space: LabelSpace | None = None
) -> JudgedAnswers:
    n_labels = gold.shape[1]
    space = space or LabelSpace(tuple(f"tag{label}" for label in range(n_labels)))
    chances = probabilities.astype(np.float32)
    predictions = kept_predictions(space, documents_with(gold), chances)
    ndcg = ndcg_at_k(gold, top_labels(chances, 10), 5)
    limits = np.full(n_labels, 0.5, np.float32) if thresholds is None else thresholds
    return judged_answers(Evaluation({}, predictions.document_ids, ndcg, predictions), limits, k=K)


def world(seed: int, n_documents: int = 200, n_labels: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Gold cells, and probabilities that know something of them."""
    rng = np.random.default_rng(seed)
    truth = rng.beta(0.6, 1.5, (n_documents, n_labels))
    return rng.random(truth.shape) < truth, truth


def used(gold: np.ndarray) -> UsedLabels:
    return UsedLabels([f"tag{i}" for i in range(gold.shape[1])], label_counts(documents_with(gold), gold.shape[1]))


def judge(new: JudgedAnswers, old: JudgedAnswers, labels: UsedLabels, **limits: object) -> dict[str, Criterion]:
    criteria = quality_criteria(new, old, used=labels, limits=Limits(**limits), seed=1)  # type: ignore[arg-type]
    return {criterion.name: criterion for criterion in criteria}


def test_values_are_those_of_the_measures_on_the_documents_that_bear_a_tag() -> None:
    gold, chances = world(1)
    gold[:7] = False
    counts = np.array([50, 3, 40, 2, 30, 5], np.int64)

    answers = answers_of(gold, chances)
    found = judge(answers, answers, UsedLabels([f"tag{i}" for i in range(6)], counts))

    bears = gold.any(axis=1)
    kept, p = gold[bears], chances[bears].astype(np.float32)
    first = top_labels(p, K)
    shown = np.take_along_axis(p, first, 1), np.take_along_axis(kept, first, 1)
    assert found["ndcg_at_5"].value == pytest.approx(ndcg_at_k(kept, top_labels(p, 10), 5).mean())
    assert found["micro_f1"].value == pytest.approx(micro_f1(kept, p >= 0.5))
    assert found["macro_f1_tail"].value == pytest.approx(macro_f1(kept, p >= 0.5, counts).tail)
    assert found["calibration_error"].value == pytest.approx(expected_calibration_error(shown[1], shown[0]))
    assert found["ndcg_at_5"].n == len(kept) and found["macro_f1_tail"].n == 3


def test_recall_of_the_top_tags_counts_what_stands_among_the_first_suggestions() -> None:
    gold = np.zeros((40, 4), bool)
    gold[:, 0] = True
    chances = np.tile([0.9, 0.5, 0.4, 0.3], (40, 1))
    worse = chances.copy()
    worse[:12, 0] = 0.1

    found = tag_recall(answers_of(gold, worse), answers_of(gold, chances), used=used(gold), limits=Limits())

    assert found.passed is False
    assert [found.value, found.champion, found.change] == pytest.approx([0.7, 1.0, -0.3])
    assert [(loss.tag_id, loss.n_documents, loss.certain) for loss in found.tags] == [("tag0", 40, True)]
    assert recall_at_k(gold, top_labels(worse.astype(np.float32), K), K).mean() == pytest.approx(found.value)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_the_best_cut_is_that_of_the_dense_matrix(seed: int) -> None:
    gold, chances = world(seed, n_documents=30)
    rows = np.flatnonzero(np.random.default_rng(seed).random(30) < 0.7)
    predictions = kept_predictions(
        LabelSpace(tuple(f"tag{i}" for i in range(6))), documents_with(gold), chances.astype(np.float32)
    )

    cut = best_cut(predictions, rows)

    p = chances.astype(np.float32)[rows]
    at_cut = [micro_f1(gold[rows], p >= each) for each in (cut, *np.unique(p))]
    assert at_cut[0] == pytest.approx(max(at_cut))


def test_without_a_right_prediction_no_cut_is_best() -> None:
    gold = np.zeros((5, 3), bool)
    predictions = kept_predictions(LabelSpace(("a", "b", "c")), documents_with(gold), np.full((5, 3), 0.2, np.float32))

    assert best_cut(predictions, np.arange(5)) == 1.0


def test_a_tag_with_few_documents_decides_nothing() -> None:
    gold = np.zeros((40, 4), bool)
    gold[:, 0], gold[:4, 1] = True, True
    chances = np.tile([0.9, 0.8, 0.4, 0.3], (40, 1))
    worse = chances.copy()
    worse[:, 1] = 0.1
    old, new = answers_of(gold, chances), answers_of(gold, worse)

    few = tag_recall(new, old, used=used(gold), limits=Limits())
    enough = tag_recall(new, old, used=used(gold), limits=Limits(fewest_documents=4))

    assert few.passed and few.n == 1 and few.tags == ()
    assert enough.passed, "four documents out of four could be chance"
    assert [(loss.tag_id, loss.certain) for loss in enough.tags] == [("tag1", False)]


@given(lost=st.integers(0, 60), won=st.integers(0, 60))
def test_the_sign_test_is_the_binomial_test(lost: int, won: int) -> None:
    expected = stats.binomtest(lost, lost + won, 0.5, "greater").pvalue if lost + won else 1.0

    assert sign_test(lost, won) == pytest.approx(expected)


def test_holm_shares_the_level_among_the_hypotheses() -> None:
    assert holm([0.01, 0.04, 0.03], 0.05) == [True, False, False]
    assert holm([0.01, 0.02, 0.025], 0.05) == [True, True, True]
    assert holm([], 0.05) == []


@given(chances=st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_rejects_no_less_than_bonferroni_and_no_more_than_each_alone(chances: list[float]) -> None:
    rejected = holm(chances, 0.05)

    assert all(got or chance > 0.05 / len(chances) for got, chance in zip(rejected, chances, strict=True))
    assert all(chance <= 0.05 for got, chance in zip(rejected, chances, strict=True) if got)


@given(value=fractions, down=st.floats(0, 1), up=st.floats(0, 1), limit=st.floats(0, 0.5))
def test_what_a_strict_gate_lets_through_a_lenient_one_does_too(
    value: float, down: float, up: float, limit: float
) -> None:
    loss = Loss(value, value - down, value + up)

    strict, balanced, lenient = (acceptable_loss(loss, limit, d) for d in ("strict", "balanced", "lenient"))

    assert strict <= balanced <= lenient


@given(value=fractions, down=st.floats(0, 1), up=st.floats(0, 1), limit=st.floats(0, 0.5), more=st.floats(0, 0.5))
def test_a_greater_limit_never_stops_what_a_smaller_one_lets_through(
    value: float, down: float, up: float, limit: float, more: float
) -> None:
    loss = Loss(value, value - down, value + up)

    for doubt in ("strict", "balanced", "lenient"):
        assert acceptable_loss(loss, limit, doubt) <= acceptable_loss(loss, limit + more, doubt)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_a_version_passes_beside_itself_whatever_the_limits(seed: int) -> None:
    gold, chances = world(seed, n_documents=40)
    answers = answers_of(gold, chances)
    zero = {"ndcg_at_5": 0.0, "micro_f1": 0.0, "macro_f1_tail": 0.0, "calibration_error": 0.0, "tag_recall": 0.0}

    found = judge(answers, answers, used(gold), doubt="strict", **zero)

    assert all(criterion.passed for criterion in found.values())
    assert all(criterion.change in (0.0, None) for criterion in found.values())


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_changing_sides_turns_each_change_round(seed: int) -> None:
    gold, chances = world(seed, n_documents=60)
    other = np.clip(chances + np.random.default_rng(seed).normal(0, 0.2, chances.shape), 0, 1)
    a, b = answers_of(gold, chances), answers_of(gold, other)

    there, back = judge(a, b, used(gold)), judge(b, a, used(gold))

    for name in ("ndcg_at_5", "micro_f1", "calibration_error"):
        one, two = there[name], back[name]
        assert one.change is not None and one.low is not None and two.high is not None
        assert one.change == pytest.approx(-(two.change or 0.0))
        assert one.low == pytest.approx(-two.high, abs=1e-9)
        assert one.low <= (one.high or 0.0)


def test_noise_in_the_ranking_and_overconfidence_are_stopped_by_name() -> None:
    gold, chances = world(3, n_documents=600)
    noise = np.random.default_rng(1).random(chances.shape)
    old = answers_of(gold, chances)

    noisy = judge(answers_of(gold, 0.4 * chances + 0.6 * noise), old, used(gold))
    sure = judge(answers_of(gold, chances**0.3), old, used(gold))

    assert not noisy["ndcg_at_5"].passed and not noisy["micro_f1"].passed
    assert not sure["calibration_error"].passed and sure["ndcg_at_5"].passed


def one_too_sure(n_documents: int) -> tuple[JudgedAnswers, JudgedAnswers, UsedLabels]:
    """A version that is too sure of itself, and the champion; every label is in the tail."""
    gold, chances = world(5, n_documents=n_documents)
    noise = np.random.default_rng(7).normal(0, 0.06, chances.shape)
    new = answers_of(gold, np.clip(chances**0.2 + noise, 0, 1))
    return new, answers_of(gold, chances), UsedLabels([f"tag{i}" for i in range(6)], np.full(6, 3))


def test_few_documents_stop_nothing_that_may_be_chance_and_enough_of_them_do() -> None:
    new, old, labels = one_too_sure(90)

    few = judge(new, old, labels, enough_documents=100)
    enough = judge(new, old, labels, enough_documents=50)

    assert {name for name, each in few.items() if not each.decides} == {"macro_f1_tail", "calibration_error"}
    assert not enough["calibration_error"].passed and few["calibration_error"].passed
    assert few["calibration_error"].change == enough["calibration_error"].change
    assert all(each.decides for each in enough.values())


def test_few_documents_still_stop_what_is_worse_beyond_chance() -> None:
    gold, chances = world(3, n_documents=60)
    useless = answers_of(gold, np.random.default_rng(1).random(chances.shape))

    found = judge(useless, answers_of(gold, chances), used(gold), enough_documents=100)

    assert not found["ndcg_at_5"].passed


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_a_strict_gate_stays_strict_with_few_documents(seed: int) -> None:
    gold, chances = world(seed, n_documents=40)
    other = np.clip(chances + np.random.default_rng(seed).normal(0, 0.2, chances.shape), 0, 1)
    sides = answers_of(gold, other), answers_of(gold, chances)

    few, enough = (judge(*sides, used(gold), doubt="strict", enough_documents=n) for n in (100, 10))

    assert [few[name].passed for name in ("ndcg_at_5", "micro_f1")] == [
        enough[name].passed for name in ("ndcg_at_5", "micro_f1")
    ]


def test_equal_seeds_give_equal_intervals() -> None:
    gold, chances = world(4)
    old, new = answers_of(gold, chances), answers_of(gold, chances**2)

    assert judge(new, old, used(gold)) == judge(new, old, used(gold))


def test_the_interval_covers_the_true_difference_about_as_often_as_it_says() -> None:
    """Two versions of equal quality by making: the interval of nDCG@5 holds 0 in about 38 of 40 worlds."""
    held = 0
    for seed in range(40):
        gold, truth = world(seed, n_documents=80)
        noise = np.random.default_rng(seed).normal(0, 0.3, (2, *truth.shape))
        a, b = (answers_of(gold, np.clip(truth + each, 0, 1)) for each in noise)
        change = blind_criterion(a, b, limits=Limits(), seed=seed)
        assert change.low is not None and change.high is not None
        held += change.low <= 0 <= change.high

    assert held >= 34


def test_of_labels_that_exclude_each_other_the_surest_alone_is_predicted_and_shown() -> None:
    space = LabelSpace(("a", "b", "c", "d"), exclusive_groups=((0, 1), (2, 3)))
    gold = np.array([[True, False, True, False]])

    answers = answers_of(gold, np.array([[0.6, 0.7, 0.9, 0.8]]), space=space)

    assert answers.predicted.toarray().tolist() == [[0, 1, 1, 0]]
    assert answers.found.toarray().tolist() == [[0, 0, 1, 0]]


def test_what_cannot_be_measured_passes_and_has_no_value() -> None:
    gold = np.zeros((5, 3), bool)
    answers = answers_of(gold, np.full(gold.shape, 0.2))

    found = judge(answers, answers, UsedLabels(("a", "b", "c"), np.array([50, 50, 50])))

    assert all(criterion.passed and criterion.value is None for criterion in found.values())


def test_no_tail_tag_among_the_documents_leaves_its_line_empty() -> None:
    gold, chances = world(5)
    answers = answers_of(gold, chances)

    found = judge(answers, answers, UsedLabels([f"tag{i}" for i in range(6)], np.full(6, 50)))

    assert found["macro_f1_tail"].value is None and found["macro_f1_tail"].passed
    assert found["micro_f1"].value is not None


def test_budgets_have_an_upper_end_and_nothing_else() -> None:
    within, over = (budget("latency_ms", value, limit=500, champion=20) for value in (500.0, 500.1))

    assert (within.passed, over.passed) == (True, False)
    assert over.change == pytest.approx(480.1)


@pytest.mark.parametrize(
    ("new", "moved"), [(("a", "b", "c"), 0), (("a", "b"), 0), (("b", "a"), 2), (("a",), 1), ((), 2)]
)
def test_the_label_index_only_grows_at_its_end(new: tuple[str, ...], moved: int) -> None:
    found = labels_kept(new, ("a", "b"))

    assert (found.passed, found.value) == (moved == 0, moved)


def test_the_95th_percentile_of_times() -> None:
    assert percentile_95(range(101)) == 95.0


def test_the_criteria_are_plain_json() -> None:
    gold, chances = world(6)
    answers = answers_of(gold, chances)

    stored = judge(answers, answers, used(gold))["micro_f1"].as_dict()

    assert stored["name"] == "micro_f1" and stored["passed"] is True
    assert all(not isinstance(value, float) or math.isfinite(value) for value in stored.values())
