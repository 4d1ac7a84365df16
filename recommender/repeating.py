"""A run is repeated from its data snapshot: the same examples, recipe and seed must give the same bundle."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from recommender import ml, registry
from recommender.models import DataSnapshot, TrainingRun
from recommender.parents import Parent, open_parent
from recommender.progress import RunProgress
from recommender.runs import finish_run, record_kind, request_training
from recommender.snapshots import open_snapshot
from recommender.workshop import Workshop, figures
from tagplatform.common.errors import Conflict


def snapshot_of(run: TrainingRun) -> DataSnapshot:
    """What the run learnt from. Conflict where it kept no snapshot, or texts of it have been erased since."""
    snapshot = DataSnapshot.objects.filter(training_run=run).first()
    if snapshot is None:
        raise Conflict(
            _("%(run)s has no data snapshot to learn from again.") % {"run": run.public_id}, code="no_data_snapshot"
        )
    return snapshot


def parent_of(run: TrainingRun, limits: dict[str, Any]) -> Parent:
    """What an incremental run updated. Conflict where its bundle is gone or damaged."""
    try:
        if run.parent is None:
            raise ml.BundleMissing("the version has been deleted")
        return open_parent(run.parent, limits)
    except ml.BundleError as error:
        raise Conflict(
            _("%(run)s updated a version whose bundle cannot be read any more: %(error)s")
            % {"run": run.public_id, "error": error},
            code="parent_unreadable",
        ) from error


def request_repetition(*, run: TrainingRun, requested_by: Any | None) -> TrainingRun:
    """A queued run that learns from the same snapshot. Conflict where it cannot, or another run is under way."""
    snapshot = snapshot_of(run)
    if not snapshot.is_ready:
        open_snapshot(snapshot)  # says why not
    if run.kind == TrainingRun.Kind.INCREMENTAL:
        parent_of(run, {})  # says so where it is gone
    return request_training(
        vocabulary=run.vocabulary,
        trigger=TrainingRun.Trigger.MANUAL,
        requested_by=requested_by,
        recipe=run.recipe,
        repeats=run,
    )


def repeat_training(run: TrainingRun, progress: RunProgress) -> tuple[str, dict[str, Any]]:
    """Train from the snapshot of the run that this one repeats; what comes out is compared and never promoted."""
    assert run.repeats is not None
    snapshot = snapshot_of(run.repeats)
    progress("reading the data snapshot", 0.0)
    repeated = open_snapshot(snapshot)
    limits = repeated.recipe.replay
    parent = None if limits is None else parent_of(run.repeats, limits)
    why = _("As the run that it repeats.")
    record_kind(run, run.repeats.kind or TrainingRun.Kind.FULL, reason=why, parent=run.repeats.parent)
    workshop = Workshop(run, repeated.data, progress, repeated=repeated, parent=parent)
    trained, evaluation = workshop.train_and_measure()
    fields = workshop.finish(trained, evaluation, refit=snapshot.refitted)
    with transaction.atomic():
        version = registry.register_version(run=run, fields=fields)
        same = version.bundle_digest == snapshot.bundle_digest
        reason = _reason(run.repeats, same=same)
        report = {
            "data_digest": repeated.data.digest,
            "documents": workshop.split_sizes(),
            "evidence": dict(repeated.data.evidence),
            "metrics": figures(evaluation),
            "repeats": run.repeats.public_id,
            "same_bundle": same,
            "promoted": False,
            "version": version.name,
        }
        finish_run(run, TrainingRun.State.SUCCEEDED, reason=reason, report=report)
    return reason, report


def _reason(repeated: TrainingRun, *, same: bool) -> str:
    words = (
        _("The same bundle as %(run)s, byte for byte.")
        if same
        else _("Another bundle than %(run)s: the program, its libraries or the machine have changed.")
    )
    return words % {"run": repeated.public_id}
