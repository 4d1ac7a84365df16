"""The reference profile of each version: written where training ends, made from its data snapshot where it is not."""

import logging
from contextlib import suppress
from pathlib import Path

from recommender import ml, registry
from recommender.ml.profile import Profile, profile_of
from recommender.models import DataSnapshot, ModelVersion
from recommender.parts import Parts
from recommender.snapshots import open_snapshot
from tagplatform.common.errors import Conflict

logger = logging.getLogger(__name__)

PROFILE_FILE = "profile.json"


def write_profile(directory: Path, parts: Parts, predictions: ml.HeldOutPredictions) -> None:
    """Keep the profile beside the bundle; a run that has trained a model does not fail for want of it."""
    try:
        _profile(parts, predictions).save(directory / PROFILE_FILE)
    except Exception:
        logger.exception("the profile of %s could not be written", directory)


def reference_profile(version: ModelVersion) -> Profile | None:
    """The version's profile; None where neither it nor a readable data snapshot has been kept."""
    try:
        path = registry.evaluated_directory(version) / PROFILE_FILE
        return _stored(path) or _made(version, path)
    except ml.BundleError:
        logger.warning("the folder of %s cannot be read", version.name)
        return None


def _stored(path: Path) -> Profile | None:
    if not path.exists():
        return None
    try:
        return Profile.load(path)
    except ml.BundleError:
        logger.warning("%s cannot be read", path)
        return None


def _made(version: ModelVersion, path: Path) -> Profile | None:
    """From the data snapshot, and kept beside the bundle where that can be written to."""
    parts = _parts_of(version)
    if parts is None:
        return None
    profile = _profile(parts, registry.held_out_predictions(version))
    with suppress(OSError):
        profile.save(path)
    return profile


def _profile(parts: Parts, predictions: ml.HeldOutPredictions) -> Profile:
    return profile_of(
        train=[*parts.train, *parts.dev],
        held_out=parts.test,
        tag_ids=predictions.label_space.tag_ids,
        predictions=predictions,
    )


def _parts_of(version: ModelVersion) -> Parts | None:
    snapshot = DataSnapshot.objects.filter(training_run=version.training_run_id).first()
    if snapshot is None or not snapshot.is_ready:
        return None
    try:
        return open_snapshot(snapshot).parts
    except Conflict:
        return None
