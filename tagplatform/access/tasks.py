"""Housekeeping of access: kept answers are forgotten after a day."""

from celery import shared_task
from django.utils import timezone

from tagplatform.access.idempotency import KEPT_FOR
from tagplatform.access.models import IdempotencyRecord


@shared_task
def forget_expired_idempotency_keys() -> int:
    """How many records were deleted."""
    deleted, _ = IdempotencyRecord.objects.filter(created_at__lt=timezone.now() - KEPT_FOR).delete()
    return deleted
