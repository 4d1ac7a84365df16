"""The gate that a new version passes before it answers: criteria with value, limit and interval, beside the champion.

Differences are taken document by document and resampled together (paired bootstrap, Koehn, EMNLP 2004), so that what
is hard for both versions cancels out.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np
from scipy import sparse

from recommender.ml.examples import IntArray
from recommender.ml.judged import JudgedAnswers
from recommender.ml.metrics import TAIL_BELOW_DOCUMENTS, Doubles

Doubt = Literal["strict", "balanced", "lenient"]
CriterionName = Literal[
    "ndcg_at_5",
    "blind_ndcg_at_5",
    "micro_f1",
    "macro_f1_tail",
    "calibration_error",
    "tag_recall",
    "latency_ms",
    "size_mb",
    "labels_kept",
]
_N_RESAMPLES = 1000
_CELLS_A_BLOCK = 2_000_000
_ENDS = (0.025, 0.975)
_SIGNIFICANCE = 0.05
_MOST_TAGS_NAMED = 10


@dataclass(frozen=True)
class Limits:
    """How much may be lost; shares are of 1."""

    ndcg_at_5: float = 0.005
    micro_f1: float = 0.01
    macro_f1_tail: float = 0.02
    calibration_error: float = 0.02
    tag_recall: float = 0.1
    n_top_tags: int = 50
    fewest_documents: int = 10  # of a tag; with fewer its recall decides nothing
    enough_documents: int = 100  # with fewer, chance is greater than any limit: see `quality_criteria`
    doubt: Doubt = "balanced"


@dataclass(frozen=True)
class UsedLabels:
    """The labels that both versions rank: their tags, and how many training documents each has, (n_labels,)."""

    tag_ids: Sequence[str]
    n_documents: IntArray


@dataclass(frozen=True)
class TagLoss:
    """A tag that is found less often than the champion finds it; `certain` where chance is no explanation."""

    tag_id: str
    n_documents: int
    recall: float
    champion_recall: float
    certain: bool


@dataclass(frozen=True)
class Criterion:
    """One line of the gate. What could not be measured is None and passes; so does what does not decide.

    `change` is new minus champion with the ends of its 95 % interval; `limit` the greatest loss, or a budget.
    """

    name: CriterionName
    passed: bool
    limit: float
    value: float | None = None
    champion: float | None = None
    change: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0  # documents, or tags, that it stands on
    decides: bool = True
    tags: tuple[TagLoss, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Loss(NamedTuple):
    """How much was lost (below 0: won), with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


def acceptable_loss(loss: Loss, limit: float, doubt: Doubt) -> bool:
    """Whether a loss may go live.

    Lenient: unless it is beyond the limit and beyond chance. Balanced: unless what was measured is beyond the limit,
    or surely a loss of more than half of it. Strict: only where even the end of the interval is within the limit.
    """
    beyond_chance = loss.low > 0
    if doubt == "lenient":
        return not (loss.value > limit and beyond_chance)
    balanced = loss.value <= limit and not (beyond_chance and loss.value > limit / 2)
    return balanced and (doubt == "balanced" or loss.high <= limit)


def quality_criteria(
    new: JudgedAnswers, old: JudgedAnswers, *, used: UsedLabels, limits: Limits, seed: int
) -> list[Criterion]:
    """The new version beside the champion on the same documents, those with a gold label.

    Tail labels have fewer than 10 training documents. With fewer than `limits.enough_documents` a loss of nDCG@5 or
    micro F1 must be beyond chance to block (unless the doubt is strict), and tail labels and calibration decide
    nothing: their intervals know nothing of what is missing among so few documents, nor of the calibration's own.
    """
    if new.gold.shape != old.gold.shape:
        raise ValueError(f"{new.gold.shape} and {old.gold.shape} are not the same documents and labels")
    labelled = np.flatnonzero(np.diff(new.gold.indptr) > 0)
    new, old = new.at(labelled), old.at(labelled)
    tail = np.flatnonzero((used.n_documents < TAIL_BELOW_DOCUMENTS) & (np.asarray(new.gold.sum(axis=0)).ravel() > 0))
    changes = _changes(new, old, tail, np.random.default_rng(seed))
    enough = len(labelled) >= limits.enough_documents
    doubt: Doubt = "lenient" if not enough and limits.doubt == "balanced" else limits.doubt
    gains = {"ndcg_at_5": limits.ndcg_at_5, "micro_f1": limits.micro_f1, "macro_f1_tail": limits.macro_f1_tail}
    doubts: dict[str, Doubt] = {"macro_f1_tail": "lenient", "calibration_error": "lenient"}
    allowed = gains | {"calibration_error": limits.calibration_error}
    compared = [
        _compared(name, changes[name], limit, doubts.get(name, doubt))  # type: ignore[arg-type]
        for name, limit in allowed.items()
    ]
    if not enough:
        compared = [_undecided(each) if each.name in doubts else each for each in compared]
    return [*compared, tag_recall(new, old, used=used, limits=limits)]


