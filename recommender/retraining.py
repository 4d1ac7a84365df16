"""The story of one training run: collect, split, train, measure, judge beside the champion, learn all, go live."""

import logging
import resource
import time
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils.translation import gettext as _

from recommender import ml, registry
from recommender.challengers import put_up_after_training
from recommender.comparing import compare_after_training
from recommender.gate import budget_criteria, judge
from recommender.kinds import retired_tags, workshop_for
from recommender.left_overs import remove_unregistered_bundles, remove_what_ended_runs_left
from recommender.models import BASELINE, ModelVersion, TrainingRun
from recommender.progress import RunProgress
from recommender.repeating import repeat_training
from recommender.resuming import note_data, resumed_workshop
from recommender.retention import remove_old_bundles
from recommender.runs import TrainingCancelled, begin_anew, finish_run
from recommender.selectors import champion, champion_id
from recommender.snapshots import register_snapshot, remove_old_snapshots
from recommender.stages import BASELINE_FIGURES, note_stage
from recommender.training_data import TrainingData, collect_training_data
from recommender.workshop import Workshop, figures

logger = logging.getLogger(__name__)


def carry_out(run: TrainingRun) -> None:
    """Do the run and write down how it ended; an error ends it as failed and leaves the champion alone."""
    State = TrainingRun.State  # noqa: N806
    try:
        with RunProgress(run) as progress:
            remove_what_ended_runs_left(run.vocabulary)
            remove_unregistered_bundles(run, range(1, run.attempts))
            reason, report = (repeat_training if run.repeats else _train_and_judge)(run, progress)
        if not report:
            finish_run(run, State.SKIPPED, reason=reason)
        else:
            if put_up_after_training(run, report):
                compare_after_training(run.vocabulary)
            remove_old_bundles(run.vocabulary)
            remove_old_snapshots(run.vocabulary)
    except TrainingCancelled:
        finish_run(run, State.CANCELLED, reason=_("Cancelled."))
    except ml.NotEnoughExamples as error:
        finish_run(run, State.SKIPPED, reason=str(error))
    except (OperationalError, InterfaceError):
        logger.warning("the database went away during %s; it will be taken up again", run.public_id, exc_info=True)
        connection.close()
    except MemoryError:
        logger.exception("training run %s has no memory left", run.public_id)
        words = _("The memory ran out. Allow training more (TRAINING_MEMORY_MB), or train a smaller recipe.")
        finish_run(run, State.FAILED, reason=words)
    except Exception as error:
        logger.exception("training run %s failed", run.public_id)
        finish_run(run, State.FAILED, reason=f"{type(error).__name__}: {error}")
    finally:
        _clear_away(run)


def _clear_away(run: TrainingRun) -> None:
    """Remove what neither a version nor the next attempt needs; where the database is away, that attempt will."""
    try:
        remove_unregistered_bundles(run, range(1, run.attempts + 1))
    except (OperationalError, InterfaceError):
        connection.close()


