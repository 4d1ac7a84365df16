"""What the fusion hands to a bundle: fitted parts as tensors, one ONNX graph, names and a report."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from numpy.typing import NDArray

from recommender.ml.features import FeatureSpace
from recommender.ml.fusion.boosting import as_graph
from recommender.ml.fusion.calibrating import JudgedPairs, calibrated_on_pairs, refitted
from recommender.ml.fusion.network_source import NETWORK, fit_network
from recommender.ml.fusion.report import training_report
from recommender.ml.fusion.scored_sources import FEATURES
from recommender.ml.fusion.scorer import TREES_GRAPH, as_files
from recommender.ml.fusion.scores import Reader
from recommender.ml.fusion.sources import Sources, fit_sources
from recommender.ml.fusion.sparse_rows import as_tensors
from recommender.ml.fusion.tag_side import TagSide
from recommender.ml.fusion.training import FusionTraining
from recommender.ml.parts import ModelParts, TrainingTask, feature_parts, joined

_LOWEST_LOGIT = -12.0
_OF_RIDGE = ("penalty", "smallest_weight")


def fit(task: TrainingTask) -> ModelParts:
    """Train on the task's train part, weigh and calibrate on dev; raises NotEnoughExamples."""
    training = FusionTraining(task)
    fitted = training.fit()
    calibration = calibrated_on_pairs(fitted.judged, task.label_space, precision_target=task.precision_target)
    settings = _settings(task, fitted.space) | {
        "features": [FEATURES[column] for column in fitted.boosted.columns],
        "blend": asdict(fitted.blend),
        "given_tags": asdict(fitted.given),
        "floor": min(_LOWEST_LOGIT, float(fitted.dev_logits.min(initial=0.0)) - 1.0),
        "n_trees": fitted.n_trees,
        "penalty": fitted.penalty,
        "smallest_weight": training.limits.ridge.smallest_weight,
    }
    parts = ModelParts(
        settings,
        fitted.space.words,
        {**_tensors(fitted.space, fitted.sources, fitted.tags), **fitted.judged.tensors()},
        {TREES_GRAPH: as_graph(fitted.boosted)},
        files=as_files(task, fitted.tags),
        calibration=calibration,
        report=training_report(training, fitted),
    )
    return _with_readers(joined(parts, fitted.network), training, fitted.readers)


def refit(task: TrainingTask, fitted: ModelParts) -> ModelParts:
    """The sources on all of the task's train part; how they are weighed and calibrated stays what it was.

    Only tags that were new then and have documents now are taken for what the others are.
    """
    training = FusionTraining(task, fitted)
    space, tags, corpus, _ = training.prepared(task.train)
    penalty, smallest_weight = (float(fitted.settings[name]) for name in _OF_RIDGE)
    ridge = replace(training.limits.ridge, penalty=penalty, smallest_weight=smallest_weight)
    sources = fit_sources(corpus, replace(training.limits, ridge=ridge), task.on_progress)
    network = fit_network(task, task.on_progress, fitted) if NETWORK in fitted.settings else None
    kept = {name: fitted.settings[name] for name in ("blend", "features", "given_tags", "floor", "n_trees", *_OF_RIDGE)}
    settings = _settings(task, space) | kept
    judged, calibration = JudgedPairs.from_tensors(fitted.tensors), fitted.calibration
    if judged is not None and calibration is not None:
        calibration = refitted(calibration, judged.is_new, corpus.counts == 0)
    parts = ModelParts(
        settings,
        space.words,
        {**_tensors(space, sources, tags), **({} if judged is None else judged.tensors())},
        {TREES_GRAPH: fitted.graphs[TREES_GRAPH]},
        files=as_files(task, tags),
        calibration=calibration,
        report=fitted.report,
    )
    readers = training.fitted_readers(task.train, corpus, task.on_progress)
    return _with_readers(joined(parts, network), training, readers)


def _with_readers(parts: ModelParts, training: FusionTraining, readers: Sequence[Reader]) -> ModelParts:
    """What each reader keeps, beside the rest."""
    for reader, each in zip(readers, training.reader_trainings, strict=True):
        parts = joined(parts, each.parts(reader))
    return parts


def _settings(task: TrainingTask, space: FeatureSpace) -> dict[str, Any]:
    return {"title_weight": space.title_weight, "weighting": space.weighting, "max_tokens": task.config.max_tokens}


def _tensors(space: FeatureSpace, sources: Sources, tags: TagSide) -> Mapping[str, NDArray[Any]]:
    names = {f"names.{name}": array for name, array in tags.names.tensors().items()}
    return feature_parts(space) | sources.tensors() | as_tensors("tag_texts", tags.texts) | names
