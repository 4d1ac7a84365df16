"""What is asked of models and training runs."""

import uuid

from django.db.models import QuerySet

from recommender.models import ModelAlias, ModelAliasChange, ModelVersion, TrainingRun
from tagplatform.common.errors import NotFound
from tagplatform.common.ids import parse_public_id
from tagplatform.taxonomy.models import Vocabulary


def champion(vocabulary: Vocabulary) -> ModelVersion | None:
    """The version whose answers are served; its `vocabulary` is loaded."""
    alias = (
        ModelAlias.objects.select_related("version__vocabulary")
        .filter(vocabulary=vocabulary, name=ModelAlias.Name.CHAMPION)
        .first()
    )
    return alias.version if alias else None


def champion_id(vocabulary: Vocabulary) -> uuid.UUID | None:
    """Key of the version whose answers are served: asked with every recommendation, so it loads nothing else."""
    aliases = ModelAlias.objects.filter(vocabulary=vocabulary, name=ModelAlias.Name.CHAMPION)
    return aliases.values_list("version_id", flat=True).first()


def former_champions(vocabulary: Vocabulary) -> list[ModelVersion]:
    """Versions that were champion before, the last one first, each once, the present one left out."""
    changes = ModelAliasChange.objects.filter(vocabulary=vocabulary, name=ModelAlias.Name.CHAMPION)
    present = champion(vocabulary)
    versions = [change.from_version for change in changes.select_related("from_version__vocabulary")]
    unique = {version.pk: version for version in versions if version is not None}
    return [version for version in unique.values() if present is None or version.pk != present.pk]


def active_run(vocabulary: Vocabulary) -> TrainingRun | None:
    """The run that is queued or running."""
    return TrainingRun.objects.filter(vocabulary=vocabulary, state__in=TrainingRun.ACTIVE_STATES).first()


def training_runs(vocabulary: Vocabulary | None = None) -> QuerySet[TrainingRun]:
    """Runs, newest first."""
    runs = TrainingRun.objects.select_related("vocabulary", "requested_by")
    return runs.filter(vocabulary=vocabulary) if vocabulary else runs


def model_versions(vocabulary: Vocabulary | None = None) -> QuerySet[ModelVersion]:
    """Versions, newest first."""
    versions = ModelVersion.objects.select_related("vocabulary", "training_run").prefetch_related("aliases")
    return versions.filter(vocabulary=vocabulary) if vocabulary else versions


def find_model_version(public_id: str) -> ModelVersion:
    """By public id."""
    version = model_versions().filter(pk=parse_public_id(ModelVersion.id_prefix, public_id)).first()
    if version is None:
        raise NotFound(f"There is no model version “{public_id[:80]}”.", code="unknown_model_version")
    return version


def find_training_run(public_id: str) -> TrainingRun:
    """By public id."""
    run = training_runs().filter(pk=parse_public_id(TrainingRun.id_prefix, public_id)).first()
    if run is None:
        raise NotFound(f"There is no training run “{public_id[:80]}”.", code="unknown_training_run")
    return run
