"""What workers do: train, take up stalled runs, start the monthly retraining."""

import logging
import socket
import uuid
from typing import Any

from celery import Task, shared_task
from django.conf import settings
from django.db import transaction

from recommender import comparing
from recommender.memory import limit_memory
from recommender.models import TrainingRun
from recommender.retraining import carry_out
from recommender.runs import claim_run, remember_waking, request_training, runs_to_wake
from recommender.schedules import missed_vocabularies, schedule_every_vocabulary
from recommender.shadow_retention import remove_old_shadow_answers
from recommender.snapshots import erase_forgotten_texts
from tagplatform.common.errors import Conflict
from tagplatform.taxonomy.models import Vocabulary

logger = logging.getLogger(__name__)


@shared_task(bind=True, time_limit=settings.TRAINING_TIME_LIMIT_SECONDS)
def train(self: "Task[Any, Any]", run_id: str) -> str:
    """Carry out a run, unless another worker is at it or it has ended: a message may come twice."""
    run = claim_run(uuid.UUID(run_id), worker=self.request.hostname or socket.gethostname())
    if run is None:
        logger.info("training run %s is not to be started here", run_id)
        return "not claimed"
    limit_memory(settings.TRAINING_MEMORY_MB)
    carry_out(run)
    return "done"


@shared_task
def recover_stalled_runs() -> int:
    """Wake the runs whose worker died; returns how many."""
    runs = runs_to_wake()
    for run in runs:
        logger.warning("training run %s is taken up again", run.public_id)
        train.delay(str(run.pk))
        remember_waking(run)
    return len(runs)


@shared_task
def start_scheduled_training(vocabulary_id: str) -> str | None:
    """The monthly retraining of one vocabulary; the id of its run, None where one is under way."""
    vocabulary = Vocabulary.objects.get(pk=vocabulary_id)
    try:
        run = request_training(vocabulary=vocabulary, trigger=TrainingRun.Trigger.SCHEDULE)
    except Conflict:
        return None
    transaction.on_commit(lambda: train.delay(str(run.pk)))
    return run.public_id


@shared_task
def make_up_for_missed_runs() -> int:
    """Start the scheduled runs that could not start at their hour; returns how many."""
    started = [start_scheduled_training(str(vocabulary_id)) for vocabulary_id in missed_vocabularies()]
    return len([run for run in started if run is not None])


@shared_task
def schedule_retraining() -> int:
    """Every vocabulary has its monthly entry; returns how many were missing."""
    return schedule_every_vocabulary()


@shared_task
def erase_from_snapshots() -> int:
    """Documents that were erased leave the data snapshots, too; returns how many snapshots held some."""
    return erase_forgotten_texts()


@shared_task
def forget_old_shadow_answers() -> int:
    """Shadow answers past the days of their vocabulary's policy go; returns how many."""
    return remove_old_shadow_answers()


@shared_task
def conclude_comparisons() -> int:
    """End the comparisons by interleaving that have come to an end; returns how many have."""
    return comparing.conclude_comparisons()
