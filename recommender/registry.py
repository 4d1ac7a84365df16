"""Bundles on disk and rows together: register a version, open its bundle, move the champion."""

import logging
import shutil
import subprocess
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from recommender import ml
from recommender.models import ModelAlias, ModelAliasChange, ModelVersion, TrainingRun
from recommender.runs import TrainingCancelled, holds_run
from recommender.selectors import former_champions
from tagplatform.common.errors import Conflict
from tagplatform.taxonomy.models import Vocabulary

logger = logging.getLogger(__name__)

HELD_OUT_FILE = "heldout.safetensors"
SEEN_FILE = "seen.bin"


def bundle_directory(version: ModelVersion) -> Path:
    """Where the bundle lies that answers."""
    return Path(settings.BUNDLES_DIR) / version.bundle_path


def evaluated_directory(version: ModelVersion) -> Path:
    """Where the bundle lies that the version's figures were measured on."""
    return Path(settings.BUNDLES_DIR) / version.evaluated_path


def open_version(version: ModelVersion) -> ml.Ranker:
    """The version's ranker; a bundle that is damaged or not the registered one marks the version corrupt.

    Raises ml.BundleError.
    """
    try:
        ranker = ml.open_bundle(bundle_directory(version), threads=1)
        if ranker.digest != version.bundle_digest:
            raise ml.BundleCorrupt(f"digest {ranker.digest} on disk, {version.bundle_digest} registered")
    except ml.BundleError:
        logger.exception("bundle of %s cannot be opened", version.name)
        ready = ModelVersion.objects.filter(pk=version.pk, status=ModelVersion.Status.READY)
        ready.update(status=ModelVersion.Status.CORRUPT)
        raise
    if version.status == ModelVersion.Status.CORRUPT:
        ModelVersion.objects.filter(pk=version.pk).update(status=ModelVersion.Status.READY)
    return ranker


def held_out_predictions(version: ModelVersion) -> ml.HeldOutPredictions:
    """What the version predicted for the documents that it was tested on."""
    return ml.HeldOutPredictions.load(evaluated_directory(version) / HELD_OUT_FILE)


def seen_documents(version: ModelVersion) -> ml.SeenDocuments:
    """What the version's twin has learnt from; nothing where that is not known."""
    try:
        return ml.SeenDocuments.load(evaluated_directory(version) / SEEN_FILE)
    except ml.BundleError:
        return ml.SeenDocuments([])


def reserve_bundle_path(run: TrainingRun, purpose: str) -> str:
    """A folder name that no other attempt uses, relative to the folder of bundles."""
    return f"{run.vocabulary.slug}/{run.public_id}-{run.attempts}-{purpose}"


def remove_unregistered_bundles(run: TrainingRun, attempts: Iterable[int]) -> None:
    """Delete what these attempts of the run left on disk without registering it; other attempts' folders stay."""
    folder = Path(settings.BUNDLES_DIR) / run.vocabulary.slug
    paths = ModelVersion.objects.filter(training_run=run).values_list("bundle_path", "evaluated_path")
    registered = {path for pair in paths for path in pair}
    left_overs = chain.from_iterable(folder.glob(f"{run.public_id}-{attempt}-*") for attempt in attempts)
    for left_over in left_overs:
        if f"{run.vocabulary.slug}/{left_over.name}" not in registered:
            shutil.rmtree(left_over, ignore_errors=True)


@transaction.atomic
def register_version(*, run: TrainingRun, fields: dict[str, Any]) -> ModelVersion:
    """Give the bundle the next number of its vocabulary. TrainingCancelled where the run is no longer this attempt's.

    The run stays locked until the transaction ends: nobody takes it over before it may have gone live.
    """
    if not holds_run(run):
        raise TrainingCancelled
    Vocabulary.objects.select_for_update().get(pk=run.vocabulary_id)
    last = ModelVersion.objects.filter(vocabulary=run.vocabulary).aggregate(last=Max("number"))["last"]
    return ModelVersion.objects.create(
        vocabulary=run.vocabulary,
        number=(last or 0) + 1,
        recipe=run.recipe,
        training_run=run,
        code_revision=code_revision(),
        **fields,
    )


@transaction.atomic
def promote(
    *, version: ModelVersion, actor: Any | None, reason: str, is_rollback: bool = False
) -> ModelAliasChange | None:
    """Make the version champion; None where it is already. Conflict where its bundle cannot be served."""
    Vocabulary.objects.select_for_update().get(pk=version.vocabulary_id)
    version.refresh_from_db(fields=["status"])
    if version.status != ModelVersion.Status.READY:
        raise Conflict(
            _("%(version)s cannot go live: %(status)s.")
            % {"version": version.name, "status": version.get_status_display()},
            code="version_not_ready",
        )
    alias = ModelAlias.objects.filter(vocabulary=version.vocabulary_id, name=ModelAlias.Name.CHAMPION).first()
    if alias is not None and alias.version_id == version.pk:
        return None
    previous_id = alias.version_id if alias else None
    ModelAlias.objects.update_or_create(
        vocabulary_id=version.vocabulary_id,
        name=ModelAlias.Name.CHAMPION,
        defaults={"version": version, "moved_at": timezone.now()},
    )
    return ModelAliasChange.objects.create(
        vocabulary_id=version.vocabulary_id,
        name=ModelAlias.Name.CHAMPION,
        from_version_id=previous_id,
        to_version=version,
        actor=actor,
        reason=reason[:500],
        is_rollback=is_rollback,
    )


def roll_back(*, vocabulary: Vocabulary, actor: Any | None, reason: str) -> ModelVersion:
    """Make the last former champion that can be opened champion again."""
    for version in former_champions(vocabulary):
        try:
            open_version(version)
        except ml.BundleError:
            continue
        promote(version=version, actor=actor, reason=reason, is_rollback=True)
        return version
    raise Conflict(_("There is no earlier version that could go live."), code="nothing_to_roll_back_to")


def code_revision() -> str:
    """The commit that trains, where the code runs from a checkout; empty elsewhere."""
    command = ["git", "-C", str(settings.BASE_DIR), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
