"""The version that an incremental run starts from: its twin as it was trained, and what that has seen."""

from dataclasses import dataclass
from typing import Any

from recommender import ml, registry
from recommender.models import ModelVersion, TrainingPolicy


@dataclass(frozen=True)
class Parent:
    """A version with its twin, which has not learnt the documents that it was measured on."""

    version: ModelVersion
    trained: ml.TrainedRanker
    replay: ml.Replay


def open_parent(version: ModelVersion, limits: dict[str, Any]) -> Parent:
    """The version as a parent; `limits` are those of ml.ReplayLimits. Raises ml.BundleError where it cannot be one."""
    trained = ml.open_trained(registry.evaluated_directory(version))
    seen = ml.SeenDocuments.load(registry.evaluated_directory(version) / registry.SEEN_FILE)
    return Parent(version, trained, ml.Replay(seen, registry.learnt_examples(version), ml.ReplayLimits(**limits)))


def replay_limits(policy: TrainingPolicy) -> dict[str, Any]:
    """The policy's limits as ml.ReplayLimits takes them."""
    return {"share": policy.replay_share, "most_documents": policy.replay_documents}