def blind_criterion(new: JudgedAnswers, old: JudgedAnswers, *, limits: Limits, seed: int) -> Criterion:
    """nDCG@5 on documents that people tagged without having seen suggestions; blocks only beyond chance."""
    rows = np.flatnonzero(np.diff(new.gold.indptr) > 0)
    change = _changes(new.at(rows), old.at(rows), np.empty(0, np.int64), np.random.default_rng(seed))["ndcg_at_5"]
    return _compared("blind_ndcg_at_5", change, limits.ndcg_at_5, "lenient")


def tag_recall(new: JudgedAnswers, old: JudgedAnswers, *, used: UsedLabels, limits: Limits) -> Criterion:
    """Recall among the first suggestions of each of the most used tags that have enough documents.

    A tag blocks where its loss is beyond the limit and beyond chance: an exact sign test on the documents on which the
    versions differ (McNemar, 1947), its level shared among the tags by Holm's method (1979).
    """
    n_gold, n_new, n_old, n_both = (
        np.asarray(matrix.sum(axis=0)).ravel().astype(np.int64)
        for matrix in (new.gold, new.found, old.found, new.found.multiply(old.found))
    )
    top = np.argsort(-used.n_documents, kind="stable")[: limits.n_top_tags]
    tested = top[n_gold[top] >= max(limits.fewest_documents, 1)]
    if len(tested) == 0:
        return Criterion("tag_recall", passed=True, limit=limits.tag_recall)
    chances = [sign_test(int(n_old[label] - n_both[label]), int(n_new[label] - n_both[label])) for label in tested]
    certain = dict(zip(tested.tolist(), holm(chances, _SIGNIFICANCE), strict=True))
    changes = {label: float(n_new[label] - n_old[label]) / float(n_gold[label]) for label in certain}
    lost = [label for label in sorted(changes, key=changes.__getitem__) if changes[label] < -limits.tag_recall]
    losses = [
        TagLoss(
            used.tag_ids[label],
            int(n_gold[label]),
            float(n_new[label] / n_gold[label]),
            float(n_old[label] / n_gold[label]),
            certain[label],
        )
        for label in lost
    ]
    losses.sort(key=lambda loss: not loss.certain)
    return Criterion(
        "tag_recall",
        passed=not any(loss.certain for loss in losses),
        limit=limits.tag_recall,
        value=float(n_new[tested].sum() / n_gold[tested].sum()),
        champion=float(n_old[tested].sum() / n_gold[tested].sum()),
        change=min(changes.values()),
        n=len(tested),
        tags=tuple(losses[:_MOST_TAGS_NAMED]),
    )


def budget(name: CriterionName, value: float, *, limit: float, champion: float | None = None) -> Criterion:
    """A cost that has an upper bound, whatever the champion costs."""
    change = None if champion is None else value - champion
    return Criterion(name, value <= limit, limit, value, champion, change)


def labels_kept(new: Sequence[str], old: Sequence[str]) -> Criterion:
    """The label index grows at its end alone: every label of the champion stands for the same tag still."""
    moved = sum(label >= len(new) or new[label] != tag_id for label, tag_id in enumerate(old))
    return Criterion("labels_kept", moved == 0, 0, float(moved), n=len(old))


def sign_test(n_lost: int, n_won: int) -> float:
    """Chance of at least so many losses where losing and winning are equally likely."""
    n = n_lost + n_won
    return float(sum(math.comb(n, lost) for lost in range(n_lost, n + 1)) / 2**n)


def holm(chances: Sequence[float], significance: float) -> list[bool]:
    """Which of the hypotheses are rejected when all of them together may err with `significance` (Holm, 1979)."""
    rejected = [False] * len(chances)
    for n_before, place in enumerate(sorted(range(len(chances)), key=chances.__getitem__)):
        if chances[place] > significance / (len(chances) - n_before):
            break
        rejected[place] = True
    return rejected


