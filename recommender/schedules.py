"""The monthly retraining of each vocabulary, as entries of django-celery-beat that the admin can change."""

from django.conf import settings
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from tagplatform.taxonomy.models import Vocabulary

TASK = "recommender.tasks.start_scheduled_training"


def schedule_every_vocabulary() -> int:
    """Add the entries that are missing; entries that exist stay as somebody set them. Returns how many were added."""
    return sum(_schedule(vocabulary) for vocabulary in Vocabulary.objects.all())


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
