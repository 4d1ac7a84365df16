"""The tools of one training run: its split, training with the run's settings, measuring, writing bundles."""

import math
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings

from recommender import bundle_folders, ml, registry
from recommender.models import BASELINE, ModelVersion, TrainingRun
from recommender.parents import Parent
from recommender.parts import Parts, Recipe, Repeated, parts_beside, parts_of
from recommender.progress import RunProgress
from recommender.reports.spaces import write_tag_space
from recommender.runs import training_policy
from recommender.snapshots import WrittenSnapshot, write_snapshot
from recommender.stages import TWIN, WHOLE, kept_bundle, note_bundle
from recommender.training_data import TrainingData
from recommender.watching.profiles import write_profile


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

    def __init__(
        self,
        run: TrainingRun,
        data: TrainingData,
        progress: RunProgress,
        *,
        repeated: Repeated | None = None,
        parent: Parent | None = None,
    ) -> None:
        self.run, self.data, self.progress, self.parent = run, data, progress, parent
        self.snapshot: WrittenSnapshot | None = None
        self._paths: dict[str, str] = {}
        self.policy = training_policy(run.vocabulary)
        self.recipe = repeated.recipe if repeated else self._own_recipe()
        self._divide(repeated.parts if repeated else parts_of(data, parent.replay.seen if parent else None))

    def stand_beside(self, seen: ml.SeenDocuments) -> None:
        """A full run's version will be compared with one that has `seen` these: see `parts_beside`."""
        self._divide(parts_beside(self.data, seen))

    def _divide(self, parts: Parts) -> None:
        self.parts = parts
        self.train, self.dev, self.test = parts.train, parts.dev, parts.test

    def write_snapshot(self) -> WrittenSnapshot:
        """The exact examples of this run as files."""
        self.progress("writing the data snapshot", 0.0)
        return write_snapshot(run=self.run, data=self.data, parts=self.parts, recipe=self.recipe)

    def split_sizes(self) -> dict[str, int]:
        """Documents in each part."""
        return {"train": len(self.train), "dev": len(self.dev), "test": len(self.test)}

    def baseline_tags(self) -> dict[str, int]:
        """Tags of the training part that are used, and the most used ones of them that the baseline learns."""
        label_space = self.data.label_space
        counts = ml.label_counts(self.train, label_space.n_labels)
        used = int((counts > 0).sum())
        limit = self._config(BASELINE).max_cells
        one = label_space.selection_mode == "one"
        return {"used": used, "learnt": used if one else len(ml.affordable_labels(counts, len(self.train), limit))}

    def train_and_measure(self) -> tuple[ml.TrainedRanker, ml.Evaluation]:
        """The twin, written to disk with its held-out predictions, and its figures; the one that is kept, if any."""
        kept = kept_bundle(self.run, TWIN)
        if kept is not None:
            self.progress.span(0.45, 0.5, "twin")
            self.progress("measuring on held-out documents", 0.0)
            self._paths["evaluated"] = self.run.finished[TWIN]["path"]
            return self._trained_before(kept), self.measure(ml.open_bundle(kept))
        self.progress.span(0.02, 0.45, "twin")
        trained = self._updated(self.parent) if self.parent else self._fit(self.run.recipe)
        self.progress.span(0.45, 0.5, "twin")
        self.progress("measuring on held-out documents", 0.0)
        directory = self._directory("evaluated")
        ml.save_bundle(trained, directory)
        evaluation = self.measure(ml.open_bundle(directory))
        evaluation.predictions.save(directory / registry.HELD_OUT_FILE)
        self._seen().save(directory / registry.SEEN_FILE)
        ml.LearntExamples.of(self.train).save(directory / registry.LEARNT_FILE)
        self.progress("mapping the tags", 1.0)
        counts = ml.label_counts(self.train, self.data.label_space.n_labels)
        parent = self.parent.version if self.parent else None
        write_tag_space(directory, trained, evaluation.predictions, counts, seed=self.policy.seed, parent=parent)
        write_profile(directory, self.parts, evaluation.predictions)
        self._keep(TWIN, "evaluated")
        return trained, evaluation

    def _trained_before(self, kept: Path) -> ml.TrainedRanker:
        opened = ml.open_trained(kept)
        parts = replace(opened.parts, calibration=opened.calibration)
        return replace(opened, parts=parts, tag_texts=self.data.tag_texts)

    def measure_recipe(self, recipe: str) -> ml.Evaluation:
        """Another recipe on the same split, kept only as figures."""
        self.progress.span(0.5, 0.7, "baseline")
        trained = self._fit(recipe)
        directory = self._directory(recipe)
        try:
            ml.save_bundle(trained, directory)
            return self.measure(ml.open_bundle(directory))
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    def measure(self, ranker: ml.Ranker) -> ml.Evaluation:
        """A ranker on the held-out documents; tags that it has not learnt it knows by their texts, or not at all."""
        counts = ml.label_counts(self.train, self.data.label_space.n_labels)
        return ml.evaluate(self.widened(ranker), self.test, label_counts=counts, seed=0, n_train=len(self.train))

    def widened(self, ranker: ml.Ranker) -> ml.Ranker:
        """A ranker with the columns of this run's data."""
        return ml.widened(ranker, self.data.label_space, self.data.tag_texts[ranker.n_labels :])

    def texts_to_time(self, n_texts: int) -> list[ml.Text]:
        """The first held-out texts, for measuring how long one takes."""
        return [example.text for example in self.test[:n_texts]]

    def unseen_rows(self, version: ModelVersion) -> np.ndarray:
        """Which held-out documents another version's twin has not learnt from."""
        seen = registry.seen_documents(version)
        return np.flatnonzero([example not in seen for example in self.test])

    def finish(self, trained: ml.TrainedRanker, evaluation: ml.Evaluation, *, refit: bool) -> dict[str, Any]:
        """What to register: the twin itself, or with `refit` a bundle that has learnt the held-out part too."""
        if refit:
            self._learn_everything(trained)
        return self._fields("all" if refit else "evaluated", evaluation)

    def _learn_everything(self, trained: ml.TrainedRanker) -> None:
        if kept_bundle(self.run, WHOLE) is not None:
            self._paths["all"] = self.run.finished[WHOLE]["path"]
            return
        self.progress.span(0.72, 0.98, "whole")
        everything = ml.refit_ranker(trained, self.data.examples, on_progress=self.progress, replay=self._replay())
        ml.save_bundle(everything, self._directory("all"))
        self._keep(WHOLE, "all")

    def _fields(self, purpose: str, evaluation: ml.Evaluation) -> dict[str, Any]:
        data_from, data_until = self.data.window
        directory = bundle_folders.folder(self._path(purpose))
        return {
            "bundle_path": self._path(purpose),
            "evaluated_path": self._path("evaluated"),
            "bundle_digest": ml.open_bundle(directory).digest,
            "bundle_bytes": sum(file.stat().st_size for file in directory.rglob("*") if file.is_file()),
            "n_documents": len(self.data.examples),
            "n_labels": self.data.label_space.n_labels,
            "parent": self.parent.version if self.parent else None,
            "data_from": data_from,
            "data_until": data_until,
            "metrics": figures(evaluation),
        }

    def _own_recipe(self) -> Recipe:
        config = ml.config_as_json(self._policy_config(self.run.recipe))
        replay = asdict(self.parent.replay.limits) if self.parent else None
        return Recipe(self.run.recipe, config, self.policy.seed, self.run.vocabulary.precision_target, replay)

    def _config(self, recipe: str) -> Any:
        if recipe == self.recipe.name:
            return ml.config_from_json(recipe, self.recipe.config)
        return self._policy_config(recipe)

    def _policy_config(self, recipe: str) -> Any:
        own = self.policy.config if recipe == self.policy.recipe else {}
        return ml.config_from_json(recipe, {"threads": settings.TRAINING_THREADS, **own})

    def _fit(self, recipe: str) -> ml.TrainedRanker:
        return ml.train_ranker(
            recipe,
            train=self.train,
            dev=self.dev,
            label_space=self.data.label_space,
            config=self._config(recipe),
            seed=self.recipe.seed,
            precision_target=self.recipe.precision_target,
            tag_texts=self.data.tag_texts,
            on_progress=self.progress,
        )

    def obstacle(self) -> ml.Obstacle | None:
        """Why the parent cannot be updated; None where it can, and where there is none."""
        if self.parent is None:
            return None
        return ml.update_obstacle(self.parent.trained, self.recipe.name, self._update_task(self.parent))

    def _updated(self, parent: Parent) -> ml.TrainedRanker:
        return ml.update_ranker(parent.trained, self._update_task(parent))

    def _update_task(self, parent: Parent) -> ml.TrainingTask:
        return ml.TrainingTask(
            self.train,
            self.dev,
            self.data.label_space,
            self._config(self.recipe.name),
            self.recipe.seed,
            self.progress,
            tag_texts=self.data.tag_texts,
            precision_target=self.recipe.precision_target,
            replay=parent.replay,
        )

    def _replay(self) -> ml.Replay | None:
        """What the twin of an update has learnt, which the bundle that answers need not learn anew."""
        if self.parent is None:
            return None
        return ml.Replay(self._seen(), ml.LearntExamples.of(self.train), self.parent.replay.limits)

    def _seen(self) -> ml.SeenDocuments:
        """What the twin knows, itself and from its parents."""
        own = ml.SeenDocuments.of([*self.train, *self.dev])
        return own | self.parent.replay.seen if self.parent else own

    def _directory(self, purpose: str) -> Path:
        return bundle_folders.work_folder(self._path(purpose))

    def _path(self, purpose: str) -> str:
        return self._paths.get(purpose) or registry.reserve_bundle_path(self.run, purpose)

    def _keep(self, stage: str, purpose: str) -> None:
        bundle_folders.publish(self._path(purpose))
        note_bundle(self.run, stage, self._path(purpose))
