"""Updates the fusion: sources anew, their weighing from the parent, calibration from what the parent never saw."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy import sparse

from recommender.ml.examples import Example, FloatArray
from recommender.ml.fusion.calibrating import JudgedPairs, calibrated_on_pairs, recency_weights, sureness
from recommender.ml.fusion.corpus import corpus_of
from recommender.ml.fusion.network_source import NETWORK
from recommender.ml.fusion.pair_table import Document
from recommender.ml.fusion.recipe import refit
from recommender.ml.fusion.scorer import FusionScorer
from recommender.ml.fusion.training import FusionTraining
from recommender.ml.parts import ModelParts, Obstacle, TrainingTask, tokenised


def obstacle(task: TrainingTask, parent: ModelParts) -> Obstacle | None:
    """ "network" where it would join and nobody has learnt how to weigh it."""
    if JudgedPairs.from_tensors(parent.tensors) is None or "given_tags" not in parent.settings:
        return "bundle"
    wants_network = FusionTraining(task).without_network is None
    return "network" if wants_network and NETWORK not in parent.settings else None


def update(task: TrainingTask, parent: ModelParts) -> ModelParts:
    """Sources on the task's train part, trees and blend of the parent, calibrated anew.

    Trees must not be calibrated on texts that they learnt from: of dev only those count that the parent has not seen,
    beside the pairs that the parent was calibrated on.
    """
    if task.replay is None:
        raise ValueError("the task does not say what the parent has seen")
    fitted = refit(replace(task, dev=()), replace(parent, calibration=None))
    judged = _judged(task, task.replay.unseen(task.dev), fitted, parent)
    calibration = calibrated_on_pairs(judged, task.label_space, precision_target=task.precision_target)
    return replace(fitted, tensors={**fitted.tensors, **judged.tensors()}, calibration=calibration)


def _judged(task: TrainingTask, unseen: Sequence[Example], fitted: ModelParts, parent: ModelParts) -> JudgedPairs:
    """The parent's pairs that still tell something, and behind them those of unseen documents."""
    newer = _newly_judged(task, unseen, fitted)
    older = JudgedPairs.from_tensors(parent.tensors)
    return newer if older is None else newer.after(older, most_texts=max(len(task.dev), len(unseen)))


def _newly_judged(task: TrainingTask, unseen: Sequence[Example], fitted: ModelParts) -> JudgedPairs:
    n_labels = task.label_space.n_labels
    scorer = FusionScorer.of_parts(fitted, n_labels, task.config.threads)
    tokens = tokenised(unseen, scorer.max_tokens, task.on_progress)
    texts = [Document(example.text, each) for example, each in zip(unseen, tokens, strict=True)]
    task.on_progress("calibrating", 0.9)
    table = scorer.features.table(texts)
    pairs = zip(table.rows.tolist(), table.labels.tolist(), strict=True)
    hits = np.array([label in unseen[row].labels for row, label in pairs], np.bool_)
    surely = sureness(unseen, table.rows, table.labels, hits)
    weights = _recency(unseen, n_labels)[table.rows] * surely
    is_new = scorer.features.sources.statistics.log_counts == 0
    judged = JudgedPairs(table.rows, table.labels, scorer.pair_logits(table.features), hits, weights, is_new)
    return judged.where(surely > 0)


def _recency(examples: Sequence[Example], n_labels: int) -> FloatArray:
    """See `recency_weights`, shape (n_examples,)."""
    no_features = sparse.csr_matrix((len(examples), 1), dtype=np.float32)
    return recency_weights(corpus_of(examples, no_features, n_labels).ages)
