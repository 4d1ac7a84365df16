"""The audit's small world with what a trained bundle has beside its predictions."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from recommender import registry
from recommender.ml.bundles import CALIBRATION
from recommender.ml.tag_space import TagSpace
from recommender.ml.tensors import tensors_as_bytes
from recommender.models import ModelVersion, TrainingRun
from recommender.reports.spaces import TAG_SPACE_FILE
from recommender.reports.training_report import REPORT_FILE
from tests.audit.world import World, make_world
from tests.factories import TrainingRunFactory

THRESHOLDS = (0.5, 0.5, 0.4, 0.5)
LEARNT_FROM = (120, 80, 20, 2)
METRICS = {
    "ndcg_at_5": {"value": 0.81, "low": 0.79, "high": 0.83},
    "macro_f1": {"value": 0.5, "low": 0.4, "high": 0.6},
}
REPORT: Mapping[str, Any] = {
    "choice": [{"what": "recipe", "value": "pairs", "why": "four tags, many documents each"}],
    "parts": [{"name": "linear", "train_seconds": 12.5, "bytes": 2048, "settings": {"passes": 5}}],
    "fusion": {"n_pairs": 1200, "n_trees": 14, "gains": [{"feature": "linear score", "share": 0.41}]},
    "ablation": [{"without": "neighbours", "ndcg_at_5": 0.83, "difference": -0.004}],
    "search": [{"config": {"n_trees": 14}, "ndcg_at_5": 0.8, "gain": 0.02, "standard_error": 0.004, "taken": True}],
    "dev": {"ndcg_at_5": 0.84},
}


def make_reported_world() -> World:
    """Sport, football, politics and a rare tag with thresholds, a tag space and a training report."""
    world = make_world()
    run = TrainingRunFactory(
        vocabulary=world.vocabulary,
        state=TrainingRun.State.SUCCEEDED,
        report={"documents": {"test": 40}, "metrics": METRICS, "baseline": {"ndcg_at_5": {"value": 0.7}}},
    )
    ModelVersion.objects.filter(pk=world.version.pk).update(training_run=run, metrics=METRICS)
    folder = folder_of(world)
    (folder / CALIBRATION).write_bytes(tensors_as_bytes({"thresholds": np.array(THRESHOLDS, np.float32)}))
    vectors = np.array([[1, 0], [0.8, 0.6], [0, 1], [0, 0]], np.float32)
    positions = np.array([[0, 0], [1, 0], [5, 5], [np.nan, np.nan]], np.float32)
    counts = np.array(LEARNT_FROM, np.int64)
    TagSpace(vectors, positions, counts, "model", "t-sne").save(folder / TAG_SPACE_FILE)
    write_report(world, json.dumps(REPORT))
    world.version.refresh_from_db()
    return world


def folder_of(world: World) -> Path:
    """Where the version's twin lies."""
    return registry.evaluated_directory(world.version)


def write_report(world: World, content: str) -> None:
    (folder_of(world) / REPORT_FILE).write_text(content)