def _train_and_judge(run: TrainingRun, progress: RunProgress) -> tuple[str, dict[str, Any]]:
    """Why it was skipped or (not) promoted, and the report; an empty report means skipped."""
    started = time.monotonic()
    present = champion(run.vocabulary)
    workshop = resumed_workshop(run, progress, present) or _new_workshop(run, progress, present)
    if workshop is None:
        return _("Nothing has changed since the champion was trained."), {}
    data = workshop.data
    trained, evaluation = workshop.train_and_measure()
    baseline = _baseline(run, data, evaluation, workshop)
    progress.span(0.7, 0.72, "gate")
    progress("comparing with the champion", 0.0)
    judgement = judge(workshop, evaluation, present)
    fields = workshop.finish(trained, evaluation, refit=judgement.acceptable and not _must_be_quick(run))
    judgement = judgement.within_budgets(budget_criteria(workshop, fields, present))
    reason, promoted = judgement.reason, judgement.acceptable and workshop.policy.promote_automatically
    with transaction.atomic():
        version = registry.register_version(run=run, fields=fields)
        assert workshop.snapshot is not None
        register_snapshot(run=run, written=workshop.snapshot, data=data, version=version)
        if promoted and champion_id(run.vocabulary) != (present and present.pk):
            promoted, reason = False, _overtaken(reason)
        if promoted:
            registry.promote(version=version, actor=run.requested_by, reason=reason)
        report = {
            "data_digest": data.digest,
            "documents": workshop.split_sizes(),
            "evidence": dict(data.evidence),
            "metrics": figures(evaluation),
            "kind": run.kind,
            "kind_reason": run.kind_reason,
            "parent": workshop.parent.version.name if workshop.parent else None,
            "retired_tags": retired_tags(data, run.vocabulary),
            "baseline": baseline,
            "baseline_tags": workshop.baseline_tags() if baseline else {},
            **judgement.as_dict(),
            "reason": reason,
            "promoted": promoted,
            "version": version.name,
            "time_spent": progress.clock.rows(),
            "seconds": round(time.monotonic() - started, 1),
            "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }
        finish_run(run, TrainingRun.State.SUCCEEDED, reason=reason, report=report)
    return reason, report


def _new_workshop(run: TrainingRun, progress: RunProgress, present: ModelVersion | None) -> Workshop | None:
    """Documents and decisions as they are now, with their snapshot; None where nothing is new."""
    if run.finished:
        begin_anew(run)
    progress("collecting documents", 0.0)
    data = collect_training_data(run.vocabulary, known=_columns(present))
    progress.log(f"{len(data.examples)} documents, {data.label_space.n_labels} tags")
    if _nothing_new(run, present, data):
        return None
    workshop = workshop_for(run, data, progress, present)
    progress.log(run.kind_reason)
    workshop.snapshot = workshop.write_snapshot()
    note_data(run, workshop.snapshot, present)
    return workshop


def _overtaken(reason: str) -> str:
    """The version was judged beside a champion that is none any more; what stands now was somebody's wish."""
    words = _("%(reason)s. It stays a candidate, because the champion has been moved while it was trained.")
    return words % {"reason": reason}


def _must_be_quick(run: TrainingRun) -> bool:
    """The very first model goes live with what it has learnt from the training part alone."""
    return run.trigger == TrainingRun.Trigger.FIRST and run.recipe == BASELINE


def _columns(version: ModelVersion | None) -> tuple[str, ...]:
    """The champion's columns; none where its bundle is damaged, and training goes on without it."""
    if version is None:
        return ()
    try:
        return registry.open_version(version).label_space.tag_ids
    except ml.BundleError:
        return ()


def _nothing_new(run: TrainingRun, present: ModelVersion | None, data: TrainingData) -> bool:
    if run.trigger != TrainingRun.Trigger.SCHEDULE or present is None or present.training_run is None:
        return False
    return (present.training_run.report.get("data_digest"), present.recipe) == (data.digest, run.recipe)


def _baseline(run: TrainingRun, data: TrainingData, evaluation: ml.Evaluation, workshop: Workshop) -> dict[str, Any]:
    """The figures of per-tag logistic regression on the same split: its own, known already, or measured now.

    None of an update: the last full run has them, and they would take longer than the update.
    """
    if run.recipe == BASELINE:
        return figures(evaluation)
    if BASELINE_FIGURES in run.finished:
        return dict(run.finished[BASELINE_FIGURES]["figures"])
    known = ModelVersion.objects.filter(
        vocabulary=run.vocabulary, recipe=BASELINE, training_run__report__data_digest=data.digest
    )
    latest = known.order_by("-id").first()
    if latest or workshop.parent:
        return dict(latest.metrics) if latest else {}
    found = figures(workshop.measure_recipe(BASELINE))
    note_stage(run, BASELINE_FIGURES, figures=found)
    return found
