"""What is under way behind the desk: imports, the training of a model; and whether suggestions can be had."""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from recommender.models import TrainingRun
from recommender.selectors import active_run, champion, training_runs
from tagplatform.imports.models import ImportRun
from tagplatform.taxonomy.models import Vocabulary

SILENT_AFTER = timedelta(minutes=5)


def progress_of(vocabulary: Vocabulary | None) -> dict[str, Any]:
    """`ready` says whether a model answers; `steps` is what runs now, each with a share of 0…1 or null."""
    version = champion(vocabulary) if vocabulary else None
    imports = [_of_import(run) for run in _living_imports()]
    run = active_run(vocabulary) if vocabulary else None
    steps = imports + ([_of_training(run)] if run else [])
    ready = version is not None
    return {
        "ready": ready,
        "model_version": version.name if version else None,
        "steps": steps,
        "message": _message(ready, vocabulary, steps),
    }


def _living_imports() -> QuerySet[ImportRun]:
    """Imports that run now; one that was killed is silent and is not told."""
    heard_of = timezone.now() - SILENT_AFTER
    return ImportRun.objects.filter(state=ImportRun.State.RUNNING, updated_at__gte=heard_of)[:3]


def _of_import(run: ImportRun) -> dict[str, Any]:
    name = _("Importing %(kind)s: %(done)s rows") % {"kind": run.get_kind_display(), "done": f"{run.rows_done:,}"}
    return {"kind": "import", "label": name, "fraction": run.fraction}


def _of_training(run: TrainingRun) -> dict[str, Any]:
    waiting = run.state == TrainingRun.State.QUEUED
    stage = _("waiting for the worker") if waiting else run.stage or _("starting")
    label = _("Training a model: %(stage)s") % {"stage": stage}
    return {"kind": "training", "label": label, "fraction": None if waiting else run.progress}


def _message(ready: bool, vocabulary: Vocabulary | None, steps: list[dict[str, Any]]) -> str:
    """What comes next, for somebody who waits."""
    if vocabulary is None:
        return _("There is no vocabulary yet. It appears here as soon as tags are imported.")
    if ready:
        return _("Suggestions keep coming from the present model meanwhile.") if steps else ""
    if any(step["kind"] == "training" for step in steps):
        return _("Suggestions start by themselves as soon as the first model is trained. Until then, search for tags.")
    if steps:
        return _("When the import is done, the first model is trained. Until then, search for tags.")
    return _no_model(vocabulary)


def _no_model(vocabulary: Vocabulary) -> str:
    last = training_runs(vocabulary).first()
    if last is not None and last.state == TrainingRun.State.FAILED:
        return _("The last training run failed; an administrator can see why. You can search for tags meanwhile.")
    return _("No model has been trained yet; an administrator can start one. You can search for tags meanwhile.")
