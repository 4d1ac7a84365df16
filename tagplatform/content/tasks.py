"""Housekeeping of the content: texts are kept no longer than was said."""

from celery import shared_task
from django.utils import timezone

from tagplatform.content.services import erase_outdated_documents


@shared_task
def erase_documents_past_their_day() -> int:
    """How many documents were erased because their `retain_until` has passed."""
    return erase_outdated_documents(today=timezone.localdate())
