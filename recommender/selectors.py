"""What is asked of models and training runs."""

import uuid

from django.db.models import QuerySet

from recommender.models import ModelAlias, ModelAliasChange, ModelVersion, TrainingRun
from tagplatform.common.errors import NotFound
from tagplatform.common.ids import parse_public_id
from tagplatform.taxonomy.models import Vocabulary


def champion(vocabulary: Vocabulary) -> ModelVersion | None:
    """The version whose answers are served; its `vocabulary` is loaded."""
    return _version_of_alias(vocabulary, ModelAlias.Name.CHAMPION)


def challenger(vocabulary: Vocabulary) -> ModelVersion | None:
    """The version that is tried beside the champion; its `vocabulary` is loaded."""
    return _version_of_alias(vocabulary, ModelAlias.Name.CHALLENGER)


def _version_of_alias(vocabulary: Vocabulary, name: str) -> ModelVersion | None:
    aliases = ModelAlias.objects.select_related("version__vocabulary", "version__training_run")
    alias = aliases.filter(vocabulary=vocabulary, name=name).first()
    return alias.version if alias else None


def champion_id(vocabulary: Vocabulary) -> uuid.UUID | None:
    """Key of the version whose answers are served: asked with every recommendation, so it loads nothing else."""
    aliases = ModelAlias.objects.filter(vocabulary=vocabulary, name=ModelAlias.Name.CHAMPION)
    return aliases.values_list("version_id", flat=True).first()


def former_champions(vocabulary: Vocabulary) -> list[ModelVersion]:
    """Versions to roll back to, the last one first, each once: former champions that no roll back has left behind
    and whose bundles still exist."""
    ids = dict.fromkeys(reversed(_champion_stack(vocabulary)))
    ids.pop(champion_id(vocabulary), None)
    kept = ModelVersion.objects.select_related("vocabulary").exclude(status=ModelVersion.Status.DELETED)
    versions = kept.in_bulk(list(ids))
    return [versions[version_id] for version_id in ids if version_id in versions]


def _champion_stack(vocabulary: Vocabulary) -> list[uuid.UUID | None]:
    """The champions one upon the other: a promotion puts one on top, a roll back takes off what lies above its own."""
    changes = ModelAliasChange.objects.filter(vocabulary=vocabulary, name=ModelAlias.Name.CHAMPION).order_by("position")
    stack: list[uuid.UUID | None] = []
    for before, after, is_rollback in changes.values_list("from_version_id", "to_version_id", "is_rollback"):
        stack = stack or [before]
        if is_rollback and after in stack:
            while stack[-1] != after:
                stack.pop()
        else:
            stack.append(after)
    return stack


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
