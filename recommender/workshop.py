"""The tools of one training run: its split, training with the run's settings, measuring, writing bundles."""

import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings

from recommender import ml, registry
from recommender.models import ModelVersion, TrainingRun
from recommender.progress import RunProgress
from recommender.reports.spaces import write_tag_space
from recommender.runs import training_policy
from recommender.training_data import TrainingData


def figures(evaluation: ml.Evaluation) -> dict[str, Any]:
    """Measure → value, low and high end, as JSON holds it; what could not be measured is left out."""
    return {
        name: {"value": each.value, "low": each.low, "high": each.high}
        for name, each in evaluation.metrics.items()
        if not any(math.isnan(end) for end in (each.value, each.low, each.high))
    }


class Workshop:
    """Trains on the training part, chooses on dev, measures on the held-out part; then learns all of it.

    The twin that never saw the held-out documents stays beside the bundle that answers: the figures and the audit
    pages are the twin's, and the next candidate is compared with it.
    """

    def __init__(self, run: TrainingRun, data: TrainingData, progress: RunProgress) -> None:
        self.run, self.data, self.progress = run, data, progress
        self.policy = training_policy(run.vocabulary)
        split = ml.split_examples(data.examples)
        self.train, self.dev, self.test = (
            [data.examples[row] for row in rows] for rows in (split.train, split.dev, split.test)
        )

    def split_sizes(self) -> dict[str, int]:
        """Documents in each part."""
        return {"train": len(self.train), "dev": len(self.dev), "test": len(self.test)}

    def train_and_measure(self) -> tuple[ml.TrainedRanker, ml.Evaluation]:
        """The twin, written to disk with its held-out predictions, and its figures."""
        self.progress.span(0.02, 0.45)
        trained = self._fit(self.run.recipe)
        self.progress.span(0.45, 0.5)
        self.progress("measuring on held-out documents", 0.0)
        directory = self._directory("evaluated")
        ml.save_bundle(trained, directory)
        evaluation = self.measure(ml.open_bundle(directory))
        evaluation.predictions.save(directory / registry.HELD_OUT_FILE)
        ml.SeenDocuments.of([*self.train, *self.dev]).save(directory / registry.SEEN_FILE)
        self.progress("mapping the tags", 1.0)
        counts = ml.label_counts(self.train, self.data.label_space.n_labels)
        write_tag_space(directory, trained, evaluation.predictions, counts, seed=self.policy.seed)
        return trained, evaluation

    def measure_recipe(self, recipe: str) -> ml.Evaluation:
        """Another recipe on the same split, kept only as figures."""
        self.progress.span(0.5, 0.7)
        trained = self._fit(recipe)
        directory = self._directory(recipe)
        try:
            ml.save_bundle(trained, directory)
            return self.measure(ml.open_bundle(directory))
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    def measure(self, ranker: ml.Ranker) -> ml.Evaluation:
        """A ranker on the held-out documents; tags that it has not learnt it knows by their texts, or not at all."""
        label_space = self.data.label_space
        counts = ml.label_counts(self.train, label_space.n_labels)
        wide = ml.widened(ranker, label_space, self.data.tag_texts[ranker.n_labels :])
        return ml.evaluate(wide, self.test, label_counts=counts, seed=0, n_train=len(self.train))

    def unseen_rows(self, version: ModelVersion) -> np.ndarray:
        """Which held-out documents another version's twin has not learnt from."""
        seen = registry.seen_documents(version)
        return np.flatnonzero([example not in seen for example in self.test])

    def finish(self, trained: ml.TrainedRanker, evaluation: ml.Evaluation, *, refit: bool) -> dict[str, Any]:
        """What to register: the twin itself, or with `refit` a bundle that has learnt the held-out part too."""
        directory = self._directory("evaluated")
        if refit:
            self.progress.span(0.72, 0.98)
            everything = ml.refit_ranker(trained, self.data.examples, on_progress=self.progress)
            directory = self._directory("all")
            ml.save_bundle(everything, directory)
        return self._fields(directory, ml.open_bundle(directory), evaluation)

    def _fields(self, directory: Path, ranker: ml.Ranker, evaluation: ml.Evaluation) -> dict[str, Any]:
        data_from, data_until = self.data.window
        root = Path(settings.BUNDLES_DIR)
        return {
            "bundle_path": str(directory.relative_to(root)),
            "evaluated_path": str(self._directory("evaluated").relative_to(root)),
            "bundle_digest": ranker.digest,
            "bundle_bytes": sum(file.stat().st_size for file in directory.rglob("*") if file.is_file()),
            "n_documents": len(self.data.examples),
            "n_labels": self.data.label_space.n_labels,
            "data_from": data_from,
            "data_until": data_until,
            "metrics": figures(evaluation),
        }

    def _fit(self, recipe: str) -> ml.TrainedRanker:
        own = self.policy.config if recipe == self.policy.recipe else {}
        return ml.train_ranker(
            recipe,
            train=self.train,
            dev=self.dev,
            label_space=self.data.label_space,
            config=ml.config_from_json(recipe, {"threads": settings.TRAINING_THREADS, **own}),
            seed=self.policy.seed,
            precision_target=self.run.vocabulary.precision_target,
            tag_texts=self.data.tag_texts,
            on_progress=self.progress,
        )

    def _directory(self, purpose: str) -> Path:
        return Path(settings.BUNDLES_DIR) / registry.reserve_bundle_path(self.run, purpose)
