"""A comparison of champion and challenger by interleaving: started, looked at, ended by its rule or by people."""

import logging
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from feedback.models import Decision, Recommendation, Suggestion
from recommender import registry
from recommender.challengers import challenge_policy, costs_held
from recommender.ml.interleaving import Ending, Standing, Team, winner
from recommender.models import Interleaving
from recommender.selectors import challenger, champion
from tagplatform.common.errors import Conflict
from tagplatform.common.ids import first_id_at
from tagplatform.taxonomy.models import Vocabulary

logger = logging.getLogger(__name__)

SETTLING = timedelta(seconds=3)
"""What is answered before every web process has heard of the comparison may belong to the one before it."""

State = Interleaving.State


@transaction.atomic
def start_interleaving(*, vocabulary: Vocabulary, actor: Any | None) -> Interleaving:
    """Fill a share of the answers in turns from now on. Conflict without a challenger, or where that is so already."""
    registry.lock_aliases(vocabulary.pk)
    present, tried = champion(vocabulary), challenger(vocabulary)
    if present is None or tried is None:
        raise Conflict(_("This vocabulary has no challenger. Put a version up first."), code="no_challenger")
    if running_comparison(vocabulary) is not None:
        raise Conflict(_("A comparison is running already."), code="comparison_running")
    policy = challenge_policy(vocabulary.pk)
    return Interleaving.objects.create(
        vocabulary=vocabulary,
        champion=present,
        challenger=tried,
        share=policy.interleaving_share,
        alpha=policy.alpha,
        most_documents=policy.most_documents,
        started_by=actor,
    )


def compare_after_training(vocabulary: Vocabulary) -> Interleaving | None:
    """Start where the policy says that who is put up by itself is compared by itself, too."""
    if not challenge_policy(vocabulary.pk).compare_by_itself:
        return None
    try:
        return start_interleaving(vocabulary=vocabulary, actor=None)
    except Conflict as error:
        logger.info("no comparison in %s: %s", vocabulary, error.detail)
        return None


def stop_interleaving(*, vocabulary: Vocabulary, actor: Any | None, reason: str) -> Interleaving:
    """All answers come from the champion alone again; what was counted stays. Conflict where nothing runs."""
    with transaction.atomic():
        registry.lock_aliases(vocabulary.pk)
        running = running_comparison(vocabulary)
        if running is None:
            raise Conflict(_("No comparison is running."), code="no_comparison")
        _count(running, Standing.of(winners_of(running)))
        _end(running, State.STOPPED, reason=reason, actor=actor)
    return running


def running_comparison(vocabulary: Vocabulary) -> Interleaving | None:
    running = Interleaving.objects.filter(vocabulary=vocabulary, state=State.RUNNING)
    return running.select_related("vocabulary", "champion__vocabulary", "challenger__vocabulary").first()


def conclude_comparisons() -> int:
    """Look at every comparison that runs, and end those that have come to an end; returns how many have."""
    running = Interleaving.objects.filter(state=State.RUNNING).select_related("vocabulary")
    return sum(_look_at(each.vocabulary) for each in running)


@transaction.atomic
def _look_at(vocabulary: Vocabulary) -> bool:
    registry.lock_aliases(vocabulary.pk)
    running = running_comparison(vocabulary)
    if running is None:
        return False
    standing = Standing.of(winners_of(running))
    _count(running, standing)
    ending = standing.ending(running.rule)
    if ending is None:
        return False
    reason = _verdict(running, standing, ending)
    _end(running, State(ending), reason=reason, actor=None)
    if ending is Ending.CHALLENGER_BETTER:
        _promote_winner(running, reason)
    return True


def _promote_winner(comparison: Interleaving, reason: str) -> None:
    version = comparison.challenger
    report = version.training_run.report if version.training_run else {}
    if challenge_policy(comparison.vocabulary_id).promote_winner and costs_held(report):
        registry.promote(version=version, actor=None, reason=reason)


