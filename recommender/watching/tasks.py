"""What workers do for the watching: add up days."""

import uuid
from functools import partial

from celery import shared_task
from django.conf import settings
from django.db import transaction

from recommender.models import AlertRule
from recommender.tasks import train
from recommender.watching.alerts import evaluate_rule
from recommender.watching.days import RECENT_DAYS, add_up_last_days
from recommender.watching.deliveries import deliver, due_deliveries
from recommender.watching.drift import check_drift
from recommender.watching.retraining import train_on_drift
from tagplatform.taxonomy.models import Vocabulary

MOST_MESSAGES = 200  # at a time


@shared_task
def add_up_recent_days() -> int:
    """Today and yesterday; returns how many figures were written."""
    return add_up_last_days(RECENT_DAYS).n_figures


@shared_task
def add_up_late_outcomes() -> int:
    """All days on whose answers an outcome may still come in; returns how many figures were written."""
    return add_up_last_days(settings.WATCHING_LATE_DAYS).n_figures


@shared_task
def check_drift_of_all() -> int:
    """Compare every vocabulary with its champion's training; returns how many measures have drifted.

    Where drift starts a training run by the policy, a worker is called for it.
    """
    n_drifted = 0
    for vocabulary in Vocabulary.objects.all():
        values = check_drift(vocabulary)
        n_drifted += sum(value.is_drift for value in values)
        run = train_on_drift(vocabulary=vocabulary, values=values)
        if run is not None:
            transaction.on_commit(partial(train.delay, str(run.pk)))
    return n_drifted


@shared_task
def evaluate_rules() -> int:
    """Hold every rule against what stands now and send what there is to tell; returns how many messages."""
    messages = [message for rule in AlertRule.objects.filter(is_on=True) for message in evaluate_rule(rule)]
    for message in messages:
        transaction.on_commit(partial(deliver_message.delay, str(message.pk)))
    return len(messages)


@shared_task
def deliver_due() -> int:
    """Messages whose time has come, each in a task of its own; returns how many."""
    keys = list(due_deliveries().values_list("pk", flat=True)[:MOST_MESSAGES])
    for key in keys:
        deliver_message.delay(str(key))
    return len(keys)


@shared_task
def deliver_message(delivery_id: str) -> bool:
    """One attempt to send one message; what does not arrive is due again later."""
    return deliver(uuid.UUID(delivery_id))
