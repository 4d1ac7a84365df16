"""Which bundles stay on disk: of every vocabulary those that answer or may answer again, and the newest."""

import uuid

from django.conf import settings
from django.db import transaction

from recommender import bundle_folders
from recommender.models import ModelAlias, ModelVersion
from recommender.registry import lock_aliases
from recommender.selectors import former_champions
from tagplatform.taxonomy.models import Vocabulary

Status = ModelVersion.Status


def remove_old_bundles(vocabulary: Vocabulary) -> int:
    """Delete the bundles of all other versions, whose rows stay with their figures; returns how many versions."""
    with transaction.atomic():
        lock_aliases(vocabulary.pk)  # no version goes live meanwhile
        versions = ModelVersion.objects.filter(vocabulary=vocabulary).exclude(status=Status.DELETED)
        kept = versions.filter(pk__in=_kept(vocabulary))
        old = list(versions.exclude(pk__in=kept))
        folders = _folders(old) - _folders(list(kept))
        versions.filter(pk__in=[version.pk for version in old]).update(status=Status.DELETED)
    for folder in folders:
        bundle_folders.remove(folder)
    return len(old)


def _kept(vocabulary: Vocabulary) -> list[uuid.UUID]:
    aliased = ModelAlias.objects.filter(vocabulary=vocabulary).values_list("version_id", flat=True)
    former = [version.pk for version in former_champions(vocabulary)[: settings.BUNDLES_KEPT]]
    newest = ModelVersion.objects.filter(vocabulary=vocabulary).order_by("-number").values_list("pk", flat=True)
    return [*aliased, *former, *newest[: settings.BUNDLES_KEPT]]


def _folders(versions: list[ModelVersion]) -> set[str]:
    return {path for version in versions for path in (version.bundle_path, version.evaluated_path) if path}
