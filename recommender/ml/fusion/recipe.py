"""What the fusion hands to a bundle: fitted parts as tensors, one ONNX graph, names and a report."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from recommender.ml.features import FeatureSpace
from recommender.ml.fusion.boosting import as_graph
from recommender.ml.fusion.calibrating import JudgedPairs, calibrated_on_pairs
from recommender.ml.fusion.pairs import FEATURES
from recommender.ml.fusion.report import training_report
from recommender.ml.fusion.scorer import TREES_GRAPH, as_files
from recommender.ml.fusion.sources import Sources, fit_sources
from recommender.ml.fusion.sparse_rows import as_tensors
from recommender.ml.fusion.tag_side import TagSide
from recommender.ml.fusion.training import FusionTraining
from recommender.ml.parts import ModelParts, TrainingTask, feature_parts

_LOWEST_LOGIT = -12.0


def fit(task: TrainingTask) -> ModelParts:
    """Train on the task's train part, weigh and calibrate on dev; raises NotEnoughExamples."""
    training = FusionTraining(task)
    fitted = training.fit()
    known = fitted.dev.weights > 0
    judged = JudgedPairs(
        fitted.dev.table.rows[known],
        fitted.dev.table.labels[known],
        fitted.dev_logits[known],
        fitted.dev.hits[known],
    )
    calibration = calibrated_on_pairs(judged, task.label_space, precision_target=task.precision_target)
    settings = _settings(task, fitted.space) | {
        "floor": min(_LOWEST_LOGIT, float(fitted.dev_logits.min(initial=0.0)) - 1.0),
        "n_trees": fitted.n_trees,
        "penalty": fitted.penalty,
    }
    return ModelParts(
        settings,
        fitted.space.words,
        _tensors(fitted.space, fitted.sources, fitted.tags),
        {TREES_GRAPH: as_graph(fitted.boosted, len(FEATURES))},
        files=as_files(task, fitted.tags),
        calibration=calibration,
        report=training_report(training, fitted),
    )


def refit(task: TrainingTask, fitted: ModelParts) -> ModelParts:
    """The sources on all of the task's train part; how they are weighed and calibrated stays what it was."""
    training = FusionTraining(task)
    space, tags, corpus, _ = training.prepared(task.train)
    ridge = replace(training.limits.ridge, penalty=float(fitted.settings["penalty"]))
    sources = fit_sources(corpus, replace(training.limits, ridge=ridge), task.on_progress)
    settings = _settings(task, space) | {name: fitted.settings[name] for name in ("floor", "n_trees", "penalty")}
    return ModelParts(
        settings,
        space.words,
        _tensors(space, sources, tags),
        fitted.graphs,
        files=as_files(task, tags),
        calibration=fitted.calibration,
        report=fitted.report,
    )


def _settings(task: TrainingTask, space: FeatureSpace) -> dict[str, Any]:
    return {"title_weight": space.title_weight, "max_tokens": task.config.max_tokens}


def _tensors(space: FeatureSpace, sources: Sources, tags: TagSide) -> Mapping[str, NDArray[Any]]:
    names = {f"names.{name}": array for name, array in tags.names.tensors().items()}
    return feature_parts(space) | sources.tensors() | as_tensors("tag_texts", tags.texts) | names
