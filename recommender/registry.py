"""Bundles on disk and rows together: register a version, open its bundle, move an alias."""

import logging
import subprocess
import uuid
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from recommender import bundle_folders, ml
from recommender.bundle_store import StoreUnreachable
from recommender.models import Interleaving, ModelAlias, ModelAliasChange, ModelVersion, TrainingRun
from recommender.runs import TrainingCancelled, holds_run
from tagplatform.common.errors import Conflict
from tagplatform.taxonomy.models import Vocabulary

logger = logging.getLogger(__name__)

HELD_OUT_FILE = "heldout.safetensors"
SEEN_FILE, LEARNT_FILE = "seen.bin", "learnt.bin"


def bundle_directory(version: ModelVersion) -> Path:
    """Where the bundle lies that answers; may be missing."""
    return bundle_folders.folder_or_nothing(version.bundle_path)


def evaluated_directory(version: ModelVersion) -> Path:
    """Where the bundle lies that the version's figures were measured on; may be missing."""
    return bundle_folders.folder_or_nothing(version.evaluated_path)


def open_version(version: ModelVersion) -> ml.Ranker:
    """The version's ranker; a bundle that is damaged or not the registered one marks the version corrupt.

    Raises ml.BundleError.
    """
    try:
        ranker = _opened(version)
    except StoreUnreachable:
        raise  # says nothing of the bundle
    except ml.BundleError:
        logger.exception("bundle of %s cannot be opened", version.name)
        ready = ModelVersion.objects.filter(pk=version.pk, status=ModelVersion.Status.READY)
        ready.update(status=ModelVersion.Status.CORRUPT)
        raise
    if version.status == ModelVersion.Status.CORRUPT:
        ModelVersion.objects.filter(pk=version.pk).update(status=ModelVersion.Status.READY)
    return ranker


def _opened(version: ModelVersion) -> ml.Ranker:
    try:
        return _open_registered(bundle_folders.folder(version.bundle_path), version)
    except ml.BundleError as error:
        fresh = None if isinstance(error, StoreUnreachable) else bundle_folders.fetched_anew(version.bundle_path)
        if fresh is None:
            raise
        return _open_registered(fresh, version)


def _open_registered(folder: Path, version: ModelVersion) -> ml.Ranker:
    ranker = ml.open_bundle(folder, threads=1)
    if ranker.digest != version.bundle_digest:
        raise ml.BundleCorrupt(f"digest {ranker.digest} on disk, {version.bundle_digest} registered")
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


def learnt_examples(version: ModelVersion) -> ml.LearntExamples:
    """What the version's twin has learnt, example by example. Raises ml.BundleError where that is not known."""
    return ml.LearntExamples.load(evaluated_directory(version) / LEARNT_FILE)


def reserve_bundle_path(run: TrainingRun, purpose: str) -> str:
    """A folder name that no other attempt uses, relative to the folder of bundles."""
    return f"{run.vocabulary.slug}/{run.public_id}-{run.attempts}-{purpose}"


@transaction.atomic
def register_version(*, run: TrainingRun, fields: dict[str, Any]) -> ModelVersion:
    """Give the bundle the next number of its vocabulary. TrainingCancelled where the run is no longer this attempt's.

    The run stays locked until the transaction ends: nobody takes it over before it may have gone live.
    """
    if not holds_run(run):
        raise TrainingCancelled
    lock_aliases(run.vocabulary_id)
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
    """Make the version champion; None where it is already. Conflict where its bundle cannot be served.

    What was its challenger is none any more.
    """
    champion, challenger = ModelAlias.Name.CHAMPION, ModelAlias.Name.CHALLENGER
    change = move_alias(name=champion, version=version, actor=actor, reason=reason, is_rollback=is_rollback)
    if ModelAlias.objects.filter(version=version, name=challenger).exists():
        take_alias_away(name=challenger, vocabulary_id=version.vocabulary_id, actor=actor, reason=reason)
    return change


@transaction.atomic
def move_alias(
    *, name: str, version: ModelVersion, actor: Any | None, reason: str, is_rollback: bool = False
) -> ModelAliasChange | None:
    """Let an alias point at the version, and write down who moved it and why; moves wait for each other.

    None where it points there already. Conflict where the version's bundle cannot be served.
    """
    lock_aliases(version.vocabulary_id)
    version.refresh_from_db(fields=["status"])
    if version.status != ModelVersion.Status.READY:
        raise not_ready(version)
    alias = ModelAlias.objects.filter(vocabulary=version.vocabulary_id, name=name).first()
    if alias is not None and alias.version_id == version.pk:
        return None
    previous_id = alias.version_id if alias else None
    ModelAlias.objects.update_or_create(
        vocabulary_id=version.vocabulary_id,
        name=name,
        defaults={"version": version, "moved_at": timezone.now()},
    )
    stop_comparison(version.vocabulary_id, actor=actor, reason=reason)
    move = ModelAliasChange(
        vocabulary_id=version.vocabulary_id,
        name=name,
        from_version_id=previous_id,
        to_version=version,
        actor=actor,
        reason=reason[:500],
        is_rollback=is_rollback,
    )
    return _written_down(move)


@transaction.atomic
def take_alias_away(*, name: str, vocabulary_id: uuid.UUID, actor: Any | None, reason: str) -> ModelAliasChange | None:
    """Let the alias point nowhere, and write down who took it away and why; None where it points nowhere already."""
    lock_aliases(vocabulary_id)
    alias = ModelAlias.objects.filter(vocabulary=vocabulary_id, name=name).first()
    if alias is None:
        return None
    alias.delete()
    stop_comparison(vocabulary_id, actor=actor, reason=reason)
    move = ModelAliasChange(
        vocabulary_id=vocabulary_id, name=name, from_version_id=alias.version_id, actor=actor, reason=reason[:500]
    )
    return _written_down(move)


def _written_down(move: ModelAliasChange) -> ModelAliasChange:
    """The move in its place behind those before it; the aliases are locked."""
    moves = ModelAliasChange.objects.filter(vocabulary=move.vocabulary_id, name=move.name)
    move.position = (moves.aggregate(last=Max("position"))["last"] or 0) + 1
    move.save()
    return move


def stop_comparison(vocabulary_id: uuid.UUID, *, actor: Any | None, reason: str) -> None:
    """What is compared is champion and challenger no more; the aliases are locked."""
    running = Interleaving.objects.filter(vocabulary=vocabulary_id, state=Interleaving.State.RUNNING)
    running.update(state=Interleaving.State.STOPPED, ended_at=timezone.now(), ended_by=actor, reason=reason[:500])


def lock_aliases(vocabulary_id: uuid.UUID) -> None:
    """Until the transaction ends nobody else moves an alias of the vocabulary; answers go into the ledger meanwhile."""
    Vocabulary.objects.select_for_update(no_key=True).get(pk=vocabulary_id)


def not_ready(version: ModelVersion) -> Conflict:
    """Why the version cannot answer."""
    return Conflict(
        _("%(version)s cannot go live: %(status)s.")
        % {"version": version.name, "status": version.get_status_display()},
        code="version_not_ready",
    )


def code_revision() -> str:
    """The commit that trains, where the code runs from a checkout; empty elsewhere."""
    command = ["git", "-C", str(settings.BASE_DIR), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
