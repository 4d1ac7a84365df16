"""What people do to the champion: promote a version by hand, roll back. Nothing that cannot be opened goes live."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from recommender import ml
from recommender.models import ModelAliasChange, ModelVersion
from recommender.registry import lock_aliases, not_ready, open_version, promote
from recommender.selectors import champion_id, former_champions
from tagplatform.common.errors import Conflict, InvalidInput
from tagplatform.taxonomy.models import Vocabulary


def promote_version(
    *, version: ModelVersion, actor: Any | None, reason: str, usual_reason: str = ""
) -> ModelAliasChange | None:
    """Make the version champion, whatever the gate said of it; None where it is already.

    `usual_reason` stands in for none. Conflict where its bundle cannot be opened; InvalidInput where the gate kept it
    back and no reason is given.
    """
    if gate_failed(version) and not reason.strip():
        raise InvalidInput(
            _("%(version)s did not pass the gate. Say why it is to go live all the same.") % {"version": version.name},
            code="reason_required",
            pointer="/reason",
        )
    if version.status != ModelVersion.Status.DELETED:  # promote says so
        check_that_it_opens(version)
    return promote(version=version, actor=actor, reason=reason.strip() or usual_reason)


def gate_failed(version: ModelVersion) -> bool:
    """Whether the run that made the version has kept it back as a candidate."""
    gate = (version.training_run.report if version.training_run else {}).get("gate") or {}
    return gate.get("passed") is False


def roll_back(*, vocabulary: Vocabulary, actor: Any | None, reason: str) -> ModelVersion:
    """Make the last former champion that can be opened champion again.

    Conflict where there is none, or where somebody has moved the champion meanwhile: what they saw is not what is.
    """
    seen = champion_id(vocabulary)
    for version in former_champions(vocabulary):
        try:
            open_version(version)
        except ml.BundleError:
            continue
        _replace_champion(vocabulary, seen, version, actor, reason)
        return version
    raise Conflict(_("There is no earlier version that could go live."), code="nothing_to_roll_back_to")


@transaction.atomic
def _replace_champion(vocabulary: Vocabulary, seen: Any, version: ModelVersion, actor: Any | None, reason: str) -> None:
    lock_aliases(vocabulary.pk)
    if champion_id(vocabulary) not in (seen, version.pk):
        raise Conflict(_("Somebody has moved the champion meanwhile. Look at it again."), code="champion_has_changed")
    promote(version=version, actor=actor, reason=reason, is_rollback=True)


def check_that_it_opens(version: ModelVersion) -> None:
    """Conflict where the bundle cannot be opened."""
    try:
        open_version(version)
    except ml.BundleError as error:
        version.status = ModelVersion.Status.CORRUPT
        raise not_ready(version) from error
