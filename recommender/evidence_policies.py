"""The evidence policy of a vocabulary, in the words of the rules for cleaning and weighing."""

import uuid

from feedback.states import State
from recommender.cleaning import CleaningLimits
from recommender.models import EvidencePolicy
from recommender.weighing import WeightRules


def evidence_policy(vocabulary_id: uuid.UUID) -> EvidencePolicy:
    """The vocabulary's policy; the defaults, unsaved, where nobody has set one."""
    found = EvidencePolicy.objects.filter(vocabulary_id=vocabulary_id).first()
    return found or EvidencePolicy(vocabulary_id=vocabulary_id)


def weight_rules(policy: EvidencePolicy) -> WeightRules:
    """The policy's weights."""
    by_state = {
        State.KEPT: policy.kept_weight,
        State.ACCEPTED: policy.accepted_weight,
        State.ADDED: policy.added_weight,
        State.ASSIGNED: 1.0,
        State.REMOVED_LATER: policy.removed_later_weight,
        State.REMOVED: policy.removed_weight,
        State.REJECTED: policy.rejected_weight,
        State.IGNORED: policy.ignored_weight,
        State.NEVER_SHOWN: 0.0,
    }
    return WeightRules(
        by_state, policy.half_life_days, policy.examination_exponent, policy.tag_cap, policy.actor_cap
    )  # fmt: skip


def cleaning_limits(policy: EvidencePolicy) -> CleaningLimits:
    """The policy's limits."""
    return CleaningLimits(
        documents_a_second=policy.documents_a_second,
        rejected_documents=policy.rejected_documents,
        refusals_of_a_tag=policy.refusals_of_a_tag,
        decisions_on_a_tag=policy.decisions_on_a_tag,
        share_of_a_tag=policy.share_of_a_tag,
        programs_are_actors=policy.programs_are_actors,
    )
