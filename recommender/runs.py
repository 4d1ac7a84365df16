"""The life of a training run: asked for, claimed by one worker, beating, ended; taken up again when its worker died."""

import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from feedback.counts import begin_count
from recommender.models import BASELINE, ModelVersion, TrainingPolicy, TrainingRun
from tagplatform.common.errors import Conflict
from tagplatform.taxonomy.models import Vocabulary

State = TrainingRun.State
LOG_LINES_KEPT = 200
QUEUED_TOO_LONG = timedelta(minutes=10)


class TrainingCancelled(Exception):
    """Somebody asked to cancel the run, or another worker has taken it over."""


def training_policy(vocabulary: Vocabulary) -> TrainingPolicy:
    """The vocabulary's policy, with the defaults where nobody has set one."""
    return TrainingPolicy.objects.get_or_create(vocabulary=vocabulary)[0]


def first_recipes(vocabulary: Vocabulary) -> list[str]:
    """What a vocabulary's first models still lack: the quick baseline, then the recipe of its policy."""
    succeeded = TrainingRun.objects.filter(vocabulary=vocabulary, state=State.SUCCEEDED)
    done = set(succeeded.values_list("recipe", flat=True))
    return [recipe for recipe in dict.fromkeys([BASELINE, training_policy(vocabulary).recipe]) if recipe not in done]


def request_training(  # noqa: PLR0913 - one call that says everything
    *,
    vocabulary: Vocabulary,
    trigger: str,
    requested_by: Any | None = None,
    recipe: str | None = None,
    repeats: TrainingRun | None = None,
    kind: str = "",
) -> TrainingRun:
    """A queued run; without a `kind` the policy decides whether it is full or incremental.

    Conflict where one is active: the database allows one at a time for each vocabulary.
    """
    policy = training_policy(vocabulary)
    try:
        with transaction.atomic():
            return TrainingRun.objects.create(
                vocabulary=vocabulary,
                recipe=recipe or policy.recipe,
                trigger=trigger,
                requested_by=requested_by,
                repeats=repeats,
                asked_kind=kind,
            )
    except IntegrityError as error:
        raise Conflict(
            _("A training run of “%(vocabulary)s” is already under way.") % {"vocabulary": vocabulary},
            code="training_under_way",
        ) from error


def cancel_training(*, run: TrainingRun) -> None:
    """A queued run ends at once, a running one at its next step. Conflict where it has ended already."""
    queued = TrainingRun.objects.filter(pk=run.pk, state=State.QUEUED)
    if queued.update(state=State.CANCELLED, finished_at=timezone.now(), cancel_requested=True):
        return
    if not TrainingRun.objects.filter(pk=run.pk, state=State.RUNNING).update(cancel_requested=True):
        raise Conflict(_("This training run has ended already."), code="training_ended")


def claim_run(run_id: uuid.UUID, *, worker: str) -> TrainingRun | None:
    """Take the run for this worker; None where it has ended or another worker is at it (a message came twice)."""
    now = timezone.now()
    claimed = TrainingRun.objects.filter(Q(pk=run_id) & (Q(state=State.QUEUED) | _stalled())).update(
        state=State.RUNNING,
        worker=worker,
        attempts=F("attempts") + 1,
        heartbeat_at=now,
        progress=0,
        stage="",
        reason="",
    )
    if not claimed:
        return None
    run = TrainingRun.objects.select_related("vocabulary").get(pk=run_id)
    if not run.finished:
        begin_anew(run)
    return run


def begin_anew(run: TrainingRun) -> None:
    """Nothing that an earlier attempt has finished counts; the decisions are read from now on."""
    run.started_at, run.finished = timezone.now(), {}
    mine = TrainingRun.objects.filter(pk=run.pk, attempts=run.attempts, state=State.RUNNING)
    mine.update(started_at=run.started_at, finished=run.finished)
    begin_count(vocabulary_id=run.vocabulary_id, since=run.started_at)


def beat(run: TrainingRun) -> bool:
    """Say that the worker lives; returns whether the run is still this worker's and nobody asked to cancel it."""
    mine = TrainingRun.objects.filter(pk=run.pk, state=State.RUNNING, attempts=run.attempts)
    mine.update(heartbeat_at=timezone.now())
    return mine.filter(cancel_requested=False).exists()


def holds_run(run: TrainingRun) -> bool:
    """Whether the run is still this worker's and wanted; locks it, so that this stays so until the transaction ends."""
    mine = TrainingRun.objects.filter(pk=run.pk, state=State.RUNNING, attempts=run.attempts, cancel_requested=False)
    return mine.select_for_update().first() is not None


def report_progress(run: TrainingRun, *, stage: str, progress: float, log_tail: str) -> None:
    """What pages and the terminal show of the run."""
    TrainingRun.objects.filter(pk=run.pk, attempts=run.attempts, state=State.RUNNING).update(
        stage=stage[:100], progress=min(max(progress, 0.0), 1.0), log_tail=log_tail, heartbeat_at=timezone.now()
    )


def record_kind(run: TrainingRun, kind: str, *, reason: str, parent: ModelVersion | None) -> None:
    """What the run turned out to be, and why."""
    run.kind, run.kind_reason, run.parent = kind, reason, parent
    mine = TrainingRun.objects.filter(pk=run.pk, attempts=run.attempts, state=State.RUNNING)
    mine.update(kind=kind, kind_reason=reason, parent=parent)


def finish_run(run: TrainingRun, state: str, *, reason: str = "", report: dict[str, Any] | None = None) -> bool:
    """End the run, unless it has been taken from this worker; returns whether it was ended here."""
    fields: dict[str, Any] = {"state": state, "reason": reason, "finished_at": timezone.now()}
    if state == State.SUCCEEDED:
        fields |= {"progress": 1.0, "stage": ""}
    if report is not None:
        fields["report"] = report
    mine = TrainingRun.objects.filter(pk=run.pk, attempts=run.attempts, state=State.RUNNING)
    return bool(mine.update(**fields))


def runs_to_wake(now: Any | None = None) -> list[TrainingRun]:
    """Runs whose worker fell silent, put back into the queue (or failed after too many attempts), and lost ones."""
    moment = now or timezone.now()
    exhausted = TrainingRun.objects.filter(_stalled(), attempts__gte=settings.TRAINING_MAX_ATTEMPTS)
    exhausted.update(
        state=State.FAILED,
        finished_at=moment,
        reason=_("The worker stopped in the middle, several times. Look at its log and at the machine's memory."),
    )
    TrainingRun.objects.filter(_stalled(), cancel_requested=True).update(state=State.CANCELLED, finished_at=moment)
    stalled = list(TrainingRun.objects.filter(_stalled()).values_list("pk", flat=True))
    TrainingRun.objects.filter(_stalled(), pk__in=stalled).update(state=State.QUEUED, stage="")
    long_ago = moment - QUEUED_TOO_LONG
    lost = Q(state=State.QUEUED, created_at__lt=long_ago) & (Q(woken_at=None) | Q(woken_at__lt=long_ago))
    return list(TrainingRun.objects.filter(Q(pk__in=stalled, state=State.QUEUED) | lost))


def remember_waking(run: TrainingRun) -> None:
    """A message has been sent for the run; another one follows only when this one seems lost too."""
    TrainingRun.objects.filter(pk=run.pk).update(woken_at=timezone.now())


def _stalled() -> Q:
    silent_since = timezone.now() - timedelta(seconds=settings.TRAINING_STALLED_AFTER_SECONDS)
    return Q(state=State.RUNNING, heartbeat_at__lt=silent_since)