def _verdict(comparison: Interleaving, standing: Standing, ending: Ending) -> str:
    """One sentence for the history."""
    low, high = standing.bounds(comparison.alpha)
    values = {
        "share": f"{standing.n_challenger / max(standing.n_decided, 1):.0%}",
        "n": standing.n_decided,
        "draws": standing.n_draws,
        "low": f"{low:.0%}",
        "high": f"{high:.0%}",
        "champion": comparison.champion.name,
        "challenger": comparison.challenger.name,
    }
    if ending is Ending.NO_DIFFERENCE:
        start = _("No difference found between %(challenger)s and %(champion)s") % values
    elif ending is Ending.CHALLENGER_BETTER:
        start = _("%(challenger)s is preferred to %(champion)s") % values
    else:
        start = _("%(champion)s is preferred to %(challenger)s") % values
    counts = _("%(challenger)s won %(share)s (%(low)s … %(high)s) of %(n)d documents; %(draws)d draws") % values
    return f"{start}: {counts}"


def _count(comparison: Interleaving, standing: Standing) -> None:
    comparison.n_champion, comparison.n_challenger = standing.n_champion, standing.n_challenger
    comparison.n_draws = standing.n_draws
    comparison.save(update_fields=["n_champion", "n_challenger", "n_draws"])


def _end(comparison: Interleaving, state: str, *, reason: str, actor: Any | None) -> None:
    comparison.state, comparison.reason, comparison.ended_by = state, reason[:500], actor
    comparison.ended_at = timezone.now()
    comparison.save(update_fields=["state", "reason", "ended_by", "ended_at"])
    logger.info("comparison %s ended: %s", comparison.public_id, state)


def winners_of(comparison: Interleaving) -> list[Team | None]:
    """Who won each document, in the order in which they were answered; None for a draw.

    A suggestion counts for its team while it stands accepted: what was removed, rejected or undone later, on this
    answer or on a later one for the document, counts no more. A document counts once, by its first decided answer.
    """
    standing = _standing_decisions(comparison)
    document_ids = {pk: next((d.document_id for d in some if d.document_id), None) for pk, some in standing.items()}
    taken_back = _taken_back([document_id for document_id in document_ids.values() if document_id is not None])
    teams = _teams(list(standing))
    winners: dict[uuid.UUID, Team | None] = {}
    for recommendation_id, decisions in standing.items():
        document_id = document_ids[recommendation_id]
        accepted = [
            teams.get((recommendation_id, decision.tag_id))
            for decision in decisions
            if decision.kind == Decision.Kind.ACCEPTED
            and taken_back.get((document_id, decision.tag_id), decision.pk) <= decision.pk
        ]
        winners.setdefault(document_id or recommendation_id, winner(accepted))
    return list(winners.values())


def _answers(comparison: Interleaving) -> Q:
    """The interleaved answers of the comparison, as a condition on decisions."""
    span = Q(recommendation__gte=first_id_at(comparison.created_at + SETTLING))
    if comparison.ended_at is not None:
        span &= Q(recommendation__lt=first_id_at(comparison.ended_at))
    interleaved = Q(
        recommendation__vocabulary=comparison.vocabulary_id,
        recommendation__policy=Recommendation.Policy.INTERLEAVED,
    )
    return span & interleaved


def _standing_decisions(comparison: Interleaving) -> Mapping[uuid.UUID, Sequence[Decision]]:
    """What stands decided on each answer, oldest answer first."""
    newest_first = Decision.objects.filter(_answers(comparison)).order_by("recommendation_id", "tag_id", "-id")
    standing: defaultdict[uuid.UUID, list[Decision]] = defaultdict(list)
    for decision in newest_first.distinct("recommendation_id", "tag_id"):
        if decision.kind != Decision.Kind.UNDONE and decision.recommendation_id is not None:
            standing[decision.recommendation_id].append(decision)
    return standing


def _taken_back(document_ids: Sequence[uuid.UUID]) -> dict[tuple[uuid.UUID | None, uuid.UUID], uuid.UUID]:
    """The last decision against each tag of these documents."""
    against = Decision.objects.filter(
        document__in=document_ids, kind__in=(Decision.Kind.REMOVED, Decision.Kind.REJECTED)
    )
    return {(document, tag): pk for document, tag, pk in against.order_by("pk").values_list("document", "tag", "pk")}


def _teams(recommendation_ids: Sequence[uuid.UUID]) -> dict[tuple[uuid.UUID, uuid.UUID], Team]:
    rows = Suggestion.objects.filter(recommendation__in=recommendation_ids, team__isnull=False)
    columns = rows.values_list("recommendation_id", "tag_id", "team")
    return {(recommendation_id, tag_id): Team(team) for recommendation_id, tag_id, team in columns if team}
