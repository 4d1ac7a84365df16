"""The finished stages of a training run: noted in its row with the digest of what they left, checked before use.

The next attempt of a run whose worker died goes on from them. Figures that take seconds (measuring, judging) are made
again from what is kept.
"""

import logging
from pathlib import Path
from typing import Any

from recommender import bundle_folders, ml
from recommender.bundle_store import StoreUnreachable
from recommender.models import TrainingRun
from recommender.runs import TrainingCancelled

logger = logging.getLogger(__name__)

DATA, TWIN, BASELINE_FIGURES, WHOLE = "data", "twin", "baseline", "whole"
"""The snapshot, the version's twin, the baseline's figures, the bundle that has learnt everything."""


def note_stage(run: TrainingRun, stage: str, **left: Any) -> None:
    """Write down that the stage is finished and what it left. TrainingCancelled where the run is another worker's."""
    finished = {**run.finished, stage: left}
    mine = TrainingRun.objects.filter(pk=run.pk, attempts=run.attempts, state=TrainingRun.State.RUNNING)
    if not mine.update(finished=finished):
        raise TrainingCancelled
    run.finished = finished


def note_bundle(run: TrainingRun, stage: str, path: str) -> None:
    """The same of a bundle that lies at `path`."""
    note_stage(run, stage, path=path, digest=ml.read_manifest(bundle_folders.folder(path)).digest)


def kept_bundle(run: TrainingRun, stage: str) -> Path | None:
    """The folder of a bundle that an earlier attempt finished; None where there is none, or it is not what it was.

    Raises StoreUnreachable.
    """
    note = run.finished.get(stage)
    if note is None:
        return None
    try:
        folder = bundle_folders.folder(note["path"])
        ml.verify_bundle(folder)
        if ml.read_manifest(folder).digest == note["digest"]:
            return folder
    except StoreUnreachable:
        raise
    except ml.BundleError as error:
        logger.warning("%s of %s is made anew: %s", stage, run.public_id, error)
    return None


def kept_paths(finished: dict[str, dict[str, Any]]) -> set[str]:
    """The folders that a run which has not ended still needs."""
    return {note["path"] for note in finished.values() if "path" in note}