def percentile_95(seconds: Iterable[float]) -> float:
    """The time that 19 of 20 stay within, in the unit given."""
    return float(np.quantile(np.fromiter(seconds, np.float64), 0.95))


@dataclass(frozen=True)
class _Change:
    """A measure of both versions; resampled differences, new minus old, shape (n_resamples,)."""

    new: float
    old: float
    differences: Doubles
    n: int


def _compared(name: CriterionName, change: _Change, limit: float, doubt: Doubt) -> Criterion:
    known = change.differences[~np.isnan(change.differences)]
    if math.isnan(change.new) or math.isnan(change.old) or len(known) == 0:
        return Criterion(name, passed=True, limit=limit)
    difference = change.new - change.old
    low, high = (float(end) for end in np.quantile(known, _ENDS))
    grows = name == "calibration_error"  # an error that grows is a loss
    loss = Loss(difference, low, high) if grows else Loss(-difference, -high, -low)
    passed = acceptable_loss(loss, limit, doubt)
    return Criterion(name, passed, limit, change.new, change.old, difference, low, high, change.n)


def _undecided(criterion: Criterion) -> Criterion:
    """What was measured, without a say."""
    return criterion if criterion.value is None else replace(criterion, passed=True, decides=False)


def _changes(new: JudgedAnswers, old: JudgedAnswers, tail: IntArray, rng: np.random.Generator) -> dict[str, _Change]:
    n = new.n_documents
    sides = _Side(new, tail), _Side(old, tail)
    at_all = [side.values(np.ones((1, n))) for side in sides]
    block = max(1, _CELLS_A_BLOCK // max(n, 1))
    resampled: dict[str, list[Doubles]] = {name: [] for name in at_all[0]}
    for start in range(0, _N_RESAMPLES if n else 0, block):
        n_resamples = min(block, _N_RESAMPLES - start)
        times = np.stack([np.bincount(rng.integers(0, n, n), minlength=n) for _ in range(n_resamples)])
        after, before = (side.values(times.astype(np.float64)) for side in sides)
        for name, values in resampled.items():
            values.append(after[name] - before[name])
    n_by_name = {"macro_f1_tail": len(tail)}
    return {
        name: _Change(
            float(at_all[0][name][0]),
            float(at_all[1][name][0]),
            np.concatenate(values) if values else np.empty(0),
            n_by_name.get(name, n),
        )
        for name, values in resampled.items()
    }


class _Side:
    """The measures of one version as functions of how often each document was drawn."""

    def __init__(self, answers: JudgedAnswers, tail: IntArray) -> None:
        self._ndcg = np.nan_to_num(answers.ndcg_at_5)
        matrices = (answers.gold, answers.right, answers.predicted)
        self._counts = np.stack([np.asarray(matrix.sum(axis=1)).ravel() for matrix in matrices], axis=1)
        self._tail = [sparse.csr_matrix(matrix[:, tail].T) for matrix in matrices]
        self._gaps = answers.confidence - answers.hits
        self._n_shown = answers.n_shown.astype(np.float64)

    def values(self, times: Doubles) -> dict[str, Doubles]:
        """By measure, shape (n_resamples,), nan where nothing can be measured; `times` (n_resamples, n_documents)."""
        n_gold, n_right, n_predicted = (times @ self._counts).T
        gaps = np.abs(times @ self._gaps).sum(axis=1)
        return {
            "ndcg_at_5": _ratio(times @ self._ndcg, times.sum(axis=1)),
            "micro_f1": _ratio(2 * n_right, n_gold + n_predicted),
            "macro_f1_tail": self._macro_f1_of_tail(times),
            "calibration_error": _ratio(gaps, times @ self._n_shown),
        }

    def _macro_f1_of_tail(self, times: Doubles) -> Doubles:
        """Mean over the tail labels that the drawn documents bear."""
        n_gold, n_right, n_predicted = (np.asarray(matrix @ times.T) for matrix in self._tail)
        f1 = 2 * n_right / np.maximum(n_gold + n_predicted, 1)
        present = n_gold > 0
        return _ratio((f1 * present).sum(axis=0), present.sum(axis=0).astype(np.float64))


def _ratio(above: Doubles, below: Doubles) -> Doubles:
    filled = below > 0
    return np.where(filled, above / np.where(filled, below, 1.0), np.nan)
