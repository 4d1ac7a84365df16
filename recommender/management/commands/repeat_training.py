"""Repeat a training run from its data snapshot, here and now, and say whether the same model comes out."""

import socket
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from recommender.models import TrainingRun
from recommender.repeating import request_repetition
from recommender.retraining import carry_out
from recommender.runs import claim_run
from recommender.selectors import find_training_run
from tagplatform.common.errors import DomainError


class Command(BaseCommand):
    help = "Trains again from the data snapshot of a run; fails unless the bundle is the same."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", help="public id of the run, run_…")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            wanted = request_repetition(run=find_training_run(options["run"]), requested_by=None)
        except DomainError as error:
            raise CommandError(error.detail) from error
        claimed = claim_run(wanted.pk, worker=socket.gethostname())
        if claimed is None:
            raise CommandError("another worker has taken the run")
        carry_out(claimed)
        done = TrainingRun.objects.get(pk=wanted.pk)
        if done.state != TrainingRun.State.SUCCEEDED or not done.report["same_bundle"]:
            raise CommandError(done.reason)
        self.stdout.write(done.reason)
