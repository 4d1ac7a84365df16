"""Recipe `tfidf-logreg`: scikit-learn's logistic regression per tag over TF-IDF; quick, and the baseline."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.svm import LinearSVC

from recommender.ml.affordable import affordable_labels
from recommender.ml.configs import LogisticConfig, feature_limits
from recommender.ml.examples import Example, FloatArray, IntArray, label_counts
from recommender.ml.features import FeatureSpace, fit_feature_space, stacked
from recommender.ml.parts import ModelParts, TrainingTask, feature_parts, tokenised
from recommender.ml.text import Tokens


@dataclass(frozen=True)
class Coefficients:
    """Weights (n_labels, n_features) as a sparse matrix, and intercepts (n_labels,)."""

    weights: sparse.csr_matrix
    intercepts: FloatArray


def fit(task: TrainingTask) -> ModelParts:
    """Train on the task's examples; dev is not looked at."""
    config: LogisticConfig = task.config
    documents = tokenised(task.train, config.max_tokens, task.on_progress)
    space = fit_feature_space(documents, feature_limits(config))
    matrix = tfidf_matrix(space, documents)
    one = task.label_space.selection_mode == "one"
    coefficients = _fit_one(task, matrix) if one else _fit_many(task, matrix)
    return _parts(space, coefficients, config)


def tfidf_matrix(space: FeatureSpace, documents: Sequence[Tokens]) -> sparse.csr_matrix:
    """Shape (n_documents, n_features)."""
    bags = stacked([space.bag_of(tokens) for tokens in documents])
    weights = bags.weights.astype(np.float64)  # what scikit-learn computes in
    shape = (len(documents), space.n_features)
    return sparse.csr_matrix((weights, bags.features.astype(np.int32), bags.offsets.astype(np.int32)), shape)


@dataclass(frozen=True)
class _Cells:
    """Targets and weights of one label at a time, without a dense matrix of all labels."""

    rows_by_label: list[IntArray]
    overrides_by_label: dict[int, list[tuple[int, float]]]
    negative_weights: FloatArray

    def of(self, label: int) -> tuple[FloatArray, FloatArray]:
        """Targets and loss weights of a label's column, both of shape (n_examples,)."""
        targets = np.zeros(len(self.negative_weights), np.float32)
        targets[self.rows_by_label[label]] = 1.0
        weights = np.where(targets > 0, np.float32(1.0), self.negative_weights)
        for row, weight in self.overrides_by_label.get(label, ()):
            weights[row] = weight
        return targets, weights


def _cells(examples: Sequence[Example], n_labels: int) -> _Cells:
    rows: list[list[int]] = [[] for _ in range(n_labels)]
    overrides: dict[int, list[tuple[int, float]]] = {}
    for row, example in enumerate(examples):
        for label in set(example.labels):
            rows[label].append(row)
        for label, weight in example.label_weights.items():
            overrides.setdefault(label, []).append((row, weight))
    negative = np.array([example.unlabelled_weight for example in examples], np.float32)
    return _Cells([np.array(some, np.int64) for some in rows], overrides, negative)


def _fit_many(task: TrainingTask, matrix: sparse.csr_matrix) -> Coefficients:
    config: LogisticConfig = task.config
    n_labels = task.label_space.n_labels
    cells = _cells(task.train, n_labels)
    fitted: list[sparse.csr_matrix | None] = [None] * n_labels
    counts = label_counts(task.train, n_labels)
    intercepts = _prior_logits(counts, len(task.train))
    chosen = affordable_labels(counts, len(task.train), config.max_cells)

    def fit_label(place: int) -> None:
        label = int(chosen[place])
        targets, weights = cells.of(label)
        known = weights > 0
        if matrix.shape[1] == 0 or len(np.unique(targets[known])) < 2:
            return
        rows = matrix if known.all() else matrix[known]
        model = _classifier(config, rows.shape[0], task.seed)
        model.fit(rows, targets[known], sample_weight=weights[known])
        fitted[label] = _pruned(model.coef_, config.smallest_coefficient)
        intercepts[label] = model.intercept_[0]

    _in_threads(fit_label, len(chosen), config.threads, lambda done: task.on_progress("fitting tags", done))
    empty = sparse.csr_matrix((1, matrix.shape[1]), dtype=np.float32)
    return Coefficients(sparse.vstack([row if row is not None else empty for row in fitted]).tocsr(), intercepts)


