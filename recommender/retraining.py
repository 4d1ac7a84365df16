"""The story of one training run: collect, split, train, measure, judge beside the champion, learn all, go live."""

import logging
import resource
import time
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from recommender import ml, registry
from recommender.models import BASELINE, ModelVersion, TrainingRun
from recommender.progress import RunProgress
from recommender.retention import remove_old_bundles
from recommender.runs import TrainingCancelled, finish_run
from recommender.selectors import champion
from recommender.training_data import TrainingData, collect_training_data
from recommender.workshop import Workshop, figures

logger = logging.getLogger(__name__)

FEWEST_COMPARED = 20  # unseen documents; with fewer, chance would decide


@dataclass(frozen=True)
class Judgement:
    """Whether the candidate may go live, and why."""

    verdict: str
    reason: str
    champion: ml.Evaluation | None = None
    interval: tuple[float, float, float] | None = None

    @property
    def acceptable(self) -> bool:
        return self.verdict != "worse"

    def as_dict(self) -> dict[str, Any]:
        return {
            "verdict": self.verdict,
            "reason": self.reason,
            "champion": figures(self.champion) if self.champion else None,
            "difference": self.interval,
        }


def carry_out(run: TrainingRun) -> None:
    """Do the run and write down how it ended; an error ends it as failed and leaves the champion alone."""
    State = TrainingRun.State  # noqa: N806
    try:
        with RunProgress(run) as progress:
            registry.remove_unregistered_bundles(run, range(1, run.attempts))
            reason, report = _train_and_judge(run, progress)
        if finish_run(run, State.SUCCEEDED if report else State.SKIPPED, reason=reason, report=report) and report:
            remove_old_bundles(run.vocabulary)
    except TrainingCancelled:
        finish_run(run, State.CANCELLED, reason=_("Cancelled."))
    except ml.NotEnoughExamples as error:
        finish_run(run, State.SKIPPED, reason=str(error))
    except Exception as error:
        logger.exception("training run %s failed", run.public_id)
        finish_run(run, State.FAILED, reason=f"{type(error).__name__}: {error}")
    finally:
        registry.remove_unregistered_bundles(run, [run.attempts])


def _train_and_judge(run: TrainingRun, progress: RunProgress) -> tuple[str, dict[str, Any]]:
    """Why it was skipped or (not) promoted, and the report; an empty report means skipped."""
    started = time.monotonic()
    progress("collecting documents", 0.0)
    present = champion(run.vocabulary)
    data = collect_training_data(run.vocabulary, known=_columns(present))
    progress.log(f"{len(data.examples)} documents, {data.label_space.n_labels} tags")
    if _nothing_new(run, present, data):
        return _("Nothing has changed since the champion was trained."), {}
    workshop = Workshop(run, data, progress)
    trained, evaluation = workshop.train_and_measure()
    baseline = _baseline(run, data, evaluation, workshop)
    progress.span(0.7, 0.72)
    progress("comparing with the champion", 0.0)
    judgement = _judge(workshop, evaluation, present)
    fields = workshop.finish(trained, evaluation, refit=judgement.acceptable and not _must_be_quick(run))
    promoted = judgement.acceptable and workshop.policy.promote_automatically
    with transaction.atomic():
        version = registry.register_version(run=run, fields=fields)
        if promoted:
            registry.promote(version=version, actor=run.requested_by, reason=judgement.reason)
    return judgement.reason, {
        "data_digest": data.digest,
        "documents": workshop.split_sizes(),
        "metrics": figures(evaluation),
        "baseline": baseline,
        **judgement.as_dict(),
        "promoted": promoted,
        "version": version.name,
        "seconds": round(time.monotonic() - started, 1),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


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
    """The figures of per-tag logistic regression on the same split: its own, known already, or measured now."""
    if run.recipe == BASELINE:
        return figures(evaluation)
    known = ModelVersion.objects.filter(
        vocabulary=run.vocabulary, recipe=BASELINE, training_run__report__data_digest=data.digest
    )
    latest = known.order_by("-id").first()
    return dict(latest.metrics) if latest else figures(workshop.measure_recipe(BASELINE))


def _judge(workshop: Workshop, evaluation: ml.Evaluation, present: ModelVersion | None) -> Judgement:
    """The candidate beside the champion: both twins on the held-out documents that neither has seen."""
    if present is None:
        return Judgement("first", _("The first version."))
    try:
        old = workshop.measure(ml.open_bundle(registry.evaluated_directory(present)))
    except ml.BundleError:
        return Judgement("first", _("The champion %(name)s cannot be opened.") % {"name": present.name})
    unseen = workshop.unseen_rows(present)
    rows = unseen if len(unseen) >= FEWEST_COMPARED else None
    comparison = ml.compare(evaluation, old, seed=0, tolerance=workshop.policy.tolerance, rows=rows)
    interval = (comparison.difference, comparison.low, comparison.high)
    reason = _with_caution(_reason(comparison, present), n_unseen=len(unseen), n_held_out=old.n_documents)
    return Judgement(comparison.verdict, reason, old, interval)


def _with_caution(reason: str, *, n_unseen: int, n_held_out: int) -> str:
    """The reason, and on what it stands where the champion's twin has learnt from held-out documents."""
    if n_unseen == n_held_out:
        return reason
    values = {"reason": reason, "unseen": n_unseen, "seen": n_held_out - n_unseen}
    if n_unseen >= FEWEST_COMPARED:
        return (
            _("%(reason)s (compared on the %(unseen)d held-out documents that the champion's twin does not know)")
            % values
        )
    return _("%(reason)s (compared on all held-out documents, of which the champion's twin knows %(seen)d)") % values


def _reason(comparison: ml.Comparison, present: ModelVersion) -> str:
    difference, low, high = (100 * value for value in (comparison.difference, comparison.low, comparison.high))
    words = {
        "better": _("Better than %(champion)s"),
        "not worse": _("Not worse than %(champion)s"),
        "worse": _("Worse than %(champion)s, so it does not go live"),
    }
    start = words[comparison.verdict] % {"champion": present.name}
    return f"{start}: nDCG@5 {difference:+.1f} ({low:+.1f} … {high:+.1f})"
