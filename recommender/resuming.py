"""A run whose worker died goes on with the data that it had: its own snapshot, if nothing has changed beneath it."""

import logging
from dataclasses import asdict
from typing import Any

from recommender import ml
from recommender.bundle_store import StoreUnreachable
from recommender.example_files import SnapshotUnreadable
from recommender.models import ModelVersion, TrainingRun
from recommender.parents import Parent, open_parent
from recommender.progress import RunProgress
from recommender.snapshots import WrittenSnapshot, read_written
from recommender.stages import DATA, note_stage
from recommender.workshop import Workshop

logger = logging.getLogger(__name__)


def note_data(run: TrainingRun, written: WrittenSnapshot, present: ModelVersion | None) -> None:
    """The snapshot is written, with the columns of this champion."""
    note_stage(run, DATA, champion=_key(present), **asdict(written))


def resumed_workshop(run: TrainingRun, progress: RunProgress, present: ModelVersion | None) -> Workshop | None:
    """A workshop with the data of the attempt before; None where there was none, or it cannot be gone on with.

    It cannot after the champion has been moved, after a document of it has been erased, or with damaged files. Raises
    StoreUnreachable.
    """
    note = dict(run.finished.get(DATA) or {})
    if not note or note.pop("champion") != _key(present):
        return None
    written = WrittenSnapshot(**note)
    progress("reading the data snapshot", 0.0)
    try:
        repeated = read_written(written)
        parent = _parent(run, repeated.recipe.replay)
    except StoreUnreachable:
        raise
    except (SnapshotUnreadable, ml.BundleError) as error:
        logger.warning("%s begins anew: %s", run.public_id, error)
        return None
    progress.log(f"goes on after: {', '.join(run.finished)}")
    workshop = Workshop(run, repeated.data, progress, repeated=repeated, parent=parent)
    workshop.snapshot = written
    return workshop


def _parent(run: TrainingRun, limits: dict[str, Any] | None) -> Parent | None:
    """The version that an incremental run updates. Raises ml.BundleError where it is gone."""
    if limits is None:
        return None
    if run.parent is None:
        raise ml.BundleMissing("the version that it updated has been deleted")
    return open_parent(run.parent, limits)


def _key(version: ModelVersion | None) -> str:
    return str(version.pk) if version else ""
