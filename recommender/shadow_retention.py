"""How long shadow answers are kept: so many days after the answer that was given, by each vocabulary's policy."""

from datetime import datetime, timedelta

from django.utils import timezone

from recommender.models import ChallengePolicy, ShadowAnswer
from tagplatform.common.ids import first_id_at
from tagplatform.taxonomy.models import Vocabulary


def kept_since(vocabulary: Vocabulary, now: datetime | None = None) -> datetime:
    """Shadow answers to requests before this moment are removed; with the default where nobody has set a policy."""
    days = ChallengePolicy.objects.filter(vocabulary=vocabulary).values_list("shadow_days", flat=True).first()
    usual: int = ChallengePolicy._meta.get_field("shadow_days").default
    return (now or timezone.now()) - timedelta(days=usual if days is None else days)


def remove_old_shadow_answers() -> int:
    """Delete what no policy keeps any longer, of challengers past and present; returns how many.

    Recommendations have ids in the order of time, so that this reads the unique index of versions and recommendations.
    """
    n_removed = 0
    for vocabulary in Vocabulary.objects.all():
        old = ShadowAnswer.objects.filter(
            version__vocabulary=vocabulary, recommendation_id__lt=first_id_at(kept_since(vocabulary))
        )
        n_removed += old.delete()[0]
    return n_removed
