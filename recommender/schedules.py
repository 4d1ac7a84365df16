"""The monthly retraining of each vocabulary: entries of django-celery-beat that the admin can change, and none lost."""

import json
import logging
import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from recommender.models import TrainingRun
from tagplatform.taxonomy.models import Vocabulary

logger = logging.getLogger(__name__)

TASK = "recommender.tasks.start_scheduled_training"
GRACE = timedelta(minutes=10)
"""So long an entry's own message has to start the run."""


def schedule_every_vocabulary() -> int:
    """Add the entries that are missing; entries that exist stay as somebody set them. Returns how many were added."""
    return sum(_schedule(vocabulary) for vocabulary in Vocabulary.objects.all())


def missed_vocabularies(now: datetime | None = None) -> list[uuid.UUID]:
    """Vocabularies whose scheduled moment has passed without a run: its worker, broker or scheduler was off, or another
    run was under way.

    What counts is a run that was asked for since: by the schedule, however it ended, or by anybody, if it succeeded.
    """
    moment = now or timezone.now()
    entries = PeriodicTask.objects.filter(task=TASK, enabled=True).select_related("crontab", "interval")
    vocabularies = {str(vocabulary.pk): vocabulary for vocabulary in Vocabulary.objects.all()}
    wanted = ((vocabularies.get(_vocabulary_id(entry)), entry) for entry in entries)
    return [each.pk for each, entry in wanted if each is not None and _is_missed(entry, each, moment)]


def _is_missed(entry: PeriodicTask, vocabulary: Vocabulary, now: datetime) -> bool:
    since = _last_counted(vocabulary)
    schedule = entry.schedule
    next_moment = timezone.now() + schedule.remaining_estimate(since)
    return bool(next_moment + GRACE < now)


def _last_counted(vocabulary: Vocabulary) -> datetime:
    """When the last run was asked for that counts; else when the vocabulary was made."""
    runs = TrainingRun.objects.filter(vocabulary=vocabulary, repeats=None)
    counted = Q(trigger=TrainingRun.Trigger.SCHEDULE) | Q(state=TrainingRun.State.SUCCEEDED)
    latest = runs.filter(counted).order_by("-created_at").first()
    return latest.created_at if latest else vocabulary.created_at


def _vocabulary_id(entry: PeriodicTask) -> str:
    try:
        return str(uuid.UUID(json.loads(entry.kwargs)["vocabulary_id"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        logger.warning("the schedule %s names no vocabulary in its keyword arguments; correct it in the admin", entry)
        return ""


def _schedule(vocabulary: Vocabulary) -> bool:
    first_of_month, _ = CrontabSchedule.objects.get_or_create(
        minute="0", hour="3", day_of_week="*", day_of_month="1", month_of_year="*", timezone=settings.CELERY_TIMEZONE
    )
    _entry, created = PeriodicTask.objects.get_or_create(
        name=f"monthly retraining: {vocabulary.slug}",
        defaults={
            "task": TASK,
            "crontab": first_of_month,
            "kwargs": f'{{"vocabulary_id": "{vocabulary.pk}"}}',
            "description": "Retrains the vocabulary's model from its documents and decisions.",
        },
    )
    return bool(created)
