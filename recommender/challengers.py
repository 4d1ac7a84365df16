"""A candidate is put up beside the champion and taken down again, by people or after its training."""

import logging
import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from recommender.models import ChallengePolicy, Interleaving, ModelAlias, ModelAliasChange, ModelVersion, TrainingRun
from recommender.promotion import check_that_it_opens
from recommender.registry import lock_aliases, move_alias, take_alias_away
from recommender.selectors import challenger, champion_id
from tagplatform.common.errors import Conflict
from tagplatform.taxonomy.models import Vocabulary

logger = logging.getLogger(__name__)
COSTS = ("latency_ms", "size_mb", "labels_kept")


def challenge_policy(vocabulary_id: uuid.UUID) -> ChallengePolicy:
    """The vocabulary's policy, with the defaults where nobody has set any."""
    return ChallengePolicy.objects.get_or_create(vocabulary_id=vocabulary_id)[0]


def put_up_challenger(*, version: ModelVersion, actor: Any | None, reason: str) -> ModelAliasChange | None:
    """Try the version beside the champion, in the place of whichever is tried now; None where it is tried already.

    Conflict where its bundle cannot be opened, where it is the champion itself, or where there is no champion.
    """
    if version.status != ModelVersion.Status.DELETED:  # move_alias says so
        check_that_it_opens(version)
    with transaction.atomic():
        lock_aliases(version.vocabulary_id)
        _check_champion(version)
        challenge_policy(version.vocabulary_id)
        return move_alias(name=ModelAlias.Name.CHALLENGER, version=version, actor=actor, reason=reason)


def withdraw_challenger(*, vocabulary: Vocabulary, actor: Any | None, reason: str) -> ModelVersion:
    """Try nothing beside the champion any more; what was measured stays. Conflict where there is no challenger."""
    with transaction.atomic():
        lock_aliases(vocabulary.pk)
        version = challenger(vocabulary)
        if version is None:
            raise Conflict(_("This vocabulary has no challenger."), code="no_challenger")
        take_alias_away(name=ModelAlias.Name.CHALLENGER, vocabulary_id=vocabulary.pk, actor=actor, reason=reason)
    return version


def put_up_after_training(run: TrainingRun, report: Mapping[str, Any]) -> bool:
    """Try the run's version where it did not go live, keeps its budgets and the policy says so; whether it is tried."""
    version = run.model_versions.select_related("vocabulary").first()
    if version is None or report.get("promoted") is not False or not costs_held(report):
        return False
    compared = Interleaving.objects.filter(vocabulary=run.vocabulary_id, state=Interleaving.State.RUNNING).exists()
    if compared or not challenge_policy(run.vocabulary_id).put_up_by_itself:
        return False
    try:
        put_up_challenger(version=version, actor=None, reason=_("after its training: %s") % report.get("reason", ""))
    except Conflict as error:
        logger.info("%s is not put up: %s", version.name, error.detail)
        return False
    return True


def costs_held(report: Mapping[str, Any]) -> bool:
    """Whether the gate of a training run found time, size and labels in order; not where nobody measured them."""
    costs = [each for each in (report.get("gate") or {}).get("criteria") or [] if each["name"] in COSTS]
    return bool(costs) and all(criterion["passed"] for criterion in costs)


def _check_champion(version: ModelVersion) -> None:
    present = champion_id(version.vocabulary)
    if present is None:
        raise Conflict(_("There is no champion yet. Promote this version instead."), code="no_champion")
    if present == version.pk:
        raise Conflict(_("%(version)s is champion already.") % {"version": version.name}, code="is_champion")
