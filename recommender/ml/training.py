"""Trains a recipe on examples and calibrates it on dev."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from recommender.ml.calibration import Calibration
from recommender.ml.errors import ConfigInvalid, NotEnoughExamples
from recommender.ml.examples import Example, FloatArray, LabelSpace
from recommender.ml.parts import ModelParts, OnProgress, Scorer, TrainingTask
from recommender.ml.ranker import Ranker
from recommender.ml.recipes import recipe_named
from recommender.ml.settings_json import check_choices
from recommender.ml.tag_texts import TagText

_BATCH = 256
_FITTING_SHARE = 0.95  # of the progress


@dataclass(frozen=True)
class TrainedRanker:
    """A ranker in memory together with the parts that a bundle keeps."""

    ranker: Ranker
    parts: ModelParts
    calibration: Calibration
    label_space: LabelSpace
    recipe: str
    config: Any
    seed: int
    n_train: int
    tag_texts: tuple[TagText, ...] = ()


def train_ranker(  # noqa: PLR0913 - one call that says everything
    recipe: str,
    *,
    train: Sequence[Example],
    dev: Sequence[Example],
    label_space: LabelSpace,
    config: Any = None,
    seed: int,
    on_progress: OnProgress,
    precision_target: float = 0.7,
    tag_texts: Sequence[TagText] = (),
) -> TrainedRanker:
    """Train, calibrate on dev, and give back a ranker; `config` None means the recipe's default.

    `tag_texts` (one a label, or none) are what the vocabulary says of its tags.
    `on_progress(stage, fraction)` is called every few seconds; what it raises ends the training and comes
    out. Raises NotEnoughExamples, RecipeUnknown, ConfigInvalid, VectorsFailed.
    """
    chosen = recipe_named(recipe)
    config = chosen.config_type() if config is None else config
    if not isinstance(config, chosen.config_type):
        raise ConfigInvalid(f"{recipe} takes a {chosen.config_type.__name__}, not {type(config).__name__}")
    check_choices(config)
    check_examples(train, dev, label_space)
    if tag_texts and len(tag_texts) != label_space.n_labels:
        raise ValueError(f"{len(tag_texts)} tag texts for {label_space.n_labels} labels")

    def on_fitting(stage: str, fraction: float) -> None:
        on_progress(stage, _FITTING_SHARE * fraction)

    task = TrainingTask(
        train,
        dev,
        label_space,
        config,
        seed,
        on_fitting,
        tag_texts=tag_texts,
        precision_target=precision_target,
    )
    parts = chosen.fit(task)
    scorer = chosen.scorer(parts, n_labels=label_space.n_labels, threads=config.threads)
    calibration = parts.calibration or calibrated_on_dev(scorer, replace(task, on_progress=on_progress))
    ranker = Ranker(label_space=label_space, recipe=recipe, scorer=scorer, calibration=calibration)
    on_progress("trained", 1.0)
    return TrainedRanker(ranker, parts, calibration, label_space, recipe, config, seed, len(train), tuple(tag_texts))


def calibrated_on_dev(scorer: Scorer, task: TrainingTask) -> Calibration:
    """Calibration and thresholds from the scorer's logits of the dev part, which it must not have learnt from."""
    from recommender.ml.calibration_fit import fit_calibration

    dev, label_space = task.dev, task.label_space
    batches: list[FloatArray] = [np.empty((0, label_space.n_labels), np.float32)]
    for start in range(0, len(dev), _BATCH):
        task.on_progress("calibrating", _FITTING_SHARE + (1 - _FITTING_SHARE) * start / len(dev))
        batches.append(scorer.logits([example.text for example in dev[start : start + _BATCH]])[0])
    logits = np.concatenate(batches)
    return fit_calibration(logits, dev, label_space, precision_target=task.precision_target)


def check_examples(train: Sequence[Example], dev: Sequence[Example], label_space: LabelSpace) -> None:
    """Raises NotEnoughExamples where there is nothing to learn, ValueError where a label is none of the space's."""
    if label_space.n_labels == 0:
        raise NotEnoughExamples("the vocabulary has no tags; add tags first")
    if not any(example.labels for example in train):
        raise NotEnoughExamples(f"none of {len(train)} training documents bears a tag; tag some first")
    for part in (train, dev):
        for example in part:
            _check_labels(example, label_space.n_labels)


def _check_labels(example: Example, n_labels: int) -> None:
    labels = (*example.labels, *example.label_weights)
    if labels and not 0 <= min(labels) <= max(labels) < n_labels:
        raise ValueError(f"document {example.document_id!r} has labels {labels}, but there are {n_labels}")