def _classifier(config: LogisticConfig, n_rows: int, seed: int) -> SGDClassifier | LinearSVC:
    """Logistic regression by stochastic gradient descent: as good here as liblinear, and in less time.

    Unlike liblinear's dual it keeps its random state to itself, so that threads do not disturb each other; the support
    vector machine (Fan et al., JMLR 2008) is solved in its primal form, which draws no random numbers.
    """
    if config.loss == "squared-hinge":
        return LinearSVC(C=config.inverse_regularisation, dual=False)
    return SGDClassifier(
        loss="log_loss",
        alpha=1.0 / (config.inverse_regularisation * n_rows),
        max_iter=max(config.passes, -(-config.min_updates // n_rows)),
        tol=None,
        random_state=seed,
    )


def _fit_one(task: TrainingTask, matrix: sparse.csr_matrix) -> Coefficients:
    config: LogisticConfig = task.config
    n_labels = task.label_space.n_labels
    rows, labels, weights = _choices(task.train, n_labels)
    coefficients = np.zeros((n_labels, matrix.shape[1]), np.float32)
    intercepts = _prior_logits(label_counts(task.train, n_labels), len(task.train))
    present = np.unique(labels)
    task.on_progress("fitting tags", 0.0)
    if len(present) > 1 and matrix.shape[1]:
        model = _chooser(config, task.seed).fit(matrix[rows], labels, weights)
        _place(model, present, coefficients, intercepts)
    task.on_progress("fitting tags", 1.0)
    return Coefficients(_pruned(coefficients, config.smallest_coefficient), intercepts)


def _chooser(config: LogisticConfig, seed: int) -> LogisticRegression | LinearSVC:
    """For exactly one tag: a softmax, or one support vector machine a tag against the rest."""
    if config.loss == "squared-hinge":
        return LinearSVC(C=config.inverse_regularisation, dual=False)
    return LogisticRegression(C=config.inverse_regularisation, max_iter=100, tol=1e-3, random_state=seed)


def _place(
    model: LogisticRegression | LinearSVC, present: IntArray, coefficients: FloatArray, intercepts: FloatArray
) -> None:
    """Two classes come back as one row, the log odds of the second."""
    rows, offsets = model.coef_, model.intercept_
    if len(present) == 2:
        rows, offsets = np.vstack([-rows / 2, rows / 2]), np.concatenate([-offsets / 2, offsets / 2])
    coefficients[present] = rows
    absent = np.setdiff1d(np.arange(len(intercepts)), present)
    intercepts[present] = offsets
    intercepts[absent] = offsets.min() - np.log(2.0)


def _choices(examples: Sequence[Example], n_labels: int) -> tuple[IntArray, IntArray, FloatArray]:
    """Training rows for exactly one of n labels: (example, label, weight).

    A rejected label of an example without a right one becomes a vote for each other label, by frequency.
    """
    counts = label_counts(examples, n_labels).astype(np.float32)
    rows: list[tuple[int, int, float]] = []
    for row, example in enumerate(examples):
        rejected = {a: w for a, w in example.label_weights.items() if a not in example.labels and w > 0}
        for label in example.labels[:1]:
            rows.append((row, label, example.label_weights.get(label, 1.0) + sum(rejected.values())))
        if not example.labels and rejected:
            rows += _votes_against(row, rejected, counts)
    picked = [entry for entry in rows if entry[2] > 0]
    columns = list(zip(*picked, strict=True)) or [(), (), ()]
    return np.array(columns[0], np.int64), np.array(columns[1], np.int64), np.array(columns[2], np.float32)


def _votes_against(row: int, rejected: dict[int, float], counts: FloatArray) -> list[tuple[int, int, float]]:
    others = counts.copy()
    others[list(rejected)] = 0.0
    if not others.any():
        return []
    shares = others / others.sum() * sum(rejected.values())
    return [(row, int(label), float(shares[label])) for label in np.flatnonzero(shares)]


def _prior_logits(counts: IntArray, n_examples: int) -> FloatArray:
    share = (counts + 0.5) / (n_examples + 1.0)
    logits: FloatArray = np.log(share / np.maximum(1.0 - share, 1e-6)).astype(np.float32)
    return logits


def _pruned(weights: FloatArray, smallest: float) -> sparse.csr_matrix:
    kept = np.where(np.abs(weights) >= smallest, weights, 0.0)
    return sparse.csr_matrix(kept.astype(np.float32))


def _in_threads(work: Callable[[int], None], n_items: int, threads: int, on_progress: Callable[[float], None]) -> None:
    """The fitting lets go of the interpreter, so threads are enough; an exception drops what has not begun."""
    with ThreadPoolExecutor(threads) as pool:
        try:
            for done, future in enumerate(as_completed([pool.submit(work, item) for item in range(n_items)]), 1):
                future.result()
                on_progress(done / n_items)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _parts(space: FeatureSpace, coefficients: Coefficients, config: LogisticConfig) -> ModelParts:
    by_feature = coefficients.weights.T.tocsr()
    by_feature.sort_indices()
    tensors = feature_parts(space) | {
        "offsets": by_feature.indptr.astype(np.int32),
        "labels": by_feature.indices.astype(np.int32),
        "values": by_feature.data.astype(np.float16),
        "intercepts": coefficients.intercepts,
    }
    settings = {"title_weight": space.title_weight, "weighting": space.weighting, "max_tokens": config.max_tokens}
    return ModelParts(settings, space.words, tensors)
